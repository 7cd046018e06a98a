//! The changes that a command makes under a key, decided once for every kind of index.

use super::brief::{Brief, bytes, current, version_id};
use super::{Deleted, Existing, Result, Versioning};
use crate::model::{Timestamp, VersionId};

/// The time of a change: now, but later than the time before it.
pub(super) fn after(now: Timestamp, previous: Option<Timestamp>) -> Timestamp {
    previous.map_or(now, |previous| now.max(previous.next()))
}

/// The time and the id of a version that follows the latest.
pub(super) fn next(now: Timestamp, versioning: Versioning, latest: Option<&Brief>) -> (Timestamp, VersionId) {
    let created = after(now, latest.map(|latest| latest.modified));
    (created, version_id(versioning != Versioning::Enabled, created))
}

/// A change of the usage counters.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Change {
    pub(super) objects: i64,
    pub(super) bytes: i64,
}

impl Change {
    /// An object becomes the current one.
    fn added(bytes: i64) -> Self {
        Self { objects: 1, bytes }
    }

    /// A latest version is removed or hidden. Delete markers are not counted.
    fn removed(version: &Brief) -> Self {
        if version.marker { Self::default() } else { Self { objects: -1, bytes: -version.bytes() } }
    }

    fn and(self, other: Self) -> Self {
        Self { objects: self.objects + other.objects, bytes: self.bytes + other.bytes }
    }
}

/// The object that a new object of this size replaces, and the change of the counters.
pub(super) fn replaced(latest: Option<&Brief>, size: u64) -> Result<(Option<Existing>, Change)> {
    let added = Change::added(bytes(size));
    let Some(old) = current(latest) else { return Ok((None, added)) };
    let existing = Existing { version_id: old.id, mode: old.mode()? };
    Ok((Some(existing), Change::removed(old).and(added)))
}

/// The version that a delete without a version removes for its caller, and the change of the counters. An
/// expired object was gone already.
pub(super) fn hidden(latest: Option<&Brief>, now: Timestamp) -> (Option<VersionId>, Change) {
    let removed = current(latest).filter(|current| !current.is_expired(now)).map(|current| current.id);
    (removed, latest.map_or_else(Change::default, Change::removed))
}

/// The outcome of deleting one version, and the change of the counters. If it was the latest, `next` is the
/// newest version that remains, and becomes the latest.
pub(super) fn deleted(version: &Brief, latest: Option<&Brief>, next: Option<&Brief>) -> (Deleted, Change) {
    let (current, change) = if version.latest {
        let uncovered = current(next);
        let added = uncovered.map_or_else(Change::default, |next| Change::added(next.bytes()));
        (uncovered, Change::removed(version).and(added))
    } else {
        (current(latest), Change::default())
    };
    let deleted = Deleted {
        removed: Some(version.id),
        marker: None,
        was_marker: version.marker,
        current: current.map(|current| current.id),
    };
    (deleted, change)
}

/// The versions that make way for a new latest version.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Displaced {
    /// The version that is removed: a key has at most one null version.
    pub(super) removed: Option<Brief>,
    /// The row of the version that was the latest and stays.
    pub(super) demoted: Option<i64>,
}

impl Displaced {
    /// Whether the caller must look up the null version of the key, which is not the latest.
    pub(super) fn needs_old_null(latest: Option<&Brief>, new: VersionId) -> bool {
        new == VersionId::Null && latest.is_some_and(|latest| latest.id != VersionId::Null)
    }

