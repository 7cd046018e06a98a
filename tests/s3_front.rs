//! The S3 face over a real index and real blobs, in one process: what goes over the wire, request by request.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod s3_front {
    mod auth;
    mod buckets;
    mod checksums;
    mod every_operation;
    mod objects;
    mod sse_c;
    pub mod world;
}
