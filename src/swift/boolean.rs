//! The words that Swift takes for true and for false.

pub(crate) fn is_true(value: &str) -> bool {
    ["true", "1", "yes", "on", "t", "y"].iter().any(|word| value.eq_ignore_ascii_case(word))
}

pub(crate) fn is_false(value: &str) -> bool {
    ["false", "0", "no", "off", "f", "n"].iter().any(|word| value.eq_ignore_ascii_case(word))
}
