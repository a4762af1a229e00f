//! What we keep. The store offers whole steps, each atomic and durable when it returns, never
//! create-read-update-delete.

mod figures;
mod intake;
mod notices;
mod promises;
mod queries;
mod upkeep;

use std::collections::BTreeSet;
use std::path::Path;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use figures::{Counted, Counts, Durations, Figures, Period, Spread, Tally};
pub use intake::{AcknowledgementFate, Alert, Caps, CustomerMatter, Intake, Matter, OwnAnswer, Quarantine, Recorded};
pub use notices::{NOTICE_LIFE, NoticeState, StoredNotice, TellOutcome, notice_wait};
pub use promises::{NewPromise, Promise, PromiseState};
pub use queries::{
    Assessed, AutomatedMessage, Breaker, CaseFile, CaseMessage, Correction, MachineAlert, Overview, Quarantined,
    QueueRow,
};
pub use upkeep::{BackedUp, Erased, Expired, Expiry, KeptInBackup, LossNotice, Lost};

pub use crate::domain::draft::DraftProposal;

use super::refunds::RefundNotice;
use crate::domain::joining::{Joining, Threading};
use crate::domain::outgoing::{AttemptOutcome, IllegalStep};
use crate::domain::record::CallDirection;
use crate::domain::{
    Address, Assessment, Basis, Case, CaseId, CustomerHistory, DeliveryState, Email, Folder, MessageKey,
    MessageLocation, OutgoingId, OutgoingMail, Position, Suggestion, TemplateName, Timer, Verdict, Work,
};

/// The right to change a mailbox's cases. A back-end that several daemons share raises `epoch` when
/// the right moves; the embedded one has a single holder and a constant epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Name of the `[[mailbox]]`.
    pub mailbox: String,
    /// Raised when another process took over.
    pub epoch: u64,
}

/// What went wrong in the store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Trying again later may work (disk full, database busy).
    #[error("{0}")]
    Temporary(String),
    /// It will not (corruption, wrong version).
    #[error("{0}")]
    Permanent(String),
    /// The file of one stored text or original is damaged: which, and what to do. All that does not need it goes on.
    #[error("{0}")]
    Damaged(String),
    /// The case changed since it was read.
    #[error("the case changed meanwhile (revision {current} now)")]
    Stale {
        /// The revision that holds now.
        current: u64,
    },
    /// No such case, draft or outbox row.
    #[error("{0} does not exist")]
    Missing(String),
    /// Another process holds the mailbox now.
    #[error("another process took over this mailbox")]
    LeaseLost,
    /// The step is not allowed in the present state.
    #[error("{0}")]
    Illegal(#[from] IllegalStep),
}

impl StoreError {
    /// Whether the very same step may succeed later, without anybody changing it.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Temporary(_) | Self::Stale { .. } | Self::LeaseLost => true,
            Self::Permanent(_) | Self::Damaged(_) | Self::Missing(_) | Self::Illegal(_) => false,
        }
    }
}

/// Shorthand.
pub type StoreResult<T> = Result<T, StoreError>;

/// A reviewer's decision about a draft.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Send these frozen bytes, `not_before` standing in the mail's state.
    Approve {
        /// The mail.
        mail: Box<OutgoingMail>,
        /// Whether it asks the customer something.
        asks: bool,
        /// Timers to set.
        timers: Vec<Timer>,
        /// The refund that the reply accepts, to be told to the shop's payment side once the reply has left.
        refund: Option<Box<RefundNotice>>,
        /// Dates that the reply promises. Open promises of the case count as kept by this reply.
        promises: Vec<NewPromise>,
    },
    /// Close the case without sending.
    Dismiss {
        /// Why, in the reviewer's words; may be empty.
        why: String,
    },
}

/// What a reviewer changes on a draft. `None` leaves a field as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DraftEdit {
    /// New text.
    pub body: Option<String>,
    /// New subject.
    pub subject: Option<String>,
    /// New recipient.
    pub to: Option<Address>,
    /// Another template was chosen; `body` then holds its rendered text.
    pub suggestion: Option<Suggestion>,
}

/// A duty in the mailbox that is retried until done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chore {
    /// See to it that the copy of this sent mail lies in \Sent once.
    FileCopy(Box<OutgoingMail>),
    /// Set the keyword `$GuichetAcknowledged` on the customer's message.
    MarkAcknowledged {
        /// The acknowledgement that was accepted.
        id: OutgoingId,
        /// Where the customer's message lies.
        location: MessageLocation,
    },
}

