//! Helpers for tests of multipart uploads.

use bytes::Bytes;
use cardea::http::body::Body;
use cardea::http::checksum::Hasher;
use cardea::model::{
    ChecksumAlgorithm, ChecksumKind, ObjectKey, ObjectMetadata, StoredChecksum, Timestamp, VersionUid,
};
use cardea::ops::{
    AbortUpload, BucketAddress, ChecksumRequest, CompleteUpload, CopyPart, CopySource, CreateUpload,
    CreatedUpload, CustomerKey, Error, ExpectedChecksum, Face, GetObject, Limits, ListParts, NamedPart,
    ObjectParts, OpenObject, Operation, PartListing, PartOutcome, Precondition, PutOutcome, UploadChecksum,
    UploadPart, WriteEncryption,
};
use rusqlite::Connection;

use super::world::{World, bucket, collect, key, read};

/// A gateway that takes parts of any size.
pub async fn small_parts() -> World {
    World::with(Limits { min_part: 0, ..Limits::default() }).await
}

/// The encryption of an upload, and its key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    Managed,
    Customer,
}

pub const MODES: [Mode; 2] = [Mode::Managed, Mode::Customer];

impl Mode {
    pub fn encryption(self) -> WriteEncryption {
        match self {
            Self::Managed => WriteEncryption::Managed,
            Self::Customer => WriteEncryption::Customer(key(1)),
        }
    }

    pub fn key(self) -> Option<CustomerKey> {
        (self == Self::Customer).then(|| key(1))
    }
}

pub fn name(text: &str) -> ObjectKey {
    ObjectKey::new(text).unwrap()
}

pub fn chosen(algorithm: ChecksumAlgorithm, kind: ChecksumKind) -> UploadChecksum {
    UploadChecksum { algorithm, kind, chosen: true }
}

pub fn checksum_of(algorithm: ChecksumAlgorithm, data: &[u8]) -> StoredChecksum {
    let mut hasher = Hasher::new(algorithm);
    hasher.update(data);
    StoredChecksum { algorithm, kind: ChecksumKind::FullObject, value: hasher.finish() }
}

pub fn expect(algorithm: ChecksumAlgorithm, data: &[u8]) -> ChecksumRequest {
    ChecksumRequest { algorithm, expected: ExpectedChecksum::Value(checksum_of(algorithm, data).value) }
}

/// A part for the list of Complete, without checksums.
pub fn named(number: u32, part: &PartOutcome) -> NamedPart {
    NamedPart { number, etag: part.etag.clone(), checksums: vec![] }
}

/// An UploadPart of some bytes.
pub fn part(object: &str, upload: VersionUid, number: u32, data: &[u8]) -> UploadPart {
    UploadPart {
        bucket: bucket(),
        key: name(object),
        upload,
        number,
        body: Body::from_bytes(Bytes::copy_from_slice(data)),
        customer_key: None,
        expected_md5: None,
        checksums: vec![],
    }
}

pub fn complete(object: &str, upload: VersionUid, parts: Vec<NamedPart>) -> CompleteUpload {
    CompleteUpload {
        bucket: bucket(),
        key: name(object),
        upload,
        parts,
        customer_key: None,
        precondition: Precondition::None,
        expected_checksum: None,
        expected_kind: None,
        expected_size: None,
    }
}

pub fn source(object: &str, customer_key: Option<CustomerKey>) -> CopySource {
    CopySource {
        bucket: bucket(),
        key: name(object),
        version: None,
        customer_key,
        conditions: Default::default(),
        face: Face::S3,
    }
}

pub fn copy(source: CopySource, object: &str, upload: VersionUid, number: u32) -> CopyPart {
    CopyPart { source, range: None, bucket: bucket(), key: name(object), upload, number, customer_key: None }
}

pub fn list(object: &str, upload: VersionUid) -> ListParts {
    ListParts { bucket: bucket(), key: name(object), upload, after: 0, limit: 1000, customer_key: None }
}

pub fn object_parts(object: &str, customer_key: Option<CustomerKey>) -> ObjectParts {
    ObjectParts { bucket: bucket(), key: name(object), version: None, customer_key, after: 0, limit: 1000 }
}

