//! How fast a request's body must arrive.
//!
//! Only the time spent waiting for the client counts, not the time in which nobody asked for more. A body may
//! stall for a while. Beyond that it must keep an average. Otherwise a client could hold a request, and the
//! memory of an upload, as long as it likes, with a byte now and then.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

/// The least average, in bytes a second: no network is that slow.
const LEAST: u64 = 1024;
/// The least average while others wait for the memory that slow uploads hold. At this rate two buffers are
/// full in one to three minutes, so nobody waits for long.
const LEAST_CROWDED: u64 = 64 * 1024;
/// How often a slow body is looked at again.
const LOOK: Duration = Duration::from_secs(1);

/// Answers whether uploads wait for others to end.
#[derive(Clone)]
pub(crate) struct Crowded(Arc<dyn Fn() -> bool + Send + Sync>);

impl Crowded {
    pub(crate) fn new(ask: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }
}

impl fmt::Debug for Crowded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crowded").finish_non_exhaustive()
    }
}

/// The time that a body has.
#[derive(Clone, Debug)]
pub(crate) struct Allowance {
    /// How long it may stall, and how far it may fall behind the least average.
    pub stall: Duration,
    /// When all of it must have arrived.
    pub deadline: Instant,
    /// Whether others wait for the memory that it holds.
    pub crowded: Crowded,
}

/// How much of a body has arrived, and how long that took.
#[derive(Debug)]
pub(super) struct BodyProgress {
    allowance: Allowance,
    bytes: u64,
    /// How long all waits before the present one took.
    waited: Duration,
    waiting: Option<Instant>,
}

impl BodyProgress {
    pub(super) fn new(allowance: Allowance) -> Self {
        Self { allowance, bytes: 0, waited: Duration::ZERO, waiting: None }
    }

    /// Some bytes have arrived.
    pub(super) fn arrived(&mut self, now: Instant, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes as u64);
        if let Some(since) = self.waiting.take() {
            self.waited += now - since;
        }
    }

    /// Nothing has arrived. Returns when to look again, or `None` if the body is too late.
    pub(super) fn waits(&mut self, now: Instant) -> Option<Instant> {
        let since = *self.waiting.get_or_insert(now);
        let (end, end_crowded) = (self.end(since, LEAST), self.end(since, LEAST_CROWDED));
        let late = now >= end || (now >= end_crowded && (self.allowance.crowded.0)());
        (!late).then(|| end.min(end_crowded.max(now + LOOK)))
    }

    /// When the present wait must end, given this least average.
    fn end(&self, since: Instant, least: u64) -> Instant {
        let Allowance { stall, deadline, .. } = self.allowance;
        let earned = stall + Duration::from_millis(self.bytes.saturating_mul(1000) / least);
        let behind = since + earned.saturating_sub(self.waited);
        behind.min(since + stall).min(deadline)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const STALL: Duration = Duration::from_mins(1);

    /// Sends `bytes` after each `wait`. Returns after how long the body was given up, if that was within a
    /// day.
    fn given_up(bytes: usize, wait: Duration, crowded: bool, deadline: Duration) -> Option<Duration> {
        let start = Instant::now();
        let flag = Arc::new(AtomicBool::new(crowded));
        let crowded = Crowded::new(move || flag.load(Ordering::Relaxed));
        let mut progress = BodyProgress::new(Allowance { stall: STALL, deadline: start + deadline, crowded });
        let mut now = start;
        while now - start < 86_400 * SECOND {
            let next = now + wait;
            let mut look = now;
            while look < next {
                let Some(later) = progress.waits(look) else { return Some(look - start) };
                assert!(later > look);
                look = later;
            }
            now = next;
            progress.arrived(now, bytes);
        }
        None
    }

    #[test]
    fn standing_still() {
        let day = 86_400 * SECOND;
        assert_eq!(given_up(1 << 30, 61 * SECOND, false, day), Some(STALL));
        assert_eq!(given_up(1 << 30, 59 * SECOND, false, 2 * day), None);
    }

    #[test]
    fn trickling() {
        let week = 7 * 86_400 * SECOND;
        let gone = given_up(1, 10 * SECOND, false, week).unwrap();
        assert!((STALL..STALL + SECOND).contains(&gone), "{gone:?}");
        assert_eq!(given_up(11 * 1024, 10 * SECOND, false, week), None, "slow, and nobody minds");
        let gone = given_up(11 * 1024, 10 * SECOND, true, week).unwrap();
        assert!((STALL..2 * STALL).contains(&gone), "{gone:?}");
        assert_eq!(given_up(65 * 1024, SECOND, true, week), None);
        // However often a little arrives.
        let gone = given_up(1024, SECOND / 4, true, week).unwrap();
        assert!((STALL..2 * STALL).contains(&gone), "{gone:?}");
    }

    #[test]
    fn a_deadline() {
        for deadline in [Duration::from_secs(100), Duration::from_millis(100_300)] {
            assert_eq!(given_up(1 << 30, SECOND, false, deadline), Some(deadline));
        }
    }
}
