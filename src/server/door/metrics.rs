//! The metrics of requests and connections.

use std::sync::atomic::AtomicI64;
use std::time::Duration;

use hyper::Method;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::server::dispatch::Dialect;

/// Requests by dialect, method and status; open connections.
pub(crate) struct HttpMetrics {
    requests: Family<RequestLabels, Counter>,
    duration: Family<DurationLabels, Histogram>,
    in_flight: Gauge<i64, AtomicI64>,
    connections: Gauge<i64, AtomicI64>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct RequestLabels {
    dialect: &'static str,
    method: &'static str,
    class: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct DurationLabels {
    dialect: &'static str,
    method: &'static str,
}

impl HttpMetrics {
    /// Registers the metrics, all at zero.
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let metrics = Self {
            requests: Family::default(),
            // From half a millisecond to a minute.
            duration: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.0005, 2.0, 18))),
            in_flight: Gauge::default(),
            connections: Gauge::default(),
        };
        registry.register("http_requests", "Requests answered", metrics.requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time from a request's headers to the last byte of its answer",
            Unit::Seconds,
            metrics.duration.clone(),
        );
        registry.register("http_requests_in_flight", "Requests being answered", metrics.in_flight.clone());
        registry.register("http_connections", "Open client connections", metrics.connections.clone());
        metrics
    }

    pub(super) fn arrived(&self) {
        self.in_flight.inc();
    }

    pub(super) fn answered(&self, dialect: Dialect, method: &Method, status: u16, took: Duration) {
        self.in_flight.dec();
        let (dialect, method) = (dialect.name(), label(method));
        self.requests.get_or_create(&RequestLabels { dialect, method, class: class(status) }).inc();
        self.duration.get_or_create(&DurationLabels { dialect, method }).observe(took.as_secs_f64());
    }

    pub(super) fn connections(&self, change: i64) {
        self.connections.inc_by(change);
    }
}

/// A client may invent methods, but not labels.
fn label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "PUT" => "PUT",
        "POST" => "POST",
        "DELETE" => "DELETE",
        "COPY" => "COPY",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

fn class(status: u16) -> &'static str {
    match status / 100 {
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        5 => "5xx",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_dialect_method_and_class() {
        let mut registry = Registry::default();
        let metrics = HttpMetrics::new(&mut registry);
        let cow = Method::from_bytes(b"COW").unwrap();
        for method in [Method::GET, cow] {
            metrics.arrived();
            metrics.answered(Dialect::S3, &method, 404, Duration::from_millis(3));
        }
        metrics.connections(1);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        for line in [
            r#"http_requests_total{dialect="s3",method="GET",class="4xx"} 1"#,
            r#"http_requests_total{dialect="s3",method="other",class="4xx"} 1"#,
            r#"http_request_duration_seconds_count{dialect="s3",method="GET"} 1"#,
            "http_requests_in_flight 0",
            "http_connections 1",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }
}
