//! Where an approved acceptance is told, so that the shop's own system pays. Guichet never moves money.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{CaseId, Money};

/// "A person approved this refund."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundNotice {
    /// The same for every repetition of the same notice.
    pub idempotency_key: String,
    /// The case.
    pub case: CaseId,
    /// The order it is about, where known.
    pub order_number: Option<String>,
    /// How much; `None` when the reviewer named no amount.
    pub amount: Option<Money>,
    /// By which means, as the policy writes it.
    pub method: String,
    /// The basis ([`crate::domain::assessment::Basis::as_str`]).
    pub basis: String,
    /// Who approved.
    pub approved_by: String,
    /// When.
    pub approved_at: Timestamp,
}

/// Why telling failed; the text is for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefundsError {
    /// To be repeated (no answer, 5xx, 429).
    #[error("{0}")]
    Temporary(String),
    /// Repeating is useless (4xx, command missing).
    #[error("{0}")]
    Permanent(String),
}

/// The shop's payment side.
#[async_trait]
pub trait Refunds: Send + Sync {
    /// Tells it once. May be called again with the same notice: the receiver knows it by its key.
    async fn tell(&self, notice: &RefundNotice) -> Result<(), RefundsError>;
}
