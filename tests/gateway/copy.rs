//! Copies: every change of mode, the refused requests, the copied metadata, and no request to the store.

use std::time::Duration;

use bytes::Bytes;
use cardea::http::body::Body;
use cardea::http::conditions::{EtagList, ReadConditions};
use cardea::http::range::RangeSpec;
use cardea::model::{
    AccountId, BucketName, ChecksumAlgorithm, EncryptionMode, ObjectKey, ObjectMetadata, Timestamp, VersionId,
};
use cardea::ops::{
    BucketAddress, ChecksumRequest, CopyMetadata, CopyObject, CopyOutcome, CopySource, CreateBucket,
    CustomerKey, DeleteObject, Error, ExpectedChecksum, Face, GetObject, Limits, Precondition, PutObject,
    WriteEncryption,
};

use super::world::{World, bucket, collect, key, pattern, read};

/// Larger than the blobs that the index itself stores.
const LARGE: usize = 200_000;

fn source(name: &str, customer_key: Option<CustomerKey>, face: Face) -> CopySource {
    CopySource {
        bucket: bucket(),
        key: ObjectKey::new(name).unwrap(),
        version: None,
        customer_key,
        conditions: ReadConditions::default(),
        face,
    }
}

/// A copy as S3 makes it, which keeps all metadata.
fn copy(from: &str, opened_by: Option<u8>, to: &str, encryption: WriteEncryption) -> CopyObject {
    CopyObject {
        source: source(from, opened_by.map(key), Face::S3),
        range: None,
        bucket: bucket(),
        key: ObjectKey::new(to).unwrap(),
        encryption,
        shared_key: false,
        metadata: CopyMetadata::Keep { website_redirect: None },
        checksum: None,
        precondition: Precondition::None,
        changes: false,
    }
}

fn under(seed: Option<u8>) -> WriteEncryption {
    seed.map_or(WriteEncryption::Managed, |seed| WriteEncryption::Customer(key(seed)))
}

impl World {
    async fn copy(&self, copy: CopyObject) -> Result<CopyOutcome, Error> {
        self.gateway.execute(&self.caller(true), copy).await
    }

    /// The number of requests to the store until now.
    fn requests(&self) -> (u64, u64) {
        (self.blobs.counts().gets(), self.blobs.counts().puts())
    }

    async fn plaintext(&self, name: &str, customer_key: Option<u8>) -> Vec<u8> {
        let opened = self.get(name, customer_key.map(key)).await.unwrap();
        let size = opened.info.size;
        collect(opened.reader.unwrap().open(0..size).await.unwrap()).await.unwrap()
    }

    async fn delete(&self, name: &str) {
        let delete = DeleteObject {
            bucket: bucket(),
            key: ObjectKey::new(name).unwrap(),
            version: None,
            precondition: Precondition::None,
        };
        self.gateway.execute(&self.caller(true), delete).await.unwrap();
    }

    async fn freed(&self) -> usize {
        let later = Timestamp::now().plus(Duration::from_mins(1));
        self.index.freed_blobs(later, 1000).await.unwrap().len()
    }
}

#[tokio::test]
async fn a_copy_changes_the_mode_without_a_store_request() {
    let keys = [None, Some(1), Some(2)];
    for length in [0, 1, 5000, LARGE] {
        let world = World::new().await;
        let data = pattern(length);
        for from in keys {
            let name = format!("from-{from:?}");
            let put = world.put(&name, &data, under(from)).await.unwrap();
            for to in keys {
                let before = world.requests();
                let copied =
                    world.copy(copy(&name, from, &format!("{from:?}-{to:?}"), under(to))).await.unwrap();
                assert_eq!(world.requests(), before, "no request to the store");
                assert_eq!(copied.size, data.len() as u64);
                match (from, to) {
                    // The MD5 is known, so the copy shows it.
                    (None, None) => assert_eq!(copied.etag, put.etag),
                    // An SSE-C write computes no MD5, so the copy's ETag does not look like one.
                    (Some(_), None) => assert!(copied.etag.ends_with("-1"), "{}", copied.etag),
                    (_, Some(_)) => assert_eq!(copied.etag.len(), 32),
                }
                assert_eq!(copied.digests.checksums, put.checksums, "the checksum is carried");
            }
        }
        for from in keys {
            world.delete(&format!("from-{from:?}")).await;
            for to in keys {
                assert_eq!(world.plaintext(&format!("{from:?}-{to:?}"), to).await, data);
                if to == Some(1) {
                    let wrong = world.get(&format!("{from:?}-{to:?}"), Some(key(2))).await;
                    assert!(matches!(wrong, Err(Error::WrongKey)));
                }
            }
        }
    }
}

