//! One entry of a static large object's manifest: its keys, their values, and Swift's sentence for each
//! mistake.

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::value::Value;
use crate::http::range::{MAX_RANGES, parse_ranges};
use crate::model::{BucketName, ObjectKey};
use crate::ops::SegmentRequest;

/// The most unknown keys that one line names.
const MAX_NAMES: usize = 32;

pub(crate) const TOO_SMALL: &str = "too small; each segment must be at least 1 byte.";

/// One entry of the list, as it came. If a key is there twice, the last one counts.
#[derive(Default)]
pub(crate) struct SegmentFields {
    path: Option<Value>,
    etag: Option<Value>,
    size: Option<Value>,
    range: Option<Value>,
    data: Option<Value>,
    unknown: BTreeSet<String>,
}

impl SegmentFields {
    /// Whether it names an object, and not data alone.
    pub(crate) fn names_object(&self) -> bool {
        self.path.is_some() && self.data.is_none()
    }

    /// Whether it lists its object as empty, which is allowed only for the last segment.
    pub(crate) fn is_empty_object(&self) -> bool {
        self.size.as_ref().and_then(Value::integer).is_some_and(|size| size < 1)
    }

    /// The segment, or the problem with it.
    pub(crate) fn segment(self, own: (&BucketName, &ObjectKey)) -> Result<SegmentRequest, String> {
        let known: [(&str, &Option<Value>); 4] =
            [("path", &self.path), ("etag", &self.etag), ("size_bytes", &self.size), ("range", &self.range)];
        let mut extraneous = self.unknown.clone();
        if self.data.is_some() {
            extraneous.extend(known.iter().filter(|(_, v)| v.is_some()).map(|(name, _)| (*name).to_owned()));
        } else if self.path.is_none() {
            return Err("expected keys to include one of 'data' or 'path'".into());
        }
        if !extraneous.is_empty() {
            let names: Vec<_> = extraneous.iter().map(|name| quoted(name)).collect();
            return Err(format!("extraneous keys {}", names.join(", ")));
        }
        match &self.data {
            Some(data) => decode(data).map(SegmentRequest::Data),
            None => self.object(own),
        }
    }

    fn object(self, own: (&BucketName, &ObjectKey)) -> Result<SegmentRequest, String> {
        let Some(Value::Text(path)) = self.path else { return Err("\"path\" must be a string".into()) };
        let etag = match self.etag {
            None | Some(Value::Null) => None,
            Some(Value::Text(etag)) => Some(etag),
            Some(_) => return Err("\"etag\" must be a string or null (if provided)".into()),
        };
        let (bucket, key) = located(&path)
            .ok_or("path does not refer to an object. Path must be of the form /container/object.")?;
        let size = match self.size {
            None | Some(Value::Null) => None,
            Some(size) => Some(size.integer().ok_or("invalid size_bytes")?),
        };
        let size = size.map(|size| u64::try_from(size).unwrap_or_default());
        if (&bucket, &key) == own {
            return Err("manifest must not include itself as a segment".into());
        }
        let range = match self.range {
            Some(range) if !range.is_falsy() => Some(checked_range(range, size)?),
            _ => None,
        };
        let etag = etag.map(|etag| etag.trim_matches('"').to_owned());
        Ok(SegmentRequest::Object { path, bucket, key, etag, size, range })
    }
}

pub(crate) struct SegmentSeed;

impl<'de> DeserializeSeed<'de> for SegmentSeed {
    type Value = Option<SegmentFields>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<SegmentFields>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for SegmentSeed {
    type Value = Option<SegmentFields>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a segment")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<SegmentFields>, A::Error> {
        let mut entry = SegmentFields::default();
        while let Some(name) = map.next_key::<String>()? {
            let slot = match name.as_str() {
                "path" => &mut entry.path,
                "etag" => &mut entry.etag,
                "size_bytes" => &mut entry.size,
                "range" => &mut entry.range,
                "data" => &mut entry.data,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    entry.unknown.insert(name);
                    if entry.unknown.len() > MAX_NAMES {
                        entry.unknown.pop_last();
                    }
                    continue;
                }
            };
            *slot = Some(map.next_value()?);
        }
        Ok(Some(entry))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Option<SegmentFields>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Option<SegmentFields>, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Option<SegmentFields>, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Option<SegmentFields>, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Option<SegmentFields>, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Option<SegmentFields>, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Option<SegmentFields>, E> {
        Ok(None)
    }
}

/// The object that a path names; a slash in front makes no difference.
fn located(path: &str) -> Option<(BucketName, ObjectKey)> {
    if !path.trim_matches('/').contains('/') {
        return None;
    }
    let (bucket, key) = path.trim_start_matches('/').split_once('/')?;
    Some((BucketName::new(bucket).ok()?, ObjectKey::new(key).ok()?))
}

/// The text of a range, without `bytes=`.
fn checked_range(range: Value, size: Option<u64>) -> Result<String, String> {
    let Value::Text(range) = range else { return Err("invalid range".into()) };
    if range.split(',').filter(|one| !one.trim().is_empty()).count() > MAX_RANGES {
        return Err("multiple ranges (only one allowed)".into());
    }
    match parse_ranges(&format!("bytes={range}")).as_deref() {
        None => Err("invalid range".into()),
        Some([one]) if size.is_some_and(|size| one.resolve(size).is_none()) => {
            Err("unsatisfiable range".into())
        }
        Some([_]) => Ok(range),
        Some(_) => Err("multiple ranges (only one allowed)".into()),
    }
}

/// Decodes base64. As in Swift, there may be more padding than needed, but not less.
fn decode(data: &Value) -> Result<Bytes, String> {
    const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true);
    let invalid = || "data must be valid base64".to_owned();
    let Value::Text(text) = data else { return Err(invalid()) };
    let digits = text.trim_end_matches('=');
    if text.len() < digits.len().next_multiple_of(4) {
        return Err(invalid());
    }
    let bytes = GeneralPurpose::new(&STANDARD, LENIENT).decode(digits).map_err(|_| invalid())?;
    if bytes.is_empty() { Err(TOO_SMALL.into()) } else { Ok(bytes.into()) }
}

/// A name as JSON in ASCII.
fn quoted(name: &str) -> String {
    let json = serde_json::Value::from(name).to_string();
    let mut ascii = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            ascii.push(c);
        } else {
            let mut units = [0; 2];
            ascii.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    ascii
}
