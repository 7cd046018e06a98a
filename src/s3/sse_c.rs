//! Server-side encryption headers: a customer's key on writes and reads, and the managed modes on writes.
//!
//! The order of checks and the sentences are those that live S3 gives. On a write: incompatible methods,
//! missing algorithm, missing key, value of the algorithm, length of the key, MD5.
//!
//! On a read S3 looks for the object first. A malformed triple is therefore kept as a refusal until the
//! object is known to exist. On reads S3 treats a key of the wrong length as a wrong key (403): a random key
//! takes its place, which cannot match.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use poem::http::HeaderMap;
use poem::http::header::{HeaderName, HeaderValue};

use super::error::Fault;
use super::headers::text;
use crate::http::secret_headers::{SecretHeaderError, SecretHeaders};
use crate::model::EncryptionMode;
use crate::ops::{CustomerKey, WriteEncryption};

/// The algorithm of a customer's key.
const ALGORITHM: &str = "x-amz-server-side-encryption-customer-algorithm";
/// The key's MD5.
const KEY_MD5: &str = "x-amz-server-side-encryption-customer-key-md5";

/// The names of three headers that belong together.
struct Names {
    algorithm: &'static str,
    key: &'static str,
    md5: &'static str,
}

impl Names {
    fn contain(&self, name: &str) -> bool {
        [self.algorithm, self.key, self.md5].contains(&name)
    }
}

/// The customer's key of the object that the request is about.
const OWN: Names =
    Names { algorithm: ALGORITHM, key: "x-amz-server-side-encryption-customer-key", md5: KEY_MD5 };
/// The customer's key of a copy's source.
const SOURCE: Names = Names {
    algorithm: "x-amz-copy-source-server-side-encryption-customer-algorithm",
    key: "x-amz-copy-source-server-side-encryption-customer-key",
    md5: "x-amz-copy-source-server-side-encryption-customer-key-md5",
};
/// The managed modes.
const METHOD: &str = "x-amz-server-side-encryption";
/// What goes with `aws:kms` alone.
const KMS_ONLY: [&str; 3] = [
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-context",
    "x-amz-server-side-encryption-bucket-key-enabled",
];

const INCOMPATIBLE: &str = "Server Side Encryption with Customer provided key is incompatible with the encryption method \
                            specified";
const NO_ALGORITHM: &str = "Requests specifying Server Side Encryption with Customer provided keys must provide a valid \
                            encryption algorithm.";
const NO_KEY: &str = "Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate \
                      secret key.";
const BAD_KEY: &str = "The secret key was invalid for the specified algorithm.";
const NO_MD5: &str = "Requests specifying Server Side Encryption with Customer provided keys must provide the client \
                      calculated MD5 of the secret key.";
const BAD_MD5: &str = "The calculated MD5 hash of the key did not match the hash that was provided.";
const BAD_METHOD: &str = "The encryption method specified is not supported";
const KMS_HEADER: &str = "Server Side Encryption with AWS KMS managed key requires HTTP header \
                          x-amz-server-side-encryption : aws:kms";
const NOT_ON_READS: &str = "x-amz-server-side-encryption header is not supported for this operation.";
const TWICE: &str = "An encryption header must not be given more than once.";

/// What an answer says of encryption.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Shown {
    Managed,
    /// SSE-C: the algorithm and the MD5 of the key, as it came with this request.
    Customer(String),
    Kms,
}

impl Shown {
    /// What a read shows: the mode, and the MD5 of the key that opened the object.
    pub(super) fn of(mode: EncryptionMode, key_md5: Option<String>) -> Self {
        match mode {
            EncryptionMode::Managed => Self::Managed,
            EncryptionMode::Customer => Self::Customer(key_md5.unwrap_or_default()),
            EncryptionMode::Kms => Self::Kms,
        }
    }

    /// Writes the response headers.
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        match self {
            Self::Managed => set(headers, METHOD, "AES256"),
            Self::Kms => set(headers, METHOD, "aws:kms"),
            Self::Customer(md5) => {
                set(headers, ALGORITHM, "AES256");
                if !md5.is_empty() {
                    set(headers, KEY_MD5, md5);
                }
            }
        }
    }
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

/// How a write is to be encrypted, and what its answer says of it.
#[derive(Debug)]
pub(super) struct WriteSse {
    /// For the operation.
    pub(super) encryption: WriteEncryption,
    /// For the answer.
    pub(super) shown: Shown,
}

/// Reads the encryption headers of a write.
pub(super) fn for_write(headers: &HeaderMap, secrets: &SecretHeaders) -> Result<WriteSse, Fault> {
    let method = text(headers, METHOD)?;
    let triple = Triple::read(secrets, &OWN)?;
    let encryption = match (method, &triple) {
        (Some(method), Some(_)) => return Err(argument(INCOMPATIBLE, Some(method))),
        (None, Some(triple)) => {
            let key = triple.write_key()?;
            let shown = Shown::Customer(key.md5_base64());
            return Ok(WriteSse { encryption: WriteEncryption::Customer(key), shown });
        }
        (Some("aws:kms" | "aws:kms:dsse"), None) => WriteEncryption::Kms,
        (Some("AES256") | None, None) => WriteEncryption::Managed,
        (Some(other), None) => return Err(argument(BAD_METHOD, Some(other))),
    };
    if !matches!(encryption, WriteEncryption::Kms) && KMS_ONLY.iter().any(|name| asks(headers, name)) {
        return Err(argument(KMS_HEADER, None));
    }
    let shown = if matches!(encryption, WriteEncryption::Kms) { Shown::Kms } else { Shown::Managed };
    Ok(WriteSse { encryption, shown })
}

