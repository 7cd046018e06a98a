//! The table of settings. It feeds the file, the environment, the flags, `--help` and
//! `docs/configuration.md`.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use super::value::{Raw, Reason, shown};
use super::{Config, IndexUrl, StoreUrl};
use crate::telemetry::{self, LogFormat};

pub(crate) struct Setting {
    /// Its name in the file. The flag and the environment variable follow from it.
    pub name: &'static str,
    /// The placeholder for its value in `--help`.
    pub takes: &'static str,
    /// Its default, as it would be written in the file; empty if there is none.
    pub default: &'static str,
    /// The allowed values, for the error about a wrong one.
    pub expected: &'static str,
    /// Its effect, in a line or two.
    pub help: &'static str,
    /// Reads a value into the configuration, or gives the reason why it is wrong.
    pub(super) set: fn(&mut Config, &Raw) -> Result<(), Reason>,
}

impl Setting {
    /// Its flag, without the leading dashes.
    pub(crate) fn flag(&self) -> String {
        self.name.replace('_', "-")
    }

    /// Its environment variable.
    pub(crate) fn variable(&self) -> String {
        format!("CARDEA_{}", self.name.to_ascii_uppercase())
    }
}

/// What an address may be.
const ADDRESS: &str = "an address and port such as 127.0.0.1:8443, or off";
/// What a duration may be.
const DURATION: &str = "a duration such as 30s, 500ms, 5m or 1h";
/// What a file may be.
const FILE: &str = "a file's path";

/// The largest value of `inline_bytes`: larger blobs in the index would slow down every backup and every
/// page.
const MAX_INLINE: u64 = 1 << 20;
/// The range of a memory budget. The smallest one still lets one upload and one download run.
const BUDGET: RangeInclusive<u64> = 4 << 20..=u32::MAX as u64;

