//! Why a command ended without success, and with which exit code.

use std::process::ExitCode;

use crate::config::ConfigError;

/// Why a command ended without success.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The operator must change something: exit code 2.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Something did not work: exit code 1.
    #[error("{0}")]
    Run(String),
    /// A check has found something: exit code 1.
    #[error("{0} findings")]
    Findings(u64),
    /// A check could not be made, so that it says nothing: exit code 2.
    #[error("{0}")]
    Unchecked(String),
}

impl Failure {
    /// Something that did not work, and what.
    pub(crate) fn run(what: &str, error: impl std::fmt::Display) -> Self {
        Self::Run(format!("{what}: {error}"))
    }

    /// The exit code of the process.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Config(_) | Self::Unchecked(_) => ExitCode::from(2),
            Self::Run(_) | Self::Findings(_) => ExitCode::FAILURE,
        }
    }
}
