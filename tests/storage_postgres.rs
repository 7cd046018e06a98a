//! The index suite over PostgreSQL.
//!
//! `CARDEA_TEST_POSTGRES` has the URL of the database, for instance
//! `postgres://cardea@127.0.0.1:5432/postgres?sslmode=disable`. Every test has a schema of its own. A test
//! that fails leaves its schema there. Without the variable the tests fail: no test is skipped.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::needless_pass_by_value, reason = "each function owns its backend, which goes with it")]
#![allow(dead_code, reason = "some helpers of the storage tests are not used here")]

#[macro_use]
mod storage {
    #[allow(unused_macros, reason = "the blob suite")]
    #[macro_use]
    mod suites;

    pub mod index;
    pub mod postgres;
    pub mod store;
}

index_suite!(postgres: |test| crate::storage::postgres::database::within_a_schema(test).await);
