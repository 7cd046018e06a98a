//! The decisions of the commands on uploads, once for every kind of index.

use serde::{Deserialize, Serialize};

use super::uploads::MAX_REFERENCES;
use super::{ChosenPart, CompleteUpload, Result, UploadChecksum, UploadRecord};
use crate::model::Timestamp;
use crate::storage::Error;

/// The columns that [`NumberedUpload`] is read from.
macro_rules! upload_columns {
    () => {
        "u.nr, u.key, u.uid, u.created, u.initiator, u.mode, u.content_type, u.envelope, u.choices, u.metadata"
    };
}

pub(super) use upload_columns;

/// The client's choices for the object when its upload began, kept as JSON.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Choices {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) checksum: Option<UploadChecksum>,
}

/// An upload and the number of its row.
pub(super) struct NumberedUpload {
    pub(super) nr: i64,
    pub(super) record: UploadRecord,
}

/// Fails with `TooManyReferences` if a part of so many references is too much beside those of the upload's
/// other parts.
pub(super) fn check_references(of_others: usize, of_part: usize) -> Result<()> {
    if of_others + of_part > MAX_REFERENCES { Err(Error::TooManyReferences) } else { Ok(()) }
}

/// A completed upload becomes the version that it was begun as, and brings no blob that is new.
pub(super) fn check_completion(command: &CompleteUpload) -> Result<()> {
    let publish = &command.publish;
    if publish.version.uid == command.upload && publish.new_blobs.is_empty() {
        return Ok(());
    }
    Err(Error::Internal("a completed upload is another version than its own".into()))
}

/// The numbers of the stored parts that the version does not keep. Both lists are in ascending order; a
/// chosen part that is not stored, or not as it was read, is `Changed`.
pub(super) fn unchosen(
    stored: impl IntoIterator<Item = (u32, Timestamp)>,
    chosen: &[ChosenPart],
) -> Result<Vec<u32>> {
    let mut chosen = chosen.iter().peekable();
    let mut dropped = Vec::new();
    for (number, created) in stored {
        match chosen.next_if(|part| part.number == number) {
            Some(part) if part.created != created => return Err(Error::Changed),
            Some(_) => {}
            None => dropped.push(number),
        }
    }
    if chosen.next().is_some() { Err(Error::Changed) } else { Ok(dropped) }
}

/// The references of an upload became those of its version: all of them, and no other.
pub(super) fn check_moved(moved: usize, expected: usize) -> Result<()> {
    if moved == expected {
        return Ok(());
    }
    Err(Error::Internal(format!("an upload has {moved} references, its version {expected}").into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(steps: i64) -> Timestamp {
        Timestamp::from_steps(steps)
    }

    #[test]
    fn parts_that_are_not_chosen_are_dropped() {
        let stored = [(1, at(10)), (2, at(20)), (5, at(50))];
        let chosen = |parts: &[(u32, i64)]| {
            let parts: Vec<_> = parts
                .iter()
                .map(|(number, steps)| ChosenPart { number: *number, created: at(*steps) })
                .collect();
            unchosen(stored, &parts).ok()
        };
        assert_eq!(chosen(&[(1, 10), (2, 20), (5, 50)]), Some(vec![]));
        assert_eq!(chosen(&[(2, 20)]), Some(vec![1, 5]));
        assert_eq!(chosen(&[]), Some(vec![1, 2, 5]));
        assert_eq!(chosen(&[(2, 21)]), None, "replaced since it was read");
        assert_eq!(chosen(&[(3, 30)]), None, "never stored");
        assert_eq!(chosen(&[(5, 50), (6, 60)]), None, "one of them never stored");
    }

    #[test]
    fn references_are_counted_over_the_whole_upload() {
        assert!(check_references(0, MAX_REFERENCES).is_ok());
        assert!(matches!(check_references(1, MAX_REFERENCES), Err(Error::TooManyReferences)));
    }

    #[test]
    fn a_version_gets_all_references() {
        assert!(check_moved(3, 3).is_ok());
        assert!(matches!(check_moved(2, 3), Err(Error::Internal(_))));
    }
}
