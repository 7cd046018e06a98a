//! Seals the segments of a keyed manifest anew, under the manifest's key. No byte is copied.

use std::sync::Arc;

use super::segments::Segment;
use crate::authz::Action;
use crate::encryption::{CustomerKey, Holder};
use crate::model::{EncryptionMode, VersionUid};
use crate::ops::bytes::digests::Digests;
use crate::ops::bytes::version_seals::{OwnedBinding, VersionSeals};
use crate::ops::bytes::write::opaque_etag;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::Gateway;
use crate::storage::index::{PartRecord, Rewrap, Unchanged};

/// The actions on the segments that the writer of a keyed manifest must be allowed. Sealing a segment anew
/// counts as a write.
pub const REWRAP: &[Action] = &[Action::GetObject, Action::PutObject];

/// How many segments are sealed before other tasks get their turn: about a millisecond of work.
const TURN: usize = 16;

/// Seals the segments whose key the gateway holds anew under `key`. The other segments already have this key
/// and must stay unchanged.
pub async fn rewrap(
    gateway: &Gateway,
    key: &CustomerKey,
    segments: &[Arc<Segment>],
) -> Result<(Vec<Rewrap>, Vec<Unchanged>), Error> {
    let (mut rewraps, mut unchanged) = (Vec::with_capacity(segments.len()), Vec::new());
    for (turn, segment) in segments.iter().enumerate() {
        if turn % TURN == TURN - 1 {
            tokio::task::yield_now().await;
        }
        if segment.record.mode == EncryptionMode::Managed {
            rewraps.push(seal(gateway, key, segment)?);
        } else {
            unchanged.push(segment.unchanged());
        }
    }
    Ok((rewraps, unchanged))
}

fn seal(gateway: &Gateway, key: &CustomerKey, segment: &Segment) -> Result<Rewrap, Error> {
    let Segment { bucket, record, version, .. } = segment;
    let (uid, mode) = (VersionUid::random(), EncryptionMode::Customer);
    let seals = VersionSeals::generate(gateway, Holder::Customer(key), bucket, uid);
    let reference = |part: &PartRecord| Ok(seals.reference(part.clone(), &version.data_key(part)?));
    let parts = record.parts.iter().map(reference).collect::<Result<Vec<_>, Error>>()?;
    let manifest = record.manifest.as_deref();
    let binding = OwnedBinding::new(bucket, &record.key, uid, mode, record.size, &parts, manifest);
    let sealed = seals.digests(mode, &digests(segment))?;
    // The segment keeps its key and its version id, so the envelope can be sealed before the commit.
    let envelope = (seals.into_outer(gateway, binding).0)(record.version_id);
    let etag = match record.part_count {
        Some(parts) => format!("{}-{parts}", opaque_etag()),
        None => opaque_etag(),
    };
    Ok(Rewrap {
        version: segment.unchanged(),
        uid,
        mode,
        etag,
        digests: sealed,
        envelope: envelope.ok_or_else(|| Error::Internal("an envelope was not sealed".into()))?,
        wrapped_keys: parts.into_iter().map(|part| part.wrapped_key).collect(),
    })
}

/// A segment's digests. If its ETag on S3 is the only known ETag, the digests keep it, because manifests
/// compare it.
fn digests(segment: &Segment) -> Digests {
    let mut digests = segment.digests.clone();
    if digests.md5.is_none() && digests.etag.is_none() {
        digests.etag = Some(segment.record.etag.clone());
    }
    digests
}
