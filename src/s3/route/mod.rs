//! Which operation a request is: recognised from method, query and headers, exhaustively.

mod operation;
mod table;

use poem::http::{HeaderMap, Method};

pub use operation::{NotYet, S3Operation, Served};

use super::address::Resource;
use super::copy_source;
use super::error::Fault;
use super::query::Query;
use table::SubResource;

/// Recognises the operation.
pub(super) fn recognise(
    method: &Method,
    resource: &Resource,
    query: &Query,
    headers: &HeaderMap,
) -> Result<S3Operation, Fault> {
    if method == Method::OPTIONS {
        return Ok(Served::OptionsObject.into());
    }
    match resource {
        Resource::Service => service(method, query),
        Resource::Bucket(_) if headers.contains_key("x-amz-request-route") && method == Method::POST => {
            Ok(NotYet::WriteGetObjectResponse.into())
        }
        Resource::Bucket(_) => match sub_resource(table::BUCKET, query)? {
            Some(sub) => on(sub, method, query, headers),
            None => bucket(method, query),
        },
        Resource::Object(..) => match sub_resource(table::OBJECT, query)? {
            Some(sub) => on(sub, method, query, headers),
            None => object(method, headers),
        },
    }
}

fn service(method: &Method, query: &Query) -> Result<S3Operation, Fault> {
    if method != Method::GET {
        return Err(Fault::MethodNotAllowed { resource: "SERVICE" });
    }
    if query.has("max-directory-buckets") || query.get("x-id") == Some("ListDirectoryBuckets") {
        return Ok(NotYet::ListDirectoryBuckets.into());
    }
    Ok(Served::ListBuckets.into())
}

fn bucket(method: &Method, query: &Query) -> Result<S3Operation, Fault> {
    match *method {
        Method::GET if query.get("list-type") == Some("2") => Ok(Served::ListObjectsV2.into()),
        Method::GET => Ok(Served::ListObjects.into()),
        Method::HEAD => Ok(Served::HeadBucket.into()),
        Method::PUT => Ok(Served::CreateBucket.into()),
        Method::DELETE => Ok(Served::DeleteBucket.into()),
        Method::POST => Ok(NotYet::PostObject.into()),
        _ => Err(Fault::MethodNotAllowed { resource: "BUCKET" }),
    }
}

fn object(method: &Method, headers: &HeaderMap) -> Result<S3Operation, Fault> {
    match *method {
        Method::GET => Ok(Served::GetObject.into()),
        Method::HEAD => Ok(Served::HeadObject.into()),
        Method::PUT if headers.contains_key(copy_source::HEADER) => Ok(Served::CopyObject.into()),
        Method::PUT => Ok(Served::PutObject.into()),
        Method::DELETE => Ok(Served::DeleteObject.into()),
        _ => Err(Fault::MethodNotAllowed { resource: "OBJECT" }),
    }
}

/// The one sub-resource that the query names. Two of them contradict each other, and S3 says so.
fn sub_resource(table: &'static [SubResource], query: &Query) -> Result<Option<&'static SubResource>, Fault> {
    let mut named = table.iter().filter(|sub| query.has(sub.name));
    let Some(first) = named.next() else { return Ok(None) };
    match named.next() {
        None => Ok(Some(first)),
        Some(second) => Err(Fault::ConflictingQuery { first: first.name, second: second.name }),
    }
}

fn on(sub: &SubResource, method: &Method, query: &Query, headers: &HeaderMap) -> Result<S3Operation, Fault> {
    let operation = match *method {
        Method::GET if query.has("id") && sub.get_by_id.is_some() => sub.get_by_id,
        Method::GET => sub.get,
        Method::PUT => sub.put,
        Method::POST => sub.post,
        Method::DELETE => sub.delete,
        _ => None,
    };
    match operation {
        Some(S3Operation::Served(Served::UploadPart)) if headers.contains_key(copy_source::HEADER) => {
            Ok(Served::UploadPartCopy.into())
        }
        Some(operation) => Ok(operation),
        None => Err(Fault::MethodNotAllowed { resource: sub.name }),
    }
}

#[cfg(test)]
mod tests;
