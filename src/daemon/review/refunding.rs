//! What an approved acceptance sets in motion: the notice to the shop's payment side.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{Review, ReviewResult};
use crate::domain::{Basis, Calendar, CaseId, Draft, Timer, TimerKind};
use crate::ports::Reviewer;
use crate::ports::refunds::RefundNotice;
use crate::ports::store::{CaseFile, StoredNotice};
use crate::refund::workdays::business_days_after;
use crate::reply::suggestion::approval::{Commitment, commitment};

/// By which means, where nobody laid down another: back the way the customer paid.
const ORIGINAL: &str = "original";

/// Drafts of timers are made in the morning.
const ASK_AT_HOUR: i8 = 9;

/// Whether the reply promises money: an acceptance, or an answer to a withdrawal or a wrong charge that grants it.
fn accepts_refund(draft: &Draft) -> bool {
    commitment(&draft.suggestion) == Some(Commitment::Acceptance)
}

/// The refund that a reply accepts, as it is told; `None` when it accepts none.
pub(super) fn notice(file: &CaseFile, draft: &Draft, reviewer: &Reviewer, now: Timestamp) -> Option<RefundNotice> {
    if !accepts_refund(draft) {
        return None;
    }
    let assessment = file.assessment.as_ref();
    let terms = assessment.and_then(|assessment| assessment.terms.as_ref());
    let order = assessment.and_then(|assessment| assessment.purchase.order());
    let basis = assessment.and_then(|assessment| assessment.governing).unwrap_or(Basis::Goodwill);
    let mut notice = RefundNotice {
        idempotency_key: String::new(),
        case: file.case.id.clone(),
        order_number: order.map(|order| order.number.clone()).or_else(|| file.case.known.order_number.clone()),
        amount: terms.and_then(|terms| terms.amount.clone()),
        method: terms.map_or_else(|| ORIGINAL.to_owned(), |terms| terms.method.clone()),
        basis: basis.as_str().to_owned(),
        approved_by: reviewer.name.clone(),
        approved_at: now,
    };
    notice.idempotency_key = key_of(&notice);
    Some(notice)
}

/// When the customer is asked whether the money is there: at nine on the business day after it should be. The reply
/// asks nothing by itself; the customer's next message cancels the question.
pub(super) fn arrival_check(file: &CaseFile, draft: &Draft, calendar: &Calendar) -> Option<Timer> {
    let terms = file.assessment.as_ref()?.terms.as_ref().filter(|_| accepts_refund(draft))?;
    let day = business_days_after(terms.arrives_by, 1, calendar);
    let due = day.at(ASK_AT_HOUR, 0, 0, 0).to_zoned(calendar.time_zone.clone()).ok()?.timestamp();
    Some(Timer { case: file.case.id.clone(), kind: TimerKind::ArrivalCheck, due, revision: file.case.revision })
}

/// The same for the same refund, however often its reply is approved: a reply that bounced and is sent again must not
/// pay twice.
fn key_of(notice: &RefundNotice) -> String {
    let amount = notice.amount.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut hasher = Sha256::new();
    for part in [notice.order_number.as_deref().unwrap_or_default(), &amount, &notice.method] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    let digest: String = hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{digest}", notice.case)
}

impl Review {
    /// A refund notice that was given up is tried again for five days.
    ///
    /// # Errors
    /// When there is no such notice, or it was not given up.
    pub async fn tell_again(&self, case: &CaseId, key: &str, reviewer: &Reviewer) -> ReviewResult<()> {
        self.parts.store.tell_again(case, key, &reviewer.name, self.now()).await?;
        Ok(())
    }

    /// The same for every notice of the case that was given up; returns how many there were.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn tell_stuck_again(&self, case: &CaseId, reviewer: &Reviewer) -> ReviewResult<usize> {
        let stuck: Vec<_> = self.look(case).await?.notices.into_iter().filter(StoredNotice::is_stuck).collect();
        for row in &stuck {
            self.tell_again(case, &row.notice.idempotency_key, reviewer).await?;
        }
        Ok(stuck.len())
    }
}
