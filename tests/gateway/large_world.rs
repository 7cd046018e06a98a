//! Helpers for tests of large objects.

use bytes::Bytes;
use cardea::http::body::Body;
use cardea::model::{BucketName, ObjectMetadata};
use cardea::ops::{
    CustomerKey, DeleteManifest, Error, Face, GetObject, Keyless, ManifestView, OpenObject, Precondition,
    PutDynamic, PutManifest, PutObject, PutOutcome, ReadManifest, SegmentRequest, WriteEncryption,
};

use super::multipart_world::name;
use super::world::{World, bucket, collect, key, read};

/// Encryption under the key of this seed, or under the ring.
pub fn under(seed: Option<u8>) -> WriteEncryption {
    seed.map_or(WriteEncryption::Managed, |seed| WriteEncryption::Customer(key(seed)))
}

/// An object of the tests' bucket as a segment.
pub fn segment(object: &str) -> SegmentRequest {
    SegmentRequest::Object {
        path: format!("/bucket/{object}"),
        bucket: BucketName::new("bucket").unwrap(),
        key: name(object),
        etag: None,
        size: None,
        range: None,
    }
}

/// A range of an object as a segment.
pub fn ranged(object: &str, wanted: &str) -> SegmentRequest {
    let mut segment = segment(object);
    if let SegmentRequest::Object { range, .. } = &mut segment {
        *range = Some(wanted.to_owned());
    }
    segment
}

/// A segment with an expected ETag and size.
pub fn expecting(object: &str, expected: Option<&str>, bytes: Option<u64>) -> SegmentRequest {
    let mut segment = segment(object);
    if let SegmentRequest::Object { etag, size, .. } = &mut segment {
        (*etag, *size) = (expected.map(str::to_owned), bytes);
    }
    segment
}

pub fn data(bytes: &[u8]) -> SegmentRequest {
    SegmentRequest::Data(Bytes::copy_from_slice(bytes))
}

pub fn manifest(object: &str, segments: Vec<SegmentRequest>, encryption: WriteEncryption) -> PutManifest {
    PutManifest {
        bucket: bucket(),
        key: name(object),
        segments,
        encryption,
        metadata: ObjectMetadata::default(),
        expected_etag: None,
        precondition: Precondition::None,
    }
}

pub fn dynamic(object: &str, value: &str, encryption: WriteEncryption) -> PutDynamic {
    let mut metadata = ObjectMetadata::default();
    metadata.system.object_manifest = Some(value.to_owned());
    let put = PutObject {
        bucket: bucket(),
        key: name(object),
        body: Body::from_bytes(Bytes::new()),
        encryption,
        metadata,
        expected_md5: None,
        wants_md5: true,
        checksums: vec![],
        precondition: Precondition::None,
    };
    PutDynamic { put }
}

pub fn md5(data: &[u8]) -> String {
    use md5::Digest;
    hex::encode(md5::Md5::digest(data))
}

/// A read as Swift makes it.
pub fn swift(object: &str, seed: Option<u8>, head: bool) -> GetObject {
    let keyless = if head { Keyless::Describe } else { Keyless::Refuse };
    GetObject { face: Face::Swift, keyless, head, ..read(object, seed.map(key)) }
}

impl World {
    pub async fn put_manifest(
        &self,
        object: &str,
        segments: Vec<SegmentRequest>,
        seed: Option<u8>,
    ) -> Result<PutOutcome, Error> {
        self.run(manifest(object, segments, under(seed))).await
    }

    pub async fn put_dynamic(
        &self,
        object: &str,
        value: &str,
        seed: Option<u8>,
    ) -> Result<PutOutcome, Error> {
        self.run(dynamic(object, value, under(seed))).await
    }

    /// All bytes of an object by its name.
    pub async fn all(&self, object: &str, seed: Option<u8>) -> Result<Vec<u8>, Error> {
        let opened = self.get(object, seed.map(key)).await?;
        all_of(opened).await
    }

    pub async fn view(&self, object: &str, customer_key: Option<CustomerKey>) -> Result<ManifestView, Error> {
        self.run(ReadManifest { bucket: bucket(), key: name(object), version: None, customer_key }).await
    }

    pub fn delete_manifest(object: &str) -> DeleteManifest {
        DeleteManifest { bucket: bucket(), key: name(object), version: None }
    }
}

/// All bytes of an object that was opened.
pub async fn all_of(opened: OpenObject) -> Result<Vec<u8>, Error> {
    let size = opened.info.size;
    collect(opened.reader.unwrap().open(0..size).await?).await
}