#[tokio::test]
async fn a_copy_onto_itself_changes_the_key_in_place() {
    let world = World::new().await;
    let data = pattern(LARGE);
    let first = world.put("o", &data, under(None)).await.unwrap();
    let mut etags = vec![first.etag];
    let steps = [(None, Some(1)), (Some(1), Some(2)), (Some(2), Some(2)), (Some(2), None)];
    for (from, to) in steps {
        let before = world.requests();
        let rekey = CopyObject { changes: true, ..copy("o", from, "o", under(to)) };
        let copied = world.copy(rekey).await.unwrap();
        assert_eq!(world.requests(), before, "no request to the store");
        assert!(!etags.contains(&copied.etag) || to.is_none(), "the ETag is new each time");
        etags.push(copied.etag);
        assert_eq!(world.plaintext("o", to).await, data);
        if let Some(old) = from.filter(|_| from != to) {
            let opened = world.get("o", Some(key(old))).await;
            assert!(matches!(opened, Err(Error::WrongKey | Error::KeyNotApplicable { .. })), "{opened:?}");
        }
    }
    assert_eq!(world.blob_files().len(), 1, "the copies share one blob");
    assert_eq!(world.freed().await, 0);
    world.delete("o").await;
    assert_eq!(world.freed().await, 1);
}

#[tokio::test]
async fn an_s3_copy_onto_itself_must_change_something() {
    let world = World::new().await;
    world.put("o", b"data", under(None)).await.unwrap();
    assert!(matches!(world.copy(copy("o", None, "o", under(None))).await, Err(Error::CopyChangesNothing)));
    let swift = CopyObject { source: source("o", None, Face::Swift), ..copy("o", None, "o", under(None)) };
    world.copy(swift).await.unwrap();
    let mut named = copy("o", None, "o", under(None));
    named.source.version = Some(VersionId::Null);
    world.copy(named).await.unwrap();
    assert_eq!(world.plaintext("o", None).await, b"data");
}

#[tokio::test]
async fn a_copy_with_a_wrong_or_missing_key_is_refused() {
    let world = World::new().await;
    world.put("sealed", b"data", under(Some(1))).await.unwrap();
    world.put("plain", b"data", under(None)).await.unwrap();
    let refused = |copy| async { world.copy(copy).await.unwrap_err() };
    assert!(matches!(refused(copy("sealed", None, "x", under(None))).await, Error::KeyRequired));
    assert!(matches!(refused(copy("sealed", None, "x", under(Some(1)))).await, Error::KeyRequired));
    assert!(matches!(refused(copy("sealed", Some(2), "x", under(Some(1)))).await, Error::WrongSourceKey));
    assert!(matches!(
        refused(copy("plain", Some(1), "x", under(None))).await,
        Error::KeyNotApplicable { .. }
    ));
    let onto_itself = CopyObject { changes: true, ..copy("sealed", Some(2), "sealed", under(Some(3))) };
    assert!(matches!(refused(onto_itself).await, Error::WrongSourceKey));
    assert!(matches!(refused(copy("none", None, "x", under(None))).await, Error::NoSuchObject { .. }));
    assert!(matches!(refused(copy("plain", None, "x", WriteEncryption::Kms)).await, Error::KmsNotConfigured));
    let insecure = world.caller(false);
    for refused in [copy("sealed", Some(1), "x", under(None)), copy("plain", None, "x", under(Some(1)))] {
        let refused = world.gateway.execute(&insecure, refused).await;
        assert!(matches!(refused, Err(Error::InsecureTransport)));
    }
    assert!(world.get("x", None).await.is_err());
    assert_eq!(world.plaintext("sealed", Some(1)).await, b"data");
}

