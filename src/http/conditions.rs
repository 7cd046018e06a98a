//! Conditional requests (RFC 9110, section 13).

use http::HeaderMap;
use http::header::{HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};

use super::date::parse_http;

/// `*`, or ETags without quotes and without the weak prefix.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EtagList {
    /// `*`.
    Any,
    /// These.
    Tags(Vec<String>),
}

impl EtagList {
    /// Reads a header's value. Unquoted tags are taken as they stand: Swift's clients send them so.
    pub fn parse(value: &str) -> Self {
        if value.trim() == "*" {
            return Self::Any;
        }
        let tags = value.split(',').map(|tag| {
            let tag = tag.trim();
            let tag = tag.strip_prefix("W/").unwrap_or(tag);
            tag.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(tag).to_owned()
        });
        Self::Tags(tags.filter(|tag| !tag.is_empty()).collect())
    }

    /// Whether the list names this ETag. What has no ETag is named by `*` alone.
    pub fn matches(&self, etag: Option<&str>) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => etag.is_some_and(|etag| tags.iter().any(|tag| tag == etag)),
        }
    }
}

/// The conditions of a read.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct ReadConditions {
    /// `If-Match`.
    pub if_match: Option<EtagList>,
    /// `If-None-Match`.
    pub if_none_match: Option<EtagList>,
    /// `If-Modified-Since`, in seconds since the epoch.
    pub if_modified_since: Option<i64>,
    /// `If-Unmodified-Since`, in seconds since the epoch.
    pub if_unmodified_since: Option<i64>,
}

/// What conditions say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Answer as without them.
    Proceed,
    /// 304.
    NotModified,
    /// 412.
    Failed,
}

impl ReadConditions {
    /// Reads them from headers. Dates that are not dates are ignored, as RFC 9110 says.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let text = |name: HeaderName| {
            let values: Vec<_> = headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).collect();
            (!values.is_empty()).then(|| values.join(","))
        };
        Self {
            if_match: text(IF_MATCH).map(|v| EtagList::parse(&v)),
            if_none_match: text(IF_NONE_MATCH).map(|v| EtagList::parse(&v)),
            if_modified_since: text(IF_MODIFIED_SINCE).and_then(|v| parse_http(&v)),
            if_unmodified_since: text(IF_UNMODIFIED_SINCE).and_then(|v| parse_http(&v)),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Evaluates them in RFC 9110's order (section 13.2.2): a tag makes the date of its kind ignored.
    pub fn evaluate(&self, etag: Option<&str>, modified_seconds: i64) -> Verdict {
        let met = match (&self.if_match, self.if_unmodified_since) {
            (Some(tags), _) => tags.matches(etag),
            (None, Some(since)) => modified_seconds <= since,
            (None, None) => true,
        };
        if !met {
            return Verdict::Failed;
        }
        let unmodified = match (&self.if_none_match, self.if_modified_since) {
            (Some(tags), _) => tags.matches(etag),
            (None, Some(since)) => modified_seconds <= since,
            (None, None) => false,
        };
        if unmodified { Verdict::NotModified } else { Verdict::Proceed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(headers: &[(&str, &str)], etag: Option<&str>, modified: i64) -> Verdict {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::try_from(*name).unwrap(), value.parse().unwrap()))
            .collect();
        ReadConditions::from_headers(&headers).evaluate(etag, modified)
    }

    #[test]
    fn tags() {
        for value in ["\"a\"", "a", "W/\"a\"", "\"b\", \"a\"", "*"] {
            assert_eq!(verdict(&[("if-match", value)], Some("a"), 0), Verdict::Proceed, "{value}");
            assert_eq!(verdict(&[("if-none-match", value)], Some("a"), 0), Verdict::NotModified, "{value}");
        }
        assert_eq!(verdict(&[("if-match", "\"b\"")], Some("a"), 0), Verdict::Failed);
        assert_eq!(verdict(&[("if-none-match", "\"b\"")], Some("a"), 0), Verdict::Proceed);
        assert_eq!(verdict(&[("if-match", "\"a\"")], None, 0), Verdict::Failed);
        assert_eq!(verdict(&[("if-match", "*")], None, 0), Verdict::Proceed);
    }

    #[test]
    fn dates_and_their_order() {
        let date = "Thu, 01 Jan 1970 00:00:10 GMT";
        assert_eq!(verdict(&[("if-modified-since", date)], None, 10), Verdict::NotModified);
        assert_eq!(verdict(&[("if-modified-since", date)], None, 11), Verdict::Proceed);
        assert_eq!(verdict(&[("if-unmodified-since", date)], None, 10), Verdict::Proceed);
        assert_eq!(verdict(&[("if-unmodified-since", date)], None, 11), Verdict::Failed);
        assert_eq!(verdict(&[("if-modified-since", "yesterday")], None, 0), Verdict::Proceed);
        let both = [("if-match", "a"), ("if-unmodified-since", date)];
        assert_eq!(verdict(&both, Some("a"), 11), Verdict::Proceed, "the tag decides");
        let both = [("if-none-match", "b"), ("if-modified-since", date)];
        assert_eq!(verdict(&both, Some("a"), 5), Verdict::Proceed, "the tag decides");
    }
}
