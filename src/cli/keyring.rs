//! `cardea keyring generate`, `export` and `import`: the key ring, and its safe copy.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use zeroize::Zeroizing;

use crate::config::{Config, ConfigError};
use crate::encryption::{Error, KeyRing};
use crate::failure::Failure;
use crate::output::print;
use crate::server::files::keyring;

/// The longest passphrase, in bytes: stops a wrong file, not a long phrase.
const MAX_PASSPHRASE: u64 = 4096;

/// Makes a ring if there is none. Replicas over one index must be given the same ring.
pub(super) fn generate(config: &Config) -> Result<(), Failure> {
    let target = vacant(config)?;
    keyring::generate(&target)?.ok_or_else(|| taken(&target))?;
    print(&format!("A new key ring is in {}. Keep a copy of it elsewhere.\n", target.display()))
}

/// The path for the ring's file. No file may exist there.
fn vacant(config: &Config) -> Result<PathBuf, Failure> {
    let target = config.keyring();
    if target.exists() {
        return Err(taken(&target).into());
    }
    Ok(target)
}

fn taken(target: &Path) -> ConfigError {
    ConfigError::new("keyring", format!("a file {}", target.display()), "no file, so that no ring is lost")
}

/// Prints the ring, sealed.
pub(super) fn export(config: &Config, matches: &ArgMatches) -> Result<(), Failure> {
    let ring = keyring::load(&config.keyring())?.ok_or_else(|| {
        ConfigError::new(
            "keyring",
            format!("no file {}", config.keyring().display()),
            "the key ring of this installation",
        )
    })?;
    let passphrase = passphrase(matches)?;
    let sealed = ring.export_sealed(&passphrase).map_err(|error| Failure::run("keyring export", error))?;
    print(&sealed)
}

/// Writes the ring's file from an export.
pub(super) fn import(config: &Config, matches: &ArgMatches) -> Result<(), Failure> {
    let Some(file) = matches.get_one::<PathBuf>("export") else { return Ok(()) };
    let target = vacant(config)?;
    let export = std::fs::read_to_string(file).map_err(|error| {
        ConfigError::new("FILE", file.display().to_string(), "an exported key ring").because(error)
    })?;
    let ring = KeyRing::import_sealed(&passphrase(matches)?, &export).map_err(|error| match error {
        Error::WrongPassphrase => {
            ConfigError::new("passphrase", "another one", "the one of the export, undamaged")
        }
        other => ConfigError::new("FILE", file.display().to_string(), "an exported key ring").because(other),
    })?;
    if !keyring::store_new(&target, &ring)? {
        return Err(taken(&target).into());
    }
    print(&format!("The key ring is in {}.\n", target.display()))
}

/// The first line of a file or of standard input.
fn passphrase(matches: &ArgMatches) -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::with_capacity(256));
    let from = matches.get_one::<PathBuf>("passphrase_file");
    let read = match from {
        Some(file) => {
            std::fs::File::open(file).and_then(|f| f.take(MAX_PASSPHRASE).read_to_string(&mut text))
        }
        None => std::io::stdin().lock().take(MAX_PASSPHRASE).read_to_string(&mut text),
    };
    read.map_err(|error| ConfigError::new("passphrase", "", "a line of text").because(error))?;
    let line = Zeroizing::new(text.lines().next().unwrap_or_default().to_owned());
    if line.is_empty() {
        return Err(ConfigError::new(
            "passphrase",
            "nothing",
            "a line on standard input or in --passphrase-file",
        )
        .into());
    }
    Ok(line)
}