/// Every setting but the declared accounts, in the order in which help shows them.
pub(crate) static SETTINGS: &[Setting] = &[
    Setting {
        name: "data",
        takes: "DIR",
        default: "cardea-data",
        expected: "a folder's path",
        help: "The data folder. It holds everything that other settings do not put elsewhere. It is made at the first start.",
        set: |c, raw| raw.path().map(|v| c.data = v),
    },
    Setting {
        name: "listen",
        takes: "ADDRESS",
        default: "127.0.0.1:8443",
        expected: ADDRESS,
        help: "Where S3 and Swift are served over HTTPS.",
        set: |c, raw| raw.address_or_off().map(|v| c.listen = v),
    },
    Setting {
        name: "plain_listen",
        takes: "ADDRESS",
        default: "off",
        expected: ADDRESS,
        help: "Where S3 and Swift are also served over plain HTTP. Customer keys are refused there; for exceptions see trusted_proxies.",
        set: |c, raw| raw.address_or_off().map(|v| c.plain_listen = v),
    },
    Setting {
        name: "management_listen",
        takes: "ADDRESS",
        default: "127.0.0.1:8444",
        expected: ADDRESS,
        help: "Where /livez, /readyz and /metrics are served over plain HTTP. Keep it private.",
        set: |c, raw| raw.address_or_off().map(|v| c.management_listen = v),
    },
    Setting {
        name: "endpoint",
        takes: "URL",
        default: "",
        expected: "a URL such as https://objects.example.com, without a path",
        help: "The URL for clients, which is written to credentials.env. If unset, it follows from listen.",
        set: |c, raw| endpoint(raw).map(|v| c.endpoint = Some(v)),
    },
    Setting {
        name: "tls_certificate",
        takes: "FILE",
        default: "",
        expected: FILE,
        help: "The server's certificate chain (PEM). If unset, a CA is made in <data>/tls, and a certificate at each start. \
               The file is read again when it changes, and on SIGHUP.",
        set: |c, raw| raw.path().map(|v| c.tls_certificate = Some(v)),
    },
    Setting {
        name: "tls_key",
        takes: "FILE",
        default: "",
        expected: FILE,
        help: "The private key of tls_certificate (PEM).",
        set: |c, raw| raw.path().map(|v| c.tls_key = Some(v)),
    },
    Setting {
        name: "tls_names",
        takes: "NAMES",
        default: "",
        expected: "host names or addresses between commas",
        help: "More names for the generated certificate, besides localhost, 127.0.0.1, ::1, the host's name and virtual_hosts.",
        set: |c, raw| host_names(raw).map(|v| c.tls_names = v),
    },
    Setting {
        name: "store",
        takes: "URL",
        default: "file://<data>/blobs",
        expected: "file:///a/folder, s3://bucket/prefix, az://container/prefix, gs://bucket/prefix or memory://",
        help: "Where sealed blobs are kept. The credentials of s3, az and gs come from the environment: docs/stores.md.",
        set: |c, raw| raw.parsed().map(|v: StoreUrl| c.store = Some(v)),
    },
    Setting {
        name: "store_endpoint",
        takes: "URL",
        default: "",
        expected: "a URL such as https://objects.example.com, without a path",
        help: "The endpoint of an s3, az or gs store, if it is not the cloud's own.",
        set: |c, raw| endpoint(raw).map(|v| c.store_endpoint = Some(v)),
    },
    Setting {
        name: "store_region",
        takes: "NAME",
        default: "",
        expected: "a region's name",
        help: "The region of an s3 store. If unset, AWS_REGION, or us-east-1.",
        set: |c, raw| name(raw).map(|v| c.store_region = Some(v)),
    },
    Setting {
        name: "store_path_style",
        takes: "BOOL",
        default: "true",
        expected: "true or false",
        help: "Whether the bucket of an s3 store is named in the path of a request, and not in the host name.",
        set: |c, raw| raw.yes_or_no().map(|v| c.store_path_style = v),
    },
    Setting {
        name: "store_ca",
        takes: "FILE",
        default: "",
        expected: FILE,
        help: "More certificate authorities (PEM) to trust for an s3, az or gs store, besides the system's.",
        set: |c, raw| raw.path().map(|v| c.store_ca = Some(v)),
    },
    Setting {
        name: "store_read_timeout",
        takes: "DURATION",
        default: "30s",
        expected: DURATION,
        help: "How long an answer of an s3, az or gs store may stall. A whole transfer has no limit.",
        set: |c, raw| raw.duration().map(|v| c.store_read_timeout = v),
    },
    Setting {
        name: "store_retry_timeout",
        takes: "DURATION",
        default: "60s",
        expected: DURATION,
        help: "How long a request that failed at an s3, az or gs store is tried again before the client gets an error.",
        set: |c, raw| raw.duration().map(|v| c.store_retry_timeout = v),
    },
    Setting {
        name: "index",
        takes: "URL",
        default: "sqlite://<data>/index.db",
        expected: "sqlite:///a/file, memory:// or postgres://user@host:port/database?sslmode=require; the last one without a \
                   password, which comes from PGPASSWORD or PGPASSFILE",
        help: "Where the index is kept. If the store is in memory, so is the index. Several gateways may share an index in \
               PostgreSQL: docs/postgresql.md.",
        set: |c, raw| raw.parsed().map(|v: IndexUrl| c.index = Some(v)),
    },
    Setting {
        name: "index_ca",
        takes: "FILE",
        default: "",
        expected: FILE,
        help: "More certificate authorities (PEM) to trust for a postgres index, besides the system's.",
        set: |c, raw| raw.path().map(|v| c.index_ca = Some(v)),
    },
    Setting {
        name: "index_connections",
        takes: "NUMBER",
        default: "16",
        expected: "a number from 2 to 1000",
        help: "The most connections to a postgres index. Further commands wait.",
        set: |c, raw| raw.number(&(2..=1000)).map(|v| c.index_connections = v),
    },
    Setting {
        name: "index_timeout",
        takes: "DURATION",
        default: "10s",
        expected: DURATION,
        help: "How long a command waits for a postgres index, all tries included, before the client gets 503.",
        set: |c, raw| raw.duration().map(|v| c.index_timeout = v),
    },
    Setting {
        name: "keyring",
        takes: "FILE",
        default: "<data>/keyring.toml",
        expected: FILE,
        help: "The key ring. Without it nothing can be opened, SSE-C objects included. It is made at the first start. Keep a copy elsewhere: \
               cardea keyring export.",
        set: |c, raw| raw.path().map(|v| c.keyring = Some(v)),
    },
    Setting {
        name: "region",
        takes: "NAME",
        default: "us-east-1",
        expected: "a region's name",
        help: "The region of S3's signatures.",
        set: |c, raw| name(raw).map(|v| c.region = v),
    },
    Setting {
        name: "virtual_hosts",
        takes: "NAMES",
        default: "",
        expected: "host names between commas",
        help: "Host names that serve S3 only: NAME itself, and BUCKET.NAME for a bucket.",
        set: |c, raw| {
            host_names(raw).map(|v| c.virtual_hosts = v.iter().map(|n| n.to_ascii_lowercase()).collect())
        },
    },
    Setting {
        name: "swift_region",
        takes: "NAME",
        default: "RegionOne",
        expected: "a region's name",
        help: "The region that Keystone's catalog shows.",
        set: |c, raw| name(raw).map(|v| c.swift_region = v),
    },
    Setting {
        name: "token_lifetime",
        takes: "DURATION",
        default: "24h",
        expected: DURATION,
        help: "How long a Swift token lives.",
        set: |c, raw| raw.duration().map(|v| c.token_lifetime = v),
    },
    Setting {
        name: "require_tls_for_customer_keys",
        takes: "BOOL",
        default: "true",
        expected: "true or false",
        help: "Whether a request with a customer's key must come over TLS. Use false for tests only: others can read the key on the way.",
        set: |c, raw| raw.yes_or_no().map(|v| c.require_tls_for_customer_keys = v),
    },
    Setting {
        name: "trusted_proxies",
        takes: "CIDRS",
        default: "",
        expected: "address ranges such as 10.0.0.0/8 between commas, none wider than /8 (IPv6: /16, private ones /7)",
        help: "Proxies whose X-Forwarded-Proto: https is believed.",
        set: |c, raw| raw.list_of().map(|v| c.trusted_proxies = v),
    },
    Setting {
        name: "inline_bytes",
        takes: "BYTES",
        default: "16KiB",
        expected: "0 to 1MiB",
        help: "Sealed blobs up to this size are kept in the index. 0 keeps all of them in the store.",
        set: |c, raw| raw.bytes(&(0..=MAX_INLINE)).map(|v| c.inline_bytes = v),
    },
    Setting {
        name: "upload_buffer_bytes",
        takes: "BYTES",
        default: "128MiB",
        expected: "4MiB to 4095MiB",
        help: "How much memory all uploads together may hold. Beyond it they wait.",
        set: |c, raw| raw.bytes(&BUDGET).map(|v| c.upload_buffer_bytes = v),
    },
    Setting {
        name: "read_ahead_bytes",
        takes: "BYTES",
        default: "128MiB",
        expected: "4MiB to 4095MiB",
        help: "How much memory all downloads together may hold for reading ahead. Beyond it they read chunk by chunk.",
        set: |c, raw| raw.bytes(&BUDGET).map(|v| c.read_ahead_bytes = v),
    },
    Setting {
        name: "disk_reserve",
        takes: "BYTES",
        default: "64MiB",
        expected: "0 or more bytes",
        help: "If one of the disks of the data folder, the index and a local store has less free space, writes are refused with \
               507, while reads and deletes go on. If index and store are both elsewhere, the data folder does not count.",
        set: |c, raw| raw.bytes(&(0..=u64::MAX)).map(|v| c.disk_reserve = v),
    },
    Setting {
        name: "max_put_bytes",
        takes: "BYTES",
        default: "5GiB",
        expected: "1 to 5GiB",
        help: "The largest body of one PUT.",
        set: |c, raw| raw.bytes(&(1..=5 << 30)).map(|v| c.max_put_bytes = v),
    },
    Setting {
        name: "scrub_rate",
        takes: "BYTES",
        default: "16MiB",
        expected: "bytes a second such as 16MiB, or 0",
        help: "How fast stored blobs are verified in the background, in bytes a second. 0 turns this off.",
        set: |c, raw| raw.bytes(&(0..=u64::MAX)).map(|v| c.scrub_rate = v),
    },
    Setting {
        name: "max_connections",
        takes: "NUMBER",
        default: "4096",
        expected: "a number from 1 to 1000000",
        help: "The most client connections at a time. Further ones wait in the kernel's queue.",
        set: |c, raw| raw.number(&(1..=1_000_000)).map(|v| c.max_connections = v),
    },
    Setting {
        name: "handshake_timeout",
        takes: "DURATION",
        default: "10s",
        expected: DURATION,
        help: "How long a TLS handshake may take.",
        set: |c, raw| raw.duration().map(|v| c.handshake_timeout = v),
    },
    Setting {
        name: "header_timeout",
        takes: "DURATION",
        default: "15s",
        expected: DURATION,
        help: "How long a request's headers may take, from the first byte to the last. Also how long a new connection may \
               be silent.",
        set: |c, raw| raw.duration().map(|v| c.header_timeout = v),
    },
    Setting {
        name: "idle_timeout",
        takes: "DURATION",
        default: "75s",
        expected: DURATION,
        help: "How long a connection may be silent between two requests.",
        set: |c, raw| raw.duration().map(|v| c.idle_timeout = v),
    },
    Setting {
        name: "body_timeout",
        takes: "DURATION",
        default: "60s",
        expected: DURATION,
        help: "How long a body may stall, in either direction.",
        set: |c, raw| raw.duration().map(|v| c.body_timeout = v),
    },
    Setting {
        name: "request_timeout",
        takes: "DURATION",
        default: "6h",
        expected: DURATION,
        help: "How long a whole request may take, with its body and the answer's body.",
        set: |c, raw| raw.duration().map(|v| c.request_timeout = v),
    },
    Setting {
        name: "drain_timeout",
        takes: "DURATION",
        default: "30s",
        expected: DURATION,
        help: "How long running requests may take to end after SIGTERM or SIGINT. A second signal stops at once.",
        set: |c, raw| raw.duration().map(|v| c.drain_timeout = v),
    },
    Setting {
        name: "log_level",
        takes: "LEVEL",
        default: "info",
        expected: "error, warn, info, debug, trace, or directives such as info,cardea::s3=debug",
        help: "The level of the log, which goes to standard error. Libraries never log more than info: their deeper logs show headers.",
        set: |c, raw| log_filter(raw).map(|v| c.log_level = v),
    },
    Setting {
        name: "log_format",
        takes: "FORMAT",
        default: "text",
        expected: "text or json",
        help: "The form of log lines.",
        set: |c, raw| {
            raw.word(&[("text", LogFormat::Text), ("json", LogFormat::Json)]).map(|v| c.log_format = v)
        },
    },
];

