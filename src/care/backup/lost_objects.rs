//! Which objects have lost their data.

use std::collections::{HashMap, HashSet};

use super::Error;
use crate::model::BlobId;
use crate::storage::index::rows::{RowSnapshot, Rows, Table, Value, table};

/// Lines at most: one that has lost everything need not be told of it object by object.
const MOST: usize = 10_000;

/// Objects, versions and uploads that refer to blobs that are gone, one line each. It reads all references: for after a
/// restore. The first ten thousand.
pub async fn lost_objects(index: &dyn Rows, blobs: &[BlobId]) -> Result<Vec<String>, Error> {
    let mut lost = Vec::new();
    if blobs.is_empty() {
        return Ok(lost);
    }
    let mut snapshot = index.snapshot().await?;
    let blobs: HashSet<_> = blobs.iter().copied().collect();
    let is_gone = |value: &Value| match value {
        Value::Bytes(id) => BlobId::from_slice(id).is_some_and(|id| blobs.contains(&id)),
        _ => false,
    };
    let (mut versions, mut uploads) = (HashSet::new(), HashSet::new());
    for (name, blob, found) in [("parts", 2, &mut versions), ("upload_refs", 3, &mut uploads)] {
        let note = |row: &[Value]| {
            if is_gone(&row[blob]) {
                found.extend(number(&row[0]));
            }
        };
        each(&mut *snapshot, name, note).await?;
    }
    let mut buckets = HashMap::new();
    each(&mut *snapshot, "buckets", |row| {
        let place = format!("{}/{}", text(&row[2]), text(&row[3]));
        buckets.extend(number(&row[0]).map(|nr| (nr, place)));
    })
    .await?;
    let place = |row: &[Value], bucket: usize, key: usize| {
        let bucket = number(&row[bucket]).and_then(|nr| buckets.get(&nr)).map_or("?", String::as_str);
        format!("bucket {bucket}, key {:?}", text(&row[key]))
    };
    each(&mut *snapshot, "versions", |row| {
        if lost.len() < MOST && number(&row[0]).is_some_and(|nr| versions.contains(&nr)) {
            let version = match (&row[5], number(&row[6])) {
                (Value::Int(0), Some(created)) => {
                    format!(", version {}", crate::model::Timestamp::from_steps(created))
                }
                _ => String::new(),
            };
            lost.push(place(row, 1, 2) + &version);
        }
    })
    .await?;
    each(&mut *snapshot, "uploads", |row| {
        if lost.len() < MOST && number(&row[0]).is_some_and(|nr| uploads.contains(&nr)) {
            lost.push(place(row, 2, 3) + ", an unfinished upload");
        }
    })
    .await?;
    Ok(lost)
}

async fn each(
    snapshot: &mut dyn RowSnapshot,
    name: &str,
    mut look: impl FnMut(&[Value]),
) -> Result<(), Error> {
    let Some(table): Option<&'static Table> = table(name) else { return Ok(()) };
    let mut last = None;
    loop {
        let page = snapshot.page(table, last.as_deref()).await?;
        let Some(row) = page.last() else { return Ok(()) };
        last = Some(row[..table.key].to_vec());
        for row in &page {
            look(row);
        }
    }
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        _ => None,
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Text(text) => text.clone(),
        _ => String::new(),
    }
}
