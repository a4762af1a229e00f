//! What a template may name.

use serde::Serialize;

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

/// What a draft may say.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct DraftContext {
    /// The case reference, `G-7K3Q`.
    pub reference: String,
    /// The day the customer's message was received, as the language writes it.
    pub received_on: String,
    /// `refund_request`, `refund_not_received`, `other`; null when not judged.
    pub intent: Option<String>,
    /// A label such as `defective`, only when triage is sure of it; else null.
    pub reason: Option<String>,
    /// 0 to 3.
    pub anger: u8,
    /// The customer wrote before about the same matter.
    pub chaser: bool,
    /// The customer exercises the right of withdrawal.
    pub withdrawal: bool,
    /// The order number, in the customer's words; null when unknown.
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
    /// The office hours; null when none are configured.
    pub hours: Option<String>,
    /// The shop's name as it stands in From; null without one.
    pub shop: Option<String>,
}
