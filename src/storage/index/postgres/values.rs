//! The model's values as PostgreSQL keeps them.

use std::collections::BTreeMap;

use bytes::BytesMut;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

use crate::model::{
    AccountId, BlobId, BucketId, BucketName, EncryptionMode, InstallId, ObjectKey, ObjectMetadata, Timestamp,
    UserId, VersionUid, WriterId,
};
use crate::storage::Error;
use crate::storage::index::{Result, Versioning};

type Anything = Box<dyn std::error::Error + Sync + Send>;
type Converted<T> = std::result::Result<T, Anything>;

/// A value that is stored as bytes.
macro_rules! bytes {
    ($($name:ident: |$value:ident| $write:expr, |$raw:ident| $read:expr;)+) => {
        $(
            impl ToSql for $name {
                fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Converted<IsNull> {
                    let $value = self;
                    <&[u8] as ToSql>::to_sql(&$write, kind, out)
                }

                accepts!(BYTEA);
                to_sql_checked!();
            }

            impl<'a> FromSql<'a> for $name {
                fn from_sql(_: &Type, $raw: &'a [u8]) -> Converted<Self> {
                    $read
                }

                accepts!(BYTEA);
            }
        )+
    };
}

fn id<T>(id: Option<T>) -> Converted<T> {
    id.ok_or_else(|| "an id of another length".into())
}

bytes! {
    BlobId: |value| &value.0[..], |raw| id(Self::from_slice(raw));
    BucketId: |value| &value.0[..], |raw| id(Self::from_slice(raw));
    InstallId: |value| &value.0[..], |raw| id(Self::from_slice(raw));
    VersionUid: |value| &value.0[..], |raw| id(Self::from_slice(raw));
    WriterId: |value| &value.0[..], |raw| id(Self::from_slice(raw));
    AccountId: |value| value.as_str().as_bytes(), |raw| Ok(Self::new(std::str::from_utf8(raw)?));
    UserId: |value| value.as_str().as_bytes(), |raw| Ok(Self::new(std::str::from_utf8(raw)?));
    BucketName: |value| value.as_str().as_bytes(), |raw| Ok(Self::new(std::str::from_utf8(raw)?)?);
    ObjectKey: |value| value.as_str().as_bytes(), |raw| Ok(Self::new(std::str::from_utf8(raw)?)?);
    Name: |value| value.0.as_bytes(), |raw| Ok(Self(std::str::from_utf8(raw)?.to_owned()));
}

/// A value that is stored as a number.
macro_rules! numbers {
    ($($name:ident: |$value:ident| $write:expr, |$number:ident| $read:expr;)+) => {
        $(
            impl ToSql for $name {
                fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Converted<IsNull> {
                    let $value = self;
                    <i64 as ToSql>::to_sql(&$write, kind, out)
                }

                accepts!(INT8);
                to_sql_checked!();
            }

            impl<'a> FromSql<'a> for $name {
                fn from_sql(kind: &Type, raw: &'a [u8]) -> Converted<Self> {
                    let $number = <i64 as FromSql>::from_sql(kind, raw)?;
                    $read
                }

                accepts!(INT8);
            }
        )+
    };
}

numbers! {
    Timestamp: |value| value.steps(), |number| Ok(Self::from_steps(number));
    EncryptionMode: |value| i64::from(value.code()), |number| {
        u8::try_from(number).ok().and_then(Self::from_code).ok_or_else(|| "an unknown encryption mode".into())
    };
    Versioning: |value| match value { Self::Off => 0, Self::Enabled => 1, Self::Suspended => 2 }, |number| {
        [Self::Off, Self::Enabled, Self::Suspended]
            .get(usize::try_from(number)?).copied().ok_or_else(|| "an unknown state of versioning".into())
    };
    Count: |value| i64::try_from(value.0)?, |number| Ok(Self(u64::try_from(number)?));
    Flag: |value| i64::from(value.0), |number| Ok(Self(number != 0));
}

/// A count or length: the database's integers are signed, ours are not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count(pub u64);

/// A truth value, as a number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flag(pub bool);

/// Text that is stored as bytes: names that are compared.
#[derive(Debug)]
pub(super) struct Name(pub String);

/// Reads a map that is stored as JSON.
pub(super) fn map(row: &Row, column: usize) -> Result<BTreeMap<String, String>> {
    match row.try_get(column)? {
        "{}" => Ok(BTreeMap::new()),
        text => parse(text),
    }
}

/// Writes a value as JSON.
pub(super) fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Internal(Box::new(error)))
}

/// Reads a column's JSON.
pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| Error::Damaged(error.to_string()))
}

/// A row's columns, read one after the other.
pub(super) struct Columns<'r> {
    row: &'r Row,
    at: usize,
}

impl<'r> Columns<'r> {
    /// The columns from this one on.
    pub(super) fn from(row: &'r Row, at: usize) -> Self {
        Self { row, at }
    }

    /// The next one.
    pub(super) fn read<T: FromSql<'r>>(&mut self) -> Result<T> {
        self.at += 1;
        Ok(self.row.try_get(self.at - 1)?)
    }
}

/// Converts a number into a smaller type of the model.
pub(super) fn small<T: TryFrom<i64>>(number: i64) -> Result<T> {
    T::try_from(number).map_err(|_| Error::Damaged(format!("the number {number}")))
}

/// Metadata as it is stored: JSON, and the content type apart.
pub(super) fn apart(metadata: &ObjectMetadata) -> Result<(String, Option<String>)> {
    let mut metadata = metadata.clone();
    let content_type = metadata.system.content_type.take();
    Ok((to_json(&metadata)?, content_type))
}
