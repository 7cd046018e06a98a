//! What is kept of a part of a multipart upload, sealed under the ring and bound to its place.
//!
//! Until an upload is completed no envelope binds its parts. So each carries a seal of its own: parts that
//! were swapped, moved to another upload or given other references do not open, whether or not the customer's
//! key is at hand. `docs/encryption-format.md` has the bytes.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::derive::{Fields, KEY_LEN, derive};
use super::keyring::RingKey;
use super::{Error, KeyRing, Mode, PartsHash, RingKeyId, wrap};

/// The version of the structure, its first byte.
const VERSION: u8 = 1;

/// The clear bytes at its start: version, mode, ring key id, version uid.
const HEADER: usize = 2 + RingKeyId::LEN + 16;

/// What a part's seal is bound to. It opens only if all of this is unchanged.
#[derive(Clone, Copy, Debug)]
pub struct PartBinding<'a> {
    /// The account's id.
    pub account: &'a str,
    /// The bucket's id.
    pub bucket: &'a [u8; 16],
    /// The object's key, its name in the bucket.
    pub key: &'a [u8],
    /// The part's number.
    pub number: u32,
    /// Its plaintext's length in bytes.
    pub length: u64,
}

/// Hashes of the references that a part is made of, and of its ETag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PartContents {
    references: [u8; 32],
    etag: [u8; 32],
}

impl PartContents {
    /// Of these references and this ETag.
    pub fn new(references: &PartsHash, etag: &str) -> Self {
        let etag = Fields::new("cardea/v1/upload-part-etag").bytes(etag.as_bytes());
        Self { references: *references.as_bytes(), etag: Sha256::digest(etag.as_slice()).into() }
    }

    /// Whether the part is made of these references, whatever its ETag.
    pub fn is_of(&self, references: &PartsHash) -> bool {
        self.references == *references.as_bytes()
    }
}

/// A part's seal that was opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenedPart {
    /// The upload that it was sealed for.
    pub version_uid: [u8; 16],
    /// The mode of the upload, which decides how the facts are kept.
    pub mode: u8,
    /// The hashes of the contents that the part must have.
    pub contents: PartContents,
    /// Facts of its plaintext; sealed once more in mode 2.
    pub facts: Vec<u8>,
}

/// Seals the record of a part.
///
/// # Panics
/// When the operating system gives no randomness.
pub fn seal_part(
    ring: &KeyRing,
    place: &PartBinding<'_>,
    version_uid: &[u8; 16],
    mode: Mode,
    contents: PartContents,
    facts: &[u8],
) -> Vec<u8> {
    let ring_key = ring.active();
    let mut sealed = Vec::with_capacity(HEADER + 64 + facts.len() + wrap::OVERHEAD);
    sealed.extend_from_slice(&[VERSION, mode as u8]);
    sealed.extend_from_slice(ring_key.id().as_bytes());
    sealed.extend_from_slice(version_uid);
    let fields = place_fields(&sealed, place);
    let plain = [contents.references.as_slice(), &contents.etag, facts].concat();
    wrap::seal(&part_key(ring_key, version_uid), &fields, &plain, &mut sealed);
    sealed
}

/// Opens the record of a part. The caller compares the upload and the contents with the expected ones.
///
/// [`Error::Tampered`] for anything that does not verify, [`Error::UnknownRingKey`] if the ring does not have
/// the key.
pub fn open_part(ring: &KeyRing, place: &PartBinding<'_>, sealed: &[u8]) -> Result<OpenedPart, Error> {
    const MALFORMED: Error = Error::Malformed("upload part");
    if *sealed.first().ok_or(MALFORMED)? != VERSION {
        return Err(Error::UnsupportedVersion);
    }
    let (header, wrapped) = sealed.split_first_chunk::<HEADER>().ok_or(MALFORMED)?;
    let (id, version_uid) = header[2..].split_first_chunk().ok_or(MALFORMED)?;
    let version_uid: [u8; 16] = version_uid.try_into().map_err(|_| MALFORMED)?;
    let ring_key = ring.find(*id)?;
    let plain = wrap::open(&part_key(ring_key, &version_uid), &place_fields(header, place), wrapped)
        .ok_or(Error::Tampered("upload part"))?;
    let (references, rest) = plain.split_first_chunk().ok_or(MALFORMED)?;
    let (etag, facts) = rest.split_first_chunk().ok_or(MALFORMED)?;
    let contents = PartContents { references: *references, etag: *etag };
    Ok(OpenedPart { version_uid, mode: header[1], contents, facts: facts.to_vec() })
}

/// One key for each upload, so that no number of parts wears out a ring key's nonces.
fn part_key(ring_key: &RingKey, version_uid: &[u8; 16]) -> Zeroizing<[u8; KEY_LEN]> {
    derive(ring_key.secret(), &[], &Fields::new("cardea/v1/upload-part-key").bytes(version_uid))
}

fn place_fields(header: &[u8], place: &PartBinding<'_>) -> Fields {
    Fields::new("cardea/v1/upload-part")
        .bytes(header)
        .bytes(place.account.as_bytes())
        .bytes(place.bucket)
        .bytes(place.key)
        .number(u64::from(place.number))
        .number(place.length)
}

#[cfg(test)]
mod tests {
    use super::super::{PartRef, hash_parts};
    use super::*;

    const PLACE: PartBinding<'static> =
        PartBinding { account: "account", bucket: &[1; 16], key: b"key", number: 3, length: 10 };

    fn contents(etag: &str) -> PartContents {
        let part = PartRef { blob_id: &[1; 24], offset: 0, length: 10, wrapped_key: &[3; 61] };
        PartContents::new(&hash_parts([part].into_iter()), etag)
    }

    #[test]
    fn opens_with_its_binding_only() {
        let ring = KeyRing::generate();
        let sealed = seal_part(&ring, &PLACE, &[7; 16], Mode::Customer, contents("etag"), b"facts");
        let opened = open_part(&ring, &PLACE, &sealed).unwrap();
        assert_eq!((opened.version_uid, opened.mode), ([7; 16], 2));
        assert_eq!((opened.contents, opened.facts.as_slice()), (contents("etag"), &b"facts"[..]));
        assert_ne!(opened.contents, contents("other"));
        assert!(!opened.contents.is_of(&hash_parts(std::iter::empty())));

        let tampered = Err(Error::Tampered("upload part"));
        for elsewhere in [
            PartBinding { account: "other", ..PLACE },
            PartBinding { bucket: &[2; 16], ..PLACE },
            PartBinding { key: b"other", ..PLACE },
            PartBinding { number: 4, ..PLACE },
            PartBinding { length: 11, ..PLACE },
        ] {
            assert_eq!(open_part(&ring, &elsewhere, &sealed), tampered, "{elsewhere:?}");
        }
        assert!(matches!(open_part(&KeyRing::generate(), &PLACE, &sealed), Err(Error::UnknownRingKey)));
    }

    #[test]
    fn any_damage_is_found() {
        let ring = KeyRing::generate();
        let sealed = seal_part(&ring, &PLACE, &[7; 16], Mode::Managed, contents("etag"), b"facts");
        for cut in 0..sealed.len() {
            assert!(open_part(&ring, &PLACE, &sealed[..cut]).is_err(), "cut to {cut}");
            let mut flipped = sealed.clone();
            flipped[cut] ^= 1;
            assert!(open_part(&ring, &PLACE, &flipped).is_err(), "flipped at {cut}");
        }
    }
}
