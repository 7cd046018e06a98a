//! The output of commands: answers on standard output, errors and progress on standard error.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::failure::Failure;

/// Writes an answer.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::run("standard output", error))
}

/// How often the line about a long command changes on a terminal.
const ON_TERMINALS: Duration = Duration::from_millis(250);
/// How often such a line is written to anything but a terminal.
const ELSEWHERE: Duration = Duration::from_secs(10);

/// Shows the progress of a long command: on a terminal in one line that changes, otherwise in a line every
/// ten seconds.
pub(crate) struct ProgressLine {
    terminal: bool,
    shown_at: Mutex<Instant>,
}

impl ProgressLine {
    /// The first line comes after one interval.
    pub(crate) fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal(), shown_at: Mutex::new(Instant::now()) }
    }

    /// Shows a line, if the interval is over.
    pub(crate) fn show(&self, line: &str) {
        let every = if self.terminal { ON_TERMINALS } else { ELSEWHERE };
        if let Ok(mut shown_at) = self.shown_at.lock()
            && shown_at.elapsed() >= every
        {
            *shown_at = Instant::now();
            // If this fails, the command goes on without showing its progress.
            let line = if self.terminal { format!("\r\x1b[K{line}") } else { format!("{line}\n") };
            let _ = std::io::stderr().write_all(line.as_bytes());
        }
    }

    /// Clears the line.
    pub(crate) fn end(&self) {
        if self.terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

/// Writes one line about what went wrong.
pub(crate) fn complain(line: &str) {
    // If this fails too, nothing can be done.
    let _ = writeln!(std::io::stderr(), "cardea: {line}");
}
