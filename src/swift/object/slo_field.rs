//! A value in a manifest: what it is, as far as any of them may be.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A value of a segment's description.
#[derive(PartialEq, Debug)]
pub enum Field {
    /// `null`
    Null,
    /// Text.
    Text(String),
    /// A number, without what is behind its point.
    Integer(i64),
    /// True or false, a list, or a map: whether it is false or empty.
    Other {
        /// Whether it is.
        falsy: bool,
    },
}

impl Field {
    /// The number that it is or spells.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Text(digits) => digits.trim().parse().ok(),
            Self::Null | Self::Other { .. } => None,
        }
    }

    /// Whether Swift takes it for nothing.
    pub fn is_falsy(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.is_empty(),
            Self::Integer(number) => *number == 0,
            Self::Other { falsy } => *falsy,
        }
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Field, E> {
        Ok(Field::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Field, E> {
        Ok(Field::Text(text))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Field, E> {
        Ok(Field::Integer(i64::try_from(number).unwrap_or(i64::MAX)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Field, E> {
        Ok(Field::Integer(number))
    }

    #[allow(clippy::cast_possible_truncation, reason = "the nearest number that there is will do")]
    fn visit_f64<E>(self, number: f64) -> Result<Field, E> {
        Ok(Field::Integer(number as i64))
    }

    fn visit_unit<E>(self) -> Result<Field, E> {
        Ok(Field::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Field, E> {
        Ok(Field::Other { falsy: !value })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Field, A::Error> {
        let mut falsy = true;
        while list.next_element::<IgnoredAny>()?.is_some() {
            falsy = false;
        }
        Ok(Field::Other { falsy })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Field, A::Error> {
        let mut falsy = true;
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            falsy = false;
        }
        Ok(Field::Other { falsy })
    }
}
