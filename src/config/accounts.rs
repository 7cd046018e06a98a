//! Accounts and users that the file declares, for GitOps and for test suites.
//!
//! Read by hand and not through serde: errors of serde quote the wrong value, which may be a secret.

use toml::Value;

use super::ConfigError;
use super::hint::hint;
use crate::identity::Secret;
use crate::model::{AccountId, UserId};

/// The domain of an account that names none.
const DEFAULT_DOMAIN: &str = "default";
/// The role of a user that names none.
const DEFAULT_ROLE: &str = "admin";

/// An account that the file declares.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DeclaredAccount {
    /// Its id; an account that exists under the name keeps its own, a new one gets a random one.
    pub id: Option<AccountId>,
    pub name: String,
    /// Its domain's id.
    pub domain: String,
    /// The owner's name that S3 shows. If absent, S3 shows `name`.
    pub display_name: Option<String>,
    /// An e-mail address.
    pub email: Option<String>,
    pub users: Vec<DeclaredUser>,
}

/// A user with roles in the account under which it is declared. One id may be declared under several
/// accounts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DeclaredUser {
    /// Its id; as for accounts, an existing user keeps its own.
    pub id: Option<UserId>,
    /// Its name, unique in the domain.
    pub name: String,
    pub password: Option<Secret>,
    /// Its name for TempAuth, `account:user`.
    pub tempauth: Option<String>,
    /// Its roles in the account.
    pub roles: Vec<String>,
    /// Its S3 keys for the account.
    pub access_keys: Vec<DeclaredAccessKey>,
}

/// An S3 key pair.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DeclaredAccessKey {
    /// The public id.
    pub access: String,
    pub secret: Secret,
}

pub(super) fn read(value: &Value) -> Result<Vec<DeclaredAccount>, ConfigError> {
    let accounts = each("accounts", value, account)?;
    let ids: Vec<_> = accounts.iter().filter_map(|account| account.id.as_ref()).collect();
    for (index, id) in ids.iter().enumerate() {
        if ids[..index].contains(id) {
            return Err(ConfigError::new("accounts.id", format!("{:?} twice", id.as_str()), "each id once"));
        }
    }
    Ok(accounts)
}

fn account(fields: &Fields<'_>) -> Result<DeclaredAccount, ConfigError> {
    fields.only(&["id", "name", "domain", "display_name", "email", "users"])?;
    Ok(DeclaredAccount {
        id: fields.id()?.map(AccountId::new),
        name: fields.required("name")?,
        domain: fields.text("domain")?.unwrap_or_else(|| DEFAULT_DOMAIN.to_owned()),
        display_name: fields.text("display_name")?,
        email: fields.text("email")?,
        users: fields.each("users", user)?,
    })
}

fn user(fields: &Fields<'_>) -> Result<DeclaredUser, ConfigError> {
    fields.only(&["id", "name", "password", "tempauth", "roles", "access_keys"])?;
    let tempauth = fields.text("tempauth")?;
    if tempauth.as_ref().is_some_and(|name| !name.contains(':')) {
        return Err(fields.bad("tempauth", "no colon", "account:user"));
    }
    Ok(DeclaredUser {
        id: fields.id()?.map(UserId::new),
        name: fields.required("name")?,
        password: fields.text("password")?.map(Secret::new),
        tempauth,
        roles: fields.texts("roles")?.unwrap_or_else(|| vec![DEFAULT_ROLE.to_owned()]),
        access_keys: fields.each("access_keys", access_key)?,
    })
}

fn access_key(fields: &Fields<'_>) -> Result<DeclaredAccessKey, ConfigError> {
    fields.only(&["access", "secret"])?;
    let access = fields.required("access")?;
    if !access.bytes().all(|b| b.is_ascii_graphic() && !b"/,=".contains(&b)) {
        return Err(fields.bad(
            "access",
            &format!("{access:?}"),
            "ASCII without spaces, slashes, commas and equals signs",
        ));
    }
    Ok(DeclaredAccessKey { access, secret: Secret::new(fields.required("secret")?) })
}

/// A table of the file, and its path there.
struct Fields<'a> {
    path: String,
    table: &'a toml::Table,
}

impl<'a> Fields<'a> {
    fn only(&self, known: &[&str]) -> Result<(), ConfigError> {
        match self.table.keys().find(|key| !known.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => Err(ConfigError::new(
                &self.path,
                format!("the unknown setting {key:?}"),
                hint(key, known.iter().copied()),
            )),
        }
    }

    fn text(&self, name: &str) -> Result<Option<String>, ConfigError> {
        match self.table.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Err(self.bad(name, "nothing", "text")),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(self.bad(name, &format!("a value of type {}", other.type_str()), "text")),
        }
    }

    fn required(&self, name: &str) -> Result<String, ConfigError> {
        self.text(name)?.ok_or_else(|| self.bad(name, "nothing", "text"))
    }

    /// An id. It becomes a part of URLs.
    fn id(&self) -> Result<Option<String>, ConfigError> {
        match self.text("id")? {
            Some(id)
                if id.len() > 64 || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) =>
            {
                Err(self.bad(
                    "id",
                    &format!("{id:?}"),
                    "up to 64 letters, digits, dashes, dots and underscores",
                ))
            }
            id => Ok(id),
        }
    }

    fn texts(&self, name: &str) -> Result<Option<Vec<String>>, ConfigError> {
        let Some(value) = self.table.get(name) else { return Ok(None) };
        let texts = value.as_array().and_then(|items| {
            items
                .iter()
                .map(|item| item.as_str().filter(|text| !text.is_empty()).map(str::to_owned))
                .collect()
        });
        texts.map(Some).ok_or_else(|| self.bad(name, "something else", "a list of texts"))
    }

    fn each<T>(
        &self,
        name: &str,
        read: impl Fn(&Fields<'a>) -> Result<T, ConfigError>,
    ) -> Result<Vec<T>, ConfigError> {
        self.table.get(name).map_or_else(|| Ok(Vec::new()), |value| each(&self.at(name), value, read))
    }

    fn at(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    fn bad(&self, name: &str, found: &str, expected: &str) -> ConfigError {
        ConfigError::new(self.at(name), found, expected)
    }
}

fn each<'a, T>(
    path: &str,
    value: &'a Value,
    read: impl Fn(&Fields<'a>) -> Result<T, ConfigError>,
) -> Result<Vec<T>, ConfigError> {
    let wrong = |at: &str, value: &Value, expected: &str| {
        ConfigError::new(at, format!("a value of type {}", value.type_str()), expected)
    };
    let items = value.as_array().ok_or_else(|| wrong(path, value, &format!("[[{path}]]")))?;
    let item = |(index, item): (usize, &'a Value)| {
        let path = format!("{path}[{index}]");
        let table = item.as_table().ok_or_else(|| wrong(&path, item, "a table"))?;
        read(&Fields { path, table })
    };
    items.iter().enumerate().map(item).collect()
}
