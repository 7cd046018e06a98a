//! The customer's key on the Swift face: `X-Object-Meta-Encryption-Key` and its two companions.
//!
//! These headers never reach metadata: the listener lifts every spelling of them out of the request. Here they become a
//! key, or one plain sentence about what is wrong with them.

use crate::http::secret_headers::{SecretHeaderError, SecretHeaders};
use crate::ops::{CustomerKey, KeyFormatError};

use super::error::Failure;

/// The key: 32 bytes in base64.
const KEY: &str = "x-object-meta-encryption-key";
/// The algorithm: `AES256`.
const ALGORITHM: &str = "x-object-meta-encryption-algorithm";
/// The key's MD5 in base64, to catch damage on the way.
const KEY_MD5: &str = "x-object-meta-encryption-key-md5";

/// The one algorithm, in the request and in the answer.
pub const AES256: &str = "AES256";
/// The header that says in an answer that the object is encrypted with a customer's key.
pub const ALGORITHM_ANSWER: &str = ALGORITHM;

/// Refuses reserved names that mean nothing: what looks like a key is never silently dropped, and never stored.
pub fn check_names(headers: &SecretHeaders) -> Result<(), Failure> {
    for name in headers.names() {
        // S3's own key headers mean nothing here, like everything of S3's.
        let is_s3 = name.replace('_', "-").starts_with("x-amz-");
        if is_s3 || [KEY, ALGORITHM, KEY_MD5].contains(&name) {
            continue;
        }
        return Err(if name.starts_with("x-copy-from-") {
            Failure::unavailable_feature("Copying with X-Copy-From-Encryption headers")
        } else {
            Failure::bad_request(
                "Metadata names that begin with Encryption- are reserved; the ones there are: \
                 X-Object-Meta-Encryption-Key, X-Object-Meta-Encryption-Key-MD5 and \
                 X-Object-Meta-Encryption-Algorithm.",
            )
        });
    }
    Ok(())
}

/// The key of a write. What accompanies a key must not come alone: the writer wanted encryption with one.
pub fn for_write(headers: &SecretHeaders) -> Result<Option<CustomerKey>, Failure> {
    let key = customer_key(headers)?;
    if key.is_none() {
        for (header, name) in
            [(ALGORITHM, "X-Object-Meta-Encryption-Algorithm"), (KEY_MD5, "X-Object-Meta-Encryption-Key-MD5")]
        {
            if headers.all(header).next().is_some() {
                return Err(Failure::bad_request(format!(
                    "{name} was given without X-Object-Meta-Encryption-Key."
                )));
            }
        }
    }
    Ok(key)
}

/// The key of any other request on an object. The algorithm may come alone: `swift` sends the same headers with all of
/// its requests.
pub fn for_read(headers: &SecretHeaders) -> Result<Option<CustomerKey>, Failure> {
    customer_key(headers)
}

fn customer_key(headers: &SecretHeaders) -> Result<Option<CustomerKey>, Failure> {
    if single(headers, ALGORITHM, "X-Object-Meta-Encryption-Algorithm")?.is_some_and(|a| a != AES256) {
        return Err(Failure::bad_request("X-Object-Meta-Encryption-Algorithm must be AES256."));
    }
    let md5 = single(headers, KEY_MD5, "X-Object-Meta-Encryption-Key-MD5")?;
    let Some(key) = single(headers, KEY, "X-Object-Meta-Encryption-Key")? else { return Ok(None) };
    let key = CustomerKey::from_base64(key).map_err(|problem| match problem {
        KeyFormatError::NotBase64 => {
            Failure::bad_request("X-Object-Meta-Encryption-Key is not valid base64.")
        }
        KeyFormatError::WrongLength { found } => Failure::bad_request(format!(
            "X-Object-Meta-Encryption-Key must be {} bytes in base64; it has {found}.",
            CustomerKey::LEN
        )),
    })?;
    match md5 {
        Some(md5) if md5 != key.md5_base64() => {
            Err(Failure::bad_request("X-Object-Meta-Encryption-Key-MD5 is not the MD5 of the key."))
        }
        _ => Ok(Some(key)),
    }
}

