//! The index as rows: read as of one moment by a thread of its own, and loaded by the thread that writes.
//!
//! A reader of a write-ahead log waits for nobody, and nobody waits for it, in this process or another. But
//! while a snapshot lives, the log cannot start anew, and grows with every write.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc;

use async_trait::async_trait;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};
use tokio::sync::oneshot;

use super::connection::{self, Snapshot, Tx};
use super::{SqliteIndex, schema, writers};
use crate::model::WriterId;
use crate::storage::Error;
use crate::storage::index::Result;
use crate::storage::index::rows::{
    Begun, Loaded, Mark, PAGE_BYTES, PAGE_ROWS, Row, RowSnapshot, RowSource, Rows, TABLES, Table, Value, size,
};

#[async_trait]
impl RowSource for SqliteIndex {
    async fn snapshot(&self) -> Result<Box<dyn RowSnapshot>> {
        Ok(Box::new(Reader::start(&self.path).await?))
    }
}

#[async_trait]
impl Rows for SqliteIndex {
    async fn mark(&self, mark: Mark) -> Result<Option<String>> {
        self.readers.statement(move |db| find_mark(db, mark)).await
    }

    async fn set_mark(&self, mark: Mark, value: Option<&str>) -> Result<()> {
        let value = value.map(str::to_owned);
        self.writer()?
            .run(move |tx| match &value {
                Some(value) => set_mark(tx, mark, value),
                None => remove_mark(tx, mark),
            })
            .await
    }

    async fn begin_load(&self, source: &str) -> Result<Begun> {
        let source = source.to_owned();
        self.writer()?.run(move |tx| begin_load(tx, &source)).await
    }

    async fn loaded(&self, table: &'static Table) -> Result<Loaded> {
        self.readers.snapshot(move |db| loaded(db, table)).await
    }

    async fn load(&self, table: &'static Table, rows: Vec<Row>) -> Result<()> {
        self.writer()?.run(move |tx| load(tx, table, &rows)).await
    }

    async fn finish_load(&self, restored: Option<&str>) -> Result<()> {
        let restored = restored.map(str::to_owned);
        self.writer()?
            .run(move |tx| {
                remove_mark(tx, Mark::Loading)?;
                restored.map_or(Ok(()), |backup| set_mark(tx, Mark::Restored, &backup))
            })
            .await
    }

    async fn accept(&self, restored: &str, strangers: Vec<WriterId>) -> Result<bool> {
        let restored = restored.to_owned();
        self.writer()?
            .run(move |tx| {
                let sql = "DELETE FROM marks WHERE name = ?1 AND value = ?2";
                let is_accepted = tx.execute(sql, [Mark::Restored.name(), &restored])? == 1;
                if is_accepted {
                    writers::disown(tx, &strangers)?;
                }
                Ok(is_accepted)
            })
            .await
    }
}

// ---- reading
// -------------------------------------------------------------------------------------------------

struct Asked {
    table: &'static Table,
    after: Option<Vec<Value>>,
    reply: oneshot::Sender<Result<Vec<Row>>>,
}

/// A thread whose connection holds one transaction. It ends when this is dropped.
struct Reader(mpsc::Sender<Asked>);

impl Reader {
    async fn start(path: &Path) -> Result<Self> {
        let (asked, questions) = mpsc::channel();
        let (begun, begins) = oneshot::channel();
        let path = path.to_owned();
        std::thread::Builder::new()
            .name("index-snapshot".into())
            .spawn(move || match begin(&path) {
                Ok(connection) => {
                    let _ = begun.send(Ok(()));
                    answer(&connection, &questions);
                }
                Err(error) => {
                    let _ = begun.send(Err(error));
                }
            })
            .map_err(|error| Error::Unavailable(Box::new(error)))?;
        begins.await.unwrap_or_else(|_| Err(gone()))?;
        Ok(Self(asked))
    }
}

fn begin(path: &Path) -> Result<Connection> {
    let connection = connection::reader(path)?;
    connection.execute_batch("BEGIN")?;
    // A transaction sees the state of its first read, not of its beginning.
    schema::check(&connection)?;
    Ok(connection)
}

fn answer(connection: &Connection, questions: &mpsc::Receiver<Asked>) {
    while let Ok(Asked { table, after, reply }) = questions.recv() {
        let found = catch_unwind(AssertUnwindSafe(|| page(connection, table, after.as_deref())));
        let panicked = |_| Err(Error::Internal("a reader of the index panicked".into()));
        // The caller may have gone away.
        let _ = reply.send(found.unwrap_or_else(panicked));
    }
}

fn gone() -> Error {
    Error::Unavailable("the snapshot of the index has ended".into())
}

#[async_trait]
impl RowSnapshot for Reader {
    async fn page(&mut self, table: &'static Table, after: Option<&[Value]>) -> Result<Vec<Row>> {
        let (reply, answer) = oneshot::channel();
        let asked = Asked { table, after: after.map(<[Value]>::to_vec), reply };
        self.0.send(asked).map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }
}

fn page(connection: &Connection, table: &'static Table, after: Option<&[Value]>) -> Result<Vec<Row>> {
    let (columns, key) = (names(table, table.columns.len()), names(table, table.key));
    let bound = after.map_or(String::new(), |_| format!("WHERE ({key}) > ({})", places(table.key)));
    let sql = format!("SELECT {columns} FROM {} {bound} ORDER BY {key} LIMIT {PAGE_ROWS}", table.name);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query(params_from_iter(after.unwrap_or_default()))?;
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while bytes < PAGE_BYTES
        && let Some(row) = found.next()?
    {
        let row: Row = (0..table.columns.len()).map(|at| value(row.get_ref(at)?)).collect::<Result<_>>()?;
        bytes += size(&row);
        rows.push(row);
    }
    Ok(rows)
}

