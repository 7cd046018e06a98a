//! The targets of fuzzers: one function for each parser of bytes from clients, or from thieves of the store.
//!
//! Each takes any bytes. It panics if the parser does, or if a rule is broken: rendered values read back the
//! same, signed or sealed bytes verify, and altered ones do not. `fuzz/` runs the targets under libFuzzer;
//! the tests here run them over its corpora. Neither is in the program.

mod http;
mod sealed;
#[cfg(test)]
mod tests;

use crate::{keystone, s3, swift};

/// A function to feed.
pub type Target = fn(&[u8]);

/// All targets. The names are those of the files in `fuzz/fuzz_targets` and of the folders in `fuzz/corpus`.
pub const TARGETS: &[(&str, Target)] = &[
    ("aws_chunked", s3::fuzzing::aws_chunked),
    ("blob", sealed::blob),
    ("bulk_delete", swift::fuzzing::bulk_delete),
    ("conditions", http::conditions),
    ("copy_source", s3::fuzzing::copy_source),
    ("dates", http::dates),
    ("envelope", sealed::envelope),
    ("keystone", keystone::fuzzing::logins),
    ("query", http::query),
    ("range", http::range),
    ("s3_address", s3::fuzzing::address),
    ("s3_headers", s3::fuzzing::headers),
    ("sigv4_header", s3::fuzzing::sigv4_header),
    ("sigv4_presigned", s3::fuzzing::sigv4_presigned),
    ("slo_manifest", swift::fuzzing::slo_manifest),
    ("swift_headers", swift::fuzzing::headers),
    ("swift_path", swift::fuzzing::path),
    ("xml", s3::fuzzing::xml),
];

/// Feeds a target.
///
/// # Panics
///
/// If there is no target of that name, or if the target finds something.
pub fn feed(name: &str, data: &[u8]) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).expect("a target of that name");
    target(data);
}
