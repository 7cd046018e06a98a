//! PutObject: seals a body and publishes it under a key.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;

use super::gateway::{Gateway, Operation, Permit, Target};
use super::{Action, BucketAddress, CustomerKey, Error, Precondition};
use crate::http::body::Body;
use crate::model::{
    ChecksumAlgorithm, EncryptionMode, ObjectKey, ObjectMetadata, StoredChecksum, Timestamp, VersionId,
};

/// How a write is encrypted. Every write says so: there is no default to forget.
#[derive(Debug)]
pub enum WriteEncryption {
    /// SSE-S3: under the gateway's key ring.
    Managed,
    /// SSE-C: under the customer's key.
    Customer(CustomerKey),
    /// SSE-KMS.
    Kms,
}

/// What the client said of a checksum.
#[derive(Clone, Debug)]
pub enum ExpectedChecksum {
    /// Nothing: compute it.
    Compute,
    /// Its value, before the body.
    Value(Vec<u8>),
    /// Its value comes in a trailer: the body's decoder fills the cell before the stream ends.
    Trailer(Arc<OnceLock<Vec<u8>>>),
}

/// A checksum to compute, verify and keep.
#[derive(Clone, Debug)]
pub struct ChecksumRequest {
    /// Which.
    pub algorithm: ChecksumAlgorithm,
    /// What it must be.
    pub expected: ExpectedChecksum,
}

/// Writes an object.
pub struct PutObject {
    /// Where.
    pub bucket: BucketAddress,
    /// Under which key.
    pub key: ObjectKey,
    /// The plaintext.
    pub body: Body,
    /// How it is encrypted.
    pub encryption: WriteEncryption,
    /// Metadata.
    pub metadata: ObjectMetadata,
    /// What its MD5 must be (`Content-MD5`, Swift's `ETag`).
    pub expected_md5: Option<[u8; 16]>,
    /// Whether the caller needs the MD5 in any mode (Swift's `Etag` answer). SSE-S3 writes always have it.
    pub wants_md5: bool,
    /// The checksums the client chose. Where empty, CRC64NVME is computed and kept, as S3 does.
    pub checksums: Vec<ChecksumRequest>,
    /// What must hold of the current object.
    pub precondition: Precondition,
}

/// A written object.
#[derive(Clone, Debug)]
pub struct PutOutcome {
    /// Its version id (`Null` where the bucket keeps no versions).
    pub version_id: VersionId,
    /// S3's ETag, without quotes.
    pub etag: String,
    /// The plaintext's MD5 where it was computed: the caller has the body and the key, so it may know.
    pub md5: Option<[u8; 16]>,
    /// The checksums that were computed.
    pub checksums: Vec<StoredChecksum>,
    /// `Last-Modified`.
    pub modified: Timestamp,
    /// Its mode.
    pub mode: EncryptionMode,
    /// Plaintext bytes.
    pub size: u64,
}

#[async_trait]
impl Operation for PutObject {
    type Output = PutOutcome;
    const NAME: &'static str = "PutObject";

    fn actions(&self) -> Vec<Action> {
        vec![Action::PutObject]
    }

    fn target(&self) -> Target {
        Target::Bucket(self.bucket.clone())
    }

    async fn run(self, _gateway: &Gateway, _permit: Permit<'_>) -> Result<PutOutcome, Error> {
        todo!()
    }
}
