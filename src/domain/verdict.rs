//! What triage concluded about one message. Labels mean exactly what the labelling guide
//! (`models/corpus/README.md`) says.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::policy::Policy;

/// Defines an enum whose variants have one stable text each, used in JSON, rules and models alike.
macro_rules! labels {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Every value, in the order of the labelling guide.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The label's stable text.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Reads a label's text.
            pub fn from_label(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

labels! {
    /// What the customer wants.
    Intent {
        /// Money back for a purchase of theirs.
        RefundRequest = "refund_request",
        /// A refund granted or started has not arrived.
        RefundNotReceived = "refund_not_received",
        /// Everything else.
        Other = "other",
    }
}

labels! {
    /// Why the customer asks for the refund.
    Reason {
        /// Broken, damaged, stopped working, spoiled.
        Defective = "defective",
        /// Not what the listing said.
        NotAsDescribed = "not_as_described",
        /// Never arrived, lost, or too late to be of use.
        NotDelivered = "not_delivered",
        /// Does not suit, no longer needed.
        ChangedMind = "changed_mind",
        /// Charged twice, wrong amount, unwanted renewal.
        BillingError = "billing_error",
        /// The order, booking or event was cancelled and paid for.
        Cancelled = "cancelled",
        /// A service that did work but disappointed.
        Dissatisfied = "dissatisfied",
        /// No reason given.
        Unspecified = "unspecified",
    }
}

labels! {
    /// Facts a message may hold.
    Fact {
        /// A reference that identifies the purchase.
        OrderNumber = "order_number",
        /// When it was bought, charged or delivered.
        PurchaseDate = "purchase_date",
        /// What was bought.
        Product = "product",
        /// Why money is asked back.
        Reason = "reason",
        /// When the refund was announced or the return arrived.
        AnnouncedDate = "announced_date",
    }
}

labels! {
    /// What a reviewer must notice besides the intent.
    Signal {
        /// The statutory right of withdrawal is exercised.
        Withdrawal = "withdrawal",
        /// Court, lawyer, formal notice, consumer authority, mediator.
        LegalThreat = "legal_threat",
        /// A chargeback or card dispute is announced or open.
        DisputeOpened = "dispute_opened",
        /// Replacement or repair is wanted.
        ExchangeOrRepair = "exchange_or_repair",
        /// Fire, injury, allergy, electric shock.
        Safety = "safety",
        /// Access to or erasure of personal data is asked for.
        DataRights = "data_rights",
        /// The writer wrote before about the same matter.
        Chaser = "chaser",
        /// A second, separate matter stands in the same message.
        SecondDemand = "second_demand",
    }
}

/// How angry the writer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum Anger {
    /// 0: neutral or polite.
    Calm,
    /// 1: disappointment or impatience, no hostility.
    Frustrated,
    /// 2: blame, sarcasm, shouting, an ultimatum.
    Angry,
    /// 3: insults, accusations of fraud, a threat.
    Furious,
}

impl Anger {
    /// Every value from calm to furious.
    pub const ALL: &[Self] = &[Self::Calm, Self::Frustrated, Self::Angry, Self::Furious];

    /// 0 to 3.
    pub fn level(self) -> u8 {
        match self {
            Self::Calm => 0,
            Self::Frustrated => 1,
            Self::Angry => 2,
            Self::Furious => 3,
        }
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Frustrated => "frustrated",
            Self::Angry => "angry",
            Self::Furious => "furious",
        }
    }
}

/// A number above 3.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("anger is a number from 0 to 3, not {0}")]
pub struct NotAnger(u8);

impl TryFrom<u8> for Anger {
    type Error = NotAnger;
    fn try_from(level: u8) -> Result<Self, NotAnger> {
        Self::ALL.get(usize::from(level)).copied().ok_or(NotAnger(level))
    }
}

impl From<Anger> for u8 {
    fn from(anger: Anger) -> Self {
        anger.level()
    }
}

/// The facts found: the customer's own words, masked where they hold card or bank numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Given {
    /// The reference as written.
    pub order_number: Option<String>,
    /// The date's words.
    pub purchase_date: Option<String>,
    /// The product's words.
    pub product: Option<String>,
    /// The reason's label; never `unspecified`.
    pub reason: Option<Reason>,
    /// The date's words.
    pub announced_date: Option<String>,
}

impl Given {
    /// Whether the fact is there.
    pub fn has(&self, fact: Fact) -> bool {
        match fact {
            Fact::OrderNumber => self.order_number.is_some(),
            Fact::PurchaseDate => self.purchase_date.is_some(),
            Fact::Product => self.product.is_some(),
            Fact::Reason => self.reason.is_some(),
            Fact::AnnouncedDate => self.announced_date.is_some(),
        }
    }

    /// Takes over what `other` knows and we do not.
    pub fn fill_from(&mut self, other: &Given) {
        self.order_number = self.order_number.take().or_else(|| other.order_number.clone());
        self.purchase_date = self.purchase_date.take().or_else(|| other.purchase_date.clone());
        self.product = self.product.take().or_else(|| other.product.clone());
        self.reason = self.reason.or(other.reason);
        self.announced_date = self.announced_date.take().or_else(|| other.announced_date.clone());
    }
}

/// One thing that spoke for the verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// `rule` or `model`.
    pub from: String,
    /// The rule's name, or the model's (`intent`, `anger`…).
    pub name: String,
    /// The customer's words that matched.
    pub matched: String,
    /// Weight in log-odds; positive speaks for what was decided.
    pub weight: f32,
}

