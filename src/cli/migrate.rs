//! `cardea migrate-index`.

use clap::ArgMatches;

use crate::config::Config;
use crate::failure::Failure;
use crate::output::{ProgressLine, print};
use crate::server;

/// Copies the index, and prints the setting for the copy; with `--back`, lets the old index be used again.
pub(super) fn run(config: &Config, matches: &ArgMatches) -> Result<(), Failure> {
    if matches.get_flag("back") {
        let to = server::migrate_back(config)?;
        return print(&format!(
            "This index can be used again. It has nothing that was written to {to} since, and what was deleted there is \
             gone. Never start a gateway on {to} again.\n"
        ));
    }
    let Some(to) = matches.get_one::<String>("to") else { return Ok(()) };
    let line = ProgressLine::new();
    let done = server::migrate_index(config, to, &|table, rows| line.show(&format!("{table}: {rows}")))?;
    print(&format!(
        "{} rows of {} tables were copied into the new index and compared.\n\
         Set index = \"{to}\" and start the gateway. No gateway starts on the old index any more, because both refer to the \
         same blobs. To return to it, run cardea migrate-index --back. Keep it until you have seen the new one serve.\n",
        done.rows, done.tables
    ))
}
