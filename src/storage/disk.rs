//! The free space of the file systems that this gateway writes to.
//!
//! A full disk would stop deletes as well, because the index needs a little space to record them. So writes
//! end while a reserve is left, which only deletes and small changes may use. The disks are checked once a
//! second, not by each request. Between two checks, written bytes are counted: otherwise a fast disk would be
//! full before the next check.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rustix::fs::{Access, StatVfsMountFlags, access, statvfs};

use super::Error;

/// The interval of the checks.
const ROUND: Duration = Duration::from_secs(1);

/// The disk space that an operation uses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum DiskUse {
    /// It only reads, or frees space: always admitted.
    None,
    /// It changes some rows of the index, and may use half of the reserve.
    Rows,
    /// It stores data, and may not use the reserve.
    Data,
}

/// The level of free space.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// More than the reserve.
    Ample,
    /// Less than the reserve.
    Scarce,
    /// Less than half of the reserve.
    Spent,
    /// A folder cannot be written at all.
    ReadOnly,
}

impl Level {
    /// The text for operators.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Ample => "there is room for writes",
            Self::Scarce | Self::Spent => {
                "the disk is full: less than disk_reserve is free, writes are refused"
            }
            Self::ReadOnly => "the disk cannot be written: writes are refused",
        }
    }
}

/// The free space of the watched disks. Clones share it. The default watches no disk, and is always ample.
#[derive(Clone)]
pub struct DiskSpace(Arc<Inner>);

struct Inner {
    folders: Vec<Folder>,
    reserve: u64,
    /// The bytes that the fullest disk has left, by the last check.
    free: AtomicU64,
    writable: AtomicBool,
}

impl Default for DiskSpace {
    fn default() -> Self {
        Self::new([], 0)
    }
}

/// A folder that is written to.
struct Folder {
    name: &'static str,
    path: PathBuf,
    free: AtomicU64,
    writable: AtomicBool,
}

impl std::fmt::Debug for DiskSpace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DiskSpace").field("level", &self.level()).finish_non_exhaustive()
    }
}

