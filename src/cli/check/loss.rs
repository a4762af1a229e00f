//! Whether the store tells of a loss that nobody has said to know of, or of a damage.

use super::Findings;
use crate::cli::wiring;
use crate::config::Config;
use crate::control::{Client, ClientError, Request, Response};
use crate::ports::Store as _;
use crate::ports::store::LossNotice;

/// Tells of it, and ends that where `dismiss` says so. Without a daemon the store is opened only to dismiss: its
/// files should stay the daemon's.
pub(super) async fn look(config: &Config, dismiss: bool, findings: &mut Findings) {
    let told_of = match ask(config, dismiss).await {
        Ok(Told { notice, unwatched, damaged }) => {
            unwatched.into_iter().chain(damaged).for_each(|sentence| findings.wrong(sentence));
            Ok(notice)
        }
        Err(error) => Err(error),
    };
    match told_of {
        Ok(None) if dismiss => findings.note("the store tells of no loss"),
        Ok(None) => {}
        Ok(Some(notice)) if dismiss => findings.note(format!("dismissed: {}", told(&notice))),
        Ok(Some(notice)) => findings.wrong(format!(
            "{} Who has read it ends this at the desk, or with `guichet check --dismiss-loss`",
            told(&notice)
        )),
        Err(error) => findings.wrong(format!("whether the store tells of a loss cannot be said: {error:#}")),
    }
}

fn told(notice: &LossNotice) -> String {
    format!("{:.0}: {}", notice.at, notice.sentence)
}

/// What the store says of itself.
#[derive(Default)]
struct Told {
    notice: Option<LossNotice>,
    unwatched: Option<String>,
    damaged: Vec<String>,
}

async fn ask(config: &Config, dismiss: bool) -> anyhow::Result<Told> {
    match Client::connect(&config.data_dir).await {
        Ok(mut daemon) => match daemon.ask(&Request::Loss { dismiss }).await? {
            Response::Loss { notice, unwatched, damaged } => Ok(Told { notice, unwatched, damaged }),
            Response::Refused { why, .. } => anyhow::bail!("{why}"),
            _ => anyhow::bail!("the daemon answered something else: use the same version"),
        },
        Err(ClientError::NoDaemon(_)) if dismiss => {
            let store = wiring::store_without_daemon(config)?;
            let notice = store.loss().await?;
            store.dismiss_loss().await?;
            Ok(Told { notice, unwatched: store.unwatched().await, damaged: store.damaged(false).await? })
        }
        Err(ClientError::NoDaemon(_)) => Ok(Told::default()),
        Err(error) => Err(error.into()),
    }
}
