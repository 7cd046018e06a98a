//! The operations over a real index and real blobs, in one process: encryption matrix, ranges, sizes, damage.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]
#![allow(clippy::default_trait_access, clippy::cast_possible_truncation, clippy::panic, reason = "tests")]

mod gateway {
    mod callers_gone;
    mod conditions;
    mod copy;
    mod copy_parts;
    mod damage;
    pub mod garbage;
    mod keys;
    mod large_dynamic;
    mod large_keys;
    mod large_model;
    mod large_static;
    pub mod large_world;
    mod multipart;
    mod multipart_checksums;
    mod multipart_copy;
    mod multipart_damage;
    mod multipart_keys;
    mod multipart_races;
    mod multipart_ranges;
    pub mod multipart_world;
    mod rates;
    mod references;
    mod scrub;
    mod settings;
    mod sizes;
    mod versions;
    mod versions_model;
    pub mod world;
}
