//! Reads Rust sources for the paths in them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A source file.
pub struct Source {
    /// Its path in the repository.
    pub path: String,
    /// Its module at the top of the crate.
    pub module: String,
    /// How long it is.
    pub lines: usize,
    /// The modules that its contents are in: `s3` and `object` for `src/s3/object/mod.rs`.
    place: Vec<String>,
    /// Its words and punctuation, without comments and literals.
    tokens: Vec<String>,
}

/// All sources of the crate.
pub fn sources() -> Vec<Source> {
    text_of_all().iter().map(|(path, text)| Source::parse(path, text)).collect()
}

/// The path in the repository and the text of each source of the crate.
pub fn text_of_all() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files);
    files.sort();
    let read = |file: &PathBuf| {
        let path = file.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        (path, fs::read_to_string(file).unwrap())
    };
    files.iter().map(read).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

impl Source {
    /// Reads a file's text.
    pub fn parse(path: &str, text: &str) -> Self {
        let inside = path.strip_prefix("src/").unwrap().strip_suffix(".rs").unwrap();
        let parts: Vec<_> = inside.split('/').filter(|part| *part != "mod").collect();
        Self {
            path: path.to_owned(),
            module: parts[0].to_owned(),
            lines: text.lines().count(),
            place: parts.iter().map(|part| (*part).to_owned()).collect(),
            tokens: tokens(&without_literals(text)),
        }
    }

    /// The modules at the top of the crate that it names, through `crate::` or through enough `super::`.
    pub fn modules_named(&self) -> BTreeSet<String> {
        let mut named = BTreeSet::new();
        let mut inline = Vec::new();
        let mut braces = 0;
        let mut at = 0;
        while at < self.tokens.len() {
            match self.tokens[at].as_str() {
                "{" => {
                    braces += 1;
                    if at >= 2 && self.tokens[at - 2] == "mod" {
                        inline.push(braces);
                    }
                }
                "}" => {
                    if inline.last() == Some(&braces) {
                        inline.pop();
                    }
                    braces -= 1;
                }
                // `cardea` is how the binary names the library.
                "crate" | "cardea" if self.follows(at, &["::"]) => named.extend(self.leaves(at + 2)),
                "super" => {
                    let mut climbs = 1;
                    while self.follows(at, &["::", "super"]) {
                        at += 2;
                        climbs += 1;
                    }
                    if climbs == self.place.len() + inline.len() && self.follows(at, &["::"]) {
                        named.extend(self.leaves(at + 2));
                    }
                }
                _ => {}
            }
            at += 1;
        }
        named
    }

    /// Its module path, without `crate`.
    pub fn place(&self) -> Vec<String> {
        self.place.clone()
    }