    /// A null version replaces the null version that exists; any other follows the latest.
    pub(super) fn by(new: VersionId, latest: Option<&Brief>, old_null: Option<Brief>) -> Self {
        match latest {
            None => Self::default(),
            Some(latest) if new == VersionId::Null && latest.id == VersionId::Null => {
                Self { removed: Some(latest.clone()), demoted: None }
            }
            Some(latest) => Self { removed: old_null, demoted: Some(latest.nr) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::brief::tests::{at, marker, object};
    use super::*;
    use crate::model::EncryptionMode;

    fn null(version: Brief) -> Brief {
        Brief { id: VersionId::Null, ..version }
    }

    #[test]
    fn a_change_is_later_than_the_one_before() {
        assert_eq!(after(at(5), None), at(5));
        assert_eq!(after(at(5), Some(at(3))), at(5));
        assert_eq!(after(at(5), Some(at(5))), at(6));
        assert_eq!(after(at(5), Some(at(9))), at(10));
    }

    #[test]
    fn a_version_follows_the_latest() {
        let latest = object(1, 9);
        assert_eq!(next(at(5), Versioning::Off, None), (at(5), VersionId::Null));
        assert_eq!(next(at(5), Versioning::Suspended, Some(&latest)), (at(10), VersionId::Null));
        assert_eq!(next(at(20), Versioning::Enabled, Some(&latest)), (at(20), VersionId::At(at(20))));
        let changed = Brief { modified: at(30), ..latest };
        assert_eq!(next(at(20), Versioning::Enabled, Some(&changed)), (at(31), VersionId::At(at(31))));
    }

    #[test]
    fn an_object_replaces_the_current_one() {
        let existing = Existing { version_id: VersionId::At(at(1)), mode: EncryptionMode::Managed };
        let found = replaced(Some(&object(1, 1)), 25).unwrap();
        assert_eq!(found, (Some(existing), Change { objects: 0, bytes: 15 }));
        for latest in [None, Some(&marker(1, 1))] {
            assert_eq!(replaced(latest, 25).unwrap(), (None, Change { objects: 1, bytes: 25 }));
        }
        assert!(replaced(Some(&Brief { mode: 9, ..object(1, 1) }), 1).is_err());
        assert_eq!(replaced(None, u64::MAX).unwrap().1.bytes, i64::MAX);
    }

    #[test]
    fn a_delete_hides_the_current_object() {
        let gone = Change { objects: -1, bytes: -10 };
        let now = Timestamp::from_seconds(7);
        assert_eq!(hidden(Some(&object(1, 1)), now), (Some(VersionId::At(at(1))), gone));
        assert_eq!(hidden(Some(&marker(1, 1)), now), (None, Change::default()));
        assert_eq!(hidden(None, now), (None, Change::default()));
        // It is counted until it is deleted.
        let expired = Brief { expires: Some(7), ..object(1, 1) };
        assert_eq!(hidden(Some(&expired), now), (None, gone));
    }

    #[test]
    fn deleting_the_latest_version_uncovers_the_next() {
        let (latest, hiding) = (object(3, 3), marker(3, 3));
        let next = Brief { size: 4, latest: false, ..object(2, 2) };
        let hidden = Brief { latest: false, ..marker(1, 1) };
        let counted = |version: &Brief, next: Option<&Brief>| {
            let (deleted, change) = deleted(version, Some(version), next);
            assert_eq!((deleted.removed, deleted.was_marker), (Some(version.id), version.marker));
            (deleted.current, change.objects, change.bytes)
        };
        assert_eq!(counted(&latest, None), (None, -1, -10));
        assert_eq!(counted(&latest, Some(&next)), (Some(next.id), 0, -6));
        assert_eq!(counted(&latest, Some(&hidden)), (None, -1, -10));
        assert_eq!(counted(&hiding, None), (None, 0, 0));
        assert_eq!(counted(&hiding, Some(&next)), (Some(next.id), 1, 4));
        assert_eq!(counted(&hiding, Some(&hidden)), (None, 0, 0));
    }

    #[test]
    fn deleting_an_old_version_changes_no_count() {
        let old = Brief { latest: false, ..object(1, 1) };
        for (latest, current) in [(object(2, 2), Some(VersionId::At(at(2)))), (marker(2, 2), None)] {
            let (deleted, change) = deleted(&old, Some(&latest), None);
            assert_eq!(deleted.current, current);
            assert_eq!(change, Change::default());
        }
    }

    #[test]
    fn a_null_version_replaces_the_null_version() {
        let (numbered, new) = (object(5, 5), VersionId::At(at(9)));
        let latest_null = null(object(5, 5));
        let old_null = Brief { latest: false, ..null(object(2, 2)) };

        assert_eq!(Displaced::by(new, None, None), Displaced::default());
        for latest in [&numbered, &latest_null] {
            assert!(!Displaced::needs_old_null(Some(latest), new));
            assert_eq!(Displaced::by(new, Some(latest), None), Displaced { removed: None, demoted: Some(5) });
        }
        assert!(!Displaced::needs_old_null(None, VersionId::Null));
        assert!(!Displaced::needs_old_null(Some(&latest_null), VersionId::Null));
        let displaced = Displaced::by(VersionId::Null, Some(&latest_null), None);
        assert_eq!(displaced, Displaced { removed: Some(latest_null), demoted: None });

        assert!(Displaced::needs_old_null(Some(&numbered), VersionId::Null));
        let displaced = Displaced::by(VersionId::Null, Some(&numbered), Some(old_null.clone()));
        assert_eq!(displaced, Displaced { removed: Some(old_null), demoted: Some(5) });
        let displaced = Displaced::by(VersionId::Null, Some(&numbered), None);
        assert_eq!(displaced, Displaced { removed: None, demoted: Some(5) });
    }
}
