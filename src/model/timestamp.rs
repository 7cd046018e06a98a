//! Points in time, in steps of 10 µs: the precision of Swift's `X-Timestamp` and of both faces' version ids.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Tens of microseconds since the Unix epoch.
///
/// Commit order is version order: the index gives every version of a key a later timestamp than the one
/// before, `max(now, previous + 10 µs)`. `Last-Modified`, `X-Timestamp` and version ids all follow from it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Timestamp(i64);

/// Steps in a second.
const PER_SECOND: i64 = 100_000;

impl Timestamp {
    /// Takes a count of 10 µs steps, as stored.
    pub const fn from_steps(steps: i64) -> Self {
        Self(steps)
    }

    /// The count of 10 µs steps, to store.
    pub const fn steps(self) -> i64 {
        self.0
    }

    /// The time now. For tests that need another clock, take timestamps as arguments instead.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
    pub fn now() -> Self {
        Self::from_system(SystemTime::now())
    }

    /// Rounds a system time down to a step.
    pub fn from_system(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Self(i64::try_from(since.as_micros() / 10).unwrap_or(i64::MAX))
    }

    /// Takes whole seconds since the epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds * PER_SECOND)
    }

    /// The next step. A version gets it if the clock has not moved since the version before.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// Whole seconds since the epoch, rounded up, as Swift rounds `Last-Modified`.
    pub const fn seconds_ceil(self) -> i64 {
        (self.0 + PER_SECOND - 1).div_euclid(PER_SECOND)
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds_floor(self) -> i64 {
        self.0.div_euclid(PER_SECOND)
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0 * 10
    }

    /// Moves by a duration, to the step.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros() / 10).unwrap_or(i64::MAX)))
    }

    /// Moves back by a duration, to the step.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros() / 10).unwrap_or(i64::MAX)))
    }
}

/// Swift's form: seconds, a point, five decimals (`1795221320.00000`).
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:010}.{:05}", self.0.div_euclid(PER_SECOND), self.0.rem_euclid(PER_SECOND))
    }
}

impl std::str::FromStr for Timestamp {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (seconds, fraction) = text.split_once('.').ok_or(())?;
        if fraction.len() != 5 || seconds.is_empty() || seconds.len() > 12 {
            return Err(());
        }
        if !text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            return Err(());
        }
        let seconds: i64 = seconds.parse().map_err(|_| ())?;
        let fraction: i64 = fraction.parse().map_err(|_| ())?;
        Ok(Self(seconds * PER_SECOND + fraction))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_parses_as_swift_does() {
        let t = Timestamp::from_steps(179_522_132_000_001);
        assert_eq!(t.to_string(), "1795221320.00001");
        assert_eq!("1795221320.00001".parse(), Ok(t));
        for bad in ["", "1", "1.1", "1.123456", "-1.00000", "1.+0000", "x.00000", "1.0000 "] {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad}");
        }
    }

    #[test]
    fn last_modified_rounds_up() {
        assert_eq!(Timestamp::from_steps(100_000).seconds_ceil(), 1);
        assert_eq!(Timestamp::from_steps(100_001).seconds_ceil(), 2);
    }
}
