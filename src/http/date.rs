//! The forms in which both protocols write points in time.

use std::time::{Duration, UNIX_EPOCH};

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::model::Timestamp;

/// 9999-12-31T23:59:59Z: the last second that all of the formats can express.
const LAST_SECOND: i64 = 253_402_300_799;

const AMZ: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]T[hour][minute][second]Z");

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7). Points outside of 1970 to 9999 become the nearest
/// inside.
pub fn format_http(seconds: i64) -> String {
    let seconds = u64::try_from(seconds.min(LAST_SECOND)).unwrap_or(0);
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
}

/// Parses any of the three forms of RFC 9110 §5.6.7.
pub fn parse_http(text: &str) -> Option<i64> {
    let time = httpdate::parse_http_date(text.trim()).ok()?;
    i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}

/// `2026-11-21T00:35:17.881Z`: S3's bodies.
pub fn format_iso8601_millis(at: Timestamp) -> String {
    format(at, format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"))
}

/// `2026-11-21T00:35:17.881380`: Swift's listings.
pub fn format_swift(at: Timestamp) -> String {
    format(at, format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]"))
}

pub fn format_amz(seconds: i64) -> String {
    format(Timestamp::from_seconds(seconds.clamp(0, LAST_SECOND)), AMZ)
}

/// Parses `20130524T000000Z`, and no other form.
pub fn parse_amz(text: &str) -> Option<i64> {
    // A year may have a sign, but then the text is longer.
    let moment = PrimitiveDateTime::parse(text, AMZ).ok().filter(|_| text.len() == 16)?;
    Some(moment.assume_utc().unix_timestamp())
}

/// Points outside of 1970 to 9999 become the nearest second inside.
fn format(at: Timestamp, form: &[BorrowedFormatItem<'_>]) -> String {
    let seconds = at.seconds_floor().clamp(0, LAST_SECOND);
    let micros = u32::try_from(at.steps().rem_euclid(100_000) * 10).unwrap_or(0);
    let moment = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let moment = moment.replace_microsecond(micros).unwrap_or(moment);
    // A point in time has all components of every form, so this cannot fail.
    moment.format(form).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_dates() {
        assert_eq!(format_http(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        for form in
            ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
        {
            assert_eq!(parse_http(form), Some(784_111_777), "{form}");
        }
        assert_eq!(parse_http("1994-11-06"), None);
        assert_eq!(format_http(i64::MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(format_http(-1), "Thu, 01 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn iso_dates() {
        let at = Timestamp::from_steps(179_522_131_788_138);
        assert_eq!(format_iso8601_millis(at), "2026-11-21T00:35:17.881Z");
        assert_eq!(format_swift(at), "2026-11-21T00:35:17.881380");
        assert_eq!(format_swift(Timestamp::from_seconds(0)), "1970-01-01T00:00:00.000000");
        assert_eq!(format_iso8601_millis(Timestamp::from_steps(i64::MAX)).len(), 24);
    }

    #[test]
    fn amz_dates() {
        assert_eq!(parse_amz("20130524T000000Z"), Some(1_369_353_600));
        assert_eq!(format_amz(1_369_353_600), "20130524T000000Z");
        let bad =
            ["", "20130524", "20130524T000000", "20130524T000000z", "20131324T000000Z", "20130230T000000Z"];
        for bad in bad.into_iter().chain([
            "20130524T240000Z",
            "20130524T235960Z",
            "+20130524T000000Z",
            "-20130524T000000Z",
            "2013-5-4T000000Z",
            "+0130524T000000Z",
            "é0130524T00000Z",
        ]) {
            assert_eq!(parse_amz(bad), None, "{bad}");
        }
    }
}
