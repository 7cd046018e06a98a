//! `Range` (RFC 9110 §14.1.2, §14.2).

use std::ops::Range;

/// How many ranges a request may ask for. Stops a small request from asking for the same bytes thousands of
/// times (CVE-2011-3192). A header with more ranges is ignored, as RFC 9110 §14.2 allows.
pub const MAX_RANGES: usize = 50;

/// One range as it was asked for, before the length is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RangeSpec {
    /// From this byte to that one, both included, or to the end.
    FromTo(u64, Option<u64>),
    /// So many bytes at the end.
    Suffix(u64),
}

impl RangeSpec {
    /// The range in an object of `len` bytes, or `None` if there are no such bytes (416).
    pub fn resolve(&self, len: u64) -> Option<Range<u64>> {
        let range = match *self {
            Self::FromTo(first, None) => first..len,
            Self::FromTo(first, Some(last)) => first..last.saturating_add(1).min(len),
            Self::Suffix(count) => len.saturating_sub(count)..len,
        };
        (range.start < range.end).then_some(range)
    }
}

/// Parses a `Range` header. `None` if it is no range of bytes: both protocols then answer with the whole
/// object. Numbers beyond 64 bits count as the largest.
pub fn parse_ranges(header: &str) -> Option<Vec<RangeSpec>> {
    let (unit, set) = header.trim().split_once('=')?;
    if !unit.trim_end().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let mut ranges = Vec::new();
    // RFC 9110 §5.6.1.2: empty list elements are to be accepted.
    for element in set.split(',').map(str::trim).filter(|e| !e.is_empty()) {
        if ranges.len() == MAX_RANGES {
            return None;
        }
        ranges.push(parse_spec(element)?);
    }
    (!ranges.is_empty()).then_some(ranges)
}

fn parse_spec(element: &str) -> Option<RangeSpec> {
    let (first, last) = element.split_once('-')?;
    match (first.trim_end(), last.trim_start()) {
        ("", count) => number(count).map(RangeSpec::Suffix),
        (first, "") => number(first).map(|first| RangeSpec::FromTo(first, None)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(RangeSpec::FromTo(first, Some(last)))
        }
    }
}

/// Digits only: `u64::from_str` would accept a sign.
fn number(digits: &str) -> Option<u64> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::RangeSpec::{FromTo, Suffix};
    use super::*;

    #[test]
    fn the_examples_of_rfc_9110() {
        assert_eq!(parse_ranges("bytes=0-499"), Some(vec![FromTo(0, Some(499))]));
        assert_eq!(parse_ranges("bytes=-500"), Some(vec![Suffix(500)]));
        assert_eq!(parse_ranges("bytes=9500-"), Some(vec![FromTo(9500, None)]));
        let three = Some(vec![FromTo(0, Some(0)), FromTo(500, Some(600)), Suffix(1)]);
        assert_eq!(parse_ranges("bytes= 0-0, ,500-600 , -1"), three);
        assert_eq!(parse_ranges("Bytes=0-0"), Some(vec![FromTo(0, Some(0))]));
    }

    #[test]
    fn what_is_no_range_is_ignored() {
        let bad = [
            "",
            "bytes",
            "bytes=",
            "bytes=,",
            "bytes=-",
            "bytes=2-1",
            "bytes=+1-2",
            "bytes=1--2",
            "bytes=a-b",
        ];
        for bad in bad.into_iter().chain(["lines=0-1", "bytes 0-1", "bytes=0-1;", "bytes=0x1-2"]) {
            assert_eq!(parse_ranges(bad), None, "{bad}");
        }
        let many = format!("bytes={}", vec!["0-"; MAX_RANGES].join(","));
        assert_eq!(parse_ranges(&many).map(|r| r.len()), Some(MAX_RANGES));
        assert_eq!(parse_ranges(&format!("{many},0-")), None);
    }

    #[test]
    fn resolves_within_the_length() {
        assert_eq!(FromTo(0, Some(499)).resolve(10), Some(0..10));
        assert_eq!(FromTo(2, Some(3)).resolve(10), Some(2..4));
        assert_eq!(FromTo(9, None).resolve(10), Some(9..10));
        assert_eq!(FromTo(10, None).resolve(10), None);
        assert_eq!(FromTo(0, None).resolve(0), None);
        assert_eq!(Suffix(3).resolve(10), Some(7..10));
        assert_eq!(Suffix(30).resolve(10), Some(0..10));
        assert_eq!(Suffix(0).resolve(10), None);
        assert_eq!(Suffix(1).resolve(0), None);
        let huge = parse_ranges("bytes=0-99999999999999999999999").unwrap();
        assert_eq!(huge[0].resolve(u64::MAX), Some(0..u64::MAX));
    }
}
