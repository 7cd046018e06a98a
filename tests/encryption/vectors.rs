//! The vectors in `tests/vectors/encryption`: their shape, the test that runs them, and the test that they
//! are what the generators make (`known_blobs.rs`, `known_envelopes.rs`, `known_parts.rs`,
//! `known_secrets.rs`).
//!
//! To write them anew: `CARDEA_WRITE_VECTORS=1 cargo test --test encryption vectors`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cardea::encryption::{
    Binding, CustomerKey, DataKey, Error, Holder, KeyFormatError, KeyRing, Mode, PartBinding, PartContents,
    PartRef, PartsHash, VersionKey, hash_parts, open_inner, open_outer, open_part,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{known_blobs, known_envelopes, known_parts, known_secrets, reference};
use crate::{CIPHERS, open, pattern};

/// Vectors by the names of their files.
pub type Vectors = BTreeMap<String, Vector>;

#[derive(Serialize, Deserialize, Clone)]
pub struct Vector {
    pub comment: String,
    #[serde(flatten)]
    pub case: Case,
    /// What must come out: hex, or text where the kind says so. None where an error must.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gives: Option<String>,
    /// The error that must come out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What is to be opened. Byte strings are in hex.
#[derive(Serialize, Deserialize, Clone)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Case {
    /// Gives the plaintext; where it is a pattern, its SHA-256.
    Blob { data_key: Hex, blob_id: Hex, plain_len: u64, sealed: Sealed },
    /// Gives the version's key.
    Envelope {
        ring: Ring,
        customer_key: Option<Hex>,
        #[serde(rename = "place")]
        binding: BindingFields,
        envelope: Hex,
    },
    /// Gives the part list's hash; with a manifest, that of a static large object.
    PartList {
        parts: Vec<Part>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        manifest: Option<Hex>,
    },
    /// Gives the data key.
    WrappedKey { version_key: Hex, version_uid: Hex, blob_id: Hex, wrapped: Hex },
    /// Gives the facts.
    Facts { version_key: Hex, version_uid: Hex, sealed: Hex },
    /// Gives the facts.
    PartFacts { version_key: Hex, version_uid: Hex, number: u32, sealed: Hex },
    /// Gives the facts, where the part is of that upload and made of those references.
    UploadPart(UploadPart),
    /// Gives the secret.
    Secret { ring: Ring, purpose: String, context: Hex, sealed: Hex },
    /// Gives the active key's id.
    KeyRing { file: String },
    /// Gives the active key's id.
    KeyRingExport { passphrase: String, export: String },
    /// Gives the key; the text is base64.
    CustomerKey { text: String },
}

/// A byte string in hex.
#[derive(Serialize, Deserialize, Clone)]
#[serde(try_from = "String", into = "String")]
pub struct Hex(pub Vec<u8>);

/// A sealed blob.
#[derive(Serialize, Deserialize, Clone)]
#[serde(untagged)]
pub enum Sealed {
    /// As it is.
    Bytes(Hex),
    /// To be sealed first: the pattern (byte i is i mod 251) of that length, under a given salt, data key and
    /// blob id of the vector. `sha256` is that of the sealed bytes.
    Pattern { pattern: usize, salt: Hex, sha256: Hex },
    /// Put together from slices of other vectors' blobs and other bytes.
    Pieces { pieces: Vec<Piece> },
}

/// A piece of a blob.
#[derive(Serialize, Deserialize, Clone)]
#[serde(untagged)]
pub enum Piece {
    /// Bytes `from..to` of the sealed blob of another vector.
    Of {
        of: String,
        from: usize,
        to: usize,
    },
    Bytes(Hex),
}

/// A key ring.
#[derive(Serialize, Deserialize, Clone)]
pub struct Ring {
    pub active: Hex,
    /// Ids and secrets.
    pub keys: Vec<(Hex, Hex)>,
}

