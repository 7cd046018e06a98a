//! The model's values as SQLite keeps them.

use std::collections::BTreeMap;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::{
    AccountId, BlobId, BucketId, BucketName, EncryptionMode, InstallId, ObjectKey, Timestamp, UserId,
    VersionUid, WriterId,
};
use crate::storage::Error;
use crate::storage::index::{Result, Versioning};

macro_rules! id {
    ($($name:ident),+) => {
        $(
            impl ToSql for $name {
                fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                    Ok(ToSqlOutput::Borrowed(ValueRef::Blob(&self.0)))
                }
            }

            impl FromSql for $name {
                fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                    Self::from_slice(value.as_blob()?).ok_or(FromSqlError::InvalidType)
                }
            }
        )+
    };
}

id!(BlobId, BucketId, InstallId, VersionUid, WriterId);

macro_rules! text {
    ($($name:ident: $parse:expr),+) => {
        $(
            impl ToSql for $name {
                fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                    Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.as_str().as_bytes())))
                }
            }

            impl FromSql for $name {
                fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                    let text = std::str::from_utf8(value.as_blob()?).map_err(FromSqlError::other)?;
                    $parse(text).map_err(FromSqlError::other)
                }
            }
        )+
    };
}

text! {
    AccountId: |text| Ok::<_, std::fmt::Error>(AccountId::new(text)),
    UserId: |text| Ok::<_, std::fmt::Error>(UserId::new(text)),
    BucketName: BucketName::new,
    ObjectKey: ObjectKey::new
}

impl ToSql for Timestamp {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.steps().into())
    }
}

impl FromSql for Timestamp {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Self::from_steps)
    }
}

impl ToSql for EncryptionMode {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.code().into())
    }
}

impl FromSql for EncryptionMode {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let code = value.as_i64()?;
        u8::try_from(code).ok().and_then(Self::from_code).ok_or(FromSqlError::OutOfRange(code))
    }
}

impl ToSql for Versioning {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let code: i64 = match self {
            Self::Off => 0,
            Self::Enabled => 1,
            Self::Suspended => 2,
        };
        Ok(code.into())
    }
}

impl FromSql for Versioning {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_i64()? {
            0 => Ok(Self::Off),
            1 => Ok(Self::Enabled),
            2 => Ok(Self::Suspended),
            other => Err(FromSqlError::OutOfRange(other)),
        }
    }
}

/// A count or length: SQLite's integers are signed, ours are not.
pub(super) struct Count(pub u64);

impl ToSql for Count {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        i64::try_from(self.0)
            .map(Into::into)
            .map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))
    }
}

impl FromSql for Count {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let found = value.as_i64()?;
        u64::try_from(found).map(Self).map_err(|_| FromSqlError::OutOfRange(found))
    }
}

/// Text that is stored as bytes: names that are compared.
pub(super) struct Name(pub String);

impl FromSql for Name {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = std::str::from_utf8(value.as_blob()?).map_err(FromSqlError::other)?;
        Ok(Self(text.to_owned()))
    }
}

/// A map that is stored as JSON.
pub(super) struct Map(pub BTreeMap<String, String>);

impl FromSql for Map {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "{}" => Ok(Self(BTreeMap::new())),
            text => parse(text).map(Self),
        }
    }
}

/// Writes a value as JSON.
pub(super) fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Internal(Box::new(error)))
}

/// Reads a column's JSON.
pub(super) fn parse<T: DeserializeOwned>(text: &str) -> FromSqlResult<T> {
    serde_json::from_str(text).map_err(FromSqlError::other)
}
