//! The composition root: it builds everything from the configuration, runs it, and ends it.

mod backup;
mod database;
mod disk;
mod dispatch;
mod door;
pub(crate) mod files;
mod fsck;
mod listener;
mod management;
mod migrate;
mod renewal;
mod restore;
mod run;
mod signals;
mod start;
mod tls;

use tokio::runtime::{Builder, Runtime};

use crate::config::Config;
use crate::failure::Failure;
// Types that the command line shows.
pub(crate) use crate::care::backup::{Removed, Taken};
pub(crate) use crate::care::fsck::Report as FsckReport;
use crate::output::print;
use crate::telemetry;
pub(crate) use backup::{backup, delete_backup, list_backups};
pub(crate) use fsck::fsck;
pub(crate) use migrate::{migrate_back, migrate_index};
pub(crate) use restore::restore;

/// How long work that cannot be cancelled may delay the end of the process.
const LAST_WORDS: std::time::Duration = std::time::Duration::from_secs(5);

/// Runs the gateway until a signal ends it.
pub(crate) fn serve(config: Config) -> Result<(), Failure> {
    telemetry::start(&config.log_level, config.log_format).map_err(|error| Failure::run("log", error))?;
    telemetry::raise_file_limit();
    let runtime = runtime()?;
    let result = runtime.block_on(run::run(config));
    runtime.shutdown_timeout(LAST_WORDS);
    result
}

/// Gives the root account new credentials. No gateway may run on the data folder.
pub(crate) fn reset_credentials(config: &Config) -> Result<(), Failure> {
    runtime()?.block_on(async {
        let installation = start::found(config).await?;
        let at = tls::Site::of(config)?;
        start::renew(config, &installation, at.client_settings()).await?;
        print(&start::reset(&at.credentials))
    })
}

fn runtime() -> Result<Runtime, Failure> {
    Builder::new_multi_thread().enable_all().build().map_err(|error| Failure::run("threads", error))
}
