//! What a machine's message tells that a person must know of: nobody answers it, and nobody may miss it.

use serde::{Deserialize, Serialize};

use super::clue::{Clue, FoundClues};

/// What it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// A payment provider tells of a dispute: the bank may give the money back.
    Dispute,
    /// A carrier or a marketplace tells that a return has arrived.
    ReturnArrived,
}

impl AlertKind {
    /// Every kind, the gravest first.
    pub const ALL: &[Self] = &[Self::Dispute, Self::ReturnArrived];

    /// Stable name, as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dispute => "dispute",
            Self::ReturnArrived => "return_arrived",
        }
    }

    /// The gravest that the clues of a machine's message tell.
    pub fn of(clues: &FoundClues) -> Option<Self> {
        let told = [(Clue::DisputeNotice, Self::Dispute), (Clue::ReturnArrived, Self::ReturnArrived)];
        told.into_iter().find(|(clue, _)| clues.contains_key(clue)).map(|(_, kind)| kind)
    }
}
