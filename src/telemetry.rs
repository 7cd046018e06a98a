//! Logs, panics and core dumps: what the process shows of itself, and the secrets that it must not show.

use std::io::{IsTerminal, Write};

use rustix::fs::Mode;
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit, umask,
};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// The log targets that may say more than INFO: ours. Deeper log lines of libraries may hold headers, and so
/// keys.
const OURS: &str = "cardea";

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LogFormat {
    Text,
    /// One JSON object a line.
    Json,
}

/// Whether a text is a log filter.
pub(crate) fn is_filter(text: &str) -> bool {
    let directive = |directive: &str| match directive.trim().rsplit_once('=') {
        Some((target, level)) => !target.is_empty() && level.parse::<LevelFilter>().is_ok(),
        None => !directive.is_empty() && directive.parse::<LevelFilter>().is_ok(),
    };
    text.split(',').all(directive) && EnvFilter::try_new(text).is_ok()
}

/// Starts logging to standard error.
pub(crate) fn start(level: &str, format: LogFormat) -> Result<(), TryInitError> {
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    let capped = filter_fn(|metadata| may_speak(metadata.target(), *metadata.level()));
    let registry = tracing_subscriber::registry().with(filter);
    match format {
        LogFormat::Text => {
            let lines = tracing_subscriber::fmt::layer()
                .with_writer(std::io::stderr)
                .with_ansi(std::io::stderr().is_terminal());
            registry.with(lines.with_filter(capped)).try_init()
        }
        LogFormat::Json => {
            let lines = tracing_subscriber::fmt::layer().json().with_writer(std::io::stderr);
            registry.with(lines.with_filter(capped)).try_init()
        }
    }
}

fn may_speak(target: &str, level: tracing::Level) -> bool {
    level <= tracing::Level::INFO
        || target.strip_prefix(OURS).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Keeps memory out of core dumps and away from debuggers, panic messages out of the log, and files away from
/// other users: all of these may hold keys. Call it before any secret is read.
pub(crate) fn harden() {
    umask(Mode::RWXG | Mode::RWXO);
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "core dumps could not be turned off");
    }
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "the process could not be made undumpable");
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic");
        // The log may not be started yet. If this fails too, nothing can be done.
        let _ = writeln!(std::io::stderr(), "cardea: panic at {place}");
    }));
}

/// Raises the soft limit of open files to the hard one: every connection and every blob in flight takes one.
pub(crate) fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })
    {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters() {
        for good in ["info", "TRACE", "off", "info,cardea::s3=debug", "cardea=trace"] {
            assert!(is_filter(good), "{good}");
        }
        for bad in ["", "loud", "info,,", "cardea=loud", "=info"] {
            assert!(!is_filter(bad), "{bad}");
        }
    }

    #[test]
    fn libraries_never_say_more_than_info() {
        use tracing::Level;
        assert!(may_speak("hyper::proto", Level::INFO));
        assert!(!may_speak("hyper::proto", Level::DEBUG));
        assert!(!may_speak("cardealike", Level::TRACE));
        assert!(may_speak("cardea::s3", Level::TRACE));
        assert!(may_speak("cardea", Level::TRACE));
    }
}
