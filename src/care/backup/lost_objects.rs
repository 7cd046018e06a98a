//! The objects whose data is lost.

use std::collections::{HashMap, HashSet};

use crate::care::backup::error::Error;
use crate::model::BlobId;
use crate::storage::index::rows::{RowSnapshot, Rows, Table, Value, table};

/// The most objects that are listed: if everything is lost, nobody reads the list to its end.
const MOST: usize = 10_000;

/// Lists the versions and uploads that refer to missing blobs, one line each, at most [`MOST`] lines.
///
/// It reads all references of the index, unless `blobs` is empty.
pub(crate) async fn lost_objects(index: &dyn Rows, blobs: &[BlobId]) -> Result<Vec<String>, Error> {
    let mut lost = Vec::new();
    if blobs.is_empty() {
        return Ok(lost);
    }
    let mut snapshot = index.snapshot().await?;
    let blobs: HashSet<_> = blobs.iter().copied().collect();
    let is_missing = |value: &Value| match value {
        Value::Bytes(id) => BlobId::from_slice(id).is_some_and(|id| blobs.contains(&id)),
        _ => false,
    };
    let (mut damaged_versions, mut damaged_uploads) = (HashSet::new(), HashSet::new());
    let references = [("parts", 2, &mut damaged_versions), ("upload_refs", 3, &mut damaged_uploads)];
    for (name, blob, damaged) in references {
        let visit = |row: &[Value]| {
            if is_missing(&row[blob]) {
                damaged.extend(number(&row[0]));
            }
        };
        for_each_row(&mut *snapshot, name, visit).await?;
    }
    let mut buckets = HashMap::new();
    for_each_row(&mut *snapshot, "buckets", |row| {
        let name = format!("{}/{}", text(&row[2]), text(&row[3]));
        buckets.extend(number(&row[0]).map(|nr| (nr, name)));
    })
    .await?;
    let location = |row: &[Value], bucket: usize, key: usize| {
        let bucket = number(&row[bucket]).and_then(|nr| buckets.get(&nr)).map_or("?", String::as_str);
        format!("bucket {bucket}, key {:?}", text(&row[key]))
    };
    for_each_row(&mut *snapshot, "versions", |row| {
        if lost.len() < MOST && number(&row[0]).is_some_and(|nr| damaged_versions.contains(&nr)) {
            let version = match (&row[5], number(&row[6])) {
                (Value::Int(0), Some(created)) => {
                    format!(", version {}", crate::model::Timestamp::from_steps(created))
                }
                _ => String::new(),
            };
            lost.push(location(row, 1, 2) + &version);
        }
    })
    .await?;
    for_each_row(&mut *snapshot, "uploads", |row| {
        if lost.len() < MOST && number(&row[0]).is_some_and(|nr| damaged_uploads.contains(&nr)) {
            lost.push(location(row, 2, 3) + ", an unfinished upload");
        }
    })
    .await?;
    Ok(lost)
}

async fn for_each_row(
    snapshot: &mut dyn RowSnapshot,
    name: &str,
    mut visit: impl FnMut(&[Value]),
) -> Result<(), Error> {
    let Some(table): Option<&'static Table> = table(name) else { return Ok(()) };
    let mut last = None;
    loop {
        let page = snapshot.page(table, last.as_deref()).await?;
        let Some(row) = page.last() else { return Ok(()) };
        last = Some(row[..table.key].to_vec());
        for row in &page {
            visit(row);
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
