//! The `cardea` command: `serve` and the tools beside it.
//!
//! Exit codes: 0 for success, 1 when something failed while running, 2 when what the operator gave does not hold
//! (arguments, configuration, key ring): then one line on standard error says what.

mod arguments;
mod keygen;
mod keyring;
mod output;

use std::process::ExitCode;

use clap::ArgMatches;

use crate::config::{self, Config, ConfigError, Sources, one_line};
use crate::{server, telemetry};

pub(crate) use output::print;

/// Why a command ended without success.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The operator must change something: exit code 2.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Something did not work: exit code 1.
    #[error("{0}")]
    Run(String),
}

impl Failure {
    /// Something that did not work, and what.
    pub fn run(what: &str, error: impl std::fmt::Display) -> Self {
        Self::Run(format!("{what}: {error}"))
    }

    fn code(&self) -> ExitCode {
        match self {
            Self::Config(_) => ExitCode::from(2),
            Self::Run(_) => ExitCode::FAILURE,
        }
    }
}

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    telemetry::harden();
    let matches = match arguments::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) if error.use_stderr() => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            let first = first.strip_prefix("error: ").unwrap_or(first);
            output::complain(&format!("{first} (see cardea --help)"));
            return ExitCode::from(2);
        }
        Err(help) => {
            // Help and version, asked for.
            let _ = help.print();
            return ExitCode::SUCCESS;
        }
    };
    match run(&matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(&one_line(&failure.to_string()));
            failure.code()
        }
    }
}

fn run(matches: &ArgMatches) -> Result<(), Failure> {
    match matches.subcommand() {
        None => server::serve(load(matches)?),
        Some(("serve", matches)) => server::serve(load(matches)?),
        Some(("keygen", matches)) => keygen::run(matches.get_flag("base64")),
        Some(("credentials", matches)) => match matches.subcommand() {
            Some(("reset", matches)) => server::reset_credentials(&load(matches)?),
            _ => Ok(()),
        },
        Some(("keyring", matches)) => match matches.subcommand() {
            Some(("export", matches)) => keyring::export(&load(matches)?, matches),
            Some(("import", matches)) => keyring::import(&load(matches)?, matches),
            _ => Ok(()),
        },
        Some(("config", _)) => print(&config::markdown()),
        Some(_) => Ok(()),
    }
}

fn load(matches: &ArgMatches) -> Result<Config, ConfigError> {
    let (file, flags) = arguments::settings(matches);
    Config::load(&Sources { file, flags, environment: &|name| std::env::var_os(name) })
}
