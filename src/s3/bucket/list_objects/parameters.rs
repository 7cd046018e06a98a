//! What all listings of objects and versions take.

use crate::s3::error::Fault;
use crate::s3::query::Query;

/// The most rows of one page: S3's limit. A larger wish is cut to it.
const MAX_KEYS: u32 = 1000;

/// A listing's parameters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::s3::bucket) struct Parameters {
    /// Only keys that begin so.
    pub(in crate::s3::bucket) prefix: String,
    /// Rolls keys up.
    pub(in crate::s3::bucket) delimiter: Option<String>,
    /// At most so many rows.
    pub(in crate::s3::bucket) max_keys: u32,
    /// Whether names in the answer are percent-encoded.
    pub(in crate::s3::bucket) url_encoding: bool,
}

impl Parameters {
    pub(in crate::s3::bucket) fn read(query: &Query) -> Result<Self, Fault> {
        Ok(Self {
            prefix: query.get("prefix").unwrap_or_default().to_owned(),
            delimiter: query.non_empty("delimiter").map(str::to_owned),
            max_keys: max_keys(query.non_empty("max-keys"))?,
            url_encoding: url_encoding(query.non_empty("encoding-type"))?,
        })
    }
}

fn max_keys(text: Option<&str>) -> Result<u32, Fault> {
    let Some(text) = text else { return Ok(MAX_KEYS) };
    let bad = |name, message| Fault::InvalidArgument { message, name, value: Some(text.to_owned()) };
    match text.parse::<i32>() {
        Ok(wish) => u32::try_from(wish)
            .map(|wish| wish.min(MAX_KEYS))
            .map_err(|_| bad("maxKeys", "Argument maxKeys must be an integer between 0 and 2147483647")),
        Err(_) => Err(bad("max-keys", "Provided max-keys not an integer or within integer range")),
    }
}

fn url_encoding(text: Option<&str>) -> Result<bool, Fault> {
    match text {
        None => Ok(false),
        Some("url") => Ok(true),
        Some(other) => Err(Fault::InvalidArgument {
            message: "Invalid Encoding Method specified in Request",
            name: "encoding-type",
            value: Some(other.to_owned()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> Result<Parameters, Fault> {
        Parameters::read(&Query::parse(Some(raw)).unwrap())
    }

    #[test]
    fn good() {
        let all = read("prefix=a%2F&delimiter=%2F&max-keys=5000&encoding-type=url").unwrap();
        let expected = Parameters {
            prefix: "a/".into(),
            delimiter: Some("/".into()),
            max_keys: 1000,
            url_encoding: true,
        };
        assert_eq!(all, expected);
        let none = read("delimiter=&max-keys=").unwrap();
        assert_eq!((none.delimiter, none.max_keys, none.url_encoding), (None, 1000, false));
        assert_eq!(read("max-keys=0").unwrap().max_keys, 0);
    }

    #[test]
    fn bad() {
        for raw in ["max-keys=-1", "max-keys=x", "max-keys=99999999999", "encoding-type=base64"] {
            assert!(matches!(read(raw), Err(Fault::InvalidArgument { .. })), "{raw}");
        }
    }
}
