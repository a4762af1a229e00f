//! What stands in the way of an approval, or of letting a held reply leave: an open dispute, a role, a refusal that the
//! same person sent before, or the second step that has not been taken.

use super::{Review, ReviewError, ReviewResult};
use crate::domain::{
    Actor, AlertKind, Anger, CaseId, Draft, Event, Money, OutgoingId, OutgoingKind, RecordEntry, Signal, TemplateName,
};
use crate::ports::Reviewer;
use crate::ports::store::{CaseFile, OutboxFilter, StoreError};
use crate::reply::suggestion::REFUSE;
use crate::reply::suggestion::approval::{Approval, Commitment, Deliberate, approval, commitment, grants};

/// The earlier refusals of one customer that are looked at.
const MOST_EARLIER: usize = 5;

/// What a reviewer must know before approving a draft.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Approving {
    /// The second step that is asked for.
    pub confirm: Option<Deliberate>,
    /// Why this reviewer cannot approve it as it stands.
    pub hindrance: Option<ReviewError>,
}

impl Review {
    /// What stands between this reviewer and an approval of the draft.
    ///
    /// # Errors
    /// When the store or the list of reviewers cannot be read.
    pub(super) async fn approving(
        &self,
        file: &CaseFile,
        draft: &Draft,
        reviewer: &Reviewer,
    ) -> ReviewResult<Approving> {
        let kind = commitment(&draft.suggestion);
        let anger = file.case.verdict.as_ref().map_or(Anger::Calm, |verdict| verdict.anger);
        let confirm = match approval(kind, anger, dispute_open(file)) {
            Approval::Plain => None,
            Approval::Deliberate(why) => Some(why),
            Approval::Frozen => return Ok(Approving { confirm: None, hindrance: Some(ReviewError::Frozen) }),
        };
        let hindrance = match self.without_role(kind, amount(file), &reviewer.name) {
            Some(refused) => Some(refused),
            None => self.own_refusal(file, kind, reviewer).await?,
        };
        Ok(Approving { confirm, hindrance })
    }

    /// Refuses an approval that something stands in the way of.
    ///
    /// # Errors
    /// [`ReviewError::Frozen`], [`ReviewError::NotYours`], [`ReviewError::OwnRefusal`], [`ReviewError::Unconfirmed`].
    pub(super) async fn check_approval(
        &self,
        file: &CaseFile,
        draft: &Draft,
        confirmed: bool,
        reviewer: &Reviewer,
    ) -> ReviewResult<()> {
        let Approving { confirm, hindrance } = self.approving(file, draft, reviewer).await?;
        match (hindrance, confirm) {
            (Some(error), _) => Err(error),
            (None, Some(why)) if !confirmed => Err(ReviewError::Unconfirmed(why)),
            _ => Ok(()),
        }
    }

    /// A held reply was approved when less was known: one that grants a refund stays while a dispute is open.
    ///
    /// # Errors
    /// [`ReviewError::Frozen`], or when the store cannot be read.
    pub(super) async fn check_release(&self, id: &OutgoingId) -> ReviewResult<()> {
        let held = self.parts.store.outbox(OutboxFilter::Troubled).await?;
        let Some(mail) = held.into_iter().find(|mail| mail.id == *id && mail.kind == OutgoingKind::Reply) else {
            return Ok(());
        };
        let file = self.look(&mail.case).await?;
        let template = template_of(&file.record, id);
        let frozen = grants(template.as_ref(), file.assessment.as_ref()) && dispute_open(&file);
        if frozen { Err(ReviewError::Frozen) } else { Ok(()) }
    }

    fn without_role(&self, kind: Option<Commitment>, amount: Option<&Money>, name: &str) -> Option<ReviewError> {
        let roles = &self.wording().policy.roles;
        let (may, who) = match kind? {
            Commitment::Acceptance => (roles.may_accept(name, amount), &roles.accept),
            Commitment::Refusal => (roles.may_refuse(name), &roles.refuse),
        };
        (!may).then(|| ReviewError::NotYours { kind: kind.unwrap_or(Commitment::Refusal), who: who.clone() })
    }

    /// Who refused is not the one who answers the customer's reply to it, as long as somebody else may.
    async fn own_refusal(
        &self,
        file: &CaseFile,
        kind: Option<Commitment>,
        reviewer: &Reviewer,
    ) -> ReviewResult<Option<ReviewError>> {
        let mut refused_in = None;
        if refusal_answered(&file.record).is_some_and(|refuser| refuser == reviewer.name) {
            refused_in = Some(file.case.id.clone());
        }
        for earlier in self.earlier_refusals(file).await? {
            if refused_in.is_none() && self.refused_by(&earlier, reviewer).await? {
                refused_in = Some(earlier);
            }
        }
        let Some(case) = refused_in else { return Ok(None) };
        let all =
            self.parts.reviewers.all().await.map_err(|error| ReviewError::Store(StoreError::Temporary(error.0)))?;
        let others: Vec<String> = all
            .into_iter()
            .map(|other| other.name)
            .filter(|name| *name != reviewer.name && self.without_role(kind, amount(file), name).is_none())
            .collect();
        Ok((!others.is_empty()).then_some(ReviewError::OwnRefusal { case, others }))
    }

