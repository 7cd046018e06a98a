//! Dates in the forms of both protocols.

use std::time::{Duration, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::model::Timestamp;

const AMZ: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]T[hour][minute][second]Z");
const MILLIS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
const MICROS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]");

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
pub fn format_http(seconds: i64) -> String {
    let seconds = u64::try_from(seconds).unwrap_or(0).min(253_402_300_799);
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
}

/// Reads any of the three forms of an HTTP date.
pub fn parse_http(text: &str) -> Option<i64> {
    let time = httpdate::parse_http_date(text.trim()).ok()?;
    i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}

/// `2026-11-21T00:35:17.881Z`, as in S3's XML.
pub fn format_iso8601_millis(at: Timestamp) -> String {
    format(at, MILLIS)
}

/// `2026-11-21T00:35:17.881380`, as in Swift's listings.
pub fn format_swift(at: Timestamp) -> String {
    format(at, MICROS)
}

fn format(at: Timestamp, form: &[BorrowedFormatItem<'_>]) -> String {
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.micros()) * 1000);
    time.ok().and_then(|time| time.format(form).ok()).unwrap_or_default()
}

/// Reads `20130524T000000Z`, the form of `x-amz-date`.
pub fn parse_amz(text: &str) -> Option<i64> {
    let time = time::PrimitiveDateTime::parse(text, AMZ).ok()?;
    Some(time.assume_utc().unix_timestamp())
}

/// Writes the form of `x-amz-date`.
pub fn format_amz(seconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(seconds).ok().and_then(|time| time.format(AMZ).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let at = Timestamp::from_steps(178_439_253_788_138);
        assert_eq!(format_iso8601_millis(at), "2026-07-18T16:35:37.881Z");
        assert_eq!(format_swift(at), "2026-07-18T16:35:37.881380");
        assert_eq!(format_http(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(format_amz(1_369_353_600), "20130524T000000Z");
    }

    #[test]
    fn reads_what_it_writes_and_refuses_the_rest() {
        assert_eq!(parse_http("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(parse_http("Sunday, 06-Nov-94 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(parse_http("soon"), None);
        assert_eq!(parse_amz("20130524T000000Z"), Some(1_369_353_600));
        for bad in ["", "20130524T000000", "2013-05-24T00:00:00Z", "20131324T000000Z", "20130524T000000Zx"] {
            assert_eq!(parse_amz(bad), None, "{bad}");
        }
    }
}
