//! The canonical request (AWS, "Task 1: Create a Canonical Request"), of which only the hash is ever made.

use sha2::{Digest, Sha256};

use super::RequestView;
use crate::http::{percent, query};

/// The query parameter that is not part of what is signed.
pub(super) const SIGNATURE_PARAMETER: &str = "X-Amz-Signature";

/// A header was signed and is not there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct SignedHeaderMissing;

/// The hex SHA-256 of the canonical request: of the one S3 defines, then, where they differ, of those with an
/// encoded `/` left encoded, and with the path exactly as sent. All of them name the same object, and clients
/// sign any.
///
/// `signed_headers` is in lower case and sorted.
pub(super) fn hashes(
    request: &RequestView<'_>,
    signed_headers: &[String],
    payload: &str,
) -> Result<Vec<String>, SignedHeaderMissing> {
    let query = canonical_query(request.raw_query);
    let by_segment: Vec<String> =
        request.raw_path.split('/').map(|s| percent::encode(&percent::decode_lossless(s))).collect();
    let mut paths = vec![
        percent::encode_path(&percent::decode_lossless(request.raw_path)),
        by_segment.join("/"),
        request.raw_path.to_owned(),
    ];
    paths.dedup();
    paths.iter().map(|path| hash(request, path, &query, signed_headers, payload)).collect()
}

fn hash(
    request: &RequestView<'_>,
    path: &str,
    query: &str,
    signed_headers: &[String],
    payload: &str,
) -> Result<String, SignedHeaderMissing> {
    let mut sha = Sha256::new();
    for line in [request.method, path, query] {
        sha.update(line);
        sha.update("\n");
    }
    for name in signed_headers {
        hash_header(&mut sha, request, name)?;
    }
    sha.update("\n");
    sha.update(signed_headers.join(";"));
    sha.update("\n");
    sha.update(payload);
    Ok(hex::encode(sha.finalize()))
}

/// `name:value,value\n`, each value trimmed and with its runs of spaces as one.
fn hash_header(sha: &mut Sha256, request: &RequestView<'_>, name: &str) -> Result<(), SignedHeaderMissing> {
    sha.update(name);
    let plain = request.headers.get_all(name).iter().map(::http::HeaderValue::as_bytes);
    let mut separator = ":";
    for value in plain.chain(request.secrets.all(name)) {
        sha.update(std::mem::replace(&mut separator, ","));
        let mut space = "";
        for word in value.trim_ascii().split(|&b| b == b' ').filter(|word| !word.is_empty()) {
            sha.update(std::mem::replace(&mut space, " "));
            sha.update(word);
        }
    }
    sha.update("\n");
    if separator == ":" { Err(SignedHeaderMissing) } else { Ok(()) }
}

/// Decoded, encoded anew and sorted by the encoded names, then values; without the signature.
fn canonical_query(raw: &str) -> String {
    let mut pairs: Vec<(String, String)> = raw
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encode_anew(name), encode_anew(value)))
        .filter(|(name, _)| name != SIGNATURE_PARAMETER)
        .collect();
    pairs.sort_unstable();
    let mut canonical = String::with_capacity(raw.len());
    for (name, value) in pairs {
        if !canonical.is_empty() {
            canonical.push('&');
        }
        canonical.push_str(&name);
        canonical.push('=');
        canonical.push_str(&value);
    }
    canonical
}

fn encode_anew(raw: &str) -> String {
    percent::encode(&query::decode_bytes(raw))
}

#[cfg(test)]
mod tests {
    use ::http::HeaderMap;

    use super::*;
    use crate::http::secret_headers::SecretHeaders;

    fn hash_of(method: &str, raw_path: &str, headers: &HeaderMap) -> Vec<String> {
        let secrets = SecretHeaders::default();
        let request = RequestView { method, raw_path, raw_query: "", headers, secrets: &secrets };
        hashes(&request, &["x-a".into()], "UNSIGNED-PAYLOAD").unwrap()
    }

    #[test]
    fn queries() {
        assert_eq!(canonical_query("lifecycle"), "lifecycle=");
        assert_eq!(canonical_query("prefix=J&max-keys=2"), "max-keys=2&prefix=J");
        assert_eq!(canonical_query("a=%2f&a=+&B=*&&a-b=1&X-Amz-Signature=s"), "B=%2A&a=%20&a=%2F&a-b=1");
        assert_eq!(canonical_query(""), "");
    }

    #[test]
    fn spaces_collapse_and_repeated_headers_join() {
        let (mut spaced, mut plain) = (HeaderMap::new(), HeaderMap::new());
        spaced.append("x-a", " one   two ".parse().unwrap());
        spaced.append("x-a", "three".parse().unwrap());
        plain.append("x-a", "one two,three".parse().unwrap());
        assert_eq!(hash_of("GET", "/", &spaced), hash_of("GET", "/", &plain));
        assert_ne!(hash_of("GET", "/", &plain), hash_of("PUT", "/", &plain));
    }

    #[test]
    fn other_spellings_of_a_path_have_its_hash_and_their_own() {
        let mut headers = HeaderMap::new();
        headers.append("x-a", "1".parse().unwrap());
        let [canonical] = &hash_of("GET", "/a/%C3%A9", &headers)[..] else { panic!() };
        let [first, as_sent] = &hash_of("GET", "/a/%c3%a9", &headers)[..] else { panic!() };
        assert_eq!(first, canonical);
        assert_ne!(as_sent, canonical);
        let [first, by_segment, _] = &hash_of("GET", "/a%2f%C3%A9", &headers)[..] else { panic!() };
        assert_eq!(first, canonical);
        let [_, upper] = &hash_of("GET", "/a%2F%C3%A9", &headers)[..] else { panic!() };
        assert_eq!(upper, by_segment);
        // Nothing is normalised away.
        assert_ne!(hash_of("GET", "/a//%C3%A9", &headers)[0], *canonical);
        assert_ne!(hash_of("GET", "/b/../a/%C3%A9", &headers)[0], *canonical);
    }

    #[test]
    fn a_signed_header_must_be_there() {
        let (headers, secrets) = (HeaderMap::new(), SecretHeaders::default());
        let request =
            RequestView { method: "GET", raw_path: "/", raw_query: "", headers: &headers, secrets: &secrets };
        assert_eq!(hashes(&request, &["host".into()], ""), Err(SignedHeaderMissing));
    }
}
