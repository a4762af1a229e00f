//! What is known of a customer beyond the case at hand.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::key::{Key, Table};
use super::rows::order_case_key;
use super::tx::{Order, Tx};
use crate::domain::history::EarlierCase;
use crate::domain::{
    Case, CaseId, CaseState, CustomerHistory, DeliveryState, Draft, Email, Intent, OutgoingMail, TemplateName,
};
use crate::ports::store::StoreResult;

/// Earlier cases count for so long before the newest message of the case at hand.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(24 * 730);
/// A relay's or a company's address may stand behind thousands of cases; the newest ones tell enough.
const AT_MOST: usize = 50;
/// Replies made from these templates grant a refund.
const GRANTING: &[&str] = &["accept", "accept_in_part"];
/// Replies made from these templates refuse one.
const REFUSING: &[&str] = &["refuse"];

impl Tx<'_> {
    /// Other cases of a customer, and other addresses that wrote about an order.
    pub(super) fn history(
        &self,
        customer: &Email,
        order: Option<&str>,
        except: &CaseId,
    ) -> StoreResult<CustomerHistory> {
        let since = self
            .find_case(except)?
            .map_or(Timestamp::MIN, |case| case.last_message_at.checked_sub(LOOK_BACK).unwrap_or(Timestamp::MIN));
        let mut cases = self.cases_of(&customer.canonical())?;
        cases.retain(|case| case.id != *except);
        cases.sort_by_key(|case| std::cmp::Reverse(case.last_message_at));
        let mut history = CustomerHistory::default();
        for case in cases {
            let waits = matches!(case.state, CaseState::NeedsReply | CaseState::WaitingForCustomer);
            if waits && history.open.len() < AT_MOST {
                history.open.push(case.id);
            } else if !waits && case.last_message_at >= since && history.earlier.len() < AT_MOST {
                history.earlier.push(self.earlier(&case)?);
            }
        }
        history.same_order = order.map_or(Ok(Vec::new()), |order| self.others_about(order, customer))?;
        Ok(history)
    }

    fn earlier(&self, case: &Case) -> StoreResult<EarlierCase> {
        let replies = self.answered_with(case)?;
        let with = |names: &[&str]| replies.iter().any(|name| names.contains(&name.as_str()));
        let paid = self.assessment(&case.id)?.and_then(|assessment| assessment.purchase.order()?.refunded.clone());
        Ok(EarlierCase {
            id: case.id.clone(),
            opened_at: case.opened_at,
            asked_refund: case.verdict.as_ref().is_some_and(|verdict| verdict.intent != Intent::Other),
            refunded: with(GRANTING) || paid.is_some_and(|money| money.minor > 0),
            refused: with(REFUSING),
        })
    }

    /// Templates of the replies that a person approved and that left, or are leaving.
    fn answered_with(&self, case: &Case) -> StoreResult<Vec<TemplateName>> {
        let approved = self.draft(&case.id)?;
        let mut found = Vec::new();
        for mail in self.case_outgoing(&case.id)?.iter().filter(|mail| counts(mail)) {
            let kept: Option<Draft> = self.get(Key::of(Table::SentDraft).text(mail.id.as_str()))?;
            let waiting = approved.as_ref().filter(|draft| draft.approved_as.as_ref() == Some(&mail.id)).cloned();
            found.extend(kept.or(waiting).and_then(|draft| draft.suggestion.template));
        }
        Ok(found)
    }

    /// Other addresses whose cases are about an order, masked.
    fn others_about(&self, order: &str, customer: &Email) -> StoreResult<Vec<String>> {
        let ids: Vec<CaseId> = self.rows(&order_case_key(order), Order::Rising, AT_MOST)?;
        let mut others = BTreeSet::new();
        for id in ids {
            let writer = self.find_case(&id)?.and_then(|case| case.customer);
            others.extend(writer.map(|address| address.email).filter(|email| !email.same_mailbox(customer)));
        }
        Ok(others.iter().map(masked).collect())
    }
}

fn counts(mail: &OutgoingMail) -> bool {
    !matches!(mail.state, DeliveryState::Cancelled { .. } | DeliveryState::Rejected { .. })
}

/// `m…@example.com`
fn masked(email: &Email) -> String {
    let first: String = email.local().chars().take(1).collect();
    format!("{first}…@{}", email.domain())
}
