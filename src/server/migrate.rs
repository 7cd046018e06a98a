//! `cardea migrate-index`: copies the index into another one.

use super::{runtime, start};
use crate::care::heartbeat::SILENT;

use crate::config::{Config, ConfigError, IndexUrl, shown};
use crate::failure::Failure;
use crate::storage::Error;
use crate::storage::index::Index;
use crate::storage::index::rows::transfer::{Progress, copy, differences, sums};
use crate::storage::index::rows::{Begun, Mark, Row, Rows, Value, table};

/// What was copied.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Migrated {
    pub tables: usize,
    /// Rows in all of them.
    pub rows: u64,
}

/// Copies the configured index into an empty one, marks the old one so that no gateway starts on it any more,
/// and compares the two. No gateway may run: this takes the gateway's locks.
pub(crate) fn migrate_index(config: &Config, to: &str, progress: Progress<'_>) -> Result<Migrated, Failure> {
    let wrong = |reason| refused(&format!("{} ({reason})", shown(to)), "the URL of an index");
    let url: IndexUrl = to.parse().map_err(wrong)?;
    if url == config.index() || url == IndexUrl::Memory {
        return Err(
            refused(&shown(to), "another index than the configured one, that outlives this process").into()
        );
    }
    runtime()?.block_on(async {
        let source = start::found_or_moved(config).await?;
        if is_used(&*source.index).await.map_err(start::storage)? {
            return Err(used().into());
        }
        if let Some(other) = source.index.rows().mark(Mark::Moved).await.map_err(start::storage)?
            && other != to
        {
            let found = format!("one that was carried into {other}");
            return Err(ConfigError::new("index", found, "the index that has taken its place").into());
        }
        let target = start::index(config, &url, "to").await?;
        let migrated = migrate(&*source.index, &*target, to, progress).await;
        migrated.map_err(|stop| match stop {
            Stop::Storage(error) => start::storage(error),
            Stop::Begun(Begun::Other(other)) => {
                refused(&format!("an index that is being loaded from {other}"), "an empty index").into()
            }
            Stop::Begun(_) => refused("an index that holds something", "an empty index").into(),
            Stop::Used => used().into(),
            Stop::Differs(tables) => Failure::Stopped(format!(
                "migrate-index: {tables} differ; the source has changed since the migration began: begin anew with an empty index"
            ).into()),
        })
    })
}

/// Makes the configured index usable again after it was copied into another. Returns the URL of the other.
pub(crate) fn migrate_back(config: &Config) -> Result<String, Failure> {
    runtime()?.block_on(async {
        let installation = start::found_or_moved(config).await?;
        let rows = installation.index.rows();
        let to = rows.mark(Mark::Moved).await.map_err(start::storage)?;
        let to = to.ok_or_else(|| {
            ConfigError::new("index", "one that was not carried into another", "one that was: it can be used")
        })?;
        rows.set_mark(Mark::Moved, None).await.map_err(start::storage)?;
        Ok(to)
    })
}

fn refused(found: &str, expected: &str) -> ConfigError {
    ConfigError::new("to", found, expected)
}

fn used() -> ConfigError {
    let expected = "one that no gateway has used for a minute: stop them all";
    ConfigError::new("index", "one that a gateway uses", expected)
}

/// Whether a gateway was alive a moment ago: other processes may have a shared index open.
async fn is_used(index: &dyn Index) -> Result<bool, Error> {
    let Some(writers) = table("writers").filter(|_| index.shared()) else { return Ok(false) };
    let mut snapshot = index.rows().snapshot().await?;
    // The heartbeats use the index's clock, too.
    let since = index.now().await?.minus(SILENT).steps();
    let is_alive = |row: &Row| matches!(row[..], [_, _, Value::Int(beat), Value::Null, ..] if beat > since);
    let mut last = None;
    loop {
        let page = snapshot.page(writers, last.as_deref()).await?;
        let Some(row) = page.last() else { return Ok(false) };
        last = Some(row[..writers.key].to_vec());
        if page.iter().any(is_alive) {
            return Ok(true);
        }
    }
}

enum Stop {
    Storage(Error),
    Begun(Begun),
    Used,
    Differs(String),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Storage(error)
    }
}

async fn migrate(
    source: &dyn Index,
    target: &dyn Index,
    to: &str,
    progress: Progress<'_>,
) -> Result<Migrated, Stop> {
    let install = source.install().await?.map(|install| install.id.to_string()).unwrap_or_default();
    let target_install = target.install().await?.map(|install| install.id.to_string());
    let (old, target) = (source.rows(), target.rows());
    let begun = target.begin_load(&format!("the index of the installation {install}")).await?;
    match begun {
        Begun::New | Begun::Again => copy(&mut *old.snapshot().await?, target, progress).await?,
        // These rows may be our own: a run that was killed may have copied all of them, but not marked that.
        Begun::NotEmpty if target_install.as_ref() == Some(&install) => {}
        begun => return Err(Stop::Begun(begun)),
    }
    if is_used(source).await? {
        return Err(Stop::Used);
    }
    // The mark comes before the comparison: from now on nobody writes to the old index.
    let stood = old.mark(Mark::Moved).await?.is_some();
    old.set_mark(Mark::Moved, Some(to)).await?;
    let compared = compare(source, target, &begun, progress).await;
    // A complete target that had replaced the source before may be in use.
    if compared.is_err() && !(stood && begun == Begun::NotEmpty) {
        // If this fails, too, the mark stays, as after a kill: the next run goes on, and --back removes it.
        let _ = old.set_mark(Mark::Moved, None).await;
    }
    let migrated = compared?;
    if begun == Begun::NotEmpty {
        // For a return by the same way: the target may have a mark that it was copied into the source.
        target.set_mark(Mark::Moved, None).await?;
    } else {
        // An index that was restored and is not accepted stays so.
        target.finish_load(old.mark(Mark::Restored).await?.as_deref()).await?;
    }
    Ok(migrated)
}

/// Compares the two, once the source is marked. A gateway registers first and then looks for the mark: so it
/// sees the mark, or this function sees the gateway.
async fn compare(
    source: &dyn Index,
    target: &dyn Rows,
    begun: &Begun,
    progress: Progress<'_>,
) -> Result<Migrated, Stop> {
    if is_used(source).await? {
        return Err(Stop::Used);
    }
    let (there, here) = (sums(source.rows(), progress).await?, sums(target, progress).await?);
    let differ = differences(&there, &here);
    if differ.is_empty() {
        return Ok(Migrated { tables: here.len(), rows: here.iter().map(|sum| sum.rows).sum() });
    }
    Err(match begun {
        Begun::NotEmpty => Stop::Begun(Begun::NotEmpty),
        _ => Stop::Differs(differ.join(", ")),
    })
}
