//! The report of a bulk operation, in the client's format.

use std::fmt::Write;

use poem::Response;
use poem::http::StatusCode;
use serde_json::json;

use crate::http::xml::{Document, Escape};
use crate::swift::accept::Format;
use crate::swift::reply;

/// The outcome of a bulk delete.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Report {
    /// A status line. The status of the answer itself is always 200.
    pub(crate) status: &'static str,
    /// The mistake in the request as a whole.
    pub(crate) body: String,
    /// How many objects and containers were deleted.
    pub(crate) deleted: u64,
    /// How many did not exist.
    pub(crate) not_found: u64,
    /// The names that could not be deleted, percent-encoded, each with its status line.
    pub(crate) errors: Vec<(String, String)>,
}

impl Default for Report {
    fn default() -> Self {
        Self { status: "200 OK", body: String::new(), deleted: 0, not_found: 0, errors: Vec::new() }
    }
}

impl Report {
    /// Whether the list had no name at all.
    pub(crate) fn names_nothing(&self) -> bool {
        self.deleted + self.not_found == 0 && self.errors.is_empty()
    }

    pub(crate) fn answer(&self, format: Format) -> Response {
        let text = match format {
            Format::Plain => self.plain(),
            Format::Json => self.json(),
            Format::Xml | Format::TextXml => self.xml(),
        };
        reply::with_body(StatusCode::OK, format.content_type(), text)
    }

    fn json(&self) -> String {
        json!({
            "Response Status": self.status,
            "Response Body": self.body,
            "Number Deleted": self.deleted,
            "Number Not Found": self.not_found,
            "Errors": self.errors,
        })
        .to_string()
    }

    fn plain(&self) -> String {
        let mut text = format!(
            "Number Deleted: {}\nNumber Not Found: {}\nResponse Body: {}\nResponse Status: {}\nErrors:\n",
            self.deleted, self.not_found, self.body, self.status
        );
        for (name, problem) in &self.errors {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{name}, {problem}");
        }
        text
    }

    fn xml(&self) -> String {
        let mut xml = Document::new(Escape::LineBreaks);
        xml.start("delete").line_break();
        for (name, value) in [
            ("number_deleted", self.deleted.to_string().as_str()),
            ("number_not_found", self.not_found.to_string().as_str()),
            ("response_body", self.body.as_str()),
            ("response_status", self.status),
        ] {
            xml.leaf(name, value).line_break();
        }
        xml.start("errors").line_break();
        for (name, problem) in &self.errors {
            xml.start("object").leaf("name", name).leaf("status", problem).end().line_break();
        }
        xml.end().line_break().end().line_break();
        xml.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        Report {
            status: "400 Bad Request",
            deleted: 1,
            not_found: 3,
            errors: vec![("pc".into(), "409 Conflict".into())],
            ..Report::default()
        }
    }

    #[test]
    fn json() {
        let json: serde_json::Value = serde_json::from_str(&report().json()).unwrap();
        let expected = json!({
            "Response Status": "400 Bad Request",
            "Response Body": "",
            "Number Deleted": 1,
            "Number Not Found": 3,
            "Errors": [["pc", "409 Conflict"]],
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn plain() {
        assert_eq!(
            report().plain(),
            "Number Deleted: 1\nNumber Not Found: 3\nResponse Body: \nResponse Status: 400 Bad Request\nErrors:\n\
             pc, 409 Conflict\n"
        );
    }

    #[test]
    fn xml() {
        let xml = report().xml();
        assert!(xml.contains("<delete>\n<number_deleted>1</number_deleted>\n"), "{xml}");
        assert!(xml.contains(
            "<object><name>pc</name><status>409 Conflict</status></object>\n</errors>\n</delete>\n"
        ));
    }
}
