//! Pins: an open download outlives the overwrite or deletion of the blobs that it reads.
//!
//! A reader enters before it looks anything up. No reader can refer to a blob that was seen freed before the
//! oldest active reader entered; a blob that was freed later waits. A pin is one number for each reader, and
//! nothing for each blob.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::Timestamp;

/// The readers of this process.
#[derive(Clone, Default, Debug)]
pub struct Pins {
    state: Arc<Mutex<Readers>>,
}

#[derive(Default, Debug)]
struct Readers {
    active: BTreeMap<Timestamp, usize>,
    /// The latest moment that was returned. The wall clock may step back; the order of readers and reapers
    /// may not.
    latest: Option<Timestamp>,
}

impl Readers {
    fn moment(&mut self) -> Timestamp {
        let now = Timestamp::now();
        *self.latest.insert(self.latest.map_or(now, |latest| latest.max(now)))
    }
}

/// One reader. It is dropped when the last byte is sent.
#[derive(Debug)]
pub struct Pin {
    since: Timestamp,
    pins: Pins,
}

impl Pins {
    /// Enters a reader. Call it before the first query of the index.
    pub fn enter(&self) -> Pin {
        let mut state = self.lock();
        // Read under the lock, so that no horizon computed in between can pass this reader.
        let since = state.moment();
        *state.active.entry(since).or_default() += 1;
        Pin { since, pins: self.clone() }
    }

    /// No reader in this process reads a blob that was seen freed strictly before this moment.
    pub fn horizon(&self) -> Timestamp {
        let mut state = self.lock();
        state.active.keys().next().copied().unwrap_or_else(|| state.moment())
    }

    /// The time by the readers' clock, which never steps back.
    pub fn moment(&self) -> Timestamp {
        self.lock().moment()
    }

    fn lock(&self) -> MutexGuard<'_, Readers> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut state = self.pins.lock();
        if let Some(count) = state.active.get_mut(&self.since) {
            *count -= 1;
            if *count == 0 {
                state.active.remove(&self.since);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_reader_holds_the_horizon() {
        let pins = Pins::default();
        let first = pins.enter();
        let second = pins.enter();
        assert!(pins.horizon() <= first.since);
        drop(first);
        assert!(pins.horizon() <= second.since);
        let before = pins.moment();
        drop(second);
        assert!(pins.horizon() >= before);
    }

    #[test]
    fn a_clock_that_steps_back_does_not_reorder() {
        let pins = Pins::default();
        let ahead = Timestamp::now().plus(std::time::Duration::from_mins(1));
        pins.lock().latest = Some(ahead);
        assert_eq!(pins.moment(), ahead);
        assert_eq!(pins.enter().since, ahead);
        assert_eq!(pins.horizon(), ahead);
    }
}
