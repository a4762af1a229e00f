//! `guichet run`: the daemon.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;

use super::logging::{self, Look};
use super::service::Service;
use super::{signals, wiring};

/// Watches the configured mailboxes until stopped.
#[derive(Debug, Args)]
pub struct Run {}

impl Run {
    /// Runs until SIGTERM or SIGINT.
    ///
    /// # Errors
    /// When it cannot start, or a worker died.
    pub async fn run(&self, config: Option<PathBuf>) -> anyhow::Result<bool> {
        logging::start(Look::Journal);
        let config = wiring::config(config.as_deref())?;
        let listener = match config.desk.listen {
            Some(address) => Some(
                TcpListener::bind(address)
                    .await
                    .with_context(|| format!("the desk cannot listen on {address} ([desk] listen)"))?,
            ),
            None => None,
        };
        let stop = signals::stop_on_signal()?;
        Service::assemble(config, listener, stop).await?.run().await?;
        Ok(true)
    }
}
