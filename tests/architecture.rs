//! The import table and the crate fences of `ARCHITECTURE.md`, and how long files may be.
//!
//! It reads the sources: comments and literals are taken out, and what is left is searched for paths.

#![allow(clippy::unwrap_used, clippy::similar_names, clippy::panic, reason = "tests")]

mod architecture {
    mod comments;
    pub mod imports;
    pub mod source;
}

use std::collections::{BTreeMap, BTreeSet};

use architecture::imports::circles;
use architecture::source::{Source, sources};

/// Which module may name which others. Every module at the top of the crate has a line.
const MAY_NAME: &[(&str, &[&str])] = &[
    // Leaves.
    ("model", &[]),
    ("cache", &[]),
    ("encryption", &[]),
    ("telemetry", &[]),
    // Over the model alone.
    ("http", &["model"]),
    ("identity", &["cache", "model"]),
    ("storage", &["model"]),
    ("authz", &["model", "identity"]),
    // The domain.
    // Background work on what is stored, and what operators ask for.
    ("care", &["encryption", "model", "ops", "storage"]),
    ("ops", &["authz", "cache", "encryption", "http", "identity", "model", "storage"]),
    // The fronts: never each other, never what lies below the domain.
    ("s3", &["http", "identity", "model", "ops"]),
    ("swift", &["http", "identity", "model", "ops"]),
    ("keystone", &["http", "identity", "model"]),
    // How the program is set up, run and watched.
    ("config", &["http", "identity", "model", "telemetry"]),
    ("failure", &["config"]),
    ("output", &["failure"]),
    ("cli", &["config", "encryption", "failure", "output", "server", "telemetry"]),
    (
        "server",
        &[
            "authz",
            "care",
            "config",
            "encryption",
            "failure",
            "http",
            "identity",
            "keystone",
            "model",
            "ops",
            "output",
            "s3",
            "storage",
            "swift",
            "telemetry",
        ],
    ),
    // For fuzzers and tests alone.
    ("fuzzing", &["encryption", "http", "keystone", "s3", "swift"]),
    ("main", &["cli"]),
];

/// Which modules may name a crate, or a module of one. What has no line is free.
const FENCES: &[(&str, &[&str])] = &[
    ("poem", &["keystone", "s3", "server", "swift"]),
    ("hyper", &["server"]),
    ("hyper_util", &["server"]),
    ("rustls", &["server", "storage"]),
    ("tokio_rustls", &["server"]),
    ("rcgen", &["server"]),
    ("object_store", &["storage"]),
    ("rusqlite", &["storage"]),
    ("tokio_postgres", &["storage"]),
    ("tokio_postgres_rustls", &["storage"]),
    ("deadpool_postgres", &["storage"]),
    ("aes_gcm", &["encryption"]),
    ("aws_lc_rs::aead", &["encryption"]),
    ("aws_lc_rs::cipher", &["encryption"]),
    ("aws_lc_rs::signature", &["identity"]),
    ("hkdf", &["encryption"]),
    ("jsonwebtoken", &["identity"]),
    ("argon2", &["encryption", "identity"]),
    ("clap", &["cli"]),
    ("toml", &["config", "encryption"]),
    ("quick_xml", &["s3"]),
    ("prometheus_client", &["care", "ops", "server"]),
    ("tracing_subscriber", &["telemetry"]),
];

/// The longest a file may be, in lines.
const LONGEST: usize = 800;
/// The longest the median file may be, in lines.
const LONGEST_MEDIAN: usize = 300;

#[test]
fn every_module_has_a_line_in_the_table() {
    let tables: BTreeSet<_> = MAY_NAME.iter().map(|(module, _)| (*module).to_owned()).collect();
    let modules: BTreeSet<_> =
        sources().iter().map(|source| source.module.clone()).filter(|m| m != "lib").collect();
    assert_eq!(tables, modules);
}

