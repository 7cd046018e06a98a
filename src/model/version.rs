//! Version ids, the same opaque text on both faces.

use std::fmt;
use std::str::FromStr;

use super::Timestamp;

/// A version's public id. It is `null` if versioning was not enabled when the version was written, otherwise
/// the version's timestamp, as in `1795221191.64806` (the form of Swift's object versioning).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum VersionId {
    /// The one version of a key that has no id of its own.
    Null,
    /// A version made while versioning was enabled.
    At(Timestamp),
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::At(timestamp) => timestamp.fmt(f),
        }
    }
}

impl FromStr for VersionId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "null" { Ok(Self::Null) } else { text.parse().map(Self::At) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        for text in ["null", "1795221191.64806"] {
            assert_eq!(text.parse::<VersionId>().map(|v| v.to_string()).as_deref(), Ok(text));
        }
        assert!("Null".parse::<VersionId>().is_err());
    }
}
