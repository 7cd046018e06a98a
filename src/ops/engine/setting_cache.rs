//! A cache of parsed settings: a setting is read and parsed once per generation of its bucket's settings.
//!
//! A cached setting is used only if the bucket's row has the same generation. So no cached setting has to be
//! removed after a change, by this process or another.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::BucketId;
use crate::model::settings::SettingName;

/// The most bytes of text behind the settings of one half: many large settings must not fill memory.
const HALF: usize = 16 << 20;
/// The approximate bytes that a cached setting needs beside its text.
const OVERHEAD: usize = 256;

/// A setting that is known. `None`: the bucket has none.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Known<S>(pub(crate) Option<Arc<S>>);

/// A parsed value; `None` where the bucket has no such setting.
type Parsed = Option<Arc<dyn Any + Send + Sync>>;

/// The cache: a young and an old half. When the young one is full it becomes the old one, and the old one is
/// dropped.
#[derive(Default)]
pub(crate) struct SettingCache {
    halves: Mutex<Halves>,
}

#[derive(Default)]
struct Halves {
    young: HashMap<(BucketId, SettingName), CachedSetting>,
    old: HashMap<(BucketId, SettingName), CachedSetting>,
    /// The size of the young half.
    size: usize,
}

struct CachedSetting {
    generation: u64,
    value: Parsed,
    size: usize,
}

impl SettingCache {
    /// A setting as it was in this generation, where it is known.
    pub(crate) fn get<S: Send + Sync + 'static>(
        &self,
        bucket: BucketId,
        name: SettingName,
        generation: u64,
    ) -> Option<Known<S>> {
        let key = (bucket, name);
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = halves.old.remove(&key) {
            // A setting in use moves to the young half, so that it stays.
            if !halves.young.contains_key(&key) {
                halves.insert(key, entry);
            }
        }
        let entry = halves.young.get(&key).filter(|entry| entry.generation == generation)?;
        match &entry.value {
            None => Some(Known(None)),
            Some(value) => value.clone().downcast().ok().map(|value| Known(Some(value))),
        }
    }

    /// Caches a setting that was read in this generation from a text of `bytes` bytes.
    pub(crate) fn insert<S: Send + Sync + 'static>(
        &self,
        bucket: BucketId,
        name: SettingName,
        generation: u64,
        value: Option<Arc<S>>,
        bytes: usize,
    ) {
        let value = value.map(|value| value as Arc<dyn Any + Send + Sync>);
        let entry = CachedSetting { generation, value, size: bytes + OVERHEAD };
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        halves.insert((bucket, name), entry);
    }
}

impl Halves {
    fn insert(&mut self, key: (BucketId, SettingName), entry: CachedSetting) {
        if self.size + entry.size > HALF {
            self.old = std::mem::take(&mut self.young);
            self.size = 0;
        }
        self.size += entry.size;
        if let Some(before) = self.young.insert(key, entry) {
            self.size -= before.size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAGS: SettingName = SettingName::Tags;

    fn bucket(number: usize) -> BucketId {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&number.to_be_bytes());
        BucketId(id)
    }

    fn get(cache: &SettingCache, number: usize, generation: u64) -> Option<Known<String>> {
        cache.get(bucket(number), TAGS, generation)
    }

    fn insert(cache: &SettingCache, number: usize, generation: u64, bytes: usize) {
        cache.insert(bucket(number), TAGS, generation, Some(Arc::new("value".to_owned())), bytes);
    }

    #[test]
    fn a_value_is_returned_only_for_its_generation() {
        let cache = SettingCache::default();
        assert_eq!(get(&cache, 1, 5), None);
        insert(&cache, 1, 5, 10);
        assert_eq!(get(&cache, 1, 5), Some(Known(Some(Arc::new("value".to_owned())))));
        assert_eq!((get(&cache, 1, 4), get(&cache, 1, 6), get(&cache, 2, 5)), (None, None, None));
        cache.insert::<String>(bucket(1), TAGS, 6, None, 0);
        assert_eq!((get(&cache, 1, 6), get(&cache, 1, 5)), (Some(Known(None)), None));
        assert_eq!(cache.get::<u8>(bucket(1), TAGS, 6), Some(Known(None)));
        insert(&cache, 1, 7, 10);
        assert_eq!(cache.get::<u8>(bucket(1), TAGS, 7), None, "a value of another type");
    }

    #[test]
    fn many_settings_do_not_fill_memory_and_a_used_setting_stays() {
        let cache = SettingCache::default();
        insert(&cache, 0, 1, 100);
        for number in 1..2000 {
            insert(&cache, number, 1, 100_000);
            assert!(get(&cache, 0, 1).is_some(), "{number}");
            let halves = cache.halves.lock().unwrap();
            let size =
                |half: &HashMap<_, CachedSetting>| half.values().map(|entry| entry.size).sum::<usize>();
            assert_eq!(size(&halves.young), halves.size);
            assert!(halves.size <= HALF && size(&halves.old) <= HALF);
        }
        assert_eq!(get(&cache, 1, 1), None);
        assert!(get(&cache, 1999, 1).is_some());
    }

    #[test]
    fn a_setting_that_changes_often_counts_once() {
        let cache = SettingCache::default();
        for generation in 0..1000 {
            insert(&cache, 1, generation, 100_000);
        }
        assert!(get(&cache, 1, 999).is_some());
        let halves = cache.halves.lock().unwrap();
        assert_eq!(halves.young.len(), 1);
        assert!(halves.old.len() <= 1 && halves.size <= HALF);
    }
}
