//! The gateway: what operations run on, and the one way to run them.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Caller, Error, Metrics};
use crate::authz::Action;
use crate::encryption::{Cipher, KeyRing};
use crate::model::AccountId;
use crate::storage::blobs::BlobStore;
use crate::storage::index::{BucketAddress, Index};
use crate::storage::pins::Pins;

/// The largest body of one PUT, in bytes: 5 GiB, the limit of both protocols.
pub const MAX_PUT: u64 = 5 << 30;

/// Limits that an operator may set.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Sealed blobs up to this size live in the index; 0 turns that off.
    pub inline_bytes: usize,
    /// The largest body of one PUT, in bytes.
    pub max_put: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { inline_bytes: 16 * 1024, max_put: MAX_PUT }
    }
}

/// Everything the operations run on. One per process; cheap to share.
#[derive(Clone)]
pub struct Gateway {
    pub(super) index: Arc<dyn Index>,
    pub(super) blobs: BlobStore,
    pub(super) ring: KeyRing,
    pub(super) pins: Pins,
    pub(super) cipher: Cipher,
    pub(super) limits: Limits,
    pub(super) metrics: Arc<Metrics>,
}

/// What an operation touches, for authorisation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// An account.
    Account(AccountId),
    /// A bucket, or something in it.
    Bucket(BucketAddress),
}

/// An operation of either protocol.
#[async_trait]
pub trait Operation: Send + Sized {
    /// What it gives back.
    type Output: Send;
    /// Its name in spans, metrics and the audit log.
    const NAME: &'static str;

    /// The S3 actions it is.
    fn actions(&self) -> Vec<Action>;
    /// What it touches.
    fn target(&self) -> Target;
    /// Does it. Only [`Gateway::execute`] can make the permit.
    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<Self::Output, Error>;
}

/// Proof that the caller was authorised for this operation.
pub struct Permit<'a> {
    pub(super) caller: &'a Caller,
}

impl Gateway {
    /// Assembles a gateway.
    pub fn new(index: Arc<dyn Index>, blobs: BlobStore, ring: KeyRing, pins: Pins, limits: Limits, metrics: Arc<Metrics>) -> Self {
        Self { index, blobs, ring, pins, cipher: Cipher::default(), limits, metrics }
    }

    /// Authorises and runs an operation for a caller.
    pub async fn execute<O: Operation>(&self, caller: &Caller, operation: O) -> Result<O::Output, Error> {
        let _ = (caller, operation);
        todo!("authorise → span → run → count → audit")
    }
}
