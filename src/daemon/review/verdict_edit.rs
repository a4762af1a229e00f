//! A reviewer's correction of a verdict.

use crate::domain::policy::Policy;
use crate::domain::verdict::Unsure;
use crate::domain::{Anger, Given, Intent, Reason, Signal, Verdict};

/// The verdict's fields as the reviewer wants them. `None`, or what is there already, leaves a field
/// as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VerdictEdit {
    /// What the customer wants.
    pub intent: Option<Intent>,
    /// How angry the writer is.
    pub anger: Option<Anger>,
    /// Why money is asked back; ignored unless it is a refund request.
    pub reason: Option<Reason>,
    /// The facts' words; the reason in it is ignored, it has its own field.
    pub given: Option<Given>,
    /// Things to notice.
    pub signals: Option<Vec<Signal>>,
    /// The reviewer says that all the rest is right: no field is unsure any more.
    pub confirmed: bool,
}

impl VerdictEdit {
    /// The corrected verdict: what a person said is certain, what follows from it is derived again.
    /// An edit that changes nothing gives `old` back.
    pub fn apply(&self, old: &Verdict, policy: &Policy) -> Verdict {
        let mut new = old.clone();
        if let Some(intent) = self.intent.filter(|intent| self.confirmed || *intent != old.intent) {
            new.intent = intent;
            new.intent_confidence = 1.0;
            new.unsure.retain(|field| *field != Unsure::Intent);
        }
        if let Some(anger) = self.anger.filter(|anger| self.confirmed || *anger != old.anger) {
            new.anger = anger;
            new.anger_confidence = 1.0;
            new.unsure.retain(|field| *field != Unsure::Anger);
        }
        if let Some(given) = &self.given {
            new.given = Given {
                order_number: as_it_was(&old.given.order_number, &given.order_number),
                purchase_date: as_it_was(&old.given.purchase_date, &given.purchase_date),
                product: as_it_was(&old.given.product, &given.product),
                reason: old.given.reason,
                announced_date: as_it_was(&old.given.announced_date, &given.announced_date),
            };
        }
        if let Some(signals) = &self.signals
            && Signal::ALL.iter().any(|signal| signals.contains(signal) != old.signals.contains(signal))
        {
            new.signals = signals.clone();
        }
        self.apply_reason(&mut new, old);
        if new.intent != old.intent || new.given != old.given {
            new.missing = policy.missing(new.intent, &new.given);
        }
        new
    }

    fn apply_reason(&self, new: &mut Verdict, old: &Verdict) {
        if new.intent != Intent::RefundRequest {
            if old.intent != new.intent {
                new.reason = None;
                new.reason_confidence = 0.0;
                new.unsure.retain(|field| *field != Unsure::Reason);
            }
            return;
        }
        let before = new.reason.unwrap_or(Reason::Unspecified);
        if let Some(reason) = self.reason.filter(|reason| self.confirmed || *reason != before) {
            new.given.reason = Some(reason).filter(|reason| *reason != Reason::Unspecified);
            new.reason = Some(reason);
            new.reason_confidence = 1.0;
            new.unsure.retain(|field| *field != Unsure::Reason);
        } else if old.intent != new.intent {
            new.reason = Some(before);
        }
    }
}

/// A form's field loses line ends and outer blanks: what differs by these alone is no correction.
fn as_it_was(old: &Option<String>, typed: &Option<String>) -> Option<String> {
    let squeezed = |text: &Option<String>| -> String {
        text.iter().flat_map(|text| text.chars()).filter(|c| !c.is_whitespace() && !c.is_control()).collect()
    };
    if squeezed(old) == squeezed(typed) { old.clone() } else { typed.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Fact;

    fn verdict() -> Verdict {
        Verdict {
            intent: Intent::Other,
            intent_confidence: 0.4,
            anger: Anger::Calm,
            anger_confidence: 0.5,
            reason: None,
            reason_confidence: 0.0,
            unsure: vec![Unsure::Intent, Unsure::Anger],
            given: Given { order_number: Some("C-1".into()), ..Given::default() },
            missing: Vec::new(),
            signals: Vec::new(),
            explanation: Vec::new(),
        }
    }

    #[test]
    fn a_corrected_intent_is_certain_and_brings_its_missing_facts() {
        let edit = VerdictEdit { intent: Some(Intent::RefundRequest), ..VerdictEdit::default() };
        let new = edit.apply(&verdict(), &Policy::default());
        assert_eq!(new.unsure, vec![Unsure::Anger]);
        assert_eq!(new.reason, Some(Reason::Unspecified));
        assert_eq!(new.missing, vec![Fact::PurchaseDate, Fact::Product, Fact::Reason]);
    }

    #[test]
    fn only_a_refund_request_has_a_reason() {
        let to_refund = VerdictEdit {
            intent: Some(Intent::RefundRequest),
            reason: Some(Reason::Defective),
            ..VerdictEdit::default()
        };
        let refund = to_refund.apply(&verdict(), &Policy::default());
        assert_eq!(refund.given.reason, Some(Reason::Defective));
        let back = VerdictEdit { intent: Some(Intent::Other), ..VerdictEdit::default() };
        let other = back.apply(&refund, &Policy::default());
        assert_eq!((other.reason, other.missing), (None, Vec::new()));
    }

    #[test]
    fn a_form_sent_back_unchanged_changes_nothing_and_a_confirmed_one_makes_it_certain() {
        let old = verdict();
        let mut edit = VerdictEdit {
            intent: Some(old.intent),
            anger: Some(old.anger),
            reason: Some(Reason::Unspecified),
            given: Some(old.given.clone()),
            signals: Some(Vec::new()),
            confirmed: false,
        };
        assert_eq!(edit.apply(&old, &Policy::default()), old);
        let untidy = Verdict {
            intent: Intent::RefundRequest,
            given: Given { product: Some(" a\r\nkettle".into()), ..old.given.clone() },
            ..old.clone()
        };
        let sent_back = VerdictEdit {
            intent: Some(Intent::RefundRequest),
            given: Some(Given { product: Some("akettle".into()), ..old.given.clone() }),
            ..edit.clone()
        };
        assert_eq!(sent_back.apply(&untidy, &Policy::default()), untidy);
        edit.confirmed = true;
        let sure = edit.apply(&old, &Policy::default());
        assert!(sure.unsure.is_empty() && sure.intent_confidence == 1.0);
    }
}
