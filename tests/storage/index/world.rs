//! The fixtures of the suites: backends, and short ways to write a test.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use cardea::model::{
    AccountId, BlobId, BucketId, BucketName, EncryptionMode, ObjectKey, ObjectMetadata, Timestamp, UserId,
    VersionId, VersionUid, WriterId,
};
use cardea::storage::blobs::BlobOptions;
use cardea::storage::index::sqlite::SqliteIndex;
use cardea::storage::index::{
    BucketAddress, BucketChange, BucketRecord, ChosenPart, CompleteUpload, CreateBucket, CreateUpload,
    Delete, Deleted, Index, KeyQuery, ListObjects, ListUploads, NamePolicy, NewBlob, NewVersion, ObjectPage,
    PartRecord, Precondition, Publish, Published, PutPart, Result, SealEnvelope, UploadRow, VersionRecord,
    Versioning,
};

use crate::storage::store::Store;

/// A SQLite index that goes with the test.
pub fn sqlite() -> Arc<dyn Index> {
    Arc::new(SqliteIndex::open_in_memory().unwrap())
}

/// A blob store in a folder.
pub fn local() -> Store {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("file://{}/blobs%20%25%23", folder.path().display());
    Store { folder: Some(folder), ..Store::over(url, BlobOptions::default()) }
}

/// A blob store in memory.
pub fn memory() -> Store {
    Store::over("memory://".into(), BlobOptions::default())
}

/// An index with a registered writer and a bucket.
#[derive(Clone)]
pub struct World {
    pub index: Arc<dyn Index>,
    pub writer: WriterId,
    pub account: AccountId,
    pub bucket: BucketId,
}

/// One publish, to be adjusted.
pub struct Put {
    pub command: Publish,
}

pub fn key(text: &str) -> ObjectKey {
    ObjectKey::new(text).unwrap()
}

pub fn name(text: &str) -> BucketName {
    BucketName::new(text).unwrap()
}

pub fn create(account: &AccountId, name: &str, policy: NamePolicy) -> CreateBucket {
    CreateBucket {
        id: BucketId::random(),
        account: account.clone(),
        name: self::name(name),
        policy,
        metadata: BTreeMap::new(),
        settings: BTreeMap::new(),
    }
}

pub async fn bucket(index: &Arc<dyn Index>, account: &AccountId, name: &str) -> BucketRecord {
    index.create_bucket(create(account, name, NamePolicy::IfFree)).await.unwrap()
}

/// A listing of everything, to be adjusted.
pub fn listing() -> KeyQuery {
    KeyQuery { limit: 1000, ..KeyQuery::default() }
}

impl World {
    /// Lists objects of the bucket.
    pub async fn list(&self, keys: KeyQuery) -> Result<ObjectPage> {
        self.index.list_objects(ListObjects { bucket: self.bucket, keys }).await
    }

    pub async fn new(index: Arc<dyn Index>) -> Self {
        let (writer, account) = (WriterId::random(), AccountId::random());
        index.heartbeat(writer).await.unwrap();
        let bucket = bucket(&index, &account, "bucket").await.id;
        Self { index, writer, account, bucket }
    }

    pub async fn versioned(index: Arc<dyn Index>) -> Self {
        let world = Self::new(index).await;
        world.set(Versioning::Enabled).await;
        world
    }

    pub async fn set(&self, versioning: Versioning) {
        self.index.update_bucket(self.bucket, vec![BucketChange::Versioning(versioning)]).await.unwrap();
    }

    /// A publish of one new blob of three bytes.
    pub fn put(&self, key: &str) -> Put {
        let blob = BlobId::random(self.writer);
        let command = Publish {
            writer: self.writer,
            bucket: self.bucket,
            key: self::key(key),
            version: NewVersion {
                uid: VersionUid::random(),
                size: 3,
                mode: EncryptionMode::Managed,
                etag: "etag".into(),
                part_count: None,
                digests: vec![1, 2],
                metadata: ObjectMetadata::default(),
                parts: vec![part(blob, 0, 3)],
                manifest: None,
            },
            new_blobs: vec![NewBlob { id: blob, header: vec![9; 4], length: 3, inline: None }],
            precondition: Precondition::None,
            unchanged: vec![],
            rewraps: vec![],
            seal: SealEnvelope(Box::new(|id| Some(format!("sealed {id}").into_bytes()))),
        };
        Put { command }
    }

    pub async fn publish(&self, put: Put) -> Result<Published> {
        self.index.publish(put.command).await
    }

    /// Publishes, and returns the version's id.
    pub async fn published(&self, key: &str) -> VersionId {
        self.publish(self.put(key)).await.unwrap().version_id
    }

    pub async fn find(&self, key: &str, version: Option<VersionId>) -> Result<VersionRecord> {
        self.index.find(&BucketAddress::Id(self.bucket), &self::key(key), version).await?.1
    }

    pub async fn current(&self, key: &str) -> VersionRecord {
        self.find(key, None).await.unwrap()
    }

    pub fn deletion(&self, key: &str, version: Option<VersionId>) -> Delete {
        Delete { bucket: self.bucket, key: self::key(key), version, precondition: Precondition::None }
    }

    pub async fn delete(&self, key: &str, version: Option<VersionId>) -> Deleted {
        self.index.delete(self.deletion(key, version)).await.unwrap()
    }

