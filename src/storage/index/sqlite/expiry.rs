//! Objects whose `X-Delete-At` has come.

use super::connection::Tx;
use super::delete;
use crate::model::{BucketId, ObjectKey, Timestamp};
use crate::storage::index::{Delete, Precondition, Result};

/// The current objects that expire first.
const EXPIRED: &str = "SELECT b.id, v.key FROM versions v JOIN buckets b ON b.nr = v.bucket
     WHERE v.state = 1 AND v.expires <= ?1 ORDER BY v.expires LIMIT ?2";

pub(super) fn expire(tx: &Tx<'_>, now: Timestamp, limit: u32) -> Result<u32> {
    let expired: Vec<(BucketId, ObjectKey)> =
        tx.all(EXPIRED, rusqlite::params![now.seconds_floor(), limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut count = 0;
    for (bucket, key) in expired {
        delete::delete(tx, &Delete { bucket, key, version: None, precondition: Precondition::None })?;
        count += 1;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::EXPIRED;
    use crate::storage::index::sqlite::schema;

    #[test]
    fn what_has_expired_is_found_by_its_time() {
        let plan = schema::plan(EXPIRED).join("\n");
        assert!(plan.contains("SEARCH v USING INDEX versions_expiring (expires<?)"), "{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }
}
