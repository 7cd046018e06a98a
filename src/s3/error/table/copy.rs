//! The errors of copies.

use super::{Answer, BAD, FORBIDDEN};

pub(super) fn range_not_in_source(size: u64) -> Answer {
    Answer::new(
        BAD,
        "InvalidArgument",
        format!("Range specified is not valid for source object of size: {size}"),
    )
}

pub(super) fn changes_nothing() -> Answer {
    Answer::new(
        BAD,
        "InvalidRequest",
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's \
         metadata, storage class, website redirect location or encryption attributes.",
    )
}

pub(super) fn wrong_source_key() -> Answer {
    Answer::new(
        FORBIDDEN,
        "AccessDenied",
        "Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.",
    )
}

pub(super) fn source_is_marker() -> Answer {
    Answer::new(
        BAD,
        "InvalidRequest",
        "The source of a copy request may not specifically refer to a delete marker by version id.",
    )
}

pub(super) fn source_too_large(limit: u64) -> Answer {
    Answer::new(
        BAD,
        "InvalidRequest",
        format!(
            "The specified copy source is larger than the maximum allowable size for a copy source: {limit}"
        ),
    )
}

/// Metadata is merged on Swift alone, where it may grow.
pub(super) fn too_much_metadata() -> Answer {
    Answer::new(BAD, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")
}

#[cfg(test)]
mod tests {
    use super::super::words;
    use crate::ops;
    use crate::s3::error::Error;

    #[test]
    fn the_sentences_of_s3() {
        for (error, code, message) in [
            (
                ops::Error::SourceTooLarge { limit: 5 << 30 },
                "InvalidRequest",
                "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120",
            ),
            (
                ops::Error::RangeNotInSource { size: 7 },
                "InvalidArgument",
                "Range specified is not valid for source object of size: 7",
            ),
            (
                ops::Error::SourceIsMarker,
                "InvalidRequest",
                "The source of a copy request may not specifically refer to a delete marker by version id.",
            ),
            (
                ops::Error::TooMuchMetadata,
                "MetadataTooLarge",
                "Your metadata headers exceed the maximum allowed metadata size",
            ),
        ] {
            assert_eq!(words(&Error::Domain(error)), (code, message.to_owned()));
        }
    }
}
