//! A setting's value as it was written, and the readings of it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// A value as the file, the environment or the command line has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Raw {
    /// One text.
    One(String),
    /// A list, which only the file can have; elsewhere it is one text with commas.
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

    /// The value for an error message. Of a URL that may hold credentials only the scheme.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::One(text) => match text.split_once("://") {
                Some((scheme, rest)) if rest.contains(['@', '?']) => {
                    format!("\"{}://…\"", scheme.escape_debug())
                }
                _ => format!("{text:?}"),
            },
            Self::Many(items) => format!("{items:?}"),
        }
    }

    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::One(text) if !text.is_empty() => Some(text.clone()),
            _ => None,
        }
    }

    pub(super) fn path(&self) -> Option<PathBuf> {
        self.text().map(PathBuf::from)
    }

    pub(super) fn parsed<T: FromStr>(&self) -> Option<T> {
        self.text()?.parse().ok()
    }

    /// An address, or `off`.
    #[expect(
        clippy::option_option,
        reason = "the outer one says whether it reads, the inner one is the value"
    )]
    pub(super) fn address_or_off(&self) -> Option<Option<SocketAddr>> {
        match self.text()?.as_str() {
            "off" => Some(None),
            text => text.parse().ok().map(Some),
        }
    }

    pub(super) fn yes_or_no(&self) -> Option<bool> {
        match self.text()?.as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        words.iter().find(|(word, _)| *word == text).map(|&(_, value)| value)
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

    pub(super) fn list_of<T: FromStr>(&self) -> Option<Vec<T>> {
        self.list().iter().map(|item| item.parse().ok()).collect()
    }

    /// Bytes: a number, or one with `KiB`, `MiB`, `GiB`.
    pub(super) fn bytes(&self) -> Option<u64> {
        let text = self.text()?;
        let (number, unit) = split_unit(&text);
        let unit: u64 = match unit {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return None,
        };
        number.parse::<u64>().ok()?.checked_mul(unit)
    }

    /// A duration above zero: a number of seconds, or one with `ms`, `s`, `m`, `h`, `d`.
    pub(super) fn duration(&self) -> Option<Duration> {
        /// Ten years: what is longer is a mistake, and could overflow a deadline.
        const MAX_MILLIS: u64 = 10 * 365 * 86_400 * 1000;
        let text = self.text()?;
        let (number, unit) = split_unit(&text);
        let unit = match unit {
            "ms" => 1,
            "" | "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        let millis = number.parse::<u64>().ok()?.checked_mul(unit)?;
        (1..=MAX_MILLIS).contains(&millis).then(|| Duration::from_millis(millis))
    }
}

/// Splits `30s` after its digits.
fn split_unit(text: &str) -> (&str, &str) {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    (number, unit.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Raw {
        Raw::One(text.to_owned())
    }

    #[test]
    fn bytes() {
        for (text, bytes) in [
            ("0", Some(0)),
            ("16384", Some(16_384)),
            ("16KiB", Some(16_384)),
            ("64 MiB", Some(64 << 20)),
            ("5GiB", Some(5 << 30)),
            ("5GB", None),
            ("-1", None),
            ("", None),
            ("GiB", None),
            ("18446744073709551615KiB", None),
        ] {
            assert_eq!(one(text).bytes(), bytes, "{text}");
        }
    }

    #[test]
    fn durations() {
        for (text, millis) in [
            ("30", Some(30_000)),
            ("30s", Some(30_000)),
            ("500ms", Some(500)),
            ("2h", Some(7_200_000)),
            ("1d", Some(86_400_000)),
        ] {
            assert_eq!(one(text).duration(), millis.map(Duration::from_millis), "{text}");
        }
        for bad in ["0", "0s", "-1s", "1w", "s", "1.5s", "99999999999999999999d", "4000d"] {
            assert_eq!(one(bad).duration(), None, "{bad}");
        }
    }

    #[test]
    fn lists() {
        assert_eq!(one("a, b,,c ").list(), ["a", "b", "c"]);
        assert_eq!(one("").list(), Vec::<String>::new());
        assert_eq!(Raw::Many(vec!["a,b".into()]).list(), ["a,b"]);
    }

    #[test]
    fn addresses() {
        assert_eq!(one("off").address_or_off(), Some(None));
        assert_eq!(one("[::]:80").address_or_off(), Some(Some("[::]:80".parse().unwrap())));
        assert_eq!(one("8443").address_or_off(), None);
    }

    #[test]
    fn a_url_with_credentials_is_shown_by_its_scheme() {
        assert_eq!(one("s3://key:secret@host").shown(), "\"s3://…\"");
        assert_eq!(one("az://container?sig=secret").shown(), "\"az://…\"");
        assert_eq!(one("ftp://host/path").shown(), "\"ftp://host/path\"");
        assert_eq!(one("x\ny").shown(), "\"x\\ny\"");
    }
}