impl DiskSpace {
    /// Watches the space of folders, each with its name in the metrics. The reserve applies to each file
    /// system.
    pub fn new(folders: impl IntoIterator<Item = (&'static str, PathBuf)>, reserve: u64) -> Self {
        let folders = folders.into_iter().map(|(name, path)| Folder {
            name,
            path,
            free: AtomicU64::new(u64::MAX),
            writable: AtomicBool::new(true),
        });
        let inner = Inner {
            folders: folders.collect(),
            reserve,
            free: AtomicU64::new(u64::MAX),
            writable: AtomicBool::new(true),
        };
        let disk = Self(Arc::new(inner));
        disk.look();
        disk
    }

    /// The current level.
    pub fn level(&self) -> Level {
        let reserve = self.0.reserve;
        match self.0.free.load(Ordering::Relaxed) {
            _ if !self.0.writable.load(Ordering::Relaxed) => Level::ReadOnly,
            free if free < reserve / 2 => Level::Spent,
            free if free < reserve.max(1) => Level::Scarce,
            _ => Level::Ample,
        }
    }

    /// Counts bytes that are being written, until the next check.
    pub fn take(&self, bytes: u64) {
        let less = |free: u64| (free != u64::MAX).then(|| free.saturating_sub(bytes));
        // If no disk is watched, nothing is counted.
        let _ = self.0.free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    /// Whether writes of any kind may go on.
    pub fn is_ample(&self) -> bool {
        self.level() == Level::Ample
    }

    /// Each folder's name, its free bytes and whether it can be written.
    pub fn folders(&self) -> impl Iterator<Item = (&'static str, u64, bool)> {
        let read = |folder: &Folder| {
            (folder.name, folder.free.load(Ordering::Relaxed), folder.writable.load(Ordering::Relaxed))
        };
        self.0.folders.iter().map(read)
    }

    /// Whether an operation may go on.
    pub fn admit(&self, wanted: DiskUse) -> Result<(), Error> {
        match (self.level(), wanted) {
            (Level::Ample, _) | (_, DiskUse::None) | (Level::Scarce, DiskUse::Rows) => Ok(()),
            (Level::Scarce | Level::Spent, DiskUse::Rows | DiskUse::Data) => Err(Error::Full),
            (Level::ReadOnly, DiskUse::Rows | DiskUse::Data) => {
                Err(Error::Unavailable(Level::ReadOnly.describe().into()))
            }
        }
    }

    /// Checks once a second, until it is dropped, and logs changes of the level.
    pub async fn watch(self) {
        let mut known = Level::Ample;
        loop {
            let disk = self.clone();
            // A check of a file system that hangs must not hang the runtime.
            let level = tokio::task::spawn_blocking(move || disk.look()).await.unwrap_or(known);
            match level {
                _ if level == known => {}
                Level::Ample => tracing::info!("{}", level.describe()),
                Level::Scarce | Level::Spent | Level::ReadOnly => {
                    let free = self.folders().map(|(_, free, _)| free).min();
                    tracing::warn!(free, reserve = self.0.reserve, "{}", level.describe());
                }
            }
            known = level;
            tokio::time::sleep(ROUND).await;
        }
    }

    fn look(&self) -> Level {
        let (mut least, mut writable) = (u64::MAX, true);
        for folder in &self.0.folders {
            folder.look();
            least = least.min(folder.free.load(Ordering::Relaxed));
            writable &= folder.writable.load(Ordering::Relaxed);
        }
        self.0.free.store(least, Ordering::Relaxed);
        self.0.writable.store(writable, Ordering::Relaxed);
        self.level()
    }
}

impl Folder {
    fn look(&self) {
        // If a folder cannot be checked, its last state stays.
        let Ok(found) = statvfs(&self.path) else { return };
        let writable = !found.f_flag.contains(StatVfsMountFlags::RDONLY)
            && access(&self.path, Access::WRITE_OK | Access::EXEC_OK).is_ok();
        self.free.store(found.f_bavail.saturating_mul(found.f_frsize), Ordering::Relaxed);
        self.writable.store(writable, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(reserve: impl Fn(u64) -> u64) -> DiskSpace {
        let folder = tempfile::tempdir().unwrap();
        let open = DiskSpace::new([("data", folder.path().to_owned())], 0);
        let (_, free, _) = open.folders().next().unwrap();
        DiskSpace::new([("data", folder.path().to_owned())], reserve(free))
    }

    #[test]
    fn only_what_needs_little_may_use_the_reserve() {
        for (reserve, level) in [
            (disk(|_| 0), Level::Ample),
            (disk(|free| free + free / 2), Level::Scarce),
            (disk(|free| 3 * free), Level::Spent),
        ] {
            assert_eq!(reserve.level(), level);
            assert!(reserve.admit(DiskUse::None).is_ok());
            assert_eq!(reserve.admit(DiskUse::Rows).is_ok(), level != Level::Spent);
            assert_eq!(reserve.admit(DiskUse::Data).is_ok(), level == Level::Ample);
        }
    }

    #[test]
    fn what_is_written_counts_at_once() {
        let disk = disk(|free| free / 2);
        assert_eq!(disk.level(), Level::Ample);
        let (_, free, _) = disk.folders().next().unwrap();
        disk.take(free - free / 3);
        assert_eq!(disk.level(), Level::Scarce);
        disk.take(free / 3);
        assert_eq!(disk.level(), Level::Spent);
        disk.take(u64::MAX);
        assert_eq!(disk.look(), Level::Ample);
    }

    #[test]
    fn where_nothing_is_watched_there_is_room() {
        assert_eq!(DiskSpace::default().look(), Level::Ample);
        let disk = DiskSpace::default();
        disk.take(u64::MAX);
        assert!(disk.admit(DiskUse::Data).is_ok());
    }
}
