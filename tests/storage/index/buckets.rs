//! Buckets, the global name registry, usage.

use std::sync::Arc;

use cardea::model::{AccountId, BucketId};
use cardea::storage::Error;
use cardea::storage::index::{
    BucketAddress, BucketChange, BucketPage, Index, ListBuckets, ListObjects, NamePolicy, Versioning,
};

use super::world::{World, bucket, create, name};

fn accounts() -> (AccountId, AccountId) {
    (AccountId::new("mine"), AccountId::new("yours"))
}

fn s3(text: &str) -> BucketAddress {
    BucketAddress::S3(name(text))
}

fn all(account: &AccountId) -> ListBuckets {
    ListBuckets {
        account: account.clone(),
        prefix: String::new(),
        marker: None,
        end_marker: None,
        limit: 100,
        reverse: false,
    }
}

fn names(page: &BucketPage) -> Vec<&str> {
    page.rows.iter().map(|row| row.bucket.name.as_str()).collect()
}

pub async fn a_bucket_is_found_by_each_address(index: Arc<dyn Index>) {
    let (mine, _) = accounts();
    let mut command = create(&mine, "photos", NamePolicy::Required);
    command.metadata.insert("color".into(), "blue".into());
    let made = index.create_bucket(command.clone()).await.unwrap();
    assert_eq!((made.id, &made.metadata), (command.id, &command.metadata));
    assert!(made.registered);
    assert_eq!((made.versioning, made.modified), (Versioning::Off, made.created));
    for address in [s3("photos"), BucketAddress::Owned(mine, name("photos")), BucketAddress::Id(made.id)] {
        assert_eq!(index.bucket(&address).await.unwrap(), made);
    }
}

pub async fn two_accounts_may_own_containers_of_one_name(index: Arc<dyn Index>) {
    let (mine, yours) = accounts();
    let first = index.create_bucket(create(&mine, "backup", NamePolicy::IfFree)).await.unwrap();
    let second = index.create_bucket(create(&yours, "backup", NamePolicy::IfFree)).await.unwrap();
    assert!(first.registered && !second.registered);
    assert_eq!(index.bucket(&s3("backup")).await.unwrap(), first);
    assert_eq!(index.bucket(&BucketAddress::Owned(yours, name("backup"))).await.unwrap(), second);
}

pub async fn the_buckets_of_all_accounts(index: Arc<dyn Index>) {
    let (mine, yours) = accounts();
    let mut made = Vec::new();
    for (account, text) in [(&mine, "one"), (&yours, "two"), (&mine, "three"), (&yours, "four")] {
        made.push(index.create_bucket(create(account, text, NamePolicy::Never)).await.unwrap());
    }
    made.sort_by_key(|bucket| bucket.id.0);
    assert_eq!(index.buckets_after(None, 100).await.unwrap(), made);
    assert_eq!(index.buckets_after(None, 3).await.unwrap(), made[..3]);
    assert_eq!(index.buckets_after(Some(made[2].id), 3).await.unwrap(), made[3..]);
}

pub async fn the_first_to_register_holds_the_global_name(index: Arc<dyn Index>) {
    let (mine, yours) = accounts();
    index.create_bucket(create(&mine, "photos", NamePolicy::Required)).await.unwrap();
    let taken = index.create_bucket(create(&yours, "photos", NamePolicy::Required)).await;
    assert!(matches!(taken, Err(Error::NameTaken)));
    let absent = index.bucket(&BucketAddress::Owned(yours.clone(), name("photos"))).await;
    assert!(matches!(absent, Err(Error::NoSuchBucket)));

    let unregistered = index.create_bucket(create(&yours, "Any name", NamePolicy::Never)).await.unwrap();
    assert!(!unregistered.registered);
    assert!(matches!(index.bucket(&s3("Any name")).await, Err(Error::NoSuchBucket)));
}

pub async fn a_deleted_bucket_frees_its_name(index: Arc<dyn Index>) {
    let (mine, yours) = accounts();
    let first = bucket(&index, &mine, "photos").await;
    let other = bucket(&index, &yours, "photos").await;
    index.delete_bucket(first.id).await.unwrap();
    assert!(matches!(index.delete_bucket(first.id).await, Err(Error::NoSuchBucket)));
    // The other account's container does not take the name by itself: requests by that name were meant for
    // the first bucket.
    assert!(matches!(index.bucket(&s3("photos")).await, Err(Error::NoSuchBucket)));
    assert!(!index.bucket(&BucketAddress::Id(other.id)).await.unwrap().registered);
    assert!(bucket(&index, &mine, "photos").await.registered);
}

pub async fn a_container_gets_its_name_registered_later(index: Arc<dyn Index>) {
    let (mine, yours) = accounts();
    let first = bucket(&index, &mine, "photos").await;
    let second = bucket(&index, &yours, "photos").await;
    let taken = index.create_bucket(create(&yours, "photos", NamePolicy::Required)).await;
    assert!(matches!(taken, Err(Error::NameTaken)));
    index.delete_bucket(first.id).await.unwrap();
    let registered = index.create_bucket(create(&yours, "photos", NamePolicy::Required)).await.unwrap();
    assert_eq!((registered.id, registered.registered), (second.id, true));
    assert_eq!(index.bucket(&s3("photos")).await.unwrap(), registered);
    assert_eq!(index.account_usage(&yours).await.unwrap().buckets, 1);
}

