//! The `cardea` command: `serve` and the tools.
//!
//! Exit codes: 0 for success, 1 if something failed while running, 2 if the operator's input is wrong
//! (arguments, configuration, key ring). One line on standard error gives the reason. `fsck` ends with 1 if
//! it has found something, and with 2 if it could not check.

mod arguments;
mod backup;
mod fsck;
mod keygen;
mod keyring;
mod migrate;
mod restore;

use std::process::ExitCode;

use clap::ArgMatches;
use clap::error::ErrorKind;

use crate::config::{self, Config, ConfigError, Sources, one_line};
use crate::failure::Failure;
use crate::output::{complain, print};
use crate::{server, telemetry};

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    telemetry::harden();
    let matches = match arguments::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return explain(&error),
    };
    match run(&matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain(&one_line(&failure.to_string()));
            failure.exit_code()
        }
    }
}

/// Shows help or the version, or the mistake in the arguments in one line.
fn explain(error: &clap::Error) -> ExitCode {
    let asked_for = !error.use_stderr();
    if asked_for || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        // If this fails, nothing can be done.
        let _ = error.print();
        return if asked_for { ExitCode::SUCCESS } else { ExitCode::from(2) };
    }
    complain(&one_line_of(error));
    ExitCode::from(2)
}

fn one_line_of(error: &clap::Error) -> String {
    let text = error.to_string();
    let mut lines = text.lines().map(str::trim);
    let first = lines.next().unwrap_or_default();
    let first = first.strip_prefix("error: ").unwrap_or(first);
    let hint = lines.find_map(|line| line.strip_prefix("tip: ")).unwrap_or("see cardea --help");
    format!("{first} ({hint})")
}

fn run(matches: &ArgMatches) -> Result<(), Failure> {
    match matches.subcommand() {
        None => server::serve(load(matches)?),
        Some(("serve", matches)) => server::serve(load(matches)?),
        Some(("fsck", matches)) => fsck::run(&load(matches)?, matches),
        Some(("backup", matches)) => match matches.subcommand() {
            Some(("list", matches)) => backup::list(&load(matches)?),
            Some(("delete", matches)) => backup::delete(&load(matches)?, matches),
            _ => backup::run(&load(matches)?, matches),
        },
        Some(("restore", matches)) => restore::run(&load(matches)?, matches),
        Some(("migrate-index", matches)) => migrate::run(&load(matches)?, matches),
        Some(("keygen", matches)) => keygen::run(matches.get_flag("base64")),
        Some(("credentials", matches)) => match matches.subcommand() {
            Some(("reset", matches)) => server::reset_credentials(&load(matches)?),
            _ => Ok(()),
        },
        Some(("keyring", matches)) => match matches.subcommand() {
            Some(("generate", matches)) => keyring::generate(&load(matches)?),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_arguments_are_one_line() {
        let line = |arguments: &[&str]| {
            let words = std::iter::once("cardea").chain(arguments.iter().copied());
            one_line_of(&arguments::command().try_get_matches_from(words).unwrap_err())
        };
        assert_eq!(
            line(&["--listenn", "x"]),
            "unexpected argument '--listenn' found (a similar argument exists: '--listen')"
        );
        assert_eq!(line(&["frob"]), "unrecognized subcommand 'frob' (see cardea --help)");
        for arguments in [&["--data"][..], &["keyring", "import"], &["--data", "x", "serve"]] {
            assert!(!line(arguments).contains('\n'));
        }
    }
}
