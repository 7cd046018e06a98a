//! `X-Account-Meta-*`, `X-Container-Meta-*` and `X-Object-Meta-*`: read from requests and written into
//! answers.

use std::collections::BTreeMap;

use poem::http::{HeaderMap, HeaderName, HeaderValue};

use super::error::Failure;
use super::limits::{
    MAX_HEADER_SIZE, MAX_META_COUNT, MAX_META_NAME_LENGTH, MAX_META_OVERALL_SIZE, MAX_META_VALUE_LENGTH,
};
use super::reply;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum MetadataOf {
    Account,
    Container,
    Object,
}

impl MetadataOf {
    /// The beginning of the headers that set items.
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::Account => "x-account-meta-",
            Self::Container => "x-container-meta-",
            Self::Object => "x-object-meta-",
        }
    }

    /// The beginning of the headers that remove items.
    const fn remove_prefix(self) -> &'static str {
        match self {
            Self::Account => "x-remove-account-meta-",
            Self::Container => "x-remove-container-meta-",
            Self::Object => "x-remove-object-meta-",
        }
    }
}

/// The items in a request; their names are in lower case and without prefix. If an item comes in several
/// headers, their values are joined by commas. A value may be empty.
pub(crate) fn collect(headers: &HeaderMap, of: MetadataOf) -> Result<BTreeMap<String, String>, Failure> {
    let mut items = BTreeMap::new();
    for name in headers.keys() {
        if headers.get_all(name).iter().map(HeaderValue::len).sum::<usize>() > MAX_HEADER_SIZE {
            let name: String = name.as_str().chars().take(MAX_META_NAME_LENGTH).collect();
            return Err(Failure::bad_request(format!("Header value too long: {name}")));
        }
        let Some(item) = name.as_str().strip_prefix(of.prefix()) else { continue };
        if item.is_empty() {
            return Err(Failure::bad_request("Metadata name cannot be empty"));
        }
        if item.len() > MAX_META_NAME_LENGTH {
            return Err(Failure::bad_request(format!("Metadata name too long: {name}")));
        }
        let value = joined(headers, name);
        if value.len() > MAX_META_VALUE_LENGTH {
            return Err(Failure::bad_request(format!(
                "Metadata value longer than {MAX_META_VALUE_LENGTH}: {name}"
            )));
        }
        let value =
            String::from_utf8(value).map_err(|_| Failure::bad_request("Metadata must be valid UTF-8"))?;
        items.insert(item.to_owned(), value);
    }
    check_total(&items)?;
    Ok(items)
}

/// The changes to an account's or container's items. An empty value, or a header that says so, removes an
/// item.
pub(crate) fn changes(
    headers: &HeaderMap,
    of: MetadataOf,
) -> Result<BTreeMap<String, Option<String>>, Failure> {
    let removed = headers
        .keys()
        .filter_map(|name| name.as_str().strip_prefix(of.remove_prefix()))
        .filter(|item| !item.is_empty())
        .map(|item| (item.to_owned(), None));
    let mut changes: BTreeMap<_, _> = removed.collect();
    let set = collect(headers, of)?;
    changes.extend(set.into_iter().map(|(item, value)| (item, (!value.is_empty()).then_some(value))));
    Ok(changes)
}

/// Refuses changes after which an account or container would have too much metadata.
pub(crate) fn check_merged(
    mut current: BTreeMap<String, String>,
    changes: &BTreeMap<String, Option<String>>,
) -> Result<(), Failure> {
    for (item, value) in changes {
        match value {
            Some(value) => current.insert(item.clone(), value.clone()),
            None => current.remove(item),
        };
    }
    check_total(&current)
}

/// Sets the items' headers.
pub(crate) fn render<'m>(
    headers: &mut HeaderMap,
    of: MetadataOf,
    items: impl IntoIterator<Item = (&'m String, &'m String)>,
) {
    for (item, value) in items {
        reply::set_named(headers, &format!("{}{item}", of.prefix()), value);
    }
}

/// Whether an object may have all these items.
pub(crate) fn is_within(items: &BTreeMap<String, String>) -> bool {
    check_total(items).is_ok()
}

fn check_total(items: &BTreeMap<String, String>) -> Result<(), Failure> {
    if items.len() > MAX_META_COUNT {
        return Err(Failure::bad_request(format!("Too many metadata items; max {MAX_META_COUNT}")));
    }
    let size: usize = items.iter().map(|(item, value)| item.len() + value.len()).sum();
    if size > MAX_META_OVERALL_SIZE {
        return Err(Failure::bad_request(format!("Total metadata too large; max {MAX_META_OVERALL_SIZE}")));
    }
    Ok(())
}

