//! `ListMultipartUploads`.

use std::borrow::Cow;

use poem::Response;

use super::list_objects::parameters::Parameters;
use crate::http::{date, percent};
use crate::model::VersionUid;
use crate::ops::{Action, ListUploads, UploadPage, UploadRecord, UploadRow};
use crate::s3::address::spelling;
use crate::s3::checksum_names::kind_name;
use crate::s3::error::{Error, Fault};
use crate::s3::owner::Owner;
use crate::s3::query::Query;
use crate::s3::request::{Request, document};
use crate::s3::xml::{Document, begin};

/// The most rows of one page: S3's limit. A larger wish is cut to it.
const MAX_UPLOADS: u32 = 1000;

const BAD_MAX: &str = "Argument max-uploads must be an integer between 0 and 2147483647";
const BAD_MARKER: &str = "Invalid uploadId marker";

/// Lists a bucket's uploads.
pub(in crate::s3) async fn list_uploads(request: Request<'_>) -> Result<Response, Error> {
    let parameters =
        Parameters { max_keys: max_uploads(&request.query)?, ..Parameters::read(&request.query)? };
    let start = Start::read(&request.query)?;
    let bucket = request.bucket()?;
    let record = request.bucket_info(Action::ListBucketMultipartUploads).await?;
    let page = if parameters.max_keys == 0 {
        UploadPage::default()
    } else {
        let operation = ListUploads {
            bucket: bucket.clone(),
            prefix: parameters.prefix.clone(),
            delimiter: parameters.delimiter.clone(),
            key_marker: start.key.clone(),
            upload_marker: start.upload,
            limit: parameters.max_keys,
        };
        request.execute(operation).await?
    };
    let owner = Owner::of(&request, &record.account).await;
    Ok(document(
        Listing { bucket: &spelling(&bucket), parameters: &parameters, start: &start, page: &page, owner }
            .render(),
    ))
}

/// After which upload the page begins.
struct Start {
    key: Option<String>,
    upload: Option<VersionUid>,
}

impl Start {
    fn read(query: &Query) -> Result<Self, Fault> {
        let key = query.non_empty("key-marker").map(str::to_owned);
        // Without a key an upload's id marks nothing, as on AWS.
        let text = query.non_empty("upload-id-marker").filter(|_| key.is_some());
        let upload = match text {
            None => None,
            Some(text) => {
                let id = hex::decode(text).ok().and_then(|id| VersionUid::from_slice(&id));
                Some(id.ok_or_else(|| Fault::InvalidArgument {
                    message: BAD_MARKER,
                    name: "upload-id-marker",
                    value: Some(text.to_owned()),
                })?)
            }
        };
        Ok(Self { key, upload })
    }
}

fn max_uploads(query: &Query) -> Result<u32, Fault> {
    let Some(text) = query.non_empty("max-uploads") else { return Ok(MAX_UPLOADS) };
    let number = text.parse::<i32>().ok().and_then(|number| u32::try_from(number).ok());
    number.map(|number| number.min(MAX_UPLOADS)).ok_or_else(|| Fault::InvalidArgument {
        message: BAD_MAX,
        name: "max-uploads",
        value: Some(text.to_owned()),
    })
}

struct Listing<'l> {
    bucket: &'l str,
    parameters: &'l Parameters,
    start: &'l Start,
    page: &'l UploadPage,
    owner: Owner,
}

impl Listing<'_> {
    fn render(&self) -> Document {
        let mut xml = begin("ListMultipartUploadsResult");
        let (parameters, start) = (self.parameters, self.start);
        xml.leaf("Bucket", self.bucket)
            .leaf("KeyMarker", &self.name(start.key.as_deref().unwrap_or_default()))
            .leaf("UploadIdMarker", &start.upload.map(|id| id.to_string()).unwrap_or_default());
        match self.page.rows.last().filter(|_| self.page.truncated) {
            Some(UploadRow::Upload(upload)) => {
                xml.leaf("NextKeyMarker", &self.name(upload.key.as_str()))
                    .leaf("NextUploadIdMarker", &upload.uid.to_string());
            }
            Some(UploadRow::Prefix(prefix)) => {
                xml.leaf("NextKeyMarker", &self.name(prefix)).leaf("NextUploadIdMarker", "");
            }
            None => {}
        }
        if let Some(delimiter) = &parameters.delimiter {
            xml.leaf("Delimiter", &self.name(delimiter));
        }
        xml.leaf("Prefix", &self.name(&parameters.prefix));
        if parameters.url_encoding {
            xml.leaf("EncodingType", "url");
        }
        xml.leaf("MaxUploads", &parameters.max_keys.to_string())
            .leaf("IsTruncated", if self.page.truncated { "true" } else { "false" });
        for row in &self.page.rows {
            if let UploadRow::Upload(upload) = row {
                self.upload(upload, &mut xml);
            }
        }
        for row in &self.page.rows {
            if let UploadRow::Prefix(prefix) = row {
                xml.start("CommonPrefixes").leaf("Prefix", &self.name(prefix)).end();
            }
        }
        xml
    }

    fn upload(&self, upload: &UploadRecord, xml: &mut Document) {
        xml.start("Upload")
            .leaf("Key", &self.name(upload.key.as_str()))
            .leaf("UploadId", &upload.uid.to_string());
        xml.start("Initiator").leaf("ID", upload.initiator.as_str()).end();
        self.owner.write(xml.start("Owner"));
        xml.end()
            .leaf("StorageClass", "STANDARD")
            .leaf("Initiated", &date::format_iso8601_millis(upload.created));
        if let Some(checksum) = upload.checksum.filter(|checksum| checksum.chosen) {
            xml.leaf("ChecksumAlgorithm", checksum.algorithm.name())
                .leaf("ChecksumType", kind_name(checksum.kind));
        }
        xml.end();
    }

    fn name<'n>(&self, name: &'n str) -> Cow<'n, str> {
        if self.parameters.url_encoding { percent::encode_path(name.as_bytes()).into() } else { name.into() }
    }
}
