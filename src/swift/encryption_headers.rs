//! The customer's key on the Swift face: `X-Object-Meta-Encryption-Key` and its two companions.
//!
//! These headers never reach the metadata: the door lifts every spelling of them out of the request. Here
//! they become a key, or one plain sentence about the mistake in them.

use crate::http::secret_headers::{SecretHeaderError, SecretHeaders};
use crate::ops::{CustomerKey, KeyFormatError};

use super::error::Failure;

/// The algorithm: `AES256`.
const ALGORITHM: &str = "x-object-meta-encryption-algorithm";

/// Three headers that belong together: each as it is looked up, and as a sentence names it.
struct Names {
    /// The key: 32 bytes in base64.
    key: (&'static str, &'static str),
    algorithm: (&'static str, &'static str),
    /// The key's MD5 in base64, to catch damage on the way.
    md5: (&'static str, &'static str),
}

impl Names {
    fn contain(&self, name: &str) -> bool {
        [self.key.0, self.algorithm.0, self.md5.0].contains(&name)
    }
}

/// The object's key.
const OWN: Names = Names {
    key: ("x-object-meta-encryption-key", "X-Object-Meta-Encryption-Key"),
    algorithm: (ALGORITHM, "X-Object-Meta-Encryption-Algorithm"),
    md5: ("x-object-meta-encryption-key-md5", "X-Object-Meta-Encryption-Key-MD5"),
};

/// The key of a copy's source, if it differs from the copy's key.
const SOURCE: Names = Names {
    key: ("x-copy-from-encryption-key", "X-Copy-From-Encryption-Key"),
    algorithm: ("x-copy-from-encryption-algorithm", "X-Copy-From-Encryption-Algorithm"),
    md5: ("x-copy-from-encryption-key-md5", "X-Copy-From-Encryption-Key-MD5"),
};

/// The only algorithm, in the request and in the answer.
pub(crate) const AES256: &str = "AES256";
/// In an answer, this header says that the object is encrypted with a customer's key.
pub(crate) const ALGORITHM_ANSWER: &str = ALGORITHM;

/// Refuses reserved names without a meaning: a header that looks like a key is never silently dropped, and
/// never stored. A source has a key only if the request copies an object.
pub(crate) fn check_names(headers: &SecretHeaders, copies: bool) -> Result<(), Failure> {
    for name in headers.names() {
        // S3's own key headers mean nothing here, like all of S3's headers.
        let is_s3 = name.replace('_', "-").starts_with("x-amz-");
        if is_s3 || OWN.contain(name) || (copies && SOURCE.contain(name)) {
            continue;
        }
        return Err(Failure::bad_request(if name.replace('_', "-").starts_with("x-copy-from-") {
            "Names that begin with X-Copy-From-Encryption- are reserved. A request that copies an object may have \
             X-Copy-From-Encryption-Key, X-Copy-From-Encryption-Key-MD5 and X-Copy-From-Encryption-Algorithm."
        } else {
            "Metadata names that begin with Encryption- are reserved. A request for an object may have \
             X-Object-Meta-Encryption-Key, X-Object-Meta-Encryption-Key-MD5 and X-Object-Meta-Encryption-Algorithm."
        }));
    }
    Ok(())
}

/// The key of a write. The key's companions must not come alone: their sender wanted encryption with a key.
pub(crate) fn for_write(headers: &SecretHeaders) -> Result<Option<CustomerKey>, Failure> {
    key_with_companions(headers, &OWN)
}

/// The key of a copy's source, if one was given for the source alone.
pub(crate) fn for_source(headers: &SecretHeaders) -> Result<Option<CustomerKey>, Failure> {
    key_with_companions(headers, &SOURCE)
}

fn key_with_companions(headers: &SecretHeaders, names: &Names) -> Result<Option<CustomerKey>, Failure> {
    let key = customer_key(headers, names)?;
    if key.is_none() {
        for (header, name) in [names.algorithm, names.md5] {
            if headers.all(header).next().is_some() {
                return Err(Failure::bad_request(format!("{name} was given without {}.", names.key.1)));
            }
        }
    }
    Ok(key)
}

/// The key of any other request on an object. Here the algorithm may come alone, because `swift` sends the
/// same headers with all of its requests.
pub(crate) fn for_read(headers: &SecretHeaders) -> Result<Option<CustomerKey>, Failure> {
    customer_key(headers, &OWN)
}

