//! Conditional requests (RFC 9110 §13).

use ::http::HeaderMap;
use ::http::header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};

use super::date;

/// The list in `If-Match` or `If-None-Match`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EtagList {
    Any,
    /// Tags without quotes. A weak prefix is dropped: neither protocol has weak tags, but proxies on the way
    /// add it.
    Tags(Vec<String>),
}

impl EtagList {
    /// Parses the header's value. Unquoted tags are accepted, too: S3 clients send them.
    pub fn parse(value: &str) -> Self {
        if value.trim() == "*" {
            return Self::Any;
        }
        let mut tags = Vec::new();
        let mut rest = value.trim_start_matches(separator);
        while !rest.is_empty() {
            let tag = rest.strip_prefix("W/").or_else(|| rest.strip_prefix("w/")).unwrap_or(rest);
            if let Some((tag, after)) = tag.strip_prefix('"').and_then(|t| t.split_once('"')) {
                tags.push(tag.to_owned());
                rest = after;
            } else {
                let end = tag.find(separator).unwrap_or(tag.len());
                tags.push(tag[..end].to_owned());
                rest = &tag[end..];
            }
            rest = rest.trim_start_matches(separator);
        }
        Self::Tags(tags)
    }

    /// Whether a representation with this tag, or with none, is in the list.
    pub fn matches(&self, etag: Option<&str>) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => etag.is_some_and(|etag| tags.iter().any(|tag| tag == etag)),
        }
    }

    fn from_headers(headers: &HeaderMap, name: &::http::HeaderName) -> Option<Self> {
        let mut lines = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        let first = lines.next()?.into_owned();
        Some(Self::parse(&lines.fold(first, |all, line| all + "," + &line)))
    }
}

fn separator(c: char) -> bool {
    c == ',' || c == ' ' || c == '\t'
}

/// The conditions on a read.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct ReadConditions {
    pub if_match: Option<EtagList>,
    pub if_none_match: Option<EtagList>,
    /// `If-Modified-Since`, in seconds since the epoch.
    pub if_modified_since: Option<i64>,
    /// `If-Unmodified-Since`, in seconds since the epoch.
    pub if_unmodified_since: Option<i64>,
}

/// The result of the conditions on an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Proceed,
    NotModified,
    Failed,
}

impl ReadConditions {
    /// Collects the conditions. Dates that are no HTTP dates are ignored (RFC 9110 §13.1.3).
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let seconds = |name| headers.get(name).and_then(|v| v.to_str().ok()).and_then(date::parse_http);
        Self {
            if_match: EtagList::from_headers(headers, &IF_MATCH),
            if_none_match: EtagList::from_headers(headers, &IF_NONE_MATCH),
            if_modified_since: seconds(IF_MODIFIED_SINCE),
            if_unmodified_since: seconds(IF_UNMODIFIED_SINCE),
        }
    }

    /// Evaluates in the order of RFC 9110 §13.2.2. `modified_seconds` is the time in `Last-Modified`.
    pub fn evaluate(&self, etag: Option<&str>, modified_seconds: i64) -> Verdict {
        match (&self.if_match, self.if_unmodified_since) {
            (Some(list), _) if !list.matches(etag) => return Verdict::Failed,
            (None, Some(since)) if modified_seconds > since => return Verdict::Failed,
            _ => {}
        }
        match (&self.if_none_match, self.if_modified_since) {
            (Some(list), _) if list.matches(etag) => Verdict::NotModified,
            (None, Some(since)) if modified_seconds <= since => Verdict::NotModified,
            _ => Verdict::Proceed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(tags: &[&str]) -> EtagList {
        EtagList::Tags(tags.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn parses_lists() {
        assert_eq!(EtagList::parse(" * "), EtagList::Any);
        assert_eq!(EtagList::parse("\"a\""), tags(&["a"]));
        assert_eq!(EtagList::parse("abc"), tags(&["abc"]));
        assert_eq!(EtagList::parse("W/\"a\" , \"b,c\",d, \"\""), tags(&["a", "b,c", "d", ""]));
        assert_eq!(EtagList::parse(""), tags(&[]));
        assert_eq!(EtagList::parse("\"open"), tags(&["\"open"]));
    }

    #[test]
    fn collects_repeated_headers_and_ignores_bad_dates() {
        let mut headers = HeaderMap::new();
        assert_eq!(ReadConditions::from_headers(&headers), ReadConditions::default());
        headers.insert(IF_MODIFIED_SINCE, "yesterday".parse().unwrap());
        assert_eq!(ReadConditions::from_headers(&headers), ReadConditions::default());
        headers.append(IF_NONE_MATCH, "\"a\"".parse().unwrap());
        headers.append(IF_NONE_MATCH, "b".parse().unwrap());
        headers.insert(IF_UNMODIFIED_SINCE, "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
        let conditions = ReadConditions::from_headers(&headers);
        assert_eq!(conditions.if_none_match, Some(tags(&["a", "b"])));
        assert_eq!(conditions.if_unmodified_since, Some(784_111_777));
    }

    #[test]
    fn evaluates_in_the_order_of_the_rfc() {
        use Verdict::{Failed, NotModified, Proceed};
        let verdict = |im: Option<&str>, inm: Option<&str>, ims: Option<i64>, ius: Option<i64>| {
            ReadConditions {
                if_match: im.map(EtagList::parse),
                if_none_match: inm.map(EtagList::parse),
                if_modified_since: ims,
                if_unmodified_since: ius,
            }
            .evaluate(Some("e"), 100)
        };
        assert_eq!(verdict(None, None, None, None), Proceed);
        assert_eq!(verdict(Some("e"), None, None, None), Proceed);
        assert_eq!(verdict(Some("x"), None, None, None), Failed);
        assert_eq!(verdict(None, Some("e"), None, None), NotModified);
        assert_eq!(verdict(None, Some("*"), None, None), NotModified);
        assert_eq!(verdict(None, Some("x"), None, None), Proceed);
        assert_eq!(verdict(None, None, Some(99), None), Proceed);
        assert_eq!(verdict(None, None, Some(100), None), NotModified);
        assert_eq!(verdict(None, None, None, Some(99)), Failed);
        assert_eq!(verdict(None, None, None, Some(100)), Proceed);
        // The two pairs in S3's manual: the tag decides, the date is ignored.
        assert_eq!(verdict(Some("e"), None, None, Some(99)), Proceed);
        assert_eq!(verdict(None, Some("e"), Some(99), None), NotModified);
        assert_eq!(verdict(None, Some("x"), Some(100), None), Proceed);
        assert_eq!(verdict(Some("x"), Some("e"), None, None), Failed);
    }

    #[test]
    fn an_unknown_tag_matches_only_any() {
        let any = ReadConditions { if_match: Some(EtagList::Any), ..Default::default() };
        assert_eq!(any.evaluate(None, 0), Verdict::Proceed);
        let one = ReadConditions { if_match: Some(tags(&["e"])), ..Default::default() };
        assert_eq!(one.evaluate(None, 0), Verdict::Failed);
        let none = ReadConditions { if_none_match: Some(tags(&["e"])), ..Default::default() };
        assert_eq!(none.evaluate(None, 0), Verdict::Proceed);
    }
}
