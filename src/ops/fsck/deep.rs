//! Every seal: the envelopes of versions and uploads, the parts' own, the blobs' headers, and every chunk that the key
//! ring opens. Of what customers sealed, everything but the chunks.

use futures_util::StreamExt;

use super::{Kind, Progress, Report};
use crate::encryption::Holder;
use crate::encryption::layout::{HEADER_LEN, plain_len};
use crate::model::EncryptionMode;
use crate::ops::content::Content;
use crate::ops::reader::ObjectReader;
use crate::ops::sealing::{OpenedVersion, PartSeals, VerifiedUpload, VerifiedVersion};
use crate::ops::{BucketAddress, BucketRecord, Error, Gateway, UploadRow, VersionRow};
use crate::storage::index::{
    ListObjects, ListUploads, ListVersions, PartRecord, Unchanged, UploadRecord, VersionRecord,
};

/// Rows of one page.
const PAGE: u32 = 1000;

/// Verifies all of it.
pub(super) async fn all(gateway: &Gateway, report: &mut Report, progress: Progress<'_>) -> Result<(), Error> {
    let mut after = None;
    loop {
        let buckets = gateway.index.buckets_after(after, PAGE).await?;
        let Some(last) = buckets.last() else { return Ok(()) };
        after = Some(last.id);
        for bucket in &buckets {
            versions(gateway, bucket, report, progress).await?;
            uploads(gateway, bucket, report, progress).await?;
        }
    }
}

async fn versions(
    gateway: &Gateway,
    bucket: &BucketRecord,
    report: &mut Report,
    progress: Progress<'_>,
) -> Result<(), Error> {
    let address = BucketAddress::Id(bucket.id);
    let (mut marker, mut version_marker) = (None, None);
    loop {
        let keys = ListObjects {
            bucket: bucket.id,
            prefix: String::new(),
            delimiter: None,
            marker: marker.take(),
            marker_skips_prefix: false,
            end_marker: None,
            limit: PAGE,
            reverse: false,
        };
        let query = ListVersions { keys, version_marker: version_marker.take() };
        let page = gateway.index.list_versions(query).await?;
        for row in page.rows {
            let VersionRow::Version { key, version_id, marker: is_marker, .. } = row else { continue };
            if !is_marker {
                let (_, found) = gateway.index.find(&address, &key, Some(version_id)).await?;
                let outcome = match found {
                    Ok(record) => version(gateway, bucket, record).await,
                    Err(error) => Err(error.into()),
                };
                let place = || format!("{}, key {:?}, version {version_id}", place(bucket), key.as_str());
                note(outcome, place, report)?;
                report.versions += 1;
                progress("versions", report.versions);
            }
            (marker, version_marker) = (Some(key.to_string()), Some(version_id));
        }
        if !page.truncated {
            return Ok(());
        }
    }
}

async fn uploads(
    gateway: &Gateway,
    bucket: &BucketRecord,
    report: &mut Report,
    progress: Progress<'_>,
) -> Result<(), Error> {
    let (mut key_marker, mut upload_marker) = (None, None);
    loop {
        let query = ListUploads {
            bucket: bucket.id,
            prefix: String::new(),
            delimiter: None,
            key_marker: key_marker.take(),
            upload_marker: upload_marker.take(),
            limit: PAGE,
        };
        let page = gateway.index.list_uploads(query).await?;
        for row in page.rows {
            let UploadRow::Upload(record) = row else { continue };
            let place = || format!("{}, key {:?}, upload {}", place(bucket), record.key.as_str(), record.uid);
            note(upload(gateway, bucket, &record).await, place, report)?;
            report.uploads += 1;
            progress("uploads", report.uploads);
            (key_marker, upload_marker) = (Some(record.key.to_string()), Some(record.uid));
        }
        if !page.truncated {
            return Ok(());
        }
    }
}

fn place(bucket: &BucketRecord) -> String {
    format!("bucket {}/{}", bucket.account.as_str(), bucket.name.as_str())
}

/// What is damaged is a finding; a store that cannot be read ends the check.
fn note(outcome: Result<(), Error>, place: impl Fn() -> String, report: &mut Report) -> Result<(), Error> {
    match outcome {
        Ok(()) => Ok(()),
        Err(error @ (Error::Unavailable(_) | Error::Internal(_))) => Err(error),
        Err(error) => {
            report.add(Kind::Seal, format!("{}: {error}", place()));
            Ok(())
        }
    }
}

