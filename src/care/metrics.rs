//! The metrics of background work.

use std::sync::atomic::{AtomicI64, AtomicU64};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::model::Timestamp;

/// Counters and gauges for each task of background work in this process.
#[derive(Clone, Default)]
pub(crate) struct CareMetrics {
    succeeded: Family<TaskLabel, Gauge<f64, AtomicU64>>,
    items: Family<TaskLabel, Counter>,
    failures: Family<TaskLabel, Counter>,
    held: Family<TaskLabel, Gauge<i64, AtomicI64>>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct TaskLabel {
    task: &'static str,
}

impl CareMetrics {
    /// Registers the metrics, with all counters at zero.
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register_with_unit(
            "care_last_success_timestamp",
            "Time of the last successful round of background work in this process",
            Unit::Seconds,
            metrics.succeeded.clone(),
        );
        registry.register("care_items", "Items that background work has processed", metrics.items.clone());
        registry.register("care_failures", "Rounds of background work that failed", metrics.failures.clone());
        registry.register(
            "care_held",
            "Whether this process does the work for all processes (1) or another one does (0)",
            metrics.held.clone(),
        );
        metrics
    }

    /// Creates the counters of a task, so that they are visible before its first round.
    pub(super) fn begin(&self, task: &'static str) {
        let task = TaskLabel { task };
        drop(self.items.get_or_create(&task));
        drop(self.failures.get_or_create(&task));
        self.held.get_or_create(&task).set(0);
    }

    pub(super) fn held(&self, task: &'static str, held: bool) {
        self.held.get_or_create(&TaskLabel { task }).set(held.into());
    }

    pub(super) fn succeeded(&self, task: &'static str, items: u64) {
        let task = TaskLabel { task };
        #[expect(
            clippy::cast_precision_loss,
            reason = "seconds since 1970 in microseconds fit for 200 years"
        )]
        let now = Timestamp::now().micros() as f64 / 1e6;
        self.succeeded.get_or_create(&task).set(now);
        self.items.get_or_create(&task).inc_by(items);
    }

    pub(super) fn failed(&self, task: &'static str) {
        self.failures.get_or_create(&TaskLabel { task }).inc();
    }
}
