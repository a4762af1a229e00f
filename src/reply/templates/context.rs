//! What a template may name. Whatever a text depends on is decided before: a template only words it.

mod answer;
mod order;
mod refund;

use serde::Serialize;

pub use answer::{Barred, ClauseWords, MediatorWords, MistakeWords, OfferPlace, OfferWords, PromiseWords};
pub use order::OrderWords;
pub use refund::{RefundWords, StageWords};

/// What an acknowledgement may say. Nothing the customer wrote is in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct AcknowledgementContext {
    /// The case reference, `G-7K3Q`.
    pub reference: String,
    /// When the message was received, with time zone, as the language writes it.
    pub received: String,
    /// `refund_request` or `refund_not_received`, only when triage is sure of it; else null.
    pub matter: Option<String>,
    /// Up to two missing facts, enumerated; null when none is asked for.
    pub missing: Option<String>,
    /// How many facts `missing` names: 0 to 2.
    pub missing_count: usize,
    /// The office hours; null when none are configured.
    pub hours: Option<String>,
    /// When the shop opens next, if it is closed now; else null.
    pub reopening: Option<String>,
    /// The shop's name as it stands in From; null without one.
    pub shop: Option<String>,
}

/// What a draft may say. Amounts and dates are written as the language writes them; `null` means that it is not
/// known, or may not be said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct DraftContext {
    /// The case reference, `G-7K3Q`.
    pub reference: String,
    /// The day the customer's message was received.
    pub received_on: String,
    /// `refund_request`, `refund_not_received`, `other`; null when not judged.
    pub intent: Option<String>,
    /// A label such as `defective`, only when triage is sure of it; else null.
    pub reason: Option<String>,
    /// 0 to 3.
    pub anger: u8,
    /// Blame, an ultimatum, insults (2 and 3): no thanks, the matter first.
    pub angry: bool,
    /// The customer wrote before about the same matter.
    pub chaser: bool,
    /// The customer exercises the right of withdrawal.
    pub withdrawal: bool,
    /// The customer wants a replacement or a repair.
    pub wants_exchange: bool,
    /// The customer takes the request back and nothing was refunded: where the thing is then (`with_customer`, `on_its_way`,
    /// `with_us`); else null.
    pub taken_back: Option<String>,
    /// The order number: of the order found, otherwise in the customer's words; null when unknown.
    pub order_number: Option<String>,
    /// The date of purchase, in the customer's words; null when unknown.
    pub purchase_date: Option<String>,
    /// The product, in the customer's words; null when unknown.
    pub product: Option<String>,
    /// When the refund was announced, in the customer's words; null when unknown.
    pub announced_date: Option<String>,
    /// Labels of the missing facts (`order_number`…); may be empty.
    pub missing_names: Vec<String>,
    /// The missing facts, each as one asks for it; may be empty.
    pub missing: Vec<String>,
    /// What may be asked beside, never a condition: `expected`, `went_wrong`, `used_since`, `help_tried`, `tracking`,
    /// `charge`; may be empty.
    pub questions: Vec<String>,
    /// The office hours; null when none are configured.
    pub hours: Option<String>,
    /// The shop's name as it stands in From; null without one.
    pub shop: Option<String>,
    /// The marketplace that the message came through, by its name.
    pub marketplace: Option<String>,
    /// What the shop's records say of the order; null while it is unknown or the writer has to be verified first.
    pub order: Option<OrderWords>,
    /// The writer may not be the buyer: nothing of the order is said before that is settled.
    pub verify: bool,
    /// `eligible`, `ineligible`, `needs_information`, `needs_person`, `no_refund_matter`; null before an assessment.
    pub outcome: Option<String>,
    /// The basis that governs (`withdrawal`, `conformity`, `non_delivery`, `billing`, `cancelled`, `goodwill`).
    pub basis: Option<String>,
    /// A basis in law applies or may apply, or nobody has looked yet.
    pub statutory: bool,
    /// How and when money arrives; only when a refund is accepted.
    pub refund: Option<RefundWords>,
    /// Where a missed refund stands.
    pub stage: Option<StageWords>,
    /// What the one sentence of regret is about: a reason's label, `withdrawal`, `waiting`,
    /// `refund_short`, `other`, `mistake` or `none`.
    pub regret: String,
    /// Our mistake, proven by the order, where the shop admits what is proven.
    pub mistake: Option<MistakeWords>,
    /// A measure the shop has really taken, one sentence.
    pub measure: Option<String>,
    /// What may be offered, and in which place.
    pub offers: OfferWords,
    /// The clause of the shop's terms that the answer rests on; never beside a basis in law.
    pub clause: Option<ClauseWords>,
    /// The consumer mediator.
    pub mediator: Option<MediatorWords>,
    /// A refusal explains what was looked at (the shop's choice).
    pub in_full: bool,
    /// Deadlines of the law, a sentence each; empty unless the shop quotes them.
    pub clocks: Vec<String>,
    /// What an earlier reply promised.
    pub promise: Option<PromiseWords>,
    /// Why an answer may not be given, for the reviewer; not for templates.
    #[serde(skip)]
    pub barred: Barred,
}
