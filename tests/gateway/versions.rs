//! Versions: each opens with its own key, in all three states. A restore needs no key.

use cardea::model::{EncryptionMode, ObjectKey, ObjectMetadata, Timestamp, VersionId};
use cardea::ops::{
    Action, BucketChange, BucketInfo, CustomerKey, DeleteObject, Deleted, Error, Face, GetObject, KeyQuery,
    ListVersions, ObjectInfo, Precondition, PutOutcome, RestoreVersion, UpdateBucket, UpdateObject, Usage,
    VersionRow, Versioning, WriteEncryption,
};

use super::world::{World, bucket, collect, key, read};

pub const STATES: [Versioning; 3] = [Versioning::Off, Versioning::Enabled, Versioning::Suspended];

impl World {
    /// A new world whose bucket is in this state.
    pub async fn in_state(state: Versioning) -> Self {
        let world = Self::new().await;
        world.set(state).await;
        world
    }

    pub async fn set(&self, state: Versioning) {
        let update = UpdateBucket { bucket: bucket(), changes: vec![BucketChange::Versioning(state)] };
        self.gateway.execute(&self.caller(true), update).await.unwrap();
    }

    pub async fn write(&self, name: &str, data: &[u8], seed: Option<u8>) -> PutOutcome {
        let encryption = seed.map_or(WriteEncryption::Managed, |seed| WriteEncryption::Customer(key(seed)));
        self.put(name, data, encryption).await.unwrap()
    }

    pub async fn read_version(
        &self,
        name: &str,
        version: Option<VersionId>,
        customer_key: Option<CustomerKey>,
    ) -> Result<(ObjectInfo, Vec<u8>), Error> {
        let get = GetObject { version, ..read(name, customer_key) };
        let opened = self.gateway.execute(&self.caller(true), get).await?;
        let body = opened.reader.unwrap().open(0..opened.info.size).await?;
        Ok((opened.info, collect(body).await?))
    }

    pub async fn remove(&self, name: &str, version: Option<VersionId>) -> Deleted {
        let key = ObjectKey::new(name).unwrap();
        let delete = DeleteObject { bucket: bucket(), key, version, precondition: Precondition::None };
        self.gateway.execute(&self.caller(true), delete).await.unwrap()
    }

    pub async fn restore(
        &self,
        name: &str,
        version: VersionId,
        customer_key: Option<CustomerKey>,
    ) -> Result<ObjectInfo, Error> {
        let key = ObjectKey::new(name).unwrap();
        let restore = RestoreVersion { bucket: bucket(), key, version, customer_key };
        self.gateway.execute(&self.caller(true), restore).await
    }

    pub async fn versions(&self) -> Vec<VersionRow> {
        let list = ListVersions {
            bucket: bucket(),
            version_marker: None,
            keys: KeyQuery {
                prefix: String::new(),
                delimiter: None,
                marker: None,
                marker_skips_prefix: false,
                end_marker: None,
                limit: 10_000,
                reverse: false,
            },
        };
        let (_, page) = self.gateway.execute(&self.caller(true), list).await.unwrap();
        assert!(!page.truncated);
        page.rows
    }

    pub async fn usage(&self) -> Usage {
        let info = BucketInfo { bucket: bucket(), action: Action::ListBucket };
        self.gateway.execute(&self.caller(true), info).await.unwrap().usage
    }
}

