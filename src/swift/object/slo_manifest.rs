//! The body of `PUT …?multipart-manifest=put`: a static large object's manifest, checked in Swift's words.
//!
//! It comes from anybody who may write: it is read in one pass, and what is kept of it is bounded, whatever it holds.

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use poem::http::StatusCode;
use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::slo_field::Field;
use crate::http::range::{MAX_RANGES, parse_ranges};
use crate::model::{BucketName, ObjectKey};
use crate::ops::{MAX_KEYED_SEGMENTS, MAX_SEGMENTS, SegmentRequest};
use crate::swift::error::Failure;

/// Lines of complaint that are kept: more help nobody.
const MAX_PROBLEMS: usize = 1000;

/// Names of unknown keys that one line tells.
const MAX_NAMES: usize = 32;

const TOO_SMALL: &str = "too small; each segment must be at least 1 byte.";

/// Reads the manifest of the object at `bucket` and `key`.
pub fn parse(body: &[u8], bucket: &BucketName, key: &ObjectKey) -> Result<Vec<SegmentRequest>, Failure> {
    let mut manifest = Manifest::of(bucket, key);
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = json.deserialize_any(&mut manifest).and_then(|()| json.end());
    if read.is_err() {
        return Err(Failure::bad_request("Manifest must be valid JSON.\n"));
    }
    manifest.finish()
}

/// What is read so far.
struct Manifest<'a> {
    own: (&'a BucketName, &'a ObjectKey),
    is_list: bool,
    entries: usize,
    objects: usize,
    segments: Vec<SegmentRequest>,
    problems: Vec<String>,
    /// What is wrong only if the entry is not the last one.
    unless_last: Option<String>,
}

impl<'a> Manifest<'a> {
    const fn of(bucket: &'a BucketName, key: &'a ObjectKey) -> Self {
        Self {
            own: (bucket, key),
            is_list: false,
            entries: 0,
            objects: 0,
            segments: Vec::new(),
            problems: Vec::new(),
            unless_last: None,
        }
    }

    fn add(&mut self, entry: Option<SegmentFields>) {
        if let Some(problem) = self.unless_last.take() {
            self.complain(problem);
        }
        let index = self.entries;
        self.entries += 1;
        let segment = match entry {
            None => Err("not a JSON object".to_owned()),
            Some(entry) => {
                self.objects += usize::from(entry.path.is_some() && entry.data.is_none());
                if entry.is_empty_object() {
                    self.unless_last = Some(format!("Index {index}: {TOO_SMALL}"));
                }
                entry.segment(self.own)
            }
        };
        match segment {
            Ok(segment) if self.segments.len() < MAX_KEYED_SEGMENTS as usize => self.segments.push(segment),
            Ok(_) => {}
            Err(problem) => {
                self.unless_last = None;
                self.complain(format!("Index {index}: {problem}"));
            }
        }
    }

    fn complain(&mut self, problem: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }

    fn finish(mut self) -> Result<Vec<SegmentRequest>, Failure> {
        if !self.is_list {
            return Err(Failure::bad_request("Manifest must be a list.\n"));
        }
        let is_data = |segment: &SegmentRequest| matches!(segment, SegmentRequest::Data(_));
        if !self.segments.is_empty() && self.objects == 0 && self.segments.iter().all(is_data) {
            self.complain("Inline data segments require at least one object-backed segment.".into());
        }
        if !self.problems.is_empty() {
            return Err(Failure::bad_request(self.problems.join("\n") + "\n"));
        }
        let too_many = |sentence: String| Err(Failure::with(StatusCode::PAYLOAD_TOO_LARGE, sentence));
        if self.objects > MAX_SEGMENTS as usize {
            return too_many(format!("Number of object-backed segments must be <= {MAX_SEGMENTS}"));
        }
        if self.entries > MAX_KEYED_SEGMENTS as usize {
            return too_many(format!("Number of segments must be <= {MAX_KEYED_SEGMENTS}"));
        }
        Ok(self.segments)
    }
}