async fn version(gateway: &Gateway, bucket: &BucketRecord, record: VersionRecord) -> Result<(), Error> {
    let verified = VerifiedVersion::verify(&gateway.ring, bucket, &record)?;
    let seals = PartSeals { ring: &gateway.ring, bucket, key: &record.key };
    let mut after = 0;
    while record.part_count.is_some() {
        let unchanged = Unchanged {
            bucket: bucket.id,
            key: record.key.clone(),
            version_id: record.version_id,
            uid: record.uid,
        };
        let parts = gateway.index.numbered_parts(unchanged, after, PAGE).await?;
        let Some(last) = parts.last() else { break };
        after = last.number;
        for part in &parts {
            seals.open(part.number, part.size, &part.digests)?;
        }
    }
    match record.mode {
        EncryptionMode::Managed => {
            chunks(gateway, verified.open(&gateway.ring, Holder::Ring)?, record.parts).await
        }
        EncryptionMode::Customer | EncryptionMode::Kms => headers(gateway, &record.parts).await,
    }
}

async fn upload(gateway: &Gateway, bucket: &BucketRecord, record: &UploadRecord) -> Result<(), Error> {
    let verified = VerifiedUpload::verify(&gateway.ring, bucket, record)?;
    let seals = PartSeals { ring: &gateway.ring, bucket, key: &record.key };
    let (_, parts) = gateway.index.upload_parts(bucket.id, &record.key, record.uid).await?;
    for part in parts {
        let sealed = seals.open(part.number, part.size, &part.digests)?;
        sealed.verify(record.uid, &part.etag, &part.refs)?;
        if record.mode == EncryptionMode::Managed {
            let mut refs = Vec::with_capacity(part.refs.len());
            for reference in part.refs {
                refs.push(completed(gateway, reference).await?);
            }
            chunks(gateway, verified.open(&gateway.ring, Holder::Ring)?, refs).await?;
        }
    }
    Ok(())
}

/// A reference of an upload with what the index does not give for it: the blob's header, length and place.
async fn completed(gateway: &Gateway, reference: PartRecord) -> Result<PartRecord, Error> {
    let inline = gateway.index.inline_blob(reference.blob).await?;
    let (header, sealed) = match &inline {
        Some(bytes) => {
            (bytes.get(..HEADER_LEN).unwrap_or_default().to_vec(), u64::try_from(bytes.len()).ok())
        }
        None => {
            let header = gateway.blobs.read(&reference.blob, 0..HEADER_LEN as u64).await?;
            (header.to_vec(), Some(gateway.blobs.size(&reference.blob).await?))
        }
    };
    let blob_length = sealed
        .and_then(plain_len)
        .ok_or_else(|| Error::Corrupt(format!("blob {} has a size that none has", reference.blob)))?;
    Ok(PartRecord { header, blob_length, inline, ..reference })
}

/// Opens every chunk that the references need.
async fn chunks(gateway: &Gateway, version: OpenedVersion, parts: Vec<PartRecord>) -> Result<(), Error> {
    let size = parts.iter().map(|part| part.length).sum();
    let content = Content::of_version(version, parts, size)?;
    let reader = ObjectReader::new(gateway, content, EncryptionMode::Managed, gateway.pins.enter());
    let mut body = reader.open(0..size).await?;
    while let Some(chunk) = body.stream.next().await {
        chunk.map_err(|error| Error::Corrupt(format!("a chunk does not open: {error}")))?;
    }
    Ok(())
}

/// Compares the blobs' own headers with those that the index has.
async fn headers(gateway: &Gateway, parts: &[PartRecord]) -> Result<(), Error> {
    for part in parts {
        let same = match &part.inline {
            Some(bytes) => bytes.get(..HEADER_LEN) == Some(&part.header[..]),
            None => gateway.blobs.read(&part.blob, 0..HEADER_LEN as u64).await? == part.header,
        };
        if !same {
            return Err(Error::Corrupt(format!(
                "blob {} has another header than the index knows",
                part.blob
            )));
        }
    }
    Ok(())
}
