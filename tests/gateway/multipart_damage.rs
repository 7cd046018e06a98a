//! Uploads changed without the gateway's knowledge are reported as corrupt, with the customer's key and
//! without.

use cardea::ops::{CopyPart, Error, ListParts, ObjectParts, UploadPart, WriteEncryption};

use super::multipart_world::{
    MODES, Mode, complete, copy, list, named, object_parts, part, small_parts, source,
};
use super::world::{World, key};

fn is_corrupt<T>(outcome: &Result<T, Error>) -> bool {
    matches!(outcome, Err(Error::Corrupt(_)))
}

/// Changes the index's rows of a new upload of three parts. Then Complete must report it, with the key and
/// without.
async fn complete_reports(change: &str, rows: usize) {
    for mode in MODES {
        let world = small_parts().await;
        world.put("source", b"copied", WriteEncryption::Managed).await.unwrap();
        let other = world.begin("object", mode).await;
        world.parts("object", other, mode, &[b"one", b"two"]).await;
        let upload = world.begin("object", mode).await;
        let mut sent = world.parts("object", upload, mode, &[b"one", b"two"]).await;
        let from = copy(source("source", None), "object", upload, 3);
        let copied = CopyPart { customer_key: mode.key(), ..from };
        sent.push(named(3, &world.run(copied).await.unwrap()));

        assert_eq!(world.tamper(change), rows, "{change}");
        // ETags are compared with the client's, so here the client knows the changed one.
        for part in &mut sent {
            let sql = format!(
                "SELECT etag FROM upload_parts WHERE upload = (SELECT max(nr) FROM uploads) AND number = {}",
                part.number
            );
            part.etag = world.rows().query_row(&sql, [], |row| row.get(0)).unwrap();
        }
        for key in [None, mode.key()] {
            let mut run = complete("object", upload, sent.clone());
            run.customer_key = key;
            let outcome = world.run(run).await;
            assert!(is_corrupt(&outcome), "{change}: {outcome:?}");
        }
        assert!(world.get("object", mode.key()).await.is_err());
    }
}

const THIS: &str = "(SELECT max(nr) FROM uploads)";

#[tokio::test]
async fn a_damaged_envelope_is_corrupt() {
    for (change, rows) in [
        ("UPDATE uploads SET envelope = zeroblob(163) WHERE nr = THIS", 1),
        ("UPDATE uploads SET envelope = (SELECT envelope FROM uploads WHERE nr <> THIS) WHERE nr = THIS", 1),
        ("UPDATE uploads SET envelope = substr(envelope, 1, length(envelope) - 1) WHERE nr = THIS", 1),
        ("UPDATE uploads SET mode = 3 - mode WHERE nr = THIS", 1),
    ] {
        let change = change.replace("THIS", THIS);
        for mode in MODES {
            let world = small_parts().await;
            world.begin("object", mode).await;
            let upload = world.begin("object", mode).await;
            let sent = world.parts("object", upload, mode, &[b"one"]).await;
            assert_eq!(world.tamper(&change), rows);
            // The row no longer agrees with the upload's envelope. Every request, with any key, reports this,
            // or that the key does not fit.
            for key in [None, Some(key(1))] {
                let put = UploadPart { customer_key: key, ..part("object", upload, 2, b"two") };
                assert!(world.run(put).await.is_err(), "{change}");
            }
            let done = world.run(complete("object", upload, sent)).await;
            assert!(is_corrupt(&done), "{change}: {done:?}");
            assert!(is_corrupt(&world.run(list("object", upload)).await), "{change}");
        }
    }
}

#[tokio::test]
async fn an_upload_moved_to_another_key_is_corrupt() {
    let world = small_parts().await;
    let upload = world.begin("object", Mode::Managed).await;
    let sent = world.parts("object", upload, Mode::Managed, &[b"one"]).await;
    world.tamper("UPDATE uploads SET key = CAST('moved' AS BLOB)");
    assert!(is_corrupt(&world.run(complete("moved", upload, sent)).await));
    assert!(is_corrupt(&world.run(part("moved", upload, 2, b"two")).await));
    assert!(is_corrupt(&world.run(list("moved", upload)).await));
}

