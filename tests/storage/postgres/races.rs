//! Several replicas over one database, all at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cardea::model::{Timestamp, WriterId};
use cardea::storage::Error;
use cardea::storage::index::{Index, Precondition, Published, Restore, SealEnvelope, Versioning};
use futures_util::future::join_all;

use super::database::Schema;
use crate::storage::index::rewraps::{rewrap, unchanged};
use crate::storage::index::world::{World, key};

/// The number of replicas, each with its own connections and its own writer.
const REPLICAS: usize = 4;

/// The same bucket through each replica.
async fn replicas(schema: &Schema) -> Vec<World> {
    let first = World::new(Arc::new(schema.open().await)).await;
    let mut worlds = vec![first.clone()];
    for _ in 1..REPLICAS {
        let index: Arc<dyn Index> = Arc::new(schema.open().await);
        let writer = WriterId::random();
        index.heartbeat(writer).await.unwrap();
        worlds.push(World { index, writer, ..first.clone() });
    }
    worlds
}

/// Runs this many tasks at once, spread over the replicas, and returns their results.
async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    worlds: &[World],
    tasks: usize,
    task: impl Fn(World, usize) -> F,
) -> Vec<T> {
    let tasks = (0..tasks).map(|n| tokio::spawn(task(worlds[n % worlds.len()].clone(), n)));
    join_all(tasks).await.into_iter().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_those_who_want_a_free_key_gets_it() {
    let schema = Schema::new().await;
    let worlds = replicas(&schema).await;
    for round in 0..10 {
        let outcomes = at_once(&worlds, 16, |world, _| async move {
            world.publish(world.put(&format!("k{round}")).when(Precondition::Absent)).await
        });
        let outcomes = outcomes.await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        let refused = |outcome: &&Result<Published, Error>| matches!(outcome, Err(Error::PreconditionFailed));
        assert_eq!(outcomes.iter().filter(refused).count(), 15);
    }
    assert_eq!(worlds[0].usage().await, (10, 30));
    assert_eq!(worlds[0].freed().await, []);
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_etag_is_matched_once() {
    let schema = Schema::new().await;
    let worlds = replicas(&schema).await;
    worlds[0].publish(worlds[0].put("k").etag("first")).await.unwrap();
    let matched = at_once(&worlds, 16, |world, task| async move {
        let mut matched = Vec::new();
        while matched.len() < 5 {
            let etag = world.current("k").await.etag;
            let put = world.put("k").etag(&format!("{task} {}", matched.len()));
            match world.publish(put.when(Precondition::Etag(vec![etag.clone()]))).await {
                Ok(_) => matched.push(etag),
                Err(Error::PreconditionFailed) => {}
                Err(error) => panic!("{error}"),
            }
        }
        matched
    });
    let matched: Vec<String> = matched.await.into_iter().flatten().collect();
    assert_eq!((matched.len(), matched.iter().collect::<BTreeSet<_>>().len()), (80, 80));
    assert_eq!(worlds[0].usage().await, (1, 3));
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_of_a_key_have_times_in_order() {
    let schema = Schema::new().await;
    let worlds = replicas(&schema).await;
    for state in [Versioning::Off, Versioning::Enabled, Versioning::Suspended] {
        if state != Versioning::Off {
            worlds[0].set(state).await;
        }
        let made = at_once(&worlds, 16, |world, _| async move {
            let mut made: Vec<Timestamp> = Vec::new();
            for _ in 0..10 {
                made.push(world.publish(world.put("k")).await.unwrap().created);
                assert!(world.current("k").await.created >= made[made.len() - 1]);
            }
            assert!(made.is_sorted_by(|a, b| a < b), "each after the one before");
            made
        });
        let made: Vec<_> = made.await.into_iter().flatten().collect();
        let distinct: BTreeSet<_> = made.iter().copied().collect();
        assert_eq!(distinct.len(), 160, "no two share a time");
        assert_eq!(worlds[1].current("k").await.created, *distinct.last().unwrap());
    }
    assert_eq!(worlds[0].usage().await, (1, 3));
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_goes_or_takes_an_object() {
    let schema = Schema::new().await;
    for round in 0..20 {
        let worlds = replicas(&schema).await;
        let bucket = worlds[0].bucket;
        let (put, begun, deleted) = tokio::join!(
            worlds[0].publish(worlds[0].put("k")),
            worlds[2].index.create_upload(worlds[2].upload("u")),
            async {
                tokio::time::sleep(std::time::Duration::from_micros(round * 300)).await;
                worlds[1].index.delete_bucket(bucket).await
            },
        );
        assert!(matches!(begun, Ok(_) | Err(Error::NoSuchBucket)), "{begun:?}");
        match (put, deleted) {
            (Ok(_), Err(Error::BucketNotEmpty)) => {
                worlds[2].delete("k", None).await;
                worlds[3].index.delete_bucket(bucket).await.unwrap();
            }
            (Err(Error::NoSuchBucket), Ok(())) => {}
            other => panic!("{other:?}"),
        }
        assert!(matches!(worlds[0].find("k", None).await, Err(Error::NoSuchBucket)));
        worlds[0].exact().await;
    }
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_ends_once() {
    let schema = Schema::new().await;
    let worlds = replicas(&schema).await;
    for round in 0..20 {
        let name = format!("k{}", round % 3);
        let upload = worlds[0].begin(&name).await;
        for number in 1..=3 {
            worlds[0].put_part(&name, upload, number).await.unwrap();
        }
        let ended = at_once(&worlds, 12, |world, task| {
            let name = name.clone();
            async move {
                let outcome = match task % 4 {
                    0 => match world.try_completion(&name, upload, &[1, 2, 3]).await {
                        Ok(command) => world.index.complete_upload(command).await.map(|_| true),
                        Err(error) => Err(error),
                    },
                    1 if round % 2 == 0 => {
                        world.index.abort_upload(world.bucket, &key(&name), upload).await.map(|()| true)
                    }
                    _ => world
                        .put_part(&name, upload, 1 + u32::try_from(task % 4).unwrap())
                        .await
                        .map(|_| false),
                };
                match outcome {
                    Ok(ended) => ended,
                    Err(Error::NoSuchUpload | Error::Changed) => false,
                    Err(error) => panic!("{error:?}"),
                }
            }
        });
        let ended = ended.await.into_iter().filter(|ended| *ended).count();
        assert!(ended <= 1, "ended {ended} times");
        let found = worlds[1].index.upload(worlds[1].bucket, &key(&name), upload).await;
        assert_eq!(found.is_err(), ended == 1);
        worlds[0].exact().await;
    }
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_number_of_a_part_is_one_part() {
    let schema = Schema::new().await;
    let worlds = replicas(&schema).await;
    let upload = worlds[0].begin("k").await;
    let times = at_once(&worlds, 16, |world, task| async move {
        world.put_part("k", upload, 1 + u32::try_from(task % 2).unwrap()).await.unwrap()
    });
    times.await;
    let (_, parts) = worlds[0].index.upload_parts(worlds[0].bucket, &key("k"), upload).await.unwrap();
    assert_eq!(parts.iter().map(|part| (part.number, part.refs.len())).collect::<Vec<_>>(), [(1, 1), (2, 1)]);
    assert_eq!(worlds[0].freed().await.len(), 14);
    worlds[0].complete("k", upload, &[1, 2]).await.unwrap();
    assert_eq!(worlds[0].usage().await, (1, 6));
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_has_its_source_or_fails() {
    let schema = Schema::new().await;
    let worlds = replicas(&schema).await;
    for _ in 0..15 {
        let put = worlds[0].put("source");
        let blob = put.blob();
        worlds[0].publish(put).await.unwrap();
        let source = worlds[0].current("source").await;
        let copied = at_once(&worlds, 8, |world, task| {
            let source = source.clone();
            async move {
                if task == 5 {
                    world.delete("source", None).await;
                    return 0;
                }
                let mut put = world.put(&format!("copy {task}")).copying(&[blob]);
                put.command.unchanged = vec![unchanged(&world, &source)];
                match world.publish(put).await {
                    Ok(_) => 1,
                    Err(Error::Changed) => 0,
                    Err(error) => panic!("{error:?}"),
                }
            }
        });
        let made: u64 = copied.await.into_iter().sum();
        assert_eq!(worlds[0].usage().await, (made, 3 * made));
        for task in 0..8 {
            worlds[1].delete(&format!("copy {task}"), None).await;
        }
        assert!(worlds[0].freed().await.contains(&blob));
    }
    assert_eq!(worlds[0].usage().await, (0, 0));
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crossing_copies_all_come_through() {
    let schema = Schema::new().await;
    let worlds = replicas(&schema).await;
    for name in ["a", "b", "c"] {
        worlds[0].published(name).await;
    }
    let copies = at_once(&worlds, 12, |world, task| async move {
        let names = ["a", "b", "c"];
        let (from, to) = (names[task % 3], names[(task + 1 + task / 3 % 2) % 3]);
        let mut copied = 0;
        for _ in 0..10 {
            let source = world.current(from).await;
            let blobs: Vec<_> = source.parts.iter().map(|part| part.blob).collect();
            let mut put = world.put(to).copying(&blobs);
            put.command.unchanged = vec![unchanged(&world, &source)];
            match world.publish(put).await {
                Ok(_) => copied += 1,
                Err(Error::Changed) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        copied
    });
    assert!(copies.await.into_iter().sum::<u32>() > 0);
    assert_eq!(worlds[0].usage().await, (3, 9));
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rewrap_meets_what_it_read() {
    let schema = Schema::new().await;
    let worlds = replicas(&schema).await;
    for name in ["a", "b"] {
        worlds[0].published(name).await;
    }
    let outcomes = at_once(&worlds, 12, |world, task| async move {
        let (mut published, mut sealed) = (0, BTreeMap::new());
        let (writes, mut round) = (task % 3 == 0, 0);
        // The tasks that seal anew go on until they succeed: once nobody else writes, one after the other
        // must.
        while round < 10 || (!writes && sealed.is_empty()) {
            let name = ["a", "b"][(task + round) % 2];
            round += 1;
            if writes {
                world.publish(world.put(name)).await.unwrap();
                published += 1;
                continue;
            }
            let mut both = Vec::new();
            for name in ["a", "b"] {
                both.push(rewrap(&world, &world.current(name).await));
            }
            if task % 2 == 0 {
                both.reverse();
            }
            let uids: Vec<_> = both.iter().map(|rewrap| (rewrap.version.uid, rewrap.uid)).collect();
            match world.index.rewrap(both).await {
                Ok(()) => sealed.extend(uids),
                Err(Error::Changed) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        (published, sealed)
    });
    let (mut published, mut sealed) = (0, BTreeMap::new());
    for (puts, uids) in outcomes.await {
        published += puts;
        for (from, to) in uids {
            assert_eq!(sealed.insert(from, to), None, "a version is sealed anew once as it was read");
        }
    }
    assert_eq!(published, 40);
    assert!(sealed.len() >= 8);
    assert_eq!(worlds[0].usage().await, (2, 6));
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_to_few_keys_the_index_agrees_with_itself() {
    let schema = Schema::new().await;
    let worlds = replicas(&schema).await;
    worlds[0].set(Versioning::Enabled).await;
    let done = at_once(&worlds, 16, |world, task| async move {
        for round in 0..12 {
            let (name, other) = (format!("k{}", (task + round) % 3), format!("k{}", (task + round / 2) % 3));
            let outcome = match (task * 7 + round * 3) % 6 {
                0 => world.publish(world.put(&name)).await.map(|_| ()),
                1 => world.index.delete(world.deletion(&name, None)).await.map(|_| ()),
                2 | 3 => match world.find(&other, None).await {
                    Ok(source) => {
                        let blobs: Vec<_> = source.parts.iter().map(|part| part.blob).collect();
                        let mut put = world.put(&name).copying(&blobs);
                        put.command.unchanged = vec![unchanged(&world, &source)];
                        world.publish(put).await.map(|_| ())
                    }
                    Err(error) => Err(error),
                },
                4 => match world.find(&name, None).await {
                    Ok(found) => {
                        world.index.delete(world.deletion(&name, Some(found.version_id))).await.map(|_| ())
                    }
                    Err(error) => Err(error),
                },
                _ => match world.find(&name, None).await {
                    Ok(found) => {
                        let seal = SealEnvelope(Box::new(|_| Some(b"again".to_vec())));
                        let version = unchanged(&world, &found);
                        world.index.restore(Restore { version, seal }).await.map(|_| ())
                    }
                    Err(error) => Err(error),
                },
            };
            match outcome {
                Ok(()) | Err(Error::Changed | Error::NoSuchObject { .. }) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
    });
    done.await;
    worlds[0].usage().await;
    schema.drop().await;
}
