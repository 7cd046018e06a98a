//! The schema and its migrations: plain SQL files, forward only. The first replica that opens the database
//! applies them.

use super::transaction::Tx;
use crate::storage::Error;
use crate::storage::index::Result;

/// The migrations in order. The first makes version 1 of the schema. None is ever changed once released.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/0001_initial.sql"),
    include_str!("schema/0002_marks.sql"),
    include_str!("schema/0003_revoked_tokens.sql"),
    include_str!("schema/0004_bucket_settings.sql"),
];

/// The state of the schema, compared with this program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Schema {
    /// There is no schema, and the database is empty.
    Missing,
    /// It is older than this program: its version, and the newest version.
    Older(usize, usize),
    /// It is the schema of this program.
    Current,
}

/// The lock against the other replicas: `CRDA`.
const LOCK: i64 = 0x4352_4441;

/// Brings the schema up to date. Refuses a schema that is newer than this program, and a foreign database.
pub(super) async fn migrate(tx: &Tx) -> Result<()> {
    tx.one("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    let new = missing(version(tx).await?)?;
    if new.is_empty() {
        return Ok(());
    }
    // While gateways of the former version run, a statement that waits for a lock makes all their requests
    // wait behind it. So a migration gives up soon, and the start tries again.
    tx.batch("SET LOCAL lock_timeout = '200ms'").await?;
    for sql in new {
        tx.batch(sql).await?;
    }
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let sql = "INSERT INTO schema_version (one, version) VALUES (1, $1)
               ON CONFLICT (one) DO UPDATE SET version = excluded.version";
    tx.execute(sql, &[&known]).await.map(|_| ())
}

/// Looks at the schema, and changes nothing. Refuses the schemas that [`migrate`] refuses.
pub(super) async fn look(tx: &Tx) -> Result<Schema> {
    let found = version(tx).await?;
    Ok(match missing(found)? {
        [] => Schema::Current,
        _ if found == 0 => Schema::Missing,
        _ => Schema::Older(found, MIGRATIONS.len()),
    })
}

/// The migrations that a schema of this version has not had.
fn missing(found: usize) -> Result<&'static [&'static str]> {
    MIGRATIONS.get(found..).ok_or_else(|| {
        let known = MIGRATIONS.len();
        refused(&format!("its schema has version {found}; this program knows versions up to {known}"))
    })
}

/// The version of the schema. The tables of extensions do not count.
async fn version(tx: &Tx) -> Result<usize> {
    let ours = "SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass(quote_ident(current_schema()) || '.schema_version')
                AND attname = 'version' AND atttypid = 'bigint'::regtype";
    if tx.exists(ours, &[]).await? {
        let row = tx.one("SELECT version FROM schema_version", &[]).await?;
        return usize::try_from(row.try_get::<_, i64>(0)?).map_err(|_| refused("its schema has no version"));
    }
    let others = "SELECT 1 FROM pg_class c WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
                  AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')";
    if tx.exists(others, &[]).await? {
        return Err(refused("the database holds another program's tables"));
    }
    Ok(0)
}

fn refused(reason: &str) -> Error {
    Error::Internal(format!("the index cannot be opened: {reason}").into())
}
