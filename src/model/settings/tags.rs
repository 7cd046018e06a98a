//! The tags of a bucket: pairs of key and value that its users choose.

use serde::{Deserialize, Serialize};
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// Tags of a bucket at most.
pub const MAX_TAGS: usize = 50;
/// The longest key, in UTF-16 code units, as S3 counts.
pub const MAX_KEY: usize = 128;
/// The longest value, in the same units.
pub const MAX_VALUE: usize = 256;
/// What the keys of AWS's own tags begin with.
const RESERVED: &str = "aws:";

/// The tags of a bucket, in the order in which they came. There is at least one: a bucket without tags has no
/// setting.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Vec<(String, String)>")]
pub struct Tags(Vec<(String, String)>);

/// Why tags are refused. The rules are S3's ("Using cost allocation S3 bucket tags").
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TagError {
    /// A key is empty, too long, or has a character that no tag may have.
    #[error("a key is not 1 to {MAX_KEY} of the characters that a tag may have")]
    Key { key: String },
    /// A value is too long, or has a character that no tag may have.
    #[error("a value is longer than {MAX_VALUE}, or has a character that a tag may not have")]
    Value {
        /// The key of the tag.
        key: String,
        value: String,
    },
    /// A key begins as AWS's own do.
    #[error("a key begins with {RESERVED}, which is reserved")]
    Reserved { key: String },
    /// Two tags have the same key.
    #[error("two tags have the same key")]
    Duplicate { key: String },
    /// More than [`MAX_TAGS`].
    #[error("more than {MAX_TAGS} tags")]
    TooMany,
    /// No tag at all.
    #[error("no tag")]
    Empty,
}

impl Tags {
    /// Checks tags: one after the other, then their number. S3 does it in this order.
    pub fn new(tags: Vec<(String, String)>) -> Result<Self, TagError> {
        for (at, (key, value)) in tags.iter().take(MAX_TAGS + 1).enumerate() {
            if tags[..at].iter().any(|(earlier, _)| earlier == key) {
                return Err(TagError::Duplicate { key: key.clone() });
            }
            check(key, value)?;
        }
        match tags.len() {
            0 => Err(TagError::Empty),
            1..=MAX_TAGS => Ok(Self(tags)),
            _ => Err(TagError::TooMany),
        }
    }

    /// The tags, key and value of each.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

impl TryFrom<Vec<(String, String)>> for Tags {
    type Error = TagError;