fn single<'h>(headers: &'h SecretHeaders, header: &str, name: &str) -> Result<Option<&'h str>, Failure> {
    headers.single(header).map_err(|problem| match problem {
        SecretHeaderError::Duplicate => Failure::bad_request(format!("{name} was given more than once.")),
        SecretHeaderError::NotText => Failure::bad_request(format!("{name} is not text.")),
    })
}

#[cfg(test)]
mod tests {
    use poem::http::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    /// 32 bytes of 0x2a.
    const GOOD: &str = "KioqKioqKioqKioqKioqKioqKioqKioqKioqKioqKio=";

    fn lift(pairs: &[(&str, &str)]) -> SecretHeaders {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        SecretHeaders::lift(&mut headers)
    }

    fn sentence(failure: &Failure) -> String {
        assert_eq!(failure.status().as_u16(), 400);
        format!("{failure:?}")
    }

    #[test]
    fn a_key_with_or_without_its_companions() {
        let md5 = CustomerKey::new([0x2a; 32]).md5_base64();
        for headers in [
            lift(&[(KEY, GOOD)]),
            lift(&[(KEY, GOOD), (ALGORITHM, AES256)]),
            lift(&[(KEY, GOOD), (ALGORITHM, AES256), (KEY_MD5, &md5)]),
        ] {
            assert!(check_names(&headers).is_ok());
            assert_eq!(for_write(&headers).unwrap().unwrap().expose(), &[0x2a; 32]);
            assert!(for_read(&headers).unwrap().is_some());
        }
        assert!(for_write(&lift(&[])).unwrap().is_none());
    }

    #[test]
    fn every_bad_spelling_has_its_sentence() {
        for (headers, text) in [
            (lift(&[(KEY, "not base64!")]), "not valid base64"),
            (lift(&[(KEY, GOOD.trim_end_matches('='))]), "not valid base64"),
            (lift(&[(KEY, "c2hvcnQ=")]), "must be 32 bytes in base64; it has 5"),
            (lift(&[(KEY, "")]), "must be 32 bytes in base64; it has 0"),
            (lift(&[(KEY, GOOD), (KEY, GOOD)]), "Encryption-Key was given more than once"),
            (lift(&[(KEY, GOOD), (ALGORITHM, "AES128")]), "must be AES256"),
            (lift(&[(KEY, GOOD), (ALGORITHM, "aes256")]), "must be AES256"),
            (
                lift(&[(KEY, GOOD), (ALGORITHM, AES256), (ALGORITHM, AES256)]),
                "Algorithm was given more than once",
            ),
            (lift(&[(KEY, GOOD), (KEY_MD5, "AAAAAAAAAAAAAAAAAAAAAA==")]), "is not the MD5 of the key"),
        ] {
            assert!(sentence(&for_write(&headers).unwrap_err()).contains(text), "{text}");
            assert!(sentence(&for_read(&headers).unwrap_err()).contains(text), "{text}");
        }
    }

    #[test]
    fn companions_alone_are_an_error_of_writes_only() {
        for (header, text) in
            [((ALGORITHM, AES256), "Algorithm was given without"), ((KEY_MD5, "x"), "MD5 was given without")]
        {
            let headers = lift(&[header]);
            assert!(sentence(&for_write(&headers).unwrap_err()).contains(text));
            assert!(for_read(&headers).unwrap().is_none());
        }
    }

    #[test]
    fn reserved_names_that_mean_nothing_are_refused() {
        for name in [
            "x-object-meta-encryption-hint",
            "x_object_meta_encryption_key",
            "x-container-meta-encryption-key",
            "x-account-meta-encryption-key",
            "x-remove-container-meta-encryption-key",
            "x-copy-from-encryption-key",
        ] {
            let failure = check_names(&lift(&[(name, GOOD)])).unwrap_err();
            assert!(!sentence(&failure).contains(GOOD));
        }
        assert!(check_names(&lift(&[("x-amz-server-side-encryption-customer-key", GOOD)])).is_ok());
    }
}
