//! The list of tables for backups is that of the schema.

use std::collections::BTreeSet;

use cardea::storage::index::rows::{ColumnType, NOT_KEPT, TABLES};

use super::database::{Schema, connect};

#[tokio::test]
async fn the_list_of_tables_is_the_schemas() {
    let schema = Schema::new().await;
    drop(schema.open().await);
    let client = connect(&schema.url).await;
    let all = "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()";
    let found: BTreeSet<String> =
        client.query(all, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    let listed = TABLES.iter().map(|table| table.name).chain(NOT_KEPT.iter().copied());
    assert_eq!(found, listed.chain(["schema_version", "incarnation"]).map(str::to_owned).collect());
    for table in TABLES {
        let columns =
            "SELECT column_name::text, data_type::text, is_nullable = 'YES' FROM information_schema.columns
                       WHERE table_schema = current_schema() AND table_name = $1 
                       AND (table_name, column_name) NOT IN (('writers', 'unbroken'), ('buckets', 'settings'))";
        let rows = client.query(columns, &[&table.name]).await.unwrap();
        let found: BTreeSet<(String, String, bool)> =
            rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
        let listed = table.columns.iter().map(|column| {
            let kind = match column.kind {
                ColumnType::Int => "bigint",
                ColumnType::Bytes => "bytea",
                ColumnType::Text => "text",
            };
            (column.name.to_owned(), kind.to_owned(), column.nullable)
        });
        assert_eq!(found, listed.collect(), "{}", table.name);
        let key = "SELECT a.attname::text FROM pg_index i, unnest(i.indkey) WITH ORDINALITY k (attnum, at), pg_attribute a
                   WHERE i.indrelid = $1::text::regclass AND i.indisprimary AND a.attrelid = i.indrelid
                     AND a.attnum = k.attnum ORDER BY k.at";
        let rows = client.query(key, &[&table.name]).await.unwrap();
        let found: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let listed: Vec<_> = table.columns[..table.key].iter().map(|column| column.name.to_owned()).collect();
        assert_eq!(found, listed, "{}", table.name);
    }
    schema.drop().await;
}