/// What an envelope is bound to.
#[derive(Serialize, Deserialize, Clone)]
pub struct BindingFields {
    pub account: String,
    pub bucket: Hex,
    pub key: Hex,
    pub version_id: String,
    pub version_uid: Hex,
    pub mode: u8,
    pub total_length: u64,
    pub parts: Vec<Part>,
}

/// A part of a multipart upload.
#[derive(Serialize, Deserialize, Clone)]
pub struct UploadPart {
    pub ring: Ring,
    pub account: String,
    pub bucket: Hex,
    pub key: Hex,
    pub version_uid: Hex,
    pub mode: u8,
    pub number: u32,
    pub length: u64,
    pub etag: String,
    pub parts: Vec<Part>,
    pub sealed: Hex,
}

/// One slice of a blob.
#[derive(Serialize, Deserialize, Clone)]
pub struct Part {
    pub blob_id: Hex,
    pub offset: u64,
    pub length: u64,
    pub wrapped_key: Hex,
}

#[test]
fn every_vector_holds() {
    let vectors = on_disk();
    for (name, vector) in &vectors {
        let results = match &vector.case {
            Case::Blob { .. } => open_blob(&vectors, &vector.case),
            case => vec![open_other(case, vector.gives.as_deref().unwrap_or_default())],
        };
        for result in results {
            assert_eq!(result.as_ref().ok(), vector.gives.as_ref(), "{name}: {result:?}");
            assert_eq!(result.as_ref().err(), vector.error.as_ref(), "{name}: {result:?}");
        }
        assert_eq!(name.starts_with("fail_"), vector.error.is_some(), "{name} is named wrongly");
    }
}

#[test]
fn the_failing_ones_outnumber_the_rest() {
    let vectors = on_disk();
    let failing = vectors.keys().filter(|name| name.starts_with("fail_")).count();
    assert!(failing > vectors.len() - failing, "{failing} of {}", vectors.len());
}

#[test]
fn the_files_are_what_the_generators_make() {
    let mut made = Vectors::new();
    known_blobs::add(&mut made);
    known_envelopes::add(&mut made);
    known_parts::add(&mut made);
    known_secrets::add(&mut made);
    let made: BTreeMap<_, _> = made.iter().map(|(name, vector)| (name.clone(), to_text(vector))).collect();
    if std::env::var_os("CARDEA_WRITE_VECTORS").is_some() {
        for (name, text) in &made {
            fs::write(folder().join(format!("{name}.json")), text).unwrap();
        }
    }
    let names = |texts: &BTreeMap<String, String>| texts.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&texts_on_disk()), names(&made));
    assert_eq!(texts_on_disk(), made);
}

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "vectors", "encryption"].iter().collect()
}

fn to_text(vector: &Vector) -> String {
    serde_json::to_string_pretty(vector).unwrap() + "\n"
}

fn texts_on_disk() -> BTreeMap<String, String> {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    files.map(|path| (name(&path), fs::read_to_string(&path).unwrap())).collect()
}

fn on_disk() -> Vectors {
    let parse = |(name, text): (String, String)| {
        let vector = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, vector)
    };
    texts_on_disk().into_iter().map(parse).collect()
}

/// Opens a blob with both ciphers.
fn open_blob(vectors: &Vectors, case: &Case) -> Vec<Result<String, String>> {
    let Case::Blob { data_key, blob_id, plain_len, sealed } = case else { unreachable!() };
    let bytes = sealed_bytes(vectors, case);
    let open =
        |cipher| match open(cipher, &DataKey::new(data_key.array()), &blob_id.array(), *plain_len, &bytes) {
            Ok(plain) if matches!(sealed, Sealed::Pattern { .. }) => Ok(hex::encode(Sha256::digest(plain))),
            Ok(plain) => Ok(hex::encode(plain)),
            Err(error) => Err(error_name(error)),
        };
    CIPHERS.into_iter().map(open).collect()
}

