//! Settings of buckets: the decisions that both indexes share.

use std::collections::BTreeMap;

use super::{BucketSettings, Result};
use crate::model::Timestamp;
use crate::model::settings::SettingName;
use crate::storage::Error;

/// The generation after a change.
///
/// It is the time of the change, and greater than the one before. So an index that was set back to an older
/// state does not give a number out again: a gateway may hold settings under that number.
pub(super) fn next_generation(now: Timestamp, previous: u64) -> u64 {
    now.steps().unsigned_abs().max(previous + 1)
}

/// The generation of a new bucket.
pub(super) fn first_generation(now: Timestamp, settings: &BTreeMap<SettingName, String>) -> u64 {
    if settings.is_empty() { 0 } else { next_generation(now, 0) }
}

/// Collects the settings of a bucket from its rows. Each row has the generation, and a setting if the bucket
/// has any.
pub(super) fn collect(
    rows: impl IntoIterator<Item = (u64, Option<(String, String)>)>,
) -> Result<BucketSettings> {
    let mut found: Option<BucketSettings> = None;
    for (generation, setting) in rows {
        let settings = found.get_or_insert_default();
        settings.generation = generation;
        if let Some((name, text)) = setting
            && let Ok(name) = name.parse()
        {
            settings.values.insert(name, text);
        }
    }
    found.ok_or(Error::NoSuchBucket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generation_is_the_time_of_the_change_and_always_greater() {
        let now = Timestamp::from_steps(1000);
        assert_eq!(next_generation(now, 0), 1000);
        assert_eq!(next_generation(now, 999), 1000);
        assert_eq!(next_generation(now, 1000), 1001);
        assert_eq!(next_generation(now, 5000), 5001);
    }

    #[test]
    fn a_bucket_without_settings_begins_at_zero() {
        let now = Timestamp::from_steps(1000);
        assert_eq!(first_generation(now, &BTreeMap::new()), 0);
        assert_eq!(first_generation(now, &[(SettingName::Tags, "[]".to_owned())].into()), 1000);
    }

    #[test]
    fn a_name_of_a_newer_program_is_left_out() {
        let row = |name: &str| (7, Some((name.to_owned(), format!("text of {name}"))));
        let found = collect([row("a setting of later"), row("tags")]).unwrap();
        let values = [(SettingName::Tags, "text of tags".to_owned())].into();
        assert_eq!(found, BucketSettings { generation: 7, values });
        assert_eq!(collect([(0, None)]).unwrap(), BucketSettings::default());
        assert!(matches!(collect([]), Err(Error::NoSuchBucket)));
    }
}
