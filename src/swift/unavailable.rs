//! Features that Swift has and this gateway does not have yet.
//!
//! A request that asks for one of them is refused with a sentence that names it. Ignoring it would be worse:
//! the client would get the answer to another question, or would believe in a protection that nothing
//! enforces.

use poem::http::{HeaderMap, Method};

use super::address::Level;
use super::error::Failure;
use super::object;
use crate::http::query::Query;

/// Parameters that have a meaning on every path.
const ANYWHERE: [(&str, &str); 3] = [
    ("extract-archive", "Extracting archives"),
    ("temp_url_sig", "A temporary URL"),
    ("temp_url_expires", "A temporary URL"),
];

/// Headers of an object's PUT, POST and COPY.
const OBJECT_WRITE: [(&str, &str); 1] = [("x-symlink-target", "X-Symlink-Target (symbolic links)")];

/// Headers that ask for a large object, on a request that copies an object.
const COPY_HEADERS: [(&str, &str); 1] = [("x-object-manifest", "X-Object-Manifest on a copy")];

/// Headers of a container's PUT and POST. An empty value would remove the setting, and there is none to
/// remove.
const CONTAINER_WRITE: [(&str, &str); 6] = [
    ("x-container-read", "X-Container-Read (access by ACL)"),
    ("x-container-write", "X-Container-Write (access by ACL)"),
    ("x-versions-location", "X-Versions-Location (the older way of object versioning)"),
    ("x-history-location", "X-History-Location (the older way of object versioning)"),
    ("x-container-sync-to", "X-Container-Sync-To (container synchronisation)"),
    ("x-container-sync-key", "X-Container-Sync-Key (container synchronisation)"),
];

/// Container metadata on which other services of Swift act, by the beginning of the item.
const CONTAINER_META: [(&str, &str); 4] = [
    ("x-container-meta-quota-", "X-Container-Meta-Quota (container quotas)"),
    ("x-container-meta-temp-url-key", "X-Container-Meta-Temp-URL-Key (temporary URLs)"),
    ("x-container-meta-access-control-", "X-Container-Meta-Access-Control (CORS)"),
    ("x-container-meta-web-", "X-Container-Meta-Web (static web sites)"),
];

/// Headers of an account's POST.
const ACCOUNT_WRITE: [(&str, &str); 1] =
    [("x-account-access-control", "X-Account-Access-Control (access by ACL)")];

/// Account metadata on which other services of Swift act, by the beginning of the item.
const ACCOUNT_META: [(&str, &str); 2] = [
    ("x-account-meta-quota-", "X-Account-Meta-Quota (account quotas)"),
    ("x-account-meta-temp-url-key", "X-Account-Meta-Temp-URL-Key (temporary URLs)"),
];

/// Refuses parameters that change the meaning of any method: archives, temporary URLs.
pub(crate) fn check_verb(query: &Query) -> Result<(), Failure> {
    refuse_parameters(query, &ANYWHERE)
}

/// Refuses parameters and headers that ask for a feature that does not exist yet.
pub(crate) fn check(
    level: &Level,
    method: &Method,
    query: &Query,
    headers: &HeaderMap,
) -> Result<(), Failure> {
    let writes = *method == Method::PUT || *method == Method::POST;
    match level {
        Level::Account => {
            if writes {
                refuse_headers(headers, &ACCOUNT_WRITE)?;
                refuse_items(headers, &ACCOUNT_META)?;
            }
        }
        Level::Container(_) => {
            if writes {
                refuse_headers(headers, &CONTAINER_WRITE)?;
                refuse_items(headers, &CONTAINER_META)?;
            }
        }
        Level::Object(..) => {
            let copies = method.as_str() == "COPY" || (*method == Method::PUT && object::is_copy(headers));
            if copies {
                if query.all("multipart-manifest").last() == Some("put") {
                    return Err(Failure::bad_request(
                        "A copy takes no manifest: multipart-manifest=put is for PUT.",
                    ));
                }
                refuse_headers(headers, &COPY_HEADERS)?;
            }
            if writes || copies {
                refuse_headers(headers, &OBJECT_WRITE)?;
            }
            if *method == Method::PUT || copies {
                refuse_reserved(headers)?;
            }
        }
    }
    Ok(())
}

fn refuse_parameters(query: &Query, parameters: &[(&str, &str)]) -> Result<(), Failure> {
    match parameters.iter().find(|(name, _)| query.has(name)) {
        Some((_, feature)) => Err(Failure::unavailable_feature(feature)),
        None => Ok(()),
    }
}

