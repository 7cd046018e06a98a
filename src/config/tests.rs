//! Precedence, and one line for every mistake.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;

use super::*;

/// Loads from a file's text, variables and flags.
fn load(
    file: &str,
    variables: &[(&str, &str)],
    flags: &[(&'static str, &str)],
) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cardea.toml");
    std::fs::write(&path, file).unwrap();
    let variables: HashMap<String, OsString> =
        variables.iter().map(|(k, v)| ((*k).to_owned(), OsString::from(v))).collect();
    let environment = |name: &str| variables.get(name).cloned();
    let flags = flags.iter().map(|&(k, v)| (k, v.to_owned())).collect();
    let mut result = Config::load(&Sources { file: Some(path), flags, environment: &environment });
    if let Err(error) = &mut result {
        let folder = format!("{}/", folder.path().display());
        for text in [&mut error.setting, &mut error.found] {
            *text = text.replace(&folder, "");
        }
    }
    result
}

/// The one line about a file.
fn complaint(file: &str) -> String {
    let line = load(file, &[], &[]).map(|_| ()).unwrap_err().to_string();
    assert!(!line.contains('\n'), "{line:?}");
    line
}

#[test]
fn every_default_reads() {
    let config = load("", &[], &[]).unwrap();
    assert_eq!(config.data, PathBuf::from("cardea-data"));
    assert_eq!(config.store(), StoreUrl::Folder("cardea-data/blobs".into()));
    assert_eq!(config.index(), IndexUrl::File("cardea-data/index.db".into()));
    assert_eq!(config.keyring(), PathBuf::from("cardea-data/keyring.toml"));
    assert_eq!(config.endpoint(), "https://127.0.0.1:8443");
    assert_eq!(config.inline_bytes, 16 << 10);
    assert_eq!(config.max_put_bytes, 5 << 30);
    assert_eq!(config.region, "us-east-1");
    assert!(config.require_tls_for_customer_keys);
    for setting in SETTINGS {
        if !setting.default.is_empty() && !setting.default.contains('<') {
            let mut config = config.clone();
            let default = Raw::One(setting.default.to_owned());
            assert!((setting.set)(&mut config, &default).is_ok(), "{}", setting.name);
        }
    }
}

#[test]
fn names_are_unique_and_sound() {
    for (index, setting) in SETTINGS.iter().enumerate() {
        assert!(setting.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", setting.name);
        assert!(SETTINGS[..index].iter().all(|other| other.name != setting.name), "{}", setting.name);
        assert!(!["config", "help", "version"].contains(&setting.name));
    }
}

#[test]
fn flags_win_over_variables_over_file_over_defaults() {
    let region = |file, variables, flags| load(file, variables, flags).unwrap().region;
    let file = "region = \"file\"";
    let variable: &[_] = &[("CARDEA_REGION", "variable")];
    let flag: &[_] = &[("region", "flag")];
    assert_eq!(region("", &[], &[]), "us-east-1");
    assert_eq!(region(file, &[], &[]), "file");
    assert_eq!(region(file, variable, &[]), "variable");
    assert_eq!(region(file, variable, flag), "flag");
    assert_eq!(region("", variable, flag), "flag");
    assert_eq!(region(file, &[("CARDEA_REGION", "")], &[]), "file");
}

#[test]
fn the_file_has_numbers_lists_and_booleans() {
    let config = load(
        "inline_bytes = 0\nvirtual_hosts = [\"S3.example.com\"]\nrequire_tls_for_customer_keys = false\n\
         trusted_proxies = [\"10.0.0.0/8\", \"::1\"]\nlisten = \"off\"\nplain_listen = \"0.0.0.0:80\"",
        &[("CARDEA_TLS_NAMES", "a.example, 10.0.0.1")],
        &[],
    )
    .unwrap();
    assert_eq!(config.inline_bytes, 0);
    assert_eq!(config.virtual_hosts, ["s3.example.com"]);
    assert!(!config.require_tls_for_customer_keys);
    assert_eq!(config.trusted_proxies.len(), 2);
    assert_eq!(config.tls_names, ["a.example", "10.0.0.1"]);
    assert_eq!(config.endpoint(), "http://localhost:80");
}

#[test]
fn mistakes_are_one_line_each() {
    for (file, line) in [
        (
            "listen = \"8443\"",
            "listen (cardea.toml): found \"8443\" (not an IP address with a port), expected an address and port such as 127.0.0.1:8443, or off",
        ),
        (
            "listen = { a = 1 }",
            "listen (cardea.toml): found a table, expected an address and port such as 127.0.0.1:8443, or off",
        ),
        ("lissten = 1", "cardea.toml: found the unknown setting \"lissten\", expected perhaps \"listen\""),
        (
            "frobnicate = 1",
            "cardea.toml: found the unknown setting \"frobnicate\", expected one of the names that `cardea config docs` lists",
        ),
        (
            "store = \"s3://key:secret@bucket\"",
            "store (cardea.toml): found \"s3://…\" (a character that neither bucket nor prefix may have), expected file:///a/folder, s3://bucket/prefix, az://container/prefix, gs://bucket/prefix or memory://",
        ),
        ("region = 1\nregion =", "cardea.toml, line 2: found a mistake in the syntax, expected TOML"),
        ("listen = \"off\"", "listen: found off, expected an address, as plain_listen is off too"),
        ("tls_key = \"k\"", "tls_certificate: found nothing, expected a file, as tls_key is set"),
        (
            "max_put_bytes = \"6GiB\"",
            "max_put_bytes (cardea.toml): found \"6GiB\" (too large), expected 1 to 5GiB",
        ),
        (
            "trusted_proxies = [\"10.0.0.0/8\", \"10.0.0.0/7\"]",
            "trusted_proxies (cardea.toml): found [\"10.0.0.0/8\", \"10.0.0.0/7\"] (\"10.0.0.0/7\": too wide), \
             expected address ranges such as 10.0.0.0/8 between commas, none wider than /8 (IPv6: /16, private ones /7)",
        ),
        (
            "index = \"postgres://u:secret@h/db\"",
            "index (cardea.toml): found \"postgres://…\" (a password), expected sqlite:///a/file, memory:// or \
             postgres://user@host:port/database?sslmode=require; the last one without a password, which comes from PGPASSWORD or \
             PGPASSFILE",
        ),
        (
            "log_level = \"loud\"",
            "log_level (cardea.toml): found \"loud\" (not a log filter), expected error, warn, info, debug, trace, or directives such as \
             info,cardea::s3=debug",
        ),
    ] {
        assert_eq!(complaint(file), line);
    }
    let line = |variables, flags| load("", variables, flags).unwrap_err().to_string();
    assert_eq!(
        line(&[("CARDEA_INLINE_BYTES", "much")], &[]),
        "inline_bytes (CARDEA_INLINE_BYTES): found \"much\" (does not begin with a number), expected 0 to 1MiB"
    );
    assert_eq!(
        line(&[], &[("idle_timeout", "0")]),
        "idle_timeout (--idle-timeout): found \"0\" (too small), expected a duration such as 30s, 500ms, 5m or 1h"
    );
}

#[test]
fn a_missing_file_is_one_line() {
    let sources =
        Sources { file: Some("/nonexistent/x.toml".into()), flags: Flags::new(), environment: &|_| None };
    let line = Config::load(&sources).unwrap_err().to_string();
    assert_eq!(
        line,
        "config: found /nonexistent/x.toml (No such file or directory (os error 2)), expected a TOML file that can be read"
    );
}

const ACCOUNTS: &str = r#"
[[accounts]]
id = "test"
name = "test"
display_name = "Test"
email = "t@example.com"
[[accounts.users]]
name = "tester"
password = "hunter2secret"
tempauth = "test:tester"
roles = ["ResellerAdmin"]
access_keys = [{ access = "AKTEST", secret = "sesamsecret" }]
[[accounts.users]]
name = "other"
"#;

#[test]
fn accounts_are_declared_in_the_file() {
    let config = load(ACCOUNTS, &[], &[]).unwrap();
    let account = &config.accounts[0];
    assert_eq!(account.id.as_ref().unwrap().as_str(), "test");
    assert_eq!((account.domain.as_str(), account.users.len()), ("default", 2));
    let user = &account.users[0];
    assert_eq!(user.password.as_ref().unwrap().expose(), "hunter2secret");
    assert_eq!(user.roles, ["ResellerAdmin"]);
    assert_eq!(user.access_keys[0].secret.expose(), "sesamsecret");
    assert_eq!(account.users[1].roles, ["admin"]);

    let shown = format!("{config:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("sesam"), "{shown}");
}

#[test]
fn mistakes_in_accounts_are_one_line_each() {
    for (from, to, line) in [
        ("name = \"test\"\n", "", "accounts[0].name: found nothing, expected text"),
        (
            "password = \"hunter2secret\"",
            "password = [\"hunter2secret\"]",
            "accounts[0].users[0].password: found a value of type array, expected text",
        ),
        (
            "password =",
            "pasword =",
            "accounts[0].users[0]: found the unknown setting \"pasword\", expected perhaps \"password\"",
        ),
        (
            "\"test:tester\"",
            "\"tester\"",
            "accounts[0].users[0].tempauth: found no colon, expected account:user",
        ),
        (
            "secret = \"",
            "secrte = \"",
            "accounts[0].users[0].access_keys[0]: found the unknown setting \"secrte\", expected perhaps \"secret\"",
        ),
        (
            "[\"ResellerAdmin\"]",
            "[1]",
            "accounts[0].users[0].roles: found something else, expected a list of texts",
        ),
        (
            "id = \"test\"",
            "id = \"a/b\"",
            "accounts[0].id: found \"a/b\", expected up to 64 letters, digits, dashes, dots and underscores",
        ),
    ] {
        let file = ACCOUNTS.replacen(from, to, 1);
        assert_ne!(file, ACCOUNTS, "{from}");
        let found = complaint(&file);
        assert_eq!(found, line);
        assert!(!found.contains("hunter2") && !found.contains("sesam"), "{found}");
    }
    assert_eq!(complaint("accounts = 1"), "accounts: found a value of type integer, expected [[accounts]]");
    assert_eq!(
        complaint("[accounts]\nid = \"a\""),
        "accounts: found a value of type table, expected [[accounts]]"
    );
    let twice = "[[accounts]]\nid = \"a\"\nname = \"a\"\n[[accounts]]\nid = \"a\"\nname = \"b\"";
    assert_eq!(complaint(twice), "accounts.id: found \"a\" twice, expected each id once");
}

#[test]
fn the_page_is_up_to_date() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md"))
        .unwrap_or_default();
    assert!(page == markdown(), "run `cargo run -- config docs > docs/configuration.md`");
}
