//! The Swift front over a real gateway, in one process: requests in, answers out.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod swift_front {
    mod account;
    mod authorisation;
    mod container;
    mod general;
    mod keys;
    mod large;
    mod object;
    mod specification;
    mod world;
}
