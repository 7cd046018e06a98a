//! Completes, aborts and parts at the same time: the first commit wins, and the others leave nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use cardea::ops::{CopyPart, Error, GetObject, Limits, UploadPart, WriteEncryption};

use super::multipart_world::{
    MODES, Mode, complete, copy, eventually, list, named, part, small_parts, source,
};
use super::world::{World, collect, key, pattern, read};

async fn stored_parts() -> Arc<World> {
    Arc::new(World::with(Limits { inline_bytes: 0, min_part: 0, ..Limits::default() }).await)
}

/// Checks that the index knows every blob in the store.
async fn assert_no_orphans(world: &World) {
    let files = || -> BTreeSet<String> {
        world.blob_files().iter().map(|file| file.file_name().unwrap().to_str().unwrap().to_owned()).collect()
    };
    let known = || usize::try_from(world.count("SELECT count(*) FROM blobs WHERE inline IS NULL")).unwrap();
    eventually(|| files().len() == known()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn complete_abort_and_parts_race_without_leftovers() {
    let world = stored_parts().await;
    let (mut completed, mut aborted) = (0, 0);
    for round in 0..40_u8 {
        let mode = MODES[usize::from(round % 2)];
        let object = format!("object-{round}");
        let upload = world.begin(&object, mode).await;
        let sent = world.parts(&object, upload, mode, &[&pattern(1000), b"tail"]).await;

        let run =
            |future: std::pin::Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>| tokio::spawn(future);
        let racers: Vec<_> = (0..2)
            .map(|_| {
                let (world, operation) = (world.clone(), complete(&object, upload, sent.clone()));
                tokio::spawn(async move { world.run(operation).await.map(|outcome| outcome.etag) })
            })
            .collect();
        let (aborting, name) = (world.clone(), object.clone());
        let abort = run(Box::pin(async move {
            for _ in 0..round % 7 {
                tokio::task::yield_now().await;
            }
            aborting.abort(&name, upload).await
        }));
        let puts: Vec<_> = (0..4_u32)
            .map(|number| {
                let put = UploadPart {
                    customer_key: mode.key(),
                    ..part(&object, upload, number + 2, &pattern(500 + number as usize))
                };
                let world = world.clone();
                run(Box::pin(async move { world.run(put).await.map(drop) }))
            })
            .collect();

        let abort = abort.await.unwrap();
        let mut etags = Vec::new();
        for outcome in racers {
            match outcome.await.unwrap() {
                Ok(etag) => etags.push(etag),
                Err(Error::NoSuchUpload | Error::InvalidPart { number: 2 }) => {}
                Err(other) => panic!("{other}"),
            }
        }
        for put in puts {
            let put = put.await.unwrap();
            assert!(matches!(put, Ok(()) | Err(Error::NoSuchUpload)), "{put:?}");
        }
        etags.dedup();
        match (abort, &etags[..]) {
            (Err(Error::NoSuchUpload), [etag]) => {
                completed += 1;
                let info = world.get(&object, mode.key()).await.unwrap().info;
                assert_eq!((&info.etag, info.size), (etag, 1004));
                assert_eq!(world.whole(&object, mode.key()).await, [&pattern(1000)[..], b"tail"].concat());
            }
            (Ok(()), []) => {
                aborted += 1;
                assert!(world.get(&object, mode.key()).await.is_err());
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(world.run(list(&object, upload)).await, Err(Error::NoSuchUpload)));
    }
    assert_eq!(completed + aborted, 40);
    world.assert_references_are_exact();
    assert_no_orphans(&world).await;
    assert_eq!(
        world.count("SELECT count(*) FROM upload_parts") + world.count("SELECT count(*) FROM upload_refs"),
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_parts_of_one_number_leave_one() {
    let world = stored_parts().await;
    let upload = world.begin("object", Mode::Customer).await;
    let puts: Vec<_> = (0..16_usize)
        .map(|size| {
            let put =
                UploadPart { customer_key: Some(key(1)), ..part("object", upload, 1, &pattern(100 + size)) };
            let world = world.clone();
            tokio::spawn(async move { (size, world.run(put).await.unwrap()) })
        })
        .collect();
    let mut stored = Vec::new();
    for put in puts {
        stored.push(put.await.unwrap());
    }
    // Of two parts with one number the later one is kept, and each answer shows its own time.
    stored.sort_by_key(|(_, outcome)| outcome.modified);
    let (size, last) = stored.last().unwrap();
    let listed = world.listed("object", upload).await.parts;
    assert_eq!((listed.len(), listed[0].size, &listed[0].etag), (1, 100 + *size as u64, &last.etag));
    world.run(complete("object", upload, vec![named(1, last)])).await.unwrap();
    assert_eq!(world.whole("object", Some(key(1))).await, pattern(100 + size));
    world.assert_references_are_exact();
    assert_eq!(world.count("SELECT count(*) FROM blobs WHERE refs > 0"), 1);
    assert_no_orphans(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_of_a_changing_object_are_of_one_version() {
    let world = stored_parts().await;
    let contents = |round: u8| vec![round; 300];
    world.put("source", &contents(0), WriteEncryption::Managed).await.unwrap();
    let upload = world.begin("object", Mode::Customer).await;
    let writer = {
        let world = world.clone();
        tokio::spawn(async move {
            for round in 1..60 {
                world.put("source", &contents(round), WriteEncryption::Managed).await.unwrap();
            }
        })
    };
    let mut sent = Vec::new();
    for number in 1..=40 {
        let from = copy(source("source", None), "object", upload, number);
        match world.run(CopyPart { customer_key: Some(key(1)), ..from }).await {
            Ok(copied) => sent.push(named(number, &copied)),
            Err(Error::Conflict) => {}
            Err(other) => panic!("{other}"),
        }
    }
    writer.await.unwrap();
    assert!(!sent.is_empty());
    let done = world.run(complete("object", upload, sent.clone())).await.unwrap();
    let whole = world.whole("object", Some(key(1))).await;
    assert_eq!((whole.len() as u64, whole.len()), (done.size, sent.len() * 300));
    for part in whole.chunks(300) {
        assert!(part.iter().all(|byte| *byte == part[0]), "each part is of one version");
    }
    world.assert_references_are_exact();
    assert_no_orphans(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_is_read_of_one_version() {
    let world = Arc::new(small_parts().await);
    let write = |round: usize| {
        let world = world.clone();
        async move {
            let parts = vec![vec![round as u8; 10 + round]; 3];
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            world.upload("object", Mode::Managed, &parts).await;
        }
    };
    write(0).await;
    let writer = tokio::spawn({
        let writes: Vec<_> = (1..30).map(write).collect();
        async move {
            for write in writes {
                write.await;
            }
        }
    });
    while !writer.is_finished() {
        match world.run(GetObject { part: Some(2), ..read("object", None) }).await {
            Ok(opened) => {
                let span = opened.part.unwrap();
                let body = opened.reader.unwrap().open(span.range.clone()).await.unwrap();
                let bytes = collect(body).await.unwrap();
                let round = bytes[0];
                assert_eq!(bytes, vec![round; 10 + usize::from(round)]);
                assert_eq!(span.range.start, 10 + u64::from(round));
            }
            Err(Error::Conflict) => {}
            Err(other) => panic!("{other}"),
        }
    }
    writer.await.unwrap();
    world.assert_references_are_exact();
}
