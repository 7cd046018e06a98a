//! The metrics of operations, for Prometheus.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::model::EncryptionMode;
use crate::storage::blobs::Observer;

/// The gateway's metrics, and the registry to which other layers add their own.
pub struct Metrics {
    registry: Mutex<Registry>,
    operations: Family<OperationLabels, Counter>,
    bytes: Family<BytesLabels, Counter>,
    damaged: Counter,
    store_requests: Family<OperationLabels, Counter>,
    store_duration: Family<StoreLabels, Histogram>,
    store_attempts: Family<AttemptLabels, Counter>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct OperationLabels {
    operation: &'static str,
    outcome: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct BytesLabels {
    direction: &'static str,
    mode: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct StoreLabels {
    operation: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct AttemptLabels {
    method: &'static str,
    outcome: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("cardea");
        let operations = Family::<OperationLabels, Counter>::default();
        registry.register("operations", "Operations by outcome", operations.clone());
        let bytes = Family::<BytesLabels, Counter>::default();
        registry.register("object_bytes", "Plaintext bytes of objects, by encryption mode", bytes.clone());
        let damaged = Counter::default();
        registry.register("damaged_blobs", "Reads that found a blob damaged or missing", damaged.clone());
        let store_requests = Family::<OperationLabels, Counter>::default();
        registry.register(
            "store_requests",
            "Requests to the blob store by outcome, each with all its tries",
            store_requests.clone(),
        );
        // From a tenth of a millisecond to a minute and a half.
        let buckets = || Histogram::new(exponential_buckets(0.0001, 2.5, 16));
        let store_duration = Family::<StoreLabels, Histogram>::new_with_constructor(buckets);
        registry.register_with_unit(
            "store_request_duration",
            "Time that a request to the blob store took, with all its tries",
            Unit::Seconds,
            store_duration.clone(),
        );
        let store_attempts = Family::<AttemptLabels, Counter>::default();
        registry.register(
            "store_attempts",
            "HTTP requests to a blob store behind a network by answer, those that are tried again included",
            store_attempts.clone(),
        );
        let registry = Mutex::new(registry);
        Self { registry, operations, bytes, damaged, store_requests, store_duration, store_attempts }
    }
}

impl Metrics {
    /// Lets another layer register its own metrics.
    pub fn register(&self, with: impl FnOnce(&mut Registry)) {
        with(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// All registered metrics, in the OpenMetrics text format.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &registry);
        text
    }

    pub(crate) fn operation(&self, operation: &'static str, outcome: &'static str) {
        self.operations.get_or_create(&OperationLabels { operation, outcome }).inc();
    }

    pub(crate) fn damaged(&self) {
        self.damaged.inc();
    }

    pub(crate) fn written(&self, mode: EncryptionMode, bytes: u64) {
        self.bytes.get_or_create(&BytesLabels { direction: "in", mode: mode.name() }).inc_by(bytes);
    }

    pub(crate) fn read(&self, mode: EncryptionMode, bytes: u64) {
        self.bytes.get_or_create(&BytesLabels { direction: "out", mode: mode.name() }).inc_by(bytes);
    }
}

impl Observer for Metrics {
    fn request(&self, operation: &'static str, outcome: &'static str, took: Duration) {
        self.store_requests.get_or_create(&OperationLabels { operation, outcome }).inc();
        self.store_duration.get_or_create(&StoreLabels { operation }).observe(took.as_secs_f64());
    }

    fn attempt(&self, method: &'static str, outcome: &'static str) {
        self.store_attempts.get_or_create(&AttemptLabels { method, outcome }).inc();
    }
}
