//! Tests of an index in a file: it keeps what it has acknowledged, and belongs to one process.

use std::sync::Arc;

use cardea::model::InstallId;
use cardea::storage::Error;
use cardea::storage::index::sqlite::SqliteIndex;
use cardea::storage::index::{Index, Install};

use super::index::world::{World, listing};

fn open(folder: &tempfile::TempDir) -> Arc<dyn Index> {
    Arc::new(SqliteIndex::open(&folder.path().join("index.sqlite")).unwrap())
}

#[tokio::test]
async fn a_closed_index_opens_with_everything_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let install = Install { id: InstallId::random(), canary: vec![5] };
    let world = World::versioned(open(&folder)).await;
    world.index.create_install(install.clone()).await.unwrap();
    let put = world.put("k").inline(b"bytes");
    let first = world.publish(put).await.unwrap();
    let second = world.publish(world.put("k")).await.unwrap();
    let before = (world.current("k").await, world.usage().await);
    let (writer, account, bucket) = (world.writer, world.account.clone(), world.bucket);
    drop(world);

    let world = World { index: open(&folder), writer, account, bucket };
    assert_eq!(world.index.install().await.unwrap(), Some(install));
    assert_eq!((world.current("k").await, world.usage().await), before);
    let old = world.find("k", Some(first.version_id)).await.unwrap();
    assert_eq!(old.parts[0].inline.as_deref(), Some(b"bytes".as_slice()));
    let third = world.publish(world.put("k")).await.unwrap();
    assert!(third.created > second.created);
}

#[tokio::test]
async fn an_index_belongs_to_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(&folder);
    let second = SqliteIndex::open(&folder.path().join("index.sqlite"));
    assert!(matches!(second, Err(Error::Unavailable(why)) if why.to_string().contains("another process")));
    drop(first);
    open(&folder);
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.sqlite");
    drop(SqliteIndex::open(&path).unwrap());
    // The version of the schema stands in bytes 60 to 63 of the file.
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    std::fs::write(&path, bytes).unwrap();
    let refused = SqliteIndex::open(&path).unwrap_err().to_string();
    assert!(refused.contains("version 99"), "{refused}");
}

#[tokio::test]
async fn a_file_of_another_kind_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.sqlite");
    std::fs::write(&path, vec![b'x'; 8192]).unwrap();
    assert!(matches!(SqliteIndex::open(&path), Err(Error::Damaged(_))));
    assert!(SqliteIndex::open(&folder.path().join("no/such/folder/index.sqlite")).is_err());
}

/// The data of an acknowledged command is in the files without any help of the process that wrote it.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(open(&folder)).await;
    for n in 0..200 {
        world.published(&format!("k{n:03}")).await;
    }
    // A kill leaves the files as they are, without the closing of the index.
    let after = tempfile::tempdir().unwrap();
    for suffix in ["", "-wal"] {
        let name = format!("index.sqlite{suffix}");
        std::fs::copy(folder.path().join(&name), after.path().join(&name)).unwrap();
    }
    let killed = World { index: open(&after), ..world.clone() };
    assert_eq!(killed.usage().await, (200, 600));
    assert_eq!(killed.list(listing()).await.unwrap().rows.len(), 200);
}

/// The write-ahead log is written back as it grows. Its size does not follow that of the index.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_stays_small() {
    static BYTES: [u8; 16384] = [7; 16384];
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(open(&folder)).await;
    let beside = rusqlite::Connection::open(folder.path().join("index.sqlite")).unwrap();
    let log_and_written_back = || {
        let pages = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
        beside.query_row("PRAGMA wal_checkpoint(NOOP)", [], pages)
    };
    for round in 0..24 {
        let puts = (0..128).map(|n| world.publish(world.put(&format!("{round}/{n}")).inline(&BYTES)));
        for put in futures_util::future::join_all(puts).await {
            put.unwrap();
        }
        // If the disk is slow, a long log is written back in turn; otherwise the writer helps.
        for _ in 0..6000 {
            if log_and_written_back().is_ok_and(|(log, written)| log < 6000 || log - written < 2000) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
    let size = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().len();
    let (index, log) = (size("index.sqlite"), size("index.sqlite-wal"));
    assert!(index > 20_000_000 && log < 40_000_000, "{index} {log}");
}

#[tokio::test]
async fn only_its_owner_may_read_an_index() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let index = open(&folder);
    index.heartbeat(cardea::model::WriterId::random()).await.unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
    }
}

/// A caller that goes away after it has queued a command does not undo the command.
#[tokio::test(flavor = "multi_thread")]
async fn a_queued_command_runs_without_its_caller() {
    let world = World::new(Arc::new(SqliteIndex::open_in_memory().unwrap())).await;
    let mut publish = Box::pin(world.publish(world.put("k")));
    let _ = futures_util::poll!(&mut publish);
    drop(publish);
    world.published("another").await;
    assert_eq!(world.usage().await, (2, 6));
}