    /// The current objects and their bytes. Checks that the counters of the bucket and the account agree, and
    /// that everything else is exact.
    pub async fn usage(&self) -> (u64, u64) {
        self.exact().await;
        let usage = self.index.bucket_usage(self.bucket).await.unwrap();
        let account = self.index.account_usage(&self.account).await.unwrap();
        assert_eq!((account.buckets, account.objects, account.bytes), (1, usage.objects, usage.bytes));
        (usage.objects, usage.bytes)
    }

    /// Blobs that have lost their last reference.
    pub async fn freed(&self) -> Vec<BlobId> {
        let end = cardea::model::Timestamp::from_steps(i64::MAX);
        self.index.freed_blobs(end, 1_000_000).await.unwrap().into_iter().map(|blob| blob.id).collect()
    }

    /// An upload that is to begin, to be adjusted.
    pub fn upload(&self, key: &str) -> CreateUpload {
        CreateUpload {
            bucket: self.bucket,
            key: self::key(key),
            uid: VersionUid::random(),
            initiator: UserId::new("someone"),
            mode: EncryptionMode::Managed,
            envelope: b"upload".to_vec(),
            checksum: None,
            metadata: ObjectMetadata::default(),
        }
    }

    pub async fn begin(&self, key: &str) -> VersionUid {
        let command = self.upload(key);
        let id = command.uid;
        self.index.create_upload(command).await.unwrap();
        id
    }

    /// A part of one new blob of three bytes.
    pub fn part(&self, key: &str, upload: VersionUid, number: u32) -> PutPart {
        let blob = BlobId::random(self.writer);
        PutPart {
            writer: self.writer,
            bucket: self.bucket,
            key: self::key(key),
            upload,
            number,
            size: 3,
            etag: format!("part {number}"),
            digests: vec![u8::try_from(number % 256).unwrap()],
            refs: vec![part(blob, 0, 3)],
            new_blobs: vec![NewBlob { id: blob, header: vec![9; 4], length: 3, inline: None }],
            unchanged: vec![],
        }
    }

    pub async fn put_part(&self, key: &str, upload: VersionUid, number: u32) -> Result<Timestamp> {
        self.index.put_part(self.part(key, upload, number)).await
    }

    /// The completion of an upload with these of its parts, as they are now.
    pub async fn completion(&self, key: &str, upload: VersionUid, numbers: &[u32]) -> CompleteUpload {
        self.try_completion(key, upload, numbers).await.unwrap()
    }

    pub async fn try_completion(
        &self,
        key: &str,
        upload: VersionUid,
        numbers: &[u32],
    ) -> Result<CompleteUpload> {
        let (_, stored) = self.index.upload_parts(self.bucket, &self::key(key), upload).await?;
        let chosen: Vec<_> = stored.into_iter().filter(|part| numbers.contains(&part.number)).collect();
        let mut publish = self.put(key).size(chosen.iter().map(|part| part.size).sum()).command;
        publish.version.uid = upload;
        publish.version.part_count = u32::try_from(chosen.len()).ok();
        publish.version.parts = chosen.iter().flat_map(|part| part.refs.clone()).collect();
        publish.new_blobs.clear();
        let parts = chosen.iter().map(|part| ChosenPart { number: part.number, created: part.created });
        Ok(CompleteUpload { upload, parts: parts.collect(), publish })
    }

    pub async fn complete(&self, key: &str, upload: VersionUid, numbers: &[u32]) -> Result<Published> {
        self.index.complete_upload(self.try_completion(key, upload, numbers).await?).await
    }

    /// A listing of all uploads, to be adjusted.
    pub fn all_uploads(&self) -> ListUploads {
        ListUploads {
            bucket: self.bucket,
            prefix: String::new(),
            delimiter: None,
            key_marker: None,
            upload_marker: None,
            limit: 1000,
        }
    }

    pub async fn list_uploads(&self, query: ListUploads) -> Vec<UploadRow> {
        self.index.list_uploads(query).await.unwrap().rows
    }

    /// References, states and counters must be exact.
    pub async fn exact(&self) {
        assert_eq!(self.index.audit().await.unwrap(), []);
    }

    pub async fn knows(&self, blob: BlobId) -> bool {
        !self.index.known_blobs(vec![blob]).await.unwrap().is_empty()
    }
}

pub fn part(blob: BlobId, offset: u64, length: u64) -> PartRecord {
    PartRecord {
        blob,
        offset,
        length,
        wrapped_key: vec![7; 60],
        header: Vec::new(),
        blob_length: 0,
        inline: None,
    }
}

impl Put {
    pub fn blob(&self) -> BlobId {
        self.command.version.parts[0].blob
    }

    pub fn size(mut self, size: u64) -> Self {
        self.command.version.size = size;
        self.command.version.parts[0].length = size;
        self.command.new_blobs[0].length = size;
        self
    }

    pub fn etag(mut self, etag: &str) -> Self {
        self.command.version.etag = etag.into();
        self
    }

    pub fn when(mut self, precondition: Precondition) -> Self {
        self.command.precondition = precondition;
        self
    }

    /// Keeps the blob in the index.
    pub fn inline(mut self, bytes: &'static [u8]) -> Self {
        self.command.new_blobs[0].inline = Some(Bytes::from_static(bytes));
        self
    }

    /// Refers to blobs that the index knows, and brings no new one.
    pub fn copying(mut self, blobs: &[BlobId]) -> Self {
        self.command.new_blobs.clear();
        self.command.version.parts = blobs.iter().map(|blob| part(*blob, 0, 3)).collect();
        self.command.version.size = 3 * blobs.len() as u64;
        self
    }
}
