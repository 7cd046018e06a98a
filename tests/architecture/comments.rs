//! How comments look: their width, and doc comments that say nothing.

use super::source::text_of_all;

/// The width of a comment line, in characters. rustfmt wraps code at it, and leaves comments alone.
const WIDTH: usize = 110;

#[test]
fn comment_lines_are_wrapped() {
    let mut wrong = Vec::new();
    for (path, text) in text_of_all() {
        for (number, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("//") && line.chars().count() > WIDTH {
                wrong.push(format!("{path}:{}", number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "comment lines over {WIDTH} characters:\n{}", wrong.join("\n"));
}

#[test]
fn doc_comments_say_more_than_two_words() {
    let wrong: Vec<_> = text_of_all().into_iter().flat_map(|(path, text)| empty_docs(&path, &text)).collect();
    assert!(wrong.is_empty(), "doc comments of one or two words:\n{}", wrong.join("\n"));
}

/// The doc comments of one or two words in a text.
fn empty_docs(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut words = None;
    for (number, line) in text.lines().chain([""]).enumerate() {
        if let Some(said) = line.trim_start().strip_prefix("///") {
            words = Some(words.unwrap_or(0) + said.split_whitespace().count());
        } else if let Some(count) = words.take()
            && count <= 2
        {
            found.push(format!("{path}:{number}"));
        }
    }
    found
}

#[test]
fn empty_docs_are_found() {
    let text = "/// Which.\nlet a = 1;\n    /// A longer\n    /// sentence.\n    b: u8,\n    /// Its name.";
    assert_eq!(empty_docs("a.rs", text), ["a.rs:1", "a.rs:6"]);
}
