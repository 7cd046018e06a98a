//! `cardea restore`.

use clap::ArgMatches;

use crate::config::Config;
use crate::failure::Failure;
use crate::output::{ProgressLine, print};
use crate::server;

/// Restores a backup, and prints the next steps.
pub(super) fn run(config: &Config, matches: &ArgMatches) -> Result<(), Failure> {
    let line = ProgressLine::new();
    let id = matches.get_one::<String>("id").map(String::as_str);
    let restored = server::restore(config, id, &|what, count| line.show(&format!("{what}: {count}")))?;
    print(&format!(
        "{} rows of backup {} are in the index.\n\
         The gateway may be started; nothing is deleted from the store until cardea fsck --accept has compared it with the index.\n",
        restored.rows, restored.id
    ))
}
