//! The list of segments that a client sends, checked as Swift checks it and with Swift's sentences.

use std::fmt::Write;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use crate::http::range::parse_ranges;
use crate::model::{BucketName, ObjectKey};
use crate::ops::{MAX_SEGMENTS, SegmentRequest};
use crate::swift::error::{Failure, too_large_with};

/// Base64 with or without its padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const NO_PATH: &str = "path does not refer to an object. Path must be of the form /container/object.";
const TOO_SMALL: &str = "too small; each segment must be at least 1 byte.";
const DATA_ALONE: &str = "Inline data segments require at least one object-backed segment.\n";

/// Reads the list for the manifest of `own`. All that is wrong with it is told at once.
pub fn parse(body: &[u8], own: (&BucketName, &ObjectKey)) -> Result<Vec<SegmentRequest>, Failure> {
    let list: Value =
        serde_json::from_slice(body).map_err(|_| Failure::bad_request("Manifest must be valid JSON.\n"))?;
    let Value::Array(list) = list else {
        return Err(Failure::bad_request("Manifest must be a list.\n"));
    };
    let mut segments = Vec::with_capacity(list.len());
    let (mut problems, mut objects) = (String::new(), 0_u32);
    for (index, item) in list.iter().enumerate() {
        match segment(item, index + 1 == list.len(), own) {
            Ok(segment) => {
                objects += u32::from(matches!(segment, SegmentRequest::Object { .. }));
                segments.push(segment);
            }
            // Writing to a string does not fail.
            Err(problem) => {
                let _ = writeln!(problems, "Index {index}: {problem}");
            }
        }
    }
    if problems.is_empty() && objects == 0 && !segments.is_empty() {
        problems.push_str(DATA_ALONE);
    }
    if !problems.is_empty() {
        return Err(Failure::bad_request(problems));
    }
    if objects > MAX_SEGMENTS {
        let sentence = format!("Number of object-backed segments must be <= {MAX_SEGMENTS}");
        return Err(too_large_with(sentence));
    }
    Ok(segments)
}

fn segment(item: &Value, is_last: bool, own: (&BucketName, &ObjectKey)) -> Result<SegmentRequest, String> {
    let Value::Object(item) = item else { return Err("not a JSON object".into()) };
    if let Some(data) = item.get("data") {
        extraneous(item, &["data"])?;
        return self::data(data);
    }
    if !item.contains_key("path") {
        return Err("expected keys to include one of 'data' or 'path'".into());
    }
    extraneous(item, &["etag", "path", "range", "size_bytes"])?;
    object(item, is_last, own)
}

fn extraneous(item: &Map<String, Value>, allowed: &[&str]) -> Result<(), String> {
    let mut others: Vec<_> = item.keys().filter(|key| !allowed.contains(&key.as_str())).collect();
    others.sort_unstable();
    let others: Vec<_> = others.iter().map(|key| Value::from(key.as_str()).to_string()).collect();
    if others.is_empty() { Ok(()) } else { Err(format!("extraneous keys {}", others.join(", "))) }
}

fn data(data: &Value) -> Result<SegmentRequest, String> {
    let bytes = data.as_str().and_then(|text| BASE64.decode(text).ok());
    match bytes.ok_or("data must be valid base64")? {
        bytes if bytes.is_empty() => Err(TOO_SMALL.into()),
        bytes => Ok(SegmentRequest::Data(bytes.into())),
    }
}

fn object(
    item: &Map<String, Value>,
    is_last: bool,
    own: (&BucketName, &ObjectKey),
) -> Result<SegmentRequest, String> {
    let path = item.get("path").and_then(Value::as_str).ok_or("\"path\" must be a string")?;
    let etag = match item.get("etag") {
        None | Some(Value::Null) => None,
        Some(Value::String(etag)) => Some(etag.trim_matches('"').to_ascii_lowercase()),
        Some(_) => return Err("\"etag\" must be a string or null (if provided)".into()),
    };
    let etag = etag.filter(|etag| !etag.is_empty());
    let (bucket, key) = names(path)?;
    let size = size(item.get("size_bytes"))?;
    if size == Some(0) && !is_last {
        return Err(TOO_SMALL.into());
    }
    if (&bucket, &key) == own {
        return Err("manifest must not include itself as a segment".into());
    }
    let range = match item.get("range") {
        None | Some(Value::Null) => None,
        Some(Value::String(range)) if range.is_empty() => None,
        Some(Value::String(range)) => Some(checked_range(range, size)?),
        Some(_) => return Err("invalid range".into()),
    };
    Ok(SegmentRequest::Object { path: format!("/{bucket}/{key}"), bucket, key, etag, size, range })
}

