//! The operations over a real index and real blobs, in one process: encryption matrix, ranges, sizes, damage.

#![allow(missing_docs, reason = "tests")]

mod gateway {
    mod conditions;
    mod damage;
    mod keys;
    mod sizes;
    pub mod world;
}
