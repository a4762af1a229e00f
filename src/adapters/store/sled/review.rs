//! What reviewers do to drafts and verdicts.

use jiff::Timestamp;

use super::key::{Key, Table};
use super::rows::Counted;
use super::tx::Tx;
use crate::domain::verdict::Given;
use crate::domain::{
    Actor, Case, CaseFlag, CaseId, CaseState, Closed, Event, OutgoingMail, Suggestion, TemplateName, Timer, Verdict,
};
use crate::ports::store::{Correction, Decision, DraftEdit, StoreError, StoreResult};

/// Figures of one template: its name, how often it was approved, how often edited before.
pub(super) type TemplateRow = (TemplateName, u64, u64);

/// A reviewer's step: who, when, and which revision of the case was read.
#[derive(Debug, Clone)]
pub(super) struct Reviewed {
    pub(super) expected_revision: u64,
    pub(super) reviewer: String,
    pub(super) at: Timestamp,
}

impl Reviewed {
    pub(super) fn actor(&self) -> Actor {
        Actor::Reviewer(self.reviewer.clone())
    }
}

impl Tx<'_> {
    /// Replaces the suggestion, or sets it beside.
    pub(super) fn revise(
        &mut self,
        case: &CaseId,
        expected_revision: u64,
        suggestion: Suggestion,
        body: String,
        at: Timestamp,
    ) -> StoreResult<u64> {
        let mut case = self.case_at(case, expected_revision)?;
        let mut draft = self.open_draft_of(&case)?;
        self.raise_revision(&mut case)?;
        let template = suggestion.template.as_ref().map(ToString::to_string);
        let event = Event::Drafted { template, why: suggestion.why.clone() };
        draft.suggest(suggestion, body, case.revision, at);
        self.put_draft(&draft)?;
        self.note(&case.id, at, Actor::Guichet, event)?;
        self.put_case(&case)?;
        Ok(case.revision)
    }

    /// A reviewer opened the draft.
    pub(super) fn open_draft(&mut self, case: &CaseId, reviewer: &str, at: Timestamp) -> StoreResult<()> {
        let case = self.case(case)?;
        let Some(mut draft) = self.draft(&case.id)? else {
            return Err(StoreError::Missing(format!("a draft for case {}", case.id)));
        };
        if draft.opened_by.as_deref() != Some(reviewer) {
            draft.opened_by = Some(reviewer.to_owned());
            draft.changed_at = at;
            self.put_draft(&draft)?;
        }
        Ok(())
    }

    /// A reviewer changed the draft.
    pub(super) fn edit_draft(&mut self, case: &CaseId, edit: DraftEdit, by: &Reviewed) -> StoreResult<u64> {
        let mut case = self.case_at(case, by.expected_revision)?;
        let mut draft = self.open_draft_of(&case)?;
        self.raise_revision(&mut case)?;
        case.flags.remove(&CaseFlag::NewMessageSinceEdit);
        draft.opened_by = Some(by.reviewer.clone());
        let other_template = edit.suggestion.is_some();
        if let Some(suggestion) = edit.suggestion {
            draft.suggestion = suggestion;
            draft.newer = None;
            draft.edited_by = None;
        }
        if let Some(body) = edit.body {
            if !other_template && body != draft.body {
                draft.edited_by = Some(by.reviewer.clone());
            }
            draft.body = body;
        }
        if let Some(subject) = edit.subject {
            draft.subject = subject;
        }
        if let Some(to) = edit.to {
            draft.to = Some(to);
        }
        draft.revision = case.revision;
        draft.changed_at = by.at;
        self.put_draft(&draft)?;
        self.note(&case.id, by.at, by.actor(), Event::Edited)?;
        self.put_case(&case)?;
        Ok(case.revision)
    }

    /// A reviewer corrected the verdict.
    pub(super) fn correct(&mut self, case: &CaseId, verdict: Verdict, by: &Reviewed) -> StoreResult<u64> {
        let mut case = self.case_at(case, by.expected_revision)?;
        let changes = changes(case.verdict.as_ref(), &verdict);
        self.raise_revision(&mut case)?;
        let mut known = verdict.given.clone();
        known.fill_from(&case.known);
        case.known = known;
        case.verdict = Some(verdict.clone());
        if let Some(judged) = self.newest_from_customer(&case.id)? {
            let row = Correction {
                case: case.id.clone(),
                key: judged.key,
                language: judged.message.language,
                subject: judged.message.subject,
                text: judged.message.newest_text,
                verdict,
                reviewer: by.reviewer.clone(),
                at: by.at,
            };
            let key = Key::of(Table::Correction).time(by.at).text(case.id.as_str()).number(case.revision);
            self.put(key, &row)?;
            self.count(Counted::Corrections, "", 1)?;
        }
        self.note(&case.id, by.at, by.actor(), Event::Corrected { changes })?;
        self.put_case(&case)?;
        self.mark_unassessed(&case, by.at)?;
        Ok(case.revision)
    }

    /// Approves or dismisses.
    pub(super) fn decide(&mut self, case: &CaseId, decision: Decision, by: &Reviewed) -> StoreResult<()> {
        let case = self.case_at(case, by.expected_revision)?;
        match decision {
            Decision::Approve { mail, asks, timers, refund, promises } => {
                self.approve(case, &mail, asks, timers, by)?;
                self.settle_promises(&mail.case, "reply", Some(&mail.id), &by.actor(), by.at)?;
                self.promise(promises, &mail, &by.actor(), by.at)?;
                match refund {
                    Some(notice) => self.announce_refund(&notice, &mail, by.actor(), by.at),
                    None => Ok(()),
                }
            }
            Decision::Dismiss { why } => self.dismiss(case, why, by),
        }
    }

    fn approve(
        &mut self,
        mut case: Case,
        mail: &OutgoingMail,
        asks: bool,
        timers: Vec<Timer>,
        by: &Reviewed,
    ) -> StoreResult<()> {
        let mut draft = self.open_draft_of(&case)?;
        if mail.case != case.id {
            return Err(StoreError::Permanent(format!("the mail belongs to case {}, not to {}", mail.case, case.id)));
        }
        if self.find_outgoing(&mail.id)?.is_some() {
            return Err(StoreError::Stale { current: case.revision });
        }
        case.state = CaseState::after_reply(asks);
        case.closed_at = None;
        for seen in [
            CaseFlag::NewMessageSinceEdit,
            CaseFlag::NotDelivered,
            CaseFlag::AnsweredElsewhere,
            CaseFlag::UnprovenAnswer,
            CaseFlag::AfterLoss,
            CaseFlag::PromiseDue,
        ] {
            case.flags.remove(&seen);
        }
        self.cancel_timers(&case.id)?;
        self.raise_revision(&mut case)?;
        for mut timer in timers {
            timer.revision = case.revision;
            self.put_timer(&case.mailbox, &timer)?;
        }
        draft.approved_as = Some(mail.id.clone());
        draft.opened_by.get_or_insert_with(|| by.reviewer.clone());
        draft.newer = None;
        self.put_draft(&draft)?;
        if let Some(template) = &draft.suggestion.template {
            self.count_template(template, draft.edited_by.is_some())?;
        }
        let event = Event::Approved {
            revision: by.expected_revision,
            template: draft.suggestion.template.as_ref().map(ToString::to_string),
            edited: draft.edited_by.is_some(),
        };
        self.note(&case.id, by.at, by.actor(), event)?;
        self.queue_mail(mail, by.actor(), by.at)?;
        self.withdraw_acknowledgement(&case.id, &by.actor(), by.at)?;
        self.put_case(&case)
    }

    fn dismiss(&mut self, mut case: Case, why: String, by: &Reviewed) -> StoreResult<()> {
        case.state = CaseState::Closed(Closed::Dismissed);
        case.closed_at = Some(by.at);
        self.cancel_timers(&case.id)?;
        self.raise_revision(&mut case)?;
        self.withdraw_mails(&case.id, "the case was dismissed", &by.actor(), by.at)?;
        self.settle_promises(&case.id, "closed", None, &by.actor(), by.at)?;
        case.flags.remove(&CaseFlag::PromiseDue);
        self.drop_draft(&case.id);
        self.note(&case.id, by.at, by.actor(), Event::Dismissed { why })?;
        self.put_case(&case)
    }

    fn count_template(&mut self, template: &TemplateName, edited: bool) -> StoreResult<()> {
        let key = Key::of(Table::Template).text(template.as_str());
        let (_, approved, edits) = self.get::<TemplateRow>(key.clone())?.unwrap_or((template.clone(), 0, 0));
        self.put(key, &(template.clone(), approved + 1, edits + u64::from(edited)))
    }
}

