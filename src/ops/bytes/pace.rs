//! How fast what is stored is read.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// What looking at a version or an upload counts for, in bytes, besides those of its blobs.
const ITEM: u64 = 16 << 10;

/// Keeps reads to a rate, evenly: each waits for the time that the one before was worth.
#[derive(Debug)]
pub struct Pace {
    /// Bytes a second; `None` is as fast as it goes.
    rate: Option<u64>,
    next: Mutex<Option<Instant>>,
    read: AtomicU64,
}

impl Pace {
    /// As fast as it goes.
    pub fn unlimited() -> Self {
        Self { rate: None, next: Mutex::default(), read: AtomicU64::new(0) }
    }

    /// So many bytes a second.
    pub fn at(rate: u64) -> Self {
        Self { rate: Some(rate.max(1)), ..Self::unlimited() }
    }

    /// Waits until so many bytes may be read, and counts them.
    pub async fn read(&self, bytes: u64) {
        self.read.fetch_add(bytes, Ordering::Relaxed);
        self.wait(bytes).await;
    }

    /// Waits until a version or an upload may be looked at.
    pub async fn item(&self) {
        self.wait(ITEM).await;
    }

    async fn wait(&self, bytes: u64) {
        if let Some(turn) = self.turn(Instant::now(), bytes) {
            sleep_until(turn).await;
        }
    }

    /// When so many bytes may be read that are asked for now. What was not read in time is not made up for.
    fn turn(&self, now: Instant, bytes: u64) -> Option<Instant> {
        let rate = self.rate?;
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = next.map_or(now, |next| next.max(now));
        let micros = u128::from(bytes) * 1_000_000 / u128::from(rate);
        *next = Some(turn + Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX)));
        Some(turn)
    }

    /// The bytes that were read since the last time this was asked.
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
            // Whoever asks early gets its turn; whoever asks in time has it at once.
            let now = start + Duration::from_millis(100 * (tenth / 2));
            assert_eq!(pace.turn(now, 100_000), Some(start + Duration::from_millis(100 * tenth)));
        }
    }

    #[test]
    fn what_was_not_read_in_time_is_not_made_up_for() {
        let (pace, start) = (Pace::at(1000), Instant::now());
        pace.turn(start, 1000);
        let later = start + Duration::from_hours(1);
        assert_eq!(pace.turn(later, 1000), Some(later));
        assert_eq!(pace.turn(later, 1), Some(later + Duration::from_secs(1)));
    }

    #[tokio::test]
    async fn without_a_rate_nothing_waits() {
        let pace = Pace::unlimited();
        pace.read(u64::MAX).await;
        pace.item().await;
        assert_eq!((pace.take_count(), pace.take_count()), (u64::MAX, 0));
    }
}
