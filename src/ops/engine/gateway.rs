//! The gateway, on which all operations run, and the only way to run an operation.

use std::sync::Arc;

use super::audit::Event;
use super::bucket_cache::BucketCache;
use super::caller::Caller;
use super::error::Error;
use super::limits::Limits;
use super::metrics::Metrics;
use super::setting_cache::SettingCache;
use super::target::Target;
use tracing::Instrument;

use crate::authz::{Action, Decision, Question, decide};
use crate::encryption::{Cipher, KeyRing};
use crate::model::{AccountId, BucketId, WriterId};
use crate::storage;
use crate::storage::blobs::BlobStore;
use crate::storage::disk::DiskUse;
use crate::storage::index::{BucketAddress, BucketRecord, Index, Publish, Published};
use crate::storage::pins::Pins;

/// The cipher that seals and opens blobs.
#[cfg(not(feature = "unsealed-benches"))]
const CIPHER: Cipher = Cipher::AwsLc;

/// A build for benchmarks that measure the cost of the cipher leaves it out.
#[cfg(feature = "unsealed-benches")]
const CIPHER: Cipher = Cipher::Unsealed;

/// Everything the operations need. Each process has one; a clone is cheap.
#[derive(Clone)]
pub struct Gateway {
    pub(crate) index: Arc<dyn Index>,
    pub(crate) blobs: BlobStore,
    pub(crate) ring: KeyRing,
    pub(crate) pins: Pins,
    pub(crate) writer: WriterId,
    pub(crate) cipher: Cipher,
    pub(crate) limits: Limits,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) buckets: Arc<BucketCache>,
    pub(crate) settings: Arc<SettingCache>,
    pub(crate) read_ahead: Arc<tokio::sync::Semaphore>,
}

/// An operation of either protocol.
pub trait Operation: Send + Sized {
    /// The result of the operation.
    type Output: Send;
    /// The operation's name in spans, metrics and the audit log.
    const NAME: &'static str;
    /// Over a shared index, may the bucket come from the cache, which can be 2 s old? Only an operation that
    /// can run twice may say yes: if the cached bucket turns out deleted, it must retry with
    /// [`Permit::renewed`]. Writes consume their body, so they cannot. An index of this process alone cannot
    /// change meanwhile, so there the cache is right for every operation.
    const CACHED: bool = false;

    /// The S3 actions that the caller must be allowed.
    fn actions(&self) -> Vec<Action>;
    /// The account or bucket that the operation touches.
    fn target(&self) -> Target;
    /// How the operation uses the disk, if the disk is nearly full. An operation that removes data is always
    /// allowed.
    fn disk_use(&self) -> DiskUse;
    /// Runs the operation. Only [`Gateway::execute`] can create the permit.
    fn run(
        self,
        gateway: &Gateway,
        permit: Permit<'_>,
    ) -> impl Future<Output = Result<Self::Output, Error>> + Send;
}

/// Proof that the caller was authorised for this operation, together with the operation's bucket.
pub struct Permit<'a> {
    caller: &'a Caller,
    bucket: Option<Arc<BucketRecord>>,
}

impl<'a> Permit<'a> {
    /// The caller that was authorised.
    pub fn caller(&self) -> &'a Caller {
        self.caller
    }

    /// The bucket of a [`Target::Bucket`].
    pub fn bucket(&self) -> Result<&BucketRecord, Error> {
        self.bucket
            .as_deref()
            .ok_or_else(|| Error::Internal("an operation without a bucket asked for one".into()))
    }

    /// Authorises the caller for the operation once more, after the cached bucket turned out deleted. The
    /// name may belong to a new bucket.
    pub async fn renewed<O: Operation>(&self, gateway: &Gateway, operation: &O) -> Result<Permit<'a>, Error> {
        gateway.authorise(self.caller, &operation.actions(), &operation.target(), false).await
    }

    /// Authorises the caller for another bucket that the operation touches, and returns that bucket. Examples
    /// are the source of a copy and the container of a segment.
    pub async fn also(
        &self,
        gateway: &Gateway,
        action: Action,
        address: &BucketAddress,
    ) -> Result<Arc<BucketRecord>, Error> {
        gateway.allowed_bucket(self.caller, &[action], address, true).await
    }
}