/// Which mails of the outbox to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboxFilter {
    /// Everything not yet final.
    Open,
    /// In doubt or held: a person's business.
    Troubled,
    /// All, newest first, at most the given number.
    Latest(usize),
}

/// The store. Every method that changes something returns once the change is durable.
#[async_trait]
pub trait Store: Send + Sync {
    // ---- watching -----------------------------------------------------------------------------

    /// Takes the right to change a mailbox's cases.
    async fn lease(&self, mailbox: &str) -> StoreResult<Lease>;
    /// Looks whether the disk takes what is written, and makes a store that failed on it usable again when it does.
    /// To be called every few seconds: an error says, for the operator, what is wrong now. While it is, changes
    /// are refused with [`StoreError::Temporary`]; what was durable stays, as after a crash.
    async fn heal(&self) -> StoreResult<()>;
    /// When this store was begun anew because an earlier one could not be used any more; `None` for one that never
    /// lost anything. Nobody knows what was acknowledged before: a message imported as history into such a store is
    /// listed [`crate::domain::CaseFlag::MaybeAcknowledged`], unless it carries our keyword.
    async fn rebuilt_at(&self) -> StoreResult<Option<Timestamp>>;
    /// The time of which the store does not know what came into a mailbox; `None` for one that never lost anything.
    /// Who met that mail for the first time may never have seen it: unknown mail of that time waits for a person
    /// ([`crate::domain::CaseFlag::AfterLoss`]).
    async fn lost(&self, mailbox: &str) -> StoreResult<Option<Lost>>;
    /// Evidence was found that this store is older than what was done: from now on it counts as begun anew, all
    /// positions are forgotten, and what waits in the outbox is held for a person. `sentence` becomes
    /// [`Self::loss`].
    async fn roll_back(&self, at: Timestamp, sentence: &str) -> StoreResult<()>;
    /// The newest loss, whoever noticed it, until a person has said to know of it.
    async fn loss(&self) -> StoreResult<Option<LossNotice>>;
    /// Why an older copy in this store's place would not be noticed although it should be (the witness is missing or
    /// cannot be written); for the operator.
    async fn unwatched(&self) -> Option<String>;

    /// The stored long texts whose files are damaged, each with what to do. With `all`, every one is read; without, those
    /// are looked at that something had needed.
    async fn damaged(&self, all: bool) -> StoreResult<Vec<String>>;
    /// A person knows of the loss.
    async fn dismiss_loss(&self) -> StoreResult<()>;
    /// The secret that messages are named with, by its fingerprint: kept where none is kept yet, or where no message
    /// was named with the one before (`unused`).
    ///
    /// Returns whether it is the kept one: under another, each stored message would look like one never seen.
    async fn named_with(&self, secret: MessageKey, unused: bool) -> StoreResult<bool>;
    /// Copies everything that a restart elsewhere needs into `folder` (absent or empty), and reads the copy back.
    async fn backup(&self, folder: &Path) -> StoreResult<BackedUp>;
    /// Removes everything about an address: messages, cases, drafts, mails, corrections, originals, and what the
    /// files would still show of it, in the managed backups too. Identities stay, so that nothing of it is ever
    /// acknowledged again; the chains of the records stay. A case with an open dispute or legal threat is left, in the
    /// backups as well.
    async fn erase(&self, address: &Email, at: Timestamp) -> StoreResult<Erased>;
    /// Removes what is older than it may be kept. An open dispute or legal threat keeps its case's mail. Before that,
    /// cases that were answered long ago are closed, or they would be kept for ever; one with an open dispute, legal
    /// threat or promise, or with something in the outbox, waits for a person.
    async fn expire(&self, before: Expiry, at: Timestamp) -> StoreResult<Expired>;
    /// Whether this very message was stored before, and be it erased since.
    async fn knows(&self, key: MessageKey) -> StoreResult<bool>;
    /// How far a folder has been read; `None` before the first SELECT was stored.
    async fn position(&self, folder: &Folder) -> StoreResult<Option<Position>>;
    /// Notes which message of a folder is worked on now, and tells how many processes ended while they worked on this one.
    /// The note outlives the process, not the machine: it is not synced. One that cannot be read or written is none. Waits while
    /// a message that may have ended a process is worked on alone.
    async fn take_up(&self, location: &MessageLocation) -> u32;
    /// No message of the folder is worked on any more.
    async fn put_down(&self, folder: &Folder);
    /// Stores where reading starts: after the first SELECT, or after a renumbering. Replaces `mark`,
    /// and for these two occasions the whole set of seen names.
    async fn set_position(&self, lease: &Lease, folder: &Folder, position: &Position) -> StoreResult<()>;
    /// Keeps the raw bytes beside the store, durably, before [`Store::record`] names them. Repeating
    /// it is harmless; bytes that no recorded message names are swept at the next start.
    async fn keep_raw(&self, key: MessageKey, bytes: &[u8]) -> StoreResult<()>;
    /// The raw bytes, when they are (still) kept.
    async fn raw(&self, key: MessageKey) -> StoreResult<Option<Vec<u8>>>;
    /// Where a message would go now.
    async fn locate(&self, threading: &Threading) -> StoreResult<Joining>;
    /// Message, case, verdict, acknowledgement, draft, timers, record and position: one transaction.
    /// When the case it expects is not the one found, or that case's revision moved on, nothing is
    /// stored and [`Recorded::Outdated`] says so: prepare again.
    async fn record(&self, lease: &Lease, intake: Intake) -> StoreResult<Recorded>;
    /// A message that could not be fetched: listed for a person when given up, and the position moves.
    async fn pass_over(&self, lease: &Lease, quarantine: Quarantine) -> StoreResult<()>;

