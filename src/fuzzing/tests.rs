//! Runs the targets over the corpora, as they are and with a few changes, without a fuzzer.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::{TARGETS, feed};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

/// A target's corpus.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let files = fs::read_dir(folder().join("corpus").join(target)).unwrap();
    files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
}

#[test]
fn every_target_has_a_file_a_corpus_and_a_place_in_the_manifest() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(targets, names(&folder().join("fuzz_targets")));
    assert_eq!(targets, names(&folder().join("corpus")));
    let manifest = fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    for name in &targets {
        assert!(
            manifest.contains(&format!("name = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"")),
            "{name}"
        );
        assert!(corpus(name).len() >= 3, "{name} has hardly a corpus");
    }
}

#[test]
fn the_corpora_find_nothing() {
    for (name, _) in TARGETS {
        feed(name, b"");
        for data in corpus(name) {
            feed(name, &data);
        }
    }
}

/// A few of the changes that a fuzzer makes.
fn changed(data: &[u8], changes: &[(usize, u8, u8)]) -> Vec<u8> {
    let mut data = data.to_vec();
    for &(at, byte, change) in changes {
        let at = at % (data.len() + 1);
        match change % 4 {
            0 => data.insert(at, byte),
            1 => data.truncate(at),
            2 => data.extend_from_within(at..),
            _ if at < data.len() => data[at] = byte,
            _ => {}
        }
        data.truncate(1 << 16);
    }
    data
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn nor_do_they_when_they_are_changed(
        seed in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<usize>(), any::<u8>(), any::<u8>()), 1..8),
    ) {
        for (name, _) in TARGETS {
            let corpus = corpus(name);
            let data = &corpus[seed.index(corpus.len())];
            feed(name, &changed(data, &changes));
        }
    }
}
