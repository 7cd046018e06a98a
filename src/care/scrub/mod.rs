//! The scrubber: reads everything that is stored, slowly, again and again, and tells what is not as it was sealed.
//!
//! It repairs nothing. What it finds is counted and logged once, by ids alone; `fsck --deep` says the same of a moment,
//! with names.

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
use crate::care::task::{Round, Task};
use crate::care::verify::{Item, Verdict, Verifier, Walk};
use crate::care::{fsck, verify};
use crate::model::{BucketId, Timestamp};
use crate::ops::bytes::pace::Pace;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::Gateway;
use crate::storage;
use crate::storage::index::BucketRecord;

/// The name of the task, and of its lease.
const NAME: &str = "scrubber";
/// How long a round lasts, after which its cursor is kept.
const ROUND: Duration = Duration::from_secs(10);
/// How often one pass begins at most.
const PERIOD: Duration = Duration::from_hours(24);
/// How long it waits at most before it asks whether it is time for the next pass.
const WAIT: Duration = Duration::from_mins(10);
/// How often something that the store does not give is asked for.
const ATTEMPTS: u32 = 3;
/// Findings that are remembered, so that they are told once. Whoever has that many has other sorrows.
const TOLD: usize = 100_000;

/// Reads everything that is stored.
pub struct Scrubber {
    gateway: Gateway,
    verifier: Verifier,
    metrics: ScrubMetrics,
    period: Duration,
    round: Duration,
    walk: Walk,
    /// Where the walk is, as it was last kept.
    kept: Option<Vec<u8>>,
    /// What could not be read when it was last asked for, and how often it was.
    pending: Option<(Arc<BucketRecord>, Item, u32)>,
    /// What was told already.
    told: HashSet<(BucketId, String)>,
    strays: u64,
}

impl std::fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scrubber").field("period", &self.period).finish_non_exhaustive()
    }
}

impl Scrubber {
    /// One that reads so many bytes a second.
    pub fn new(gateway: &Gateway, rate: u64, metrics: ScrubMetrics) -> Self {
        Self {
            gateway: gateway.clone(),
            verifier: Verifier::new(gateway, Pace::at(rate), true),
            metrics,
            period: PERIOD,
            round: ROUND,
            walk: Walk::default(),
            kept: None,
            pending: None,
            told: HashSet::new(),
            strays: 0,
        }
    }

    /// One that begins a pass that often, in rounds that last so long.
    #[must_use]
    pub fn every(self, period: Duration, round: Duration) -> Self {
        Self { period, round, ..self }
    }

    /// Reads on for a while.
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
                Ok(Verdict::Wrong(error)) => self.tell(ScrubFinding::Damaged, &bucket, &item, &error),
                Err(error) if tries + 1 < ATTEMPTS || !self.store_answers().await => {
                    self.pending = Some((bucket, item, tries + 1));
                    self.keep(cursor).await?;
                    return Err(error);
                }
                Err(error) => self.tell(ScrubFinding::Unreadable, &bucket, &item, &error),
            }
            done += 1;
            cursor = Some(Cursor::At(verify::Position { bucket: bucket.id, past: Some(item) }));
        }
        let passed = matches!(cursor, Some(Cursor::Done(_)));
        if self.keep(cursor).await? && passed {
            self.metrics.passed();
        }
        Ok(Round { done, rest: Duration::ZERO })
    }

    /// Goes on where this process or another has left off. Tells how long there is nothing to do.
    async fn resume(&mut self) -> Result<Option<Duration>, Error> {
        let kept = self.gateway.index.cursor(NAME).await?;
        let cursor = kept.as_deref().and_then(Cursor::read);
        if kept != self.kept {
            let from = match &cursor {
                Some(Cursor::At(cursor)) => Some(cursor.clone()),
                _ => None,
            };
            (self.kept, self.walk, self.pending) = (kept, Walk::new(from), None);
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

    /// Keeps the cursor that was reached, if there is one. Tells whether it was: where another process holds the lease now, the
    /// cursor is its own, and this round's end is the last.
    async fn keep(&mut self, cursor: Option<Cursor>) -> Result<bool, Error> {
        let Some(cursor) = cursor else { return Ok(false) };
        let bytes = cursor.write();
        let kept = self.gateway.index.set_cursor(NAME, self.gateway.writer, Some(bytes.clone())).await?;
        if kept {
            self.kept = Some(bytes);
        }
        Ok(kept)
    }

    /// Whether index and store answer: then what cannot be read is itself at fault.
    async fn store_answers(&self) -> bool {
        self.gateway.blobs.check().await.is_ok() && self.gateway.index.install().await.is_ok()
    }

    fn tell(&mut self, found: ScrubFinding, bucket: &BucketRecord, item: &Item, error: &Error) {
        let (kind, id) = match item {
            Item::Version(_, id) => ("version", id.to_string()),
            Item::Upload(_, id) => ("upload", id.to_string()),
        };
        let known = match item {
            Item::Version(key, _) => format!("{key}\0{id}"),
            Item::Upload(..) => id.clone(),
        };
        if self.told.len() < TOLD && self.told.insert((bucket.id, known)) {
            self.metrics.found(found, 1);
            tracing::error!(bucket = %bucket.id, kind, %id, %error, "the scrubber found damage: see cardea fsck --deep");
        }
    }

    /// Looks for things in the store that the index does not know. The sweeper deletes what is a dead writer's; of what
    /// else there is only somebody can say how it came there.
    async fn strays(&mut self) -> Result<(), Error> {
        let count = fsck::strays(&self.gateway).await?;
        if count > self.strays {
            self.metrics.found(ScrubFinding::Stray, count - self.strays);
            tracing::error!(count, "the store holds what the index does not know: see cardea fsck");
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
            Error::Unavailable(why) => storage::Error::Unavailable(why.into()),
            error => storage::Error::Internal(error.to_string().into()),
        })
    }
}
