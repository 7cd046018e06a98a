//! The schema and its migrations: plain SQL files, forward only.

use rusqlite::Connection;

use crate::storage::Error;
use crate::storage::index::Result;

/// Marks the file as a Cardea index (`CRDA`), so that another program's database is not taken for one.
const APPLICATION_ID: i64 = 0x4352_4441;

/// The migrations in order. The first makes version 1 of the schema. None is ever changed once released.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/0001_initial.sql"),
    include_str!("schema/0002_versions_newest_first.sql"),
    include_str!("schema/0003_leases.sql"),
    include_str!("schema/0004_marks.sql"),
    include_str!("schema/0005_revoked_tokens.sql"),
    include_str!("schema/0006_bucket_settings.sql"),
];

/// Brings the schema up to date. Refuses a schema that is newer than this program, and a foreign database.
pub(super) fn migrate(connection: &mut Connection) -> Result<()> {
    migrate_with(connection, MIGRATIONS)
}

/// Checks that the schema is the one that this program knows. Changes nothing.
pub(super) fn check(connection: &Connection) -> Result<()> {
    let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if application != APPLICATION_ID {
        return Err(refused("the file is another program's SQLite database"));
    }
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    if found == known {
        return Ok(());
    }
    Err(refused(&format!("its schema has version {found}; this program reads version {known}")))
}

fn migrate_with(connection: &mut Connection, migrations: &[&str]) -> Result<()> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let application: i64 = transaction.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let found: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION_ID && (tables > 0 || application != 0) {
        return Err(refused("the file is another program's SQLite database"));
    }
    let known = u32::try_from(migrations.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(refused(&format!(
            "its schema has version {found}; this program knows versions up to {known}"
        )));
    }
    for sql in &migrations[found as usize..] {
        transaction.execute_batch(sql)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}

fn refused(reason: &str) -> Error {
    Error::Internal(format!("the index cannot be opened: {reason}").into())
}

/// SQLite's plan for a statement, step by step.
#[cfg(test)]
pub(super) fn plan(sql: &str) -> Vec<String> {
    let mut connection = Connection::open_in_memory().unwrap();
    migrate(&mut connection).unwrap();
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let parameters = vec![1; statement.parameter_count()];
    let steps = statement.query_map(rusqlite::params_from_iter(parameters), |row| row.get(3)).unwrap();
    steps.collect::<rusqlite::Result<_>>().unwrap()
}

#[cfg(test)]
mod tests {
    use super::super::connection::Snapshot;
    use super::super::{bucket_rows, settings};
    use super::*;
    use crate::model::BucketId;
    use crate::model::settings::SettingName;
    use crate::storage::index::BucketAddress;

    #[test]
    fn migrations_go_forward_and_are_applied_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        let two = ["CREATE TABLE a (x)", "CREATE TABLE b (x)"];
        migrate_with(&mut connection, &two[..1]).unwrap();
        migrate_with(&mut connection, &two).unwrap();
        migrate_with(&mut connection, &two).unwrap();
        connection.execute_batch("SELECT * FROM a, b").unwrap();
    }

    #[test]
    fn what_an_older_schema_holds_stays() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate_with(&mut connection, &MIGRATIONS[..1]).unwrap();
        let version = "INSERT INTO versions (bucket, key, state, marker, null_id, created, modified, size, mode, etag, uid,
                           digests, envelope, metadata)
                       VALUES (1, x'61', ?1, 0, 0, ?2, ?2, 0, 0, '', x'01', x'', x'', '{}')";
        for (state, created) in [(0, 5), (0, 6), (1, 7)] {
            connection.execute(version, [state, created]).unwrap();
        }
        migrate(&mut connection).unwrap();
        let newest = "SELECT created FROM versions WHERE bucket = 1 AND key = x'61' AND state <> 1
                      ORDER BY created DESC LIMIT 1";
        assert_eq!(connection.query_row(newest, [], |row| row.get::<_, i64>(0)), Ok(6));
        let check = connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
        assert_eq!(check.as_deref(), Ok("ok"));
    }

    #[test]
    fn the_settings_of_a_former_schema_are_carried_over() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate_with(&mut connection, &MIGRATIONS[..5]).unwrap();
        let rows = r#"
            INSERT INTO buckets (nr, id, account, name, registered, created, modified, versioning, metadata, settings)
            VALUES (1, zeroblob(16), x'61', x'61', 1, 7, 8, 2, '{"color":"blue"}', '{"later":"x","tags":"ä\"\n"}'),
                   (2, x'00112233445566778899aabbccddeeff', x'61', x'62', 1, 7, 8, 0, '{}', '{}')"#;
        connection.execute_batch(rows).unwrap();
        migrate(&mut connection).unwrap();
        let db = Snapshot::new(&connection);
        let settings = settings::all(&db, BucketId([0; 16])).unwrap();
        assert_eq!(settings.values, [(SettingName::Tags, "ä\"\n".to_owned())].into());
        let bucket = bucket_rows::find(&db, &BucketAddress::Id(BucketId([0; 16]))).unwrap().record;
        assert_eq!((bucket.settings_generation, bucket.metadata.len()), (settings.generation, 1));
        assert!(settings.generation > 0);
        let others = bucket_rows::page(&db, Some(bucket.id), 10).unwrap();
        assert_eq!((others.len(), others[0].settings_generation), (1, 0));
        let rows = "SELECT group_concat(CAST(name AS TEXT) || changed) FROM bucket_settings";
        assert_eq!(
            connection.query_row(rows, [], |row| row.get::<_, String>(0)).as_deref(),
            Ok("later8,tags8")
        );
        let check = connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
        assert_eq!(check.as_deref(), Ok("ok"));
    }

    #[test]
    fn a_newer_schema_and_a_foreign_file_are_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        assert!(check(&connection).is_err());
        migrate(&mut connection).unwrap();
        check(&connection).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        assert!(migrate(&mut connection).unwrap_err().to_string().contains("99"));
        assert!(check(&connection).unwrap_err().to_string().contains("99"));

        let mut foreign = Connection::open_in_memory().unwrap();
        foreign.execute_batch("CREATE TABLE theirs (x)").unwrap();
        assert!(migrate(&mut foreign).is_err());
    }

    #[test]
    fn a_failed_migration_leaves_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        assert!(migrate_with(&mut connection, &["CREATE TABLE a (x)", "nonsense"]).is_err());
        let tables: i64 =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0)).unwrap();
        assert_eq!(tables, 0);
    }
}
