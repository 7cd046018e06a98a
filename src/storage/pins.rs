//! Pins: an open download outlives the overwrite or deletion of what it reads.
//!
//! A reader enters before it looks anything up. A blob that was freed before the oldest active reader entered can be
//! referenced by none of them; anything freed later waits. One number per reader, none per blob.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::Timestamp;

/// The readers of this process.
#[derive(Clone, Default, Debug)]
pub struct Pins {
    active: Arc<Mutex<BTreeMap<Timestamp, usize>>>,
}

/// One reader. Drop it when the last byte has gone out.
#[derive(Debug)]
pub struct Pin {
    since: Timestamp,
    pins: Pins,
}

impl Pins {
    /// Enters a reader. Call before the index is asked.
    pub fn enter(&self) -> Pin {
        let mut active = self.active.lock().unwrap_or_else(PoisonError::into_inner);
        // Read under the lock, so that no horizon computed in between can pass this reader.
        let since = Timestamp::now();
        *active.entry(since).or_default() += 1;
        Pin { since, pins: self.clone() }
    }

    /// What was freed strictly before this is read by nobody in this process.
    pub fn horizon(&self) -> Timestamp {
        let active = self.active.lock().unwrap_or_else(PoisonError::into_inner);
        active.keys().next().copied().unwrap_or_else(Timestamp::now)
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut active = self.pins.active.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = active.get_mut(&self.since) {
            *count -= 1;
            if *count == 0 {
                active.remove(&self.since);
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
        let before = Timestamp::now();
        drop(second);
        assert!(pins.horizon() >= before);
    }
}