impl World {
    pub async fn run<O: Operation>(&self, operation: O) -> Result<O::Output, Error> {
        self.gateway.execute(&self.caller(true), operation).await
    }

    pub async fn create(
        &self,
        object: &str,
        encryption: WriteEncryption,
        checksum: Option<UploadChecksum>,
    ) -> Result<CreatedUpload, Error> {
        let metadata = ObjectMetadata::default();
        let bucket: BucketAddress = bucket();
        self.run(CreateUpload { bucket, key: name(object), encryption, metadata, checksum }).await
    }

    pub async fn begin(&self, object: &str, mode: Mode) -> VersionUid {
        self.create(object, mode.encryption(), None).await.unwrap().upload
    }

    pub async fn abort(&self, object: &str, upload: VersionUid) -> Result<(), Error> {
        self.run(AbortUpload { bucket: bucket(), key: name(object), upload }).await
    }

    /// Sends parts numbered from 1, and returns them for the list of Complete.
    pub async fn parts(
        &self,
        object: &str,
        upload: VersionUid,
        mode: Mode,
        parts: &[&[u8]],
    ) -> Vec<NamedPart> {
        let mut sent = Vec::new();
        for (number, data) in (1..).zip(parts) {
            let part = UploadPart { customer_key: mode.key(), ..part(object, upload, number, data) };
            sent.push(named(number, &self.run(part).await.unwrap()));
        }
        sent
    }

    /// Makes a whole upload from Create to Complete.
    pub async fn upload(&self, object: &str, mode: Mode, parts: &[&[u8]]) -> PutOutcome {
        let upload = self.begin(object, mode).await;
        let sent = self.parts(object, upload, mode, parts).await;
        self.run(complete(object, upload, sent)).await.unwrap()
    }

    pub async fn whole(&self, object: &str, key: Option<CustomerKey>) -> Vec<u8> {
        let opened = self.get(object, key).await.unwrap();
        let size = opened.info.size;
        collect(opened.reader.unwrap().open(0..size).await.unwrap()).await.unwrap()
    }

    pub async fn get_part(
        &self,
        object: &str,
        key: Option<CustomerKey>,
        number: u32,
    ) -> Result<OpenObject, Error> {
        self.run(GetObject { part: Some(number), ..read(object, key) }).await
    }

    pub async fn listed(&self, object: &str, upload: VersionUid) -> PartListing {
        self.run(list(object, upload)).await.unwrap()
    }

    /// The index's file, opened without the gateway's knowledge.
    pub fn rows(&self) -> Connection {
        let connection = Connection::open(self.dir.path().join("index.db")).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
        connection
    }

    /// Changes rows without the gateway's knowledge, and returns how many.
    pub fn tamper(&self, sql: &str) -> usize {
        self.rows().execute(sql, []).unwrap()
    }

    pub fn count(&self, sql: &str) -> i64 {
        self.rows().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// Checks that every blob's count of references equals the number of its references.
    pub fn assert_references_are_exact(&self) {
        let wrong = self.count(
            "SELECT count(*) FROM blobs WHERE refs <>
                (SELECT count(*) FROM parts WHERE blob = id) + (SELECT count(*) FROM upload_refs WHERE blob = id)
                OR (refs = 0) <> (freed IS NOT NULL)",
        );
        assert_eq!(wrong, 0, "blobs with a wrong count of references");
        let dangling = self.count(
            "SELECT count(*) FROM (SELECT blob FROM parts UNION ALL SELECT blob FROM upload_refs)
             WHERE blob NOT IN (SELECT id FROM blobs)",
        );
        assert_eq!(dangling, 0, "references to no blob");
    }
}

/// Waits until a condition holds, since some cleaning runs in the background.
pub async fn eventually(holds: impl Fn() -> bool) {
    for _ in 0..6000 {
        if holds() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the condition never held");
}

/// Checks that a timestamp in a listing is recent.
pub fn is_recent(time: Timestamp) -> bool {
    let age = Timestamp::now().seconds_floor() - time.seconds_floor();
    (-1..60).contains(&age)
}
