//! Metrics of the free space on the disks. It is measured when the metrics are read.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::storage::disk::DiskSpace;

/// Shows the free space of each disk.
#[derive(Debug)]
pub(super) struct DiskMetrics(pub(super) DiskSpace);

impl Collector for DiskMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let help = "Bytes free on the disk of the data folder, the index and a local store";
        let mut free = encoder.encode_descriptor("disk_free_bytes", help, None, MetricType::Gauge)?;
        for (folder, bytes, _) in self.0.folders() {
            let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
            ConstGauge::new(bytes).encode(free.encode_family(&[("folder", folder)])?)?;
        }
        let help =
            "Whether writes are accepted: not on a disk that is full but for disk_reserve, or read-only";
        let accepted = encoder.encode_descriptor("writes_accepted", help, None, MetricType::Gauge)?;
        ConstGauge::new(i64::from(self.0.is_ample())).encode(accepted)
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    use super::*;

    #[test]
    fn each_folder_has_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let mut registry = Registry::with_prefix("cardea");
        let disk = DiskSpace::new([("data", folder.path().to_owned())], u64::MAX);
        registry.register_collector(Box::new(DiskMetrics(disk)));
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        assert!(text.contains("cardea_disk_free_bytes{folder=\"data\"} "), "{text}");
        assert!(text.contains("cardea_writes_accepted 0"), "{text}");
    }
}
