//! IDLE (RFC 2177): the server wakes us.

use std::time::Duration;

use async_imap::imap_proto::{RequestId, Response, Status};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connection::{Connection, Problem};

/// How long beginning and ending may take at most.
const STEP: Duration = Duration::from_secs(15);

/// Why idling ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Woken {
    /// The server told something, the time is over, or we are to stop.
    Yes,
    /// The server knows IDLE but does not want it.
    Refused,
}

/// Idles until the server tells of new mail, `until`, or `stop`. What the server said before it
/// began to idle counts: it would not be said again.
pub(super) async fn idle(
    connection: &mut Connection,
    until: Instant,
    stop: &CancellationToken,
) -> Result<Woken, Problem> {
    if connection.news {
        return Ok(Woken::Yes);
    }
    let step = STEP.min(connection.patience());
    let tag = connection.send("IDLE", "IDLE").await?;
    if !begun(connection, &tag, step).await? {
        return Ok(Woken::Refused);
    }
    while !connection.news {
        // Longer than the wait itself: silence is what IDLE is for.
        let patience = until.saturating_duration_since(Instant::now()) + STEP;
        tokio::select! {
            // Safe to interrupt: an unfinished answer stays in the connection's buffer.
            ended = connection.read("IDLE", patience, |response| is_tagged(response, &tag)) => {
                if ended? {
                    return Err(connection.lost("IDLE", "the server ended IDLE by itself".into()));
                }
            }
            () = tokio::time::sleep_until(until) => break,
            () = stop.cancelled() => break,
        }
    }
    connection.send_untagged("DONE", "DONE").await?;
    match tokio::time::timeout(step, connection.finish("DONE", &tag, STEP)).await {
        Ok(result) => result.map(|()| Woken::Yes),
        Err(_) => Err(connection.lost("DONE", format!("no end of IDLE in {step:?}"))),
    }
}

/// Waits for the continuation; false when the server refuses.
async fn begun(connection: &mut Connection, tag: &RequestId, patience: Duration) -> Result<bool, Problem> {
    enum Step {
        Begun,
        Refused,
        Ended,
        Other,
    }
    loop {
        let step = connection.read("IDLE", patience, |response| match response {
            Response::Continue(_) => Step::Begun,
            Response::Done { tag: answered, status: Status::No | Status::Bad, .. } if answered == tag => Step::Refused,
            Response::Done { .. } => Step::Ended,
            _ => Step::Other,
        });
        match step.await? {
            Step::Begun => return Ok(true),
            Step::Refused => return Ok(false),
            Step::Ended => return Err(connection.lost("IDLE", "the server ended IDLE before it began".into())),
            Step::Other => {}
        }
    }
}

fn is_tagged(response: &Response<'_>, wanted: &RequestId) -> bool {
    matches!(response, Response::Done { tag, .. } if tag == wanted)
}