/// The bytes of a blob as they are stored.
fn sealed_bytes(vectors: &Vectors, case: &Case) -> Vec<u8> {
    let Case::Blob { data_key, blob_id, sealed, .. } = case else { unreachable!() };
    match sealed {
        Sealed::Bytes(bytes) => bytes.0.clone(),
        Sealed::Pattern { pattern: len, salt, sha256 } => {
            let bytes = reference::blob(&data_key.array(), &blob_id.array(), &salt.array(), &pattern(*len));
            assert_eq!(hex::encode(Sha256::digest(&bytes)), hex::encode(&sha256.0));
            bytes
        }
        Sealed::Pieces { pieces } => pieces
            .iter()
            .flat_map(|piece| match piece {
                Piece::Bytes(bytes) => bytes.0.clone(),
                Piece::Of { of, from, to } => sealed_bytes(vectors, &vectors[of].case)[*from..*to].to_vec(),
            })
            .collect(),
    }
}

fn open_other(case: &Case, gives: &str) -> Result<String, String> {
    // Keys are not shown. All that can be asked is whether a key is the right one.
    let known = |is_right: &dyn Fn([u8; 32]) -> bool| {
        let right = <[u8; 32]>::try_from(hex::decode(gives).unwrap_or_default()).is_ok_and(is_right);
        if right { gives.to_owned() } else { "another key".to_owned() }
    };
    match case {
        Case::Blob { .. } => unreachable!("blobs are opened with both ciphers"),
        Case::Envelope { ring, customer_key, binding, envelope } => {
            let customer_key = customer_key.as_ref().map(|key| CustomerKey::new(key.array()));
            let holder = customer_key.as_ref().map_or(Holder::Ring, Holder::Customer);
            let key = open_envelope(&ring.read()?, holder, binding, &envelope.0).map_err(error_name)?;
            Ok(known(&|right| VersionKey::new(right) == key))
        }
        Case::PartList { parts, manifest } => {
            let parts = parts_hash(parts);
            let hash = manifest.as_ref().map_or(parts, |manifest| parts.with_manifest(&manifest.0));
            Ok(hex::encode(hash.as_bytes()))
        }
        Case::WrappedKey { version_key, version_uid, blob_id, wrapped } => {
            let version_key = VersionKey::new(version_key.array());
            let unwrapped = version_key.unwrap(&version_uid.array(), &blob_id.array(), &wrapped.0);
            let key = unwrapped.map_err(error_name)?;
            Ok(known(&|right| DataKey::new(right) == key))
        }
        Case::Facts { version_key, version_uid, sealed } => {
            let facts = VersionKey::new(version_key.array()).open_facts(&version_uid.array(), &sealed.0);
            facts.map(hex::encode).map_err(error_name)
        }
        Case::PartFacts { version_key, version_uid, number, sealed } => {
            let version_key = VersionKey::new(version_key.array());
            let facts = version_key.open_part_facts(&version_uid.array(), *number, &sealed.0);
            facts.map(hex::encode).map_err(error_name)
        }
        Case::UploadPart(part) => open_upload_part(part),
        Case::Secret { ring, purpose, context, sealed } => {
            let secret = ring.read()?.open_secret(purpose, &context.0, &sealed.0);
            secret.map(|secret| hex::encode(&*secret)).map_err(error_name)
        }
        Case::KeyRing { file } => active_id(KeyRing::from_toml(file)),
        Case::KeyRingExport { passphrase, export } => active_id(KeyRing::import_sealed(passphrase, export)),
        Case::CustomerKey { text } => match CustomerKey::from_base64(text) {
            Ok(key) => Ok(hex::encode(key.expose())),
            Err(KeyFormatError::NotBase64) => Err("not_base64".into()),
            Err(KeyFormatError::WrongLength { .. }) => Err("wrong_length".into()),
        },
    }
}

