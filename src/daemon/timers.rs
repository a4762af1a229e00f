//! Timers that fall due make drafts, never mail.

use std::sync::Arc;

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::handbook::Handbooks;
use super::heartbeat::Heartbeat;
use crate::domain::{DraftProposal, Suggestion, TemplateName, Timer, TimerKind};
use crate::ports::store::{Lease, StoreError};
use crate::ports::{Clock, Store};
use crate::reply::compose::{self, Drafting, Sender};
use crate::reply::suggestion::reminder;
use crate::reply::templates::Templates;

/// Timers are meant in days: looking every minute is often enough.
const LOOK_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// The timers of one mailbox.
pub struct Timers {
    /// Where they are kept.
    pub store: Arc<dyn Store>,
    /// Templates of the drafts they make.
    pub handbooks: Handbooks,
    /// Who answers.
    pub sender: Sender,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl Timers {
    /// Runs until `stop`.
    pub async fn run(self, lease: Lease, heartbeat: Heartbeat, stop: CancellationToken) {
        while !stop.is_cancelled() {
            heartbeat.beat();
            if let Err(problem) = self.fire_due(&lease).await {
                error!(mailbox = lease.mailbox, %problem, "timers could not be looked at; they are tried again");
            }
            let next = heartbeat.next().min(self.clock.now() + LOOK_EVERY);
            tokio::select! {
                () = self.clock.sleep_until(next) => {}
                () = stop.cancelled() => {}
            }
        }
        heartbeat.retire();
    }

    /// Fires everything that is due now.
    ///
    /// # Errors
    /// Only the store's; what has not fired stays due.
    pub async fn fire_due(&self, lease: &Lease) -> Result<(), StoreError> {
        let now = self.clock.now();
        for timer in self.store.due_timers(lease, now).await? {
            let draft = match self.draft(&timer).await {
                // Those behind it do not wait for what a person has to put right.
                Err(error @ (StoreError::Damaged(_) | StoreError::Permanent(_))) => {
                    error!(mailbox = lease.mailbox, case = %timer.case, %error, "a timer's case cannot be read; it is tried again");
                    continue;
                }
                draft => draft?,
            };
            let Some(draft) = draft else { continue };
            self.store.fire_timer(lease, &timer, draft, now).await?;
            info!(mailbox = lease.mailbox, case = %timer.case, kind = timer.kind.as_str(), "a timer made a draft");
        }
        Ok(())
    }

    async fn draft(&self, timer: &Timer) -> Result<Option<DraftProposal>, StoreError> {
        let handbook = self.handbooks.current();
        let file = self.store.case_file(&timer.case).await?;
        let case = &file.case;
        let language = handbook.wording.voice().language_for(&case.language).to_owned();
        let suggestion = match timer.kind {
            TimerKind::Reminder => reminder(),
            TimerKind::ArrivalCheck => arrival_check(&handbook.wording.templates, &language),
        };
        let parts = Drafting {
            case: &case.id,
            subject: &case.subject,
            language: &case.language,
            received_at: case.last_message_at,
            verdict: case.verdict.as_ref(),
            known: &case.known,
            to: case.customer.as_ref(),
            from: case.our_address.as_ref().unwrap_or(&self.sender.from),
            assessment: file.assessment.as_ref(),
            policy: &handbook.wording.policy,
            promised: file.promised(),
        };
        let draft = compose::draft(&parts, suggestion, &handbook.wording.voice());
        Ok(draft.inspect_err(|problem| error!(case = %case.id, %problem, "a timer's draft could not be written")).ok())
    }
}

/// Asks whether the refund is there; in the words of the nearest template where an operator's own set lacks one.
fn arrival_check(templates: &Templates, language: &str) -> Suggestion {
    let names = ["arrival_check", "status_update", "basic_answer"].map(TemplateName::new);
    let known = names.into_iter().find_map(|name| templates.info(language, &name));
    Suggestion {
        template: known.map(|info| info.name.clone()),
        why: "The refund was accepted, and the customer's bank should show it by now.".into(),
        others: Vec::new(),
        asks: known.is_some_and(|info| info.asks),
        grants: false,
    }
}
