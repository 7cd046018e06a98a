//! What the operations count, in Prometheus' terms.

use std::sync::Mutex;
use std::sync::PoisonError;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::Error;
use crate::model::EncryptionMode;

/// The gateway's counters and the registry that others add theirs to.
pub struct Metrics {
    registry: Mutex<Registry>,
    operations: Family<OperationLabels, Counter>,
    bytes: Family<BytesLabels, Counter>,
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

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("cardea");
        let operations = Family::<OperationLabels, Counter>::default();
        registry.register("operations", "Operations by outcome", operations.clone());
        let bytes = Family::<BytesLabels, Counter>::default();
        registry.register("object_bytes", "Plaintext bytes of objects, by encryption mode", bytes.clone());
        Self { registry: Mutex::new(registry), operations, bytes }
    }
}

impl Metrics {
    /// Lets another layer register its own.
    pub fn register(&self, with: impl FnOnce(&mut Registry)) {
        with(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Everything, in the OpenMetrics text format.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &registry);
        text
    }

    pub(super) fn operation(&self, operation: &'static str, error: Option<&Error>) {
        let outcome = error.map_or("done", Error::kind);
        self.operations.get_or_create(&OperationLabels { operation, outcome }).inc();
    }

    pub(super) fn written(&self, mode: EncryptionMode, bytes: u64) {
        self.bytes.get_or_create(&BytesLabels { direction: "in", mode: mode.name() }).inc_by(bytes);
    }

    pub(super) fn read(&self, mode: EncryptionMode, bytes: u64) {
        self.bytes.get_or_create(&BytesLabels { direction: "out", mode: mode.name() }).inc_by(bytes);
    }
}
