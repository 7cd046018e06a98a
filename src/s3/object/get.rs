//! `GetObject` and `HeadObject`.

use std::io;

use futures_util::TryStreamExt;
use poem::http::StatusCode;
use poem::{Body, Response};

use super::part::Wanted;
use super::read::{self, Opened};
use crate::s3::error::Error;
use crate::s3::request::{Request, empty};

/// `GetObject`. What breaks after the first bytes breaks the connection: a body that ends early cannot pass
/// for whole.
pub(in crate::s3) async fn get(request: Request<'_>) -> Result<Response, Error> {
    let wanted = Wanted::read(&request.query, &request.headers)?;
    let opened = read::open(&request, false, wanted.number()).await?;
    let part = wanted.resolve(&opened.object.info, opened.object.part.as_ref(), &request.headers)?;
    let mut response = empty(part.status());
    read::describe(&request, &opened, &part, response.headers_mut())?;
    if let Some(reader) = &opened.object.reader {
        let body = reader.open(part.range.clone()).await?;
        response.set_body(Body::from_bytes_stream(body.stream.map_err(io::Error::from)));
    }
    Ok(response)
}

/// `HeadObject`: the same headers, and nothing is read.
pub(in crate::s3) async fn head(request: Request<'_>) -> Result<Response, Error> {
    let wanted = Wanted::read(&request.query, &request.headers)?;
    let opened: Opened = read::open(&request, true, wanted.number()).await?;
    let part = wanted.resolve(&opened.object.info, opened.object.part.as_ref(), &request.headers)?;
    let mut response = empty(StatusCode::OK);
    response.set_status(part.status());
    read::describe(&request, &opened, &part, response.headers_mut())?;
    Ok(response)
}
