//! Renders a listing of versions: elements in the order of AWS.

use std::borrow::Cow;

use super::super::list_objects::parameters::Parameters;
use super::Start;
use crate::http::{date, percent};
use crate::ops::{BucketRecord, VersionPage, VersionRow};
use crate::s3::owner::Owner;
use crate::s3::xml::{Document, begin};

/// A listing to render.
pub(super) struct Listing<'l> {
    pub(super) bucket: &'l BucketRecord,
    pub(super) parameters: &'l Parameters,
    pub(super) start: &'l Start,
    pub(super) page: &'l VersionPage,
    pub(super) owner: Owner,
}

impl Listing<'_> {
    pub(super) fn render(&self) -> Document {
        let mut xml = begin("ListVersionsResult");
        let parameters = self.parameters;
        xml.leaf("Name", self.bucket.name.as_str())
            .leaf("Prefix", &self.name(&parameters.prefix))
            .leaf("KeyMarker", &self.name(&self.start.key))
            .leaf("VersionIdMarker", &self.start.version.map(|id| id.to_string()).unwrap_or_default());
        self.next(&mut xml);
        xml.leaf("MaxKeys", &parameters.max_keys.to_string());
        if let Some(delimiter) = &parameters.delimiter {
            xml.leaf("Delimiter", &self.name(delimiter));
        }
        if parameters.url_encoding {
            xml.leaf("EncodingType", "url");
        }
        xml.leaf("IsTruncated", if self.page.truncated { "true" } else { "false" });
        for row in &self.page.rows {
            self.version(row, &mut xml);
        }
        for row in &self.page.rows {
            if let VersionRow::Prefix(prefix) = row {
                xml.start("CommonPrefixes").leaf("Prefix", &self.name(prefix)).end();
            }
        }
        xml
    }

    /// Where the next page begins: after a version, or after a common prefix, which has none.
    fn next(&self, xml: &mut Document) {
        match self.page.rows.last().filter(|_| self.page.truncated) {
            Some(VersionRow::Version { key, version_id, .. }) => {
                xml.leaf("NextKeyMarker", &self.name(key.as_str()))
                    .leaf("NextVersionIdMarker", &version_id.to_string());
            }
            Some(VersionRow::Prefix(prefix)) => {
                xml.leaf("NextKeyMarker", &self.name(prefix));
            }
            None => {}
        }
    }

    fn version(&self, row: &VersionRow, xml: &mut Document) {
        let VersionRow::Version { key, version_id, latest, marker, modified, size, etag, .. } = row else {
            return;
        };
        xml.start(if *marker { "DeleteMarker" } else { "Version" })
            .leaf("Key", &self.name(key.as_str()))
            .leaf("VersionId", &version_id.to_string())
            .leaf("IsLatest", if *latest { "true" } else { "false" })
            .leaf("LastModified", &date::format_iso8601_millis(*modified));
        if !marker {
            xml.leaf("ETag", &format!("\"{etag}\""))
                .leaf("Size", &size.to_string())
                .leaf("StorageClass", "STANDARD");
        }
        self.owner.write(xml.start("Owner"));
        xml.end().end();
    }

    fn name<'n>(&self, name: &'n str) -> Cow<'n, str> {
        if self.parameters.url_encoding { percent::encode_path(name.as_bytes()).into() } else { name.into() }
    }
}
