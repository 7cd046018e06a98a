//! The scrubber reads all stored data, slowly and repeatedly, and reports data that is not as it was sealed.
//!
//! It repairs nothing. Each finding is counted and logged once, by ids alone. `fsck --deep` reports the same
//! faults at once, with names.

mod cursor;
mod metrics;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use self::cursor::Cursor;
use self::metrics::ScrubFinding;
pub use self::metrics::ScrubMetrics;
use crate::care::fsck;
use crate::care::task::{Round, Task};
use crate::care::verify::walk::{Item, Position, Walk};
use crate::care::verify::{Verdict, Verifier};
use crate::model::{BucketId, Timestamp};
use crate::ops::bytes::pace::Pace;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::Gateway;
use crate::storage;
use crate::storage::index::BucketRecord;

/// The name of the task, and of its lease.
const NAME: &str = "scrubber";
/// How long a round lasts. The cursor is stored at its end.
const ROUND: Duration = Duration::from_secs(10);
/// The pause after a complete pass.
const PERIOD: Duration = Duration::from_hours(24);
/// The longest sleep before the scrubber checks again whether the next pass is due.
const WAIT: Duration = Duration::from_mins(10);
/// How often an item is read before it counts as unreadable.
const ATTEMPTS: u32 = 3;
/// The most findings that are remembered, so that each is reported once. More findings are not reported at
/// all.
const MAX_REPORTED: usize = 100_000;

/// Reads and verifies all stored data.
pub struct Scrubber {
    gateway: Gateway,
    verifier: Verifier,
    metrics: ScrubMetrics,
    period: Duration,
    round: Duration,
    walk: Walk,
    /// The cursor that was last stored, or found in the index.
    stored_cursor: Option<Vec<u8>>,
    /// An item that could not be read, and the number of attempts.
    pending: Option<(Arc<BucketRecord>, Item, u32)>,
    /// Items that were already reported, by bucket and name.
    reported: HashSet<(BucketId, String)>,
    strays: u64,
}

impl std::fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scrubber").field("period", &self.period).finish_non_exhaustive()
    }
}

impl Scrubber {
    /// `rate` is in bytes a second.
    pub fn new(gateway: &Gateway, rate: u64, metrics: ScrubMetrics) -> Self {
        Self {
            gateway: gateway.clone(),
            verifier: Verifier::new(gateway, Pace::at(rate), true),
            metrics,
            period: PERIOD,
            round: ROUND,
            walk: Walk::default(),
            stored_cursor: None,
            pending: None,
            reported: HashSet::new(),
            strays: 0,
        }
    }

    /// The same scrubber with another pause after each pass, and with rounds of another length.
    #[must_use]
    pub fn every(self, period: Duration, round: Duration) -> Self {
        Self { period, round, ..self }
    }

    /// Reads for one round.
    async fn scrub(&mut self) -> Result<Round, Error> {
        if let Some(rest) = self.resume().await? {
            return Ok(Round { done: 0, rest });
        }
        let (begun, mut done) = (Instant::now(), 0);
        let mut cursor = None;
        while begun.elapsed() < self.round {
            let next = match self.pending.take() {
                Some((bucket, item, tries)) => Some((bucket, item, tries)),
                None => self.walk.next(&*self.gateway.index).await?.map(|(bucket, item)| (bucket, item, 0)),
            };
            let Some((bucket, item, tries)) = next else {
                self.strays().await?;
                cursor = Some(Cursor::Done(Timestamp::now()));
                break;
            };
            self.verifier.pace().item().await;
            let verdict = self.verifier.item(&bucket, &item).await;
            self.metrics.read(self.verifier.pace().take_count());
            match verdict {
                Ok(Verdict::Sound | Verdict::Gone) => {}
                Ok(Verdict::Wrong(error)) => self.report(ScrubFinding::Damaged, &bucket, &item, &error),
                Err(error) if tries + 1 < ATTEMPTS || !self.store_answers().await => {
                    self.pending = Some((bucket, item, tries + 1));
                    self.store(cursor).await?;
                    return Err(error);
                }
                Err(error) => self.report(ScrubFinding::Unreadable, &bucket, &item, &error),
            }
            done += 1;
            cursor = Some(Cursor::At(Position { bucket: bucket.id, past: Some(item) }));
        }
        let passed = matches!(cursor, Some(Cursor::Done(_)));
        if self.store(cursor).await? && passed {
            self.metrics.passed();
        }
        Ok(Round { done, rest: Duration::ZERO })
    }

