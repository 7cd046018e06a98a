//! A mistake in the configuration, in one line.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// A setting with a wrong value. It always prints as one line.
#[derive(Clone, Debug)]
pub(crate) struct ConfigError {
    /// The setting, and the place of its value: the file, a variable or a flag.
    pub setting: String,
    /// The value that was found; never a secret.
    pub found: String,
    /// The values that are allowed.
    pub expected: String,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl ConfigError {
    pub(crate) fn new(
        setting: impl Into<String>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self { setting: setting.into(), found: found.into(), expected: expected.into(), source: None }
    }

    /// Adds the error behind the mistake. If `found` is empty, that error is shown in its place.
    #[must_use]
    pub(crate) fn because(self, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: Some(error.into().into()), ..self }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = match &self.source {
            None => self.found.clone(),
            Some(source) if self.found.is_empty() => source.to_string(),
            Some(source) => format!("{} ({source})", self.found),
        };
        f.write_str(&one_line(&format!("{}: found {found}, expected {}", self.setting, self.expected)))
    }
}

impl Error for ConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Replaces control characters, line ends included, by spaces.
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
        assert!(error.source().is_none());
    }

    #[test]
    fn a_cause_is_shown_and_carried() {
        let cause = || std::io::Error::other("a\nreason");
        let error = ConfigError::new("data", "/x", "a folder").because(cause());
        assert_eq!(error.to_string(), "data: found /x (a reason), expected a folder");
        assert_eq!(error.source().unwrap().to_string(), "a\nreason");
        let error = ConfigError::new("index", "", "a database").because(cause());
        assert_eq!(error.to_string(), "index: found a reason, expected a database");
    }
}
