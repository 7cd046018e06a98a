//! `DeleteObjects`: up to a thousand keys in one request, each with its own outcome.

use std::iter::zip;

use poem::Response;

use crate::http::conditions::EtagList;
use crate::model::{NameError, ObjectKey, VersionId};
use crate::ops::{self, Action, BucketAddress, DeleteObject, Deleted, Precondition};
use crate::s3::body::DocumentBody;
use crate::s3::error::{Error, Fault, words};
use crate::s3::request::{Request, document};
use crate::s3::xml::{Document, Element, begin, parse_root};

/// The most keys in one request: S3's limit.
const MAX_KEYS: usize = 1000;
/// The largest body: a thousand of the longest keys, each character of them written as an entity.
const MAX_BODY: usize = 8 << 20;

/// Deletes objects. Needs no key.
pub(in crate::s3) async fn delete_objects(
    request: Request<'_>,
    body: DocumentBody,
) -> Result<Response, Error> {
    let bucket = request.bucket()?;
    let refusal = match request.authorised_bucket::<DeleteObject>(Action::DeleteObject).await {
        Ok(_) => None,
        // S3 reports a stranger's refusal for each key. Another owner than expected is a refusal of the
        // request.
        Err(refusal @ Error::Domain(ops::Error::AccessDenied)) if request.caller.expected_owner.is_none() => {
            Some(refusal)
        }
        Err(other) => return Err(other),
    };
    let list = body.read_unauthorised(&request, MAX_BODY).await.and_then(|body| Ok(read(&body)?));
    let (wanted, quiet) = list.map_err(|error| refusal.unwrap_or(error))?;

    let (mut deletes, mut places) = (Vec::new(), Vec::new());
    let mut outcomes: Vec<Option<Outcome>> = Vec::new();
    for (place, want) in wanted.iter().enumerate() {
        match want.operation(&bucket) {
            Ok(delete) => {
                places.push(place);
                deletes.push(delete);
                outcomes.push(None);
            }
            Err(refusal) => outcomes.push(Some(Err(refusal))),
        }
    }
    for (place, deleted) in zip(places, request.gateway.delete_many(&request.caller, deletes).await) {
        // What fails for the bucket fails for the request.
        if let Err(error @ (ops::Error::NoSuchBucket | ops::Error::Unauthenticated)) = deleted {
            return Err(error.into());
        }
        outcomes[place] = Some(deleted.map_err(|error| words(error, &request.caller.request_id)));
    }
    let outcomes = zip(&wanted, outcomes.into_iter().flatten());
    Ok(document(render(outcomes, quiet)))
}