pub async fn ones_own_bucket_exists(index: Arc<dyn Index>) {
    let (mine, _) = accounts();
    let first = bucket(&index, &mine, "photos").await;
    for policy in [NamePolicy::Required, NamePolicy::IfFree, NamePolicy::Never] {
        let again = index.create_bucket(create(&mine, "photos", policy)).await;
        assert!(matches!(again, Err(Error::BucketExists(id)) if id == first.id), "{policy:?}");
    }
}

pub async fn changes_are_merged_and_move_modified(index: Arc<dyn Index>) {
    let (mine, _) = accounts();
    let made = bucket(&index, &mine, "photos").await;
    let set = |name: &str, value: &str| BucketChange::Metadata(name.into(), Some(value.into()));
    let first = index.update_bucket(made.id, vec![set("a", "1"), set("b", "2")]).await.unwrap();
    let unset = BucketChange::Metadata("a".into(), None);
    let second = index.update_bucket(made.id, vec![unset]).await.unwrap();
    assert_eq!(second.metadata, [("b".to_owned(), "2".to_owned())].into());
    assert!(made.modified < first.modified && first.modified < second.modified);
    assert_eq!(second.created, made.created);
    assert_eq!(index.bucket(&BucketAddress::Id(made.id)).await.unwrap(), second);
    assert!(matches!(index.update_bucket(BucketId::random(), vec![]).await, Err(Error::NoSuchBucket)));
}

pub async fn a_bucket_that_kept_versions_can_only_be_suspended(index: Arc<dyn Index>) {
    let (mine, _) = accounts();
    let id = bucket(&index, &mine, "photos").await.id;
    let to = async |state| {
        index.update_bucket(id, vec![BucketChange::Versioning(state)]).await.unwrap().versioning
    };
    assert_eq!(to(Versioning::Off).await, Versioning::Off);
    assert_eq!(to(Versioning::Enabled).await, Versioning::Enabled);
    assert_eq!(to(Versioning::Off).await, Versioning::Suspended);
    assert_eq!(to(Versioning::Enabled).await, Versioning::Enabled);
}

pub async fn a_bucket_with_anything_in_it_is_not_deleted(index: Arc<dyn Index>) {
    let world = World::versioned(index.clone()).await;
    let version = world.published("k").await;
    assert!(matches!(index.delete_bucket(world.bucket).await, Err(Error::BucketNotEmpty)));
    let marker = world.delete("k", None).await.marker;
    world.delete("k", Some(version)).await;
    assert!(
        matches!(index.delete_bucket(world.bucket).await, Err(Error::BucketNotEmpty)),
        "a marker is left"
    );
    world.delete("k", marker).await;
    index.delete_bucket(world.bucket).await.unwrap();
    assert!(matches!(world.publish(world.put("k")).await, Err(Error::NoSuchBucket)));
    assert_eq!(index.account_usage(&world.account).await.unwrap().buckets, 0);
}

pub async fn buckets_are_listed_in_pages_with_their_usage(index: Arc<dyn Index>) {
    let world = World::new(index.clone()).await;
    let mine = world.account.clone();
    for text in ["b", "a", "Z", "a.b", "ä"] {
        bucket(&index, &mine, text).await;
    }
    bucket(&index, &AccountId::new("yours"), "other").await;
    world.published("k").await;

    let everything = ["Z", "a", "a.b", "b", "bucket", "ä"];
    let page = index.list_buckets(all(&mine)).await.unwrap();
    assert_eq!(names(&page), everything);
    assert!(!page.truncated);
    assert_eq!((page.rows[4].usage.objects, page.rows[4].usage.bytes), (1, 3));
    assert_eq!(page.rows[0].usage.objects, 0);

    let some = async |query| {
        let page = index.list_buckets(query).await.unwrap();
        (names(&page).join(" "), page.truncated)
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(some(ListBuckets { limit: 2, ..all(&mine) }).await, ("Z a".into(), true));
    assert_eq!(
        some(ListBuckets { limit: 2, marker: text("b"), ..all(&mine) }).await,
        ("bucket ä".into(), false)
    );
    assert_eq!(some(ListBuckets { prefix: "a".into(), ..all(&mine) }).await, ("a a.b".into(), false));
    assert_eq!(
        some(ListBuckets { marker: text("Z"), end_marker: text("b"), ..all(&mine) }).await,
        ("a a.b".into(), false)
    );
    assert_eq!(
        some(ListBuckets { reverse: true, marker: text("b"), end_marker: text("Z"), ..all(&mine) }).await,
        ("a.b a".into(), false)
    );
    assert_eq!(some(ListBuckets { limit: 0, ..all(&mine) }).await, (String::new(), false));
}

pub async fn what_is_not_there_is_no_such_bucket(index: Arc<dyn Index>) {
    let (mine, _) = accounts();
    for address in
        [s3("none"), BucketAddress::Owned(mine, name("none")), BucketAddress::Id(BucketId::random())]
    {
        assert!(matches!(index.bucket(&address).await, Err(Error::NoSuchBucket)));
        let found = index.find(&address, &super::world::key("k"), None).await;
        assert!(matches!(found, Err(Error::NoSuchBucket)));
    }
    assert!(matches!(index.bucket_usage(BucketId::random()).await, Err(Error::NoSuchBucket)));
    let listing =
        index.list_objects(ListObjects { bucket: BucketId::random(), keys: super::world::listing() }).await;
    assert!(matches!(listing, Err(Error::NoSuchBucket)));
}