/// `field: old → new` for each field that a correction changed.
fn changes(old: Option<&Verdict>, new: &Verdict) -> Vec<String> {
    let mut changes = Vec::new();
    let mut compare = |field: &str, old: Option<String>, new: String| {
        let old = old.unwrap_or_else(|| "none".into());
        if old != new {
            changes.push(format!("{field}: {old} → {new}"));
        }
    };
    let word = |text: Option<&str>| text.unwrap_or("none").to_owned();
    let list = |items: Vec<&str>| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
    let signals = |verdict: &Verdict| list(verdict.signals.iter().map(|signal| signal.as_str()).collect());
    let missing = |verdict: &Verdict| list(verdict.missing.iter().map(|fact| fact.as_str()).collect());
    let given = |given: &Given| {
        [
            ("order_number", given.order_number.clone()),
            ("purchase_date", given.purchase_date.clone()),
            ("product", given.product.clone()),
            ("announced_date", given.announced_date.clone()),
        ]
    };
    compare("intent", old.map(|v| v.intent.to_string()), new.intent.to_string());
    compare("anger", old.map(|v| v.anger.as_str().to_owned()), new.anger.as_str().to_owned());
    compare("reason", old.map(|v| word(v.reason.map(|r| r.as_str()))), word(new.reason.map(|r| r.as_str())));
    compare("signals", old.map(signals), signals(new));
    compare("missing", old.map(missing), missing(new));
    let before = old.map(|v| given(&v.given));
    for (index, (field, value)) in given(&new.given).into_iter().enumerate() {
        let old = before.as_ref().and_then(|facts| facts.get(index)).and_then(|(_, value)| value.clone());
        compare(field, old, word(value.as_deref()));
    }
    changes
}
