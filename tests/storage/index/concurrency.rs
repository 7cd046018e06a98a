//! Many tasks at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use cardea::model::AccountId;
use cardea::storage::Error;
use cardea::storage::index::{Index, ListBuckets, NamePolicy, Precondition, SealEnvelope};
use futures_util::future::join_all;

use super::world::{World, create};

pub async fn many_writers_of_one_key_leave_one_current_object(index: Arc<dyn Index>) {
    let world = World::versioned(index).await;
    let tasks = (0..16).map(|task| {
        let world = world.clone();
        tokio::spawn(async move {
            let mut made = Vec::new();
            for round in 0..10 {
                let put = world.put("k").etag(&format!("{task}.{round}"));
                made.push(world.publish(put).await.unwrap().created);
            }
            assert!(made.is_sorted_by(|a, b| a < b));
            made
        })
    });
    let made: Vec<_> = join_all(tasks).await.into_iter().flat_map(|made| made.unwrap()).collect();
    let distinct: BTreeSet<_> = made.iter().copied().collect();
    assert_eq!(distinct.len(), 160, "no two versions of a key share a time");
    assert_eq!(world.current("k").await.created, *distinct.last().unwrap());
    assert_eq!(world.usage().await, (1, 3));
    world.exact().await;
    assert_eq!(world.list(super::world::listing()).await.unwrap().rows.len(), 1);
}

pub async fn if_none_match_has_one_winner(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    for round in 0..10 {
        let key = format!("k{round}");
        let puts = (0..16).map(|_| world.publish(world.put(&key).when(Precondition::Absent)));
        let outcomes = join_all(puts).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        let refused = |outcome: &Result<_, Error>| matches!(outcome, Err(Error::PreconditionFailed));
        assert_eq!(outcomes.iter().filter(|outcome| refused(outcome)).count(), 15);
    }
    assert_eq!(world.freed().await, []);
    assert_eq!(world.usage().await, (10, 30));
}

pub async fn deleting_a_bucket_races_with_puts(index: Arc<dyn Index>) {
    for _ in 0..20 {
        let world = World::new(index.clone()).await;
        let (put, delete) =
            tokio::join!(world.publish(world.put("k")), world.index.delete_bucket(world.bucket));
        match (put, delete) {
            (Ok(_), Err(Error::BucketNotEmpty)) => {
                world.delete("k", None).await;
                world.index.delete_bucket(world.bucket).await.unwrap();
            }
            (Err(Error::NoSuchBucket), Ok(())) => {}
            other => panic!("{other:?}"),
        }
        assert!(world.find("k", None).await.is_err());
    }
}

/// Twenty commands take each name at once: half of them for one account, the others for an account each.
pub async fn a_name_has_one_first_taker(index: Arc<dyn Index>) {
    let own = AccountId::random();
    for name in ["one", "two", "three"] {
        let takers = (0..20).map(|n| {
            let (index, own) = (index.clone(), own.clone());
            let account = if n % 2 == 0 { own } else { AccountId::random() };
            tokio::spawn(async move {
                let made = index.create_bucket(create(&account, name, NamePolicy::Required)).await;
                (account, made)
            })
        });
        let outcomes: Vec<_> = join_all(takers).await.into_iter().map(Result::unwrap).collect();
        let winners: Vec<_> =
            outcomes.iter().filter_map(|(account, made)| Some((account, made.as_ref().ok()?))).collect();
        let [(winner, bucket)] = winners[..] else { panic!("{winners:?}") };
        for (account, outcome) in &outcomes {
            match outcome {
                Ok(made) => assert_eq!(made, bucket),
                Err(Error::BucketExists(id)) => assert_eq!((account, id), (winner, &bucket.id)),
                Err(Error::NameTaken) => assert_ne!(account, winner),
                Err(other) => panic!("{other:?}"),
            }
        }
    }
    let of_own = ListBuckets {
        account: own.clone(),
        prefix: String::new(),
        marker: None,
        end_marker: None,
        limit: 100,
        reverse: false,
    };
    let listed = index.list_buckets(of_own).await.unwrap().rows.len();
    assert_eq!(index.account_usage(&own).await.unwrap().buckets, listed as u64);
}

pub async fn one_failure_does_not_touch_its_neighbours(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let puts = (0..64).map(|n| {
        let mut put = world.put(&format!("k{n}"));
        if n % 3 == 0 {
            put.command.seal = SealEnvelope(Box::new(|_| None));
        }
        world.publish(put)
    });
    for (n, outcome) in join_all(puts).await.into_iter().enumerate() {
        let stands = world.find(&format!("k{n}"), None).await.is_ok();
        assert_eq!((outcome.is_ok(), stands), (n % 3 != 0, n % 3 != 0), "{n}");
    }
    assert_eq!(world.usage().await, (42, 126));
}

pub async fn references_are_exact_under_load(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let put = world.put("source");
    let blob = put.blob();
    world.publish(put).await.unwrap();
    let tasks = (0..16).map(|task| {
        let world = world.clone();
        tokio::spawn(async move {
            let key = format!("copy {}", task % 4);
            for round in 0..20 {
                if round % 3 == 2 {
                    world.delete(&key, None).await;
                } else {
                    world.publish(world.put(&key).copying(&[blob])).await.unwrap();
                }
            }
        })
    });
    for task in join_all(tasks).await {
        task.unwrap();
    }
    assert_eq!(world.freed().await, []);
    for key in ["source", "copy 0", "copy 1", "copy 2", "copy 3"] {
        world.delete(key, None).await;
    }
    assert_eq!(world.freed().await, [blob]);
    assert_eq!(world.usage().await, (0, 0));
    world.exact().await;
}
