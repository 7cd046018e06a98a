//! Ranges of keys as ranges of bytes.

/// Sorts after every text: no UTF-8 holds this byte.
const END: &[u8] = &[0xFF];

/// Keys from `from` (inclusive) to `until` (exclusive).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::storage::index) struct Keys {
    pub(in crate::storage::index) from: Vec<u8>,
    pub(in crate::storage::index) until: Vec<u8>,
}

impl Keys {
    /// The keys that begin with `prefix` and lie between the two bounds, both exclusive.
    pub(in crate::storage::index) fn new(prefix: &str, after: Option<&str>, before: Option<&str>) -> Self {
        let mut keys = Self::with_prefix(prefix.as_bytes());
        if let Some(after) = after {
            keys.from = keys.from.max(successor(after.as_bytes()));
        }
        if let Some(before) = before {
            keys.until = keys.until.min(before.as_bytes().to_vec());
        }
        keys
    }

    /// The keys that begin with `prefix`.
    pub(in crate::storage::index) fn with_prefix(prefix: &[u8]) -> Self {
        Self { from: prefix.to_vec(), until: past_prefix(prefix) }
    }

    /// Whether no key can lie in it.
    pub(in crate::storage::index) fn is_empty(&self) -> bool {
        self.from >= self.until
    }
}

/// The first byte string after `key`.
pub(in crate::storage::index) fn successor(key: &[u8]) -> Vec<u8> {
    let mut next = Vec::with_capacity(key.len() + 1);
    next.extend_from_slice(key);
    next.push(0);
    next
}

/// The first byte string after everything that begins with `prefix`.
pub(in crate::storage::index) fn past_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut next = prefix.to_vec();
    while let Some(last) = next.pop() {
        if let Some(bumped) = last.checked_add(1) {
            next.push(bumped);
            return next;
        }
    }
    END.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn past_a_prefix() {
        assert_eq!(past_prefix(b"a/"), b"a0");
        assert_eq!(past_prefix(&[b'a', 0xFF, 0xFF]), b"b");
        assert_eq!(past_prefix(&[0xFF]), END);
        assert_eq!(past_prefix(b""), END);
    }

    #[test]
    fn bounds_are_exclusive_and_stay_within_the_prefix() {
        let keys = Keys::new("p", Some("p1"), Some("p5"));
        assert_eq!(keys, Keys { from: b"p1\0".to_vec(), until: b"p5".to_vec() });
        assert_eq!(Keys::new("p", Some("a"), Some("z")), Keys::with_prefix(b"p"));
        assert!(Keys::new("p", Some("q"), None).is_empty());
    }
}
