//! The form of a URL that a log may show.

use std::borrow::Cow;

use hyper::Uri;

use crate::http::percent;
use crate::http::query::Query;

/// Parameters that grant access to everybody who reads them, or that help to guess such ones.
const MASKED: [&str; 8] = [
    "x-amz-signature",
    "x-amz-credential",
    "x-amz-security-token",
    "signature",
    "awsaccesskeyid",
    "temp_url_sig",
    "x-auth-token",
    "x-storage-token",
];

/// The path and the query, without the values of secret parameters. A parameter that is named like a key
/// header is left out whole: the key may be in its name, as in `?x-object-meta-encryption-key%3D…=`.
pub fn masked(uri: &Uri) -> Cow<'_, str> {
    let Some(query) = uri.query() else { return Cow::Borrowed(uri.path()) };
    let mut shown = String::with_capacity(uri.path().len() + 1 + query.len());
    shown.push_str(uri.path());
    for (index, pair) in query.split('&').enumerate() {
        shown.push(if index == 0 { '?' } else { '&' });
        match pair.split_once('=') {
            _ if has_key_material(pair) => shown.push_str("***"),
            Some((name, _)) if is_secret(name) => {
                shown.push_str(name);
                shown.push_str("=***");
            }
            None if is_secret(pair) => shown.push_str("***"),
            _ => shown.push_str(pair),
        }
    }
    Cow::Owned(shown)
}

fn has_key_material(pair: &str) -> bool {
    Query::parse(pair).has_key_material()
}

fn is_secret(name: &str) -> bool {
    let name = String::from_utf8_lossy(&percent::decode_lossless(name)).replace('+', " ");
    let name = name.trim();
    MASKED.iter().any(|masked| masked.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_left_out() {
        for (uri, shown) in [
            ("/a%2Fb//c", "/a%2Fb//c"),
            ("/b?list-type=2&prefix=a%20b", "/b?list-type=2&prefix=a%20b"),
            ("/b?acl", "/b?acl"),
            ("/b?X-Amz-Signature=abc&X-Amz-Date=1", "/b?X-Amz-Signature=***&X-Amz-Date=1"),
            (
                "/b?X-Amz-Credential=abc%2Fx&x-amz-security-TOKEN=t",
                "/b?X-Amz-Credential=***&x-amz-security-TOKEN=***",
            ),
            (
                "/v1/a/c/o?temp_url_sig=f00&temp_url_expires=9",
                "/v1/a/c/o?temp_url_sig=***&temp_url_expires=9",
            ),
            ("/v1/a/c/o?temp%5Furl_sig=f00", "/v1/a/c/o?temp%5Furl_sig=***"),
            ("/b/k?X-Amz-Server-Side-Encryption-Customer-Key=a2V5", "/b/k?***"),
            ("/v1/a/c/o?x_object_meta_encryption_key=a2V5&x", "/v1/a/c/o?***&x"),
            ("/v1/a/c/o?x-object-meta-encryption-key%3Da2V5", "/v1/a/c/o?***"),
            ("/v1/a/c/o?x-object-meta-encryption-key%3Da2V5a2U=", "/v1/a/c/o?***"),
            ("/v1/a/c/o?x-object-meta-encryption-key:a2V5a2U=", "/v1/a/c/o?***"),
        ] {
            assert_eq!(masked(&uri.parse().unwrap()), shown);
        }
    }
}
