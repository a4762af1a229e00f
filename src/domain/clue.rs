//! What a message tells besides its verdict, and what law and policy ask of it: found by the operator's rules
//! `rules/60-clues-….toml`.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing that a message may tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clue {
    /// The customer takes the request back and keeps the thing.
    KeepsIt,
    /// The writer has the thing as a gift: somebody else paid.
    Gift,
    /// An account is named that money shall be paid to.
    NewBankDetails,
    /// Somebody writes as a mediator, an authority or counsel.
    Official,
    /// A payment provider tells of a dispute.
    DisputeNotice,
    /// Withdrawal is declared in a form's words, or on a form attached (L221-21).
    WithdrawalForm,
    /// The thing shall be exchanged.
    WantsExchange,
    /// A repair or a replacement was refused, or has failed (L217-14).
    RepairFailed,
    /// Delivery is demanded within a further time (L216-6).
    DeliveryDemanded,
    /// The day of delivery mattered (L216-6): an occasion, a birthday.
    DayMattered,
    /// The customer says to have sent it back, or attaches the proof (L221-24).
    ReturnSent,
    /// A carrier or a marketplace tells that a return has arrived.
    ReturnArrived,
}

impl Clue {
    /// Every clue.
    pub const ALL: &[Self] = &[
        Self::KeepsIt,
        Self::Gift,
        Self::NewBankDetails,
        Self::Official,
        Self::DisputeNotice,
        Self::WithdrawalForm,
        Self::WantsExchange,
        Self::RepairFailed,
        Self::DeliveryDemanded,
        Self::DayMattered,
        Self::ReturnSent,
        Self::ReturnArrived,
    ];

    /// Stable name, as stored and written in the rules.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KeepsIt => "keeps_it",
            Self::Gift => "gift",
            Self::NewBankDetails => "new_bank_details",
            Self::Official => "official",
            Self::DisputeNotice => "dispute_notice",
            Self::WithdrawalForm => "withdrawal_form",
            Self::WantsExchange => "wants_exchange",
            Self::RepairFailed => "repair_failed",
            Self::DeliveryDemanded => "delivery_demanded",
            Self::DayMattered => "day_mattered",
            Self::ReturnSent => "return_sent",
            Self::ReturnArrived => "return_arrived",
        }
    }

    /// Reads a stable name.
    pub fn from_label(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|clue| clue.as_str() == text)
    }
}

impl fmt::Display for Clue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What was found, with the customer's words for it.
pub type FoundClues = BTreeMap<Clue, String>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clue_is_stored_by_the_name_that_rules_write() {
        for clue in Clue::ALL {
            assert_eq!(Clue::from_label(clue.as_str()), Some(*clue));
            assert_eq!(serde_json::to_value(clue).unwrap(), clue.as_str());
        }
        assert_eq!(Clue::from_label("hunch"), None);
    }
}