impl<'de> Visitor<'de> for &mut Manifest<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.is_list = true;
        while let Some(entry) = list.next_element_seed(SegmentSeed)? {
            self.add(entry);
        }
        Ok(())
    }

    // What is valid JSON and no list.

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// One entry of the list, as it came. Of a key that is there twice, the last counts.
#[derive(Default)]
struct SegmentFields {
    path: Option<Field>,
    etag: Option<Field>,
    size: Option<Field>,
    range: Option<Field>,
    data: Option<Field>,
    unknown: BTreeSet<String>,
}

impl SegmentFields {
    /// Whether it says that its object has no bytes, which only the last segment may say.
    fn is_empty_object(&self) -> bool {
        self.size.as_ref().and_then(Field::integer).is_some_and(|size| size < 1)
    }

    /// The segment, or what is wrong with it.
    fn segment(self, own: (&BucketName, &ObjectKey)) -> Result<SegmentRequest, String> {
        let known: [(&str, &Option<Field>); 4] =
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
        let Some(Field::Text(path)) = self.path else { return Err("\"path\" must be a string".into()) };
        let etag = match self.etag {
            None | Some(Field::Null) => None,
            Some(Field::Text(etag)) => Some(etag),
            Some(_) => return Err("\"etag\" must be a string or null (if provided)".into()),
        };
        let (bucket, key) = located(&path)
            .ok_or("path does not refer to an object. Path must be of the form /container/object.")?;
        let size = match self.size {
            None | Some(Field::Null) => None,
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

struct SegmentSeed;

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

/// The object that a path names, with or without a slash in front.
fn located(path: &str) -> Option<(BucketName, ObjectKey)> {
    if !path.trim_matches('/').contains('/') {
        return None;
    }
    let (bucket, key) = path.trim_start_matches('/').split_once('/')?;
    Some((BucketName::new(bucket).ok()?, ObjectKey::new(key).ok()?))
}

/// The text of a range, as it stands behind `bytes=`.
fn checked_range(range: Field, size: Option<u64>) -> Result<String, String> {
    let Field::Text(range) = range else { return Err("invalid range".into()) };
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

/// Bytes in base64. As in Swift there may be more padding than is needed, but not less.
fn decode(data: &Field) -> Result<Bytes, String> {
    const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true);
    let invalid = || "data must be valid base64".to_owned();
    let Field::Text(text) = data else { return Err(invalid()) };
    let digits = text.trim_end_matches('=');
    if text.len() < digits.len().next_multiple_of(4) {
        return Err(invalid());
    }
    let bytes = GeneralPurpose::new(&STANDARD, LENIENT).decode(digits).map_err(|_| invalid())?;
    if bytes.is_empty() { Err(TOO_SMALL.into()) } else { Ok(bytes.into()) }
}

/// A name as JSON writes it, in ASCII.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &str) -> Result<Vec<SegmentRequest>, String> {
        let (bucket, key) = (BucketName::new("c").unwrap(), ObjectKey::new("own").unwrap());
        parse(body.as_bytes(), &bucket, &key).map_err(|failure| failure.sentence().to_owned())
    }

    fn refusal(body: &str) -> String {
        parsed(body).unwrap_err()
    }

    #[test]
    fn what_is_no_list() {
        for body in ["", "[", "hello", "[] x", "[{\"path\": }]", "\u{0}", "[{\"a\":1,]"] {
            assert_eq!(refusal(body), "Manifest must be valid JSON.\n", "{body}");
        }
        for body in ["{}", "{\"a\": [1]}", "1", "-1", "1.5", "null", "true", "\"x\""] {
            assert_eq!(refusal(body), "Manifest must be a list.\n", "{body}");
        }
        assert!(refusal(&"[".repeat(100_000)).contains("valid JSON"));
        assert_eq!(parsed("[]"), Ok(vec![]));
    }

    #[test]
    fn what_is_wrong_with_an_entry() {
        for (entry, problem) in [
            ("1", "not a JSON object"),
            ("null", "not a JSON object"),
            ("[[1]]", "not a JSON object"),
            ("{}", "expected keys to include one of 'data' or 'path'"),
            (r#"{"path":"/c/o","foo":1,"é":2}"#, r#"extraneous keys "foo", "\u00e9""#),
            (r#"{"data":"YQ==","path":"/c/o"}"#, r#"extraneous keys "path""#),
            (r#"{"path":1}"#, "\"path\" must be a string"),
            (r#"{"path":"/c/o","etag":1}"#, "\"etag\" must be a string or null (if provided)"),
            (
                r#"{"path":"/c/"}"#,
                "path does not refer to an object. Path must be of the form /container/object.",
            ),
            (r#"{"path":"/c/o","size_bytes":"fht"}"#, "invalid size_bytes"),
            (r#"{"path":"/c/o","size_bytes":[]}"#, "invalid size_bytes"),
            (r#"{"path":"/c/own"}"#, "manifest must not include itself as a segment"),
            (r#"{"path":"c/own","range":"x"}"#, "manifest must not include itself as a segment"),
            (r#"{"path":"/c/o","range":"non-range value"}"#, "invalid range"),
            (r#"{"path":"/c/o","range":7}"#, "invalid range"),
            (r#"{"path":"/c/o","range":"1-2,4-5"}"#, "multiple ranges (only one allowed)"),
            (r#"{"path":"/c/o","range":"10-","size_bytes":10}"#, "unsatisfiable range"),
            (r#"{"data":1}"#, "data must be valid base64"),
            (r#"{"data":"YQ"}"#, "data must be valid base64"),
            (r#"{"data":"Y Q="}"#, "data must be valid base64"),
            (r#"{"data":""}"#, TOO_SMALL),
        ] {
            let said = refusal(&format!(r#"[{entry},{{"path":"/c/o"}}]"#));
            assert_eq!(said, format!("Index 0: {problem}\n"), "{entry}");
        }
        let two = refusal(r#"[{"path":"/c/o","range":"x"},null]"#);
        assert_eq!(two, "Index 0: invalid range\nIndex 1: not a JSON object\n");
    }

    #[test]
    fn only_the_last_segment_may_be_empty() {
        let said = refusal(r#"[{"path":"/c/o","size_bytes":0},{"path":"/c/o","size_bytes":"0"}]"#);
        assert_eq!(said, format!("Index 0: {TOO_SMALL}\n"));
    }

    #[test]
    fn data_alone_is_no_large_object() {
        let said = refusal(r#"[{"data":"YQ=="},{"data":"YWE===="}]"#);
        assert_eq!(said, "Inline data segments require at least one object-backed segment.\n");
    }

    #[test]
    fn segments() {
        let body = r#"[{"path":"c/o/p","etag":"\"E\"","size_bytes":"12","range":"1-"},
                       {"path":"/d/ü","etag":null,"size_bytes":null,"range":null,"path":"/e/x"},{"data":"YWE===="}]"#;
        let object =
            |path: &str, bucket, key, etag: Option<&str>, size, range: Option<&str>| SegmentRequest::Object {
                path: path.into(),
                bucket: BucketName::new(bucket).unwrap(),
                key: ObjectKey::new(key).unwrap(),
                etag: etag.map(str::to_owned),
                size,
                range: range.map(str::to_owned),
            };
        assert_eq!(
            parsed(body).unwrap(),
            [
                object("c/o/p", "c", "o/p", Some("E"), Some(12), Some("1-")),
                object("/e/x", "e", "x", None, None, None),
                SegmentRequest::Data("aa".into()),
            ]
        );
    }

    #[test]
    fn no_more_than_there_may_be() {
        let list = |entry: &str, count| format!("[{}]", vec![entry; count].join(","));
        assert_eq!(parsed(&list(r#"{"path":"/c/o"}"#, 1000)).unwrap().len(), 1000);
        let many = refusal(&list(r#"{"path":"/c/o"}"#, 1001));
        assert_eq!(many, "Number of object-backed segments must be <= 1000");
        let data = list(r#"{"data":"YQ=="}"#, 10_000);
        let said = refusal(&data.replacen('[', r#"[{"path":"/c/o"},"#, 1));
        assert_eq!(said, "Number of segments must be <= 10000");
        assert_eq!(refusal(&list("0", 100_000)).lines().count(), MAX_PROBLEMS);
    }
}
