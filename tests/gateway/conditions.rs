//! Preconditions, digests and races on one key.

use cardea::http::body::Body;
use cardea::model::{ObjectKey, ObjectMetadata, SystemMetadata};
use cardea::ops::{Error, Precondition, PutObject, UpdateObject, WriteEncryption};

use super::world::{World, bucket, key};

fn body(text: &'static str) -> Body {
    Body::from_bytes(text.into())
}

#[tokio::test]
async fn conditional_writes_check_the_current_object() {
    let world = World::new().await;
    let put =
        |text, precondition| world.put_with("object", body(text), WriteEncryption::Managed, precondition);
    assert!(matches!(
        put("x", Precondition::Present).await,
        Err(Error::PreconditionFailed | Error::NoSuchObject { .. })
    ));
    let first = put("one", Precondition::Absent).await.unwrap();
    assert!(matches!(put("two", Precondition::Absent).await, Err(Error::PreconditionFailed)));
    assert!(matches!(put("two", Precondition::Etag(vec!["0".into()])).await, Err(Error::PreconditionFailed)));
    put("two", Precondition::Etag(vec![first.etag])).await.unwrap();
    assert_eq!(world.bytes("object", None, 0..3).await.unwrap(), b"two");
}

#[tokio::test]
async fn an_expired_object_is_not_found() {
    let world = World::new().await;
    let system = SystemMetadata { delete_at: Some(1), ..SystemMetadata::default() };
    let put = PutObject {
        bucket: bucket(),
        key: ObjectKey::new("object").unwrap(),
        body: body("old"),
        encryption: WriteEncryption::Managed,
        metadata: ObjectMetadata { system, ..ObjectMetadata::default() },
        expected_md5: None,
        wants_md5: false,
        checksums: vec![],
        precondition: Precondition::None,
    };
    let old = world.gateway.execute(&world.caller(true), put).await.unwrap();
    assert!(matches!(world.get("object", None).await, Err(Error::NoSuchObject { .. })));

    let update = UpdateObject {
        bucket: bucket(),
        key: ObjectKey::new("object").unwrap(),
        metadata: ObjectMetadata::default(),
        customer_key: None,
    };
    let updated = world.gateway.execute(&world.caller(true), update).await;
    assert!(matches!(updated, Err(Error::NoSuchObject { .. })), "the object came back: {updated:?}");

    let put = |precondition| world.put_with("object", body("new"), WriteEncryption::Managed, precondition);
    for precondition in [Precondition::Present, Precondition::Etag(vec![old.etag])] {
        assert!(matches!(
            put(precondition).await,
            Err(Error::PreconditionFailed | Error::NoSuchObject { .. })
        ));
    }
    put(Precondition::Absent).await.unwrap();
    assert_eq!(world.bytes("object", None, 0..3).await.unwrap(), b"new");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_concurrent_creators_wins() {
    let world = std::sync::Arc::new(World::new().await);
    for round in 0..5 {
        let name = format!("object-{round}");
        let racers: Vec<_> = (0..16)
            .map(|_| {
                let (world, name) = (world.clone(), name.clone());
                tokio::spawn(async move {
                    world
                        .put_with(
                            &name,
                            body("data"),
                            WriteEncryption::Customer(key(1)),
                            Precondition::Absent,
                        )
                        .await
                        .is_ok()
                })
            })
            .collect();
        let mut winners = 0;
        for racer in racers {
            winners += u32::from(racer.await.unwrap());
        }
        assert_eq!(winners, 1);
    }
}

#[tokio::test]
async fn etags_are_md5s_or_opaque() {
    let world = World::new().await;
    let managed = world.put("a", b"hello", WriteEncryption::Managed).await.unwrap();
    assert_eq!(managed.etag, "5d41402abc4b2a76b9719d911017c592");
    let first = world.put("b", b"hello", WriteEncryption::Customer(key(1))).await.unwrap();
    let second = world.put("b", b"hello", WriteEncryption::Customer(key(1))).await.unwrap();
    assert_eq!(first.etag.len(), 32);
    assert_ne!(first.etag, second.etag, "the ETag is opaque, and new with every write");
    assert_eq!(first.md5, None, "the MD5 is not computed if nobody needs it");
}
