//! `cardea fsck`.

use std::fmt::Write;

use clap::ArgMatches;

use crate::config::Config;
use crate::failure::Failure;
use crate::output::{self, print};
use crate::server;

/// Checks, reports, and fails if something is wrong.
pub(super) fn run(config: &Config, matches: &ArgMatches) -> Result<(), Failure> {
    let line = output::ProgressLine::new();
    let is_wanted = matches.get_flag("progress");
    let progress = |what: &str, count: u64| {
        if is_wanted {
            line.show(&format!("{what}: {count}"));
        }
    };
    let report = server::fsck(config, matches.get_flag("deep"), matches.get_flag("accept"), &progress);
    line.end();
    let report = report?;
    let text = if matches.get_flag("json") {
        serde_json::to_string_pretty(&report).map_err(|error| Failure::Unchecked(error.into()))? + "\n"
    } else {
        for_people(&report)
    };
    print(&text).map_err(|failure| Failure::Unchecked(failure.into()))?;
    if report.is_clean() { Ok(()) } else { Err(Failure::Findings(report.count)) }
}

fn for_people(report: &server::FsckReport) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for finding in &report.findings {
        let _ = writeln!(text, "{}: {}", finding.kind.name(), finding.detail);
    }
    for object in &report.lost {
        let _ = writeln!(text, "lost data: {object}");
    }
    let left_out = report.count - report.findings.len() as u64;
    if left_out > 0 {
        let _ = writeln!(text, "and {left_out} more");
    }
    let _ = writeln!(
        text,
        "{} blobs, {} of them in the index; {} more wait for their deletion",
        report.blobs, report.inline_blobs, report.freed_blobs
    );
    if report.deep {
        let _ = writeln!(text, "{} versions and {} uploads opened", report.versions, report.uploads);
    }
    let left = &report.leftovers;
    if left.blobs + left.unfinished > 0 {
        let _ = writeln!(
            text,
            "harmless, not or not yet published: {} blobs ({} bytes), {} unfinished",
            left.blobs, left.bytes, left.unfinished
        );
    }
    match &report.accepted {
        None => {}
        Some(backup) if backup.contains('-') => {
            let _ = writeln!(text, "accepted: the index as it was restored from backup {backup}");
        }
        Some(time) => {
            let _ = writeln!(text, "accepted: the index as it was set back to {time} or later");
        }
    }
    if report.is_clean() {
        text.push_str("nothing is wrong\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_read() {
        let clean = server::FsckReport { blobs: 3, inline_blobs: 1, ..Default::default() };
        assert_eq!(
            for_people(&clean),
            "3 blobs, 1 of them in the index; 0 more wait for their deletion\nnothing is wrong\n"
        );
        let mut damaged = clean;
        damaged.count = 2;
        damaged.leftovers.unfinished = 1;
        let text = for_people(&damaged);
        assert!(text.starts_with("and 2 more\n") && text.contains("harmless") && !text.contains("nothing"));
    }
}
