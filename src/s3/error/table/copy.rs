//! The errors of copies.

use super::{Answer, BAD, FORBIDDEN, internal};
use crate::ops;

pub(super) fn answer(error: &ops::Error) -> Answer {
    use ops::Error as E;
    match error {
        E::RangeNotInSource { size } => Answer::new(
            BAD,
            "InvalidArgument",
            format!("Range specified is not valid for source object of size: {size}"),
        ),
        E::CopyChangesNothing => Answer::new(
            BAD,
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without changing the object's \
             metadata, storage class, website redirect location or encryption attributes.",
        ),
        E::WrongSourceKey => Answer::new(
            FORBIDDEN,
            "AccessDenied",
            "Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.",
        ),
        E::SourceIsMarker => Answer::new(
            BAD,
            "InvalidRequest",
            "The source of a copy request may not specifically refer to a delete marker by version id.",
        ),
        E::SourceTooLarge { limit } => Answer::new(
            BAD,
            "InvalidRequest",
            format!(
                "The specified copy source is larger than the maximum allowable size for a copy source: {limit}"
            ),
        ),
        // Metadata is merged on Swift alone.
        E::TooMuchMetadata => Answer::new(
            BAD,
            "MetadataTooLarge",
            "Your metadata headers exceed the maximum allowed metadata size",
        ),
        _ => internal(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentences_of_s3() {
        let text = |error: &ops::Error| answer(error).message.into_owned();
        assert_eq!(
            text(&ops::Error::SourceTooLarge { limit: 5 << 30 }),
            "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120"
        );
        assert_eq!(
            text(&ops::Error::RangeNotInSource { size: 7 }),
            "Range specified is not valid for source object of size: 7"
        );
        for error in [ops::Error::SourceIsMarker, ops::Error::CopyChangesNothing, ops::Error::TooMuchMetadata]
        {
            assert_eq!(answer(&error).status, BAD, "{error}");
        }
    }
}
