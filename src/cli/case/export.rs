//! `guichet case export`.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;

use crate::cli::wiring;
use crate::config::Config;
use crate::control::{Client, ClientError, Request, Response};
use crate::desk::Evidence;
use crate::domain::CaseId;

/// Asks the daemon, or reads the store where none runs, and writes the zip for its owner's eyes only.
pub(super) async fn run(
    case: &CaseId,
    to: Option<PathBuf>,
    config: &Config,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let path = to.unwrap_or_else(|| PathBuf::from(format!("{case}.zip")));
    let (zip, broken_at) = match Client::connect(&config.data_dir).await {
        Ok(mut daemon) => match daemon.ask(&Request::Export { case: case.clone() }).await? {
            Response::Exported { zip, broken_at } => {
                (BASE64.decode(zip).context("the daemon's answer cannot be read")?, broken_at)
            }
            Response::Refused { why, .. } => bail!("{why}"),
            _ => bail!("the daemon answered another question: use the same version"),
        },
        Err(ClientError::NoDaemon(_)) => {
            let store = wiring::store_without_daemon(config)?;
            let evidence = Evidence::collect(&store, case, Timestamp::now()).await?;
            (evidence.zip(&config.calendar.time_zone)?, evidence.broken_at())
        }
        Err(error) => return Err(error.into()),
    };
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    let written = file.and_then(|mut file| file.write_all(&zip).and_then(|()| file.sync_all()));
    written.with_context(|| format!("cannot write {}", path.display()))?;
    writeln!(out, "{}: {} bytes", path.display(), zip.len())?;
    match broken_at {
        None => writeln!(out, "the record is whole")?,
        Some(seq) => writeln!(out, "WRONG   the record was changed: it does not hold from entry {seq}")?,
    }
    Ok(())
}
