//! `cardea migrate-index`.

use clap::ArgMatches;

use super::output::Progress;
use super::{Failure, print};
use crate::config::Config;
use crate::server;

/// Copies the index, and says which setting leads to the copy.
pub(super) fn run(config: &Config, matches: &ArgMatches) -> Result<(), Failure> {
    let Some(to) = matches.get_one::<String>("to") else { return Ok(()) };
    let told = Progress::new();
    let done = server::migrate_index(config, to, &|table, rows| told.tell(&format!("{table}: {rows}")))?;
    print(&format!(
        "{} rows of {} tables are in the new index, and compared.\n\
         Set index = \"{to}\" and start the gateway. The old index stays as it is: keep it until you have seen the new one serve.\n",
        done.rows, done.tables
    ))
}
