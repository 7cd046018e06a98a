//! What the commands say: answers on standard output, complaints on standard error.

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
/// How often such a line is written elsewhere.
const ELSEWHERE: Duration = Duration::from_secs(10);

/// Says how far a long command is: on a terminal in one line that changes, elsewhere in a line now and then.
pub(crate) struct ProgressLine {
    terminal: bool,
    told: Mutex<Instant>,
}

impl ProgressLine {
    /// Nothing is said yet.
    pub(crate) fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal(), told: Mutex::new(Instant::now()) }
    }

    /// Says it, if it is time.
    pub(crate) fn tell(&self, line: &str) {
        let every = if self.terminal { ON_TERMINALS } else { ELSEWHERE };
        if let Ok(mut told) = self.told.lock()
            && told.elapsed() >= every
        {
            *told = Instant::now();
            // The command goes on without being seen.
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
    // Nothing is left to be done if this fails.
    let _ = writeln!(std::io::stderr(), "cardea: {line}");
}
