//! The command line. Its settings come from the table.

use std::path::PathBuf;

use clap::builder::{PathBufValueParser, RangedU64ValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::config::{Flags, SETTINGS};

/// The whole command line.
pub(super) fn command() -> Command {
    let about = "Serves S3 and OpenStack Swift from one process, over one encryption core";
    let root = Command::new("cardea")
        .version(env!("CARGO_PKG_VERSION"))
        .about(about)
        .after_help("Without a command, cardea serves. All settings: cardea config docs.")
        .args_conflicts_with_subcommands(true)
        .subcommand(with_settings(Command::new("serve").about("Runs the gateway")))
        .subcommand(keygen())
        .subcommand(with_settings(fsck()))
        .subcommand(backup())
        .subcommand(with_settings(restore()))
        .subcommand(with_settings(migrate_index()))
        .subcommand(
            group("credentials", "The root account's credentials").subcommand(with_settings(
                Command::new("reset")
                    .about("Makes a new root password and S3 key and writes credentials.env. Without a shared index the gateway must be stopped"),
            )),
        )
        .subcommand(
            group("keyring", "The key ring: making one, and copying it safely")
                .subcommand(with_settings(
                    Command::new("generate").about(
                        "Makes a key ring's file, for gateways that share an index; never over an existing one",
                    ),
                ))
                .subcommand(with_settings(
                    Command::new("export")
                        .about("Prints the key ring sealed under a passphrase, read from a file or from standard input")
                        .arg(passphrase_file()),
                ))
                .subcommand(with_settings(
                    Command::new("import")
                        .about("Writes the key ring's file from an export; never over an existing one")
                        .arg(path("export", "FILE", "The export").required(true))
                        .arg(passphrase_file()),
                )),
        )
        .subcommand(
            group("config", "The configuration")
                .subcommand(Command::new("docs").about("Prints the page about all settings, as Markdown")),
        );
    with_settings(root)
}

/// The settings that were given: the file, and the flags.
pub(super) fn settings(matches: &ArgMatches) -> (Option<PathBuf>, Flags) {
    let file = matches.get_one::<PathBuf>("config").cloned();
    let given = |name| matches.get_one::<String>(name).cloned();
    let flags = SETTINGS.iter().filter_map(|s| given(s.name).map(|value| (s.name, value))).collect();
    (file, flags)
}

fn group(name: &'static str, about: &'static str) -> Command {
    Command::new(name).about(about).subcommand_required(true).arg_required_else_help(true)
}

fn keygen() -> Command {
    Command::new("keygen")
        .about("Prints a fresh 256-bit key for SSE-C, in the forms that clients take")
        .arg(flag("base64", "Only the key, in base64"))
}

fn fsck() -> Command {
    Command::new("fsck")
        .about("Checks the index against itself and against the blobs; the gateway may run meanwhile")
        .after_help("Exit codes: 0 nothing is wrong, 1 something is wrong, 2 the check was not possible.")
        .arg(flag("deep", "Verifies every seal too: reads every blob that the key ring opens"))
        .arg(flag("json", "Prints the report as JSON"))
        .arg(flag("progress", "Shows the progress on standard error"))
        .arg(flag("accept", "After a restore: blobs that the index does not know may be deleted again"))
}

fn backup() -> Command {
    let id = Arg::new("id").value_name("ID").required(true).help("The backup's id, from cardea backup list");
    let keep = Arg::new("keep")
        .long("keep")
        .value_name("N")
        .value_parser(RangedU64ValueParser::<usize>::new().range(1..))
        .help("Keeps the newest N backups, this one included, and deletes the others");
    let command = Command::new("backup")
        .about("Writes a sealed backup of the index into the store; the gateway may run meanwhile")
        .after_help("The backup does not hold the key ring: keep a copy of the ring elsewhere (cardea keyring export).")
        .args_conflicts_with_subcommands(true)
        .arg(keep)
        .subcommand(with_settings(Command::new("list").about("Lists the backups, oldest first")))
        .subcommand(with_settings(
            Command::new("delete").about("Deletes a backup, and the chunks that no other backup needs").arg(id),
        ));
    with_settings(command)
}

fn restore() -> Command {
    Command::new("restore")
        .about("Loads a backup into an empty index; the gateway must be stopped")
        .after_help(
            "Needs the key ring and the store. It may be killed at any moment: run it again and it goes on. Nothing is deleted from \
             the store until cardea fsck --accept.",
        )
        .arg(Arg::new("id").value_name("ID").help("The backup's id, from cardea backup list [default: the newest]"))
}

fn migrate_index() -> Command {
    Command::new("migrate-index")
        .about("Copies the index into another, empty one; the gateway must be stopped")
        .after_help(
            "It may be killed at any moment: run it again and it goes on. Afterwards no gateway starts on the old index.",
        )
        .arg(
            flag("back", "Makes the configured index usable again, after it was copied into another")
                .conflicts_with("to"),
        )
        .arg(
            Arg::new("to")
                .long("to")
                .value_name("URL")
                .required_unless_present("back")
                .help("The index to fill, a URL as in the setting index"),
        )
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}

fn passphrase_file() -> Arg {
    path("passphrase_file", "FILE", "A file with the passphrase on its first line").long("passphrase-file")
}

fn path(id: &'static str, name: &'static str, help: &'static str) -> Arg {
    Arg::new(id).value_name(name).help(help).value_parser(PathBufValueParser::new())
}

fn with_settings(command: Command) -> Command {
    let config =
        path("config", "FILE", "The configuration file (TOML) [variable: CARDEA_CONFIG]").long("config");
    SETTINGS.iter().fold(command.arg(config), |command, setting| {
        let default = match setting.default {
            "" => String::new(),
            default => format!(" [default: {default}]"),
        };
        let help = format!("{} [variable: {}]{default}", setting.help, setting.variable());
        command.arg(Arg::new(setting.name).long(setting.flag()).value_name(setting.takes).help(help))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<ArgMatches, String> {
        command().try_get_matches_from(line.split(' ')).map_err(|error| error.to_string())
    }

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn settings_with_and_without_serve() {
        let root = parse("cardea --data /x --config f --inline-bytes 0").unwrap();
        let serve = parse("cardea serve --data /x --config f --inline-bytes 0").unwrap();
        for matches in [&root, serve.subcommand_matches("serve").unwrap()] {
            let (file, flags) = settings(matches);
            assert_eq!(file, Some("f".into()));
            assert_eq!(flags, Flags::from([("data", "/x".to_owned()), ("inline_bytes", "0".to_owned())]));
        }
    }

    #[test]
    fn tools() {
        for line in [
            "cardea",
            "cardea keygen --base64",
            "cardea fsck --deep --json --accept --progress --data /x",
            "cardea backup --keep 3 --data /y",
            "cardea backup list --data /y",
            "cardea backup delete 20270131T235959999Z-0123456789abcdef",
            "cardea restore --data /y",
            "cardea restore 20270131T235959999Z-0123456789abcdef",
            "cardea migrate-index --to sqlite:///x --data /y",
            "cardea migrate-index --back --data /y",
            "cardea credentials reset --data /x",
            "cardea keyring export --passphrase-file p",
            "cardea keyring import ring.txt --data /x",
            "cardea config docs",
        ] {
            assert!(parse(line).is_ok(), "{line}");
        }
        for line in [
            "cardea --nope",
            "cardea frob",
            "cardea keyring import",
            "cardea migrate-index",
            "cardea migrate-index --back --to sqlite:///x",
            "cardea backup --keep 0",
            "cardea backup delete",
            "cardea --data",
            "cardea --data x serve",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