#[tokio::test]
async fn a_swift_copy_uses_one_key_for_source_and_copy() {
    let world = World::new().await;
    world.put("sealed", b"data", under(Some(1))).await.unwrap();
    world.put("plain", b"data", under(None)).await.unwrap();
    let shared = |from: &str, own: Option<u8>, to: &str, encryption| CopyObject {
        source: source(from, own.map(key), Face::Swift),
        shared_key: true,
        ..copy(from, None, to, encryption)
    };
    world.copy(shared("sealed", None, "a", under(Some(1)))).await.unwrap();
    world.copy(shared("plain", None, "b", under(Some(1)))).await.unwrap();
    world.copy(shared("sealed", Some(1), "c", under(Some(2)))).await.unwrap();
    let downgraded = world.copy(shared("sealed", Some(1), "d", under(None))).await.unwrap();
    assert_eq!(downgraded.mode, EncryptionMode::Managed);
    for (name, seed) in [("a", Some(1)), ("b", Some(1)), ("c", Some(2)), ("d", None)] {
        assert_eq!(world.plaintext(name, seed).await, b"data", "{name}");
    }
    for (refused, wrong) in [
        (shared("sealed", None, "x", under(Some(2))), true),
        (shared("sealed", Some(2), "x", under(Some(1))), true),
        (shared("sealed", None, "x", under(None)), false),
    ] {
        let error = world.copy(refused).await.unwrap_err();
        assert_eq!(matches!(error, Error::WrongSourceKey), wrong, "{error:?}");
        assert_eq!(matches!(error, Error::KeyRequired), !wrong, "{error:?}");
    }
}

#[tokio::test]
async fn a_range_of_a_source_is_copied() {
    let world = World::new().await;
    let data = pattern(LARGE);
    world.put("o", &data, under(Some(1))).await.unwrap();
    let part = |range| CopyObject { range: Some(range), ..copy("o", Some(1), "part", under(Some(2))) };
    for (range, expected) in [
        (RangeSpec::FromTo(0, Some(0)), 0..1),
        (RangeSpec::FromTo(65_535, Some(65_536)), 65_535..65_537),
        (RangeSpec::FromTo(100_000, None), 100_000..LARGE),
        (RangeSpec::Suffix(1), LARGE - 1..LARGE),
        (RangeSpec::FromTo(0, Some(u64::MAX)), 0..LARGE),
    ] {
        let before = world.requests();
        let copied = world.copy(part(range)).await.unwrap();
        assert_eq!(world.requests(), before);
        assert_eq!(copied.digests.checksums.is_empty(), expected.len() != LARGE, "{range:?}");
        assert_eq!(world.plaintext("part", Some(2)).await, data[expected], "{range:?}");
    }
    // A range of a copied range.
    world.copy(part(RangeSpec::FromTo(1000, Some(150_999)))).await.unwrap();
    let inner = RangeSpec::FromTo(60_000, Some(70_000));
    let again = CopyObject { range: Some(inner), ..copy("part", Some(2), "again", under(None)) };
    world.copy(again).await.unwrap();
    assert_eq!(world.plaintext("again", None).await, data[61_000..=71_000]);
    let size = LARGE as u64;
    let outside = world.copy(part(RangeSpec::FromTo(size, None))).await;
    assert!(matches!(outside, Err(Error::RangeNotInSource { size: found }) if found == size));
}