/// What came of one key; a code and a message where it could not be deleted.
type Outcome = Result<Deleted, (&'static str, String)>;

/// A key, as the request names it.
#[derive(Default, Debug)]
struct Wanted {
    key: String,
    version: Option<String>,
    etag: Option<String>,
    /// A condition that S3 has for directory buckets alone.
    unknown_condition: bool,
}

impl Wanted {
    fn read(element: &Element) -> Result<Self, Fault> {
        element.only(&["Key", "VersionId", "ETag", "LastModifiedTime", "Size"])?;
        let given = |name| Ok(element.leaf_of(name)?.filter(|text| !text.is_empty()).map(str::to_owned));
        Ok(Self {
            key: element.once("Key")?.leaf()?.to_owned(),
            version: given("VersionId")?,
            etag: given("ETag")?,
            unknown_condition: ["LastModifiedTime", "Size"]
                .into_iter()
                .any(|name| element.children.iter().any(|child| child.name == name)),
        })
    }

    fn operation(&self, bucket: &BucketAddress) -> Result<DeleteObject, (&'static str, String)> {
        let key = ObjectKey::new(&self.key).map_err(|problem| match problem {
            NameError::TooLong { .. } => ("KeyTooLongError", "Your key is too long".to_owned()),
            NameError::Empty | NameError::Slash => {
                ("UserKeyMustBeSpecified", "A key must be specified.".to_owned())
            }
        })?;
        if self.unknown_condition {
            let message = "LastModifiedTime and Size are conditions for directory buckets alone";
            return Err(("NotImplemented", message.to_owned()));
        }
        let version = self.version.as_deref().map(str::parse::<VersionId>).transpose();
        let version =
            version.map_err(|()| ("NoSuchVersion", "The specified version does not exist.".to_owned()))?;
        let precondition = match self.etag.as_deref().map(EtagList::parse) {
            None => Precondition::None,
            Some(EtagList::Any) => Precondition::Present,
            Some(EtagList::Tags(tags)) => Precondition::Etag(tags),
        };
        Ok(DeleteObject { bucket: bucket.clone(), key, version, precondition })
    }
}

/// The keys, and whether only failures are to be reported.
fn read(body: &[u8]) -> Result<(Vec<Wanted>, bool), Fault> {
    let root = parse_root(body, "Delete")?;
    root.only(&["Quiet", "Object"])?;
    let quiet = match root.leaf_of("Quiet")? {
        Some("true") => true,
        None | Some("false" | "") => false,
        Some(_) => return Err(Fault::MalformedXml),
    };
    let wanted =
        root.list("Object", MAX_KEYS)?.into_iter().map(Wanted::read).collect::<Result<Vec<_>, _>>()?;
    if wanted.is_empty() { Err(Fault::MalformedXml) } else { Ok((wanted, quiet)) }
}

/// The keys alone, for a fuzzer.
#[cfg(any(test, fuzzing))]
pub(in crate::s3) fn keys_to_delete(body: &[u8]) -> Result<Vec<String>, Fault> {
    Ok(read(body)?.0.into_iter().map(|wanted| wanted.key).collect())
}

fn render<'w>(outcomes: impl Iterator<Item = (&'w Wanted, Outcome)>, quiet: bool) -> Document {
    let mut xml = begin("DeleteResult");
    for (wanted, outcome) in outcomes {
        match outcome {
            Ok(_) if quiet => {}
            Ok(deleted) => {
                xml.start("Deleted").leaf("Key", &wanted.key);
                xml.optional("VersionId", wanted.version.as_deref());
                // The marker that was made, or the one that was removed.
                let removed = deleted.removed.filter(|_| deleted.was_marker);
                if let Some(marker) = deleted.marker.or(removed) {
                    xml.leaf("DeleteMarker", "true").leaf("DeleteMarkerVersionId", &marker.to_string());
                }
                xml.end();
            }
            Err((code, message)) => {
                xml.start("Error").leaf("Key", &wanted.key);
                xml.optional("VersionId", wanted.version.as_deref());
                xml.leaf("Code", code).leaf("Message", &message).end();
            }
        }
    }
    xml
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BucketName, Timestamp};

    fn keys(body: &str) -> Vec<String> {
        read(body.as_bytes()).unwrap().0.into_iter().map(|wanted| wanted.key).collect()
    }

    #[test]
    fn a_list() {
        let body = "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>\
                    <Object><Key> a&amp;b&#x1;</Key></Object>\
                    <Object><Key>k</Key><VersionId>null</VersionId><ETag>\"e\"</ETag></Object></Delete>";
        let (wanted, quiet) = read(body.as_bytes()).unwrap();
        assert!(quiet);
        assert_eq!(wanted[0].key, " a&b\u{1}");
        let bucket = BucketAddress::S3(BucketName::new("bkt").unwrap());
        let delete = wanted[1].operation(&bucket).unwrap();
        assert_eq!(delete.version, Some(VersionId::Null));
        assert_eq!(delete.precondition, Precondition::Etag(vec!["e".into()]));
    }

    #[test]
    fn other_documents_are_refused() {
        let object = "<Object><Key>k</Key></Object>";
        assert_eq!(keys(&format!("<Delete>{}</Delete>", object.repeat(1000))).len(), 1000);
        for body in [
            String::new(),
            "<Delete/>".into(),
            "<Other><Object><Key>k</Key></Object></Other>".into(),
            "<Delete><Object/></Delete>".into(),
            "<Delete><Object><Key>k</Key><Key>l</Key></Object></Delete>".into(),
            "<Delete><Object><Key>k</Key><Colour>blue</Colour></Object></Delete>".into(),
            format!("<Delete>{object}<Quiet>maybe</Quiet></Delete>"),
            format!("<Delete>{}</Delete>", object.repeat(1001)),
        ] {
            assert!(matches!(read(body.as_bytes()), Err(Fault::MalformedXml)), "{body:.60}");
        }
    }

    #[test]
    fn keys_that_cannot_be_deleted_are_reported_each() {
        let bucket = BucketAddress::S3(BucketName::new("bkt").unwrap());
        let code = |wanted: &Wanted| wanted.operation(&bucket).unwrap_err().0;
        assert_eq!(code(&Wanted { key: "k".repeat(1025), ..Wanted::default() }), "KeyTooLongError");
        assert_eq!(code(&Wanted::default()), "UserKeyMustBeSpecified");
        let odd = Wanted { key: "k".into(), version: Some("3/L4".into()), ..Wanted::default() };
        assert_eq!(code(&odd), "NoSuchVersion");
        let sized = Wanted { key: "k".into(), unknown_condition: true, ..Wanted::default() };
        assert_eq!(code(&sized), "NotImplemented");
    }

    #[test]
    fn what_is_told() {
        let marker = VersionId::At(Timestamp::from_steps(1));
        let wanted = Wanted { key: "k".into(), version: Some("null".into()), ..Wanted::default() };
        let outcomes = |quiet| {
            let made = Deleted { marker: Some(marker), ..Deleted::default() };
            let removed = Deleted { removed: Some(VersionId::Null), ..Deleted::default() };
            let all = [Ok(made), Ok(removed), Err(("AccessDenied", "Access Denied".into()))];
            render(all.into_iter().map(|outcome| (&wanted, outcome)), quiet).finish()
        };
        let loud = outcomes(false);
        let deleted = "<Deleted><Key>k</Key><VersionId>null</VersionId>";
        assert!(loud.contains(&format!(
            "{deleted}<DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>{marker}</DeleteMarkerVersionId></Deleted>"
        )));
        assert!(loud.contains(&format!("{deleted}</Deleted>")));
        let quiet = outcomes(true);
        assert!(!quiet.contains("Deleted"));
        assert!(quiet.contains("<Code>AccessDenied</Code><Message>Access Denied</Message>"));
    }
}