fn customer_key(headers: &SecretHeaders, names: &Names) -> Result<Option<CustomerKey>, Failure> {
    if single(headers, names.algorithm)?.is_some_and(|a| a != AES256) {
        return Err(Failure::bad_request(format!("{} must be AES256.", names.algorithm.1)));
    }
    let md5 = single(headers, names.md5)?;
    let Some(key) = single(headers, names.key)? else { return Ok(None) };
    let name = names.key.1;
    let key = CustomerKey::from_base64(key).map_err(|problem| match problem {
        KeyFormatError::NotBase64 => Failure::bad_request(format!("{name} is not valid base64.")),
        KeyFormatError::WrongLength { found } => Failure::bad_request(format!(
            "{name} must be {} bytes in base64; it has {found}.",
            CustomerKey::LEN
        )),
    })?;
    match md5 {
        Some(md5) if md5 != key.md5_base64() => {
            Err(Failure::bad_request(format!("{} is not the MD5 of the key.", names.md5.1)))
        }
        _ => Ok(Some(key)),
    }
}

fn single<'h>(headers: &'h SecretHeaders, (header, name): (&str, &str)) -> Result<Option<&'h str>, Failure> {
    headers.single(header).map_err(|problem| match problem {
        SecretHeaderError::Duplicate => Failure::bad_request(format!("{name} was given more than once.")),
        SecretHeaderError::NotText => Failure::bad_request(format!("{name} is not text.")),
    })
}

#[cfg(test)]
mod tests {
    use poem::http::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    const KEY: &str = OWN.key.0;
    const KEY_MD5: &str = OWN.md5.0;
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
    fn a_key_is_read_with_or_without_its_companions() {
        let md5 = CustomerKey::new([0x2a; 32]).md5_base64();
        for headers in [
            lift(&[(KEY, GOOD)]),
            lift(&[(KEY, GOOD), (ALGORITHM, AES256)]),
            lift(&[(KEY, GOOD), (ALGORITHM, AES256), (KEY_MD5, &md5)]),
        ] {
            assert!(check_names(&headers, false).is_ok());
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
    fn companions_without_a_key_are_refused_for_writes_only() {
        for (header, text) in
            [((ALGORITHM, AES256), "Algorithm was given without"), ((KEY_MD5, "x"), "MD5 was given without")]
        {
            let headers = lift(&[header]);
            assert!(sentence(&for_write(&headers).unwrap_err()).contains(text));
            assert!(for_read(&headers).unwrap().is_none());
        }
    }

    #[test]
    fn reserved_names_without_a_meaning_are_refused() {
        for name in [
            "x-object-meta-encryption-hint",
            "x_object_meta_encryption_key",
            "x-container-meta-encryption-key",
            "x-account-meta-encryption-key",
            "x-remove-container-meta-encryption-key",
            "x-copy-from-encryption-key",
        ] {
            let failure = check_names(&lift(&[(name, GOOD)]), false).unwrap_err();
            assert!(!sentence(&failure).contains(GOOD));
        }
        assert!(check_names(&lift(&[("x-amz-server-side-encryption-customer-key", GOOD)]), false).is_ok());
    }

    #[test]
    fn a_source_has_its_own_key() {
        let headers = lift(&[("X-Copy-From-Encryption-Key", GOOD), (ALGORITHM, AES256)]);
        assert!(check_names(&headers, true).is_ok());
        assert_eq!(for_source(&headers).unwrap().unwrap().expose(), &[0x2a; 32]);
        assert!(for_write(&headers).is_err(), "what accompanies a key is not that of the other");
        for name in ["x-copy-from-encryption-hint", "x_copy_from_encryption_key"] {
            assert!(check_names(&lift(&[(name, GOOD)]), true).is_err(), "{name}");
        }
        let alone = for_source(&lift(&[(SOURCE.md5.0, "x")])).unwrap_err();
        let text = "X-Copy-From-Encryption-Key-MD5 was given without X-Copy-From-Encryption-Key";
        assert!(sentence(&alone).contains(text));
        let short = for_source(&lift(&[(SOURCE.key.0, "c2hvcnQ=")])).unwrap_err();
        assert!(sentence(&short).contains("X-Copy-From-Encryption-Key must be 32 bytes"));
    }
}
