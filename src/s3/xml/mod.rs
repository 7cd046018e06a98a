//! XML: the documents that S3 answers with, and those that it takes.

mod read;

#[cfg(any(test, fuzzing))]
pub(super) use read::parse;
pub(super) use read::{Element, parse_root};

pub(super) use crate::http::xml::Document;
use crate::http::xml::Escape;

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// Begins a document whose root is in S3's namespace.
pub(super) fn begin(root: &'static str) -> Document {
    let mut document = Document::new(Escape::Controls);
    document.start_with(root, &[("xmlns", NAMESPACE)]);
    document
}

/// Begins a document whose root is in no namespace, as errors are.
pub(super) fn begin_plain(root: &'static str) -> Document {
    let mut document = Document::new(Escape::Controls);
    document.start(root);
    document
}
