//! The pace at which background care reads the store.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The bytes that examining one version or upload counts for, besides the bytes of its blobs.
const ITEM: u64 = 16 << 10;

/// Keeps reads to an even rate: each read waits for as long as the read before it should take.
#[derive(Debug)]
pub struct Pace {
    /// Bytes a second; `None` if the rate is not limited.
    rate: Option<u64>,
    next: Mutex<Option<Instant>>,
    read: AtomicU64,
}

impl Pace {
    /// A pace without a limit.
    pub fn unlimited() -> Self {
        Self { rate: None, next: Mutex::default(), read: AtomicU64::new(0) }
    }

    /// A pace of `rate` bytes a second.
    pub fn at(rate: u64) -> Self {
        Self { rate: Some(rate.max(1)), ..Self::unlimited() }
    }

    /// Waits until `bytes` more bytes may be read, and counts them.
    pub async fn read(&self, bytes: u64) {
        self.read.fetch_add(bytes, Ordering::Relaxed);
        self.wait(bytes).await;
    }

    /// Waits until one more version or upload may be examined.
    pub async fn item(&self) {
        self.wait(ITEM).await;
    }

    async fn wait(&self, bytes: u64) {
        if let Some(turn) = self.turn(Instant::now(), bytes) {
            sleep_until(turn).await;
        }
    }

    /// The time at which `bytes` may be read, if a reader asks at `now`. Time in which nothing was read does
    /// not allow a faster pace later.
    fn turn(&self, now: Instant, bytes: u64) -> Option<Instant> {
        let rate = self.rate?;
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = next.map_or(now, |next| next.max(now));
        let micros = u128::from(bytes) * 1_000_000 / u128::from(rate);
        *next = Some(turn + Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX)));
        Some(turn)
    }

    /// The bytes read since the last call.
    pub fn take_count(&self) -> u64 {
        self.read.swap(0, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_are_spread_evenly() {
        let (pace, start) = (Pace::at(1_000_000), Instant::now());
        for tenth in 0..100 {
            // A reader that asks early has to wait; a reader that asks in time does not.
            let now = start + Duration::from_millis(100 * (tenth / 2));
            assert_eq!(pace.turn(now, 100_000), Some(start + Duration::from_millis(100 * tenth)));
        }
    }

    #[test]
    fn an_idle_hour_does_not_allow_a_faster_pace() {
        let (pace, start) = (Pace::at(1000), Instant::now());
        pace.turn(start, 1000);
        let later = start + Duration::from_hours(1);
        assert_eq!(pace.turn(later, 1000), Some(later));
        assert_eq!(pace.turn(later, 1), Some(later + Duration::from_secs(1)));
    }

    #[tokio::test]
    async fn an_unlimited_pace_never_waits() {
        let pace = Pace::unlimited();
        pace.read(u64::MAX).await;
        pace.item().await;
        assert_eq!((pace.take_count(), pace.take_count()), (u64::MAX, 0));
    }
}
