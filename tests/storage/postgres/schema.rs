//! The schema: its creation, the schemas that are refused, and that both indexes have the same one.

use std::collections::BTreeMap;
use std::fmt::Write;

use cardea::model::BucketId;
use cardea::model::settings::SettingName;
use cardea::storage::index::postgres::{PostgresIndex, Schema as Found};
use cardea::storage::index::sqlite::SqliteIndex;
use cardea::storage::index::{BucketAddress, BucketSettings, Buckets, Care, Installation, Writers};
use futures_util::future::join_all;

use super::database::{Schema, connect};

/// The error for a schema that is refused.
async fn refusal(schema: &Schema) -> String {
    let mut said = String::new();
    let refused = PostgresIndex::open(&schema.options()).await.unwrap_err();
    let mut error: Option<&dyn std::error::Error> = Some(&refused);
    while let Some(cause) = error {
        write!(said, "{cause}; ").unwrap();
        error = cause.source();
    }
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_open_it_at_once_make_one_schema() {
    let schema = Schema::new().await;
    let options = schema.options();
    for opened in join_all((0..5).map(|_| PostgresIndex::open(&options))).await {
        opened.unwrap().check().await.unwrap();
    }
    let versions = connect(&schema.url).await.query("SELECT version FROM schema_version", &[]).await.unwrap();
    assert_eq!(versions.iter().map(|row| row.get::<_, i64>(0)).collect::<Vec<_>>(), [VERSION]);
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_schema_holds_stays_when_it_is_opened_again() {
    let schema = Schema::new().await;
    let writer = cardea::model::WriterId::random();
    schema.open().await.heartbeat(writer).await.unwrap();
    assert_eq!(schema.open().await.unswept_writers().await.unwrap(), [writer]);
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_schema_is_refused() {
    let schema = Schema::new().await;
    drop(schema.open().await);
    connect(&schema.url).await.batch_execute("UPDATE schema_version SET version = 99").await.unwrap();
    let said = refusal(&schema).await;
    assert!(said.contains("schema has version 99") && said.contains(&format!("up to {VERSION}")), "{said}");
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_looks_at_the_schema_changes_nothing() {
    let schema = Schema::new().await;
    let client = connect(&schema.url).await;
    let index = PostgresIndex::new(&schema.options()).unwrap();
    assert_eq!(index.schema().await.unwrap(), Found::Missing);
    let sql = "SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace";
    assert_eq!(client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 0);
    index.migrate().await.unwrap();
    assert_eq!(index.schema().await.unwrap(), Found::Current);
    let (old, new) = (usize::try_from(VERSION - 1).unwrap(), usize::try_from(VERSION).unwrap());
    client.execute("UPDATE schema_version SET version = version - 1", &[]).await.unwrap();
    assert_eq!(index.schema().await.unwrap(), Found::Older(old, new));
    client.execute("UPDATE schema_version SET version = 99", &[]).await.unwrap();
    assert!(index.schema().await.is_err());
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_programs_database_is_refused() {
    for theirs in
        ["CREATE TABLE theirs (x INT)", "CREATE VIEW theirs AS SELECT 1 AS x", "CREATE SEQUENCE theirs"]
    {
        let schema = Schema::new().await;
        let client = connect(&schema.url).await;
        client.batch_execute(theirs).await.unwrap();
        let said = refusal(&schema).await;
        assert!(said.contains("another program"), "{theirs}: {said}");
        let sql = "SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace";
        assert_eq!(client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 1, "nothing was left there");
        schema.drop().await;
    }
    // A table of the same name, but of no schema of ours.
    let schema = Schema::new().await;
    connect(&schema.url).await.batch_execute("CREATE TABLE schema_version (version TEXT)").await.unwrap();
    let said = refusal(&schema).await;
    assert!(said.contains("another program"), "{said}");
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_that_is_not_there_is_refused() {
    let schema = Schema::new().await;
    connect(&schema.url)
        .await
        .batch_execute("DO $$ BEGIN EXECUTE 'DROP SCHEMA ' || quote_ident(current_schema()); END $$")
        .await
        .unwrap();
    let said = refusal(&schema).await;
    assert!(said.contains("schema"), "{said}");
}

/// The newest version of the schema.
const VERSION: i64 = 4;
/// Tables that only PostgreSQL needs. A copy from one index to the other leaves them out.
const OWN: &[&str] = &["incarnation", "schema_version"];
/// Columns that only PostgreSQL needs. A loaded row has the default of the column, or null.
const OWN_COLUMNS: &[(&str, &str)] = &[("writers", "unbroken"), ("buckets", "settings")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_indexes_have_the_same_tables_and_columns() {
    let schema = Schema::new().await;
    drop(schema.open().await);
    let sql = "SELECT table_name::text, column_name::text, is_nullable = 'NO', data_type::text,
                   is_nullable = 'YES' OR column_default IS NOT NULL
               FROM information_schema.columns
               WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position";
    let mut postgres: BTreeMap<String, Vec<(String, bool, &str)>> = BTreeMap::new();
    let mut own = 0;
    for row in connect(&schema.url).await.query(sql, &[]).await.unwrap() {
        let kind = match row.get::<_, &str>(3) {
            "bigint" => "INTEGER",
            "bytea" => "BLOB",
            "text" => "TEXT",
            other => panic!("{other}"),
        };
        if OWN_COLUMNS.contains(&(row.get(0), row.get(1))) {
            own += 1;
            assert!(row.get::<_, bool>(4), "{} of {}", row.get::<_, &str>(1), row.get::<_, &str>(0));
        } else {
            postgres.entry(row.get(0)).or_default().push((row.get(1), row.get(2), kind));
        }
    }
    assert_eq!(own, OWN_COLUMNS.len());
    postgres.retain(|table, _| !OWN.contains(&table.as_str()));
    schema.drop().await;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("index.sqlite");
    drop(SqliteIndex::open(&file).unwrap());
    let connection = rusqlite::Connection::open(&file).unwrap();
    // A primary key of one number is never NULL, though SQLite does not say so.
    let sql = "SELECT t.name, c.name, c.\"notnull\" OR c.pk > 0, c.type FROM sqlite_schema t, pragma_table_info(t.name) c
               WHERE t.type = 'table' ORDER BY t.name, c.cid";
    let mut statement = connection.prepare(sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut sqlite: BTreeMap<String, Vec<(String, bool, &str)>> = BTreeMap::new();
    while let Some(row) = rows.next().unwrap() {
        let kind: String = row.get(3).unwrap();
        let kind = ["INTEGER", "BLOB", "TEXT"].into_iter().find(|known| *known == kind).unwrap();
        sqlite.entry(row.get(0).unwrap()).or_default().push((row.get(1).unwrap(), row.get(2).unwrap(), kind));
    }
    assert_eq!(postgres, sqlite);
}

/// A schema of the third version, with a bucket that has settings and one that has none.
const FORMER: &[&str] = &[
    include_str!("../../../src/storage/index/postgres/schema/0001_initial.sql"),
    include_str!("../../../src/storage/index/postgres/schema/0002_marks.sql"),
    include_str!("../../../src/storage/index/postgres/schema/0003_revoked_tokens.sql"),
    "INSERT INTO schema_version (one, version) VALUES (1, 3)",
    r#"INSERT INTO buckets (id, account, name, registered, created, modified, versioning, metadata, settings) VALUES
           (decode(repeat('01', 16), 'hex'), 'mine', 'one', 1, 7, 8, 0, '{"color":"blue"}', '{"later":"x","tags":"ä\"\n"}'),
           (decode(repeat('02', 16), 'hex'), 'mine', 'two', 1, 7, 8, 0, '{}', '{}')"#,
    "INSERT INTO account_usage (account, slot, buckets, objects, bytes) VALUES ('mine', 0, 2, 0, 0)",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_former_schema_is_migrated_with_its_settings() {
    let schema = Schema::new().await;
    let client = connect(&schema.url).await;
    for sql in FORMER {
        client.batch_execute(sql).await.unwrap();
    }
    let index = schema.open().await;
    let (one, two) = (BucketId([1; 16]), BucketId([2; 16]));
    let settings = index.bucket_settings(one).await.unwrap();
    assert_eq!(settings.values, [(SettingName::Tags, "ä\"\n".to_owned())].into());
    assert_eq!(index.bucket_settings(two).await.unwrap(), BucketSettings::default());
    let bucket = index.bucket(&BucketAddress::Id(one)).await.unwrap();
    assert_eq!((bucket.settings_generation, bucket.metadata.len()), (settings.generation, 1));
    assert!(settings.generation > 0);
    let rows = client.query("SELECT name, changed FROM bucket_settings ORDER BY name", &[]).await.unwrap();
    let rows: Vec<(&[u8], i64)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(rows, [(&b"later"[..], 8), (&b"tags"[..], 8)]);
    assert_eq!(index.audit().await.unwrap(), []);
    schema.drop().await;
}

/// The statements of a gateway of the third version, which still runs beside the first new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_former_gateway_goes_on_over_the_new_schema() {
    let schema = Schema::new().await;
    let (index, client) = (schema.open().await, connect(&schema.url).await);
    let made = "INSERT INTO buckets (id, account, name, registered, created, modified, versioning, metadata, settings)
                VALUES (decode(repeat('03', 16), 'hex'), 'mine', 'three', 1, 7, 8, 0, '{}', '{}')";
    client.execute(made, &[]).await.unwrap();
    let id = BucketId([3; 16]);
    assert_eq!(index.bucket_settings(id).await.unwrap(), BucketSettings::default());
    index.put_bucket_setting(id, SettingName::Tags, Some("[]".into())).await.unwrap();
    let settings = index.bucket_settings(id).await.unwrap();

    let changed = "UPDATE buckets SET modified = 9, versioning = 1, metadata = '{}', settings = '{}'";
    assert_eq!(client.execute(changed, &[]).await.unwrap(), 1);
    let found = client.query("SELECT settings FROM buckets", &[]).await.unwrap();
    assert!(found.iter().all(|row| row.get::<_, &str>(0) == "{}"));
    assert_eq!(index.bucket_settings(id).await.unwrap(), settings);
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_are_rewritten_all_the_time_do_not_grow_their_index() {
    let schema = Schema::new().await;
    drop(schema.open().await);
    let client = connect(&schema.url).await;
    let rewritten = "INSERT INTO bucket_usage VALUES (1, 0, 0, 0);
        INSERT INTO account_usage VALUES ('a', 0, 0, 0, 0);
        INSERT INTO writers (id, started, heartbeat) VALUES ('w', 0, 0)";
    client.batch_execute(rewritten).await.unwrap();
    let rewrite = "DO $$ BEGIN FOR n IN 1..10000 LOOP
        UPDATE bucket_usage SET objects = n; UPDATE account_usage SET objects = n; UPDATE writers SET heartbeat = n;
        COMMIT; END LOOP; END $$";
    client.batch_execute(rewrite).await.unwrap();
    // The size of the table itself depends on how long others look at its older rows.
    for table in ["bucket_usage", "account_usage", "writers"] {
        let sql = "SELECT pg_indexes_size($1::text::regclass) / 8192";
        let pages: i64 = client.query_one(sql, &[&table]).await.unwrap().get(0);
        assert!(pages <= 2, "{table}: its index has {pages} pages");
    }
    schema.drop().await;
}