/// A field of the verdict that triage is not sure of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unsure {
    /// The intent.
    Intent,
    /// The anger.
    Anger,
    /// The reason.
    Reason,
}

/// What triage concluded about one message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// What the customer wants.
    pub intent: Intent,
    /// Calibrated probability of `intent`, 0 to 1.
    pub intent_confidence: f32,
    /// How angry the writer is.
    pub anger: Anger,
    /// Calibrated probability of `anger`, 0 to 1.
    pub anger_confidence: f32,
    /// Only for a refund request.
    pub reason: Option<Reason>,
    /// Calibrated probability of `reason`, 0 to 1; 0 without one.
    pub reason_confidence: f32,
    /// Fields whose confidence is below the threshold.
    pub unsure: Vec<Unsure>,
    /// Facts found.
    pub given: Given,
    /// Facts the policy needs and the message lacks.
    pub missing: Vec<Fact>,
    /// Things a reviewer must notice.
    pub signals: Vec<Signal>,
    /// What made the verdict, weightiest first.
    pub explanation: Vec<Explanation>,
}

impl Verdict {
    /// The verdict on a whole case once a further message, judged by itself as `newer`, is part of it.
    ///
    /// A message that asks for nothing itself ("here is my order number") leaves the case what it was;
    /// facts add up, the newest words decide how angry the customer is now.
    pub fn continued_by(&self, newer: &Verdict, policy: &Policy) -> Verdict {
        let mut case = if newer.intent == Intent::Other && self.intent != Intent::Other {
            Verdict {
                intent: self.intent,
                intent_confidence: self.intent_confidence,
                unsure: self.unsure.iter().copied().filter(|field| *field == Unsure::Intent).collect(),
                ..newer.clone()
            }
        } else {
            newer.clone()
        };
        if case.intent == Intent::RefundRequest && matches!(case.reason, None | Some(Reason::Unspecified)) {
            case.reason = self.reason.or(Some(Reason::Unspecified));
            case.reason_confidence = self.reason_confidence;
        }
        let mut given = newer.given.clone();
        given.fill_from(&self.given);
        given.reason = case.reason.filter(|reason| *reason != Reason::Unspecified);
        case.missing = policy.missing(case.intent, &given);
        case.given = given;
        case.signals.extend(self.signals.iter().copied().filter(|signal| !newer.signals.contains(signal)));
        case
    }

    /// This verdict, with what an earlier one says of disputes and legal steps: those stay until a person settles them,
    /// whatever a case is about since.
    pub fn with_open_matters_of(mut self, earlier: &Verdict) -> Self {
        for signal in [Signal::DisputeOpened, Signal::LegalThreat] {
            if earlier.signals.contains(&signal) && !self.signals.contains(&signal) {
                self.signals.push(signal);
            }
        }
        self
    }

    /// Whether the reviewer must look at this before anything else: threat, dispute or danger.
    pub fn is_grave(&self) -> bool {
        self.signals.iter().any(|s| matches!(s, Signal::LegalThreat | Signal::DisputeOpened | Signal::Safety))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(intent: Intent) -> Verdict {
        Verdict {
            intent,
            intent_confidence: 0.97,
            anger: Anger::Calm,
            anger_confidence: 0.9,
            reason: None,
            reason_confidence: 0.0,
            unsure: Vec::new(),
            given: Given::default(),
            missing: Vec::new(),
            signals: Vec::new(),
            explanation: Vec::new(),
        }
    }

    #[test]
    fn a_message_that_only_brings_a_fact_leaves_the_case_what_it_was() {
        let mut first = verdict(Intent::RefundRequest);
        first.reason = Some(Reason::Defective);
        first.given.product = Some("la bouilloire".into());
        first.signals = vec![Signal::LegalThreat];
        let mut second = verdict(Intent::Other);
        second.given.order_number = Some("CMD-1".into());
        second.anger = Anger::Angry;
        let case = first.continued_by(&second, &Policy::default());
        assert_eq!(case.intent, Intent::RefundRequest);
        assert_eq!(case.reason, Some(Reason::Defective));
        assert_eq!(case.anger, Anger::Angry);
        assert_eq!(case.missing, vec![Fact::PurchaseDate]);
        assert_eq!(case.signals, vec![Signal::LegalThreat]);
    }

    #[test]
    fn a_dispute_outlives_what_a_case_was_about() {
        let mut before = verdict(Intent::Other);
        before.signals = vec![Signal::Chaser, Signal::DisputeOpened, Signal::LegalThreat];
        let mut newer = verdict(Intent::RefundRequest);
        newer.signals = vec![Signal::LegalThreat, Signal::Withdrawal];
        let case = newer.with_open_matters_of(&before);
        assert_eq!(case.signals, [Signal::LegalThreat, Signal::Withdrawal, Signal::DisputeOpened]);
    }

    #[test]
    fn a_granted_refund_that_does_not_come_changes_the_case() {
        let first = verdict(Intent::RefundRequest);
        let case = first.continued_by(&verdict(Intent::RefundNotReceived), &Policy::default());
        assert_eq!(case.intent, Intent::RefundNotReceived);
        assert_eq!(case.missing, vec![Fact::OrderNumber, Fact::AnnouncedDate]);
    }
}
