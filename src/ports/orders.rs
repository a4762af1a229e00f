//! Where the facts of a purchase come from.

use async_trait::async_trait;

use crate::domain::{Email, Order};

/// What to look for. At least one of the two is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderQuery {
    /// The number as the customer wrote it.
    pub number: Option<String>,
    /// The customer's address.
    pub email: Option<Email>,
}

/// Why the facts of a purchase are not to be had; the text is for the reviewer and the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrdersError {
    /// Asking again later may help (no answer in time, file being written).
    #[error("{0}")]
    Temporary(String),
    /// It will not until the operator mends something (wrong column, wrong JSON, refused key).
    #[error("{0}")]
    Permanent(String),
}

/// The shop's order source.
#[async_trait]
pub trait Orders: Send + Sync {
    /// Whether the source can look anything up by what is known; it need not be asked otherwise.
    fn takes(&self, query: &OrderQuery) -> bool {
        query.number.is_some() || query.email.is_some()
    }

    /// Orders that bear the number (compared without case, blanks and punctuation); if none does, or no number is
    /// given, the orders of the address, newest first, at most ten.
    async fn find(&self, query: &OrderQuery) -> Result<Vec<Order>, OrdersError>;

    /// What is wrong with the source now, in one line; `None` when it can be asked. For `guichet check` and the desk.
    async fn trouble(&self) -> Option<String>;
}
