//! An object's metadata as headers: `x-amz-meta-*`, and the ones that HTTP and S3 name.

mod encoded_word;

use poem::http::HeaderMap;
use poem::http::header::{HeaderName, HeaderValue};

use super::error::Fault;
use super::headers::text;
use crate::model::{ObjectMetadata, SystemMetadata, UserMetadata};

const USER: &str = "x-amz-meta-";
const REDIRECT: &str = "x-amz-website-redirect-location";
/// How many user metadata items could not be shown as headers.
const MISSING: &str = "x-amz-missing-meta";
/// What S3 shows for an object whose writer gave no type.
const DEFAULT_TYPE: &str = "binary/octet-stream";
/// The most user metadata, names and values in bytes: S3's limit. The index keeps a copy of it with every
/// version.
const MAX_USER: usize = 2048;
/// The longest redirect location: S3's limit.
const MAX_REDIRECT: usize = 2048;
/// The longest of the other stored headers, each.
const MAX_SYSTEM: usize = 8192;

/// Collects the metadata of a write. Key material is not among the headers any more.
pub(super) fn collect(headers: &HeaderMap) -> Result<ObjectMetadata, Fault> {
    Ok(ObjectMetadata { user: user(headers)?, system: system(headers)? })
}

fn user(headers: &HeaderMap) -> Result<UserMetadata, Fault> {
    let mut user = UserMetadata::new();
    for name in headers.keys() {
        let Some(short) = name.as_str().strip_prefix(USER).filter(|short| !short.is_empty()) else {
            continue;
        };
        let mut values = Vec::new();
        for value in headers.get_all(name) {
            let value = std::str::from_utf8(value.as_bytes()).map_err(|_| {
                Fault::invalid_request(format!("The value of the header {name} is not valid UTF-8"))
            })?;
            values.push(encoded_word::decode(value.trim()));
        }
        user.insert(short.to_owned(), values.join(","));
    }
    let found = user.iter().map(|(name, value)| name.len() + value.len()).sum();
    if found > MAX_USER {
        return Err(Fault::MetadataTooLarge { found, limit: MAX_USER });
    }
    Ok(user)
}

fn system(headers: &HeaderMap) -> Result<SystemMetadata, Fault> {
    let own = |name| -> Result<Option<String>, Fault> {
        let value = text(headers, name)?.filter(|value| !value.is_empty());
        match value {
            Some(value) if value.len() > MAX_SYSTEM => {
                Err(Fault::invalid_request(format!("The value of the header {name} is too long")))
            }
            value => Ok(value.map(str::to_owned)),
        }
    };
    Ok(SystemMetadata {
        content_type: own("content-type")?,
        content_encoding: content_encoding(headers)?,
        content_disposition: own("content-disposition")?,
        content_language: own("content-language")?,
        cache_control: own("cache-control")?,
        expires: own("expires")?,
        website_redirect: redirect(headers)?,
        robots_tag: None,
        delete_at: None,
        object_manifest: None,
    })
}

/// `Content-Encoding` without `aws-chunked`, which is of the transfer and not of the object.
fn content_encoding(headers: &HeaderMap) -> Result<Option<String>, Fault> {
    let Some(value) = text(headers, "content-encoding")? else { return Ok(None) };
    let is_chunked = |coding: &&str| coding.eq_ignore_ascii_case("aws-chunked");
    let codings: Vec<_> = value.split(',').map(str::trim).filter(|coding| !coding.is_empty()).collect();
    if !codings.iter().any(is_chunked) {
        return Ok(Some(value.to_owned()).filter(|value| !value.is_empty()));
    }
    let rest: Vec<_> = codings.into_iter().filter(|coding| !is_chunked(coding)).collect();
    Ok(Some(rest.join(",")).filter(|value| !value.is_empty()))
}