#[tokio::test]
async fn each_version_has_its_own_key() {
    let world = World::in_state(Versioning::Enabled).await;
    let writers = [Some(1), None, Some(2)];
    let mut ids = Vec::new();
    for (data, seed) in [b"one", b"two", b"333"].into_iter().zip(writers) {
        let put = world.write("k", data, seed).await;
        assert!(put.versioned && put.version_id != VersionId::Null);
        ids.push(put.version_id);
    }
    for ((id, data), sealed_with) in ids.iter().zip([b"one", b"two", b"333"]).zip(writers) {
        for shown in [None, Some(1), Some(2), Some(3)] {
            let outcome = world.read_version("k", Some(*id), shown.map(key)).await;
            match (sealed_with, shown, outcome) {
                (sealed, shown, Ok((info, bytes))) if sealed == shown => {
                    assert_eq!((info.version_id, bytes.as_slice()), (*id, &data[..]));
                    assert!(info.versioned);
                }
                (Some(_), None, Err(Error::KeyRequired))
                | (None, Some(_), Err(Error::KeyNotApplicable { .. }))
                | (Some(_), Some(_), Err(Error::WrongKey)) => {}
                (sealed, shown, outcome) => panic!("sealed {sealed:?}, shown {shown:?}: {outcome:?}"),
            }
        }
    }
    // The current version is read without an id.
    assert!(matches!(world.read_version("k", None, Some(key(1))).await, Err(Error::WrongKey)));
    assert_eq!(world.read_version("k", None, Some(key(2))).await.unwrap().1, b"333");
    assert_eq!(world.usage().await, Usage { buckets: 0, objects: 1, bytes: 3 });
}

#[tokio::test]
async fn a_restored_version_needs_no_key_and_opens_with_its_own() {
    for state in [Versioning::Enabled, Versioning::Suspended] {
        let world = World::in_state(Versioning::Enabled).await;
        let old = world.write("k", b"old secret", Some(1)).await.version_id;
        world.write("k", b"new", Some(2)).await;
        world.set(state).await;

        let restored = world.restore("k", old, None).await.unwrap();
        assert_ne!(restored.version_id, old);
        assert_eq!(restored.version_id == VersionId::Null, state == Versioning::Suspended);
        assert_eq!(restored.mode, EncryptionMode::Customer);
        assert!(!restored.opened && restored.versioned && restored.size == 10);
        assert_eq!(restored.shown_etag(Face::Swift), None, "no ETag is shown without the key");
        for version in [None, Some(restored.version_id), Some(old)] {
            assert_eq!(world.read_version("k", version, Some(key(1))).await.unwrap().1, b"old secret");
            assert!(matches!(world.read_version("k", version, Some(key(2))).await, Err(Error::WrongKey)));
        }
        assert_eq!(world.usage().await, Usage { buckets: 0, objects: 1, bytes: 10 });

        // Each of the two outlives the other: both refer to the blob.
        world.remove("k", Some(old)).await;
        assert_eq!(world.read_version("k", None, Some(key(1))).await.unwrap().1, b"old secret");
        let again = world.restore("k", restored.version_id, Some(key(1))).await.unwrap();
        assert!(again.opened);
        assert_eq!(world.read_version("k", None, Some(key(1))).await.unwrap().1, b"old secret");
    }
}

#[tokio::test]
async fn a_restore_of_the_wrong_version_or_key_is_refused() {
    let world = World::in_state(Versioning::Enabled).await;
    let sealed = world.write("k", b"sealed", Some(1)).await.version_id;
    let open = world.write("k", b"open", None).await.version_id;
    let marker = world.remove("k", None).await.marker.unwrap();
    let unknown = VersionId::At(Timestamp::from_steps(7));
    let insecure = RestoreVersion {
        bucket: bucket(),
        key: ObjectKey::new("k").unwrap(),
        version: sealed,
        customer_key: Some(key(1)),
    };

    assert!(matches!(world.restore("k", sealed, Some(key(2))).await, Err(Error::WrongKey)));
    assert!(matches!(world.restore("k", open, Some(key(1))).await, Err(Error::KeyNotApplicable { .. })));
    assert!(matches!(world.restore("k", marker, None).await, Err(Error::VersionIsMarker { .. })));
    assert!(matches!(world.restore("k", unknown, None).await, Err(Error::NoSuchVersion)));
    assert!(matches!(world.restore("k", VersionId::Null, None).await, Err(Error::NoSuchVersion)));
    assert!(matches!(world.restore("other", open, None).await, Err(Error::NoSuchVersion)));
    let refused = world.gateway.execute(&world.caller(false), insecure).await;
    assert!(matches!(refused, Err(Error::InsecureTransport)));
    assert_eq!(world.versions().await.len(), 3, "nothing was restored");
}