/// `…-bucket-key-enabled: false` asks for nothing.
fn asks(headers: &HeaderMap, name: &str) -> bool {
    headers.get(name).is_some_and(|value| value != "false")
}

/// The key of a read.
#[derive(Debug)]
pub(super) enum ReadKey {
    /// None was given.
    None,
    /// One that may be the object's.
    Given(CustomerKey),
    /// A malformed triple. It is reported once the object is known to exist.
    Refused(Fault),
}

/// Reads the encryption headers of a read.
pub(super) fn for_read(headers: &HeaderMap, secrets: &SecretHeaders) -> Result<ReadKey, Fault> {
    if let Some(method) = text(headers, METHOD)? {
        return Err(argument(NOT_ON_READS, Some(method)));
    }
    let Some(triple) = Triple::read(secrets, &OWN)? else { return Ok(ReadKey::None) };
    Ok(match triple.read_key() {
        Ok(key) => ReadKey::Given(key),
        Err(fault) => ReadKey::Refused(fault),
    })
}

/// The key of a copy's source. It is read as a read's key is, but a malformed one is reported before any
/// look-up: a copy is a write, and S3 checks the form of a write first.
pub(super) fn for_source(secrets: &SecretHeaders) -> Result<Option<CustomerKey>, Fault> {
    Triple::read(secrets, &SOURCE)?.map(|triple| triple.read_key()).transpose()
}

/// Refuses key headers that mean nothing on this face: `x-amz-meta-encryption-*` is reserved, Swift's names
/// would be a key that is not used, and a source's key where nothing is copied likewise. Ignoring one would
/// leave its sender believing that the object is under that key.
pub(super) fn check_names(secrets: &SecretHeaders, copies: bool) -> Result<(), Fault> {
    let is_known = |name: &str| OWN.contain(name) || (copies && SOURCE.contain(name));
    match secrets.names().find(|name| !is_known(name)) {
        None => Ok(()),
        Some(name) => Err(Fault::invalid_request(format!(
            "The header {name} is reserved for encryption keys and has no meaning for this operation. Customer keys are \
             given as x-amz-server-side-encryption-customer-algorithm, -key and -key-MD5."
        ))),
    }
}

/// The three headers as they came.
struct Triple<'s> {
    algorithm: Option<&'s str>,
    key: Option<&'s str>,
    md5: Option<&'s str>,
}

impl<'s> Triple<'s> {
    /// `None` where none of the three was given.
    fn read(secrets: &'s SecretHeaders, names: &Names) -> Result<Option<Self>, Fault> {
        let one = |name| match secrets.single(name) {
            Ok(value) => Ok(value.map(str::trim)),
            Err(SecretHeaderError::Duplicate) => Err(argument(TWICE, None)),
            Err(SecretHeaderError::NotText) => Err(argument(BAD_KEY, None)),
        };
        let triple = Self { algorithm: one(names.algorithm)?, key: one(names.key)?, md5: one(names.md5)? };
        let given = triple.algorithm.or(triple.key).or(triple.md5).is_some();
        Ok(given.then_some(triple))
    }

    fn write_key(&self) -> Result<CustomerKey, Fault> {
        let text = self.checked_text()?;
        let key = CustomerKey::from_base64(text).map_err(|_| argument(BAD_KEY, None))?;
        self.check_md5(&key)?;
        Ok(key)
    }

    fn read_key(&self) -> Result<CustomerKey, Fault> {
        let text = self.checked_text()?;
        match CustomerKey::from_base64(text) {
            Ok(key) => self.check_md5(&key).map(|()| key),
            Err(_) if self.md5.is_none() => Err(argument(NO_MD5, None)),
            Err(_) => Ok(CustomerKey::generate()),
        }
    }

    /// Both present, the algorithm the one there is.
    fn checked_text(&self) -> Result<&'s str, Fault> {
        let algorithm =
            self.algorithm.filter(|a| !a.is_empty()).ok_or_else(|| argument(NO_ALGORITHM, None))?;
        let key = self.key.filter(|k| !k.is_empty()).ok_or_else(|| argument(NO_KEY, None))?;
        if algorithm == "AES256" {
            return Ok(key);
        }
        Err(Fault::InvalidEncryptionAlgorithm { value: harmless(algorithm) })
    }

    fn check_md5(&self, key: &CustomerKey) -> Result<(), Fault> {
        let given = self.md5.filter(|md5| !md5.is_empty()).ok_or_else(|| argument(NO_MD5, None))?;
        let matches = STANDARD.decode(given).is_ok_and(|md5| md5 == key.md5());
        if matches { Ok(()) } else { Err(argument(BAD_MD5, None)) }
    }
}

/// S3 names this argument whichever of the headers is wrong.
fn argument(message: &'static str, value: Option<&str>) -> Fault {
    Fault::InvalidArgument { message, name: METHOD, value: value.map(harmless) }
}

/// A value that is shown again only where it is too short to be a key in the wrong place.
fn harmless(value: &str) -> String {
    if value.len() <= 16 { value.to_owned() } else { String::from("(not shown)") }
}

#[cfg(test)]
mod tests;
