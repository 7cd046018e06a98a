//! A setting's value as it was written, and the ways to read it.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// The reason why a value is wrong, shown in brackets behind the value. It never holds a secret.
pub(super) type Reason = Cow<'static, str>;

/// A value as the file, the environment or the command line has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Raw {
    One(String),
    /// A list, which only the file can have. Other sources write it as one text with commas.
    Many(Vec<String>),
}

impl Raw {
    /// Takes a value of the file; `None` for a table or a date.
    pub(super) fn from_toml(value: &toml::Value) -> Option<Self> {
        let one = |value: &toml::Value| match value {
            toml::Value::String(text) => Some(text.clone()),
            toml::Value::Integer(number) => Some(number.to_string()),
            toml::Value::Boolean(yes) => Some(yes.to_string()),
            _ => None,
        };
        match value {
            toml::Value::Array(items) => items.iter().map(one).collect::<Option<_>>().map(Self::Many),
            value => one(value).map(Self::One),
        }
    }

    /// The value for an error message.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::One(text) => shown(text),
            Self::Many(items) => {
                format!("[{}]", items.iter().map(|item| shown(item)).collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// One text that is not empty.
    pub(super) fn text(&self) -> Result<&str, Reason> {
        match self {
            Self::One(text) if text.is_empty() => Err("empty".into()),
            Self::One(text) => Ok(text),
            Self::Many(_) => Err("a list".into()),
        }
    }

    pub(super) fn path(&self) -> Result<PathBuf, Reason> {
        self.text().map(PathBuf::from)
    }

    pub(super) fn parsed<T: FromStr<Err = &'static str>>(&self) -> Result<T, Reason> {
        self.text()?.parse().map_err(Reason::from)
    }

    /// An address, or `off`.
    pub(super) fn address_or_off(&self) -> Result<Option<SocketAddr>, Reason> {
        match self.text()? {
            "off" => Ok(None),
            text => text.parse().map(Some).map_err(|_| "not an IP address with a port".into()),
        }
    }

    pub(super) fn yes_or_no(&self) -> Result<bool, Reason> {
        self.word(&[("true", true), ("false", false)])
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, Reason> {
        let text = self.text()?;
        let word = words.iter().find(|(word, _)| *word == text);
        word.map(|&(_, value)| value).ok_or_else(|| "another word".into())
    }

    /// A list: an array, or texts between commas. An empty one is a list too.
    pub(super) fn list(&self) -> Vec<String> {
        match self {
            Self::Many(items) => items.clone(),
            Self::One(text) => {
                text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
            }
        }
    }

    /// A list whose items all parse. The reason quotes the wrong item, so no item may be a secret.
    pub(super) fn list_of<T: FromStr<Err = &'static str>>(&self) -> Result<Vec<T>, Reason> {
        self.list()
            .iter()
            .map(|item| item.parse().map_err(|why| Reason::from(format!("{}: {why}", shown(item)))))
            .collect()
    }

    /// A number of a range.
    pub(super) fn number(&self, range: &RangeInclusive<u32>) -> Result<u32, Reason> {
        within(self.text()?.parse().map_err(|_| "not a number")?, range)
    }

    /// Bytes: a number, or one with `KiB`, `MiB`, `GiB`.
    pub(super) fn bytes(&self, range: &RangeInclusive<u64>) -> Result<u64, Reason> {
        let (number, unit) = split_unit(self.text()?)?;
        let unit: u64 = match unit {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return Err("a unit other than B, KiB, MiB and GiB".into()),
        };
        within(number.checked_mul(unit).ok_or("too large")?, range)
    }

    /// A duration above zero: a number of seconds, or one with `ms`, `s`, `m`, `h`, `d`.
    pub(super) fn duration(&self) -> Result<Duration, Reason> {
        /// Ten years: a longer duration is a mistake, and could overflow a deadline.
        const MAX_MILLIS: u64 = 10 * 365 * 86_400 * 1000;
        let (number, unit) = split_unit(self.text()?)?;
        let unit = match unit {
            "ms" => 1,
            "" | "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err("a unit other than ms, s, m, h and d".into()),
        };
        let millis = number.checked_mul(unit).ok_or("too large")?;
        within(millis, &(1..=MAX_MILLIS)).map(Duration::from_millis)
    }
}

/// A text for an error message. Of a URL that may hold credentials, only the scheme is shown.
pub(crate) fn shown(text: &str) -> String {
    match text.split_once("://") {
        Some((scheme, rest)) if rest.contains(['@', '?']) => format!("\"{}://…\"", scheme.escape_debug()),
        _ => format!("{text:?}"),
    }
}

fn within<T: PartialOrd>(number: T, range: &RangeInclusive<T>) -> Result<T, Reason> {
    if number < *range.start() {
        Err("too small".into())
    } else if number > *range.end() {
        Err("too large".into())
    } else {
        Ok(number)
    }
}

/// Splits `30s` after its digits.
fn split_unit(text: &str) -> Result<(u64, &str), Reason> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    if number.is_empty() {
        return Err("does not begin with a number".into());
    }
    Ok((number.parse().map_err(|_| "too large")?, unit.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Raw {
        Raw::One(text.to_owned())
    }

    #[test]
    fn bytes() {
        let read = |text| one(text).bytes(&(0..=u64::MAX));
        for (text, bytes) in [
            ("0", 0),
            ("16384", 16_384),
            ("16KiB", 16_384),
            ("64 MiB", 64 << 20),
            ("5GiB", 5 << 30),
            ("5B", 5),
        ] {
            assert_eq!(read(text), Ok(bytes), "{text}");
        }
        for (text, reason) in [
            ("5GB", "a unit other than B, KiB, MiB and GiB"),
            ("-1", "does not begin with a number"),
            ("", "empty"),
            ("GiB", "does not begin with a number"),
            ("18446744073709551615KiB", "too large"),
            ("18446744073709551616", "too large"),
        ] {
            assert_eq!(read(text), Err(reason.into()), "{text}");
        }
        assert_eq!(one("3").bytes(&(4..=5)), Err("too small".into()));
        assert_eq!(one("6").bytes(&(4..=5)), Err("too large".into()));
    }

    #[test]
    fn durations() {
        for (text, millis) in
            [("30", 30_000), ("30s", 30_000), ("500ms", 500), ("2h", 7_200_000), ("1d", 86_400_000)]
        {
            assert_eq!(one(text).duration(), Ok(Duration::from_millis(millis)), "{text}");
        }
        for (text, reason) in [
            ("0", "too small"),
            ("0s", "too small"),
            ("-1s", "does not begin with a number"),
            ("1w", "a unit other than ms, s, m, h and d"),
            ("s", "does not begin with a number"),
            ("1.5s", "a unit other than ms, s, m, h and d"),
            ("99999999999999999999d", "too large"),
            ("4000d", "too large"),
        ] {
            assert_eq!(one(text).duration(), Err(reason.into()), "{text}");
        }
    }

    #[test]
    fn numbers() {
        assert_eq!(one("7").number(&(2..=1000)), Ok(7));
        assert_eq!(one("1").number(&(2..=1000)), Err("too small".into()));
        assert_eq!(one("1001").number(&(2..=1000)), Err("too large".into()));
        assert_eq!(one("seven").number(&(2..=1000)), Err("not a number".into()));
        assert_eq!(Raw::Many(vec!["7".into()]).number(&(2..=1000)), Err("a list".into()));
    }

    #[test]
    fn lists() {
        assert_eq!(one("a, b,,c ").list(), ["a", "b", "c"]);
        assert_eq!(one("").list(), Vec::<String>::new());
        assert_eq!(Raw::Many(vec!["a,b".into()]).list(), ["a,b"]);
    }

    #[test]
    fn addresses() {
        assert_eq!(one("off").address_or_off(), Ok(None));
        assert_eq!(one("[::]:80").address_or_off(), Ok(Some("[::]:80".parse().unwrap())));
        assert_eq!(one("8443").address_or_off(), Err("not an IP address with a port".into()));
    }

    #[test]
    fn a_url_with_credentials_is_shown_by_its_scheme() {
        assert_eq!(one("s3://key:secret@host").shown(), "\"s3://…\"");
        assert_eq!(one("az://container?sig=secret").shown(), "\"az://…\"");
        assert_eq!(one("ftp://host/path").shown(), "\"ftp://host/path\"");
        assert_eq!(one("x\ny").shown(), "\"x\\ny\"");
        let many = Raw::Many(vec!["a".into(), "http://key:secret@host".into()]);
        assert_eq!(many.shown(), "[\"a\", \"http://…\"]");
        let wrong = many.list_of::<crate::config::Cidr>().unwrap_err();
        assert_eq!(wrong, "\"a\": not an IP address");
    }
}
