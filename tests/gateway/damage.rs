//! Damaged blobs: a clean error or a broken stream, never wrong bytes.

use cardea::ops::{Error, WriteEncryption};

use super::world::{World, key, pattern};

const SIZE: usize = 3_000_000;

async fn stored() -> (World, Vec<u8>, std::path::PathBuf) {
    let world = World::new().await;
    let data = pattern(SIZE);
    world.put("object", &data, WriteEncryption::Customer(key(1))).await.unwrap();
    let files = world.blob_files();
    assert_eq!(files.len(), 1);
    let file = files[0].clone();
    (world, data, file)
}

#[tokio::test]
async fn a_flipped_bit_is_found_at_any_position() {
    let (world, data, file) = stored().await;
    let good = std::fs::read(&file).unwrap();
    assert!(!good.windows(64).any(|w| w == &data[..64]), "ciphertext");
    for place in [0, 70, 99, 100, 100 + 70_000, good.len() / 2, good.len() - 1] {
        let mut bad = good.clone();
        bad[place] ^= 1;
        std::fs::write(&file, &bad).unwrap();
        assert!(world.bytes("object", Some(key(1)), 0..SIZE as u64).await.is_err(), "{place}");
    }
    std::fs::write(&file, &good).unwrap();
    assert!(world.bytes("object", Some(key(1)), 0..SIZE as u64).await.unwrap() == data);
}

#[tokio::test]
async fn a_changed_missing_or_swapped_blob_is_corrupt() {
    let (world, _, file) = stored().await;
    let good = std::fs::read(&file).unwrap();
    let damaged = |bytes: Vec<u8>| {
        std::fs::write(&file, bytes).unwrap();
        world.bytes("object", Some(key(1)), 0..10)
    };
    assert!(matches!(damaged(good[..good.len() - 1].to_vec()).await, Err(Error::Corrupt(_))), "truncated");
    assert!(matches!(damaged([&good[..], b"x"].concat()).await, Err(Error::Corrupt(_))), "appended");
    assert!(matches!(damaged(vec![]).await, Err(Error::Corrupt(_))), "emptied");
    let mut reordered = good.clone();
    reordered[100..100 + 2 * 65_552].rotate_left(65_552);
    assert!(matches!(damaged(reordered).await, Err(Error::Corrupt(_))), "reordered");

    world.put("other", &pattern(SIZE), WriteEncryption::Customer(key(1))).await.unwrap();
    let other = world.blob_files().into_iter().find(|f| *f != file).unwrap();
    assert!(
        matches!(damaged(std::fs::read(&other).unwrap()).await, Err(Error::Corrupt(_))),
        "another object's blob"
    );

    std::fs::remove_file(&file).unwrap();
    assert!(matches!(world.bytes("object", Some(key(1)), 0..10).await, Err(Error::Corrupt(_))), "gone");
    assert_eq!(world.bytes("other", Some(key(1)), 5..9).await.unwrap(), pattern(SIZE)[5..9]);
}
