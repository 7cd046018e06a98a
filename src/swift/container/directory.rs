//! `path=`: the objects of one pseudo-directory, without those of its subdirectories.

use crate::model::BucketName;
use crate::ops::{Error, KeyQuery, ListObjects, ObjectRow};
use crate::swift::call::Call;
use crate::swift::listing::Page;

/// The separator of directories.
const SLASH: &str = "/";

/// The objects directly in a directory. A subdir is a row only if an object has exactly its name, with the
/// slash.
pub(crate) async fn list(
    call: &Call<'_>,
    name: &BucketName,
    path: &str,
    page: Page,
) -> Result<Vec<ObjectRow>, Error> {
    let prefix = prefix(path);
    let limit = page.limit as usize;
    let mut rows = Vec::new();
    let mut marker = page.marker;
    while rows.len() < limit {
        let query = ListObjects {
            bucket: call.bucket(name),
            keys: KeyQuery {
                prefix: prefix.clone(),
                delimiter: Some(SLASH.to_owned()),
                marker: marker.take(),
                marker_skips_prefix: true,
                end_marker: page.end_marker.clone(),
                limit: page.limit,
                reverse: page.reverse,
            },
        };
        let (_, found) = call.execute(query).await?;
        for row in found.rows {
            if rows.len() == limit {
                break;
            }
            marker = Some(name_of(&row).to_owned());
            match row {
                // The directory itself.
                ObjectRow::Object { key, .. } if key.as_str() == prefix => {}
                ObjectRow::Prefix(subdir) => rows.extend(standing_for(call, name, subdir).await?),
                row @ ObjectRow::Object { .. } => rows.push(row),
            }
        }
        if !found.truncated {
            break;
        }
    }
    Ok(rows)
}

/// A directory's name with one slash at its end; the empty prefix for the top.
fn prefix(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("{}{SLASH}", path.trim_end_matches(SLASH)) }
}

fn name_of(row: &ObjectRow) -> &str {
    match row {
        ObjectRow::Object { key, .. } => key.as_str(),
        ObjectRow::Prefix(prefix) => prefix,
    }
}

/// The object with exactly the subdir's name. If it exists, it is the first of all objects that begin with
/// that name.
async fn standing_for(
    call: &Call<'_>,
    name: &BucketName,
    subdir: String,
) -> Result<Option<ObjectRow>, Error> {
    let query = ListObjects {
        bucket: call.bucket(name),
        keys: KeyQuery {
            prefix: subdir.clone(),
            delimiter: None,
            marker: None,
            marker_skips_prefix: true,
            end_marker: None,
            limit: 1,
            reverse: false,
        },
    };
    let (_, page) = call.execute(query).await?;
    Ok(page.rows.into_iter().next().filter(|row| name_of(row) == subdir))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directorys_prefix_ends_in_one_slash() {
        for (path, expected) in
            [("", ""), ("a", "a/"), ("a/", "a/"), ("a//", "a/"), ("a/b", "a/b/"), ("/", "/")]
        {
            assert_eq!(prefix(path), expected);
        }
    }
}