fn open_upload_part(part: &UploadPart) -> Result<String, String> {
    let bound_to = PartBinding {
        account: &part.account,
        bucket: &part.bucket.array(),
        key: &part.key.0,
        number: part.number,
        length: part.length,
    };
    let opened = open_part(&part.ring.read()?, &bound_to, &part.sealed.0).map_err(error_name)?;
    let upload =
        (part.version_uid.array(), part.mode, PartContents::new(&parts_hash(&part.parts), &part.etag));
    if (opened.version_uid, opened.mode, opened.contents) != upload {
        return Err("tampered".into());
    }
    Ok(hex::encode(opened.facts))
}

fn open_envelope(
    ring: &KeyRing,
    holder: Holder<'_>,
    fields: &BindingFields,
    envelope: &[u8],
) -> Result<VersionKey, Error> {
    let version_uid = fields.version_uid.array();
    let binding = Binding {
        account: &fields.account,
        bucket: &fields.bucket.array(),
        key: &fields.key.0,
        version_id: &fields.version_id,
        version_uid: &version_uid,
        mode: [Mode::Managed, Mode::Customer, Mode::Kms][usize::from(fields.mode) - 1],
        total_length: fields.total_length,
        parts: parts_hash(&fields.parts),
    };
    let inner = open_outer(ring, envelope, &binding)?;
    open_inner(ring, &inner, holder, &fields.account, &version_uid)
}

fn parts_hash(parts: &[Part]) -> PartsHash {
    let ids: Vec<[u8; 24]> = parts.iter().map(|part| part.blob_id.array()).collect();
    hash_parts(parts.iter().zip(&ids).map(|(part, blob_id)| PartRef {
        blob_id,
        offset: part.offset,
        length: part.length,
        wrapped_key: &part.wrapped_key.0,
    }))
}

fn active_id(ring: Result<KeyRing, Error>) -> Result<String, String> {
    ring.map(|ring| ring.active_id().to_string()).map_err(error_name)
}

/// An error as the vectors name it.
fn error_name(error: Error) -> String {
    let name = match error {
        Error::WrongKey => "wrong_key",
        Error::WrongHolder => "wrong_holder",
        Error::WrongPassphrase => "wrong_passphrase",
        Error::Tampered(_) => "tampered",
        Error::UnsupportedVersion => "unsupported_version",
        Error::UnknownRingKey => "unknown_ring_key",
        Error::Malformed(_) => "malformed",
        Error::Sequence(_) => "sequence",
        Error::TooLarge => "too_large",
    };
    name.to_owned()
}

impl Hex {
    fn array<const N: usize>(&self) -> [u8; N] {
        self.0.as_slice().try_into().unwrap()
    }
}

impl TryFrom<String> for Hex {
    type Error = hex::FromHexError;

    fn try_from(text: String) -> Result<Self, hex::FromHexError> {
        hex::decode(text).map(Self)
    }
}

impl From<Hex> for String {
    fn from(bytes: Hex) -> Self {
        hex::encode(bytes.0)
    }
}

impl From<&[u8]> for Hex {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl<const N: usize> From<[u8; N]> for Hex {
    fn from(bytes: [u8; N]) -> Self {
        Self(bytes.to_vec())
    }
}

impl Part {
    /// The same, as the reference takes it.
    pub fn to_reference(&self) -> reference::Part {
        reference::Part {
            blob_id: self.blob_id.array(),
            offset: self.offset,
            length: self.length,
            wrapped_key: self.wrapped_key.0.clone(),
        }
    }
}

impl Ring {
    /// The ring's file.
    pub fn to_toml(&self) -> String {
        let keys = self.keys.iter().map(|(id, secret)| {
            let (id, secret) = (hex::encode(&id.0), STANDARD.encode(&secret.0));
            format!("\n[[keys]]\nid = \"{id}\"\nsecret = \"{secret}\"\n")
        });
        let keys: String = keys.collect();
        format!("version = 1\nactive = \"{}\"\n{keys}", hex::encode(&self.active.0))
    }

    fn read(&self) -> Result<KeyRing, String> {
        KeyRing::from_toml(&self.to_toml()).map_err(error_name)
    }
}