    fn try_from(tags: Vec<(String, String)>) -> Result<Self, TagError> {
        Self::new(tags)
    }
}

fn check(key: &str, value: &str) -> Result<(), TagError> {
    if key.get(..RESERVED.len()).is_some_and(|start| start.eq_ignore_ascii_case(RESERVED)) {
        return Err(TagError::Reserved { key: key.to_owned() });
    }
    if key.is_empty() || !is_text(key, MAX_KEY) {
        return Err(TagError::Key { key: key.to_owned() });
    }
    if !is_text(value, MAX_VALUE) {
        return Err(TagError::Value { key: key.to_owned(), value: value.to_owned() });
    }
    Ok(())
}

fn is_text(text: &str, limit: usize) -> bool {
    text.encode_utf16().count() <= limit && text.chars().all(is_allowed)
}

/// Letters, numbers and spaces of any script, and eight signs. A combining mark is none of them.
fn is_allowed(c: char) -> bool {
    use GeneralCategoryGroup::{Letter, Number, Separator};
    matches!(c.general_category_group(), Letter | Number | Separator) || "+-=._:/@".contains(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(key: &str, value: &str) -> Result<Tags, TagError> {
        Tags::new(vec![(key.to_owned(), value.to_owned())])
    }

    fn numbered(count: usize) -> Vec<(String, String)> {
        (0..count).map(|number| (format!("key {number}"), String::new())).collect()
    }

    #[test]
    fn letters_of_any_script_and_eight_signs_are_allowed() {
        for text in ["a", "space inside", "環境", "Ⅷ²١", "+-=._:/@", "a\u{a0}b", "not-aws:", "awsome"] {
            assert!(one(text, text).is_ok(), "{text}");
        }
        assert!(one("empty", "").is_ok());
        for text in ["!", "a,b", "a\tb", "a\nb", "e\u{345}", "🦀", "a&b", "<", "\u{0}", "\u{feff}"] {
            let (key, value) = (text.to_owned(), text.to_owned());
            assert_eq!(one(text, "v"), Err(TagError::Key { key }), "{text:?}");
            assert_eq!(one("k", text), Err(TagError::Value { key: "k".into(), value }), "{text:?}");
        }
    }

    #[test]
    fn lengths_are_counted_in_utf_16() {
        for (text, units) in [("a", 1), ("ä", 1), ("𐐀", 2)] {
            let (key, value) = (text.repeat(MAX_KEY / units), text.repeat(MAX_VALUE / units));
            assert!(one(&key, &value).is_ok());
            let long = key.clone() + text;
            assert_eq!(one(&long, ""), Err(TagError::Key { key: long.clone() }));
            let value = value + text;
            assert_eq!(one("k", &value), Err(TagError::Value { key: "k".into(), value: value.clone() }));
        }
        assert_eq!(one("", "v"), Err(TagError::Key { key: String::new() }));
    }

    #[test]
    fn keys_of_aws_are_reserved_in_any_case() {
        for key in ["aws:", "aws:x", "AWS:x", "aWs:\u{0}"] {
            assert_eq!(one(key, ""), Err(TagError::Reserved { key: key.to_owned() }));
        }
        assert!(one("x", "aws:x").is_ok());
    }

    #[test]
    fn the_first_wrong_tag_is_reported_and_the_number_last() {
        assert!(Tags::new(numbered(MAX_TAGS)).is_ok());
        assert_eq!(Tags::new(numbered(MAX_TAGS + 1)), Err(TagError::TooMany));
        assert_eq!(Tags::new(Vec::new()), Err(TagError::Empty));
        let mut tags = numbered(MAX_TAGS + 1);
        tags[30].0 = tags[7].0.clone();
        tags[40].1 = "!".into();
        assert_eq!(Tags::new(tags.clone()), Err(TagError::Duplicate { key: "key 7".into() }));
        tags.swap(20, 40);
        assert_eq!(Tags::new(tags), Err(TagError::Value { key: "key 40".into(), value: "!".into() }));
        // Case counts.
        let tags = vec![("k".to_owned(), String::new()), ("K".to_owned(), String::new())];
        assert!(Tags::new(tags).is_ok());
    }

    #[test]
    fn a_stored_text_that_breaks_a_rule_does_not_read() {
        for text in ["", "{}", "[]", "[[\"a\"]]", "[[\"a\",\"!\"]]", "[[\"a\",\"\"],[\"a\",\"\"]]"] {
            assert!(serde_json::from_str::<Tags>(text).is_err(), "{text}");
        }
    }

    fn tags() -> impl Strategy<Value = Vec<(String, String)>> {
        proptest::collection::vec(("[a-c+@:äß ]{0,3}", "\\PC{0,3}"), 0..60)
    }

    proptest! {
        #[test]
        fn what_is_taken_keeps_every_rule_and_reads_back(tags in tags()) {
            let keys: std::collections::BTreeSet<_> = tags.iter().map(|(key, _)| key.clone()).collect();
            let is_sound = (1..=MAX_TAGS).contains(&tags.len())
                && keys.len() == tags.len()
                && tags.iter().all(|(key, value)| !key.is_empty() && value.chars().all(is_allowed));
            let taken = Tags::new(tags.clone());
            prop_assert_eq!(taken.is_ok(), is_sound, "{:?}", taken);
            if let Ok(taken) = taken {
                let stored = serde_json::to_string(&taken).unwrap();
                prop_assert_eq!(serde_json::from_str::<Tags>(&stored).unwrap(), taken.clone());
                let found: Vec<_> = taken.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
                prop_assert_eq!(found, tags);
            }
        }

        #[test]
        fn a_tag_of_any_text_is_taken_or_refused_for_itself(key in any::<String>(), value in any::<String>()) {
            match one(&key, &value) {
                Ok(_) => prop_assert!(is_text(&key, MAX_KEY) && is_text(&value, MAX_VALUE)),
                Err(TagError::Key { key: found } | TagError::Reserved { key: found }) => prop_assert_eq!(found, key),
                Err(error) => prop_assert_eq!(error, TagError::Value { key, value }),
            }
        }
    }
}
