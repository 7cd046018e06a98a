//! A value in a manifest, as far as the rules of an entry distinguish it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A value in an entry of a manifest.
#[derive(PartialEq, Debug)]
pub(crate) enum Value {
    Null,
    Text(String),
    /// A number, without its fraction.
    Integer(i64),
    /// A boolean, a list or a map.
    Other {
        /// Whether it is false or empty.
        falsy: bool,
    },
}

impl Value {
    /// The number that it is, or that its text spells.
    pub(crate) fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Text(digits) => digits.trim().parse().ok(),
            Self::Null | Self::Other { .. } => None,
        }
    }

    /// Whether Swift treats it as absent.
    pub(crate) fn is_falsy(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.is_empty(),
            Self::Integer(number) => *number == 0,
            Self::Other { falsy } => *falsy,
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Integer(i64::try_from(number).unwrap_or(i64::MAX)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Integer(number))
    }

    #[allow(clippy::cast_possible_truncation, reason = "the nearest number that there is will do")]
    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Integer(number as i64))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Other { falsy: !value })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut falsy = true;
        while list.next_element::<IgnoredAny>()?.is_some() {
            falsy = false;
        }
        Ok(Value::Other { falsy })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut falsy = true;
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            falsy = false;
        }
        Ok(Value::Other { falsy })
    }
}
