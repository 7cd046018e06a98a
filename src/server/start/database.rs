//! Opens the index in PostgreSQL.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::config::{Config, ConfigError};
use crate::failure::Failure;
use crate::server::files::passwords;
use crate::storage::Error;
use crate::storage::index::postgres::{PostgresIndex, PostgresOptions, Schema, Whereabouts};

/// How long a start waits for the database, which may be starting, too.
const PATIENCE: Duration = Duration::from_mins(1);
/// The pause between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// Opens the index, once the database is there, and brings its schema up to date.
pub(super) async fn open(config: &Config, url: &str) -> Result<PostgresIndex, Failure> {
    let index = reachable(config, url)?;
    patiently(async || index.migrate().await).await?;
    Ok(index)
}

/// Opens the index while gateways run, which may be of an older version. So its schema is not changed, and
/// must be the one of this program.
pub(super) async fn beside(config: &Config, url: &str) -> Result<PostgresIndex, Failure> {
    let index = reachable(config, url)?;
    let (found, expected) = match patiently(async || index.schema().await).await? {
        Schema::Current => return Ok(index),
        Schema::Missing => ("an empty database".to_owned(), "the index of a gateway"),
        Schema::Older(found, known) => (
            format!("a schema of version {found}, older than this program's {known}"),
            "one that a gateway of this version has brought up to date: start the new gateway first",
        ),
    };
    Err(ConfigError::new("index", found, expected).into())
}

fn reachable(config: &Config, url: &str) -> Result<PostgresIndex, ConfigError> {
    PostgresIndex::new(&options(config, url)?)
        .map_err(|error| ConfigError::new("index", "", "a database that can be reached").because(error))
}

/// Tries again until the database answers.
async fn patiently<T>(ask: impl AsyncFn() -> Result<T, Error>) -> Result<T, Failure> {
    let begun = Instant::now();
    loop {
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(Error::Unavailable(reason)) if begun.elapsed() < PATIENCE => {
                tracing::warn!(%reason, "waiting for the index");
            }
            Err(error) => return Err(Failure::run("index", error)),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn options(config: &Config, url: &str) -> Result<PostgresOptions, ConfigError> {
    let place = Whereabouts::of(url)
        .map_err(|error| ConfigError::new("index", "", "the URL of a PostgreSQL database").because(error))?;
    let read = |path: &PathBuf| {
        let unreadable = |error: std::io::Error| {
            let expected = "a file of certificates that can be read";
            ConfigError::new("index_ca", path.display().to_string(), expected).because(error)
        };
        std::fs::read(path).map_err(unreadable)
    };
    Ok(PostgresOptions {
        url: url.to_owned(),
        password: password(&place)?.map(|password| password.to_string()),
        ca: config.index_ca.as_ref().map(read).transpose()?,
        connections: config.index_connections as usize,
        timeout: config.index_timeout,
    })
}

/// The password from the environment, or from the file that the environment names.
fn password(place: &Whereabouts) -> Result<Option<Zeroizing<String>>, ConfigError> {
    if let Some(password) = std::env::var_os("PGPASSWORD").filter(|password| !password.is_empty()) {
        let text = password.into_string();
        let text = text.map_err(|_| ConfigError::new("PGPASSWORD", "no UTF-8", "a password"))?;
        return Ok(Some(Zeroizing::new(text)));
    }
    match std::env::var_os("PGPASSFILE").filter(|path| !path.is_empty()) {
        Some(path) => passwords::find(path.as_ref(), place),
        None => Ok(None),
    }
}
