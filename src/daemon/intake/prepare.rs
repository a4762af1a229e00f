//! What a read message means, and what would be answered: decided before the transaction, checked
//! again inside it.

use std::sync::Arc;

use tracing::error;

use super::{Intake, Read};
use crate::daemon::handbook::Handbook;
use crate::domain::clue::FoundClues;
use crate::domain::joining::{Joining, Threading};
use crate::domain::permission::AFTER_LOSS;
use crate::domain::position::FolderRole;
use crate::domain::{
    Address, AlertKind, Case, CaseFlag, CaseId, CaseState, Condition, DraftProposal, Given, Intent, OutgoingMail,
    Permission, Verdict,
};
use crate::ports::store::{Alert, Caps, CustomerMatter, Matter, OwnAnswer, StoreError};
use crate::reply::compose::{self, Acknowledging, ComposeError, Drafting};
use crate::reply::permission::{
    PermissionContext, PermissionSettings, customer, is_machine, is_own_answer, is_proven, our_address, permission,
};
use crate::reply::suggestion::suggest;
use crate::triage::rating;

impl Read {
    /// Nobody knows what was sent in the time lost: a machine sends nothing more.
    fn held_after_loss(&self, permission: Permission) -> Permission {
        match permission {
            Permission::Allowed { .. } if self.lost => Permission::held(AFTER_LOSS),
            other => other,
        }
    }
}

impl Intake {
    /// Decides what the message is to us.
    /// `unclaimed`: it was offered as an own answer and concerns no case.
    pub(super) async fn matter(&self, read: &Read, unclaimed: bool) -> Result<Matter, StoreError> {
        if read.arrival.location.folder.role == FolderRole::Sent {
            let by_person = !is_machine(&read.message, &self.settings.permission);
            // After a loss the folder of sent mail tells what was answered since.
            let counts = !read.history || self.store.rebuilt_at().await?.is_some();
            return Ok(if counts { own_answer(read, true, by_person) } else { Matter::SentBefore { by_person } });
        }
        let context = PermissionContext {
            role: read.arrival.location.folder.role,
            history: read.history,
            now: Some(self.clock.now()),
        };
        let handbook = self.handbooks.current();
        let settings = self.permission_settings(&handbook);
        let permission = permission(&read.message, &settings, &context);
        if let Permission::Machine { why } = permission {
            return Ok(self.machine(read, &handbook, why).await);
        }
        let permission = read.held_after_loss(permission);
        if !unclaimed && is_own_answer(&read.message, &settings) {
            return Ok(own_answer(read, is_proven(&read.message, &settings), true));
        }
        self.customer_matter(read, &handbook, &settings, permission).await
    }

    /// The mailbox's settings with the public mail providers in force now.
    fn permission_settings(&self, handbook: &Handbook) -> PermissionSettings {
        PermissionSettings { public_mail: handbook.public_mail.clone(), ..self.settings.permission.clone() }
    }

    /// A delivery report about one of our mails concerns its case; anything else is only stored, and shown where a person
    /// must know of it.
    async fn machine(&self, read: &Read, handbook: &Arc<Handbook>, why: String) -> Matter {
        let marks = &read.message.marks;
        let Some((action, status)) = marks.report_status.as_ref().filter(|_| !marks.reported_ids.is_empty()) else {
            return Matter::Machine { why, alert: self.alert(read, handbook).await };
        };
        Matter::DeliveryReport {
            message_ids: marks.reported_ids.clone(),
            failed: action == "failed" || (action.is_empty() && status.starts_with('5')),
            report: format!("{action} {status}"),
        }
    }

    /// What a machine's message tells that a person must know of, by the same clues that are looked for in a customer's.
    async fn alert(&self, read: &Read, handbook: &Arc<Handbook>) -> Option<Box<Alert>> {
        if read.history {
            return None;
        }
        let (shared, message) = (Arc::clone(handbook), read.message.clone());
        let clues = move || shared.clues.find(&message.subject, &message.newest_text, &message.attachments);
        let clues = tokio::task::spawn_blocking(clues).await.unwrap_or_else(|panic| {
            error!(problem = %panic, "looking for what an automated message tells failed");
            FoundClues::default()
        });
        let kind = AlertKind::of(&clues)?;
        let (verdict, _) = self.judge(handbook, read).await;
        let order = verdict.as_ref().and_then(|verdict| verdict.given.order_number.as_deref());
        let threading = Threading::of(&read.message, read.key, None, order);
        Some(Box::new(Alert { kind, threading }))
    }

