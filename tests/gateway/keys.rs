//! The key matrix: the mode of the write × the reader's key, by both faces' rules.

use cardea::model::{EncryptionMode, ObjectKey, ObjectMetadata};
use cardea::ops::{Error, Face, GetObject, Keyless, UpdateObject, WriteEncryption};

use super::world::{World, bucket, collect, key, read};

#[tokio::test]
async fn an_object_opens_only_with_its_key() {
    let world = World::new().await;
    let caller = world.caller(true);
    world.put("sealed", b"secret", WriteEncryption::Customer(key(1))).await.unwrap();
    world.put("managed", b"open", WriteEncryption::Managed).await.unwrap();
    for head in [false, true] {
        let get = |name: &str, key, keyless| {
            world.gateway.execute(&caller, GetObject { keyless, head, ..read(name, key) })
        };
        for keyless in [Keyless::Refuse, Keyless::Describe] {
            let opened = get("sealed", Some(key(1)), keyless).await.unwrap();
            assert!(opened.info.opened);
            assert_eq!(opened.info.mode, EncryptionMode::Customer);
            assert!(matches!(get("sealed", Some(key(2)), keyless).await, Err(Error::WrongKey)));
            assert!(matches!(
                get("managed", Some(key(1)), keyless).await,
                Err(Error::KeyNotApplicable { .. })
            ));
            assert!(get("managed", None, keyless).await.is_ok());
            match (keyless, head, get("sealed", None, keyless).await) {
                (Keyless::Describe, true, Ok(described)) => {
                    assert!(!described.info.opened && described.reader.is_none());
                }
                (Keyless::Describe, false, Err(Error::KeyRequired))
                | (Keyless::Refuse, _, Err(Error::KeyRequired)) => {}
                (_, _, other) => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn keys_need_a_secure_connection() {
    let world = World::new().await;
    world.put("sealed", b"secret", WriteEncryption::Customer(key(1))).await.unwrap();
    let insecure = world.caller(false);
    let get = world.gateway.execute(&insecure, read("sealed", Some(key(1)))).await;
    assert!(matches!(get, Err(Error::InsecureTransport)));
}

#[tokio::test]
async fn a_keyless_head_shows_only_the_mtime() {
    let world = World::new().await;
    let caller = world.caller(true);
    world.put("sealed", b"secret", WriteEncryption::Customer(key(1))).await.unwrap();
    let post = |customer_key, value: &str| {
        let mut metadata = ObjectMetadata::default();
        metadata.user.insert("mtime".into(), "1.5".into());
        metadata.user.insert("colour".into(), value.into());
        let name = ObjectKey::new("sealed").unwrap();
        UpdateObject { bucket: bucket(), key: name, metadata, customer_key }
    };
    world.gateway.execute(&caller, post(None, "red")).await.unwrap();
    assert!(matches!(world.gateway.execute(&caller, post(Some(key(2)), "blue")).await, Err(Error::WrongKey)));
    world.gateway.execute(&caller, post(Some(key(1)), "green")).await.unwrap();

    let head = |key| {
        let keyless = Keyless::Describe;
        let get = GetObject { keyless, face: Face::Swift, head: true, ..read("sealed", key) };
        world.gateway.execute(&caller, get)
    };
    let described = head(None).await.unwrap().info;
    assert_eq!(described.metadata.user.len(), 1);
    assert_eq!(described.metadata.user["mtime"], "1.5");
    assert_eq!(described.shown_etag(Face::Swift), None);
    assert!(described.digests.checksums.is_empty());
    assert_eq!(head(Some(key(1))).await.unwrap().info.metadata.user["colour"], "green");
}

#[tokio::test]
async fn an_overwrite_changes_the_key() {
    let world = World::new().await;
    world.put("object", b"one", WriteEncryption::Customer(key(1))).await.unwrap();
    let open = world.get("object", Some(key(1))).await.unwrap();
    world.put("object", b"two!", WriteEncryption::Customer(key(2))).await.unwrap();
    assert!(matches!(world.get("object", Some(key(1))).await, Err(Error::WrongKey)));
    assert_eq!(world.bytes("object", Some(key(2)), 0..4).await.unwrap(), b"two!");
    let before = collect(open.reader.unwrap().open(0..3).await.unwrap()).await.unwrap();
    assert_eq!(before, b"one", "an open download outlives an overwrite");
}
