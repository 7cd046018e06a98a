//! The blob store: immutable sealed blobs in an object store, by random names.
//!
//! Order, conditions, names and sizes live in the index. The object store only has to write once, read
//! ranges, list and delete, which every store does alike.

mod buffers;
mod cloud;
mod counts;
mod local;
mod observe;
pub(super) mod paths;
mod survey;
mod unpublished;
mod writer;

use std::collections::BTreeSet;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, future, stream};
use object_store::memory::InMemory;
use object_store::{GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode};

pub use cloud::CloudOptions;
pub use counts::RequestCounts;
pub use observe::Observer;
pub use survey::Found;
pub use unpublished::Unpublished;
pub use writer::{BlobWriter, Stored};

use self::buffers::Buffers;
use self::observe::Watch;
use super::disk::{DiskSpace, DiskUse};
use super::{Error, folders};
use crate::model::{BlobId, InstallId, Timestamp, WriterId};

/// The size of the buffers of an upload to a local folder: small, so that a hundred uploads fit into the
/// budget.
const LOCAL_BUFFER: usize = 512 * 1024;
/// The version of the layout of names, in `cardea.json`.
const LAYOUT: u64 = 1;

/// The settings of the store.
#[derive(Clone, Debug)]
pub struct BlobOptions {
    /// The most bytes of all upload buffers together.
    pub buffer_budget: usize,
    /// For a store behind a network.
    pub cloud: CloudOptions,
    /// The free space of the disks that are written to.
    pub disk: DiskSpace,
}

impl Default for BlobOptions {
    fn default() -> Self {
        Self { buffer_budget: 128 * 1024 * 1024, cloud: CloudOptions::default(), disk: DiskSpace::default() }
    }
}

/// The blob store. Clones share it.
#[derive(Clone)]
pub struct BlobStore {
    store: Arc<dyn ObjectStore>,
    counts: Arc<RequestCounts>,
    buffers: Buffers,
    /// The mode of a put of a whole blob.
    put_mode: PutMode,
    /// Whether the store is on another machine.
    is_remote: bool,
    /// The folders of a local store.
    folders: Option<local::Folders>,
    disk: DiskSpace,
    watch: Watch,
}

impl std::fmt::Debug for BlobStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlobStore").field("store", &self.store).finish_non_exhaustive()
    }
}