fn value(value: ValueRef<'_>) -> Result<Value> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec().into()),
        ValueRef::Text(text) => Value::Text(
            String::from_utf8(text.to_vec())
                .map_err(|_| Error::Damaged("text that is not UTF-8".to_owned()))?,
        ),
        ValueRef::Real(_) => return Err(Error::Damaged("a number that is not whole".to_owned())),
    })
}

/// The names of the first columns, quoted: some are words of SQL.
fn names(table: &Table, count: usize) -> String {
    let quoted: Vec<_> = table.columns[..count].iter().map(|column| format!("\"{}\"", column.name)).collect();
    quoted.join(", ")
}

fn places(count: usize) -> String {
    vec!["?"; count].join(", ")
}

// ---- loading
// -------------------------------------------------------------------------------------------------

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

fn find_mark(db: &Snapshot<'_>, mark: Mark) -> Result<Option<String>> {
    db.maybe("SELECT value FROM marks WHERE name = ?1", [mark.name()], |row| row.get(0))
}

fn set_mark(tx: &Tx<'_>, mark: Mark, value: &str) -> Result<()> {
    let sql = "INSERT INTO marks (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    tx.execute(sql, [mark.name(), value]).map(|_| ())
}

fn remove_mark(tx: &Tx<'_>, mark: Mark) -> Result<()> {
    tx.execute("DELETE FROM marks WHERE name = ?1", [mark.name()]).map(|_| ())
}

fn begin_load(tx: &Tx<'_>, source: &str) -> Result<Begun> {
    if let Some(begun) = find_mark(tx, Mark::Loading)? {
        return Ok(if begun == source { Begun::Again } else { Begun::Other(begun) });
    }
    for table in TABLES {
        if tx.exists(&format!("SELECT 1 FROM {} LIMIT 1", table.name), [])? {
            return Ok(Begun::NotEmpty);
        }
    }
    set_mark(tx, Mark::Loading, source)?;
    Ok(Begun::New)
}

fn loaded(db: &Snapshot<'_>, table: &'static Table) -> Result<Loaded> {
    let key = names(table, table.key);
    let rows: i64 = db.one(&format!("SELECT count(*) FROM {}", table.name), [], |row| row.get(0))?;
    let backwards = key.replace(", ", " DESC, ");
    let sql = format!("SELECT {key} FROM {} ORDER BY {backwards} DESC LIMIT 1", table.name);
    let mut last = None;
    db.scan(&sql, [], |row| {
        last = Some((0..table.key).map(|at| value(row.get_ref(at)?)).collect::<Result<_>>()?);
        Ok(false)
    })?;
    Ok(Loaded { rows: rows.unsigned_abs(), last })
}

fn load(tx: &Tx<'_>, table: &'static Table, rows: &[Row]) -> Result<()> {
    let (columns, places) = (names(table, table.columns.len()), places(table.columns.len()));
    let sql = format!("INSERT INTO {} ({columns}) VALUES ({places})", table.name);
    for row in rows {
        if row.len() != table.columns.len() {
            return Err(Error::Internal(format!("a row of {} has {} values", table.name, row.len()).into()));
        }
        tx.execute(&sql, params_from_iter(row))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::storage::index::rows::{ColumnType, NOT_KEPT, table};

    fn connection() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        connection
    }

    #[test]
    fn the_list_of_tables_is_the_schemas() {
        let connection = connection();
        let mut statement = connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
            .unwrap();
        let found: BTreeSet<String> =
            statement.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap();
        let listed = TABLES.iter().map(|table| table.name).chain(NOT_KEPT.iter().copied());
        assert_eq!(found, listed.map(str::to_owned).collect());
    }

    #[test]
    fn the_list_of_columns_is_the_schemas() {
        let connection = connection();
        for table in TABLES {
            let sql = format!(
                "SELECT name, type, \"notnull\", pk FROM pragma_table_info('{}') ORDER BY cid",
                table.name
            );
            let mut statement = connection.prepare(&sql).unwrap();
            let found: Vec<(String, String, bool, u32)> = statement
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
                .unwrap()
                .collect::<rusqlite::Result<_>>()
                .unwrap();
            let listed = table.columns.iter().enumerate().map(|(at, column)| {
                let kind = match column.kind {
                    ColumnType::Int => "INTEGER",
                    ColumnType::Bytes => "BLOB",
                    ColumnType::Text => "TEXT",
                };
                (
                    column.name.to_owned(),
                    kind.to_owned(),
                    column.nullable,
                    if at < table.key { u32::try_from(at + 1).unwrap() } else { 0 },
                )
            });
            let found =
                found.into_iter().map(|(name, kind, not_null, key)| (name, kind, !not_null && key == 0, key));
            assert_eq!(found.collect::<Vec<_>>(), listed.collect::<Vec<_>>(), "{}", table.name);
        }
    }

    #[test]
    fn pages_are_read_by_the_primary_key() {
        for table in TABLES {
            let key = names(table, table.key);
            let sql = format!(
                "SELECT {} FROM {} WHERE ({key}) > ({}) ORDER BY {key} LIMIT 9",
                names(table, table.columns.len()),
                table.name,
                places(table.key)
            );
            let plan = schema::plan(&sql).join("; ");
            assert!(
                plan.contains("USING") && !plan.contains("B-TREE") && !plan.contains("versions_"),
                "{plan}"
            );
        }
        assert!(table("versions").is_some_and(|table| table.numbered) && table("nothing").is_none());
    }
}