fn log_filter(raw: &Raw) -> Result<String, Reason> {
    let text = raw.text()?;
    if telemetry::is_filter(text) { Ok(text.to_owned()) } else { Err("not a log filter".into()) }
}

/// A region's name.
fn name(raw: &Raw) -> Result<String, Reason> {
    let text = raw.text()?;
    if is_name(text) { Ok(text.to_owned()) } else { Err("a character that no name has".into()) }
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

/// Host names or addresses; a colon only in an IPv6 address.
fn host_names(raw: &Raw) -> Result<Vec<String>, Reason> {
    let is_host = |n: &str| !n.is_empty() && (is_name(n) || n.parse::<IpAddr>().is_ok());
    let names = raw.list();
    match names.iter().find(|name| !is_host(name)) {
        None => Ok(names),
        Some(name) => Err(format!("{}: neither a host name nor an address", shown(name)).into()),
    }
}

/// The URL of a host: a scheme, a name or address, a port.
fn endpoint(raw: &Raw) -> Result<String, Reason> {
    let url = raw.text()?;
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match host.ok_or("does not begin with http:// or https://")? {
        "" => Err("no host".into()),
        host if host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:[]".contains(&b)) => {
            Ok(url.to_owned())
        }
        _ => Err("more than a host and a port".into()),
    }
}
