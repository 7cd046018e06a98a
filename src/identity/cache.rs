//! A bounded map whose entries go stale.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

/// A map that keeps at most twice its capacity and forgets every entry after its lifetime, whichever comes first.
///
/// Two generations: when the young one is full or as old as a lifetime, it becomes the old one and the old one is
/// dropped. So an insertion costs no search for a victim, however hard a flood of keys presses on it.
pub(super) struct Cache<K, V> {
    capacity: usize,
    lifetime: Duration,
    generations: RwLock<Generations<K, V>>,
}

struct Generations<K, V> {
    young: HashMap<K, Entry<V>>,
    old: HashMap<K, Entry<V>>,
    turned: Duration,
}

#[derive(Clone)]
struct Entry<V> {
    value: V,
    stale: Duration,
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    /// An empty cache. Times are a [`super::Clock`]'s `elapsed`.
    pub(super) fn new(capacity: usize, lifetime: Duration) -> Self {
        let generations = Generations { young: HashMap::new(), old: HashMap::new(), turned: Duration::ZERO };
        Self { capacity, lifetime, generations: RwLock::new(generations) }
    }

    /// A fresh entry.
    pub(super) fn get<Q>(&self, key: &Q, now: Duration) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let generations = self.generations.read().unwrap_or_else(PoisonError::into_inner);
        let entry = generations.young.get(key).or_else(|| generations.old.get(key))?;
        (now < entry.stale).then(|| entry.value.clone())
    }

    /// Keeps an entry that was true at `now`.
    pub(super) fn insert(&self, key: K, value: V, now: Duration) {
        let entry = Entry { value, stale: now.saturating_add(self.lifetime) };
        let mut generations = self.generations.write().unwrap_or_else(PoisonError::into_inner);
        let aged = now.saturating_sub(generations.turned) >= self.lifetime;
        if aged || generations.young.len() >= self.capacity {
            generations.old = std::mem::take(&mut generations.young);
            generations.turned = now;
        }
        generations.young.insert(key, entry);
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        let generations = self.generations.read().unwrap_or_else(PoisonError::into_inner);
        generations.young.len() + generations.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn entries_go_stale_after_the_lifetime_and_not_before() {
        let cache = Cache::new(10, 5 * S);
        cache.insert("a".to_owned(), 1, S);
        assert_eq!(cache.get("a", S), Some(1));
        assert_eq!(cache.get("a", Duration::from_millis(5999)), Some(1));
        assert_eq!(cache.get("a", 6 * S), None);
        cache.insert("a".to_owned(), 2, 6 * S);
        assert_eq!(cache.get("a", 7 * S), Some(2));
    }

    #[test]
    fn a_turn_of_generations_keeps_what_is_fresh() {
        let cache = Cache::new(10, 5 * S);
        cache.insert(1, "one", 4 * S);
        cache.insert(2, "two", 5 * S);
        assert_eq!((cache.get(&1, 8 * S), cache.get(&2, 9 * S)), (Some("one"), Some("two")));
        cache.insert(1, "new", 9 * S);
        assert_eq!(cache.get(&1, 9 * S), Some("new"));
    }

    #[test]
    fn a_flood_does_not_grow_it() {
        let cache = Cache::new(10, 5 * S);
        for key in 0..1000 {
            cache.insert(key, (), S);
            assert!(cache.len() <= 20);
        }
        assert_eq!(cache.get(&999, S), Some(()));
        assert_eq!(cache.get(&900, S), None);
    }
}