#[tokio::test]
async fn conditions_are_checked_on_source_and_destination() {
    let world = World::new().await;
    let etag = world.put("o", b"data", under(None)).await.unwrap().etag;
    world.put("there", b"other", under(None)).await.unwrap();
    let with = |conditions, precondition| {
        let mut copy = copy("o", None, "there", under(None));
        copy.source.conditions = conditions;
        copy.precondition = precondition;
        world.copy(copy)
    };
    let tags = |tag: &str| Some(EtagList::Tags(vec![tag.to_owned()]));
    let past = Some(1);
    for (conditions, holds) in [
        (ReadConditions { if_match: tags(&etag), ..Default::default() }, true),
        (ReadConditions { if_match: tags("x"), ..Default::default() }, false),
        (ReadConditions { if_none_match: tags("x"), ..Default::default() }, true),
        (ReadConditions { if_none_match: tags(&etag), ..Default::default() }, false),
        (ReadConditions { if_modified_since: past, ..Default::default() }, true),
        (ReadConditions { if_unmodified_since: past, ..Default::default() }, false),
        // The two pairs whose precedence S3 documents.
        (ReadConditions { if_match: tags(&etag), if_unmodified_since: past, ..Default::default() }, true),
        (ReadConditions { if_none_match: tags(&etag), if_modified_since: past, ..Default::default() }, false),
    ] {
        match with(conditions.clone(), Precondition::None).await {
            Ok(_) => assert!(holds, "{conditions:?}"),
            Err(Error::PreconditionFailed) => assert!(!holds, "{conditions:?}"),
            Err(other) => panic!("{other:?}"),
        }
    }
    let none = ReadConditions::default;
    assert!(matches!(with(none(), Precondition::Absent).await, Err(Error::PreconditionFailed)));
    assert!(with(none(), Precondition::Present).await.is_ok());
    let other = Precondition::Etag(vec!["x".into()]);
    assert!(matches!(with(none(), other).await, Err(Error::PreconditionFailed)));
}

#[tokio::test]
async fn a_condition_is_not_evaluated_without_the_key() {
    let world = World::new().await;
    let etag = world.put("o", b"data", under(Some(1))).await.unwrap().etag;
    for tag in [etag.as_str(), "x"] {
        let mut copy = copy("o", Some(2), "x", under(None));
        copy.source.conditions.if_match = Some(EtagList::Tags(vec![tag.into()]));
        assert!(matches!(world.copy(copy).await, Err(Error::WrongSourceKey)));
    }
}

#[tokio::test]
async fn a_chosen_checksum_reads_the_source_once() {
    let world = World::new().await;
    let data = pattern(LARGE);
    let put = world.put("o", &data, under(Some(1))).await.unwrap();
    let chosen =
        |algorithm| CopyObject { checksum: Some(algorithm), ..copy("o", Some(1), "copy", under(None)) };
    let (gets, puts) = world.requests();
    let kept = world.copy(chosen(ChecksumAlgorithm::Crc64Nvme)).await.unwrap();
    assert_eq!((kept.digests.checksums, world.requests()), (put.checksums, (gets, puts)));
    let computed = world.copy(chosen(ChecksumAlgorithm::Sha256)).await.unwrap();
    assert!(world.requests().0 > gets);
    assert_eq!(world.requests().1, puts, "nothing is written");
    assert_eq!(computed.digests.checksums.len(), 1);
    assert_eq!(computed.digests.checksums[0].algorithm, ChecksumAlgorithm::Sha256);
    // Since the bytes are read, the MD5 is computed too.
    let plain = world.put("plain", &data, under(None)).await.unwrap();
    assert_eq!(computed.etag, plain.etag);
    let with = PutObject {
        bucket: bucket(),
        key: ObjectKey::new("sha").unwrap(),
        body: Body::from_bytes(Bytes::from(data)),
        encryption: under(None),
        metadata: ObjectMetadata::default(),
        expected_md5: None,
        wants_md5: false,
        checksums: vec![ChecksumRequest {
            algorithm: ChecksumAlgorithm::Sha256,
            expected: ExpectedChecksum::Compute,
        }],
        precondition: Precondition::None,
    };
    let put = world.gateway.execute(&world.caller(true), with).await.unwrap();
    assert_eq!(computed.digests.checksums, put.checksums);
}