fn refuse_headers(headers: &HeaderMap, refused: &[(&str, &str)]) -> Result<(), Failure> {
    let asks =
        |name: &str| headers.get_all(name).iter().any(|value| !value.as_bytes().trim_ascii().is_empty());
    match refused.iter().find(|(name, _)| asks(name)) {
        Some((_, feature)) => Err(Failure::unavailable_feature(feature)),
        None => Ok(()),
    }
}

fn refuse_items(headers: &HeaderMap, refused: &[(&str, &str)]) -> Result<(), Failure> {
    for (name, value) in headers {
        let feature = refused.iter().find(|(prefix, _)| name.as_str().starts_with(prefix));
        if let Some((_, feature)) = feature
            && !value.is_empty()
        {
            return Err(Failure::unavailable_feature(feature));
        }
    }
    Ok(())
}

/// Only the gateway marks an object as a large object.
fn refuse_reserved(headers: &HeaderMap) -> Result<(), Failure> {
    if headers.contains_key("x-static-large-object") {
        return Err(Failure::bad_request(
            "X-Static-Large-Object is a reserved header. To create a static large object add query param \
             multipart-manifest=put.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use poem::http::{HeaderName, HeaderValue};

    use super::*;
    use crate::model::{BucketName, ObjectKey};

    fn container() -> Level {
        Level::Container(BucketName::new("c").unwrap())
    }

    fn object() -> Level {
        Level::Object(BucketName::new("c").unwrap(), ObjectKey::new("o").unwrap())
    }

    fn outcome(level: &Level, method: &str, query: &str, header: Option<(&str, &str)>) -> Result<(), String> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let query = Query::parse(query);
        let mut headers = HeaderMap::new();
        if let Some((name, value)) = header {
            headers.insert(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        check_verb(&query).and_then(|()| check(level, &method, &query, &headers)).map_err(|failure| {
            assert_eq!(failure.status().as_u16(), 400);
            format!("{failure:?}")
        })
    }

    #[test]
    fn a_missing_feature_is_refused_by_name() {
        for (level, method, query, header, text) in [
            (Level::Account, "PUT", "extract-archive=tar", None, "Extracting"),
            (object(), "GET", "temp_url_sig=0&temp_url_expires=1", None, "temporary URL"),
            (Level::Account, "POST", "", Some(("X-Account-Access-Control", "{\"admin\":[\"a\"]}")), "ACL"),
            (Level::Account, "POST", "", Some(("X-Account-Meta-Temp-URL-Key-2", "k")), "Temp-URL"),
            (container(), "PUT", "", Some(("X-Container-Read", ".r:*")), "ACL"),
            (container(), "POST", "", Some(("X-Versions-Location", "archive")), "versioning"),
            (container(), "PUT", "", Some(("X-History-Location", "archive")), "versioning"),
            (container(), "POST", "", Some(("X-Container-Meta-Quota-Bytes", "1")), "quotas"),
            (container(), "POST", "", Some(("X-Container-Meta-Access-Control-Allow-Origin", "*")), "CORS"),
            (object(), "COPY", "", Some(("X-Object-Manifest", "c/o")), "X-Object-Manifest"),
            (object(), "COPY", "multipart-manifest=put", None, "manifest"),
            (object(), "POST", "", Some(("X-Symlink-Target", "c/o")), "symbolic"),
            (object(), "PUT", "", Some(("X-Static-Large-Object", "true")), "reserved"),
        ] {
            let refusal = outcome(&level, method, query, header).unwrap_err();
            assert!(refusal.contains(text), "{method} {query}: {refusal}");
        }
    }

    #[test]
    fn a_request_for_no_missing_feature_passes() {
        for (level, method, query, header) in [
            (Level::Account, "POST", "", Some(("X-Account-Access-Control", ""))),
            (Level::Account, "POST", "", Some(("X-Account-Meta-Temp-URL-Key", ""))),
            (container(), "POST", "", Some(("X-Container-Read", ""))),
            (container(), "POST", "", Some(("X-Remove-Container-Read", "x"))),
            (container(), "GET", "path=a&delimiter=/", None),
            (object(), "GET", "multipart-manifest=get&symlink=get", None),
            (object(), "DELETE", "multipart-manifest=delete", None),
            (object(), "PUT", "multipart-manifest=put", None),
            (object(), "PUT", "", Some(("X-Object-Manifest", "c/o"))),
            (object(), "POST", "", Some(("X-Object-Manifest", "c/o"))),
            (object(), "GET", "", Some(("X-Copy-From", "c/o"))),
            (object(), "GET", "version-id=null", None),
            (container(), "POST", "", Some(("X-Versions-Enabled", "true"))),
            (container(), "GET", "versions", None),
        ] {
            assert_eq!(outcome(&level, method, query, header), Ok(()), "{method} {query} {header:?}");
        }
    }
}
