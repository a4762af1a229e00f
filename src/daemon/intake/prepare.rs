//! What a read message means, and what would be answered: decided before the transaction, checked
//! again inside it.

use std::sync::Arc;

use tracing::error;

use super::{Intake, Read};
use crate::daemon::handbook::Handbook;
use crate::domain::joining::{Joining, Threading};
use crate::domain::position::FolderRole;
use crate::domain::{
    Address, Case, CaseFlag, CaseId, CaseState, Condition, DraftProposal, Given, Intent, OutgoingMail, Permission,
    Verdict,
};
use crate::ports::store::{Caps, CustomerMatter, Matter, OwnAnswer, StoreError};
use crate::reply::compose::{self, Acknowledging, Drafting};
use crate::reply::permission::{PermissionContext, customer, our_address, permission};
use crate::reply::suggestion::suggest;

impl Intake {
    /// Decides what the message is to us.
    pub(super) async fn matter(&self, read: &Read) -> Result<Matter, StoreError> {
        if read.arrival.location.folder.role == FolderRole::Sent {
            return Ok(if read.history { Matter::Nothing } else { self.own_answer(read) });
        }
        let context = PermissionContext {
            role: read.arrival.location.folder.role,
            history: read.history,
            now: Some(self.clock.now()),
        };
        let permission = permission(&read.message, &self.settings.permission, &context);
        if let Permission::Machine { why } = permission {
            return Ok(self.machine(read, why));
        }
        if let Some(answer) = self.own_answer_in_inbox(read) {
            return Ok(answer);
        }
        self.customer_matter(read, permission).await
    }

    fn own_answer(&self, read: &Read) -> Matter {
        Matter::OwnAnswer(OwnAnswer {
            cited: read.message.cited_ids().cloned().collect(),
            recipients: read.message.recipients.clone(),
        })
    }

    /// A colleague's answer copied to the inbox: from one of our addresses, to somebody outside.
    fn own_answer_in_inbox(&self, read: &Read) -> Option<Matter> {
        let settings = &self.settings.permission;
        let ours = read.message.author().is_some_and(|author| settings.is_ours(&author.email));
        let outside = |address: &Address| !settings.is_ours(&address.email);
        let answers = ours && read.message.recipients.iter().any(outside);
        answers.then(|| self.own_answer(read))
    }

    /// A delivery report about one of our mails concerns its case; anything else is only stored.
    fn machine(&self, read: &Read, why: String) -> Matter {
        let marks = &read.message.marks;
        let failed =
            marks.report_status.as_ref().filter(|(action, status)| action == "failed" || status.starts_with('5'));
        match (marks.reported_ids.first(), failed) {
            (Some(id), Some((action, status))) => {
                Matter::DeliveryFailed { message_id: id.clone(), report: format!("{action} {status}") }
            }
            _ => Matter::Machine { why },
        }
    }

    async fn customer_matter(&self, read: &Read, permission: Permission) -> Result<Matter, StoreError> {
        let handbook = self.handbooks.current();
        let readable = !matches!(read.message.condition, Condition::Unreadable(_));
        let verdict = if readable { self.judge(&handbook, read).await } else { None };
        let customer = customer(&read.message, &self.settings.permission);
        let order = verdict.as_ref().and_then(|verdict| verdict.given.order_number.as_deref());
        let threading = Threading::of(&read.message, read.key, customer.as_ref().map(|c| c.email.clone()), order);
        let expected = self.store.locate(&threading).await?;
        let joined = match &expected {
            Joining::Joins { case, .. } => Some(self.store.case(case).await?),
            _ => None,
        };
        let case_verdict = case_verdict(joined.as_ref(), verdict.as_ref(), &handbook);
        let caps = self.caps(customer.as_ref());
        let new_case = CaseId::from_random(self.ids.bits(), 4);
        let mut matter = CustomerMatter {
            threading,
            expected,
            expected_revision: joined.as_ref().map_or(0, |case| case.revision),
            new_case,
            customer: joined.as_ref().map_or(customer, |case| case.customer.clone()),
            our_address: our_address(&read.message, &self.settings.permission),
            mere_thanks: readable && handbook.triage.mere_thanks(&read.message),
            verdict,
            case_verdict,
            history: read.history,
            permission,
            acknowledgement: None,
            caps,
            draft: None,
            flags: Vec::new(),
        };
        matter.flags = Self::flags(&handbook, read, &matter);
        if !read.history {
            matter.draft = self.draft(&handbook, read, joined.as_ref(), &matter);
            matter.acknowledgement = self.acknowledgement(&handbook, read, &mut matter);
        }
        Ok(Matter::Customer(Box::new(matter)))
    }

    /// Judging runs beside the async workers; a panic in it leaves the message without a verdict.
    async fn judge(&self, handbook: &Arc<Handbook>, read: &Read) -> Option<Verdict> {
        let (handbook, message) = (Arc::clone(handbook), read.message.clone());
        let judged =
            tokio::task::spawn_blocking(move || handbook.triage.judge(&message, &handbook.wording.policy)).await;
        judged
            .inspect_err(|panic| error!(problem = %panic, "judging a message failed; it is queued without a verdict"))
            .ok()
    }

    /// Public mail domains have no cap per domain.
    fn caps(&self, customer: Option<&Address>) -> Caps {
        let counted = customer.is_some_and(|c| self.settings.permission.capped_domain(&c.email).is_some());
        let per_domain_per_hour = self.settings.caps.per_domain_per_hour.filter(|_| counted);
        Caps { per_domain_per_hour, ..self.settings.caps }
    }

    fn flags(handbook: &Handbook, read: &Read, matter: &CustomerMatter) -> Vec<CaseFlag> {
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
        if read.arrival.marked_acknowledged && matches!(matter.expected, Joining::Opens { .. }) {
            flags.push(CaseFlag::MaybeAcknowledged);
        }
        flags
    }

    /// The acknowledgement, when one may go out. One that cannot be written is an alarm, not a loss:
    /// the case is queued all the same.
    fn acknowledgement(&self, handbook: &Handbook, read: &Read, matter: &mut CustomerMatter) -> Option<OutgoingMail> {
        let Permission::Allowed { to } = &matter.permission else { return None };
        if !matches!(matter.expected, Joining::Opens { .. }) || read.arrival.marked_acknowledged {
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
        match compose::acknowledgement(&parts, &handbook.wording.voice()) {
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
        };
        compose::draft(&parts, suggestion, &voice)
            .inspect_err(|problem| error!(%case, %problem, "the draft could not be written"))
            .ok()
    }
}

/// The verdict on the whole case once this message is part of it.
fn case_verdict(joined: Option<&Case>, verdict: Option<&Verdict>, handbook: &Handbook) -> Option<Verdict> {
    match (joined.and_then(|case| case.verdict.as_ref()), verdict) {
        (Some(before), Some(newer)) if newer.intent == Intent::Other || before.intent != Intent::Other => {
            Some(before.continued_by(newer, &handbook.wording.policy))
        }
        (before, newer) => newer.or(before).cloned(),
    }
}
