//! The global budget of upload buffers: memory is bounded whatever the concurrency, and uploads wait for
//! their share.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::BytesMut;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::storage::Error;

/// The most bytes of empty buffers that are kept for later uploads.
const IDLE: usize = 16 * 1024 * 1024;

/// The budget. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Buffers {
    budget: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<BytesMut>>>,
    /// The number of uploads that wait for a share.
    waiting: Arc<AtomicUsize>,
    size: usize,
}

/// A share of the budget: the size of one buffer, given back on drop.
#[derive(Debug)]
pub(super) struct Share(OwnedSemaphorePermit);

impl Share {
    /// The most bytes that a buffer under this share may hold.
    pub(super) fn capacity(&self) -> usize {
        self.0.num_permits()
    }
}

impl Buffers {
    /// A budget of `budget` bytes, for buffers of this size. It always allows two buffers.
    pub(super) fn new(budget: usize, size: usize) -> Self {
        let budget = budget.clamp(2 * size, Semaphore::MAX_PERMITS);
        Self { budget: Arc::new(Semaphore::new(budget)), idle: Arc::default(), waiting: Arc::default(), size }
    }

    /// The size of a full buffer.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Waits for a share of at most a full buffer. Shares are given in the order of arrival.
    pub(super) async fn acquire(&self, bytes: usize) -> Result<Share, Error> {
        if let Some(share) = self.try_acquire(bytes) {
            return Ok(share);
        }
        let _waits = Waits::new(&self.waiting);
        let share = Arc::clone(&self.budget).acquire_many_owned(self.permits(bytes)).await;
        share.map(Share).map_err(|error| Error::Unavailable(Box::new(error)))
    }

    /// Takes a share, if it need not wait for it.
    pub(super) fn try_acquire(&self, bytes: usize) -> Option<Share> {
        Arc::clone(&self.budget).try_acquire_many_owned(self.permits(bytes)).ok().map(Share)
    }

    /// Whether an upload waits for a share.
    pub(super) fn has_waiting(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    fn permits(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.clamp(1, self.size)).unwrap_or(u32::MAX)
    }

    /// An empty buffer for a share.
    pub(super) fn allocate(&self, share: &Share) -> BytesMut {
        if share.capacity() == self.size {
            let recycled = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            if let Some(buffer) = recycled {
                return buffer;
            }
        }
        BytesMut::with_capacity(share.capacity())
    }

    /// Keeps a buffer for the next upload.
    pub(super) fn recycle(&self, mut buffer: BytesMut) {
        buffer.clear();
        if buffer.capacity() == self.size {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if (idle.len() + 1) * self.size <= IDLE {
                idle.push(buffer);
            }
        }
    }
}

/// Counts an upload that waits, until it has its share or gives up.
struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    fn new(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_budget_is_waited_for_and_given_back() {
        let buffers = Buffers::new(0, 100);
        let first = buffers.acquire(1000).await.unwrap();
        assert_eq!(first.capacity(), 100);
        let second = buffers.try_acquire(60).unwrap();
        assert!(buffers.try_acquire(41).is_none());
        drop(first);
        assert!(buffers.try_acquire(41).is_some());
        drop(second);
    }

    #[tokio::test]
    async fn who_waits_is_counted() {
        let buffers = Buffers::new(200, 100);
        let shares = (buffers.acquire(100).await.unwrap(), buffers.acquire(100).await.unwrap());
        assert!(!buffers.has_waiting());
        {
            let mut third = Box::pin(buffers.acquire(100));
            assert!(futures_util::poll!(third.as_mut()).is_pending());
            assert!(buffers.has_waiting());
        }
        assert!(!buffers.has_waiting());
        drop(shares);
    }

    #[tokio::test]
    async fn full_buffers_are_recycled() {
        let buffers = Buffers::new(1000, 100);
        let share = buffers.acquire(100).await.unwrap();
        let mut buffer = buffers.allocate(&share);
        buffer.extend_from_slice(b"x");
        let address = buffer.as_ptr();
        buffers.recycle(buffer);
        let again = buffers.allocate(&share);
        assert!(again.is_empty());
        assert_eq!(again.as_ptr(), address);
        assert_eq!(buffers.allocate(&buffers.acquire(10).await.unwrap()).capacity(), 10);
    }
}
