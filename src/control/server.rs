//! The daemon's side of the socket.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use super::protocol::{AsideDocument, CaseDocument, QueueDocument, QueueLine, Request, Response};
use crate::daemon::lessons::lessons;
use crate::daemon::review::{Changes, Review, ReviewError, Seen};
use crate::desk::Evidence;
use crate::domain::{Address, CaseId, Email, Folder, MessageKey};
use crate::ports::store::DraftEdit;
use crate::ports::{Clock, Reviewer, Reviewers, Store};

/// A question may be this long; a reply's text is a few kilobytes.
const MOST_BYTES: u64 = 1024 * 1024;
/// A command that says nothing for so long is dropped.
const SILENCE: Duration = Duration::from_secs(30);
/// After a failed accept.
const PAUSE: Duration = Duration::from_millis(200);

/// What the socket gives access to.
#[derive(Clone)]
pub struct Control {
    /// The steps.
    pub review: Arc<Review>,
    /// Who may decide.
    pub reviewers: Arc<dyn Reviewers>,
    /// For backup, erasure and learning.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// Answers commands on a socket bound at `path` until `stop`, then removes it.
pub async fn serve(control: Control, listener: UnixListener, path: &Path, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let (control, stop) = (control.clone(), stop.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        result = converse(&control, stream) => if let Err(error) = result {
                            tracing::debug!(%error, "a command left in the middle of its question");
                        }
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the control socket could not accept a command; trying again");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    // The next daemon makes its own; a leftover would only cost it a connection attempt.
    let _ = std::fs::remove_file(path);
}

/// Makes the socket, readable and writable by its owner only; a leftover one is replaced.
///
/// # Errors
/// When another daemon answers there, or the socket cannot be made.
// Bound under another name, closed to others, then moved into place: nobody else can connect in between.
pub async fn bind(path: &Path) -> anyhow::Result<UnixListener> {
    let shown = path.display();
    if UnixStream::connect(path).await.is_ok() {
        bail!("another daemon answers on {shown}: stop it first, or give this one its own data_dir");
    }
    let fresh = path.with_extension(format!("sock.{}", std::process::id()));
    let _ = std::fs::remove_file(&fresh);
    let listener = UnixListener::bind(&fresh)
        .with_context(|| format!("cannot make the control socket {shown} (a path may have about 100 characters)"))?;
    std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o600))
        .and_then(|()| std::fs::rename(&fresh, path))
        .with_context(|| format!("cannot make the control socket {shown}"))?;
    Ok(listener)
}

async fn converse(control: &Control, stream: UnixStream) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read.take(MOST_BYTES));
    loop {
        let mut line = Vec::new();
        let Ok(count) = tokio::time::timeout(SILENCE, read.read_until(b'\n', &mut line)).await else { return Ok(()) };
        if count? == 0 {
            return Ok(());
        }
        let response = match serde_json::from_slice(&line) {
            Ok(request) => control.answer(request).await,
            Err(error) => {
                refused(format!("the daemon does not understand the question ({error}): use the same version"))
            }
        };
        let mut text = serde_json::to_vec(&response)?;
        text.push(b'\n');
        write.write_all(&text).await?;
        read.get_mut().set_limit(MOST_BYTES);
    }
}

fn refused(why: impl Into<String>) -> Response {
    Response::Refused { why: why.into(), changes: Vec::new() }
}

impl From<ReviewError> for Response {
    fn from(error: ReviewError) -> Self {
        let why = error.to_string();
        match error {
            ReviewError::Stale { changes, .. } => Self::Refused { why, changes },
            _ => refused(why),
        }
    }
}

impl Control {
    /// Answers one question.
    pub async fn answer(&self, request: Request) -> Response {
        self.try_answer(request).await.unwrap_or_else(|response| response)
    }

