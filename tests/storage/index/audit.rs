//! The index compared with itself and with the blob store.

use std::sync::Arc;

use cardea::model::BlobId;
use cardea::model::settings::SettingName;
use cardea::storage::index::{BlobRow, Index};

use super::world::{World, bucket};

pub async fn commands_leave_a_consistent_index(index: Arc<dyn Index>) {
    let world = World::versioned(index.clone()).await;
    let other = World { bucket: bucket(&index, &world.account, "other").await.id, ..world.clone() };
    for round in 0..6 {
        for world in [&world, &other] {
            world.publish(world.put("a").size(round).inline(b"x")).await.unwrap();
            world.published("b").await;
            world.delete("b", None).await;
            let upload = world.begin("c").await;
            world.put_part("c", upload, 1).await.unwrap();
            if round % 2 == 0 {
                world.complete("c", upload, &[1]).await.unwrap();
            }
            let text = (round % 2 == 0).then(|| round.to_string());
            index.put_bucket_setting(world.bucket, SettingName::Tags, text).await.unwrap();
        }
    }
    world.exact().await;
}

pub async fn blobs_are_read_in_pages(index: Arc<dyn Index>) {
    let world = World::new(index.clone()).await;
    let mut expected = Vec::new();
    for n in 0..7_u64 {
        let mut put = world.put(&format!("k{n}")).size(n);
        if n % 3 == 0 {
            put = put.inline(b"x");
        }
        let id = put.blob();
        world.publish(put).await.unwrap();
        expected.push(BlobRow { id, length: n, inline: n % 3 == 0, refs: 1, freed: None });
    }
    world.publish(world.put("copy").copying(&[expected[1].id, expected[1].id])).await.unwrap();
    expected[1].refs = 3;
    world.delete("k2", None).await;
    let freed = index.freed_blobs(cardea::model::Timestamp::from_steps(i64::MAX), 1).await.unwrap();
    (expected[2].refs, expected[2].freed) = (0, Some(freed[0].freed));
    expected.sort_by_key(|blob| blob.id);

    let (mut found, mut after): (Vec<BlobRow>, Option<BlobId>) = (Vec::new(), None);
    loop {
        let page = index.blobs_after(after, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        found.extend(page);
    }
    assert_eq!(found, expected);
    for row in expected {
        assert_eq!(index.blob(row.id).await.unwrap(), Some(row));
    }
    assert_eq!(index.blob(BlobId::random(world.writer)).await.unwrap(), None);
}
