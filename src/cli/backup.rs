//! `guichet backup`: a copy of everything, made by the running daemon or, without one, here.

use std::io::Write;
use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use jiff::Timestamp;

use super::wiring;
use crate::config::Config;
use crate::control::{Client, ClientError, Request, Response};
use crate::ports::Store as _;

/// Copies everything that a restart elsewhere needs, and reads the copy back.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// A folder that is absent or empty [default: a new one, named by the time, in `backup_dir`].
    folder: Option<PathBuf>,
}

/// Runs the command. False when something in the store is damaged, and so in the backup as well.
///
/// # Errors
/// When no folder is named anywhere, or it cannot be written or read back.
pub async fn run(args: BackupArgs, config: &Config, out: &mut dyn Write) -> anyhow::Result<bool> {
    let folder = match (args.folder, &config.backup_dir) {
        (Some(folder), _) => std::path::absolute(&folder)?,
        (None, Some(dir)) => dir.join(Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string()),
        (None, None) => bail!("name a folder, or set `backup_dir` in {}", config.file.display()),
    };
    let done = match Client::connect(&config.data_dir).await {
        Ok(mut daemon) => match daemon.ask(&Request::Backup { folder }).await? {
            Response::BackedUp(done) => done,
            Response::Refused { why, .. } => bail!("{why}"),
            other => bail!("the daemon answered something else ({other:?}): use the same version"),
        },
        Err(ClientError::NoDaemon(_)) => {
            let store = wiring::store_without_daemon(config)?;
            store.backup(&folder).await?
        }
        Err(error) => return Err(error.into()),
    };
    writeln!(
        out,
        "{}: {} cases, {} messages ({} with their original), {} rows; written, read back and counted",
        done.folder.display(),
        done.cases,
        done.messages,
        done.raw,
        done.rows
    )?;
    for damaged in &done.damaged {
        writeln!(out, "DAMAGED {damaged}")?;
    }
    if !done.damaged.is_empty() {
        writeln!(out, "note    these are no better in the new backup; the older backups were kept")?;
    }
    Ok(done.damaged.is_empty())
}
