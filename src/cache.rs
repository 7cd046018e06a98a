//! A bounded map that forgets each value after a lifetime.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

/// A map that keeps at most twice its capacity, and forgets each value after its lifetime at the latest.
///
/// It has two generations. If the young one is full or as old as a lifetime, it becomes the old one, and the
/// old one is dropped. So an insertion never searches for a victim, and a flood of keys never drops
/// everything at once.
///
/// Times are durations since any fixed moment.
pub(crate) struct Cache<K, V> {
    capacity: usize,
    lifetime: Duration,
    generations: RwLock<Generations<K, V>>,
}

struct Generations<K, V> {
    young: HashMap<K, Dated<V>>,
    old: HashMap<K, Dated<V>>,
    /// When the young one began.
    turned: Duration,
    /// How often something was forgotten on demand.
    forgotten: u64,
}

#[derive(Clone)]
struct Dated<V> {
    value: V,
    stale: Duration,
}

/// Taken before a look-up, and shown when its answer is inserted.
#[derive(Clone, Copy)]
pub(crate) struct Ticket(u64);

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    pub(crate) fn new(capacity: usize, lifetime: Duration) -> Self {
        let generations =
            Generations { young: HashMap::new(), old: HashMap::new(), turned: Duration::ZERO, forgotten: 0 };
        Self { capacity, lifetime, generations: RwLock::new(generations) }
    }

    /// A value that is not stale.
    pub(crate) fn get<Q>(&self, key: &Q, now: Duration) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let generations = self.read();
        let dated = generations.young.get(key).or_else(|| generations.old.get(key))?;
        (now < dated.stale).then(|| dated.value.clone())
    }

    /// Keeps a value that was true at `now`.
    pub(crate) fn insert(&self, key: K, value: V, now: Duration) {
        self.insert_into(&mut self.write(), key, value, now);
    }

    /// Begins a look-up whose answer may be out of date when it comes.
    pub(crate) fn ticket(&self) -> Ticket {
        Ticket(self.read().forgotten)
    }

    /// Keeps what a look-up found, unless something was forgotten since the look-up began: the answer may be
    /// older.
    pub(crate) fn insert_with(&self, ticket: Ticket, key: K, value: V, now: Duration) {
        let mut generations = self.write();
        if generations.forgotten == ticket.0 {
            self.insert_into(&mut generations, key, value, now);
        }
    }

    pub(crate) fn forget<Q>(&self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let mut generations = self.write();
        generations.forgotten += 1;
        generations.young.remove(key);
        generations.old.remove(key);
    }

    /// Forgets all values for which `is_gone` is true.
    pub(crate) fn forget_where(&self, is_gone: impl Fn(&V) -> bool) {
        let mut generations = self.write();
        generations.forgotten += 1;
        generations.young.retain(|_, dated| !is_gone(&dated.value));
        generations.old.retain(|_, dated| !is_gone(&dated.value));
    }

    fn insert_into(&self, generations: &mut Generations<K, V>, key: K, value: V, now: Duration) {
        let aged = now.saturating_sub(generations.turned) >= self.lifetime;
        if aged || generations.young.len() >= self.capacity {
            generations.old = std::mem::take(&mut generations.young);
            generations.turned = now;
        }
        generations.young.insert(key, Dated { value, stale: now.saturating_add(self.lifetime) });
    }

    fn read(&self) -> RwLockReadGuard<'_, Generations<K, V>> {
        self.generations.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Generations<K, V>> {
        self.generations.write().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        let generations = self.read();
        generations.young.len() + generations.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn a_value_goes_stale_after_the_lifetime_and_not_before() {
        let cache = Cache::new(10, 5 * S);
        cache.insert("a".to_owned(), 1, S);
        assert_eq!(cache.get("a", S), Some(1));
        assert_eq!(cache.get("a", Duration::from_millis(5999)), Some(1));
        assert_eq!(cache.get("a", 6 * S), None);
        cache.insert("a".to_owned(), 2, 6 * S);
        assert_eq!(cache.get("a", 7 * S), Some(2));
    }

    #[test]
    fn fresh_values_outlive_a_turn_of_generations() {
        let cache = Cache::new(10, 5 * S);
        cache.insert(1, "one", 4 * S);
        cache.insert(2, "two", 5 * S);
        assert_eq!((cache.get(&1, 8 * S), cache.get(&2, 9 * S)), (Some("one"), Some("two")));
        cache.insert(1, "new", 9 * S);
        assert_eq!(cache.get(&1, 9 * S), Some("new"));
    }

    #[test]
    fn a_flood_neither_grows_it_nor_drops_all_at_once() {
        let cache = Cache::new(10, 5 * S);
        for key in 0..1000 {
            cache.insert(key, (), S);
            assert!(cache.len() <= 20);
        }
        assert_eq!(cache.get(&999, S), Some(()));
        assert_eq!(cache.get(&985, S), Some(()));
        assert_eq!(cache.get(&900, S), None);
    }

    #[test]
    fn a_forgotten_value_is_gone_from_both_generations() {
        let cache = Cache::new(2, 5 * S);
        for key in 0..4 {
            cache.insert(key, key % 2, S);
        }
        cache.forget(&0);
        cache.forget(&3);
        assert_eq!([0, 1, 2, 3].map(|key| cache.get(&key, S)), [None, Some(1), Some(0), None]);
        cache.forget_where(|value| *value == 1);
        assert_eq!([1, 2].map(|key| cache.get(&key, S)), [None, Some(0)]);
    }

    #[test]
    fn a_look_up_that_a_change_overtook_is_not_kept() {
        let cache = Cache::new(2, 5 * S);
        let ticket = cache.ticket();
        cache.insert_with(ticket, "a", 1, S);
        assert_eq!(cache.get("a", S), Some(1));
        cache.forget("b");
        cache.insert_with(ticket, "a", 2, S);
        assert_eq!(cache.get("a", S), Some(1));
        cache.insert_with(cache.ticket(), "a", 3, S);
        assert_eq!(cache.get("a", S), Some(3));
    }
}
