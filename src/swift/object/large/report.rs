//! The report on a manifest that was put, in the client's format.

use std::fmt::Write;

use poem::Response;
use serde_json::{Map, Value};

use crate::http::percent;
use crate::http::xml::{Document, Escape};
use crate::swift::accept::Format;

/// The beginning of an XML report.
pub(crate) const PROLOGUE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// The outcome of putting a manifest.
pub(crate) struct Written {
    /// The answer to a request without a heartbeat.
    pub(crate) response: Response,
    /// The problems of the segments, if they are why nothing was written.
    pub(crate) problems: Option<Vec<(String, String)>>,
}

/// A report on a manifest that was put.
#[derive(Default, Debug)]
pub(crate) struct Report {
    /// The fields of a heartbeat's report, in the order of their names.
    pub(crate) fields: Vec<(Field, String)>,
    /// The paths of bad segments, percent-encoded, each with its problem.
    pub(crate) errors: Vec<(String, String)>,
}

/// A field of a heartbeat's report.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Field {
    Etag,
    LastModified,
    ResponseBody,
    ResponseStatus,
}

impl Field {
    /// Its name in text and in JSON.
    const fn name(self) -> &'static str {
        match self {
            Self::Etag => "Etag",
            Self::LastModified => "Last Modified",
            Self::ResponseBody => "Response Body",
            Self::ResponseStatus => "Response Status",
        }
    }

    /// Its element in XML.
    const fn tag(self) -> &'static str {
        match self {
            Self::Etag => "etag",
            Self::LastModified => "last_modified",
            Self::ResponseBody => "response_body",
            Self::ResponseStatus => "response_status",
        }
    }
}

impl Report {
    /// The report on bad segments.
    pub(crate) fn of_segments(problems: &[(String, String)]) -> Self {
        let encoded = |path: &String| percent::encode_path(path.as_bytes());
        let errors = problems.iter().map(|(path, problem)| (encoded(path), problem.clone())).collect();
        Self { fields: Vec::new(), errors }
    }

    pub(crate) fn render(&self, format: Format) -> String {
        match format {
            Format::Plain => self.plain(),
            Format::Json => self.json(),
            Format::Xml | Format::TextXml => self.xml(),
        }
    }

    /// Its text behind the beginning that a heartbeat has already sent.
    pub(crate) fn render_rest(&self, format: Format) -> String {
        match format {
            Format::Plain => self.plain(),
            Format::Json => self.json(),
            Format::Xml | Format::TextXml => self.xml().trim_start_matches(PROLOGUE).to_owned(),
        }
    }

    fn json(&self) -> String {
        let mut map: Map<String, Value> = self
            .fields
            .iter()
            .map(|(field, value)| (field.name().to_owned(), value.clone().into()))
            .collect();
        map.insert("Errors".into(), self.errors.iter().map(|(p, t)| vec![p.clone(), t.clone()]).collect());
        Value::Object(map).to_string()
    }

    fn plain(&self) -> String {
        let mut text = String::new();
        for (field, value) in &self.fields {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{}: {value}", field.name());
        }
        text.push_str("Errors:\n");
        for (path, problem) in &self.errors {
            let _ = writeln!(text, "{path}, {problem}");
        }
        text
    }

    fn xml(&self) -> String {
        let mut xml = Document::new(Escape::LineBreaks);
        xml.start("upload").line_break();
        for (field, value) in &self.fields {
            xml.leaf(field.tag(), &without_controls(value)).line_break();
        }
        xml.start("errors").line_break();
        for (path, problem) in &self.errors {
            let problem = without_controls(problem);
            xml.start("object").leaf("name", path).leaf("status", &problem).end().line_break();
        }
        xml.end().line_break().end().line_break();
        xml.finish()
    }
}

/// XML has no place for control characters.
fn without_controls(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let mut report = Report::of_segments(&[("/c/ö".into(), "Etag Mismatch".into())]);
        report.fields.push((Field::Etag, "\"<e>\"".into()));
        report
    }

    #[test]
    fn a_report_has_every_format() {
        assert_eq!(report().render(Format::Plain), "Etag: \"<e>\"\nErrors:\n/c/%C3%B6, Etag Mismatch\n");
        let json: Value = serde_json::from_str(&report().render(Format::Json)).unwrap();
        assert_eq!(json, serde_json::json!({"Etag": "\"<e>\"", "Errors": [["/c/%C3%B6", "Etag Mismatch"]]}));
        let xml = report().render(Format::Xml);
        assert!(xml.starts_with(PROLOGUE) && xml.contains("<etag>&quot;&lt;e&gt;&quot;</etag>"), "{xml}");
        assert!(xml.contains("<name>/c/%C3%B6</name><status>Etag Mismatch</status>"), "{xml}");
    }
}