fn redirect(headers: &HeaderMap) -> Result<Option<String>, Fault> {
    match text(headers, REDIRECT)? {
        None => Ok(None),
        Some(to)
            if to.len() <= MAX_REDIRECT && ["/", "http://", "https://"].iter().any(|p| to.starts_with(p)) =>
        {
            Ok(Some(to.to_owned()))
        }
        Some(_) => Err(Fault::InvalidRedirectLocation),
    }
}

/// Writes the metadata of an object into the headers of an answer.
pub(super) fn write(metadata: &ObjectMetadata, headers: &mut HeaderMap) {
    let system = &metadata.system;
    let named = [
        ("content-type", Some(system.content_type.as_deref().unwrap_or(DEFAULT_TYPE))),
        ("content-encoding", system.content_encoding.as_deref()),
        ("content-disposition", system.content_disposition.as_deref()),
        ("content-language", system.content_language.as_deref()),
        ("cache-control", system.cache_control.as_deref()),
        ("expires", system.expires.as_deref()),
        ("x-robots-tag", system.robots_tag.as_deref()),
        (REDIRECT, system.website_redirect.as_deref()),
    ];
    for (name, value) in named {
        if let Some(value) = value.and_then(|value| HeaderValue::from_bytes(value.as_bytes()).ok()) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    let mut missing = 0_u32;
    for (name, value) in &metadata.user {
        let name = HeaderName::from_bytes(format!("{USER}{name}").as_bytes());
        match (name, HeaderValue::from_str(&encoded_word::encode(value))) {
            (Ok(name), Ok(value)) => {
                headers.insert(name, value);
            }
            _ => missing += 1,
        }
    }
    if missing > 0 {
        headers.insert(HeaderName::from_static(MISSING), missing.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    #[test]
    fn there_and_back() {
        let given = headers(&[
            ("content-type", "text/plain"),
            ("content-encoding", "gzip"),
            ("expires", "soon"),
            (REDIRECT, "/elsewhere"),
            ("x-amz-meta-colour", "blue"),
            ("x-amz-meta-city", "Zürich"),
            ("x-amz-meta-two", "a"),
            ("x-amz-meta-two", "b"),
        ]);
        let metadata = collect(&given).unwrap();
        assert_eq!(metadata.user["two"], "a,b");
        let mut shown = HeaderMap::new();
        write(&metadata, &mut shown);
        assert_eq!(shown["x-amz-meta-colour"], "blue");
        assert_eq!(shown["x-amz-meta-city"], "=?UTF-8?B?WsO8cmljaA==?=");
        assert_eq!(shown["expires"], "soon");
        assert_eq!(shown[REDIRECT], "/elsewhere");
        assert_eq!(collect(&shown).unwrap(), metadata);
    }

    #[test]
    fn aws_chunked_is_not_of_the_object() {
        for (given, kept) in [
            ("aws-chunked", None),
            ("gzip, aws-chunked", Some("gzip")),
            ("aws-chunked,gzip,br", Some("gzip,br")),
            ("gzip, br", Some("gzip, br")),
            ("", None),
        ] {
            assert_eq!(
                collect(&headers(&[("content-encoding", given)])).unwrap().system.content_encoding.as_deref(),
                kept
            );
        }
    }

    #[test]
    fn limits() {
        let fits = "v".repeat(MAX_USER - 1);
        assert!(collect(&headers(&[("x-amz-meta-n", &fits)])).is_ok());
        let long = "v".repeat(MAX_USER);
        assert!(matches!(
            collect(&headers(&[("x-amz-meta-n", &long)])),
            Err(Fault::MetadataTooLarge { found: 2049, limit: 2048 })
        ));
        assert!(matches!(collect(&headers(&[(REDIRECT, "ftp://x")])), Err(Fault::InvalidRedirectLocation)));
    }

    #[test]
    fn no_type_is_shown_as_octets() {
        let mut shown = HeaderMap::new();
        write(&ObjectMetadata::default(), &mut shown);
        assert_eq!(shown["content-type"], DEFAULT_TYPE);
    }
}
