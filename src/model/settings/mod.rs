//! Settings of a bucket: one file each, with the value and its rules.
//!
//! A setting is a typed value that a bucket has or lacks. Both faces may spell it, each in a file of its own;
//! the rules of the value are here, once.

mod tags;

use std::fmt;
use std::str::FromStr;

pub use tags::{MAX_TAGS, TagError, Tags};

/// Declares the names of settings, with the text that the index stores for each. A text is never changed or
/// reused.
macro_rules! names {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        /// The name of a setting.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum SettingName {
            $($(#[$doc])* $name,)+
        }

        impl SettingName {
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The text that the index stores.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

names! {
    /// Key-value pairs that a user puts on the bucket.
    Tags = "tags",
}

/// A text that names no setting of this program. A newer program may know it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("an unknown name of a setting")]
pub struct UnknownSetting;

impl FromStr for SettingName {
    type Err = UnknownSetting;

    fn from_str(text: &str) -> Result<Self, UnknownSetting> {
        Self::ALL.iter().copied().find(|name| name.as_str() == text).ok_or(UnknownSetting)
    }
}

impl fmt::Display for SettingName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_read_back() {
        for name in SettingName::ALL {
            assert_eq!(name.as_str().parse(), Ok(*name));
        }
        assert_eq!("Tags".parse::<SettingName>(), Err(UnknownSetting));
        assert_eq!("".parse::<SettingName>(), Err(UnknownSetting));
    }

    #[test]
    fn no_two_names_share_a_text() {
        let texts: BTreeSet<_> = SettingName::ALL.iter().map(|name| name.as_str()).collect();
        assert_eq!(texts.len(), SettingName::ALL.len());
    }
}
