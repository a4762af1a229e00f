//! What a draft may say of money.

use serde::Serialize;

/// A refund that is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct RefundWords {
    /// How much; null until a person names it.
    pub amount: Option<String>,
    /// What was paid, when the refund is less.
    pub out_of: Option<String>,
    /// What was refunded before.
    pub already: Option<String>,
    /// By which means: `original`, `bank_transfer`, `store_credit`, `gift_card`, `cheque`, or as the policy writes it.
    pub method: String,
    /// The latest day we start it; null when that day has passed: it is started at once.
    pub paid_by: Option<String>,
    /// The latest day the customer's bank should show it; null when that day has passed.
    pub arrives_by: Option<String>,
    /// The thing has to come back first, and has not.
    pub return_needed: bool,
    /// The customer pays the return.
    pub customer_pays_return: bool,
    /// The latest day the customer sends it, where the law sets one.
    pub return_by: Option<String>,
    /// Where it goes, on one line.
    pub return_address: Option<String>,
}

/// Where a missed refund stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct StageWords {
    /// `unknown`, `not_started`, `under_way`, `overdue`, `short`.
    pub kind: String,
    /// `not_started`: the day it will have been started; null when that day has passed.
    pub by: Option<String>,
    /// When it was started.
    pub paid_on: Option<String>,
    /// `under_way`: when the bank should show it.
    pub arrives_by: Option<String>,
    /// `overdue`: the bank's reference.
    pub reference: Option<String>,
    /// `short`: what was paid.
    pub paid: Option<String>,
    /// `short`: what is missing.
    pub missing: Option<String>,
    /// `under_way`, `overdue`: how much was refunded, where known.
    pub amount: Option<String>,
}
