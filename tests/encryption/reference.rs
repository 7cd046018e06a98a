//! The format of `docs/encryption-format.md` a second time, with salts and nonces given, and sharing no code
//! with the core. It only seals; what it seals, the core must open.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// Fields, each after its length.
pub fn fields(list: &[&[u8]]) -> Vec<u8> {
    list.iter().flat_map(|field| [&(field.len() as u64).to_be_bytes()[..], field].concat()).collect()
}

fn hmac(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).unwrap();
    mac.update(data);
    mac.finalize().into_bytes().to_vec()
}

/// RFC 5869, up to 64 bytes.
pub fn hkdf(secret: &[u8], salt: &[u8], info: &[u8], len: usize) -> Vec<u8> {
    let prk = hmac(salt, secret);
    let first = hmac(&prk, &[info, &[1]].concat());
    let second = hmac(&prk, &[&first, info, &[2]].concat());
    [first, second].concat()[..len].to_vec()
}

/// `ciphertext ‖ tag`.
pub fn gcm(key: &[u8], nonce: [u8; 12], aad: &[u8], plain: &[u8]) -> Vec<u8> {
    let cipher = Aes256Gcm::new_from_slice(key).unwrap();
    cipher.encrypt(&Nonce::from(nonce), Payload { msg: plain, aad }).unwrap()
}

/// `nonce ‖ ciphertext ‖ tag`.
pub fn wrap(key: &[u8], nonce: [u8; 12], aad: &[u8], plain: &[u8]) -> Vec<u8> {
    [&nonce[..], &gcm(key, nonce, aad, plain)].concat()
}

/// A sealed blob, chunk by chunk, so that it can also be sealed against the rules.
pub struct Blob {
    key: Vec<u8>,
    pub sealed: Vec<u8>,
    next: u64,
}

impl Blob {
    pub fn new(data_key: &[u8; 32], blob_id: &[u8; 24], salt: &[u8; 32]) -> Self {
        let mut header = b"CARDEA\x01\x01\x00\x01\x00\x00".to_vec();
        header.extend_from_slice(blob_id);
        header.extend_from_slice(salt);
        let mut key = hkdf(data_key, salt, &fields(&[b"cardea/v1/blob", blob_id, &header]), 64);
        header.extend_from_slice(&key[32..]);
        key.truncate(32);
        Self { key, sealed: header, next: 0 }
    }

    pub fn chunk(mut self, plain: &[u8], last: bool) -> Self {
        let mut nonce = [0; 12];
        nonce[3..11].copy_from_slice(&self.next.to_be_bytes());
        nonce[11] = u8::from(last);
        self.sealed.extend_from_slice(&gcm(&self.key, nonce, &[], plain));
        self.next += 1;
        self
    }
}

/// A sealed blob by the rules.
pub fn blob(data_key: &[u8; 32], blob_id: &[u8; 24], salt: &[u8; 32], plain: &[u8]) -> Vec<u8> {
    let chunks: Vec<&[u8]> = if plain.is_empty() { vec![&[]] } else { plain.chunks(65536).collect() };
    let blob = Blob::new(data_key, blob_id, salt);
    let count = chunks.len();
    (1..).zip(chunks).fold(blob, |blob, (number, chunk)| blob.chunk(chunk, number == count)).sealed
}

/// Who opens an inner envelope: mode byte, ring key id (empty for a customer), secret.
#[derive(Clone, Copy)]
pub struct Holder<'a> {
    pub mode: u8,
    pub ring_id: &'a [u8],
    pub secret: &'a [u8],
}

/// An inner envelope.
pub fn inner(
    holder: Holder<'_>,
    account: &str,
    version_uid: &[u8],
    version_key: &[u8],
    salt: [u8; 32],
    nonce: [u8; 12],
) -> Vec<u8> {
    let info = fields(&[b"cardea/v1/envelope/inner", &[holder.mode], account.as_bytes(), version_uid]);
    let key = hkdf(holder.secret, &salt, &info, 64);
    let sealed = wrap(&key[..32], nonce, &info, version_key);
    [&[1, holder.mode], holder.ring_id, &salt, &key[32..], &sealed].concat()
}

/// One slice of a blob.
#[derive(Clone)]
pub struct Part {
    pub blob_id: [u8; 24],
    pub offset: u64,
    pub length: u64,
    pub wrapped_key: Vec<u8>,
}

/// The part list's hash.
pub fn parts_hash(parts: &[Part]) -> [u8; 32] {
    let mut bytes = fields(&[b"cardea/v1/parts", &(parts.len() as u64).to_be_bytes()]);
    for (sequence, part) in (0_u64..).zip(parts) {
        bytes.extend_from_slice(&sequence.to_be_bytes());
        bytes.extend_from_slice(&part.blob_id);
        bytes.extend_from_slice(&part.offset.to_be_bytes());
        bytes.extend_from_slice(&part.length.to_be_bytes());
        bytes.extend_from_slice(&(part.wrapped_key.len() as u64).to_be_bytes());
        bytes.extend_from_slice(&part.wrapped_key);
    }
    Sha256::digest(bytes).into()
}

/// The hash of a part list and a manifest.
pub fn manifest_hash(parts_hash: &[u8; 32], manifest: &[u8]) -> [u8; 32] {
    let length = (manifest.len() as u64).to_be_bytes();
    let mut bytes = fields(&[b"cardea/v1/manifest", parts_hash, &length]);
    bytes.extend_from_slice(manifest);
    Sha256::digest(bytes).into()
}

