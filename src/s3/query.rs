//! The query string, read strictly.

use super::address::percent_decode;
use super::error::Fault;
use crate::http::query;

/// A query in which every name appears once and everything decodes.
#[derive(Clone, Default, Debug)]
pub(super) struct Query(query::Query);

/// The most parameters a request may have. Each is compared with the others, so an unbounded count is a
/// lever.
const MAX_PARAMETERS: usize = 128;

impl Query {
    /// Parses a raw query. The same name twice is refused: proxies, signatures and servers disagree on which
    /// one counts.
    pub(super) fn parse(raw: Option<&str>) -> Result<Self, Fault> {
        let raw = raw.unwrap_or_default();
        percent_decode(raw)?;
        let parsed = query::Query::parse(raw);
        let is_odd = |(index, (name, _)): (usize, (&str, &str))| {
            index == MAX_PARAMETERS || parsed.iter().take(index).any(|(earlier, _)| earlier == name)
        };
        if parsed.iter().enumerate().any(is_odd) {
            return Err(Fault::InvalidUri);
        }
        Ok(Self(parsed))
    }

    /// A parameter's value; the empty text where it has none.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)
    }

    /// A parameter's value, where the empty text counts as absent.
    pub(super) fn non_empty(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Whether the parameter is there, with or without a value.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.has(name)
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter()
    }

    /// Whether a parameter is named like a header that carries key material.
    pub(super) fn has_key_material(&self) -> bool {
        self.0.has_key_material()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_once() {
        let query = Query::parse(Some("acl&prefix=a%2Bb+c%2525&empty=")).unwrap();
        assert_eq!(query.get("acl"), Some(""));
        assert_eq!(query.get("prefix"), Some("a+b c%25"));
        assert_eq!(query.non_empty("empty"), None);
        assert!(query.has("empty") && !query.has("none"));
        assert_eq!(Query::parse(None).unwrap().iter().count(), 0);
    }

    #[test]
    fn twice_or_malformed_is_refused() {
        for raw in ["a=1&a=2", "a=1&%61=1", "a=%", "a=%ff", "%zz"] {
            assert!(matches!(Query::parse(Some(raw)), Err(Fault::InvalidUri)), "{raw}");
        }
        let many: Vec<_> = (0..=MAX_PARAMETERS).map(|n| n.to_string()).collect();
        assert!(Query::parse(Some(&many.join("&"))).is_err());
    }
}
