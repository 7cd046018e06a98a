//! Restoring a backup into an empty index.

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::care::backup::error::Error;
use crate::care::backup::manifest::{ChunkRef, Layout, Manifest, TableManifest};
use crate::care::backup::seals;
use crate::care::progress::ReportProgress;
use crate::encryption::KeyRing;
use crate::model::InstallId;
use crate::storage::backup::{BackupId, Backups, origin, restored_from};
use crate::storage::index::rows::transfer::sums;
use crate::storage::index::rows::{Begun, Mark, Row, Rows, Table, decode};

/// The number of chunks that are read ahead.
const AHEAD: usize = 4;
/// The most rows that one transaction loads.
const ROWS: usize = 5000;

/// The outcome of a restoration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Restored {
    /// The backup that was restored.
    pub id: BackupId,
    pub rows: u64,
}

/// Finds the backup of this name, or the newest backup, and reads its manifest.
pub async fn find(
    backups: &Backups,
    ring: &KeyRing,
    install: InstallId,
    which: Option<&str>,
) -> Result<(BackupId, Manifest), Error> {
    let id = if let Some(text) = which {
        BackupId::parse(text).ok_or_else(|| Error::NoSuchBackup(Some(text.to_owned())))?
    } else {
        let newest = backups.sets(None).await?.into_iter().rev().find(|set| set.whole);
        newest.ok_or(Error::NoSuchBackup(None))?.id
    };
    let manifest = Manifest::read(backups, ring, &id).await?;
    if manifest.install != install.to_string() {
        let (found, expected) = (manifest.install, install.to_string());
        return Err(Error::OtherInstallation { id, found, expected });
    }
    Ok((id, manifest))
}

/// Loads a backup into an empty index, and compares the loaded rows with the backup. If a restoration of the
/// same backup was interrupted, it is continued.
pub async fn restore(
    backups: &Backups,
    ring: &KeyRing,
    id: &BackupId,
    manifest: &Manifest,
    target: &dyn Rows,
    progress: ReportProgress<'_>,
) -> Result<Restored, Error> {
    // Before anything is written, all tables and columns of the backup must be known.
    let layouts = manifest.tables.iter().map(|part| part.layout(id)).collect::<Result<Vec<_>, _>>()?;
    match target.begin_load(&format!("backup {id}")).await? {
        Begun::New | Begun::Again => {}
        Begun::Other(other) => return Err(Error::NotEmpty(format!("rows of {other}"))),
        // An earlier restoration was complete, but its process ended before it could report that.
        Begun::NotEmpty
            if target.mark(Mark::Restored).await?.is_some_and(|mark| origin(&mark) == id.as_str()) =>
        {
            return Ok(Restored { id: id.clone(), rows: manifest.rows() });
        }
        Begun::NotEmpty => return Err(Error::NotEmpty("an installation".to_owned())),
    }
    for (part, layout) in manifest.tables.iter().zip(&layouts) {
        load(backups, ring, id, part, layout, target, progress).await?;
    }
    let found = sums(target, progress).await?;
    for (part, Layout { table, .. }) in manifest.tables.iter().zip(&layouts) {
        if !found.iter().any(|sum| sum.table == table.name && part.matches(sum, table)) {
            return Err(Error::damaged(id, format!("the table {} is not as it was", table.name)));
        }
    }
    target.finish_load(Some(&restored_from(id))).await?;
    Ok(Restored { id: id.clone(), rows: manifest.rows() })
}

async fn load(
    backups: &Backups,
    ring: &KeyRing,
    id: &BackupId,
    part: &TableManifest,
    layout: &Layout,
    target: &dyn Rows,
    progress: ReportProgress<'_>,
) -> Result<(), Error> {
    let table = layout.table;
    // Each transaction loads the rows that follow, so the loaded rows are the first rows of the table.
    let mut loaded = target.loaded(table).await?.rows;
    let mut skip = loaded;
    let mut chunks = part.chunks.iter();
    while let Some(chunk) = chunks.as_slice().first().filter(|chunk| chunk.rows <= skip) {
        skip -= chunk.rows;
        chunks.next();
    }
    let read = stream::iter(chunks.map(|chunk| read(backups, ring, id, part, chunk)));
    let mut read = std::pin::pin!(read.buffered(AHEAD));
    while let Some(rows) = read.try_next().await? {
        let skipped = usize::try_from(std::mem::take(&mut skip)).unwrap_or(usize::MAX);
        let mut rows = rows.into_iter().skip(skipped).peekable();
        while rows.peek().is_some() {
            let some = rows.by_ref().take(ROWS).map(|row| layout.row(&row));
            let some: Vec<Row> = some.collect::<Option<_>>().ok_or_else(|| retired_value(id, table))?;
            loaded += some.len() as u64;
            target.load(table, some).await?;
        }
        progress(table.name, loaded);
    }
    Ok(())
}

async fn read(
    backups: &Backups,
    ring: &KeyRing,
    id: &BackupId,
    part: &TableManifest,
    chunk: &ChunkRef,
) -> Result<Vec<Row>, Error> {
    let name = chunk.name();
    let wrong = |how: &str| Error::damaged(id, format!("chunk {} {how}", hex::encode(name)));
    let sealed = backups.chunk(&name).await?.ok_or_else(|| wrong("is missing"))?;
    let plain = seals::open_chunk(ring, id, &name, &sealed)?;
    let (mut rest, mut rows) = (plain.as_slice(), Vec::new());
    while let Some(row) = decode(&mut rest).map_err(|_| wrong("holds no rows"))? {
        if row.len() != part.columns.len() {
            return Err(wrong("holds rows of another table"));
        }
        rows.push(row);
    }
    if rows.len() as u64 == chunk.rows { Ok(rows) } else { Err(wrong("holds another number of rows")) }
}

/// The error for a row with a value whose column the table no longer has.
fn retired_value(id: &BackupId, table: &Table) -> Error {
    let what = format!("a row of the table {} holds what this program cannot keep", table.name);
    Error::Unknown { id: id.clone(), what }
}
