//! What the scrubber counts, in Prometheus' terms.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::{Registry, Unit};

/// What the scrubber of this process has read and found.
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

/// What the scrubber may find.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ScrubFinding {
    /// A version or an upload that is not as it was sealed.
    Damaged,
    /// One that the store does not give, though it answers.
    Unreadable,
    /// Things in the store that the index does not know.
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
    /// Counters at zero, registered.
    pub fn new(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        for kind in ScrubFinding::ALL {
            metrics.found(kind, 0);
        }
        let name = "scrub_read";
        registry.register_with_unit(name, "What the scrubber has read", Unit::Bytes, metrics.bytes.clone());
        registry.register(
            "scrub_passes",
            "Times that the scrubber has read everything",
            metrics.passes.clone(),
        );
        registry.register(
            "scrub_findings",
            "What the scrubber found wrong, each thing once",
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

    /// How many findings there were.
    pub fn findings(&self) -> u64 {
        ScrubFinding::ALL
            .iter()
            .map(|kind| self.findings.get_or_create(&FindingLabel { kind: kind.name() }).get())
            .sum()
    }

    /// How often everything was read.
    pub fn passes(&self) -> u64 {
        self.passes.get()
    }
}
