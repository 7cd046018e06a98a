//! `DELETE …?multipart-manifest=delete`: deletes a large object with its parts, and answers with a report.
//!
//! The status is always 200; what happened is in the report, in the format of the client's choice.

use std::fmt::Write;

use poem::Response;
use poem::http::StatusCode;
use serde_json::json;

use super::delete::remove;
use crate::http::conditions::ReadConditions;
use crate::http::percent;
use crate::model::{BucketName, ObjectKey, VersionId};
use crate::ops::{Error, Face, GetObject};
use crate::swift::accept::{self, Format};
use crate::swift::call::Call;
use crate::swift::error::Failure;
use crate::swift::reply;

/// What a bulk operation did.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
struct Report {
    deleted: u64,
    not_found: u64,
    /// Names and what was wrong with them.
    errors: Vec<(String, &'static str)>,
}

/// Deletes an object made of parts; an object that is not is left alone.
pub async fn delete(
    call: &Call<'_>,
    bucket: &BucketName,
    key: &ObjectKey,
    version: Option<VersionId>,
) -> Result<Response, Failure> {
    let format = accept::negotiate(&call.headers)?;
    let look = GetObject {
        bucket: call.bucket(bucket),
        key: key.clone(),
        version,
        customer_key: None,
        conditions: ReadConditions::default(),
        face: Face::Swift,
        head: true,
        part: None,
    };
    let mut report = Report::default();
    match call.execute(look).await {
        Ok(found) if found.info.part_count.is_some() => {
            let was_there = remove(call, bucket, key, version).await?;
            report.deleted = u64::from(was_there);
            report.not_found = u64::from(!was_there);
        }
        Ok(_) => {
            let name = format!("/{bucket}/{key}");
            report.errors.push((percent::encode_path(name.as_bytes()), "Not an SLO manifest"));
        }
        Err(Error::NoSuchBucket | Error::NoSuchObject { .. } | Error::NoSuchVersion) => report.not_found = 1,
        Err(error) => return Err(error.into()),
    }
    Ok(reply::with_body(StatusCode::OK, format.content_type(), report.render(format)))
}

impl Report {
    fn status(&self) -> &'static str {
        if self.errors.is_empty() { "200 OK" } else { "400 Bad Request" }
    }

    fn render(&self, format: Format) -> String {
        match format {
            Format::Plain => self.plain(),
            Format::Json => self.json(),
            Format::Xml | Format::TextXml => self.xml(),
        }
    }

    fn json(&self) -> String {
        json!({
            "Response Status": self.status(),
            "Response Body": "",
            "Number Deleted": self.deleted,
            "Number Not Found": self.not_found,
            "Errors": self.errors,
        })
        .to_string()
    }

    fn plain(&self) -> String {
        let mut text = format!(
            "Number Deleted: {}\nNumber Not Found: {}\nResponse Body: \nResponse Status: {}\nErrors:\n",
            self.deleted,
            self.not_found,
            self.status()
        );
        for (name, problem) in &self.errors {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{name}, {problem}");
        }
        text
    }

    /// Names are percent-encoded and the texts are ours: nothing here needs escaping.
    fn xml(&self) -> String {
        let mut xml = format!(
            "<delete>\n<number_deleted>{}</number_deleted>\n<number_not_found>{}</number_not_found>\n\
             <response_body></response_body>\n<response_status>{}</response_status>\n<errors>\n",
            self.deleted,
            self.not_found,
            self.status()
        );
        for (name, problem) in &self.errors {
            let _ = writeln!(xml, "<object><name>{name}</name><status>{problem}</status></object>");
        }
        xml.push_str("</errors>\n</delete>\n");
        xml
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> Report {
        Report { errors: vec![("/pe/dst".into(), "Not an SLO manifest")], ..Report::default() }
    }

    #[test]
    fn json() {
        let report: serde_json::Value = serde_json::from_str(&refused().json()).unwrap();
        assert_eq!(
            report,
            json!({
                "Response Status": "400 Bad Request",
                "Response Body": "",
                "Number Deleted": 0,
                "Number Not Found": 0,
                "Errors": [["/pe/dst", "Not an SLO manifest"]],
            })
        );
    }

    #[test]
    fn plain() {
        let report = Report { not_found: 1, ..Report::default() };
        assert_eq!(
            report.plain(),
            "Number Deleted: 0\nNumber Not Found: 1\nResponse Body: \nResponse Status: 200 OK\nErrors:\n"
        );
        assert!(refused().plain().ends_with("Errors:\n/pe/dst, Not an SLO manifest\n"));
    }

    #[test]
    fn xml() {
        assert!(
            refused()
                .xml()
                .contains("<object><name>/pe/dst</name><status>Not an SLO manifest</status></object>")
        );
    }
}
