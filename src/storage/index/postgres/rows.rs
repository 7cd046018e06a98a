//! The index as rows: read as of one moment in a transaction that changes nothing, and loaded column by
//! column.

use std::error::Error as StdError;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use tokio_postgres::Row as Found;
use tokio_postgres::types::{IsNull, ToSql, Type};

use super::transaction::{Snapshot, Tx};
use super::{PostgresIndex, writers};
use crate::model::WriterId;
use crate::storage::Error;
use crate::storage::index::Result;
use crate::storage::index::rows::{
    Begun, ColumnType, Loaded, Mark, PAGE_BYTES, PAGE_ROWS, Row, RowSnapshot, RowSource, Rows, TABLES, Table,
    Value, size,
};

#[async_trait]
impl RowSource for PostgresIndex {
    async fn snapshot(&self) -> Result<Box<dyn RowSnapshot>> {
        Ok(Box::new(Held(self.db.hold().await?)))
    }
}

#[async_trait]
impl Rows for PostgresIndex {
    async fn mark(&self, mark: Mark) -> Result<Option<String>> {
        query!(self.db, db, (mark) => find_mark(db, *mark))
    }

    async fn set_mark(&self, mark: Mark, value: Option<&str>) -> Result<()> {
        let value = value.map(str::to_owned);
        command!(self.db, tx, (mark, value) => put_mark(tx, *mark, value.as_deref()))
    }

    async fn begin_load(&self, source: &str) -> Result<Begun> {
        let source = source.to_owned();
        command!(self.db, tx, (source) => begin_load(tx, source))
    }

    async fn loaded(&self, table: &'static Table) -> Result<Loaded> {
        self.db.survey(move |tx| Box::pin(loaded(tx, table))).await
    }

    async fn load(&self, table: &'static Table, rows: Vec<Row>) -> Result<()> {
        command!(self.db, tx, (table, rows) => load(tx, table, rows))
    }

    async fn finish_load(&self, restored: Option<&str>) -> Result<()> {
        let restored = restored.map(str::to_owned);
        command!(self.db, tx, (restored) => finish_load(tx, restored.as_deref()))
    }

    async fn accept(&self, restored: &str, strangers: Vec<WriterId>) -> Result<bool> {
        let restored = restored.to_owned();
        command!(self.db, tx, (restored, strangers) => accept(tx, restored, strangers))
    }
}

// ---- reading
// -------------------------------------------------------------------------------------------------

/// A transaction that stays open while the snapshot is read.
struct Held(Tx);

#[async_trait]
impl RowSnapshot for Held {
    async fn page(&mut self, table: &'static Table, after: Option<&[Value]>) -> Result<Vec<Row>> {
        let (columns, key) = (names(table, table.columns.len()), names(table, table.key));
        let mut after = after.map(<[Value]>::to_vec);
        let (mut rows, mut bytes): (Vec<Row>, _) = (Vec::new(), 0);
        loop {
            let bound =
                after.as_ref().map_or(String::new(), |_| format!("WHERE ({key}) > ({})", places(table.key)));
            let sql = format!("SELECT {columns} FROM \"{}\" {bound} ORDER BY {key} LIMIT {STEP}", table.name);
            let params: Vec<_> = after.iter().flatten().map(|value| value as &(dyn ToSql + Sync)).collect();
            let found = self.0.all(&sql, &params).await?;
            for row in &found {
                let row = values(table, table.columns.len(), row)?;
                bytes += size(&row);
                rows.push(row);
            }
            if found.len() < STEP || bytes >= PAGE_BYTES || rows.len() >= PAGE_ROWS {
                return Ok(rows);
            }
            after = rows.last().map(|row| row[..table.key].to_vec());
        }
    }
}

/// The rows that are asked for at a time: the size of a page is not known before. Hardly a row has more than
/// 16 KiB.
const STEP: usize = 250;

fn values(table: &Table, count: usize, found: &Found) -> Result<Row> {
    let value = |at: usize| -> Result<Value> {
        Ok(match table.columns[at].kind {
            ColumnType::Int => found.try_get::<_, Option<i64>>(at)?.map_or(Value::Null, Value::Int),
            ColumnType::Bytes => found
                .try_get::<_, Option<&[u8]>>(at)?
                .map_or(Value::Null, |bytes| Value::Bytes(Bytes::copy_from_slice(bytes))),
            ColumnType::Text => found.try_get::<_, Option<String>>(at)?.map_or(Value::Null, Value::Text),
        })
    };
    (0..count).map(value).collect()
}

/// The names of the first columns, quoted: some are words of SQL.
fn names(table: &Table, count: usize) -> String {
    let quoted: Vec<_> = table.columns[..count].iter().map(|column| format!("\"{}\"", column.name)).collect();
    quoted.join(", ")
}

