//! Metrics of the connections to the index's database. They are asked for when the metrics are read.

use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::storage::index::postgres::PostgresIndex;

/// Shows the connections of an index.
#[derive(Debug)]
pub(super) struct DatabaseMetrics(pub(super) Arc<PostgresIndex>);

impl Collector for DatabaseMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let activity = self.0.activity();
        let help = "Connections to the database of the index";
        let mut connections =
            encoder.encode_descriptor("index_connections", help, None, MetricType::Gauge)?;
        for (state, count) in [("used", activity.open.saturating_sub(activity.idle)), ("idle", activity.idle)]
        {
            gauge(count).encode(connections.encode_family(&[("state", state)])?)?;
        }
        let help = "Commands that wait for a connection to the database";
        let waiting = encoder.encode_descriptor("index_waiting", help, None, MetricType::Gauge)?;
        gauge(activity.waiting).encode(waiting)?;
        let help = "Commands that were run again, since they met another one or lost their connection";
        let retries = encoder.encode_descriptor("index_retries", help, None, MetricType::Counter)?;
        ConstCounter::new(activity.retries).encode(retries)
    }
}

fn gauge(count: usize) -> ConstGauge<i64> {
    ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    use super::*;
    use crate::storage::index::postgres::PostgresOptions;

    #[tokio::test]
    async fn connections_are_shown() {
        let options = PostgresOptions {
            url: "postgres://cardea@127.0.0.1:1/cardea".into(),
            password: None,
            ca: None,
            connections: 2,
            timeout: Duration::from_millis(10),
        };
        let index = Arc::new(PostgresIndex::new(&options).unwrap());
        let mut registry = Registry::with_prefix("cardea");
        registry.register_collector(Box::new(DatabaseMetrics(index)));
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for line in [
            "cardea_index_connections{state=\"used\"} 0",
            "cardea_index_connections{state=\"idle\"} 0",
            "cardea_index_waiting 0",
            "cardea_index_retries_total 0",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }
}
