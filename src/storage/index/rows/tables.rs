//! The tables that every kind of index has, with the columns that all migrations leave.
//!
//! A test compares this list with SQLite's own, so that no column of a new migration is forgotten.

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColumnType {
    /// Numbers: INTEGER, BIGINT.
    Int,
    /// Bytes: BLOB, BYTEA.
    Bytes,
    Text,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Column {
    pub name: &'static str,
    /// The type of its values.
    pub kind: ColumnType,
    /// Whether it may be null.
    pub nullable: bool,
    /// The value for rows of an older schema without this column. If there is none, the column is null, where
    /// it may be.
    pub former: Option<i64>,
}

impl Column {
    const fn or_null(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// A column that was added later, with its value for older rows.
    const fn or(mut self, former: i64) -> Self {
        self.former = Some(former);
        self
    }
}

/// A column of an older schema, which backups of that time have.
#[derive(PartialEq, Eq, Debug)]
pub struct Retired {
    pub name: &'static str,
    /// The only text that a row may have there, so nothing is lost with it.
    pub text: &'static str,
}

#[derive(PartialEq, Eq, Debug)]
pub struct Table {
    pub name: &'static str,
    /// Its columns, in their order.
    pub columns: &'static [Column],
    /// The number of its first columns that are its primary key, in that order.
    pub key: usize,
    /// Whether the index numbers its rows itself (`nr`): after a load it must continue after the last number.
    pub numbered: bool,
    /// Columns that it no longer has.
    pub retired: &'static [Retired],
}

impl Table {
    const fn without(mut self, retired: &'static [Retired]) -> Self {
        self.retired = retired;
        self
    }
}

/// Finds a table by its name.
pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

/// Tables that no backup keeps: the leases, and the marks of the index.
pub const NOT_KEPT: &[&str] = &["leases", "marks"];

/// The tables in the order in which they are read and loaded. The installation's record is the last: an index
/// without it does not count as one.
#[rustfmt::skip]
pub static TABLES: &[Table] = &[
    keyed("writers", 1, &[
        bytes("id"), int("started"), int("heartbeat"), int("fenced").or_null(), int("swept").or_null(),
    ]),
    keyed("accounts", 1, &[
        bytes("id"), bytes("domain"), bytes("name"), text("display_name"), text("email").or_null(), int("created"),
        text("metadata"),
    ]),
    keyed("users", 1, &[
        bytes("id"), bytes("domain"), bytes("name"), bytes("tempauth").or_null(), text("password_hash").or_null(),
        int("epoch"), int("enabled"),
    ]),
    keyed("roles", 3, &[bytes("user"), bytes("account"), bytes("role")]),
    keyed("access_keys", 1, &[
        bytes("access"), bytes("user"), bytes("account"), bytes("sealed_secret"), int("enabled"),
    ]),
    keyed("signing_keys", 1, &[bytes("id"), bytes("sealed_key"), bytes("public_key"), int("created")]),
    keyed("revoked_tokens", 1, &[bytes("id"), int("until")]),
    numbered("buckets", &[
        int("nr"), bytes("id"), bytes("account"), bytes("name"), int("registered"), int("created"), int("modified"),
        int("versioning"), text("metadata"), int("settings_generation").or(0),
    ]).without(&[Retired { name: "settings", text: "{}" }]),
    keyed("bucket_settings", 2, &[int("bucket"), bytes("name"), text("text"), int("changed")]),
    keyed("bucket_usage", 2, &[int("bucket"), int("slot"), int("objects"), int("bytes")]),
    keyed("account_usage", 2, &[bytes("account"), int("slot"), int("buckets"), int("objects"), int("bytes")]),
    keyed("blobs", 1, &[
        bytes("id"), int("refs"), int("length"), int("freed").or_null(), int("inline").or_null(), bytes("header"),
    ]),
    numbered("inline_blobs", &[int("nr"), bytes("bytes")]),
    numbered("versions", &[
        int("nr"), int("bucket"), bytes("key"), int("state"), int("marker"), int("null_id"), int("created"),
        int("modified"), int("size"), int("mode"), int("part_count").or_null(), text("etag"),
        text("content_type").or_null(), bytes("uid"), int("expires").or_null(), int("retention").or_null(),
        int("retain_until").or_null(), int("legal_hold"), bytes("digests"), bytes("envelope"), text("metadata"),
        text("acl").or_null(), text("tags").or_null(), bytes("manifest").or_null(),
    ]),
    keyed("parts", 2, &[
        int("version"), int("seq"), bytes("blob"), int("start"), int("length"), bytes("wrapped_key"),
    ]),
    keyed("version_parts", 2, &[int("version"), int("number"), int("size"), bytes("digests")]),
    numbered("uploads", &[
        int("nr"), bytes("uid"), int("bucket"), bytes("key"), int("created"), bytes("initiator"), int("mode"),
        text("content_type").or_null(), bytes("envelope"), text("choices"), text("metadata"),
    ]),
    keyed("upload_parts", 2, &[
        int("upload"), int("number"), int("created"), int("size"), text("etag"), bytes("digests"),
    ]),
    keyed("upload_refs", 3, &[
        int("upload"), int("number"), int("seq"), bytes("blob"), int("start"), int("length"), bytes("wrapped_key"),
    ]),
    keyed("install", 1, &[int("one"), bytes("id"), bytes("canary"), int("created")]),
];

const fn keyed(name: &'static str, key: usize, columns: &'static [Column]) -> Table {
    Table { name, columns, key, numbered: false, retired: &[] }
}

const fn numbered(name: &'static str, columns: &'static [Column]) -> Table {
    Table { name, columns, key: 1, numbered: true, retired: &[] }
}

const fn int(name: &'static str) -> Column {
    Column { name, kind: ColumnType::Int, nullable: false, former: None }
}

const fn bytes(name: &'static str) -> Column {
    Column { name, kind: ColumnType::Bytes, nullable: false, former: None }
}

const fn text(name: &'static str) -> Column {
    Column { name, kind: ColumnType::Text, nullable: false, former: None }
}
