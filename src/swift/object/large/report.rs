//! The report on a manifest that was put, in the client's format.

use std::fmt::Write;

use poem::Response;
use serde_json::{Map, Value};

use crate::http::percent;
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
    pub(crate) fields: Vec<(&'static str, String)>,
    /// The paths of bad segments, percent-encoded, each with its problem.
    pub(crate) errors: Vec<(String, String)>,
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
            Format::Xml | Format::TextXml => format!("{PROLOGUE}{}", self.xml()),
        }
    }

    /// Its text behind the beginning that a heartbeat has already sent.
    pub(crate) fn render_rest(&self, format: Format) -> String {
        match format {
            Format::Plain => self.plain(),
            Format::Json => self.json(),
            Format::Xml | Format::TextXml => self.xml(),
        }
    }

    fn json(&self) -> String {
        let mut map: Map<String, Value> =
            self.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect();
        map.insert("Errors".into(), self.errors.iter().map(|(p, t)| vec![p.clone(), t.clone()]).collect());
        Value::Object(map).to_string()
    }

    fn plain(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.fields {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{name}: {value}");
        }
        text.push_str("Errors:\n");
        for (path, problem) in &self.errors {
            let _ = writeln!(text, "{path}, {problem}");
        }
        text
    }

    fn xml(&self) -> String {
        let mut xml = String::from("<upload>\n");
        for (name, value) in &self.fields {
            let tag = name.to_lowercase().replace(' ', "_");
            let _ = writeln!(xml, "<{tag}>{}</{tag}>", escaped(value));
        }
        xml.push_str("<errors>\n");
        for (path, problem) in &self.errors {
            let (path, problem) = (escaped(path), escaped(problem));
            let _ = writeln!(xml, "<object><name>{path}</name><status>{problem}</status></object>");
        }
        xml.push_str("</errors>\n</upload>\n");
        xml
    }
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let mut report = Report::of_segments(&[("/c/ö".into(), "Etag Mismatch".into())]);
        report.fields.push(("Etag", "\"<e>\"".into()));
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
