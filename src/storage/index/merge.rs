//! Changes of maps of text.

use std::collections::BTreeMap;

/// Sets (`Some`) and removes (`None`).
pub(in crate::storage::index) fn merge(
    map: &mut BTreeMap<String, String>,
    changes: impl IntoIterator<Item = (String, Option<String>)>,
) {
    for (name, value) in changes {
        match value {
            Some(value) => map.insert(name, value),
            None => map.remove(&name),
        };
    }
}
