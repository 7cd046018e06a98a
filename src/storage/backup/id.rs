//! Names of backups: the time at which they began, and random digits.

use std::fmt;

use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime, UtcDateTime};

use crate::model::{Timestamp, WriterId};

/// Names a backup: `20270131T235959999Z-0123456789abcdef`. Their order is that of time.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct BackupId(String);

impl BackupId {
    /// A new name, for a backup that begins now.
    ///
    /// # Panics
    ///
    /// If the operating system gives no randomness.
    pub fn new(now: Timestamp) -> Self {
        let began = OffsetDateTime::from_unix_timestamp_nanos(i128::from(now.micros()) * 1000);
        let began = began.unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let form = format_description!("[year][month][day]T[hour][minute][second][subsecond digits:3]Z");
        let began = UtcDateTime::from(began).format(form).unwrap_or_default();
        Self(format!("{began}-{}", WriterId::random()))
    }

    /// Reads a name.
    pub fn parse(text: &str) -> Option<Self> {
        let (began, random) = text.split_once('-')?;
        let is_random = random.len() == 16 && random.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        (is_random && parse_time(began).is_some()).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The time at which it began.
    pub fn began(&self) -> Timestamp {
        let began = self.0.split_once('-').and_then(|(began, _)| parse_time(began));
        began.unwrap_or(Timestamp::from_steps(0))
    }
}

/// The text of [`Mark::Restored`](crate::storage::index::rows::Mark) for an index that was restored from a
/// backup just now.
pub fn restored_from(id: &BackupId) -> String {
    format!("{id} {}", BackupId::new(Timestamp::now()))
}

/// Its text for an index that was set back to this time.
pub fn set_back_to(time: Timestamp) -> String {
    let then = BackupId::new(time);
    let then = then.as_str().split_once('-').map_or("", |(began, _)| began);
    format!("{then} {}", BackupId::new(Timestamp::now()))
}

/// The first word of its text: the name of a backup, or a time, which sorts among the names of backups.
pub fn origin(restored: &str) -> &str {
    restored.split_once(' ').map_or(restored, |(origin, _)| origin)
}

fn parse_time(text: &str) -> Option<Timestamp> {
    let form = format_description!("[year][month][day]T[hour][minute][second][subsecond digits:3]Z");
    let nanos = PrimitiveDateTime::parse(text, form).ok()?.assume_utc().unix_timestamp_nanos();
    i64::try_from(nanos / 10_000).ok().map(Timestamp::from_steps)
}

impl fmt::Display for BackupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_restored_is_told_from_what_was_restored_again() {
        let id = BackupId::new(Timestamp::from_seconds(1_800_000_000));
        assert_eq!(origin(&restored_from(&id)), id.as_str());
        assert_ne!(restored_from(&id), restored_from(&id));
        let time = set_back_to(Timestamp::from_seconds(1_800_000_000));
        assert_eq!(origin(&time), "20270115T080000000Z");
        assert!(origin(&time) < id.as_str() && origin("as it was once") == "as");
        assert_eq!(origin(id.as_str()), id.as_str());
    }

    #[test]
    fn names_say_when() {
        let id = BackupId::new(Timestamp::from_steps(1_800_000_000 * 100_000 + 77_777));
        assert!(id.as_str().starts_with("20270115T080000777Z-"), "{id}");
        assert_eq!(id.began(), Timestamp::from_steps(1_800_000_000 * 100_000 + 77_700));
        assert_eq!(BackupId::parse(id.as_str()), Some(id));
        for wrong in [
            "",
            "20270115T080000777Z",
            "20270115T080000777Z-..",
            "20270115T080000777Z-0123456789abcdeF",
            "x-0123456789abcdef",
        ] {
            assert_eq!(BackupId::parse(wrong), None, "{wrong}");
        }
    }
}