#[test]
fn modules_name_only_what_the_table_allows() {
    let table: BTreeMap<_, _> = MAY_NAME.iter().copied().collect();
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.module != "lib") {
        let allowed = table.get(source.module.as_str()).copied().unwrap_or_default();
        for named in source.modules_named() {
            if named != source.module
                && table.contains_key(named.as_str())
                && !allowed.contains(&named.as_str())
            {
                wrong.push(format!("{} names {named}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "upward or sideways imports:\n{}", wrong.join("\n"));
}

#[test]
fn the_table_allows_nothing_that_nobody_uses() {
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources() {
        used.entry(source.module.clone()).or_default().extend(source.modules_named());
    }
    // The domain's right to name all five layers, and the server's to name everything, stand as rules.
    for (module, allowed) in MAY_NAME.iter().filter(|(module, _)| !["ops", "server"].contains(module)) {
        for named in *allowed {
            assert!(used[*module].contains(*named), "{module} may name {named}, and does not");
        }
    }
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let found = circles(&sources());
    assert!(found.is_empty(), "circles of imports: {found:#?}");
}

#[test]
fn care_imports_of_the_domain_only_what_runs_and_reads() {
    let allowed = ["engine", "bytes"];
    for source in sources().iter().filter(|source| source.module == "care") {
        for path in source.imports().iter().filter(|path| path.len() > 2 && path[1] == "ops") {
            assert!(allowed.contains(&path[2].as_str()), "{} imports {}", source.path, path.join("::"));
        }
    }
}

#[test]
fn crates_stay_behind_their_fences() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (name, allowed) in FENCES {
            if source.names_crate(name) && !allowed.contains(&source.module.as_str()) {
                wrong.push(format!("{} names {name}, which is for {allowed:?}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_fence_has_something_behind_it() {
    let sources = sources();
    for (name, _) in FENCES.iter().filter(|(name, _)| *name != "aws_lc_rs::cipher") {
        assert!(sources.iter().any(|source| source.names_crate(name)), "nobody names {name}");
    }
}

#[test]
fn files_are_short() {
    let mut lengths: Vec<_> = sources().iter().map(|source| (source.lines, source.path.clone())).collect();
    lengths.sort();
    let longest: Vec<_> = lengths.iter().filter(|(lines, _)| *lines > LONGEST).collect();
    assert!(longest.is_empty(), "longer than {LONGEST} lines: {longest:?}");
    let median = lengths[lengths.len() / 2].0;
    assert!(median <= LONGEST_MEDIAN, "the median file has {median} lines");
}

#[test]
fn the_reader_of_sources_sees_what_it_must() {
    let see = |text: &str| Source::parse("src/s3/object/get.rs", text).modules_named();
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(see("use crate::storage::index::Index;"), set(&["storage"]));
    assert_eq!(see("use crate::{ops::{self, Error}, swift};"), set(&["ops", "swift"]));
    assert_eq!(see("fn f() { crate::authz::decide() }"), set(&["authz"]));
    assert_eq!(see("use super::super::super::storage;"), set(&["storage"]));
    assert_eq!(see("use super::super::super::{storage, swift::x};"), set(&["storage", "swift"]));
    assert_eq!(see("mod tests { use super::super::super::super::storage; }"), set(&["storage"]));
    assert_eq!(see("mod tests { use super::super::super::storage; }"), set(&[]));
    assert_eq!(see("use super::super::range;"), set(&[]));
    assert_eq!(
        see("// crate::storage\n/* crate::swift /* nested */ */ const A: &str = \"crate::swift\";"),
        set(&[])
    );
    assert_eq!(
        see("const A: &str = r#\"crate::swift \" \"#; const B: char = '\"'; use crate::ops;"),
        set(&["ops"])
    );
    assert_eq!(see("fn f<'a>(x: &'a str) { let c = '\\''; crate::ops::g() }"), set(&["ops"]));

    let names = |text: &str, name: &str| Source::parse("src/s3/mod.rs", text).names_crate(name);
    assert!(names("use poem::http::Method;", "poem"));
    assert!(names("use poem;", "poem"));
    assert!(names("use {hyper::Method, poem::Request};", "poem"));
    assert!(names("let key = ::aes_gcm::Key::default();", "aes_gcm"));
    assert!(names("use aws_lc_rs::{aead, digest};", "aws_lc_rs::aead"));
    assert!(!names("use tokio_rustls::server;", "rustls"));
    assert!(!names("use crate::poem::Poem; let poem = 1; poem.read()", "poem"));
    assert!(!names("use aws_lc_rs::digest;", "aws_lc_rs::aead"));
}
