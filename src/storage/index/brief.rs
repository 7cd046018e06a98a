//! A version's row as the commands need it, and the conclusions from it.

use super::{Precondition, Result};
use crate::model::{EncryptionMode, Timestamp, VersionId};
use crate::storage::Error;

/// `state` of a version that is not the latest.
pub(super) const OLD: i64 = 0;
/// `state` of the current object: the latest version, and not a delete marker.
pub(super) const CURRENT: i64 = 1;
/// `state` of a delete marker that is the latest version.
pub(super) const HIDDEN: i64 = 2;

/// A version, or a delete marker, in brief.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Brief {
    /// The number of its row.
    pub(super) nr: i64,
    pub(super) marker: bool,
    /// Whether it is the latest of its key.
    pub(super) latest: bool,
    pub(super) id: VersionId,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
    pub(super) size: u64,
    /// The code of the encryption mode: see [`Self::mode`].
    pub(super) mode: i64,
    /// `X-Delete-At`, in seconds.
    pub(super) expires: Option<i64>,
    pub(super) etag: String,
    /// Empty for a delete marker.
    pub(super) uid: Vec<u8>,
}

/// Begins a statement that reads briefs of the table `v`.
macro_rules! brief {
    ($rest:literal) => {
        concat!(
            "SELECT v.nr, v.marker, v.state, v.null_id, v.created, v.modified, v.size, v.mode, v.expires, v.etag, v.uid ",
            $rest
        )
    };
}

pub(super) use brief;

impl Brief {
    /// The mode of an object. A delete marker has no mode.
    pub(super) fn mode(&self) -> Result<EncryptionMode> {
        let code = u8::try_from(self.mode).ok();
        let mode = code.and_then(EncryptionMode::from_code);
        mode.ok_or_else(|| Error::Damaged(format!("encryption mode {}", self.mode)))
    }

    /// Its size as a change of the usage counters.
    pub(super) fn bytes(&self) -> i64 {
        bytes(self.size)
    }

    /// Whether its time to be deleted has come.
    pub(super) fn is_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|at| at <= now.seconds_floor())
    }

    /// The `state` that it has once it is the latest version.
    pub(super) fn state_as_latest(&self) -> i64 {
        if self.marker { HIDDEN } else { CURRENT }
    }
}

/// A size as a change of the usage counters.
pub(super) fn bytes(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// The public id that a row's columns say.
pub(super) fn version_id(null: bool, created: Timestamp) -> VersionId {
    if null { VersionId::Null } else { VersionId::At(created) }
}

/// The current object of a key whose latest version this is.
pub(super) fn current(latest: Option<&Brief>) -> Option<&Brief> {
    latest.filter(|latest| !latest.marker)
}

/// Evaluates a precondition against the latest version of the key. An expired object counts as absent.
pub(super) fn check(precondition: &Precondition, latest: Option<&Brief>, now: Timestamp) -> Result<()> {
    let current = current(latest).filter(|current| !current.is_expired(now));
    match (precondition, current) {
        (Precondition::None, _) | (Precondition::Absent, None) | (Precondition::Present, Some(_)) => Ok(()),
        (Precondition::Etag(tags), Some(version)) if tags.contains(&version.etag) => Ok(()),
        (Precondition::Etag(_), None) => Err(no_such_object(latest)),
        (Precondition::Absent | Precondition::Etag(_), Some(_)) | (Precondition::Present, None) => {
            Err(Error::PreconditionFailed)
        }
    }
}

/// The error for a key without a current object. It names the delete marker, if there is one.
pub(super) fn no_such_object(latest: Option<&Brief>) -> Error {
    Error::NoSuchObject { marker: latest.filter(|version| version.marker).map(|version| version.id) }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::storage::index) fn at(steps: i64) -> Timestamp {
        Timestamp::from_steps(steps)
    }

    /// A latest version of ten bytes, made at this time.
    pub(in crate::storage::index) fn object(nr: i64, created: i64) -> Brief {
        Brief {
            nr,
            marker: false,
            latest: true,
            id: VersionId::At(at(created)),
            created: at(created),
            modified: at(created),
            size: 10,
            mode: 1,
            expires: None,
            etag: "etag".into(),
            uid: vec![7],
        }
    }

    /// A delete marker that is the latest version, made at this time.
    pub(in crate::storage::index) fn marker(nr: i64, created: i64) -> Brief {
        Brief { marker: true, size: 0, etag: String::new(), uid: Vec::new(), ..object(nr, created) }
    }

    #[expect(clippy::option_option, reason = "absence has two depths here")]
    fn no_object(result: &Result<()>) -> Option<Option<VersionId>> {
        match result {
            Err(Error::NoSuchObject { marker }) => Some(*marker),
            _ => None,
        }
    }

    #[test]
    fn preconditions_are_evaluated_against_the_current_object() {
        let (object, marker) = (object(1, 1), marker(2, 2));
        let tags = |tag: &str| Precondition::Etag(vec!["other".into(), tag.into()]);
        let holds = |precondition: &Precondition, latest| check(precondition, latest, at(5));
        let failed = |result| matches!(result, Err(Error::PreconditionFailed));
        for latest in [None, Some(&marker)] {
            assert!(holds(&Precondition::None, latest).is_ok());
            assert!(holds(&Precondition::Absent, latest).is_ok());
            assert!(failed(holds(&Precondition::Present, latest)));
            let marker = latest.map(|marker| marker.id);
            assert_eq!(no_object(&holds(&tags("etag"), latest)), Some(marker));
        }
        assert!(holds(&Precondition::None, Some(&object)).is_ok());
        assert!(holds(&Precondition::Present, Some(&object)).is_ok());
        assert!(holds(&tags("etag"), Some(&object)).is_ok());
        assert!(failed(holds(&Precondition::Absent, Some(&object))));
        assert!(failed(holds(&tags("another"), Some(&object))));
    }

    #[test]
    fn an_expired_object_counts_as_absent() {
        let now = Timestamp::from_seconds(7);
        let object = |expires| Brief { expires: Some(expires), ..object(1, 1) };
        assert!(check(&Precondition::Absent, Some(&object(7)), now).is_ok());
        assert!(check(&Precondition::Present, Some(&object(8)), now).is_ok());
        let tags = Precondition::Etag(vec!["etag".into()]);
        assert_eq!(no_object(&check(&tags, Some(&object(7)), now)), Some(None));
    }

    #[test]
    fn an_unknown_mode_is_damage() {
        assert_eq!(object(1, 1).mode().unwrap(), EncryptionMode::Managed);
        for mode in [-1, 0, 257] {
            assert!(matches!(Brief { mode, ..object(1, 1) }.mode(), Err(Error::Damaged(_))));
        }
    }
}