/// An envelope. The binding's fields in the order of the document, with the mode as its byte.
pub fn outer(
    ring_id: &[u8],
    ring_secret: &[u8],
    inner: &[u8],
    binding: &Binding<'_>,
    nonce: [u8; 12],
) -> Vec<u8> {
    let info = fields(&[b"cardea/v1/envelope/outer-key", binding.version_uid]);
    let key = hkdf(ring_secret, &[], &info, 32);
    let aad = fields(&[
        b"cardea/v1/envelope/outer",
        &[1],
        ring_id,
        binding.account.as_bytes(),
        binding.bucket,
        binding.key,
        binding.version_id.as_bytes(),
        binding.version_uid,
        &[binding.mode],
        &binding.total_length.to_be_bytes(),
        &binding.parts_hash,
    ]);
    [&[1], ring_id, &wrap(&key, nonce, &aad, inner)].concat()
}

/// What an envelope is bound to.
pub struct Binding<'a> {
    pub account: &'a str,
    pub bucket: &'a [u8],
    pub key: &'a [u8],
    pub version_id: &'a str,
    pub version_uid: &'a [u8],
    pub mode: u8,
    pub total_length: u64,
    pub parts_hash: [u8; 32],
}

/// A data key wrapped by a version's key.
pub fn wrapped_key(
    version_key: &[u8],
    version_uid: &[u8],
    blob_id: &[u8],
    data_key: &[u8],
    nonce: [u8; 12],
) -> Vec<u8> {
    let aad = fields(&[b"cardea/v1/data-key", version_uid, blob_id]);
    [&[1], &wrap(&hkdf(version_key, &[], &aad, 32), nonce, &aad, data_key)[..]].concat()
}

/// Facts sealed by a version's key.
pub fn facts(version_key: &[u8], version_uid: &[u8], facts: &[u8], nonce: [u8; 12]) -> Vec<u8> {
    let aad = fields(&[b"cardea/v1/facts", version_uid]);
    [&[1], &wrap(&hkdf(version_key, &[], &aad, 32), nonce, &aad, facts)[..]].concat()
}

/// Facts of a part, sealed by an upload's key.
pub fn part_facts(
    version_key: &[u8],
    version_uid: &[u8],
    number: u64,
    facts: &[u8],
    nonce: [u8; 12],
) -> Vec<u8> {
    let aad = fields(&[b"cardea/v1/part-facts", version_uid, &number.to_be_bytes()]);
    [&[1], &wrap(&hkdf(version_key, &[], &aad, 32), nonce, &aad, facts)[..]].concat()
}

/// The binding of a part of an upload, and its contents.
pub struct UploadPart<'a> {
    pub account: &'a str,
    pub bucket: &'a [u8],
    pub key: &'a [u8],
    pub version_uid: &'a [u8],
    pub mode: u8,
    pub number: u64,
    pub length: u64,
    pub contents: Vec<u8>,
}

/// The hashes of what a part is made of, and of its ETag.
pub fn part_contents(parts: &[Part], etag: &str) -> Vec<u8> {
    let etag = Sha256::digest(fields(&[b"cardea/v1/upload-part-etag", etag.as_bytes()]));
    [&parts_hash(parts), &etag[..]].concat()
}

/// The sealed record of a part of an upload.
pub fn upload_part(
    ring_id: &[u8],
    ring_secret: &[u8],
    part: &UploadPart<'_>,
    facts: &[u8],
    nonce: [u8; 12],
) -> Vec<u8> {
    let header = [&[1, part.mode], ring_id, part.version_uid].concat();
    let info = fields(&[b"cardea/v1/upload-part-key", part.version_uid]);
    let aad = fields(&[
        b"cardea/v1/upload-part",
        &header,
        part.account.as_bytes(),
        part.bucket,
        part.key,
        &part.number.to_be_bytes(),
        &part.length.to_be_bytes(),
    ]);
    let plain = [&part.contents[..], facts].concat();
    [header, wrap(&hkdf(ring_secret, &[], &info, 32), nonce, &aad, &plain)].concat()
}

/// A secret sealed by the ring.
pub fn secret(
    ring_id: &[u8],
    ring_secret: &[u8],
    purpose: &str,
    context: &[u8],
    plain: &[u8],
    salt: [u8; 32],
    nonce: [u8; 12],
) -> Vec<u8> {
    let key = hkdf(ring_secret, &salt, &fields(&[b"cardea/v1/secret-key", purpose.as_bytes()]), 32);
    let aad = fields(&[b"cardea/v1/secret", &[1], ring_id, purpose.as_bytes(), context]);
    [&[1], ring_id, &salt, &wrap(&key, nonce, &aad, plain)].concat()
}

/// The bytes of an exported key ring, before base64. Cost: memory in KiB, passes, lanes.
pub fn export(file: &str, passphrase: &str, cost: [u32; 3], salt: [u8; 32], nonce: [u8; 12]) -> Vec<u8> {
    let [memory, passes, lanes] = cost;
    let header = [&[1], &cost.map(u32::to_be_bytes).concat()[..], &salt].concat();
    let params = argon2::Params::new(memory, passes, lanes, Some(32)).unwrap();
    let mut key = [0; 32];
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), &salt, &mut key)
        .unwrap();
    let sealed = wrap(&key, nonce, &fields(&[b"cardea/v1/keyring-export", &header]), file.as_bytes());
    [header, sealed].concat()
}

#[test]
fn hkdf_gives_rfc_5869_s_first_test_case() {
    let salt: Vec<u8> = (0..=0x0c).collect();
    let info: Vec<u8> = (0xf0..=0xf9).collect();
    let expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
    assert_eq!(hex::encode(hkdf(&[0x0b; 22], &salt, &info, 42)), expected);
}