impl Gateway {
    /// Creates a gateway. `writer` must be registered with the index, and its heartbeat must run.
    pub fn new(
        index: Arc<dyn Index>,
        blobs: BlobStore,
        ring: KeyRing,
        pins: Pins,
        writer: WriterId,
        limits: Limits,
        metrics: Arc<Metrics>,
    ) -> Self {
        let buckets = Arc::new(BucketCache::default());
        let settings = Arc::new(SettingCache::default());
        let read_ahead = Arc::new(tokio::sync::Semaphore::new(limits.read_ahead_bytes));
        Self {
            index,
            blobs,
            ring,
            pins,
            writer,
            cipher: CIPHER,
            limits,
            metrics,
            buckets,
            settings,
            read_ahead,
        }
    }

    /// The counters, for the management listener.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Authorises an operation, runs it in its span, counts and audits it.
    pub async fn execute<O: Operation>(&self, caller: &Caller, operation: O) -> Result<O::Output, Error> {
        let span = tracing::debug_span!("operation", name = O::NAME, request_id = %caller.request_id);
        let (actions, target, disk_use) = (operation.actions(), operation.target(), operation.disk_use());
        let mut event = Event::new(&self.metrics, caller, O::NAME, &actions, &target);
        let result = async {
            let permit = self.authorise(caller, &actions, &target, O::CACHED).await?;
            self.blobs.disk().admit(disk_use)?;
            self.blobs.disk().take(index_bytes(disk_use));
            event.begin();
            let result = operation.run(self, permit).await;
            if matches!(result, Err(Error::NoSuchBucket))
                && let Target::Bucket(address) = &target
            {
                self.buckets.forget(address);
            }
            result
        }
        .instrument(span)
        .await;
        event.end(result.as_ref().err());
        result
    }

    /// Runs a change of a bucket to its end, and then removes the bucket from the cache. This also happens if
    /// the caller disconnects meanwhile, because the index completes a command that it has begun.
    pub(crate) async fn change_bucket<T, F>(
        &self,
        id: BucketId,
        change: impl FnOnce(Arc<dyn Index>) -> F + Send + 'static,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, storage::Error>> + Send,
    {
        let (index, buckets) = (self.index.clone(), self.buckets.clone());
        let changing = async move {
            let _forgetting = buckets.forgetting(id);
            change(index).await
        };
        let changed = tokio::spawn(changing.in_current_span()).await;
        Ok(changed.map_err(|error| Error::Internal(error.into()))??)
    }

    /// Publishes a version and then calls `then`. This also happens if the caller disconnects meanwhile,
    /// because the index completes a command that it has begun.
    pub(crate) async fn publish(
        &self,
        command: Publish,
        then: impl FnOnce(&Published) + Send + 'static,
    ) -> Result<Published, Error> {
        let publishing = self.publishing(command, then);
        let published = tokio::spawn(publishing.in_current_span()).await;
        Ok(published.map_err(|error| Error::Internal(error.into()))??)
    }

    /// Does the same as [`Self::publish`] for a blob that is published with its version, as a future that
    /// needs no caller.
    pub(crate) fn publishing(
        &self,
        command: Publish,
        then: impl FnOnce(&Published) + Send + 'static,
    ) -> impl Future<Output = Result<Published, storage::Error>> + Send + 'static {
        let index = self.index.clone();
        async move {
            let published = index.publish(command).await?;
            then(&published);
            Ok(published)
        }
    }