fn joined(headers: &HeaderMap, name: &HeaderName) -> Vec<u8> {
    let values: Vec<_> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    values.join(&b","[..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        headers
    }

    fn refusal(pairs: &[(&str, &str)]) -> String {
        format!("{:?}", collect(&headers(pairs), MetadataOf::Object).unwrap_err())
    }

    #[test]
    fn only_items_of_the_resource_are_collected() {
        let headers = headers(&[
            ("X-Object-Meta-Colour", "blå"),
            ("X-Object-Meta-Empty", ""),
            ("X-Object-Meta-Twice", "a"),
            ("X-Object-Meta-Twice", "b"),
            ("X-Container-Meta-Other", "x"),
            ("X-Remove-Object-Meta-Gone", "x"),
        ]);
        let items = collect(&headers, MetadataOf::Object).unwrap();
        let expected = [("colour", "blå"), ("empty", ""), ("twice", "a,b")];
        assert_eq!(items, expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
    }

    #[test]
    fn limits_are_exact() {
        let name = |n: usize| format!("x-object-meta-{}", "n".repeat(n));
        assert!(collect(&headers(&[(&name(128), "v")]), MetadataOf::Object).is_ok());
        assert!(refusal(&[(&name(129), "v")]).contains("Metadata name too long: x-object-meta-n"));
        assert!(collect(&headers(&[("x-object-meta-a", &"v".repeat(256))]), MetadataOf::Object).is_ok());
        let text = refusal(&[("x-object-meta-a", &"v".repeat(257))]);
        assert!(text.contains("Metadata value longer than 256: x-object-meta-a"), "{text}");
        assert!(refusal(&[("x-object-meta-", "v")]).contains("Metadata name cannot be empty"));
        assert!(refusal(&[("x-other", &"v".repeat(8193))]).contains("Header value too long: x-other"));

        let many = |n: usize| -> Vec<(String, String)> {
            (0..n).map(|i| (format!("x-object-meta-{i}"), "v".to_owned())).collect()
        };
        let pairs = |items: &[(String, String)]| {
            headers(&items.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect::<Vec<_>>())
        };
        assert!(collect(&pairs(&many(90)), MetadataOf::Object).is_ok());
        let text = format!("{:?}", collect(&pairs(&many(91)), MetadataOf::Object).unwrap_err());
        assert!(text.contains("Too many metadata items; max 90"), "{text}");

        let large: Vec<_> = (0..16).map(|i| (format!("x-object-meta-{i:02}"), "v".repeat(254))).collect();
        assert!(collect(&pairs(&large), MetadataOf::Object).is_ok());
        let mut larger = large;
        larger.push(("x-object-meta-x".into(), String::new()));
        let text = format!("{:?}", collect(&pairs(&larger), MetadataOf::Object).unwrap_err());
        assert!(text.contains("Total metadata too large; max 4096"), "{text}");
    }

    #[test]
    fn a_value_that_is_not_utf8_is_refused() {
        let mut headers = HeaderMap::new();
        headers.insert("x-object-meta-a", HeaderValue::from_bytes(b"\xff").unwrap());
        assert!(collect(&headers, MetadataOf::Object).is_err());
    }

    #[test]
    fn empty_values_and_remove_headers_remove() {
        let headers = headers(&[
            ("X-Container-Meta-A", "1"),
            ("X-Container-Meta-B", ""),
            ("X-Remove-Container-Meta-C", "x"),
            ("X-Remove-Container-Meta-A", "x"),
        ]);
        let changes = changes(&headers, MetadataOf::Container).unwrap();
        let expected = [("a", Some("1")), ("b", None), ("c", None)];
        assert_eq!(changes, expected.map(|(k, v)| (k.to_owned(), v.map(str::to_owned))).into());
    }

    #[test]
    fn merged_metadata_keeps_the_limits() {
        let current: BTreeMap<_, _> = (0..90).map(|i| (i.to_string(), "v".to_owned())).collect();
        let set = |name: &str| (name.to_owned(), Some("w".to_owned()));
        assert!(check_merged(current.clone(), &[set("0")].into()).is_ok());
        assert!(check_merged(current.clone(), &[set("x")].into()).is_err());
        assert!(check_merged(current, &[set("x"), ("1".to_owned(), None)].into()).is_ok());
    }

    #[test]
    fn items_become_headers() {
        let mut out = HeaderMap::new();
        let items: BTreeMap<_, _> = [("colour".to_owned(), "blå".to_owned())].into();
        render(&mut out, MetadataOf::Object, &items);
        assert_eq!(out["x-object-meta-colour"].as_bytes(), "blå".as_bytes());
    }
}
