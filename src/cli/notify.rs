//! Telling systemd that we are ready and alive (sd_notify(3)).

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::daemon::Heartbeats;
use crate::ports::Clock;

/// How often more time is asked for.
const STARTING: Duration = Duration::from_secs(20);

/// Says READY once every mailbox has been selected, and feeds the watchdog while every worker's
/// heartbeat is fresh. Outside systemd all of it does nothing.
pub async fn run(
    mut ready: Vec<watch::Receiver<bool>>,
    heartbeats: Heartbeats,
    clock: &dyn Clock,
    stop: CancellationToken,
) {
    let every = watchdog_interval().unwrap_or(Duration::from_secs(20));
    let mut said = false;
    let mut ticks = tokio::time::interval(every);
    while !stop.is_cancelled() {
        if !said {
            said = tell_start(&mut ready, every);
        }
        let stale = heartbeats.stale(clock.now());
        if stale.is_empty() {
            tell(&[NotifyState::Watchdog]);
        } else {
            tracing::error!(workers = stale.join(", "), "workers give no sign of life; the watchdog is not fed");
        }
        tokio::select! {
            _ = ticks.tick() => {}
            () = any_ready(&mut ready), if !said => {}
            () = stop.cancelled() => {}
        }
    }
    tell(&[NotifyState::Stopping]);
}

/// More time is asked for while something long goes on before anything else can: a large store is read, or a backup is
/// put back. Who kills us meanwhile has it begin anew.
pub async fn while_starting<T>(what: &str, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    let mut ticks = tokio::time::interval(STARTING);
    let more = u32::try_from(STARTING.as_micros().saturating_mul(3)).unwrap_or(u32::MAX);
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = ticks.tick() => tell(&[NotifyState::ExtendTimeoutUsec(more), NotifyState::Status(what)]),
        }
    }
}

/// READY when all folders were selected; until then more time is asked for, so that a mail server
/// that is down at boot does not get the desk killed.
fn tell_start(ready: &mut [watch::Receiver<bool>], every: Duration) -> bool {
    let waiting = ready.iter_mut().map(|mailbox| *mailbox.borrow_and_update()).filter(|watched| !watched).count();
    if waiting == 0 {
        tell(&[NotifyState::Ready, NotifyState::Status("watching")]);
        return true;
    }
    let more = u32::try_from(every.as_micros().saturating_mul(3)).unwrap_or(u32::MAX);
    let status = format!("waiting for the first SELECT of {waiting} mailbox(es)");
    tell(&[NotifyState::ExtendTimeoutUsec(more), NotifyState::Status(&status)]);
    false
}

async fn any_ready(ready: &mut [watch::Receiver<bool>]) {
    let changes: Vec<_> = ready.iter_mut().map(|mailbox| Box::pin(mailbox.changed())).collect();
    if changes.is_empty() {
        std::future::pending::<()>().await;
    }
    let _ = futures::future::select_all(changes).await;
}

/// A third of what systemd allows, so that one late beat does no harm.
fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|allowed| allowed / 3)
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd could not be told");
    }
}