    /// Continues where this process or another one has stopped. Returns how long there is nothing to do.
    async fn resume(&mut self) -> Result<Option<Duration>, Error> {
        let stored = self.gateway.index.cursor(NAME).await?;
        let cursor = stored.as_deref().and_then(Cursor::read);
        if stored != self.stored_cursor {
            let from = match &cursor {
                Some(Cursor::At(position)) => Some(position.clone()),
                _ => None,
            };
            (self.stored_cursor, self.walk, self.pending) = (stored, Walk::new(from), None);
        }
        let Some(Cursor::Done(at)) = cursor else { return Ok(None) };
        let (now, next) = (Timestamp::now(), at.plus(self.period));
        if next > now {
            let rest = u64::try_from(next.micros() - now.micros()).unwrap_or(0);
            return Ok(Some(Duration::from_micros(rest).min(WAIT)));
        }
        self.walk = Walk::default();
        Ok(None)
    }

    /// Stores the cursor, if there is one. Returns whether it was stored. If another process holds the lease
    /// now, the cursor belongs to that process, and this round was the last of this process.
    async fn store(&mut self, cursor: Option<Cursor>) -> Result<bool, Error> {
        let Some(cursor) = cursor else { return Ok(false) };
        let bytes = cursor.write();
        let is_stored = self.gateway.index.set_cursor(NAME, self.gateway.writer, Some(bytes.clone())).await?;
        if is_stored {
            self.stored_cursor = Some(bytes);
        }
        Ok(is_stored)
    }

    /// Whether index and store answer. If they do, an item that cannot be read is damaged itself.
    async fn store_answers(&self) -> bool {
        self.gateway.blobs.check().await.is_ok() && self.gateway.index.install().await.is_ok()
    }

    fn report(&mut self, found: ScrubFinding, bucket: &BucketRecord, item: &Item, error: &Error) {
        let (kind, id) = match item {
            Item::Version(_, id) => ("version", id.to_string()),
            Item::Upload(_, id) => ("upload", id.to_string()),
        };
        let known = match item {
            Item::Version(key, _) => format!("{key}\0{id}"),
            Item::Upload(..) => id.clone(),
        };
        if self.reported.len() < MAX_REPORTED && self.reported.insert((bucket.id, known)) {
            self.metrics.found(found, 1);
            tracing::error!(bucket = %bucket.id, kind, %id, %error, "the scrubber found damage: see cardea fsck --deep");
        }
    }

    /// Looks for things in the store that the index does not know. If a dead writer left them, the sweeper
    /// deletes them. For all others, an operator must find out how they came there.
    async fn strays(&mut self) -> Result<(), Error> {
        let count = fsck::strays(&self.gateway).await?;
        if count > self.strays {
            self.metrics.found(ScrubFinding::Stray, count - self.strays);
            tracing::error!(
                count,
                "the store holds blobs or files that the index does not know: see cardea fsck"
            );
        }
        self.strays = count;
        Ok(())
    }
}

#[async_trait]
impl Task for Scrubber {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn round(&mut self) -> Result<Round, storage::Error> {
        self.scrub().await.map_err(|error| match error {
            Error::Unavailable(source) => storage::Error::Unavailable(source),
            error => storage::Error::Internal(error.into()),
        })
    }
}
