//! What is wrong with a configuration, in one line.

use std::fmt;

/// A setting that does not hold: which, what was found, what is expected. Prints as one line, whatever was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ConfigError {
    /// The setting, and where it stands.
    pub setting: String,
    /// What was found there; never a secret.
    pub found: String,
    /// What is expected.
    pub expected: String,
}

impl ConfigError {
    /// Says what is wrong.
    pub(crate) fn new(
        setting: impl Into<String>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self { setting: setting.into(), found: found.into(), expected: expected.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = format!("{}: found {}, expected {}", self.setting, self.found, self.expected);
        f.write_str(&one_line(&line))
    }
}

impl std::error::Error for ConfigError {}

/// Control characters, line ends included, as spaces.
pub(crate) fn one_line(text: &str) -> String {
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn always_one_line() {
        let error = ConfigError::new("listen", "\"a\nb\"", "an address");
        assert_eq!(error.to_string(), "listen: found \"a b\", expected an address");
    }
}
