//! A worker does one task of background work while it holds the lease of the task, and counts the rounds.

use std::convert::Infallible;
use std::time::Duration;

use crate::care::lease::Lease;
use crate::care::metrics::CareMetrics;
use crate::care::task::Task;
use crate::storage::Error;

/// The first pause after a failed round. Each further pause is twice as long, up to [`LONGEST`].
const FIRST: Duration = Duration::from_secs(1);
/// The longest pause after a failed round.
const LONGEST: Duration = Duration::from_mins(1);

/// Does a task whenever this process holds its lease. It returns only if another process has fenced this one.
pub(crate) async fn work(mut task: impl Task, lease: Lease, metrics: CareMetrics) {
    let name = task.name();
    metrics.begin(name);
    loop {
        match lease.take().await {
            Ok(Some(held)) => {
                metrics.held(name, true);
                tokio::select! {
                    // Biased, so that the loss of the lease is noticed before the next step of work.
                    biased;
                    () = held.until_lost() => tracing::info!(task = name, "the lease of this work is lost"),
                    never = rounds(&mut task, &metrics) => match never {},
                }
                metrics.held(name, false);
            }
            Ok(None) => {}
            Err(Error::Fenced) => return,
            Err(error) => {
                metrics.failed(name);
                tracing::warn!(task = name, %error, "the lease of background work could not be taken");
            }
        }
        tokio::time::sleep(lease.retry_interval()).await;
    }
}

async fn rounds(task: &mut impl Task, metrics: &CareMetrics) -> Infallible {
    let name = task.name();
    let mut pause = FIRST;
    loop {
        match task.round().await {
            Ok(round) => {
                pause = FIRST;
                metrics.succeeded(name, round.done);
                tokio::time::sleep(round.rest).await;
            }
            Err(error) => {
                metrics.failed(name);
                tracing::warn!(task = name, %error, "a round of background work failed");
                tokio::time::sleep(pause).await;
                pause = LONGEST.min(pause * 2);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

    use async_trait::async_trait;
    use prometheus_client::registry::Registry;

    use super::*;
    use crate::care::task::Round;
    use crate::model::WriterId;
    use crate::storage::index::sqlite::SqliteIndex;
    use crate::storage::index::{Index, Silence};

    const LASTS: Duration = Duration::from_secs(5);

    /// Counts its rounds, and how many rounds run at the same time.
    #[derive(Clone, Default)]
    struct Counting {
        at_once: Arc<AtomicU32>,
        most: Arc<AtomicU32>,
        rounds: Arc<AtomicU64>,
        fails: bool,
    }

    /// Counts down when a round ends, also if it is cancelled.
    struct RoundEnd(Arc<AtomicU32>);

    impl Drop for RoundEnd {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }

    #[async_trait]
    impl Task for Counting {
        fn name(&self) -> &'static str {
            "counting"
        }

        async fn round(&mut self) -> Result<Round, Error> {
            let now = 1 + self.at_once.fetch_add(1, Ordering::SeqCst);
            let _end = RoundEnd(self.at_once.clone());
            self.most.fetch_max(now, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(5)).await;
            self.rounds.fetch_add(1, Ordering::SeqCst);
            if self.fails {
                return Err(Error::Changed);
            }
            Ok(Round { done: 2, rest: Duration::ZERO })
        }
    }

    struct Process {
        writer: WriterId,
        counting: Counting,
        lease: Lease,
        worker: tokio::task::JoinHandle<()>,
    }

    async fn process(index: &Arc<dyn Index>, shared: &Counting) -> Process {
        let writer = WriterId::random();
        index.heartbeat(writer).await.unwrap();
        let counting = Counting { rounds: Arc::default(), ..shared.clone() };
        let lease = Lease::new(index.clone(), "counting", writer).lasting(LASTS);
        let worker = tokio::spawn(work(counting.clone(), lease.clone(), CareMetrics::default()));
        Process { writer, counting, lease, worker }
    }

    impl Process {
        fn rounds(&self) -> u64 {
            self.counting.rounds.load(Ordering::SeqCst)
        }
    }

    async fn until(condition: impl Fn() -> bool) {
        for _ in 0..6000 {
            if condition() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the condition did not become true");
    }

    #[tokio::test]
    async fn one_process_works_until_another_takes_over() {
        let index: Arc<dyn Index> = Arc::new(SqliteIndex::open_in_memory().unwrap());
        let shared = Counting::default();
        let first = process(&index, &shared).await;
        until(|| first.rounds() > 0).await;
        let second = process(&index, &shared).await;
        // The first process renews its lease.
        tokio::time::sleep(LASTS * 2).await;
        assert_eq!(second.rounds(), 0);

        // The first process dies.
        first.worker.abort();
        until(|| second.rounds() > 0).await;

        // The second process ends, and releases its lease.
        let third = process(&index, &shared).await;
        second.worker.abort();
        let _ = second.worker.await;
        second.lease.release().await.unwrap();
        until(|| third.rounds() > 0).await;

        assert_eq!(shared.most.load(Ordering::SeqCst), 1, "two rounds ran at the same time");

        // The third process is fenced: another one takes over, and the third stops when it learns of the
        // fence.
        let fourth = process(&index, &shared).await;
        index.fence_silent(fourth.writer, Silence::Everyone).await.unwrap();
        third.worker.await.unwrap();
        until(|| fourth.rounds() > 0).await;
        fourth.worker.abort();
    }

    #[tokio::test]
    async fn successful_and_failed_rounds_are_counted() {
        let index: Arc<dyn Index> = Arc::new(SqliteIndex::open_in_memory().unwrap());
        let mut registry = Registry::default();
        let metrics = CareMetrics::new(&mut registry);
        let writer = WriterId::random();
        index.heartbeat(writer).await.unwrap();
        for fails in [false, true] {
            let task = Counting { fails, ..Counting::default() };
            let lease = Lease::new(index.clone(), "counting", writer);
            let worker = tokio::spawn(work(task.clone(), lease, metrics.clone()));
            until(|| task.rounds.load(Ordering::SeqCst) > 0).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
            worker.abort();
        }
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        for line in ["care_failures_total{task=\"counting\"} 1", "care_held{task=\"counting\"} 1"] {
            assert!(text.contains(line), "{line} in {text}");
        }
        assert!(text.contains("care_last_success_timestamp_seconds{task=\"counting\"} "), "{text}");
        assert!(!text.contains("care_items_total{task=\"counting\"} 0"), "{text}");
    }
}