fn names(path: &str) -> Result<(BucketName, ObjectKey), String> {
    let (bucket, key) = path.trim_start_matches('/').split_once('/').ok_or(NO_PATH)?;
    if key.trim_matches('/').is_empty() {
        return Err(NO_PATH.into());
    }
    let bucket = BucketName::new(bucket).map_err(|_| NO_PATH)?;
    let key = ObjectKey::new(key).map_err(|_| NO_PATH)?;
    Ok((bucket, key))
}

fn size(value: Option<&Value>) -> Result<Option<u64>, String> {
    let size = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(_) => None,
    };
    size.map(Some).ok_or_else(|| "invalid size_bytes".into())
}

/// One range, which the size that is said must satisfy.
fn checked_range(range: &str, size: Option<u64>) -> Result<String, String> {
    let ranges = parse_ranges(&format!("bytes={range}")).ok_or("invalid range")?;
    let [only] = ranges.as_slice() else {
        return Err("multiple ranges (only one allowed)".into());
    };
    match size {
        Some(size) if only.resolve(size).is_none() => Err("unsatisfiable range".into()),
        _ => Ok(range.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Vec<SegmentRequest>, String> {
        let own = (&BucketName::new("c").unwrap(), &ObjectKey::new("o").unwrap());
        parse(body.as_bytes(), own).map_err(|failure| failure.sentence().to_owned())
    }

    #[test]
    fn what_clients_send() {
        let segments = read(
            r#"[{"path": "/s/a", "etag": "ABC", "size_bytes": 5}, {"path": "s/b//c", "etag": null, "size_bytes": "7",
                 "range": "1-2"}, {"data": "aGk="}, {"path": "/s/d"}]"#,
        )
        .unwrap();
        let object =
            |path: &str, key: &str, etag: Option<&str>, size, range: Option<&str>| SegmentRequest::Object {
                path: path.into(),
                bucket: BucketName::new("s").unwrap(),
                key: ObjectKey::new(key).unwrap(),
                etag: etag.map(str::to_owned),
                size,
                range: range.map(str::to_owned),
            };
        assert_eq!(
            segments,
            [
                object("/s/a", "a", Some("abc"), Some(5), None),
                object("/s/b//c", "b//c", None, Some(7), Some("1-2")),
                SegmentRequest::Data("hi".into()),
                object("/s/d", "d", None, None, None),
            ]
        );
        assert_eq!(read("[]"), Ok(vec![]));
    }

    #[test]
    fn swifts_sentences() {
        for (body, sentence) in [
            ("{", "Manifest must be valid JSON.\n"),
            ("{}", "Manifest must be a list.\n"),
            ("[1]", "Index 0: not a JSON object\n"),
            ("[{}]", "Index 0: expected keys to include one of 'data' or 'path'\n"),
            (r#"[{"path": "/s/a", "foo": 1, "bar": 2}]"#, "Index 0: extraneous keys \"bar\", \"foo\"\n"),
            (r#"[{"path": 1}]"#, "Index 0: \"path\" must be a string\n"),
            (
                r#"[{"path": "/s/a", "etag": 1}]"#,
                "Index 0: \"etag\" must be a string or null (if provided)\n",
            ),
            (
                r#"[{"path": "/s"}]"#,
                "Index 0: path does not refer to an object. Path must be of the form /container/object.\n",
            ),
            (r#"[{"path": "/s/a", "size_bytes": "x"}]"#, "Index 0: invalid size_bytes\n"),
            (
                r#"[{"path": "/s/a", "size_bytes": 0}, {"path": "/s/b"}]"#,
                "Index 0: too small; each segment must be at least 1 byte.\n",
            ),
            (r#"[{"path": "/c/o"}]"#, "Index 0: manifest must not include itself as a segment\n"),
            (r#"[{"path": "/s/a", "range": "x"}]"#, "Index 0: invalid range\n"),
            (r#"[{"path": "/s/a", "range": "0-1,3-4"}]"#, "Index 0: multiple ranges (only one allowed)\n"),
            (r#"[{"path": "/s/a", "range": "5-6", "size_bytes": 3}]"#, "Index 0: unsatisfiable range\n"),
            (r#"[{"data": "?"}]"#, "Index 0: data must be valid base64\n"),
            (r#"[{"data": ""}]"#, "Index 0: too small; each segment must be at least 1 byte.\n"),
            (r#"[{"data": "aGk="}]"#, DATA_ALONE),
            (r#"[1, {"path": "/s/a"}, 2]"#, "Index 0: not a JSON object\nIndex 2: not a JSON object\n"),
        ] {
            assert_eq!(read(body), Err(sentence.to_owned()), "{body}");
        }
        let many = vec![r#"{"path": "/s/a"}"#; 1001].join(",");
        assert_eq!(
            read(&format!("[{many}]")),
            Err("Number of object-backed segments must be <= 1000".to_owned())
        );
    }
}