#[tokio::test]
async fn copies_of_copies_outlive_each_other() {
    for length in [100, LARGE] {
        let world = World::new().await;
        let data = pattern(length);
        world.put("0", &data, under(Some(0))).await.unwrap();
        for n in 1..6 {
            let (from, to) = (format!("{}", n - 1), n.to_string());
            world.copy(copy(&from, Some(n - 1), &to, under(Some(n)))).await.unwrap();
        }
        for n in [0, 2, 4, 1, 5] {
            world.delete(&n.to_string()).await;
            assert_eq!(world.freed().await, 0, "a copy still refers to it");
        }
        assert_eq!(world.plaintext("3", Some(3)).await, data);
        assert_eq!(world.blob_files().len(), usize::from(length == LARGE));
        world.delete("3").await;
        assert_eq!(world.freed().await, 1, "no copy refers to it now");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_overwritten_during_a_copy_is_copied_whole() {
    let world = std::sync::Arc::new(World::with(Limits { inline_bytes: 64, ..Limits::default() }).await);
    world.put("o", &pattern(1000), under(None)).await.unwrap();
    let writer = {
        let world = world.clone();
        tokio::spawn(async move {
            for n in 0..60_usize {
                // The blob is alternately in the index and in the store.
                world.put("o", &pattern(10 + 1000 * (n % 2)), under(None)).await.unwrap();
            }
        })
    };
    let (mut copied, mut over) = (0, false);
    while copied == 0 || !over {
        over = writer.is_finished();
        match world.copy(copy("o", None, "copy", under(Some(1)))).await {
            Ok(outcome) => {
                copied += 1;
                let found = world.plaintext("copy", Some(1)).await;
                assert_eq!(found.len() as u64, outcome.size);
                assert_eq!(found, pattern(found.len()));
            }
            Err(Error::Conflict) if !over => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    writer.await.unwrap();
    world.delete("o").await;
    world.delete("copy").await;
    let freed = world.freed().await;
    assert_eq!(world.blob_files().len(), freed, "every blob that is left is free");
}

#[tokio::test]
async fn a_copy_across_accounts_needs_both_permissions() {
    let world = World::new().await;
    world.put("o", b"data", under(None)).await.unwrap();
    let (stranger, reseller) =
        (world.caller_of("other", "admin").await, world.caller_of("resellers", "ResellerAdmin").await);
    let name = BucketName::new("theirs").unwrap();
    let create = CreateBucket {
        account: AccountId::new("other"),
        name: name.clone(),
        face: Face::Swift,
        metadata: Default::default(),
        settings: Default::default(),
    };
    world.gateway.execute(&stranger, create).await.unwrap();
    let theirs = BucketAddress::Owned(AccountId::new("other"), name);
    let across = || CopyObject { bucket: theirs.clone(), ..copy("o", None, "o", under(None)) };
    // One caller may not read the source, the other may not write the copy.
    for caller in [&stranger, &world.caller(true)] {
        assert!(matches!(world.gateway.execute(caller, across()).await, Err(Error::AccessDenied)));
    }
    world.gateway.execute(&reseller, across()).await.unwrap();
    let read = GetObject { bucket: theirs, ..read("o", None) };
    let found = world.gateway.execute(&stranger, read).await.unwrap();
    assert_eq!(collect(found.reader.unwrap().open(0..4).await.unwrap()).await.unwrap(), b"data");
}

#[tokio::test]
async fn a_copy_is_described_without_parts() {
    let world = World::new().await;
    world.put("o", b"data", under(None)).await.unwrap();
    let copied = world.copy(copy("o", None, "copy", under(None))).await.unwrap();
    let info = world.gateway.execute(&world.caller(true), read("copy", None)).await.unwrap().info;
    assert_eq!((info.part_count, info.large, info.etag), (None, None, copied.etag));
    assert_eq!(copied.source_version, None, "the source's bucket keeps no versions");
}