    async fn customer_matter(
        &self,
        read: &Read,
        handbook: &Arc<Handbook>,
        settings: &PermissionSettings,
        permission: Permission,
    ) -> Result<Matter, StoreError> {
        let (verdict, mere_thanks) = self.judge(handbook, read).await;
        let customer = customer(&read.message, settings);
        let order = verdict.as_ref().and_then(|verdict| verdict.given.order_number.as_deref());
        let from = customer.as_ref().map(|c| c.email.clone());
        let threading = Threading { history: read.history, ..Threading::of(&read.message, read.key, from, order) };
        let expected = self.store.locate(&threading).await?;
        let joined = match &expected {
            Joining::Joins { case, .. } => Some(self.store.case(case).await?),
            _ => None,
        };
        let case_verdict = case_verdict(joined.as_ref(), verdict.as_ref(), handbook);
        let caps = self.caps(customer.as_ref(), settings);
        let new_case = CaseId::from_random(self.ids.bits(), 4);
        let mut matter = CustomerMatter {
            threading,
            expected,
            expected_revision: joined.as_ref().map_or(0, |case| case.revision),
            new_case,
            customer: joined.as_ref().map_or(customer, |case| case.customer.clone()),
            our_address: our_address(&read.message, settings),
            mere_thanks,
            mark: rating::read(&read.message.newest_text),
            verdict,
            case_verdict,
            permission,
            acknowledgement: None,
            caps,
            draft: None,
            flags: Vec::new(),
        };
        matter.flags = Self::flags(handbook, read, &matter, self.store.rebuilt_at().await?.is_some());
        if !read.history {
            matter.draft = shielded(|| self.draft(handbook, read, joined.as_ref(), &matter)).flatten();
            matter.acknowledgement = self.acknowledgement(handbook, read, &mut matter);
        }
        Ok(Matter::Customer(Box::new(matter)))
    }

    /// The verdict, and whether the message is thanks only. Judging runs beside the async workers; a panic
    /// in it leaves the message without a verdict.
    async fn judge(&self, handbook: &Arc<Handbook>, read: &Read) -> (Option<Verdict>, bool) {
        if matches!(read.message.condition, Condition::Unreadable(_)) {
            return (None, false);
        }
        let (handbook, message) = (Arc::clone(handbook), read.message.clone());
        let judging = move || {
            let (verdict, thanks) = handbook.triage.judge_and_thanks(&message, &handbook.wording.policy);
            (Some(verdict), thanks)
        };
        tokio::task::spawn_blocking(judging).await.unwrap_or_else(|panic| {
            error!(problem = %panic, "judging a message failed; it is queued without a verdict");
            (None, false)
        })
    }

    /// Public mail domains have no cap per domain.
    fn caps(&self, customer: Option<&Address>, settings: &PermissionSettings) -> Caps {
        let counted = customer.is_some_and(|c| settings.capped_domain(&c.email).is_some());
        let per_domain_per_hour = self.settings.caps.per_domain_per_hour.filter(|_| counted);
        Caps { per_domain_per_hour, ..self.settings.caps }
    }

    fn flags(handbook: &Handbook, read: &Read, matter: &CustomerMatter, rebuilt: bool) -> Vec<CaseFlag> {
        let mut flags = Vec::new();
        match read.message.condition {
            Condition::Unreadable(_) => flags.push(CaseFlag::Unreadable),
            Condition::Partial => flags.push(CaseFlag::Partial),
            Condition::Readable => {}
        }
        let language = &read.message.language;
        if language != "und" && !handbook.wording.languages.contains(language) {
            flags.push(CaseFlag::OtherLanguage(language.clone()));
        }
        if (read.lost || (read.history && rebuilt)) && !read.arrival.marked_acknowledged {
            flags.push(CaseFlag::MaybeAcknowledged);
        }
        if read.lost {
            flags.push(CaseFlag::AfterLoss);
        }
        if read.arrival.answered && matches!(matter.expected, Joining::Opens { .. }) {
            flags.push(CaseFlag::MarkedAnswered);
        }
        flags
    }

