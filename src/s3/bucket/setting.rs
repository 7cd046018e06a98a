//! Settings of a bucket that are one document: the generic get, put and delete. A setting's own file says the
//! rest.

use poem::Response;
use poem::http::StatusCode;

use crate::ops::{Action, GetSetting, PutSetting, Setting};
use crate::s3::address::spelling;
use crate::s3::body::DocumentBody;
use crate::s3::error::{Error, Fault, Refusal};
use crate::s3::request::{Request, document, empty};
use crate::s3::xml::{Document, Element, begin, parse_root};

/// A setting as S3 spells it.
pub(in crate::s3) trait AsDocument: Setting {
    /// The root of its document.
    const ROOT: &'static str;
    /// The answer for a bucket that has none.
    const ABSENT: Absent;
    /// The status of a put that is done.
    const REPLACED: StatusCode;
    /// The largest document that is read, in bytes.
    const MAX_BODY: usize;

    /// Reads the document. `None` where it is the same as no setting.
    fn read(root: &Element) -> Result<Option<Self>, Fault>;
    /// Writes what is in the root.
    fn write(&self, document: &mut Document);
}

/// The answer for a bucket that was never given a setting.
#[derive(Clone)]
pub(in crate::s3) enum Absent {
    /// An error, with the bucket's name.
    Refused(Refusal),
    /// The document of the default.
    Default(fn() -> Document),
}

impl Absent {
    /// Makes the answer.
    pub(in crate::s3) fn answer(self, request: &Request<'_>) -> Result<Response, Error> {
        match self {
            Self::Refused(refusal) => {
                Err(Fault::Setting(refusal.with("BucketName", spelling(&request.bucket()?))).into())
            }
            Self::Default(default) => Ok(document(default())),
        }
    }
}

/// Answers a setting that no bucket can have yet.
pub(in crate::s3) async fn unset(request: Request<'_>, absent: Absent) -> Result<Response, Error> {
    request.bucket_info(Action::GetBucketSettings).await?;
    absent.answer(&request)
}

/// Gets a setting.
pub(in crate::s3) async fn get<S: AsDocument>(request: Request<'_>) -> Result<Response, Error> {
    match request.execute(GetSetting::<S>::of(request.bucket()?)).await? {
        Some(value) => Ok(document(written(&*value))),
        None => S::ABSENT.answer(&request),
    }
}

/// Puts a setting in the place of the one before.
pub(in crate::s3) async fn put<S: AsDocument>(
    request: Request<'_>,
    body: DocumentBody,
) -> Result<Response, Error> {
    let bucket = request.authorised_bucket::<PutSetting<S>>(S::PUT.1).await?;
    let value: Option<S> = read(&body.read(&request, &bucket, S::MAX_BODY).await?)?;
    request.execute(PutSetting { bucket: request.bucket()?, value }).await?;
    Ok(empty(S::REPLACED))
}

/// Removes a setting, if there is one.
pub(in crate::s3) async fn delete<S: AsDocument>(request: Request<'_>) -> Result<Response, Error> {
    request.execute(PutSetting::<S> { bucket: request.bucket()?, value: None }).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// Reads the document of a setting.
pub(in crate::s3) fn read<S: AsDocument>(body: &[u8]) -> Result<Option<S>, Fault> {
    S::read(&parse_root(body, S::ROOT)?)
}

fn written<S: AsDocument>(value: &S) -> Document {
    let mut document = begin(S::ROOT);
    value.write(&mut document);
    document
}

/// Reads any bytes as the document of a setting. A document that is taken reads as it was written, and so
/// does the text that the index stores.
#[cfg(any(test, fuzzing))]
pub(super) fn fuzz<S: AsDocument>(data: &[u8]) {
    let Ok(Some(value)) = read::<S>(data) else { return };
    let text = written(&value).finish();
    let again = read::<S>(text.as_bytes()).expect("what was written").expect("a setting");
    assert_eq!(written(&again).finish(), text, "it does not read as it was written");
    let stored = serde_json::to_string(&value).expect("a setting is text");
    let again: S = serde_json::from_str(&stored).expect("what was stored");
    assert_eq!(written(&again).finish(), text, "it does not read as it was stored");
}
