//! What the store knows of a customer beyond the case at hand.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::case::CaseId;

/// Earlier and other cases of one address.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CustomerHistory {
    /// Other cases of this address still open, newest first.
    pub open: Vec<CaseId>,
    /// Its closed or answered cases within the look-back period, newest first.
    pub earlier: Vec<EarlierCase>,
    /// Other addresses that wrote about the same order number, masked (`m…@example.com`).
    pub same_order: Vec<String>,
}

/// One earlier case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierCase {
    /// Its reference.
    pub id: CaseId,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// A refund was asked for.
    pub asked_refund: bool,
    /// A refund was accepted.
    pub refunded: bool,
    /// An answer of ours refused it.
    pub refused: bool,
}
