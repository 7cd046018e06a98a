//! Leases: work that one process does for all.

use std::sync::Arc;
use std::time::Duration;

use cardea::model::WriterId;
use cardea::storage::Error;
use cardea::storage::index::{Index, Silence};

const LONG: Duration = Duration::from_hours(1);
const SHORT: Duration = Duration::from_millis(300);

async fn two(index: &Arc<dyn Index>) -> (WriterId, WriterId) {
    let (one, other) = (WriterId::random(), WriterId::random());
    index.heartbeat(one).await.unwrap();
    index.heartbeat(other).await.unwrap();
    (one, other)
}

pub async fn a_lease_has_one_holder(index: Arc<dyn Index>) {
    let (one, other) = two(&index).await;
    assert!(index.lease("work", one, LONG).await.unwrap());
    assert!(!index.lease("work", other, LONG).await.unwrap());
    assert!(
        index.lease("other work", other, LONG).await.unwrap(),
        "leases have nothing to do with each other"
    );
    assert!(index.lease("work", one, SHORT).await.unwrap(), "renewed");
    tokio::time::sleep(2 * SHORT).await;
    assert!(index.lease("work", other, LONG).await.unwrap(), "it was over");
    assert!(!index.lease("work", one, LONG).await.unwrap());
}

pub async fn a_lease_is_given_back_by_its_holder_alone(index: Arc<dyn Index>) {
    let (one, other) = two(&index).await;
    index.release("work", one).await.unwrap();
    assert!(index.lease("work", one, LONG).await.unwrap());
    index.release("work", other).await.unwrap();
    assert!(!index.lease("work", other, LONG).await.unwrap());
    index.release("work", one).await.unwrap();
    assert!(index.lease("work", other, LONG).await.unwrap());
}

pub async fn leases_of_a_fenced_writer_are_free(index: Arc<dyn Index>) {
    let (one, other) = two(&index).await;
    assert!(index.lease("work", one, LONG).await.unwrap());
    index.fence_silent(other, Silence::Everyone).await.unwrap();
    assert!(index.lease("work", other, LONG).await.unwrap());
    assert!(matches!(index.lease("work", one, LONG).await, Err(Error::Fenced)));
    let unknown = WriterId::random();
    assert!(matches!(index.lease("more work", unknown, LONG).await, Err(Error::Fenced)));
}

pub async fn a_lease_remembers_the_cursor(index: Arc<dyn Index>) {
    let (one, other) = two(&index).await;
    let place = |text: &str| Some(text.as_bytes().to_vec());
    assert_eq!(index.cursor("work").await.unwrap(), None);
    assert!(!index.set_cursor("work", one, place("early")).await.unwrap(), "nobody holds it");
    assert!(index.lease("work", one, LONG).await.unwrap());
    assert!(index.set_cursor("work", one, place("here")).await.unwrap());
    assert!(!index.set_cursor("work", other, place("there")).await.unwrap());
    assert!(index.lease("work", one, LONG).await.unwrap());
    index.release("work", one).await.unwrap();
    assert!(index.lease("work", other, LONG).await.unwrap());
    assert_eq!(index.cursor("work").await.unwrap(), place("here"));
    assert!(!index.set_cursor("work", one, place("late")).await.unwrap());
    assert!(index.set_cursor("work", other, None).await.unwrap());
    assert_eq!(index.cursor("work").await.unwrap(), None);
}

pub async fn one_of_many_callers_gets_the_lease(index: Arc<dyn Index>) {
    let writers: Vec<_> = (0..16).map(|_| WriterId::random()).collect();
    let ask = |writer: WriterId| {
        let index = index.clone();
        tokio::spawn(async move {
            index.heartbeat(writer).await.unwrap();
            index.lease("work", writer, LONG).await.unwrap()
        })
    };
    let asked: Vec<_> = writers.into_iter().map(ask).collect();
    let mut holders = 0;
    for asked in asked {
        holders += i32::from(asked.await.unwrap());
    }
    assert_eq!(holders, 1);
}