#[tokio::test]
async fn swapped_parts_are_corrupt() {
    // The references of parts 1 and 2, which have the same length, are swapped.
    let swap = "UPDATE upload_refs SET blob = (SELECT blob FROM upload_refs o WHERE o.upload = THIS AND o.number = \
                3 - upload_refs.number), wrapped_key = (SELECT wrapped_key FROM upload_refs o WHERE o.upload = THIS \
                AND o.number = 3 - upload_refs.number) WHERE upload = THIS AND number < 3";
    complete_reports(&swap.replace("THIS", THIS), 2).await;
    // Whole parts are swapped, each under the other's number.
    let world = small_parts().await;
    let upload = world.begin("object", Mode::Customer).await;
    let mut sent = world.parts("object", upload, Mode::Customer, &[b"one", b"two"]).await;
    for table in ["upload_parts", "upload_refs"] {
        world.tamper(&format!("UPDATE {table} SET number = number + 10"));
        world.tamper(&format!("UPDATE {table} SET number = 13 - number"));
    }
    let (one, other) = sent.split_at_mut(1);
    std::mem::swap(&mut one[0].etag, &mut other[0].etag);
    assert!(is_corrupt(&world.run(complete("object", upload, sent)).await));
    assert!(is_corrupt(&world.run(list("object", upload)).await));
    let keyed = ListParts { customer_key: Some(key(1)), ..list("object", upload) };
    assert!(is_corrupt(&world.run(keyed).await));
}

#[tokio::test]
async fn changed_parts_are_corrupt() {
    for (change, rows) in [
        ("UPDATE upload_refs SET start = 1, length = length - 1 WHERE upload = THIS AND number = 3", 1),
        ("UPDATE upload_refs SET length = length - 1 WHERE upload = THIS AND number = 3", 1),
        ("DELETE FROM upload_refs WHERE upload = THIS AND number = 2", 1),
        (
            "INSERT INTO upload_refs SELECT upload, number, 1, blob, start, length, wrapped_key FROM upload_refs
             WHERE upload = THIS AND number = 1",
            1,
        ),
        ("UPDATE upload_parts SET size = size + 1 WHERE upload = THIS AND number = 1", 1),
        ("UPDATE upload_parts SET etag = 'd41d8cd98f00b204e9800998ecf8427e' WHERE upload = THIS AND number = 1", 1),
        ("UPDATE upload_parts SET digests = zeroblob(0) WHERE upload = THIS AND number = 1", 1),
        (
            "UPDATE upload_parts SET digests = (SELECT digests FROM upload_parts o WHERE o.upload = THIS AND
             o.number = 2) WHERE upload = THIS AND number = 1",
            1,
        ),
        // A part comes from another upload of the same object.
        (
            "UPDATE upload_parts SET (digests, etag) = (SELECT digests, etag FROM upload_parts o WHERE o.upload <> THIS
             AND o.number = 1) WHERE upload = THIS AND number = 1",
            1,
        ),
    ] {
        complete_reports(&change.replace("THIS", THIS), rows).await;
    }
}

#[tokio::test]
async fn a_part_of_another_upload_is_corrupt() {
    for mode in MODES {
        let world = small_parts().await;
        let other = world.begin("object", mode).await;
        world.parts("object", other, mode, &[b"theirs"]).await;
        let upload = world.begin("object", mode).await;
        let mut sent = world.parts("object", upload, mode, &[b"ours"]).await;
        for table in ["upload_parts", "upload_refs"] {
            world.tamper(&format!("DELETE FROM {table} WHERE upload = {THIS}"));
            world.tamper(&format!("UPDATE {table} SET upload = {THIS}"));
        }
        sent[0].etag = world.rows().query_row("SELECT etag FROM upload_parts", [], |row| row.get(0)).unwrap();
        assert!(is_corrupt(&world.run(complete("object", upload, sent)).await));
        assert!(is_corrupt(&world.run(list("object", upload)).await));
    }
}

#[tokio::test]
async fn changed_parts_of_an_object_are_corrupt() {
    for mode in MODES {
        let finished = || async {
            let world: World = small_parts().await;
            world.upload("object", mode, &[b"one", b"two", b"three"]).await;
            world
        };
        for change in [
            "UPDATE version_parts SET size = size - 1 WHERE number = 1",
            "UPDATE version_parts SET digests = zeroblob(0) WHERE number = 1",
            "UPDATE version_parts SET digests =
                (SELECT digests FROM version_parts o WHERE o.number = 3 - version_parts.number) WHERE number < 3",
        ] {
            let world = finished().await;
            assert!(world.tamper(change) > 0);
            let opened = world.get_part("object", mode.key(), 1).await;
            assert!(is_corrupt(&opened), "{change}: {opened:?}");
            let listed = world.run(ObjectParts { limit: 2, ..object_parts("object", mode.key()) }).await;
            assert!(is_corrupt(&listed), "{change}");
            assert_eq!(world.whole("object", mode.key()).await, b"onetwothree", "a read of the whole needs no part rows");
        }
        // One of three parts of the same length is missing, so the others have moved.
        let world = finished().await;
        world.tamper("DELETE FROM version_parts WHERE number = 1");
        assert!(is_corrupt(&world.get_part("object", mode.key(), 2).await));
        let world = finished().await;
        world.tamper("UPDATE parts SET blob = (SELECT blob FROM parts o WHERE o.seq = 1) WHERE seq = 0");
        assert!(is_corrupt(&world.get("object", mode.key()).await));
    }
}
