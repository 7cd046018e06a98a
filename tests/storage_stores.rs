//! The blob suite over stores behind a network: S3 and Azure, which `tests/stores/` starts.
//!
//! `CARDEA_TEST_S3` (a URL), `CARDEA_TEST_S3_ENDPOINT`, `CARDEA_TEST_AZ` and the variables of credentials
//! lead to them. Without these the tests fail: no test is skipped.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::needless_pass_by_value, reason = "each function owns its backend, which goes with it")]

#[macro_use]
mod storage {
    #[allow(unused_macros, reason = "the index suite")]
    #[macro_use]
    mod suites;

    pub mod store;
}

use cardea::model::InstallId;
use cardea::storage::blobs::{BlobOptions, CloudOptions};

use storage::store::Store;

blob_suite!(s3: |test| test(crate::s3()).await);
blob_suite!(azure: |test| test(crate::azure()).await);

fn s3() -> Store {
    let endpoint = Some(variable("CARDEA_TEST_S3_ENDPOINT"));
    let cloud = CloudOptions { endpoint, region: Some("us-east-1".into()), ..CloudOptions::default() };
    Store::over(fresh("CARDEA_TEST_S3"), BlobOptions { cloud, ..BlobOptions::default() })
}

fn azure() -> Store {
    Store::over(fresh("CARDEA_TEST_AZ"), BlobOptions::default())
}

/// A prefix that no other test has.
fn fresh(name: &str) -> String {
    format!("{}/{}", variable(name), InstallId::random())
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `tests/run stores`"))
}
