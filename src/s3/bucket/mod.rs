//! Operations on the service and on buckets.

pub(super) mod absent_settings;
mod create;
mod delete;
mod delete_objects;
mod head;
mod list_buckets;
mod list_objects;
mod list_uploads;
mod list_versions;
mod location;
pub(super) mod setting;
mod tagging;
mod versioning;

#[cfg(any(test, fuzzing))]
use crate::model::settings::{SettingName, Tags};
#[cfg(any(test, fuzzing))]
pub(super) use create::check_location;
pub(super) use create::create;
pub(super) use delete::delete;
pub(super) use delete_objects::delete_objects;
#[cfg(any(test, fuzzing))]
pub(super) use delete_objects::keys_to_delete;
pub(super) use head::head;
pub(super) use list_buckets::list_buckets;
pub(super) use list_objects::{list_v1, list_v2};
pub(super) use list_uploads::list_uploads;
pub(super) use list_versions::list_versions;
pub(super) use location::location;
#[cfg(any(test, fuzzing))]
pub(super) use versioning::state as versioning_state;
pub(super) use versioning::{put_versioning, versioning};

/// Reads any bytes as the document of one setting.
#[cfg(any(test, fuzzing))]
type Fuzz = fn(&[u8]);

/// The settings that are documents, for a fuzzer.
#[cfg(any(test, fuzzing))]
pub(super) const FUZZED: &[(SettingName, Fuzz)] = &[(SettingName::Tags, setting::fuzz::<Tags>)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_fuzzed() {
        for name in SettingName::ALL {
            assert!(FUZZED.iter().any(|(fuzzed, _)| fuzzed == name), "{name}");
        }
    }
}
