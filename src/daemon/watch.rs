//! Watches one folder: connects, reads what is new, hands each message to intake, waits, and begins
//! again from the stored position whenever anything breaks.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::alarms::{self, Alarms};
use super::backoff::Backoff;
use super::heartbeat::Heartbeat;
use super::intake::Intake;
use super::losses::{Era, Losses, Over};
use crate::domain::position::FolderRole;
use crate::failpoint;
use crate::ports::store::{Lease, StoreError};
use crate::ports::{Arrival, Clock, Ids, MailError, MailSession, MailSource, Standing, Store};

/// Messages asked for at once: enough to keep the link busy, few enough to keep memory small.
const BATCH: usize = 32;
/// Routers forget connections that are silent for longer.
const LONGEST_WAIT: Duration = Duration::from_secs(4 * 60);

/// A folder that was not read to its end for so long is an alarm, however often it could be opened.
const UNREAD: SignedDuration = SignedDuration::from_mins(15);

/// After so many permanent refusals by the store a message is given up.
const REFUSALS: u32 = 3;

/// After so many ends of the process at the same message it is given up.
const DEATHS: u32 = 3;

/// What a person is told about a store that knows less than the mailbox.
const OLDER: &str = "The store is older than what was done: the mailbox holds mail that was acknowledged and that the \
    store does not know. Mail that it does not know is not acknowledged: what came since waits in the queue, “from the time \
    that was lost”; older mail is listed as “maybe acknowledged”. What waited to be sent is held for a person.";

/// How often the store refused a message for good, by its name in the folder.
type Refusals = std::collections::BTreeMap<String, u32>;

/// Watches one folder of one mailbox.
pub struct Watch {
    /// The folder.
    pub source: Arc<dyn MailSource>,
    /// What is done with each message.
    pub intake: Arc<Intake>,
    /// Where the position is kept.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Jitter.
    pub ids: Arc<dyn Ids>,
    /// What a person must see.
    pub alarms: Alarms,
    /// What this inbox tells of the store, and what others told.
    pub losses: Losses,
    /// Becomes true after the first successful SELECT.
    pub ready: watch::Sender<bool>,
}

/// What outlives a session.
struct Memory {
    /// Subject of the alarm about a folder that cannot be opened.
    alarm: String,
    /// Subject of the alarm about one that cannot be read.
    unread: String,
    backoff: Backoff,
    refusals: Refusals,
    /// When the folder was last read to its end, or a message of it was taken.
    looked: Timestamp,
}

/// Why a session ended.
enum Broken {
    Mail(MailError),
    Store(StoreError),
    /// The store knows less than was done: the folder is to be read again.
    Loss,
}

impl From<MailError> for Broken {
    fn from(error: MailError) -> Self {
        Self::Mail(error)
    }
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Over> for Broken {
    fn from(_: Over) -> Self {
        Self::Loss
    }
}

impl Watch {
    /// Runs until `stop`.
    pub async fn run(self, lease: Lease, heartbeat: Heartbeat, stop: CancellationToken) {
        let folder = self.source.folder().clone();
        let mut memory = Memory {
            alarm: format!("watch {} {}", folder.mailbox, role_name(folder.role)),
            unread: format!("oldest {} {}", folder.mailbox, role_name(folder.role)),
            backoff: Backoff::new(SignedDuration::from_secs(1), SignedDuration::from_mins(1)),
            refusals: Refusals::new(),
            looked: self.clock.now(),
        };
        while !stop.is_cancelled() {
            heartbeat.beat();
            let Err(broken) = self.session(&lease, &heartbeat, &stop, &mut memory).await else {
                break;
            };
            let (sentence, permanent) = match broken {
                Broken::Mail(MailError::Temporary(what)) => (what, false),
                Broken::Mail(MailError::Permanent(what)) => (what, true),
                Broken::Store(error) => (format!("a message could not be stored: {error}"), false),
                Broken::Loss => {
                    info!(mailbox = folder.mailbox, folder = role_name(folder.role), "a loss was noticed: read again");
                    continue;
                }
            };
            let wait = if permanent { SignedDuration::from_mins(5) } else { memory.backoff.next(self.ids.bits()) };
            warn!(
                mailbox = folder.mailbox,
                folder = role_name(folder.role),
                problem = sentence,
                retry_s = wait.as_secs(),
                "watching was interrupted"
            );
            if permanent || memory.backoff.failures() >= 3 {
                self.alarms.raise(&memory.alarm, &sentence);
            }
            // A folder that can be opened and not read clears the other alarm again and again.
            if self.clock.now().duration_since(memory.looked) > UNREAD {
                let words = format!(
                    "Nothing could be read from the {} of {} since {:.0}, mail may wait there: {sentence}",
                    role_name(folder.role),
                    folder.mailbox,
                    memory.looked
                );
                self.alarms.raise(&memory.unread, words);
            }
            self.pause(wait, &heartbeat, &stop).await;
        }
        heartbeat.retire();
    }