    /// The paths that it imports, resolved to `crate` where they are of this crate. Re-exports, and what `mod
    /// tests` imports, are left out.
    pub fn imports(&self) -> Vec<Vec<String>> {
        let mut imports = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            let before = at.checked_sub(1).map(|before| self.tokens[before].as_str());
            match self.tokens[at].as_str() {
                "mod" if self.follows(at, &["tests", "{"]) => break,
                "use" if !matches!(before, Some("pub" | ")")) => {
                    let mut leaves = Vec::new();
                    at = self.tree(at + 1, &[], &mut leaves);
                    imports.extend(leaves.iter().map(|leaf| self.resolved(leaf)));
                }
                _ => {}
            }
            at += 1;
        }
        imports
    }

    /// Reads a tree of imports, and returns the token after it.
    fn tree(&self, mut at: usize, prefix: &[String], leaves: &mut Vec<Vec<String>>) -> usize {
        let mut path = prefix.to_vec();
        loop {
            match self.tokens.get(at).map(String::as_str) {
                Some("{") => {
                    at += 1;
                    while self.tokens.get(at).is_some_and(|token| token != "}") {
                        at = self.tree(at, &path, leaves);
                        if self.tokens.get(at).is_some_and(|token| token == ",") {
                            at += 1;
                        }
                    }
                    return at + 1;
                }
                None | Some("," | "}" | ";") => break,
                Some("as") => at += 2,
                Some("::" | "*" | "self") => at += 1,
                Some(word) => {
                    path.push(word.to_owned());
                    at += 1;
                }
            }
        }
        leaves.push(path);
        at
    }

    fn resolved(&self, path: &[String]) -> Vec<String> {
        let climbs = path.iter().take_while(|word| *word == "super").count();
        if climbs == 0 || climbs > self.place.len() {
            return path.to_vec();
        }
        let parent = &self.place[..self.place.len() - climbs];
        [&["crate".to_owned()], parent, &path[climbs..]].concat()
    }

    /// Whether it names a crate, or a module of one (`aws_lc_rs::aead`).
    pub fn names_crate(&self, name: &str) -> bool {
        let (root, inside) =
            name.split_once("::").map_or((name, None), |(root, inside)| (root, Some(inside)));
        self.tokens.iter().enumerate().any(|(at, token)| {
            token == root
                && !self.is_inside_a_path(at)
                && match inside {
                    None => self.follows(at, &["::"]) || at > 0 && self.tokens[at - 1] == "use",
                    Some(inside) => self.follows(at, &["::"]) && self.leaves(at + 2).contains(inside),
                }
        })
    }

    /// Whether the word is after `something::`; a leading `::` is none.
    fn is_inside_a_path(&self, at: usize) -> bool {
        let is_word =
            |token: &str| token.chars().next().is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '>');
        at >= 2 && self.tokens[at - 1] == "::" && is_word(&self.tokens[at - 2])
    }

    fn follows(&self, at: usize, expected: &[&str]) -> bool {
        expected
            .iter()
            .enumerate()
            .all(|(n, word)| self.tokens.get(at + 1 + n).is_some_and(|token| token == word))
    }

    /// The first names of a path, or of a group of paths in braces.
    fn leaves(&self, start: usize) -> BTreeSet<String> {
        let Some(first) = self.tokens.get(start) else { return BTreeSet::new() };
        if first != "{" {
            return BTreeSet::from([first.clone()]);
        }
        let mut leaves = BTreeSet::new();
        let mut depth = 0;
        for at in start..self.tokens.len() {
            match self.tokens[at].as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                word if depth == 1 && ["{", ","].contains(&self.tokens[at - 1].as_str()) => {
                    leaves.insert(word.to_owned());
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        leaves
    }
}

/// Words, `::`, and single characters of punctuation.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            tokens.push(std::mem::take(&mut word));
        }
        if c == ':' && characters.peek() == Some(&':') {
            characters.next();
            tokens.push("::".to_owned());
        } else if !c.is_whitespace() {
            tokens.push(c.to_string());
        }
    }
    tokens.push(word);
    tokens
}

/// The text with comments, strings and characters blanked.
fn without_literals(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text[at..];
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            comment(rest)
        } else if rest.starts_with('"') {
            quoted(rest, 1)
        } else if is_raw(rest) && !out.ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            raw(rest)
        } else if rest.starts_with('\'') {
            character(rest)
        } else {
            0
        };
        if skip == 0 {
            let c = rest.chars().next().unwrap();
            out.push(c);
            at += c.len_utf8();
        } else {
            out.push(' ');
            at += skip;
        }
    }
    out
}

/// The length of a block comment; they nest.
fn comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        if text.as_bytes()[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if text.as_bytes()[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// The length of a string whose opening quote has been read.
fn quoted(text: &str, mut at: usize) -> usize {
    let bytes = text.as_bytes();
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn is_raw(text: &str) -> bool {
    let text = text.strip_prefix('b').unwrap_or(text);
    text.strip_prefix('r').is_some_and(|rest| rest.trim_start_matches('#').starts_with('"'))
}

/// The length of a raw string.
fn raw(text: &str) -> usize {
    let open = text.find('"').unwrap();
    let hashes = text[..open].matches('#').count();
    let close = format!("\"{}", "#".repeat(hashes));
    text[open + 1..].find(&close).map_or(text.len(), |end| open + 1 + end + close.len())
}

/// The length of a character; 0 for a lifetime.
fn character(text: &str) -> usize {
    let mut characters = text.char_indices().skip(1);
    match characters.next() {
        Some((_, '\\')) => {
            text[2..].char_indices().skip(1).find(|(_, c)| *c == '\'').map_or(0, |(end, _)| end + 3)
        }
        Some((_, _)) => match characters.next() {
            Some((end, '\'')) => end + 1,
            _ => 0,
        },
        None => 0,
    }
}
