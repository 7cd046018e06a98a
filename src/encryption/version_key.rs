//! The object key: one for each version of an object, sealed in its envelope. It seals data keys and facts.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::derive::{Fields, KEY_LEN, derive, random};
use super::key::secret_key;
use super::{DataKey, Error, wrap};

/// The version of the two structures made here, their first byte.
const VERSION: u8 = 1;

secret_key!(
    /// The key of one version of an object (the "object key" of the design): random, stored only in the
    /// version's envelope. It wraps the data keys of the version's blobs, and seals facts that only a reader
    /// with the key may see.
    VersionKey
);

impl VersionKey {
    /// Wraps the data key of a blob that the version refers to: 61 bytes, stored with the reference.
    pub fn wrap(&self, version_uid: &[u8; 16], blob_id: &[u8; 24], key: &DataKey) -> Vec<u8> {
        self.seal(&Self::data_key_fields(version_uid, blob_id), key.expose())
    }

    /// Unwraps a data key. [`Error::Tampered`] unless this very version wrapped it for this very blob.
    pub fn unwrap(
        &self,
        version_uid: &[u8; 16],
        blob_id: &[u8; 24],
        wrapped: &[u8],
    ) -> Result<DataKey, Error> {
        let fields = Self::data_key_fields(version_uid, blob_id);
        let key = self.open(&fields, wrapped, "wrapped data key")?;
        let key = key.as_slice().try_into().map_err(|_| Error::Malformed("wrapped data key"))?;
        Ok(DataKey::new(key))
    }

    /// Seals facts about the plaintext (its MD5, checksums) that only a reader with the key may see.
    pub fn seal_facts(&self, version_uid: &[u8; 16], facts: &[u8]) -> Vec<u8> {
        self.seal(&Self::facts_fields(version_uid), facts)
    }

    /// Opens sealed facts. [`Error::Tampered`] unless this very version sealed them.
    pub fn open_facts(&self, version_uid: &[u8; 16], sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let facts = self.open(&Self::facts_fields(version_uid), sealed, "sealed facts")?;
        Ok(facts.to_vec())
    }

    /// Seals facts about the plaintext of a part of a multipart upload: never those of another part, or of
    /// the whole.
    pub fn seal_part_facts(&self, version_uid: &[u8; 16], number: u32, facts: &[u8]) -> Vec<u8> {
        self.seal(&Self::part_facts_fields(version_uid, number), facts)
    }

    /// Opens sealed facts of a part. [`Error::Tampered`] unless this very upload sealed them for this very
    /// part.
    pub fn open_part_facts(
        &self,
        version_uid: &[u8; 16],
        number: u32,
        sealed: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let facts = self.open(&Self::part_facts_fields(version_uid, number), sealed, "sealed part facts")?;
        Ok(facts.to_vec())
    }

    /// The key itself, for sealing it in an envelope.
    pub(super) fn expose(&self) -> &[u8; KEY_LEN] {
        &self.0
    }

    fn data_key_fields(version_uid: &[u8; 16], blob_id: &[u8; 24]) -> Fields {
        Fields::new("cardea/v1/data-key").bytes(version_uid).bytes(blob_id)
    }

    fn facts_fields(version_uid: &[u8; 16]) -> Fields {
        Fields::new("cardea/v1/facts").bytes(version_uid)
    }

    fn part_facts_fields(version_uid: &[u8; 16], number: u32) -> Fields {
        Fields::new("cardea/v1/part-facts").bytes(version_uid).number(u64::from(number))
    }

    /// `version ‖ nonce ‖ ciphertext ‖ tag`, under a key derived for these fields, with the fields as
    /// additional data.
    fn seal(&self, fields: &Fields, plain: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(1 + plain.len() + wrap::OVERHEAD);
        out.push(VERSION);
        wrap::seal(&derive(self.expose(), &[], fields), fields, plain, &mut out);
        out
    }

    fn open(&self, fields: &Fields, sealed: &[u8], what: &'static str) -> Result<Zeroizing<Vec<u8>>, Error> {
        match sealed.split_first() {
            None => Err(Error::Malformed(what)),
            Some((&VERSION, sealed)) => {
                wrap::open(&derive(self.expose(), &[], fields), fields, sealed).ok_or(Error::Tampered(what))
            }
            Some(_) => Err(Error::UnsupportedVersion),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_key_opens_for_its_version_and_blob_only() {
        let key = VersionKey::generate();
        let data_key = DataKey::generate();
        let wrapped = key.wrap(&[1; 16], &[2; 24], &data_key);
        assert_eq!(wrapped.len(), 61);
        assert_eq!(key.unwrap(&[1; 16], &[2; 24], &wrapped).unwrap(), data_key);

        let refused = Err(Error::Tampered("wrapped data key"));
        assert_eq!(key.unwrap(&[9; 16], &[2; 24], &wrapped), refused);
        assert_eq!(key.unwrap(&[1; 16], &[9; 24], &wrapped), refused);
        assert_eq!(VersionKey::generate().unwrap(&[1; 16], &[2; 24], &wrapped), refused);
        assert_eq!(key.unwrap(&[1; 16], &[2; 24], &wrapped[..60]), refused);
        assert_eq!(key.unwrap(&[1; 16], &[2; 24], &[]), Err(Error::Malformed("wrapped data key")));
    }

    #[test]
    fn facts_are_not_data_keys() {
        let key = VersionKey::generate();
        let sealed = key.seal_facts(&[1; 16], &[7; 32]);
        assert_eq!(key.open_facts(&[1; 16], &sealed).unwrap(), [7; 32]);
        assert_eq!(key.unwrap(&[1; 16], &[2; 24], &sealed), Err(Error::Tampered("wrapped data key")));
        assert_eq!(key.open_facts(&[2; 16], &sealed), Err(Error::Tampered("sealed facts")));
    }

    #[test]
    fn facts_of_a_part_are_of_no_other() {
        let key = VersionKey::generate();
        let sealed = key.seal_part_facts(&[1; 16], 3, b"facts");
        assert_eq!(key.open_part_facts(&[1; 16], 3, &sealed).unwrap(), b"facts");
        let refused = Err(Error::Tampered("sealed part facts"));
        assert_eq!(key.open_part_facts(&[1; 16], 4, &sealed), refused);
        assert_eq!(key.open_part_facts(&[2; 16], 3, &sealed), refused);
        assert_eq!(key.open_facts(&[1; 16], &sealed), Err(Error::Tampered("sealed facts")));
    }

    #[test]
    fn an_unknown_version_is_refused() {
        let key = VersionKey::generate();
        let mut sealed = key.seal_facts(&[1; 16], b"");
        assert_eq!(key.open_facts(&[1; 16], &sealed).unwrap(), b"");
        sealed[0] = 2;
        assert_eq!(key.open_facts(&[1; 16], &sealed), Err(Error::UnsupportedVersion));
    }
}