    /// One connection, from sign-in to its end. `Ok` only when stopped.
    async fn session(
        &self,
        lease: &Lease,
        heartbeat: &Heartbeat,
        stop: &CancellationToken,
        memory: &mut Memory,
    ) -> Result<(), Broken> {
        let folder = self.source.folder();
        let era = self.losses.era().await;
        let mut session = heartbeat.during(self.source.connect()).await?;
        let standing = heartbeat.during(self.open(session.as_mut(), lease, &era)).await?;
        self.alarms.clear(&memory.alarm);
        self.ready.send_replace(true);
        info!(mailbox = folder.mailbox, folder = role_name(folder.role), standing = ?standing, "watching");
        while !stop.is_cancelled() && !era.is_over() {
            heartbeat.beat();
            let arrivals = heartbeat.during(session.fetch(BATCH)).await?;
            if arrivals.is_empty() {
                self.has_looked(memory);
                heartbeat.during(wait(session.as_mut(), stop, &era)).await?;
                continue;
            }
            failpoint::pass("watch-fetched");
            for arrival in arrivals {
                heartbeat.beat();
                if stop.is_cancelled() {
                    break;
                }
                let _lasts = era.lasts().await?;
                // A folder that can be read into a store that takes nothing is no success.
                self.take(lease, arrival, &mut memory.refusals).await?;
                self.has_looked(memory);
            }
        }
        session.close().await;
        if stop.is_cancelled() { Ok(()) } else { Err(Broken::Loss) }
    }

    /// The folder was read to its end, or a message of it was taken.
    fn has_looked(&self, memory: &mut Memory) {
        memory.backoff.reset();
        memory.looked = self.clock.now();
        self.alarms.clear(&memory.unread);
    }

    /// One message must not stop those behind it: one that the process did not survive some times is listed for a
    /// person, and the folder goes on.
    async fn take(&self, lease: &Lease, arrival: Arrival, refusals: &mut Refusals) -> Result<(), StoreError> {
        let location = arrival.location.clone();
        let deaths = self.store.take_up(&location).await;
        if deaths >= DEATHS {
            let why = format!("the process ended {deaths} times while it worked on this message");
            let given_up = self.intake.give_up(lease, &arrival, &why).await;
            self.store.put_down(&location.folder).await;
            return given_up;
        }
        failpoint::pass_with("message-begun", &location.name);
        let taken = self.take_or_give_up(lease, arrival, refusals).await;
        self.store.put_down(&location.folder).await;
        taken
    }

    /// So is one that the store can never take, or on which the code panics each time.
    async fn take_or_give_up(
        &self,
        lease: &Lease,
        arrival: Arrival,
        refusals: &mut Refusals,
    ) -> Result<(), StoreError> {
        let name = arrival.location.name.clone();
        let taking = AssertUnwindSafe(self.intake.take(lease, arrival.clone())).catch_unwind().await;
        match taking.unwrap_or_else(|panic| Err(StoreError::Permanent(panicked(panic.as_ref())))) {
            Err(error) if !error.may_pass() => {
                let refused = refusals.entry(name).or_default();
                *refused += 1;
                if *refused < REFUSALS {
                    return Err(error);
                }
                self.intake.give_up(lease, &arrival, &error.to_string()).await
            }
            taken => taken.map(|_| ()),
        }
    }

    async fn open(&self, session: &mut dyn MailSession, lease: &Lease, era: &Era) -> Result<Standing, Broken> {
        let folder = self.source.folder();
        let stored = self.store.position(folder).await?;
        if stored.is_none()
            && let Some(lost) = self.store.lost(&folder.mailbox).await?.filter(|lost| lost.covers(self.clock.now()))
        {
            session.reach_back(lost.from);
        }
        let opened = session.open(stored.as_ref()).await?;
        if folder.role == FolderRole::Inbox && self.is_older(session, opened.standing).await? {
            self.losses.notice(era, self.store.as_ref(), self.clock.now(), OLDER).await?;
            self.alarms.raise(alarms::LOSS, OLDER);
            return Err(MailError::Temporary(OLDER.into()).into());
        }
        if opened.standing != Standing::Continues {
            failpoint::pass("watch-opened");
            let _lasts = era.lasts().await?;
            self.store.set_position(lease, folder, &opened.position).await?;
        }
        if folder.role == FolderRole::Inbox {
            self.losses.compared(&folder.mailbox);
        }
        Ok(opened.standing)
    }

    /// Whether the folder holds mail that was acknowledged and that the store knows nothing of. A store that is known
    /// to be begun anew needs no such proof for what lay there before.
    async fn is_older(&self, session: &mut dyn MailSession, standing: Standing) -> Result<bool, Broken> {
        let known_loss = self.store.rebuilt_at().await?;
        if standing == Standing::First && known_loss.is_some() {
            return Ok(false);
        }
        for raw in session.acknowledged().await? {
            // Not read again yet since the loss that is known.
            let explained = known_loss.is_some_and(|noticed| raw.arrived_at <= noticed);
            if !explained && !self.intake.knows(&raw).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn pause(&self, wait: SignedDuration, heartbeat: &Heartbeat, stop: &CancellationToken) {
        let until = self.clock.now() + wait;
        while self.clock.now() < until && !stop.is_cancelled() {
            heartbeat.beat();
            let slice = until.min(self.clock.now() + SignedDuration::from_secs(10));
            tokio::select! {
                () = self.clock.sleep_until(slice) => {}
                () = stop.cancelled() => {}
            }
        }
    }
}

fn panicked(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    format!("the program failed on it ({})", words.unwrap_or("without a word"))
}

/// Until something may have arrived, or the session has to end. A session is never dropped while it waits.
async fn wait(session: &mut dyn MailSession, stop: &CancellationToken, era: &Era) -> Result<(), MailError> {
    let ending = stop.child_token();
    let mut waiting = session.wait(LONGEST_WAIT, &ending);
    tokio::select! {
        waited = &mut waiting => return waited,
        () = era.over() => ending.cancel(),
    }
    waiting.await
}

fn role_name(role: FolderRole) -> &'static str {
    match role {
        FolderRole::Inbox => "inbox",
        FolderRole::Junk => "junk",
        FolderRole::Sent => "sent",
    }
}
