//! Writes the manifest of a dynamic large object.

use super::prefix::Prefix;
use super::resolve::Resolver;
use super::rewrap::{REWRAP, rewrap};
use super::segments::{Segment, SegmentPath, Segments, Trouble};
use crate::authz::Action;
use crate::encryption::CustomerKey;
use crate::model::ObjectKey;
use crate::ops::bytes::write::WriteEncryption;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::retry::settled_with;
use crate::ops::engine::target::Target;
use crate::ops::object::put::{PutObject, PutOutcome, Received};
use crate::storage::blobs::Unpublished;
use crate::storage::disk::DiskUse;
use crate::storage::index::{Publish, Rewrap, Unchanged};

/// Writes a dynamic large object's manifest (Swift PUT with `X-Object-Manifest`). It is an object with own
/// bytes, usually none. A read of it returns the objects under `container/prefix`. If there is a customer's
/// key, the segments that exist now are sealed anew under it.
pub struct PutDynamic {
    /// The manifest as an object. Its metadata names the prefix of the segments (`system.object_manifest`).
    pub put: PutObject,
}

impl Operation for PutDynamic {
    type Output = PutOutcome;
    const NAME: &'static str = "PutDynamic";

    fn actions(&self) -> Vec<Action> {
        vec![Action::PutObject]
    }

    fn target(&self) -> Target {
        Target::Bucket(self.put.bucket.clone())
    }

    fn disk_use(&self) -> DiskUse {
        DiskUse::Data
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<PutOutcome, Error> {
        let value = self.put.metadata.system.object_manifest.as_deref();
        let prefix = match &self.put.encryption {
            WriteEncryption::Customer(_) => value.and_then(Prefix::parse),
            WriteEncryption::Managed | WriteEncryption::Kms => None,
        };
        let Some(prefix) = prefix else { return self.put.run(gateway, permit).await };

        let (received, unpublished) = Received::of(self.put, gateway, &permit).await?;
        let attempt =
            async |unpublished: Unpublished| match command(&prefix, gateway, &permit, &received).await {
                Ok((command, etag)) => {
                    let publishing = gateway.publishing(command, received.counted(gateway));
                    let (outcome, unpublished) = unpublished.try_publish(publishing).await;
                    (outcome.map(|published| (published, etag)).map_err(Error::from), unpublished)
                }
                Err(error) => (Err(error), unpublished),
            };
        let (published, etag) = settled_with(unpublished, attempt).await?;
        received.outcome(&permit, etag, &published)
    }
}

/// The command that publishes the manifest, together with the segments that exist under its prefix now.
async fn command(
    prefix: &Prefix,
    gateway: &Gateway,
    permit: &Permit<'_>,
    received: &Received,
) -> Result<(Publish, String), Error> {
    let (rewraps, unchanged) = seal_segments(prefix, gateway, permit, received).await?;
    let (command, etag) = received.command(gateway, permit, rewraps)?;
    Ok((Publish { unchanged, ..command }, etag))
}

/// Seals the existing segments anew under the manifest's key. Returns those segments, and the segments that
/// must stay unchanged.
async fn seal_segments(
    prefix: &Prefix,
    gateway: &Gateway,
    permit: &Permit<'_>,
    received: &Received,
) -> Result<(Vec<Rewrap>, Vec<Unchanged>), Error> {
    let (Some(key), manifest) = (received.customer_key(), received.key()) else {
        return Ok((vec![], vec![]));
    };
    let segments = gather(prefix, gateway, permit, key, manifest).await?;
    rewrap(gateway, key, &segments).await
}

async fn gather(
    prefix: &Prefix,
    gateway: &Gateway,
    permit: &Permit<'_>,
    key: &CustomerKey,
    manifest: &ObjectKey,
) -> Result<Vec<std::sync::Arc<Segment>>, Error> {
    let bucket = permit.bucket()?;
    let segments = Segments::new(gateway, permit, bucket.account.clone(), REWRAP, Some(key));
    let mut resolver = Resolver::new(segments);
    // The object under the manifest's own name is replaced, so it is no segment.
    let own = SegmentPath { container: bucket.name.clone(), key: manifest.clone() };
    let found = match prefix.find(gateway, &mut resolver.segments, Some(&own)).await {
        // The container may be created later, so a missing one is no error.
        Err(Error::NoSuchBucket) => return Ok(vec![]),
        found => found?,
    };
    let refused = |path: String, problem| Error::SegmentRefused { path, problem };
    for (path, segment) in found {
        let segment = segment.map_err(|trouble: Trouble| refused(path.to_string(), trouble.problem()))?;
        let walked = resolver.segment(&path, &segment, 0..segment.record.size, 1).await;
        walked.map_err(|error| match error {
            Error::SegmentConflict { path, problem } => refused(path, problem),
            other => other,
        })?;
    }
    Ok(resolver.segments.into_opened())
}
