//! Stores behind a network: S3, Azure and Google.
//!
//! Credentials are never in Cardea's own configuration: they come from the environment variables that each
//! cloud's own tools read (static keys, web identity, workload identity, managed identity, SAS), or from the
//! machine's own identity.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, Certificate, ClientOptions, ObjectStore, RetryConfig};

use super::observe::{Watch, Watched};
use super::unusable;
use crate::storage::Error;

/// The size of the buffers of an upload to a cloud. A part must have at least 5 MiB there, except the last,
/// and a buffer is handed over when the next sealed chunk does not fit.
pub(super) const BUFFER: usize = 6 * 1024 * 1024;

/// The settings of a store behind a network.
#[derive(Clone, Debug)]
pub struct CloudOptions {
    /// The address of the service, if it is not the cloud's own: `https://minio.example.com:9000`.
    pub endpoint: Option<String>,
    /// The region of an S3 bucket.
    pub region: Option<String>,
    /// Whether the name of an S3 bucket is in the path, and not in the host's name.
    pub path_style: bool,
    /// More certificate authorities to trust (PEM).
    pub ca: Option<Vec<u8>>,
    /// The longest pause of an answer. There is no limit for a whole transfer.
    pub read_timeout: Duration,
    /// The longest time during which a failed request is tried again.
    pub retry_timeout: Duration,
}

impl Default for CloudOptions {
    fn default() -> Self {
        Self {
            endpoint: None,
            region: None,
            path_style: true,
            ca: None,
            read_timeout: Duration::from_secs(30),
            retry_timeout: Duration::from_mins(1),
        }
    }
}

/// Whether the scheme is one of ours.
pub(super) fn is_scheme(scheme: &str) -> bool {
    matches!(scheme, "s3" | "az" | "gs")
}

/// Opens a store by its URL: `s3://bucket/prefix`, `az://container/prefix` or `gs://bucket/prefix`.
pub(super) fn open(url: &str, options: &CloudOptions, watch: &Watch) -> Result<Arc<dyn ObjectStore>, Error> {
    let expected = "expected s3://bucket/prefix, az://container/prefix or gs://bucket/prefix";
    let (scheme, rest) = url.split_once("://").ok_or_else(|| unusable(url, expected))?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        return Err(unusable(url, expected));
    }
    let prefix = Path::parse(prefix.trim_end_matches('/')).map_err(|_| unusable(url, expected))?;
    let client = client(options)?;
    let built: object_store::Result<Arc<dyn ObjectStore>> = match scheme {
        "s3" => s3(bucket, options, client, watch),
        "az" => azure(bucket, options, client, watch),
        "gs" => google(bucket, options, client, watch),
        _ => return Err(unusable(url, expected)),
    };
    let store = built.map_err(|error| Error::Unavailable(Box::new(error)))?;
    Ok(if prefix.is_root() { store } else { Arc::new(PrefixStore::new(store, prefix)) })
}

/// There is no limit for a whole request, which a body of gigabytes would exceed, but one for its longest
/// pause.
fn client(options: &CloudOptions) -> Result<ClientOptions, Error> {
    let mut client = ClientOptions::new()
        .with_timeout_disabled()
        .with_connect_timeout(Duration::from_secs(5))
        .with_read_timeout(options.read_timeout)
        .with_pool_max_idle_per_host(64)
        .with_allow_http(options.endpoint.as_deref().is_some_and(|url| url.starts_with("http://")));
    if let Some(pem) = &options.ca {
        let certificates =
            Certificate::from_pem_bundle(pem).map_err(|error| Error::Unavailable(Box::new(error)))?;
        for certificate in certificates {
            client = client.with_root_certificate(certificate);
        }
    }
    Ok(client)
}

fn retry(options: &CloudOptions) -> RetryConfig {
    RetryConfig { backoff: BackoffConfig::default(), max_retries: 10, retry_timeout: options.retry_timeout }
}

fn s3(
    bucket: &str,
    options: &CloudOptions,
    client: ClientOptions,
    watch: &Watch,
) -> object_store::Result<Arc<dyn ObjectStore>> {
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .with_virtual_hosted_style_request(!options.path_style)
        .with_client_options(client)
        .with_http_connector(Watched(watch.clone()))
        .with_retry(retry(options));
    if let Some(region) = &options.region {
        builder = builder.with_region(region);
    }
    if let Some(endpoint) = &options.endpoint {
        let endpoint = if options.path_style { endpoint.clone() } else { with_bucket(endpoint, bucket) };
        builder = builder.with_endpoint(endpoint);
    }
    Ok(Arc::new(builder.build()?))
}

/// An endpoint with the bucket in the host's name. `object_store` expects that of an endpoint, and would
/// otherwise take the first folder of the prefix for the bucket.
fn with_bucket(endpoint: &str, bucket: &str) -> String {
    match endpoint.split_once("://") {
        Some((scheme, host)) if !host.starts_with(&format!("{bucket}.")) => {
            format!("{scheme}://{bucket}.{host}")
        }
        _ => endpoint.to_owned(),
    }
}

fn azure(
    container: &str,
    options: &CloudOptions,
    client: ClientOptions,
    watch: &Watch,
) -> object_store::Result<Arc<dyn ObjectStore>> {
    let mut builder = MicrosoftAzureBuilder::from_env()
        .with_container_name(container)
        .with_client_options(client)
        .with_http_connector(Watched(watch.clone()))
        .with_retry(retry(options));
    if let Some(endpoint) = &options.endpoint {
        builder = builder.with_endpoint(endpoint.clone());
    }
    Ok(Arc::new(builder.build()?))
}

fn google(
    bucket: &str,
    options: &CloudOptions,
    client: ClientOptions,
    watch: &Watch,
) -> object_store::Result<Arc<dyn ObjectStore>> {
    let mut builder = GoogleCloudStorageBuilder::from_env()
        .with_bucket_name(bucket)
        .with_client_options(client)
        .with_http_connector(Watched(watch.clone()))
        .with_retry(retry(options));
    if let Some(endpoint) = &options.endpoint {
        builder = builder.with_base_url(endpoint);
    }
    Ok(Arc::new(builder.build()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let options = CloudOptions {
            endpoint: Some("http://127.0.0.1:1".into()),
            region: Some("eu-central-1".into()),
            ..CloudOptions::default()
        };
        for good in ["s3://bucket", "s3://bucket/", "s3://bucket/a/b/", "gs://bucket/a"] {
            assert!(open(good, &options, &Watch::default()).is_ok(), "{good}");
        }
        for bad in ["s3://", "s3:///prefix", "s3://bucket/a//b", "s3://bucket/../x", "ftp://bucket"] {
            assert!(open(bad, &options, &Watch::default()).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_bucket_goes_into_the_host_once() {
        for endpoint in ["https://s3.example.com:9000", "https://bucket.s3.example.com:9000"] {
            assert_eq!(with_bucket(endpoint, "bucket"), "https://bucket.s3.example.com:9000");
        }
        assert_eq!(with_bucket("http://buckets.example.com", "bucket"), "http://bucket.buckets.example.com");
    }

    #[test]
    fn a_part_has_what_a_cloud_asks_for() {
        const SEALED_CHUNK: usize = 64 * 1024 + 16;
        const { assert!(BUFFER - SEALED_CHUNK >= 5 * 1024 * 1024) };
    }

    #[test]
    fn a_broken_certificate_is_an_error() {
        let options =
            CloudOptions { ca: Some(b"-----BEGIN CERTIFICATE-----\nxx".to_vec()), ..Default::default() };
        assert!(open("s3://bucket", &options, &Watch::default()).is_err());
    }
}
