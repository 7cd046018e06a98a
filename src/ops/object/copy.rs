//! CopyObject: makes an object from another's content, under another key or the same. No byte moves: the copy
//! refers to the blobs of its source, and one envelope is sealed. So an object of any size gets a new key in
//! one index transaction.

use futures_util::StreamExt;

use crate::authz::Action;
use crate::http::range::RangeSpec;
use crate::model::{
    BucketId, ChecksumAlgorithm, ChecksumKind, EncryptionMode, ObjectKey, ObjectMetadata, SystemMetadata,
    Timestamp, UserMetadata, VersionId, VersionUid,
};
use crate::ops::bytes::content::Content;
use crate::ops::bytes::digest::Digester;
use crate::ops::bytes::digest::{ChecksumRequest, ExpectedChecksum};
use crate::ops::bytes::digests::Digests;
use crate::ops::bytes::reader::ObjectReader;
use crate::ops::bytes::version_seals::{OwnedBinding, VersionSeals};
use crate::ops::bytes::versioning::is_versioned;
use crate::ops::bytes::write::{WriteEncryption, holder, opaque_etag};
use crate::ops::engine::caller::Caller;
use crate::ops::engine::error::Error;
use crate::ops::engine::face::Face;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::limits::MAX_PUT;
use crate::ops::engine::retry::settled;
use crate::ops::engine::target::Target;
use crate::ops::object::source::{CopySource, OpenSource};
use crate::storage::disk::DiskUse;
use crate::storage::index::{BucketAddress, BucketRecord, NewVersion, Precondition, Publish, Published};
use crate::storage::pins::Pin;

/// Copies an object, or a range of one.
#[derive(Debug)]
pub struct CopyObject {
    pub source: CopySource,
    /// The bytes of the source to copy; all when `None`.
    pub range: Option<RangeSpec>,
    pub bucket: BucketAddress,
    pub key: ObjectKey,
    /// The encryption of the copy, which it never inherits from the source.
    pub encryption: WriteEncryption,
    /// Whether the copy's customer key also opens an SSE-C source that came without its own key.
    pub shared_key: bool,
    pub metadata: CopyMetadata,
    /// The checksum that the client chose. If the source does not have it, the source is read.
    pub checksum: Option<ChecksumAlgorithm>,
    /// A condition on the object that the copy replaces.
    pub precondition: Precondition,
    /// Whether the request changes an object that is copied onto itself: metadata, encryption, storage class.
    /// S3 refuses a copy that would change nothing.
    pub changes: bool,
}

/// The origin of a copy's metadata.
#[derive(Clone, Debug)]
pub enum CopyMetadata {
    /// The source's metadata without the website redirect, which S3 never copies.
    Keep {
        website_redirect: Option<String>,
    },
    Replace(ObjectMetadata),
    /// The source's metadata, replaced item by item by the request's (Swift).
    Merge {
        /// The metadata of the request.
        over: ObjectMetadata,
        /// Whether the source's metadata is left out, except its content type.
        fresh: bool,
        /// Whether an object may have this much metadata. Without this limit, copies of copies would grow
        /// without end.
        within: fn(&UserMetadata) -> bool,
    },
}

/// A copy that was made.
#[derive(Clone, Debug)]
pub struct CopyOutcome {
    /// `Null` where the copy's bucket keeps no versions.
    pub version_id: VersionId,
    /// S3's ETag, without quotes.
    pub etag: String,
    /// The MD5 and checksums, as far as they are known.
    pub digests: Digests,
    /// The time that `Last-Modified` shows.
    pub modified: Timestamp,
    pub mode: EncryptionMode,
    pub size: u64,
    pub metadata: ObjectMetadata,
    /// Whether the copy's bucket keeps versions, or once did.
    pub versioned: bool,
    /// The source's version, if its bucket keeps versions.
    pub source_version: Option<VersionId>,
    /// The source's `Last-Modified`.
    pub source_modified: Timestamp,
}

impl Operation for CopyObject {
    type Output = CopyOutcome;
    const NAME: &'static str = "CopyObject";

    fn actions(&self) -> Vec<Action> {
        vec![Action::PutObject]
    }

    fn target(&self) -> Target {
        Target::Bucket(self.bucket.clone())
    }