    /// Earlier cases on the same matter that ended in a refusal: the one this case continues, and those of the same
    /// customer about the same order.
    async fn earlier_refusals(&self, file: &CaseFile) -> ReviewResult<Vec<CaseId>> {
        let case = &file.case;
        let mut found: Vec<CaseId> = case.linked.iter().cloned().collect();
        let (Some(customer), Some(number)) = (&case.customer, &case.known.order_number) else { return Ok(found) };
        let history = self.parts.store.history(&customer.email, Some(number), &case.id).await?;
        for earlier in history.earlier.iter().filter(|earlier| earlier.refused).take(MOST_EARLIER) {
            let same = self.parts.store.case(&earlier.id).await?.known.order_number.as_ref() == Some(number);
            if same && !found.contains(&earlier.id) {
                found.push(earlier.id.clone());
            }
        }
        Ok(found)
    }

    async fn refused_by(&self, case: &CaseId, reviewer: &Reviewer) -> ReviewResult<bool> {
        match self.look(case).await {
            Ok(file) => Ok(last_refusal(&file.record).is_some_and(|(name, _)| name == reviewer.name)),
            Err(ReviewError::Missing(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn amount(file: &CaseFile) -> Option<&Money> {
    file.assessment.as_ref()?.terms.as_ref()?.amount.as_ref()
}

/// Whether a dispute is announced, reported by a machine's message, or open. Each message counts, not only the newest; a
/// reviewer's correction of the verdict settles it.
fn dispute_open(file: &CaseFile) -> bool {
    let says = |signals: &[Signal]| signals.contains(&Signal::DisputeOpened);
    let corrected = file.record.iter().any(|entry| matches!(entry.event, Some(Event::Corrected { .. })));
    let now = file.case.verdict.as_ref().is_some_and(|verdict| says(&verdict.signals));
    let of_message = |verdict: &crate::domain::Verdict| says(&verdict.signals);
    let reported =
        file.record.iter().any(|entry| matches!(entry.event, Some(Event::Alert { kind: AlertKind::Dispute, .. })));
    now || (!corrected && reported)
        || (!corrected && file.messages.iter().filter_map(|held| held.verdict.as_ref()).any(of_message))
}

/// The template of a queued reply: its approval stands before it in the record.
fn template_of(record: &[RecordEntry], id: &OutgoingId) -> Option<TemplateName> {
    let queued = |entry: &RecordEntry| matches!(&entry.event, Some(Event::Queued { id: queued, .. }) if queued == id);
    let place = record.iter().position(queued)?;
    let approved = record.iter().take(place).rev().find_map(|entry| match &entry.event {
        Some(Event::Approved { template, .. }) => Some(template.as_deref()),
        _ => None,
    });
    approved.flatten().map(TemplateName::new)
}

/// Who approved the last reply of the record, with its row in the outbox, when that reply refused and stood.
fn last_refusal(record: &[RecordEntry]) -> Option<(&str, usize)> {
    let approved = |entry: &RecordEntry| matches!(entry.event, Some(Event::Approved { .. }));
    let mut places = record.iter().enumerate().filter(|(_, entry)| approved(entry));
    let (place, entry) = places.rfind(|(place, _)| stood(record, *place))?;
    match (&entry.event, &entry.actor) {
        (Some(Event::Approved { template: Some(template), .. }), Actor::Reviewer(name)) if template == REFUSE => {
            Some((name, place))
        }
        _ => None,
    }
}

/// Whether the reply approved at `place` was neither taken back nor returned to draft.
fn stood(record: &[RecordEntry], place: usize) -> bool {
    let later = || record.iter().skip(place).filter_map(|entry| entry.event.as_ref());
    let queued: Option<&OutgoingId> = later().find_map(|event| match event {
        Event::Queued { id, .. } => Some(id),
        _ => None,
    });
    !later().any(|event| match event {
        Event::ReturnedToDraft { id } => Some(id) == queued,
        Event::Delivery { id, state, .. } => Some(id) == queued && state == "cancelled",
        _ => false,
    })
}

/// Who sent the refusal that the customer has answered since.
fn refusal_answered(record: &[RecordEntry]) -> Option<&str> {
    let (name, place) = last_refusal(record)?;
    let answered = |entry: &RecordEntry| matches!(entry.event, Some(Event::Received { .. }));
    record.iter().skip(place).any(answered).then_some(name)
}
