//! Imports between files, and the circles that they make.

use std::collections::{BTreeMap, BTreeSet};

use super::source::Source;

/// A path: its words, with `crate` first where it was resolved.
type Path = Vec<String>;

/// The files that import each other in a circle: one set for each circle, with paths in the repository.
///
/// `mod`, re-exports, `mod tests` and imports of the parent module or of a child do not count.
pub fn circles(sources: &[Source]) -> Vec<BTreeSet<String>> {
    let files: BTreeMap<Path, &Source> = sources.iter().map(|source| (source.place(), source)).collect();
    let imports: BTreeMap<&str, BTreeSet<&str>> = sources
        .iter()
        .map(|source| {
            let found = source.imports().into_iter().filter_map(|path| file_of(&path, &files));
            let counts = |other: &&Source| counts(&source.place(), &other.place());
            (source.path.as_str(), found.filter(counts).map(|other| other.path.as_str()).collect())
        })
        .collect();
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        imports.keys().map(|path| (*path, reach(path, &imports))).collect();
    let circle = |path: &str| {
        let members = reached[path].iter().filter(|other| reached[*other].contains(path));
        members.map(|member| (*member).to_owned()).collect::<BTreeSet<_>>()
    };
    let found: BTreeSet<_> = imports.keys().map(|path| circle(path)).collect();
    found.into_iter().filter(|circle| circle.len() > 1).collect()
}

/// All files that a file imports, and all that those import.
fn reach<'a>(from: &str, imports: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<_> = imports[from].iter().copied().collect();
    while let Some(path) = next.pop() {
        if reached.insert(path) {
            next.extend(&imports[path]);
        }
    }
    reached
}

/// The file that a path leads into: the one of its longest beginning that is a module.
fn file_of<'a>(path: &[String], files: &BTreeMap<Path, &'a Source>) -> Option<&'a Source> {
    let inside = path.strip_prefix(["crate".to_owned()].as_slice())?;
    (1..=inside.len()).rev().find_map(|length| files.get(&inside[..length]).copied())
}

/// Whether an import counts: not one of the own file, of the parent module or of a child.
fn counts(from: &[String], to: &[String]) -> bool {
    let is_parent = from.split_last().is_some_and(|(_, parent)| parent == to);
    from != to && !is_parent && !to.starts_with(from)
}

#[test]
fn circles_are_found() {
    let parse = |path: &str, text: &str| Source::parse(path, text);
    let sources = [
        parse("src/a/mod.rs", "mod one; mod two; pub use two::Two;"),
        parse("src/a/one.rs", "use super::two::Two; use crate::b::three;"),
        parse("src/a/two.rs", "use super::Shared; use crate::{c, d::{self, four::Four}};"),
        parse("src/b/mod.rs", "pub mod three; use self::three::Three;"),
        parse("src/b/three.rs", "use std::fmt; use crate::a::one::{One, Other as Another};"),
        parse("src/c.rs", "pub use crate::a::two::Two; mod tests { use crate::a::two::Two; }"),
        parse("src/d/mod.rs", "mod four;"),
        parse("src/d/four.rs", "use super::super::b::three::Three;"),
    ];
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let all = set(&["src/a/one.rs", "src/a/two.rs", "src/b/three.rs", "src/d/four.rs"]);
    assert_eq!(circles(&sources), [all]);
    assert_eq!(circles(&sources[..5]), [set(&["src/a/one.rs", "src/b/three.rs"])]);
    assert!(circles(&sources[..4]).is_empty());
}