    /// Which of these names in a folder neither a stored message bears nor one that was given up.
    async fn missing(&self, folder: &Folder, names: Vec<String>) -> StoreResult<Vec<String>>;

    // ---- reviewing ----------------------------------------------------------------------------

    /// Replaces the suggestion, or sets it beside text a reviewer touched.
    async fn revise(
        &self,
        lease: &Lease,
        case: &CaseId,
        expected_revision: u64,
        suggestion: Suggestion,
        body: String,
        at: Timestamp,
    ) -> StoreResult<u64>;
    /// A reviewer opened the draft: nothing machine-made replaces its text from now on. Raises no revision.
    async fn open_draft(&self, case: &CaseId, reviewer: &str, at: Timestamp) -> StoreResult<()>;
    /// A reviewer changed the draft; returns the new revision.
    async fn edit_draft(
        &self,
        case: &CaseId,
        expected_revision: u64,
        edit: DraftEdit,
        reviewer: &str,
        at: Timestamp,
    ) -> StoreResult<u64>;
    /// A reviewer corrected the verdict: stored on the case and kept as a training row.
    async fn correct(
        &self,
        case: &CaseId,
        expected_revision: u64,
        verdict: Verdict,
        reviewer: &str,
        at: Timestamp,
    ) -> StoreResult<u64>;
    /// Approves or dismisses. A second approval of the same draft is [`StoreError::Stale`]. An acknowledgement that
    /// has not left is cancelled by either.
    async fn decide(
        &self,
        case: &CaseId,
        expected_revision: u64,
        decision: Decision,
        reviewer: &str,
        at: Timestamp,
    ) -> StoreResult<()>;

    // ---- assessing ----------------------------------------------------------------------------

    /// Stores what law and policy say of a case, and the draft that follows (template and text): it replaces one that
    /// nobody touched, stands beside one that a reviewer opened or edited, and leaves an approved one alone. The case
    /// is then no longer due to be assessed, unless the order source was [`Purchase::Unavailable`]: it stays due until
    /// [`Store::defer_assessment`] names a later time. Returns the case's revision, raised when the draft changed or
    /// when an earlier assessment said otherwise.
    ///
    /// [`Purchase::Unavailable`]: crate::domain::Purchase::Unavailable
    async fn assess(
        &self,
        lease: &Lease,
        case: &CaseId,
        expected_revision: u64,
        assessment: Assessment,
        draft: Option<(Suggestion, String)>,
        at: Timestamp,
    ) -> StoreResult<u64>;
    /// What law and policy said of a case last.
    async fn assessment(&self, case: &CaseId) -> StoreResult<Option<Assessment>>;
    /// Cases of the mailbox that are due to be assessed, longest due first: something was written, or a reviewer
    /// corrected verdict or basis, since the last time. Set in the very transaction that causes it.
    async fn unassessed(&self, mailbox: &str, now: Timestamp, limit: usize) -> StoreResult<Vec<CaseId>>;
    /// A case that is due to be assessed is not before `until`. Nothing happens to one that is not due at all.
    async fn defer_assessment(&self, lease: &Lease, case: &CaseId, until: Timestamp) -> StoreResult<()>;
    /// What is known of a customer beyond the case `except`: their other cases, and who else wrote about `order`.
    async fn history(&self, customer: &Email, order: Option<&str>, except: &CaseId) -> StoreResult<CustomerHistory>;
    /// A reviewer set the basis, or took that back; the case is due to be assessed again. Returns the new revision.
    async fn correct_basis(
        &self,
        case: &CaseId,
        expected_revision: u64,
        basis: Option<Basis>,
        reviewer: &str,
        at: Timestamp,
    ) -> StoreResult<u64>;

