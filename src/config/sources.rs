//! The sources of settings, and their order.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::hint::hint;
use super::value::Raw;
use super::{Config, ConfigError, SETTINGS, Setting, accounts};

/// The file's variable in the environment.
const FILE_VARIABLE: &str = "CARDEA_CONFIG";
/// The key under which the file declares accounts.
const ACCOUNTS: &str = "accounts";

/// Values from the command line, by setting name.
pub(crate) type Flags = BTreeMap<&'static str, String>;

/// The sources of a configuration.
pub(crate) struct Sources<'a> {
    pub file: Option<PathBuf>,
    /// The other flags.
    pub flags: Flags,
    pub environment: &'a dyn Fn(&str) -> Option<OsString>,
}

impl Sources<'_> {
    /// Applies file, environment and flags, in this order: the last one wins.
    pub(super) fn apply(&self, config: &mut Config) -> Result<(), ConfigError> {
        let file = match &self.file {
            Some(file) => Some(file.clone()),
            None => self.variable(FILE_VARIABLE)?.map(PathBuf::from),
        };
        if let Some(file) = file {
            apply_file(config, &file)?;
        }
        for setting in SETTINGS {
            let variable = setting.variable();
            if let Some(text) = self.variable(&variable)? {
                apply(config, setting, &Raw::One(text), &variable)?;
            }
        }
        for setting in SETTINGS {
            if let Some(text) = self.flags.get(setting.name) {
                apply(config, setting, &Raw::One(text.clone()), &format!("--{}", setting.flag()))?;
            }
        }
        Ok(())
    }

    /// A variable that is set and not empty.
    fn variable(&self, name: &str) -> Result<Option<String>, ConfigError> {
        let Some(value) = (self.environment)(name).filter(|value| !value.is_empty()) else {
            return Ok(None);
        };
        let not_text = |_| ConfigError::new(name, "bytes that are not UTF-8", "text");
        value.into_string().map(Some).map_err(not_text)
    }
}

fn apply(config: &mut Config, setting: &Setting, raw: &Raw, origin: &str) -> Result<(), ConfigError> {
    (setting.set)(config, raw).map_err(|reason| {
        let name =
            if origin == setting.name { origin.to_owned() } else { format!("{} ({origin})", setting.name) };
        ConfigError::new(name, format!("{} ({reason})", raw.shown()), setting.expected)
    })
}

fn apply_file(config: &mut Config, file: &Path) -> Result<(), ConfigError> {
    let origin = file.display().to_string();
    let text = std::fs::read_to_string(file).map(Zeroizing::new).map_err(|error| {
        ConfigError::new("config", file.display().to_string(), "a TOML file that can be read").because(error)
    })?;
    // The parser's own message quotes the wrong line, which may hold a secret.
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line =
            error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        ConfigError::new(format!("{origin}, line {line}"), "a mistake in the syntax", "TOML")
    })?;
    for (name, value) in &table {
        if name == ACCOUNTS {
            config.accounts = accounts::read(value)?;
            continue;
        }
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
            return Err(unknown(name, &origin));
        };
        let raw = Raw::from_toml(value).ok_or_else(|| {
            ConfigError::new(
                format!("{name} ({origin})"),
                format!("a {}", value.type_str()),
                setting.expected,
            )
        })?;
        apply(config, setting, &raw, &origin)?;
    }
    Ok(())
}

fn unknown(name: &str, origin: &str) -> ConfigError {
    let names = SETTINGS.iter().map(|setting| setting.name).chain([ACCOUNTS]);
    ConfigError::new(origin, format!("the unknown setting {name:?}"), hint(name, names))
}
