//! The metrics of the scrubber.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::{Registry, Unit};

/// Counters of the bytes, passes and findings of this process's scrubber.
#[derive(Clone, Default)]
pub struct ScrubMetrics {
    bytes: Counter,
    passes: Counter,
    findings: Family<FindingLabel, Counter>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct FindingLabel {
    kind: &'static str,
}

/// The kinds of faults that the scrubber finds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ScrubFinding {
    /// A version or an upload is not as it was sealed.
    Damaged,
    /// A version or an upload cannot be read, although the store answers.
    Unreadable,
    /// The store holds something that the index does not know.
    Stray,
}

impl ScrubFinding {
    const ALL: [Self; 3] = [Self::Damaged, Self::Unreadable, Self::Stray];

    const fn name(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::Unreadable => "unreadable",
            Self::Stray => "stray",
        }
    }
}

impl ScrubMetrics {
    /// Registers the metrics, with all counters at zero.
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        for kind in ScrubFinding::ALL {
            metrics.found(kind, 0);
        }
        let name = "scrub_read";
        registry.register_with_unit(
            name,
            "Bytes that the scrubber has read",
            Unit::Bytes,
            metrics.bytes.clone(),
        );
        registry.register(
            "scrub_passes",
            "Complete passes of the scrubber over all stored data",
            metrics.passes.clone(),
        );
        registry.register(
            "scrub_findings",
            "Faults that the scrubber has found, each counted once",
            metrics.findings.clone(),
        );
        metrics
    }

    pub(super) fn read(&self, bytes: u64) {
        self.bytes.inc_by(bytes);
    }

    pub(super) fn passed(&self) {
        self.passes.inc();
    }

    pub(super) fn found(&self, kind: ScrubFinding, count: u64) {
        self.findings.get_or_create(&FindingLabel { kind: kind.name() }).inc_by(count);
    }

    /// The number of findings of all kinds.
    pub fn findings(&self) -> u64 {
        ScrubFinding::ALL
            .iter()
            .map(|kind| self.findings.get_or_create(&FindingLabel { kind: kind.name() }).get())
            .sum()
    }

    /// The number of complete passes.
    pub fn passes(&self) -> u64 {
        self.passes.get()
    }
}
