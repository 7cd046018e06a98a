//! Settings of buckets.

use std::collections::BTreeSet;
use std::sync::Arc;

use cardea::model::settings::SettingName;
use cardea::model::{AccountId, BucketId};
use cardea::storage::Error;
use cardea::storage::index::rows::{Value, table};
use cardea::storage::index::{
    BucketAddress, BucketChange, BucketSettings, Index, ListBuckets, NamePolicy, Versioning,
};
use futures_util::future::join_all;

use super::world::{World, bucket, create, key};

const TAGS: SettingName = SettingName::Tags;

/// The names of the settings in the index, of any bucket.
async fn stored(index: &Arc<dyn Index>) -> Vec<Value> {
    let mut snapshot = index.rows().snapshot().await.unwrap();
    let rows = snapshot.page(table("bucket_settings").unwrap(), None).await.unwrap();
    rows.into_iter().map(|row| row[1].clone()).collect()
}

pub async fn a_setting_is_kept_by_name(index: Arc<dyn Index>) {
    let id = bucket(&index, &AccountId::new("mine"), "photos").await.id;
    let other = bucket(&index, &AccountId::new("mine"), "other").await.id;
    assert_eq!(index.bucket_settings(id).await.unwrap(), BucketSettings::default());

    let long = "ä'\"\\\0".replace('\0', "\n").repeat(20_000);
    let mut generation = 0;
    assert_eq!(index.put_bucket_setting(id, TAGS, None).await.unwrap(), 0, "there was nothing to remove");
    for value in [Some("[]".into()), Some(long.clone()), Some(String::new()), None, Some("again".into())] {
        let next = index.put_bucket_setting(id, TAGS, value.clone()).await.unwrap();
        assert!(next > generation, "{next} after {generation}");
        if value.is_none() {
            let again = index.put_bucket_setting(id, TAGS, None).await.unwrap();
            assert_eq!(again, next, "there was nothing more to remove");
        }
        generation = next;
        let values = value.map(|text| (TAGS, text)).into_iter().collect();
        assert_eq!(index.bucket_settings(id).await.unwrap(), BucketSettings { generation, values });
    }
    assert_eq!(index.bucket_settings(other).await.unwrap(), BucketSettings::default());
}

pub async fn a_setting_changes_nothing_else_of_the_bucket(index: Arc<dyn Index>) {
    let account = AccountId::new("mine");
    let id = bucket(&index, &account, "photos").await.id;
    let item = BucketChange::Metadata("color".into(), Some("blue".into()));
    let versioned = BucketChange::Versioning(Versioning::Enabled);
    let mut expected = index.update_bucket(id, vec![item, versioned]).await.unwrap();
    assert_eq!(expected.settings_generation, 0);

    expected.settings_generation = index.put_bucket_setting(id, TAGS, Some("[]".into())).await.unwrap();
    assert_eq!(index.bucket(&BucketAddress::Id(id)).await.unwrap(), expected);
    let found = index.find(&BucketAddress::Id(id), &key("none"), None).await.unwrap();
    assert_eq!(found.0, expected);
    let query = ListBuckets {
        account,
        prefix: String::new(),
        marker: None,
        end_marker: None,
        limit: 10,
        reverse: false,
    };
    assert_eq!(index.list_buckets(query).await.unwrap().rows[0].bucket, expected);

    // A change of the bucket leaves the settings, too.
    let changed = index.update_bucket(id, vec![]).await.unwrap();
    assert_eq!(changed.settings_generation, expected.settings_generation);
    assert_eq!(index.bucket_settings(id).await.unwrap().values, [(TAGS, "[]".to_owned())].into());
}

pub async fn settings_are_set_with_the_bucket(index: Arc<dyn Index>) {
    let mut command = create(&AccountId::new("mine"), "photos", NamePolicy::Required);
    command.settings.insert(TAGS, "[]".into());
    let made = index.create_bucket(command.clone()).await.unwrap();
    let settings = index.bucket_settings(made.id).await.unwrap();
    assert_eq!((settings.generation, &settings.values), (made.settings_generation, &command.settings));
    assert!(settings.generation > 0);
    assert_eq!(index.bucket(&BucketAddress::Id(made.id)).await.unwrap(), made);

    // A bucket that exists keeps its own.
    command.settings.insert(TAGS, "other".into());
    assert!(matches!(index.create_bucket(command).await, Err(Error::BucketExists(_))));
    assert_eq!(index.bucket_settings(made.id).await.unwrap(), settings);
}

pub async fn settings_go_with_their_bucket(index: Arc<dyn Index>) {
    let world = World::new(index.clone()).await;
    let other = bucket(&index, &world.account, "other").await.id;
    for id in [world.bucket, other] {
        index.put_bucket_setting(id, TAGS, Some("[]".into())).await.unwrap();
    }
    world.published("k").await;
    assert!(matches!(index.delete_bucket(world.bucket).await, Err(Error::BucketNotEmpty)));
    assert_eq!(stored(&index).await.len(), 2, "a refused deletion removes nothing");
    world.delete("k", None).await;
    index.delete_bucket(world.bucket).await.unwrap();
    assert_eq!(stored(&index).await, [Value::Bytes("tags".into())]);
    assert_eq!(index.audit().await.unwrap(), []);

    let again = bucket(&index, &world.account, "bucket").await;
    assert_eq!(index.bucket_settings(again.id).await.unwrap(), BucketSettings::default());
    assert_eq!(index.bucket_settings(other).await.unwrap().values.len(), 1);
}

pub async fn a_missing_bucket_has_no_settings(index: Arc<dyn Index>) {
    let id = BucketId::random();
    assert!(matches!(index.bucket_settings(id).await, Err(Error::NoSuchBucket)));
    for value in [Some("[]".into()), None] {
        assert!(matches!(index.put_bucket_setting(id, TAGS, value).await, Err(Error::NoSuchBucket)));
    }
    assert_eq!(stored(&index).await, []);
}

pub async fn changes_at_once_have_generations_of_their_own(index: Arc<dyn Index>) {
    let id = bucket(&index, &AccountId::new("mine"), "photos").await.id;
    let changes = (0..20).map(|number| {
        let index = index.clone();
        async move {
            let value = number.to_string();
            (index.put_bucket_setting(id, TAGS, Some(value.clone())).await.unwrap(), value)
        }
    });
    let done = join_all(changes).await;
    let generations: BTreeSet<u64> = done.iter().map(|(generation, _)| *generation).collect();
    assert_eq!(generations.len(), done.len());
    let (generation, last) = done.into_iter().max().unwrap();
    let values = [(TAGS, last)].into();
    assert_eq!(index.bucket_settings(id).await.unwrap(), BucketSettings { generation, values });
}
