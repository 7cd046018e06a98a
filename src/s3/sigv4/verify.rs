//! From a signature that is claimed to one that is verified.

use std::fmt;

use super::ALGORITHM;
use super::chunk::ChunkSigner;
use super::error::SigError;
use super::key::SigningKey;
use super::payload::PayloadMode;
use super::scope::Scope;

/// A request that says who signed it. Nothing of it is to be trusted.
pub(crate) struct Unverified {
    /// Whose secret to look up.
    pub(crate) access_key: String,
    pub(super) scope: Scope,
    pub(super) amz_date: String,
    pub(super) canonical_hashes: Vec<String>,
    pub(super) signature: String,
    pub(super) payload: PayloadMode,
    pub(super) presigned: bool,
}

impl Unverified {
    /// Compares the signature with the one the secret makes, in constant time.
    pub(crate) fn verify(self, secret: &str, region: &str) -> Result<Verified, SigError> {
        self.refuse_other_region(region)?;
        let key = SigningKey::derive(secret, &self.scope);
        let signature = self
            .canonical_hashes
            .iter()
            .find_map(|hash| key.verify(&self.string_to_sign_over(hash), &self.signature))
            .ok_or(SigError::SignatureDoesNotMatch)?;
        Ok(self.into_verified(key, signature))
    }

    pub(super) fn string_to_sign_over(&self, canonical_hash: &str) -> String {
        string_to_sign(&self.amz_date, &self.scope, canonical_hash)
    }

    fn refuse_other_region(&self, region: &str) -> Result<(), SigError> {
        if self.scope.region() == region {
            return Ok(());
        }
        let (found, expected) = (self.scope.region().to_owned(), region.to_owned());
        Err(SigError::WrongRegion { presigned: self.presigned, found, expected })
    }

    fn into_verified(self, signing_key: SigningKey, seed_signature: String) -> Verified {
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
pub(crate) struct Verified {
    access_key: String,
    payload: PayloadMode,
    signing_key: SigningKey,
    scope: Scope,
    seed_signature: String,
    amz_date: String,
    presigned: bool,
}

impl Verified {
    /// How the signature covers the body.
    pub(crate) const fn payload(&self) -> PayloadMode {
        self.payload
    }

    /// Verifies the chunks of the body, from the request's own signature on.
    pub(crate) fn chunk_signer(&self) -> ChunkSigner {
        let (key, scope) = (self.signing_key.clone(), self.scope.to_string());
        ChunkSigner::new(key, &self.amz_date, &scope, self.seed_signature.clone())
    }
}

#[cfg(test)]
impl Verified {
    pub(crate) fn access_key(&self) -> &str {
        &self.access_key
    }

    /// Whether it came in the query.
    pub(crate) const fn is_presigned(&self) -> bool {
        self.presigned
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