    // ---- delivering ---------------------------------------------------------------------------

    /// What the last process left under way: Dialling returns to Pending, Committing becomes InDoubt.
    async fn recover(&self, lease: &Lease, now: Timestamp) -> StoreResult<Vec<OutgoingMail>>;
    /// Claims due mail of the mailbox, replies first, each oldest first, at most `limit`: `Attempting{Dialling}` is durable
    /// when this returns. An acknowledgement is cancelled instead when a person's reply stands in the outbox, and
    /// when it is older than [`crate::domain::outgoing::ACKNOWLEDGEMENT_LIFE`]; its case is flagged then.
    async fn claim_due(&self, lease: &Lease, now: Timestamp, limit: usize) -> StoreResult<Vec<OutgoingMail>> {
        self.claim_due_but(lease, now, limit, &BTreeSet::new()).await
    }
    /// The same, but these are left as they are.
    async fn claim_due_but(
        &self,
        lease: &Lease,
        now: Timestamp,
        limit: usize,
        left: &BTreeSet<OutgoingId>,
    ) -> StoreResult<Vec<OutgoingMail>>;
    /// The first byte of the body is about to leave.
    async fn mark_committing(&self, lease: &Lease, id: &OutgoingId) -> StoreResult<()>;
    /// What the attempt came to. `Sent` sets the chores (copy in \Sent, keyword), and moves the case on.
    async fn finish(
        &self,
        lease: &Lease,
        id: &OutgoingId,
        outcome: AttemptOutcome,
        now: Timestamp,
    ) -> StoreResult<DeliveryState>;
    /// InDoubt → Sent by positive evidence.
    async fn prove_sent(&self, lease: &Lease, id: &OutgoingId, evidence: &str, now: Timestamp) -> StoreResult<()>;
    /// Doubts older than [`crate::domain::outgoing::DOUBT_PERIOD`] are repeated once or held; returns their ids.
    /// A mail withdrawn meanwhile (case dismissed, answered elsewhere, the customer wrote again) is cancelled
    /// where it would be repeated.
    async fn resolve_doubts(&self, lease: &Lease, resend_once: bool, now: Timestamp) -> StoreResult<Vec<OutgoingId>>;
    /// Held → Pending by a person's word.
    async fn release(&self, id: &OutgoingId, reviewer: &str, now: Timestamp) -> StoreResult<()>;
    /// Pending or Held → Cancelled.
    async fn cancel(&self, id: &OutgoingId, why: &str, reviewer: &str, now: Timestamp) -> StoreResult<()>;
    /// When the next mail or doubt of the mailbox falls due.
    async fn next_due(&self, mailbox: &str) -> StoreResult<Option<Timestamp>>;
    /// Duties in the mailbox that are due.
    async fn chores(&self, mailbox: &str, now: Timestamp, limit: usize) -> StoreResult<Vec<Chore>>;
    /// The duty is done (`found`: the copy lay in \Sent already).
    async fn chore_done(&self, lease: &Lease, chore: &Chore, found: bool, now: Timestamp) -> StoreResult<()>;

    // ---- refund notices -----------------------------------------------------------------------

    /// The refund notice of the mailbox that is due and whose reply has left, if there is one. The attempt and the
    /// time of the next one are durable when this returns.
    async fn claim_notice(&self, lease: &Lease, now: Timestamp) -> StoreResult<Option<StoredNotice>>;
    /// What the attempt came to. Giving up flags the case [`crate::domain::CaseFlag::RefundNotTold`] and puts it on top
    /// of the queue.
    async fn finish_notice(
        &self,
        lease: &Lease,
        case: &CaseId,
        key: &str,
        outcome: TellOutcome,
        now: Timestamp,
    ) -> StoreResult<NoticeState>;
    /// Notices of the mailbox that nobody was told of and that a person has to see to.
    async fn stuck_notices(&self, mailbox: &str) -> StoreResult<Vec<StoredNotice>>;
    /// Given up → Pending by a person's word.
    async fn tell_again(&self, case: &CaseId, key: &str, reviewer: &str, now: Timestamp) -> StoreResult<()>;