    async fn try_answer(&self, request: Request) -> Result<Response, Response> {
        let review = &self.review;
        match request {
            Request::Queue { limit } => {
                let view = review.queue(limit, None).await?;
                let (zone, now) = (review.time_zone(), review.now());
                let cases: Vec<QueueLine> = view.rows.iter().map(|row| QueueLine::new(row, &zone, now)).collect();
                Ok(Response::Queue(QueueDocument {
                    waiting: view.overview.cases.get("needs_reply").copied().unwrap_or(cases.len() as u64),
                    troubled: view.troubled,
                    stopped: view.breakers.into_iter().map(|open| open.mailbox).collect(),
                    groups: view.groups.into_iter().map(Into::into).collect(),
                    alerts: view.alerts.into_iter().map(Into::into).collect(),
                    cases,
                }))
            }
            Request::Aside => {
                let (automated, quarantined) = review.set_aside(usize::MAX).await?;
                Ok(Response::Aside(AsideDocument { automated, quarantined }))
            }
            Request::Backup { folder } => {
                let done = self.store.backup(&folder).await.map_err(|error| refused(error.to_string()))?;
                Ok(Response::BackedUp(done))
            }
            Request::Missing { folder, names } => missing(self.store.as_ref(), &folder, names).await,
            Request::Unknown { keys } => unknown(self.store.as_ref(), keys).await,
            Request::Erase { address } => {
                let address = Email::parse(&address).map_err(|_| ReviewError::BadAddress(address))?;
                let done = self.store.erase(&address, self.clock.now()).await;
                Ok(Response::Erased(done.map_err(|error| refused(error.to_string()))?))
            }
            Request::Loss { dismiss } => {
                let notice = self.store.loss().await.map_err(|error| refused(error.to_string()))?;
                if dismiss {
                    review.dismiss_loss().await?;
                }
                let damaged = self.store.damaged(false).await.map_err(|error| refused(error.to_string()))?;
                Ok(Response::Loss { notice, unwatched: self.store.unwatched().await, damaged })
            }
            Request::Corrections => {
                let rows = lessons(self.store.as_ref()).await.map_err(|error| refused(error.to_string()))?;
                Ok(Response::Corrections(rows))
            }
            Request::Case { case } => Ok(Response::Case(Box::new(CaseDocument::from(review.look(&case).await?)))),
            Request::Approve { case, revision, confirmed, reviewer } => {
                let reviewer = self.reviewer(reviewer).await?;
                let changes = Changes { confirmed, ..Changes::default() };
                let id = review.approve(&case, seen(revision), changes, &reviewer).await?;
                Ok(Response::Approved { id })
            }
            Request::Edit { case, revision, to, subject, body, reviewer } => {
                let reviewer = self.reviewer(reviewer).await?;
                let to = match to {
                    Some(text) => Some(Address::parse(&text).map_err(|_| ReviewError::BadAddress(text))?),
                    None => None,
                };
                let draft = DraftEdit { body, subject, to, suggestion: None };
                let changes = Changes { draft, ..Changes::default() };
                Ok(Response::Done { revision: review.save(&case, seen(revision), changes, &reviewer).await? })
            }
            Request::Export { case } => {
                let at = self.clock.now();
                let evidence = Evidence::collect(self.store.as_ref(), &case, at).await;
                let evidence = evidence.map_err(|error| refused(error.to_string()))?;
                let (broken_at, zone) = (evidence.broken_at(), review.time_zone());
                let zipped = tokio::task::spawn_blocking(move || evidence.zip(&zone)).await;
                let zip = zipped.map_err(|error| refused(error.to_string()))?;
                let zip = zip.map_err(|error| refused(format!("the evidence cannot be put together: {error:#}")))?;
                Ok(Response::Exported { zip: BASE64.encode(zip), broken_at })
            }
            Request::Figures { period } => {
                let figures = self.store.figures(period, &review.time_zone()).await;
                Ok(Response::Figures(Box::new(figures.map_err(|error| refused(error.to_string()))?)))
            }
            Request::Call { case, direction, note, reviewer } => {
                let reviewer = self.reviewer(reviewer).await?;
                review.log_call(&case, direction, &note, &reviewer).await?;
                self.done(&case).await
            }
            Request::KeepPromise { case, n, reviewer } => {
                let reviewer = self.reviewer(reviewer).await?;
                review.keep_promise(&case, n, &reviewer).await?;
                self.done(&case).await
            }
            Request::TellAgain { case, reviewer } => {
                let reviewer = self.reviewer(reviewer).await?;
                if review.tell_stuck_again(&case, &reviewer).await? == 0 {
                    return Err(refused(format!("case {case} has no refund notice that was given up")));
                }
                self.done(&case).await
            }
            Request::Dismiss { case, revision, why, reviewer } => {
                let reviewer = self.reviewer(reviewer).await?;
                review.dismiss(&case, seen(revision), &why, &reviewer).await?;
                self.done(&case).await
            }
        }
    }

    async fn done(&self, case: &CaseId) -> Result<Response, Response> {
        Ok(Response::Done { revision: self.review.look(case).await?.case.revision })
    }

    /// The reviewer named, or the only one there is: each decision is a person's.
    async fn reviewer(&self, name: Option<String>) -> Result<Reviewer, Response> {
        let all = self.reviewers.all().await.map_err(|error| refused(error.0))?;
        let names = all.iter().map(|reviewer| reviewer.name.as_str()).collect::<Vec<_>>().join(", ");
        match name {
            Some(name) => {
                let known = all.iter().find(|reviewer| reviewer.name == name).cloned();
                known.ok_or_else(|| refused(format!("there is no reviewer “{name}” (there are: {names})")))
            }
            None => match all.as_slice() {
                [only] => Ok(only.clone()),
                [] => Err(refused("there is no reviewer yet: add one with `guichet reviewer add NAME`")),
                _ => Err(refused(format!("say who decides with --as NAME (there are: {names})"))),
            },
        }
    }
}

/// Answers [`Request::Missing`].
///
/// # Errors
/// The store's, as a refusal.
pub async fn missing(store: &dyn Store, folder: &Folder, names: Vec<String>) -> Result<Response, Response> {
    let names = store.missing(folder, names).await.map_err(|error| refused(error.to_string()))?;
    let position = store.position(folder).await.map_err(|error| refused(error.to_string()))?;
    Ok(Response::Missing { names, position })
}

/// Answers [`Request::Unknown`].
///
/// # Errors
/// The store's, as a refusal.
pub async fn unknown(store: &dyn Store, keys: Vec<MessageKey>) -> Result<Response, Response> {
    let mut never = Vec::new();
    for key in keys {
        if !store.knows(key).await.map_err(|error| refused(error.to_string()))? {
            never.push(key);
        }
    }
    Ok(Response::Unknown { keys: never })
}

fn seen(revision: u64) -> Seen {
    Seen { revision, entries: None }
}