impl BlobStore {
    /// Opens the store at a URL: `file:///path` (the folder is created), `memory://`, `s3://bucket/prefix`,
    /// `az://container/prefix` or `gs://bucket/prefix`.
    pub fn open(url: &str, options: &BlobOptions) -> Result<Self, Error> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let watch = Watch::default();
        let (store, size, folders): (Arc<dyn ObjectStore>, _, _) = match scheme {
            "file" => {
                let folder = local::folder(rest).ok_or_else(|| unusable(url, "expected file:///folder"))?;
                (Arc::new(local::open(&folder)?), LOCAL_BUFFER, Some(local::Folders::new(folder)))
            }
            "memory" => (Arc::new(InMemory::new()), LOCAL_BUFFER, None),
            _ if cloud::is_scheme(scheme) => (cloud::open(url, &options.cloud, &watch)?, cloud::BUFFER, None),
            _ => return Err(unusable(url, "expected a file, memory, s3, az or gs URL")),
        };
        // A blob's name is random and written once. If an answer may be lost and the request repeated, a put
        // that insists on a new name would make a success look like a failure.
        let is_remote = cloud::is_scheme(scheme);
        let put_mode = if is_remote { PutMode::Overwrite } else { PutMode::Create };
        let buffers = Buffers::new(options.buffer_budget, size);
        let disk = options.disk.clone();
        Ok(Self { store, counts: Arc::default(), buffers, put_mode, is_remote, folders, disk, watch })
    }

    /// Sets the observer that counts the requests. The first one stays.
    pub fn observe(&self, observer: Arc<dyn Observer>) {
        self.watch.tell(observer);
    }

    /// The store itself, for objects that are not blobs.
    pub(super) fn objects(&self) -> &dyn ObjectStore {
        &*self.store
    }

    /// The requests so far.
    pub fn counts(&self) -> &Arc<RequestCounts> {
        &self.counts
    }

    /// Whether the store may finish a request of a process that has died since.
    pub fn outlives_its_writers(&self) -> bool {
        self.is_remote
    }

    /// The free space of the disks that are written to.
    pub fn disk(&self) -> &DiskSpace {
        &self.disk
    }

    /// Fails a write on a disk that has become full meanwhile.
    fn take_room(&self, bytes: usize) -> Result<(), Error> {
        if self.folders.is_some() {
            self.disk.admit(DiskUse::Data)?;
            self.disk.take(bytes as u64);
        }
        Ok(())
    }

    /// Whether an upload waits for memory that others hold.
    pub fn has_uploads_waiting(&self) -> bool {
        self.buffers.has_waiting()
    }

    /// The installation that the store belongs to, if one has claimed it.
    pub async fn install_id(&self) -> Result<Option<InstallId>, Error> {
        let bytes = match self.watch.time("get", self.store.get(&paths::install())).await {
            Ok(found) => found.bytes().await.map_err(unavailable)?,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(unavailable(error)),
        };
        let record: serde_json::Value = serde_json::from_slice(&bytes).map_err(|_| damaged_record())?;
        if record["layout"] != LAYOUT {
            return Err(Error::Internal(
                "the blob store's layout is of another version of this program".into(),
            ));
        }
        let id = record["install"].as_str().and_then(|text| hex::decode(text).ok());
        id.and_then(|id| InstallId::from_slice(&id)).map(Some).ok_or_else(damaged_record)
    }

    /// Claims the store for an installation. If it belongs to another one, that is an error.
    pub async fn claim(&self, install: InstallId) -> Result<(), Error> {
        let record = serde_json::json!({ "install": install.to_string(), "layout": LAYOUT });
        let (path, record) = (paths::install(), record.to_string());
        let put = self.store.put_opts(&path, record.into(), PutMode::Create.into());
        let failed = match self.watch.time("put", put).await {
            Ok(_) => return Ok(()),
            Err(object_store::Error::AlreadyExists { .. }) => None,
            Err(error) => Some(error),
        };
        // The put may have failed because another process was first, or succeeded although its answer was
        // lost.
        match self.install_id().await? {
            Some(found) if found == install => Ok(()),
            Some(found) => Err(Error::Internal(
                format!("the blob store belongs to the installation {found}, the index to {install}").into(),
            )),
            None => Err(failed.map_or_else(
                || Error::Unavailable("the blob store's record came and went".into()),
                unavailable,
            )),
        }
    }

    /// Whether the store is empty.
    pub async fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.watch.listing(self.store.list(None)).try_next().await.map_err(unavailable)?.is_none())
    }

    /// Checks whether the store can be read now (readiness). Its record must exist.
    pub async fn check(&self) -> Result<(), Error> {
        self.watch.time("head", self.store.head(&paths::install())).await.map(|_| ()).map_err(unavailable)
    }

    /// Creates the folder of a blob, in a local store.
    async fn make_way(&self, path: &object_store::path::Path) -> object_store::Result<()> {
        match &self.folders {
            Some(folders) => folders.make_for(path).await,
            None => Ok(()),
        }
    }

    /// Begins to write a blob.
    pub fn writer(&self, id: BlobId) -> BlobWriter {
        BlobWriter::new(self.clone(), id)
    }

    /// A guard for blobs that a command is about to publish. If the command is refused, they are deleted.
    pub fn unpublished(&self) -> Unpublished {
        Unpublished::new(self.clone())
    }

    /// Reads a whole range of a blob. If the blob is missing or ends before the range, the error is
    /// `BlobDamaged`. About 1 MiB at a time is best.
    pub async fn read(&self, id: &BlobId, range: Range<u64>) -> Result<Bytes, Error> {
        self.counts.get();
        let length = range.end.saturating_sub(range.start);
        let path = paths::blob(id);
        // On local files `get_ranges` opens and reads in one step, `get_range` in two.
        match self.watch.time("get", self.store.get_ranges(&path, std::slice::from_ref(&range))).await {
            Ok(mut found) if found.len() == 1 && found[0].len() as u64 == length => Ok(found.remove(0)),
            Ok(_) => Err(too_short(id)),
            Err(object_store::Error::NotFound { .. }) => Err(missing(id)),
            // A range past the end is a generic error on every store: ask for the size.
            Err(error) => match self.size(id).await {
                Ok(size) if size < range.end => Err(too_short(id)),
                Ok(_) => Err(unavailable(error)),
                Err(error) => Err(error),
            },
        }
    }

    /// Like [`BlobStore::read`], and verifies that the blob has `stored` bytes: a longer one was tampered
    /// with.
    pub async fn read_sized(&self, id: &BlobId, range: Range<u64>, stored: u64) -> Result<Bytes, Error> {
        self.counts.get();
        let length = range.end.saturating_sub(range.start);
        let options = GetOptions { range: Some(range.clone().into()), ..GetOptions::default() };
        let path = paths::blob(id);
        let get = async {
            let found = self.store.get_opts(&path, options).await?;
            let right = found.meta.size == stored;
            Ok(if right { Some(found.bytes().await?) } else { None })
        };
        match self.watch.time("get", get).await {
            Ok(None) => Err(wrong_size(id)),
            Ok(Some(bytes)) if bytes.len() as u64 == length => Ok(bytes),
            Ok(Some(_)) => Err(too_short(id)),
            Err(object_store::Error::NotFound { .. }) => Err(missing(id)),
            // A range past the end is a generic error on every store: ask for the size.
            Err(error) => match self.size(id).await {
                Ok(size) if size != stored => Err(wrong_size(id)),
                Ok(_) => Err(unavailable(error)),
                Err(error) => Err(error),
            },
        }
    }

    /// The number of bytes of a blob. If it is missing, the error is `BlobDamaged`.
    pub async fn size(&self, id: &BlobId) -> Result<u64, Error> {
        self.counts.get();
        match self.watch.time("head", self.store.head(&paths::blob(id))).await {
            Ok(found) => Ok(found.size),
            Err(object_store::Error::NotFound { .. }) => Err(missing(id)),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Deletes blobs. A missing blob counts as deleted. Tries all of them before it reports a failure.
    pub async fn delete(&self, ids: &[BlobId]) -> Result<(), Error> {
        let paths: Vec<_> = ids.iter().map(|id| Ok(paths::blob(id))).collect();
        self.counts.delete(paths.len());
        let mut outcomes = self.store.delete_stream(stream::iter(paths).boxed());
        let (mut failure, mut begun) = (None, Instant::now());
        while let Some(outcome) = outcomes.next().await {
            self.watch.request("delete", outcome.as_ref().err(), begun);
            begun = Instant::now();
            match outcome {
                Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or(Ok(()), |error| Err(unavailable(error)))?;
        self.sync_folders_of(ids).await
    }

    /// Syncs the folders of deleted blobs in a local store. Otherwise a power cut would bring back blobs that
    /// the index has forgotten for good.
    async fn sync_folders_of(&self, ids: &[BlobId]) -> Result<(), Error> {
        let Some(folders) = &self.folders else { return Ok(()) };
        let parent =
            |id| PathBuf::from(paths::blob(id).as_ref()).parent().map(|folder| folders.root().join(folder));
        let unique: BTreeSet<_> = ids.iter().filter_map(parent).collect();
        let sync = move || unique.iter().try_for_each(|folder| folders::sync(folder));
        tokio::task::spawn_blocking(sync)
            .await
            .map_err(|error| Error::Internal(Box::new(error)))?
            .map_err(|error| Error::Unavailable(Box::new(error)))
    }

    /// All blobs in the store, in no order, with the sealed bytes of each, for a comparison with the index.
    pub fn all_blobs(&self) -> BoxStream<'static, Result<(BlobId, u64), Error>> {
        let found = self.watch.listing(self.store.list(Some(&paths::blobs())));
        let blob = |meta: ObjectMeta| paths::parse_blob(&meta.location).map(|id| (id, meta.size));
        found.try_filter_map(move |meta| future::ready(Ok(blob(meta)))).map_err(unavailable).boxed()
    }

    /// The blobs of a writer with the store's time of each, `batch` at a time, for the sweep of a fenced
    /// writer.
    pub(crate) fn blobs_of(
        &self,
        writer: WriterId,
        batch: usize,
    ) -> BoxStream<'static, Result<Vec<(BlobId, Timestamp)>, Error>> {
        let found = self.watch.listing(self.store.list(Some(&paths::writer(writer))));
        let blob = |meta: ObjectMeta| {
            let written = Timestamp::from_system(meta.last_modified.into());
            paths::parse_blob(&meta.location).map(|id| (id, written))
        };
        let found = found.try_filter_map(move |meta| future::ready(Ok(blob(meta))));
        found.try_chunks(batch).map_err(|error| unavailable(error.1)).boxed()
    }

    /// All writers that have anything in the store.
    pub async fn writers(&self) -> Result<Vec<WriterId>, Error> {
        let all = paths::blobs();
        let found = self.watch.time("list", self.store.list_with_delimiter(Some(&all))).await;
        let found = found.map_err(unavailable)?;
        Ok(found.common_prefixes.iter().filter_map(paths::parse_writer).collect())
    }

    /// Removes the unfinished files and empty folders that a killed process left in a local folder: no
    /// listing shows them.
    pub(crate) async fn remove_leftovers(&self, writer: WriterId) -> Result<(), Error> {
        let Some(folders) = &self.folders else { return Ok(()) };
        let folder = folders.root().join(paths::writer(writer).as_ref());
        tokio::task::spawn_blocking(move || local::remove_leftovers(&folder))
            .await
            .map_err(|error| Error::Internal(Box::new(error)))?
            .map_err(|error| Error::Unavailable(Box::new(error)))
    }
}

fn unusable(url: &str, expected: &str) -> Error {
    Error::Internal(format!("the blob store's URL {url:?} cannot be used: {expected}").into())
}

fn damaged_record() -> Error {
    Error::Damaged("the blob store's cardea.json cannot be read".into())
}

pub(super) fn unavailable(error: object_store::Error) -> Error {
    if is_full(&error) { Error::Full } else { Error::Unavailable(Box::new(error)) }
}

/// Whether the cause of an error is a full disk.
fn is_full(error: &(dyn std::error::Error + 'static)) -> bool {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
}

fn missing(id: &BlobId) -> Error {
    Error::BlobDamaged { blob: id.to_string(), problem: "it is not in the store" }
}

fn wrong_size(id: &BlobId) -> Error {
    Error::BlobDamaged { blob: id.to_string(), problem: "it is not of the size it must have" }
}

fn too_short(id: &BlobId) -> Error {
    Error::BlobDamaged { blob: id.to_string(), problem: "it is shorter than it must be" }
}