    // ---- promises -----------------------------------------------------------------------------

    /// Open promises of the mailbox that a person is to be reminded of, first warned first. One whose day is over is
    /// marked lapsed: its case is flagged [`crate::domain::CaseFlag::PromiseDue`] and stands on top of the queue.
    async fn due_promises(&self, lease: &Lease, now: Timestamp) -> StoreResult<Vec<Promise>>;
    /// A reviewer says that a promise is kept.
    async fn keep_promise(&self, case: &CaseId, n: u64, reviewer: &str, at: Timestamp) -> StoreResult<()>;
    /// A reviewer spoke with the customer; only the record changes.
    async fn log_call(
        &self,
        case: &CaseId,
        direction: CallDirection,
        note: &str,
        reviewer: &str,
        at: Timestamp,
    ) -> StoreResult<()>;

    // ---- timers -------------------------------------------------------------------------------

    /// Timers due now whose case has not moved on, at most one per case.
    async fn due_timers(&self, lease: &Lease, now: Timestamp) -> StoreResult<Vec<Timer>>;
    /// The timer fires: the case needs a reply again and gets this draft.
    async fn fire_timer(&self, lease: &Lease, timer: &Timer, draft: DraftProposal, now: Timestamp) -> StoreResult<()>;

    // ---- the breaker --------------------------------------------------------------------------

    /// Whether the mailbox's breaker is open (too many acknowledgements in an hour).
    async fn breaker(&self, mailbox: &str) -> StoreResult<Option<Breaker>>;
    /// A person releases the breaker.
    async fn release_breaker(&self, mailbox: &str, now: Timestamp) -> StoreResult<()>;

    // ---- looking ------------------------------------------------------------------------------

    /// What the order of work goes by, of every case that needs a reply, in no order:
    /// [`Agenda`](crate::domain::Agenda) puts them in one, which changes with the time.
    async fn work(&self) -> StoreResult<Vec<Work>>;
    /// The queue's rows of these cases, as they are named. One that needs no reply any more is left out.
    async fn queue_rows(&self, cases: &[CaseId]) -> StoreResult<Vec<QueueRow>>;
    /// All of one case.
    async fn case_file(&self, case: &CaseId) -> StoreResult<CaseFile>;
    /// One case without its messages.
    async fn case(&self, case: &CaseId) -> StoreResult<Case>;
    /// Cases in any state, newest message first; for looking around.
    async fn cases(&self, limit: usize) -> StoreResult<Vec<Case>>;
    /// Outbox rows.
    async fn outbox(&self, filter: OutboxFilter) -> StoreResult<Vec<OutgoingMail>>;
    /// Messages written by machines, newest first.
    async fn automated(&self, limit: usize) -> StoreResult<Vec<AutomatedMessage>>;
    /// Machines' messages that a person must know of and nobody has put away: the gravest kind first, of one kind the newest.
    async fn alerts(&self, limit: usize) -> StoreResult<Vec<MachineAlert>>;
    /// Puts one of them away; it stays among the machines' messages, and what it did to its case stays done. One that is
    /// not there is put away already.
    async fn dismiss_alert(&self, key: MessageKey, reviewer: &str, at: Timestamp) -> StoreResult<()>;
    /// Messages given up on, newest first.
    async fn quarantined(&self, limit: usize) -> StoreResult<Vec<Quarantined>>;
    /// Reviewers' corrections, oldest first.
    async fn corrections(&self) -> StoreResult<Vec<Correction>>;
    /// Counts for the desk's first page, `guichet stats` and health.
    async fn overview(&self) -> StoreResult<Overview>;
    /// Figures over the cases of a period, counted in one pass and in bounded memory; others may write meanwhile.
    async fn figures(&self, period: Period, time_zone: &TimeZone) -> StoreResult<Figures>;
    /// Which templates reviewers sent how often: (template, approved, edited before approval).
    async fn template_figures(&self) -> StoreResult<Vec<(TemplateName, u64, u64)>>;
}