    /// The acknowledgement, when one may go out. One that cannot be written is an alarm, not a loss:
    /// the case is queued all the same.
    fn acknowledgement(&self, handbook: &Handbook, read: &Read, matter: &mut CustomerMatter) -> Option<OutgoingMail> {
        let Permission::Allowed { to } = &matter.permission else { return None };
        if !matches!(matter.expected, Joining::Opens { .. }) {
            return None;
        }
        if read.arrival.marked_acknowledged {
            matter.permission = Permission::held("marked as acknowledged in the mailbox");
            return None;
        }
        if self.settings.shadow {
            matter.permission = Permission::held("shadow mode");
            return None;
        }
        let parts = Acknowledging {
            sender: &self.settings.sender,
            case: &matter.new_case,
            message: &read.message,
            verdict: matter.verdict.as_ref(),
            key: read.key,
            to,
            now: self.clock.now(),
        };
        let written = shielded(|| compose::acknowledgement(&parts, &handbook.wording.voice()));
        match written.unwrap_or_else(|| Err(ComposeError::Builder("the composer failed on it".into()))) {
            Ok(mail) => Some(mail),
            Err(problem) => {
                error!(case = %matter.new_case, %problem, "the acknowledgement could not be written");
                matter.permission = Permission::held(format!("not written: {problem}"));
                None
            }
        }
    }

    fn draft(
        &self,
        handbook: &Handbook,
        read: &Read,
        joined: Option<&Case>,
        matter: &CustomerMatter,
    ) -> Option<DraftProposal> {
        if matter.mere_thanks && joined.is_some_and(|case| case.state != CaseState::NeedsReply) {
            return None;
        }
        let case = joined.map_or(&matter.new_case, |case| &case.id);
        let language = match joined {
            Some(case) if read.message.language == "und" => &case.language,
            _ => &read.message.language,
        };
        let flags = matter.flags.iter().cloned().collect();
        let voice = handbook.wording.voice();
        let suggestion = suggest(matter.case_verdict.as_ref(), &flags, voice.language_for(language));
        let none = Given::default();
        let parts = Drafting {
            case,
            subject: joined.map_or(&read.message.subject, |case| &case.subject),
            language,
            received_at: read.message.arrived_at,
            verdict: matter.case_verdict.as_ref(),
            known: matter.case_verdict.as_ref().map_or(&none, |verdict| &verdict.given),
            to: matter.customer.as_ref(),
            from: matter.our_address.as_ref().unwrap_or(&self.settings.sender.from),
            assessment: None,
            policy: &handbook.wording.policy,
            promised: None,
        };
        compose::draft(&parts, suggestion, &voice)
            .inspect_err(|problem| error!(%case, %problem, "the draft could not be written"))
            .ok()
    }
}

fn own_answer(read: &Read, proven: bool, by_person: bool) -> Matter {
    Matter::OwnAnswer(OwnAnswer {
        cited: read.message.cited_ids().cloned().collect(),
        recipients: read.message.recipients.clone(),
        proven,
        by_person,
    })
}

/// A panic while writing costs one message its text, never the worker.
fn shielded<T>(write: impl FnOnce() -> T) -> Option<T> {
    let written = std::panic::catch_unwind(std::panic::AssertUnwindSafe(write));
    written.inspect_err(|_| error!("writing a text failed; the message is queued without it")).ok()
}

/// The verdict on the whole case once this message is part of it.
fn case_verdict(joined: Option<&Case>, verdict: Option<&Verdict>, handbook: &Handbook) -> Option<Verdict> {
    match (joined.and_then(|case| case.verdict.as_ref()), verdict) {
        (Some(before), Some(newer)) if newer.intent == Intent::Other || before.intent != Intent::Other => {
            Some(before.continued_by(newer, &handbook.wording.policy))
        }
        (Some(before), Some(newer)) => Some(newer.clone().with_open_matters_of(before)),
        (before, newer) => newer.or(before).cloned(),
    }
}
