//! Writing a dynamic large object's manifest.

use super::PutDynamic;
use super::prefix::Prefix;
use super::resolve::Resolver;
use super::rewrap::{REWRAP, rewrap};
use super::segments::{Segment, SegmentPath, Segments, Trouble};
use crate::authz::Action;
use crate::encryption::CustomerKey;
use crate::model::ObjectKey;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit, Target};
use crate::ops::object::put::{PutOutcome, Received, WriteEncryption};
use crate::storage;
use crate::storage::disk::DiskUse;
use crate::storage::index::{Rewrap, Unchanged};

/// How often the segments are looked up anew when one changes meanwhile.
const ATTEMPTS: u32 = 8;

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

        let (received, mut unpublished) = Received::of(self.put, gateway, &permit).await?;
        for _ in 0..ATTEMPTS {
            let (rewraps, unchanged) = under(&prefix, gateway, &permit, &received).await?;
            let (mut command, etag) = received.command(gateway, &permit, rewraps)?;
            command.unchanged = unchanged;
            let index = gateway.index.clone();
            let outcome;
            (outcome, unpublished) =
                unpublished.try_publish(async move { index.publish(command).await }).await;
            match outcome {
                Err(storage::Error::Changed) => {}
                outcome => return received.outcome(gateway, &permit, etag, &outcome?),
            }
        }
        Err(storage::Error::Changed.into())
    }
}

/// What is sealed anew under the manifest's key, of what the prefix holds now, and what must stay as it is.
async fn under(
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
    // What stood under the manifest's own name is replaced, whatever it was.
    let own = SegmentPath { container: bucket.name.clone(), key: manifest.clone() };
    let found = match prefix.find(gateway, &mut resolver.segments, Some(&own)).await {
        // There will be segments once there is a container.
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
