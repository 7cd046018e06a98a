//! What the commands say: answers on standard output, complaints on standard error.

use std::io::Write;

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