    fn disk_use(&self) -> DiskUse {
        DiskUse::Data
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<CopyOutcome, Error> {
        settled(|| self.attempt(gateway, &permit)).await
    }
}

impl CopyObject {
    /// Copies the source in its present state. If it changes before the commit, the error is a `Conflict`.
    async fn attempt(&self, gateway: &Gateway, permit: &Permit<'_>) -> Result<CopyOutcome, Error> {
        let bucket = permit.bucket()?;
        let (mode, holder) = holder(&self.encryption, permit.caller().secure)?;
        let shared = match &self.encryption {
            WriteEncryption::Customer(key) if self.shared_key => Some(key),
            WriteEncryption::Customer(_) | WriteEncryption::Managed | WriteEncryption::Kms => None,
        };
        let source = self.source.open_with(gateway, permit, shared).await?;
        self.check_changes(bucket, &source)?;
        let OpenSource { bucket: source_bucket, record, digests, content, unchanged, pin } = source;
        let metadata = self.metadata.of_copy(record.metadata)?;
        let (content, digests) = self.part_of(content, digests)?;
        self.check_size(gateway, content.size())?;
        content.check_pieces()?;
        let (digests, _pin) = self.with_checksum(gateway, &content, digests, mode, pin).await?;

        let uid = VersionUid::random();
        let seals = VersionSeals::generate(gateway, holder, bucket, uid);
        let (size, parts) = (content.size(), content.references(&seals)?);
        let etag = etag(mode, &digests);
        let binding = OwnedBinding::new(bucket, &self.key, uid, mode, size, &parts, None);
        let version = NewVersion {
            uid,
            size,
            mode,
            etag: etag.clone(),
            part_count: None,
            digests: seals.digests(mode, &digests)?,
            metadata: metadata.clone(),
            parts,
            manifest: None,
        };
        let seal = seals.into_outer(gateway, binding);
        let publish = Publish {
            precondition: self.precondition.clone(),
            unchanged,
            ..Publish::of(gateway.writer, bucket.id, self.key.clone(), version, seal)
        };
        let removes_key = record.mode == EncryptionMode::Customer && mode != EncryptionMode::Customer;
        let downgrade = removes_key.then(|| Downgrade::new(permit.caller(), source_bucket.id, bucket.id));
        let audit = move |_: &Published| {
            if let Some(downgrade) = downgrade {
                downgrade.audit();
            }
        };
        let published = gateway.publish(publish, audit).await?;
        Ok(CopyOutcome {
            version_id: published.version_id,
            etag,
            digests,
            modified: published.created,
            mode,
            size,
            metadata,
            versioned: is_versioned(bucket, published.version_id),
            source_version: Some(record.version_id).filter(|id| is_versioned(&source_bucket, *id)),
            source_modified: record.modified,
        })
    }

    /// S3 refuses to copy an object onto itself if nothing changes. A source with a version id is allowed: it
    /// brings that version back.
    fn check_changes(&self, bucket: &BucketRecord, source: &OpenSource) -> Result<(), Error> {
        let onto_itself = source.bucket.id == bucket.id && self.source.key == self.key;
        let is_current = self.source.version.is_none();
        if self.source.face == Face::S3 && onto_itself && is_current && !self.changes {
            return Err(Error::CopyChangesNothing);
        }
        Ok(())
    }

    /// The bytes to copy, and those digests of the source that are true of them.
    fn part_of(&self, content: Content, digests: Digests) -> Result<(Content, Digests), Error> {
        let size = content.size();
        let range = match self.range {
            None => 0..size,
            Some(range) => range.resolve(size).ok_or(Error::RangeNotInSource { size })?,
        };
        if range != (0..size) {
            return Ok((content.slice(range), Digests::default()));
        }
        let Digests { md5, mut checksums, .. } = digests;
        // A composite checksum is one of parts, and the copy has no parts.
        checksums.retain(|checksum| checksum.kind == ChecksumKind::FullObject);
        Ok((content, Digests { md5, checksums, ..Digests::default() }))
    }

    /// S3 copies up to 5 GiB at once. On Swift a copy is no larger than a PUT may be.
    fn check_size(&self, gateway: &Gateway, size: u64) -> Result<(), Error> {
        let limit = match self.source.face {
            Face::S3 => MAX_PUT,
            Face::Swift => gateway.limits.max_put,
        };
        if size > limit { Err(Error::SourceTooLarge { limit }) } else { Ok(()) }
    }

