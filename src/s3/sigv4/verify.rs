//! From a signature that is claimed to one that is verified.

use std::fmt;

use super::ALGORITHM;
use super::chunk::ChunkSigner;
use super::error::SigError;
use super::key::SigningKey;
use super::payload::PayloadMode;
use super::scope::Scope;

/// A request that says who signed it. Nothing of it is to be trusted.
pub struct Unverified {
    /// Whose secret to look up.
    pub access_key: String,
    pub(super) scope: Scope,
    pub(super) amz_date: String,
    pub(super) canonical_hashes: Vec<String>,
    pub(super) signature: String,
    pub(super) payload: PayloadMode,
    pub(super) presigned: bool,
}

impl Unverified {
    /// Compares the signature with the one the secret makes, in constant time.
    pub fn verify(self, secret: &str, region: &str) -> Result<Verified, SigError> {
        self.refuse_other_region(region)?;
        let key = SigningKey::derive(secret, &self.scope);
        let signature = self
            .canonical_hashes
            .iter()
            .find_map(|hash| key.verify(&self.string_to_sign_over(hash), &self.signature))
            .ok_or(SigError::SignatureDoesNotMatch)?;
        Ok(self.into_verified(Some(key), signature))
    }

    /// Takes the word of a Keystone that checked [`string_to_sign`](Self::string_to_sign) against
    /// [`signature`](Self::signature). Without the secret there is no key to verify chunks with.
    pub fn verified_by_keystone(mut self, region: &str) -> Result<Verified, SigError> {
        self.refuse_other_region(region)?;
        let signature = std::mem::take(&mut self.signature);
        Ok(self.into_verified(None, signature))
    }

    /// What the signature is over: a hash, no text of the request. For a Keystone's `s3tokens`.
    pub fn string_to_sign(&self) -> String {
        self.canonical_hashes.first().map(|hash| self.string_to_sign_over(hash)).unwrap_or_default()
    }

    /// The signature that is claimed. For a Keystone's `s3tokens`.
    pub fn signature(&self) -> &str {
        &self.signature
    }

    fn string_to_sign_over(&self, canonical_hash: &str) -> String {
        string_to_sign(&self.amz_date, &self.scope, canonical_hash)
    }

    fn refuse_other_region(&self, region: &str) -> Result<(), SigError> {
        if self.scope.region() == region {
            return Ok(());
        }
        let (found, expected) = (self.scope.region().to_owned(), region.to_owned());
        Err(SigError::WrongRegion { presigned: self.presigned, found, expected })
    }

    fn into_verified(self, signing_key: Option<SigningKey>, seed_signature: String) -> Verified {
        Verified {
            access_key: self.access_key,
            payload: self.payload,
            signing_key,
            scope: self.scope,
            seed_signature,
            amz_date: self.amz_date,
            presigned: self.presigned,
        }
    }
}

/// Shows who claims it, not the signature: a presigned one is as good as a password until it expires.
impl fmt::Debug for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unverified")
            .field("access_key", &self.access_key)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// A request that was signed with the secret of its access key. Made by [`Unverified`] alone.
pub struct Verified {
    access_key: String,
    payload: PayloadMode,
    signing_key: Option<SigningKey>,
    scope: Scope,
    seed_signature: String,
    amz_date: String,
    presigned: bool,
}

impl Verified {
    /// Whose.
    pub fn access_key(&self) -> &str {
        &self.access_key
    }

    /// How the signature covers the body.
    pub const fn payload(&self) -> PayloadMode {
        self.payload
    }

    /// Day and region of the signature.
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// `20130524T000000Z`
    pub fn amz_date(&self) -> &str {
        &self.amz_date
    }

    /// Whether it came in the query.
    pub const fn is_presigned(&self) -> bool {
        self.presigned
    }

    /// Verifies the chunks of the body, from the request's own signature on. `None` where a Keystone verified the
    /// request: signed chunks cannot be accepted then.
    pub fn chunk_signer(&self) -> Option<ChunkSigner> {
        let key = self.signing_key.clone()?;
        Some(ChunkSigner::new(key, &self.amz_date, &self.scope.to_string(), self.seed_signature.clone()))
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("access_key", &self.access_key)
            .field("payload", &self.payload)
            .field("scope", &self.scope)
            .field("presigned", &self.presigned)
            .finish_non_exhaustive()
    }
}

/// AWS, "Task 2: Create a String to Sign".
pub(super) fn string_to_sign(amz_date: &str, scope: &Scope, canonical_hash: &str) -> String {
    format!("{ALGORITHM}\n{amz_date}\n{scope}\n{canonical_hash}")
}
