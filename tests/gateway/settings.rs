//! Settings of buckets: read and parsed once for each generation, and never stale after a change.

use std::time::Duration;

use cardea::model::BucketName;
use cardea::model::settings::{SettingName, Tags};
use cardea::ops::{BucketAddress, Error, Gateway, GetSetting, PutSetting};
use futures_util::FutureExt;
use rusqlite::Connection;

use super::world::{World, bucket};

fn tags(value: &str) -> Tags {
    Tags::new(vec![("key".to_owned(), value.to_owned())]).unwrap()
}

async fn put(world: &World, value: Option<Tags>) -> Result<(), Error> {
    put_by(&world.gateway, world, value).await
}

async fn put_by(gateway: &Gateway, world: &World, value: Option<Tags>) -> Result<(), Error> {
    gateway.execute(&world.caller(true), PutSetting { bucket: bucket(), value }).await
}

async fn get(world: &World) -> Result<Option<Tags>, Error> {
    get_by(&world.gateway, world).await
}

async fn get_by(gateway: &Gateway, world: &World) -> Result<Option<Tags>, Error> {
    let found = gateway.execute(&world.caller(true), GetSetting::<Tags>::of(bucket())).await?;
    Ok(found.map(|tags| (*tags).clone()))
}

#[tokio::test]
async fn a_setting_is_put_read_and_removed() {
    let world = World::new().await;
    assert_eq!(get(&world).await.unwrap(), None);
    for value in [Some(tags("1")), Some(tags("2")), None, None, Some(tags("3"))] {
        put(&world, value.clone()).await.unwrap();
        for _ in 0..2 {
            assert_eq!(get(&world).await.unwrap(), value);
        }
    }
}

#[tokio::test]
async fn a_setting_is_only_for_the_owner() {
    let world = World::new().await;
    put(&world, Some(tags("1"))).await.unwrap();
    let stranger = world.caller_of("stranger", "admin").await;
    let read = world.gateway.execute(&stranger, GetSetting::<Tags>::of(bucket())).await;
    assert!(matches!(read, Err(Error::AccessDenied)));
    let removed =
        world.gateway.execute(&stranger, PutSetting::<Tags> { bucket: bucket(), value: None }).await;
    assert!(matches!(removed, Err(Error::AccessDenied)));
    assert_eq!(get(&world).await.unwrap(), Some(tags("1")));
}

#[tokio::test]
async fn a_damaged_setting_is_corrupt_and_can_be_replaced() {
    let world = World::new().await;
    put(&world, Some(tags("1"))).await.unwrap();
    assert_eq!(get(&world).await.unwrap(), Some(tags("1")));
    for damaged in ["[[\"secret!\",\"\"]]", "[", ""] {
        let index = Connection::open(world.dir.path().join("index.db")).unwrap();
        let damage = "UPDATE bucket_settings SET text = ?1";
        assert_eq!(index.execute(damage, [damaged]).unwrap(), 1);
        assert!(get(&world).await.is_ok(), "the parsed value is cached");
        let other = world.another_gateway();
        let found = get_by(&other, &world).await;
        assert!(
            matches!(&found, Err(Error::Corrupt(cause)) if !cause.to_string().contains("secret")),
            "{found:?}"
        );
        put_by(&other, &world, Some(tags("2"))).await.unwrap();
        assert_eq!(get_by(&other, &world).await.unwrap(), Some(tags("2")));
    }
}

/// The caller goes away while another process holds the index. Its command is carried out all the same. A
/// reader in the meantime must not cache the old value.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_setting_is_not_stale_after_its_caller_disconnects() {
    let world = World::new().await;
    put(&world, Some(tags("old"))).await.unwrap();
    let id = world.index.bucket(&bucket()).await.unwrap().id;
    let held = Connection::open(world.dir.path().join("index.db")).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut change = Box::pin(put(&world, Some(tags("new"))));
    for _ in 0..50 {
        assert!((&mut change).now_or_never().is_none(), "the index is held");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(change);
    assert_eq!(get(&world).await.unwrap(), Some(tags("old")));
    held.execute_batch("ROLLBACK").unwrap();
    let mut done = false;
    for _ in 0..2000 {
        done = world.index.bucket_settings(id).await.unwrap().values[&SettingName::Tags].contains("new");
        if done {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(done, "the command was not carried out");
    // The cache is updated just after the commit.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(get(&world).await.unwrap(), Some(tags("new")));
}

#[tokio::test]
async fn a_missing_bucket_has_no_setting() {
    let world = World::new().await;
    let BucketAddress::Owned(account, _) = bucket() else { unreachable!() };
    let missing = BucketAddress::Owned(account, BucketName::new("missing").unwrap());
    let read = world.gateway.execute(&world.caller(true), GetSetting::<Tags>::of(missing.clone())).await;
    assert!(matches!(read, Err(Error::NoSuchBucket)));
    let removal = PutSetting::<Tags> { bucket: missing, value: None };
    let removed = world.gateway.execute(&world.caller(true), removal).await;
    assert!(matches!(removed, Err(Error::NoSuchBucket)));
}
