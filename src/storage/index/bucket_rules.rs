//! The decisions of the commands on buckets, once for every kind of index.

use super::change::after;
use super::merge::merge;
use super::settings::first_generation;
use super::{BucketChange, BucketRecord, CreateBucket, NamePolicy, Result, Versioning};
use crate::model::Timestamp;
use crate::storage::Error;

/// The number of uploaded parts that one step of a bucket's deletion removes: no other command waits for
/// more.
pub(super) const DISCARDED: usize = 10_000;

/// The columns of the bucket `b` that [`NumberedBucket`] is read from.
macro_rules! bucket_columns {
    () => {
        "b.nr, b.id, b.account, b.name, b.registered, b.created, b.modified, b.versioning, b.metadata, b.settings_generation"
    };
}

/// Begins a statement that reads buckets from `b`.
macro_rules! select_bucket {
    ($rest:literal) => {
        concat!("SELECT ", bucket_columns!(), " ", $rest)
    };
}

pub(super) use {bucket_columns, select_bucket};

/// How many columns a bucket has.
pub(super) const BUCKET_COLUMNS: usize = 10;

/// A bucket and the number of its row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct NumberedBucket {
    pub(super) nr: i64,
    pub(super) record: BucketRecord,
}

/// The outcome of a command to create a bucket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Creation {
    Insert(BucketRecord),
    /// The account has the bucket, without its global name: the name is registered now.
    Register(NumberedBucket),
}

/// Decides how a bucket is created. `holder` has the global name, `own` is the account's bucket of that name.
pub(super) fn creation(
    command: &CreateBucket,
    holder: Option<&BucketRecord>,
    own: Option<NumberedBucket>,
    now: Timestamp,
) -> Result<Creation> {
    let required = command.policy == NamePolicy::Required;
    if required && holder.is_some_and(|holder| holder.account != command.account) {
        return Err(Error::NameTaken);
    }
    match own {
        Some(own) if required && !own.record.registered => Ok(Creation::Register(own)),
        Some(own) => Err(Error::BucketExists(own.record.id)),
        None => Ok(Creation::Insert(new_bucket(command, holder, now))),
    }
}

/// The record of a bucket that does not exist yet.
pub(super) fn new_bucket(
    command: &CreateBucket,
    holder: Option<&BucketRecord>,
    now: Timestamp,
) -> BucketRecord {
    BucketRecord {
        id: command.id,
        account: command.account.clone(),
        name: command.name.clone(),
        registered: holder.is_none() && command.policy != NamePolicy::Never,
        created: now,
        modified: now,
        versioning: Versioning::Off,
        metadata: command.metadata.clone(),
        settings_generation: first_generation(now, &command.settings),
    }
}

/// Applies changes to a bucket.
pub(super) fn apply(
    record: &mut BucketRecord,
    changes: impl IntoIterator<Item = BucketChange>,
    now: Timestamp,
) {
    for change in changes {
        match change {
            BucketChange::Metadata(name, value) => merge(&mut record.metadata, [(name, value)]),
            // A bucket that kept versions once still holds them: it can only be suspended.
            BucketChange::Versioning(Versioning::Off) if record.versioning != Versioning::Off => {
                record.versioning = Versioning::Suspended;
            }
            BucketChange::Versioning(state) => record.versioning = state,
        }
    }
    record.modified = after(now, Some(record.modified));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AccountId, BucketId, BucketName};

    const NOW: Timestamp = Timestamp::from_steps(50);

    fn command(policy: NamePolicy) -> CreateBucket {
        CreateBucket {
            id: BucketId([1; 16]),
            account: AccountId::new("account"),
            name: BucketName::new("bucket").unwrap(),
            policy,
            metadata: [("colour".to_owned(), "red".to_owned())].into(),
            settings: [].into(),
        }
    }

    fn inserted(policy: NamePolicy, holder: Option<&BucketRecord>) -> BucketRecord {
        match creation(&command(policy), holder, None, NOW).unwrap() {
            Creation::Insert(record) => record,
            Creation::Register(_) => panic!("there is no bucket to register"),
        }
    }

    fn of_another(record: BucketRecord) -> BucketRecord {
        BucketRecord { account: AccountId::new("another"), ..record }
    }

    #[test]
    fn a_name_is_registered_as_the_policy_says() {
        let holder = of_another(inserted(NamePolicy::Required, None));
        let registered = |policy, holder| inserted(policy, holder).registered;
        assert!(registered(NamePolicy::Required, None) && registered(NamePolicy::IfFree, None));
        assert!(!registered(NamePolicy::Never, None));
        assert!(!registered(NamePolicy::IfFree, Some(&holder)));
        let refused = creation(&command(NamePolicy::Required), Some(&holder), None, NOW);
        assert!(matches!(refused, Err(Error::NameTaken)));
    }

    #[test]
    fn a_bucket_of_ones_own_exists_or_is_registered() {
        let record = inserted(NamePolicy::Never, None);
        let own =
            |registered| NumberedBucket { nr: 3, record: BucketRecord { registered, ..record.clone() } };
        let exists = |policy, registered| {
            let found = creation(&command(policy), None, Some(own(registered)), NOW);
            matches!(found, Err(Error::BucketExists(id)) if id == record.id)
        };
        assert!(exists(NamePolicy::Required, true));
        assert!(exists(NamePolicy::IfFree, false) && exists(NamePolicy::Never, false));
        let found = creation(&command(NamePolicy::Required), None, Some(own(false)), NOW).unwrap();
        assert_eq!(found, Creation::Register(own(false)));
    }

    #[test]
    fn changes_are_merged_and_move_modified() {
        let mut record = inserted(NamePolicy::Never, None);
        let change = |name: &str, value: Option<&str>| {
            BucketChange::Metadata(name.to_owned(), value.map(str::to_owned))
        };
        apply(&mut record, [change("size", Some("big")), change("colour", None)], NOW);
        assert_eq!(record.metadata, [("size".to_owned(), "big".to_owned())].into());
        assert_eq!(record.modified, NOW.next());
    }

    #[test]
    fn versioning_that_was_enabled_is_only_suspended() {
        let mut record = inserted(NamePolicy::Never, None);
        let mut set = |state| {
            apply(&mut record, [BucketChange::Versioning(state)], NOW);
            record.versioning
        };
        assert_eq!(set(Versioning::Off), Versioning::Off);
        assert_eq!(set(Versioning::Enabled), Versioning::Enabled);
        assert_eq!(set(Versioning::Off), Versioning::Suspended);
        assert_eq!(set(Versioning::Off), Versioning::Suspended);
    }
}
