//! The body of `PUT …?multipart-manifest=put`: the manifest of a static large object, checked in Swift's
//! words.
//!
//! Anybody who may write can send any manifest. So it is read in one pass, and the memory for it is bounded,
//! whatever it contains.

use std::fmt;

use poem::http::StatusCode;
use serde::Deserializer;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::segment::{SegmentFields, SegmentSeed, TOO_SMALL};
use crate::model::{BucketName, ObjectKey};
use crate::ops::{MAX_KEYED_SEGMENTS, MAX_SEGMENTS, SegmentRequest};
use crate::swift::error::Failure;

/// The most problems that are reported: more would help nobody.
const MAX_PROBLEMS: usize = 1000;

/// Reads the manifest of the object at `bucket` and `key`.
pub(crate) fn parse(
    body: &[u8],
    bucket: &BucketName,
    key: &ObjectKey,
) -> Result<Vec<SegmentRequest>, Failure> {
    let mut manifest = Manifest::of(bucket, key);
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = json.deserialize_any(&mut manifest).and_then(|()| json.end());
    if read.is_err() {
        return Err(Failure::bad_request("Manifest must be valid JSON.\n"));
    }
    manifest.finish()
}

/// The part of the manifest that was read so far.
struct Manifest<'a> {
    own: (&'a BucketName, &'a ObjectKey),
    is_list: bool,
    entries: usize,
    objects: usize,
    segments: Vec<SegmentRequest>,
    problems: Vec<String>,
    /// A problem that counts only if another entry follows.
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
                self.objects += usize::from(entry.names_object());
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

    // The rest is valid JSON, but not a list.

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
    fn a_body_that_is_not_a_list_is_refused() {
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
    fn each_mistake_in_an_entry_has_its_sentence() {
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
    fn data_alone_makes_no_large_object() {
        let said = refusal(r#"[{"data":"YQ=="},{"data":"YWE===="}]"#);
        assert_eq!(said, "Inline data segments require at least one object-backed segment.\n");
    }

    #[test]
    fn a_good_manifest_becomes_segments() {
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
    fn too_many_segments_are_refused() {
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