    /// Adds the checksum that the client chose. If the source does not have it, the bytes are read: the only
    /// such case.
    async fn with_checksum(
        &self,
        gateway: &Gateway,
        content: &Content,
        digests: Digests,
        mode: EncryptionMode,
        pin: Pin,
    ) -> Result<(Digests, Keep), Error> {
        let has = |algorithm: ChecksumAlgorithm| {
            digests.checksums.iter().find(|checksum| checksum.algorithm == algorithm).cloned()
        };
        let Some(algorithm) = self.checksum else { return Ok((digests, Keep::Pin(pin))) };
        if let Some(checksum) = has(algorithm) {
            return Ok((Digests { checksums: vec![checksum], ..digests }, Keep::Pin(pin)));
        }
        let reader = ObjectReader::new(gateway, content.clone(), mode, pin);
        let needs_md5 = mode == EncryptionMode::Managed && digests.md5.is_none();
        let read = compute(&reader, content.size(), needs_md5, algorithm).await?;
        let digests = Digests { md5: digests.md5.or(read.md5), ..read };
        Ok((digests, Keep::Reader(reader)))
    }
}

/// Keeps the source's blobs until the copy refers to them.
#[expect(dead_code, reason = "held for what their drop does")]
enum Keep {
    Pin(Pin),
    Reader(ObjectReader),
}

async fn compute(
    reader: &ObjectReader,
    size: u64,
    needs_md5: bool,
    algorithm: ChecksumAlgorithm,
) -> Result<Digests, Error> {
    let chosen = ChecksumRequest { algorithm, expected: ExpectedChecksum::Compute };
    let mut digester = Digester::new(needs_md5, None, vec![chosen]);
    let mut stream = reader.open(0..size).await?.stream;
    while let Some(bytes) = stream.next().await {
        // The reader has logged the cause. The client's body is not at fault.
        digester
            .update(&bytes.map_err(|_| Error::Internal("the source of a copy could not be read".into()))?);
    }
    digester.finish()
}

/// The MD5 of an SSE-S3 object, if it is known. Otherwise a suffix, as of an upload of one part, shows
/// clients that they must not compare. An SSE-C object's tag is always opaque.
fn etag(mode: EncryptionMode, digests: &Digests) -> String {
    match (mode, digests.md5) {
        (EncryptionMode::Managed, Some(md5)) => hex::encode(md5),
        (EncryptionMode::Managed, None) => format!("{}-1", opaque_etag()),
        (EncryptionMode::Customer | EncryptionMode::Kms, _) => opaque_etag(),
    }
}

impl CopyMetadata {
    /// The copy's metadata, made from the source's. The copy refers to its bytes itself, so no manifest is
    /// copied.
    fn of_copy(&self, source: ObjectMetadata) -> Result<ObjectMetadata, Error> {
        let mut metadata = match self.clone() {
            Self::Keep { website_redirect } => {
                ObjectMetadata { system: SystemMetadata { website_redirect, ..source.system }, ..source }
            }
            Self::Replace(metadata) => metadata,
            Self::Merge { over, fresh: true, .. } => {
                let content_type = over.system.content_type.or(source.system.content_type);
                ObjectMetadata { user: over.user, system: SystemMetadata { content_type, ..over.system } }
            }
            Self::Merge { over, fresh: false, within } => {
                let mut user = source.user;
                user.extend(over.user);
                if !within(&user) {
                    return Err(Error::TooMuchMetadata);
                }
                ObjectMetadata { user, system: merged(source.system, over.system) }
            }
        };
        metadata.system.object_manifest = None;
        Ok(metadata)
    }
}

/// Each header from `over`, or otherwise from `under`.
fn merged(under: SystemMetadata, over: SystemMetadata) -> SystemMetadata {
    SystemMetadata {
        content_type: over.content_type.or(under.content_type),
        content_encoding: over.content_encoding.or(under.content_encoding),
        content_disposition: over.content_disposition.or(under.content_disposition),
        content_language: over.content_language.or(under.content_language),
        cache_control: over.cache_control.or(under.cache_control),
        expires: over.expires.or(under.expires),
        robots_tag: over.robots_tag.or(under.robots_tag),
        website_redirect: over.website_redirect.or(under.website_redirect),
        delete_at: over.delete_at.or(under.delete_at),
        object_manifest: over.object_manifest.or(under.object_manifest),
    }
}

/// A copy that can be read without the customer key that its source needs.
struct Downgrade {
    request_id: String,
    user: String,
    source: BucketId,
    bucket: BucketId,
}

impl Downgrade {
    fn new(caller: &Caller, source: BucketId, bucket: BucketId) -> Self {
        let user = caller.identity.as_ref().map_or("-", |identity| identity.user.as_str());
        Self { request_id: caller.request_id.clone(), user: user.to_owned(), source, bucket }
    }

    fn audit(&self) {
        tracing::info!(
            target: "cardea::audit",
            operation = CopyObject::NAME,
            request_id = %self.request_id,
            user = self.user,
            source = %self.source,
            bucket = %self.bucket,
            outcome = "customer-key-removed",
        );
    }
}

#[cfg(test)]
mod tests;
