//! `cardea migrate-index`.

use clap::ArgMatches;

use crate::config::Config;
use crate::failure::Failure;
use crate::output::{ProgressLine, print};
use crate::server;

/// Copies the index, and says which setting leads to the copy; or lets the old one be used again.
pub(super) fn run(config: &Config, matches: &ArgMatches) -> Result<(), Failure> {
    if matches.get_flag("back") {
        let to = server::migrate_back(config)?;
        return print(&format!(
            "This index can be used again. What was written to {to} since is not in it, and what was deleted there is \
             gone: never start a gateway on that one any more.\n"
        ));
    }
    let Some(to) = matches.get_one::<String>("to") else { return Ok(()) };
    let told = ProgressLine::new();
    let done = server::migrate_index(config, to, &|table, rows| told.tell(&format!("{table}: {rows}")))?;
    print(&format!(
        "{} rows of {} tables are in the new index, and compared.\n\
         Set index = \"{to}\" and start the gateway. No gateway starts on the old index any more, as both refer to the \
         same blobs; to return to it there is cardea migrate-index --back. Keep it until you have seen the new one serve.\n",
        done.rows, done.tables
    ))
}
