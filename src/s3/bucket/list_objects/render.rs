//! Renders a listing.

use std::borrow::Cow;

use super::continuation;
use super::parameters::Parameters;
use crate::http::{date, percent};
use crate::ops::{BucketRecord, ObjectPage, ObjectRow};
use crate::s3::owner::Owner;
use crate::s3::xml::{Document, begin};

/// A listing to render.
pub(super) struct Listing<'l> {
    pub(super) bucket: &'l BucketRecord,
    pub(super) parameters: &'l Parameters,
    pub(super) page: &'l ObjectPage,
    pub(super) owner: Option<Owner>,
    pub(super) start: Start<'l>,
}

/// Where it began, in the words of its version.
pub(super) enum Start<'l> {
    V1 { marker: &'l str },
    V2 { token: Option<&'l str>, start_after: Option<&'l str> },
}

impl Listing<'_> {
    pub(super) fn render(&self) -> Document {
        let mut xml = begin("ListBucketResult");
        let parameters = self.parameters;
        xml.leaf("Name", self.bucket.name.as_str()).leaf("Prefix", &self.name(&parameters.prefix));
        self.start(&mut xml);
        xml.leaf("MaxKeys", &parameters.max_keys.to_string());
        if let Some(delimiter) = &parameters.delimiter {
            xml.leaf("Delimiter", &self.name(delimiter));
        }
        if parameters.url_encoding {
            xml.leaf("EncodingType", "url");
        }
        xml.leaf("IsTruncated", if self.page.truncated { "true" } else { "false" });
        self.next(&mut xml);
        for row in &self.page.rows {
            self.object(row, &mut xml);
        }
        for row in &self.page.rows {
            if let ObjectRow::Prefix(prefix) = row {
                xml.start("CommonPrefixes").leaf("Prefix", &self.name(prefix)).end();
            }
        }
        xml
    }

    fn start(&self, xml: &mut Document) {
        match self.start {
            Start::V1 { marker } => {
                xml.leaf("Marker", &self.name(marker));
            }
            Start::V2 { token, start_after } => {
                xml.optional("ContinuationToken", token);
                if let Some(start_after) = start_after {
                    xml.leaf("StartAfter", &self.name(start_after));
                }
                xml.leaf("KeyCount", &self.page.rows.len().to_string());
            }
        }
    }

    /// Where the next page begins. Version 1 says so only with a delimiter: without one the last key says it.
    fn next(&self, xml: &mut Document) {
        let Some(last) = self.page.rows.last().filter(|_| self.page.truncated) else { return };
        let last = match last {
            ObjectRow::Object { key, .. } => key.as_str(),
            ObjectRow::Prefix(prefix) => prefix,
        };
        match self.start {
            Start::V1 { .. } if self.parameters.delimiter.is_some() => {
                xml.leaf("NextMarker", &self.name(last));
            }
            Start::V1 { .. } => {}
            Start::V2 { .. } => {
                xml.leaf("NextContinuationToken", &continuation::encode(last));
            }
        }
    }

    fn object(&self, row: &ObjectRow, xml: &mut Document) {
        let ObjectRow::Object { key, modified, size, etag, .. } = row else { return };
        xml.start("Contents")
            .leaf("Key", &self.name(key.as_str()))
            .leaf("LastModified", &date::format_iso8601_millis(*modified))
            .leaf("ETag", &format!("\"{etag}\""))
            .leaf("Size", &size.to_string());
        if let Some(owner) = &self.owner {
            owner.write(xml.start("Owner"));
            xml.end();
        }
        xml.leaf("StorageClass", "STANDARD").end();
    }

    fn name<'n>(&self, name: &'n str) -> Cow<'n, str> {
        if self.parameters.url_encoding { percent::encode_path(name.as_bytes()).into() } else { name.into() }
    }
}

#[cfg(test)]
mod tests;
