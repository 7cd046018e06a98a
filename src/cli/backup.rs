//! `cardea backup`, `backup list` and `backup delete`.

use clap::ArgMatches;

use crate::config::Config;
use crate::failure::Failure;
use crate::output::{ProgressLine, print};
use crate::server;

/// Takes a backup.
pub(super) fn run(config: &Config, matches: &ArgMatches) -> Result<(), Failure> {
    let line = ProgressLine::new();
    let keep = matches.get_one::<usize>("keep").copied();
    // The backup is complete, even if deleting old ones fails.
    let report = |taken: &server::Taken| {
        line.end();
        print(&format!(
            "{}: {} rows in {} chunks, {} of them new ({} bytes)\n",
            taken.id, taken.rows, taken.chunks, taken.written, taken.written_bytes
        ))
    };
    let removed =
        server::backup(config, keep, &|what, count| line.show(&format!("{what}: {count}")), report)?;
    line.end();
    if removed == server::Removed::default() { Ok(()) } else { print(&said(&removed)) }
}

/// Lists the backups.
pub(super) fn list(config: &Config) -> Result<(), Failure> {
    for backup in server::list_backups(config)? {
        let contents = match backup.contents {
            Ok((rows, chunks, bytes)) => format!("{rows} rows in {chunks} chunks of {bytes} bytes"),
            Err(why) => why.to_string(),
        };
        print(&format!("{}: {contents}\n", backup.id))?;
    }
    Ok(())
}

pub(super) fn delete(config: &Config, matches: &ArgMatches) -> Result<(), Failure> {
    let Some(id) = matches.get_one::<String>("id") else { return Ok(()) };
    let line = ProgressLine::new();
    print(&said(&server::delete_backup(config, id, &|what, count| line.show(&format!("{what}: {count}")))?))
}

fn said(removed: &server::Removed) -> String {
    let others = if removed.others {
        "; another backup is being made, or was killed a moment ago: chunks that nobody needs stay until the next time"
    } else {
        ""
    };
    format!("deleted: {} backups, {} chunks{others}\n", removed.backups, removed.chunks)
}
