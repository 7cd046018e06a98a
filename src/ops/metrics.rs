//! What the operations count.

/// The gateway's counters.
#[derive(Default)]
pub struct Metrics {}