    /// Authorises an action on a bucket before the request's document is read, and returns the bucket.
    /// `operation` names the operation that follows. A refusal is counted and audited here under that
    /// name; a success is counted by the operation.
    pub async fn authorised_bucket(
        &self,
        caller: &Caller,
        operation: &'static str,
        action: Action,
        address: &BucketAddress,
    ) -> Result<Arc<BucketRecord>, Error> {
        let (actions, target) = ([action], Target::Bucket(address.clone()));
        let event = Event::new(&self.metrics, caller, operation, &actions, &target);
        let allowed = async {
            let bucket = self.allowed_bucket(caller, &actions, address, false).await?;
            check_expected_owner(caller, &bucket)?;
            Ok(bucket)
        }
        .await;
        if let Err(error) = &allowed {
            if matches!(error, Error::NoSuchBucket) {
                self.buckets.forget(address);
            }
            event.end(Some(error));
        }
        allowed
    }

    /// Authorises an action on an account whose document is read only afterwards, as
    /// [`Self::authorised_bucket`] does on a bucket.
    pub fn authorised_account(
        &self,
        caller: &Caller,
        operation: &'static str,
        action: Action,
        account: &AccountId,
    ) -> Result<(), Error> {
        let (actions, target) = ([action], Target::Account(account.clone()));
        let allowed = allow(caller, &actions, account);
        if let Err(error) = &allowed {
            Event::new(&self.metrics, caller, operation, &actions, &target).end(Some(error));
        }
        allowed
    }

    /// Authorises the caller for a target, and finds the target's bucket.
    async fn authorise<'a>(
        &self,
        caller: &'a Caller,
        actions: &[Action],
        target: &Target,
        cached: bool,
    ) -> Result<Permit<'a>, Error> {
        match target {
            Target::Account(account) => {
                allow(caller, actions, account)?;
                Ok(Permit { caller, bucket: None })
            }
            Target::Bucket(address) => {
                let bucket = self.allowed_bucket(caller, actions, address, cached).await?;
                check_expected_owner(caller, &bucket)?;
                Ok(Permit { caller, bucket: Some(bucket) })
            }
        }
    }

    /// Finds a bucket on which the caller may do all of these actions. If the address names an owner, the
    /// decision comes before the look-up, so that strangers do not learn whether the bucket exists.
    async fn allowed_bucket(
        &self,
        caller: &Caller,
        actions: &[Action],
        address: &BucketAddress,
        cached: bool,
    ) -> Result<Arc<BucketRecord>, Error> {
        if let BucketAddress::Owned(account, _) = address {
            allow(caller, actions, account)?;
        }
        let bucket = self.bucket(address, cached).await?;
        allow(caller, actions, &bucket.account)?;
        Ok(bucket)
    }

    /// Finds a bucket and caches it. The cache is used if the operation allows it, or if no other process can
    /// change the index.
    async fn bucket(&self, address: &BucketAddress, cached: bool) -> Result<Arc<BucketRecord>, Error> {
        if (cached || !self.index.shared())
            && let Some(bucket) = self.buckets.get(address)
        {
            return Ok(bucket);
        }
        let ticket = self.buckets.ticket();
        let bucket = Arc::new(self.index.bucket(address).await?);
        self.buckets.insert(ticket, address, bucket.clone());
        Ok(bucket)
    }
}

/// Asks [`decide`] about every action on a resource of this owner.
fn allow(caller: &Caller, actions: &[Action], owner: &AccountId) -> Result<(), Error> {
    let who = caller.identity.as_ref().map(|identity| (&identity.account, identity.role));
    for &action in actions {
        match decide(&Question { caller: who, action, owner }) {
            Decision::Allow => {}
            Decision::Deny => return Err(Error::AccessDenied),
            Decision::Anonymous => return Err(Error::Unauthenticated),
        }
    }
    Ok(())
}

fn check_expected_owner(caller: &Caller, bucket: &BucketRecord) -> Result<(), Error> {
    match &caller.expected_owner {
        Some(expected) if *expected != bucket.account => Err(Error::AccessDenied),
        Some(_) | None => Ok(()),
    }
}

/// The approximate bytes that an operation adds to the index's log, until the log is written back.
const fn index_bytes(disk_use: DiskUse) -> u64 {
    match disk_use {
        DiskUse::None => 0,
        DiskUse::Rows => 16 * 1024,
        DiskUse::Data => 48 * 1024,
    }
}