#[tokio::test]
async fn a_delete_reports_the_current_version() {
    let world = World::in_state(Versioning::Enabled).await;
    let first = world.write("k", b"1", None).await.version_id;
    let second = world.write("k", b"22", None).await.version_id;
    let hidden = world.remove("k", None).await;
    assert_eq!((hidden.removed, hidden.current), (Some(second), None));
    let marker = hidden.marker.unwrap();

    let unhidden = world.remove("k", Some(marker)).await;
    let expected = Deleted { removed: Some(marker), marker: None, was_marker: true, current: Some(second) };
    assert_eq!(unhidden, expected);
    assert_eq!(
        world.remove("k", Some(marker)).await,
        Deleted { current: Some(second), ..Deleted::default() }
    );
    let uncovered = world.remove("k", Some(second)).await;
    assert_eq!((uncovered.removed, uncovered.current), (Some(second), Some(first)));
    assert_eq!(world.read_version("k", None, None).await.unwrap().1, b"1");
    assert_eq!(world.remove("k", Some(first)).await.current, None);
    assert_eq!(world.usage().await, Usage::default());
}

#[tokio::test]
async fn answers_show_version_ids_where_versions_were_kept() {
    for state in STATES {
        let world = World::in_state(state).await;
        let put = world.write("k", b"1", None).await;
        assert_eq!(put.versioned, state != Versioning::Off);
        assert_eq!(put.version_id == VersionId::Null, state != Versioning::Enabled);
        let (info, _) = world.read_version("k", None, None).await.unwrap();
        assert_eq!((info.versioned, info.version_id), (put.versioned, put.version_id));
        let update = UpdateObject {
            bucket: bucket(),
            key: ObjectKey::new("k").unwrap(),
            metadata: ObjectMetadata::default(),
            customer_key: None,
        };
        let updated = world.gateway.execute(&world.caller(true), update).await.unwrap();
        assert_eq!((updated.versioned, updated.version_id), (put.versioned, put.version_id));
    }
}

#[tokio::test]
async fn versioning_cannot_be_switched_off_again() {
    let world = World::in_state(Versioning::Off).await;
    let state = async || {
        let info = BucketInfo { bucket: bucket(), action: Action::GetBucketVersioning };
        world.gateway.execute(&world.caller(true), info).await.unwrap().record.versioning
    };
    assert_eq!(state().await, Versioning::Off);
    world.set(Versioning::Enabled).await;
    world.set(Versioning::Off).await;
    assert_eq!(state().await, Versioning::Suspended);
}

#[tokio::test]
async fn a_delete_of_an_expired_object_reports_it_missing() {
    for state in STATES {
        let world = World::in_state(state).await;
        let version = world.write("k", b"1", None).await.version_id;
        let mut metadata = ObjectMetadata::default();
        metadata.system.delete_at = Some(1);
        let name = ObjectKey::new("k").unwrap();
        let update = UpdateObject { bucket: bucket(), key: name, metadata, customer_key: None };
        world.gateway.execute(&world.caller(true), update).await.unwrap();

        assert!(matches!(world.read_version("k", None, None).await, Err(Error::NoSuchObject { .. })));
        let by_id = world.read_version("k", Some(version), None).await;
        if let VersionId::At(_) = version {
            assert_eq!(by_id.unwrap().1, b"1", "history is kept");
        } else {
            assert!(matches!(by_id, Err(Error::NoSuchObject { .. })));
        }
        assert!(matches!(world.restore("k", version, None).await, Err(Error::NoSuchVersion)));
        let deleted = world.remove("k", None).await;
        assert_eq!(deleted.removed, None);
        assert_eq!(deleted.marker.is_some(), state != Versioning::Off);
        assert_eq!(world.usage().await, Usage::default());
    }
}
