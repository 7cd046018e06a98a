//! The bytes of an object that a GET asks for, by Swift's rules.

use std::ops::Range;

use poem::http::HeaderMap;
use poem::http::header::{IF_RANGE, RANGE};

use crate::http::date;
use crate::http::range::{MAX_RANGES, RangeSpec, parse_ranges};
use crate::swift::limits::{MAX_NONASCENDING_RANGES, MAX_RANGE_OVERLAPS};

/// The part of the object to send.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Plan {
    /// The whole object.
    Whole,
    /// 206 with one range.
    One(Range<u64>),
    /// 206 with several.
    Several(Vec<Range<u64>>),
    Unsatisfiable,
}

/// Decides what to send of an object of `size` bytes. `etag` and `modified` are those of the answer.
pub(crate) fn plan(headers: &HeaderMap, size: u64, etag: Option<&str>, modified: i64) -> Plan {
    let Some(range) = headers.get(RANGE).and_then(|value| value.to_str().ok()) else { return Plan::Whole };
    if !if_range_holds(headers, etag, modified) {
        return Plan::Whole;
    }
    let Some(specs) = parse_ranges(range) else {
        return if has_too_many(range) { Plan::Unsatisfiable } else { Plan::Whole };
    };
    // The last bytes of an empty object are no bytes, which can be sent.
    if size == 0 && specs.iter().any(|spec| matches!(spec, RangeSpec::Suffix(1..))) {
        return Plan::Whole;
    }
    let mut ranges: Vec<_> = specs.iter().filter_map(|spec| spec.resolve(size)).collect();
    match ranges.len() {
        0 => Plan::Unsatisfiable,
        1 => Plan::One(ranges.remove(0)),
        _ if is_egregious(&ranges) => Plan::Unsatisfiable,
        _ => Plan::Several(ranges),
    }
}

/// `If-Range` (RFC 9110 §13.1.5): the range counts only if the client holds a part of this representation.
fn if_range_holds(headers: &HeaderMap, etag: Option<&str>, modified: i64) -> bool {
    let Some(value) = headers.get(IF_RANGE) else { return true };
    let Ok(value) = value.to_str().map(str::trim) else { return false };
    let unquoted = |tag: &str| tag.trim_matches('"').to_owned();
    date::parse_http(value) == Some(modified) || etag.is_some_and(|etag| unquoted(etag) == unquoted(value))
}

/// Whether the only mistake in a refused header is the number of its ranges.
fn has_too_many(range: &str) -> bool {
    let Some((unit, set)) = range.split_once('=') else { return false };
    let elements: Vec<_> = set.split(',').map(str::trim).filter(|element| !element.is_empty()).collect();
    elements.len() > MAX_RANGES
        && elements
            .chunks(MAX_RANGES)
            .all(|some| parse_ranges(&format!("{unit}={}", some.join(","))).is_some())
}

/// RFC 7233 §6.1: many overlapping ranges, or ranges out of order, have no good use.
fn is_egregious(ranges: &[Range<u64>]) -> bool {
    let pairs = || ranges.iter().zip(&ranges[1..]);
    let overlaps = pairs().filter(|(a, b)| a.start < b.end && b.start < a.end && a != b).count();
    let descents = pairs().filter(|(a, b)| a.start > b.start).count();
    overlaps > MAX_RANGE_OVERLAPS || descents > MAX_NONASCENDING_RANGES
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;

    use super::*;

    fn planned(range: &str, size: u64) -> Plan {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, HeaderValue::from_str(range).unwrap());
        plan(&headers, size, Some("e"), 7)
    }

    #[test]
    fn one_range() {
        for (range, size, expected) in [
            ("bytes=0-4", 10, Plan::One(0..5)),
            ("bytes=0-100", 10, Plan::One(0..10)),
            ("bytes=5-", 10, Plan::One(5..10)),
            ("bytes=-3", 10, Plan::One(7..10)),
            ("bytes=-30", 10, Plan::One(0..10)),
            ("bytes=0-0,20-", 10, Plan::One(0..1)),
            ("BYTES = 0 - 4", 10, Plan::One(0..5)),
            ("bytes=20-", 10, Plan::Unsatisfiable),
            ("bytes=-0", 10, Plan::Unsatisfiable),
            ("bytes=5-2", 10, Plan::Whole),
            ("abc", 10, Plan::Whole),
            ("bytes=-5", 0, Plan::Whole),
            ("bytes=0-", 0, Plan::Unsatisfiable),
            ("bytes=-0", 0, Plan::Unsatisfiable),
        ] {
            assert_eq!(planned(range, size), expected, "{range} of {size}");
        }
        assert_eq!(plan(&HeaderMap::new(), 10, None, 0), Plan::Whole);
    }

    #[test]
    fn several_ranges_are_sent_within_limits() {
        assert_eq!(planned("bytes=0-1,4-5", 10), Plan::Several(vec![0..2, 4..6]));
        assert_eq!(planned("bytes=4-5,0-1", 10), Plan::Several(vec![4..6, 0..2]));
        let overlapping = |n: u64| {
            let ranges: Vec<_> = (0..=n).map(|i| format!("{i}-{}", i + 1)).collect();
            planned(&format!("bytes={}", ranges.join(",")), 100)
        };
        assert!(matches!(overlapping(2), Plan::Several(_)));
        assert_eq!(overlapping(3), Plan::Unsatisfiable);
        let descending = |n: u64| {
            let ranges: Vec<_> = (0..=n).rev().map(|i| format!("{}-{}", 2 * i, 2 * i)).collect();
            planned(&format!("bytes={}", ranges.join(",")), 100)
        };
        assert!(matches!(descending(8), Plan::Several(_)));
        assert_eq!(descending(9), Plan::Unsatisfiable);
        let many = |n: u64| {
            let ranges: Vec<_> = (0..n).map(|i| format!("{}-{}", 2 * i, 2 * i)).collect();
            planned(&format!("bytes={}", ranges.join(",")), 1000)
        };
        assert!(matches!(many(50), Plan::Several(_)));
        assert_eq!(many(51), Plan::Unsatisfiable);
        assert_eq!(planned(&format!("bytes={}", ["x"; 60].join(",")), 10), Plan::Whole);
    }

    #[test]
    fn a_range_of_another_representation_sends_the_whole_object() {
        for (if_range, expected) in [
            ("\"e\"", Plan::One(0..1)),
            ("e", Plan::One(0..1)),
            ("Thu, 01 Jan 1970 00:00:07 GMT", Plan::One(0..1)),
            ("\"other\"", Plan::Whole),
            ("Thu, 01 Jan 1970 00:00:08 GMT", Plan::Whole),
            ("W/\"e\"", Plan::Whole),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RANGE, HeaderValue::from_static("bytes=0-0"));
            headers.insert(IF_RANGE, HeaderValue::from_str(if_range).unwrap());
            assert_eq!(plan(&headers, 10, Some("e"), 7), expected, "{if_range}");
        }
    }
}
