//! Why a command ended without success, and with which exit code.

use std::borrow::Cow;
use std::error::Error;
use std::process::ExitCode;

use crate::config::ConfigError;

/// The error below a failure.
pub(crate) type Cause = Box<dyn Error + Send + Sync>;

/// Why a command ended without success.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The operator must change something: exit code 2.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Something did not work: exit code 1.
    #[error("{what}: {source}")]
    Run { what: Cow<'static, str>, source: Cause },
    /// The same, if the cause is a sentence of its own: exit code 1.
    #[error(transparent)]
    Stopped(Cause),
    /// A check has found something: exit code 1.
    #[error("{0} findings")]
    Findings(u64),
    /// A check could not be made, so nothing is known: exit code 2.
    #[error(transparent)]
    Unchecked(Cause),
}

impl Failure {
    /// `what` did not work, because of `error`.
    pub(crate) fn run(what: impl Into<Cow<'static, str>>, error: impl Into<Cause>) -> Self {
        Self::Run { what: what.into(), source: error.into() }
    }

    /// The exit code of the process.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Config(_) | Self::Unchecked(_) => ExitCode::from(2),
            Self::Run { .. } | Self::Stopped(_) | Self::Findings(_) => ExitCode::FAILURE,
        }
    }
}
