//! Byte ranges (RFC 9110, section 14).

use std::ops::Range;

/// One range of a `Range` header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RangeSpec {
    /// `a-b` or `a-`, both ends inclusive.
    FromTo(u64, Option<u64>),
    /// `-n`: the last `n` bytes.
    Suffix(u64),
}

/// Reads a `Range` header. `None` where it is not syntactically a bytes range: the whole is served then, on both faces.
pub fn parse_ranges(header: &str) -> Option<Vec<RangeSpec>> {
    let list = header.trim();
    let unit = list.get(..6)?;
    if !unit.eq_ignore_ascii_case("bytes=") {
        return None;
    }
    let specs: Option<Vec<_>> =
        list[6..].split(',').map(str::trim).filter(|spec| !spec.is_empty()).map(parse_spec).collect();
    specs.filter(|specs| !specs.is_empty())
}

fn parse_spec(spec: &str) -> Option<RangeSpec> {
    let (first, last) = spec.split_once('-')?;
    let (first, last) = (first.trim(), last.trim());
    match (first.is_empty(), last.is_empty()) {
        (true, true) => None,
        (true, false) => Some(RangeSpec::Suffix(number(last)?)),
        (false, true) => Some(RangeSpec::FromTo(number(first)?, None)),
        (false, false) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(RangeSpec::FromTo(first, Some(last)))
        }
    }
}

/// Digits only; more than a `u64` holds is as good as the largest.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().unwrap_or(u64::MAX))
}

impl RangeSpec {
    /// The bytes it means in a body of `len` bytes, end exclusive. `None`: unsatisfiable.
    pub fn resolve(&self, len: u64) -> Option<Range<u64>> {
        match *self {
            Self::FromTo(first, last) => {
                let end = last.map_or(len, |last| last.saturating_add(1).min(len));
                (first < len).then_some(first..end)
            }
            Self::Suffix(count) => (count > 0 && len > 0).then(|| len.saturating_sub(count)..len),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ranges_mean() {
        let resolve = |header: &str, len| parse_ranges(header).map(|r| r.iter().map(|s| s.resolve(len)).collect::<Vec<_>>());
        assert_eq!(resolve("bytes=0-4", 10), Some(vec![Some(0..5)]));
        assert_eq!(resolve("bytes=5-", 10), Some(vec![Some(5..10)]));
        assert_eq!(resolve("bytes=-3", 10), Some(vec![Some(7..10)]));
        assert_eq!(resolve("bytes=-30", 10), Some(vec![Some(0..10)]));
        assert_eq!(resolve("bytes=0-100", 10), Some(vec![Some(0..10)]));
        assert_eq!(resolve("bytes=10-", 10), Some(vec![None]));
        assert_eq!(resolve("bytes=-0", 10), Some(vec![None]));
        assert_eq!(resolve("bytes=-5", 0), Some(vec![None]));
        assert_eq!(resolve("Bytes=0-1, 4-5", 10), Some(vec![Some(0..2), Some(4..6)]));
        assert_eq!(resolve("bytes=0-99999999999999999999999", 10), Some(vec![Some(0..10)]));
    }

    #[test]
    fn what_is_no_range() {
        for header in ["", "bytes", "bytes=", "bytes=abc", "bytes=5-2", "bytes=-", "bytes=1", "octets=0-1", "bytes=0-1,x", "bytes=+1-2", "byté=0-1"] {
            assert_eq!(parse_ranges(header), None, "{header}");
        }
    }
}