fn places(count: usize) -> String {
    (1..=count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}

// ---- loading
// -------------------------------------------------------------------------------------------------

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) => number.to_sql(kind, out),
            Self::Bytes(bytes) => (&**bytes).to_sql(kind, out),
            Self::Text(text) => text.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::BYTEA | Type::TEXT)
    }

    tokio_postgres::types::to_sql_checked!();
}

async fn find_mark(db: &Snapshot, mark: Mark) -> Result<Option<String>> {
    let found = db.maybe("SELECT value FROM marks WHERE name = $1", &[&mark.name()]).await?;
    Ok(found.map(|row| row.try_get(0)).transpose()?)
}

async fn set_mark(tx: &Tx, mark: Mark, value: &str) -> Result<()> {
    let sql = "INSERT INTO marks (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    tx.execute(sql, &[&mark.name(), &value]).await.map(|_| ())
}

async fn put_mark(tx: &Tx, mark: Mark, value: Option<&str>) -> Result<()> {
    match value {
        Some(value) => set_mark(tx, mark, value).await,
        None => remove_mark(tx, mark).await,
    }
}

async fn remove_mark(tx: &Tx, mark: Mark) -> Result<()> {
    tx.execute("DELETE FROM marks WHERE name = $1", &[&mark.name()]).await.map(|_| ())
}

async fn accept(tx: &Tx, restored: &str, strangers: &[WriterId]) -> Result<bool> {
    let sql = "DELETE FROM marks WHERE name = $1 AND value = $2";
    let is_accepted = tx.execute(sql, &[&Mark::Restored.name(), &restored]).await? == 1;
    if is_accepted {
        writers::disown(tx, strangers).await?;
    }
    Ok(is_accepted)
}

async fn begin_load(tx: &Tx, source: &str) -> Result<Begun> {
    // One load at a time: the second finds the mark.
    tx.batch("LOCK TABLE marks IN EXCLUSIVE MODE").await?;
    if let Some(begun) = find_mark(tx, Mark::Loading).await? {
        return Ok(if begun == source { Begun::Again } else { Begun::Other(begun) });
    }
    for table in TABLES {
        if tx.exists(&format!("SELECT 1 FROM \"{}\" LIMIT 1", table.name), &[]).await? {
            return Ok(Begun::NotEmpty);
        }
    }
    set_mark(tx, Mark::Loading, source).await?;
    Ok(Begun::New)
}

async fn loaded(tx: &Tx, table: &'static Table) -> Result<Loaded> {
    let key = names(table, table.key);
    let rows: i64 = tx.one(&format!("SELECT count(*) FROM \"{}\"", table.name), &[]).await?.try_get(0)?;
    let backwards = key.replace(", ", " DESC, ");
    let sql = format!("SELECT {key} FROM \"{}\" ORDER BY {backwards} DESC LIMIT 1", table.name);
    let last = tx.maybe(&sql, &[]).await?;
    let last = last.map(|row| values(table, table.key, &row)).transpose()?;
    Ok(Loaded { rows: rows.unsigned_abs(), last })
}

/// Loads rows column by column: one statement, whatever their number.
async fn load(tx: &Tx, table: &'static Table, rows: &[Row]) -> Result<()> {
    if let Some(row) = rows.iter().find(|row| row.len() != table.columns.len()) {
        return Err(Error::Internal(format!("a row of {} has {} values", table.name, row.len()).into()));
    }
    let kinds = table.columns.iter().enumerate().map(|(at, column)| {
        let kind = match column.kind {
            ColumnType::Int => "bigint",
            ColumnType::Bytes => "bytea",
            ColumnType::Text => "text",
        };
        format!("${}::{kind}[]", at + 1)
    });
    let kinds = kinds.collect::<Vec<_>>().join(", ");
    let names = names(table, table.columns.len());
    let sql = format!("INSERT INTO \"{}\" ({names}) SELECT * FROM unnest({kinds})", table.name);
    let columns: Vec<Vec<&Value>> =
        (0..table.columns.len()).map(|at| rows.iter().map(|row| &row[at]).collect()).collect();
    let params: Vec<&(dyn ToSql + Sync)> =
        columns.iter().map(|column| column as &(dyn ToSql + Sync)).collect();
    tx.execute(&sql, &params).await.map(|_| ())
}

async fn finish_load(tx: &Tx, restored: Option<&str>) -> Result<()> {
    for table in TABLES.iter().filter(|table| table.numbered) {
        let name = table.name;
        let sql = format!(
            "SELECT setval(pg_get_serial_sequence('{name}', 'nr'), (SELECT coalesce(max(nr), 0) + 1 FROM \"{name}\"), false)"
        );
        tx.one(&sql, &[]).await?;
    }
    remove_mark(tx, Mark::Loading).await?;
    match restored {
        Some(backup) => set_mark(tx, Mark::Restored, backup).await,
        None => Ok(()),
    }
}
