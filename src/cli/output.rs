//! What the commands say: answers on standard output, complaints on standard error.

use std::io::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::Failure;

/// Writes an answer.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::run("standard output", error))
}

/// Writes one line about how far a long command is.
pub(super) fn progress(line: &str) {
    // It goes on without being seen.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Writes one line about what went wrong.
pub(super) fn complain(line: &str) {
    // Nothing is left to be done if this fails.
    let _ = writeln!(std::io::stderr(), "cardea: {line}");
}

/// How often a long command says how far it is.
const EVERY: Duration = Duration::from_secs(2);

/// Says how far a long command is, now and then.
pub(super) struct Told(Mutex<Instant>);

impl Default for Told {
    fn default() -> Self {
        Self(Mutex::new(Instant::now()))
    }
}

impl Told {
    /// Says it, unless it was said a moment ago.
    pub(super) fn progress(&self, what: &str, count: u64) {
        if let Ok(mut told) = self.0.lock()
            && told.elapsed() >= EVERY
        {
            *told = Instant::now();
            progress(&format!("{what}: {count}"));
        }
    }
}
