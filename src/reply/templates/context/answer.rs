//! What a draft may say of the answer itself: regret, offers, clause, mediator, promises.

use serde::Serialize;

/// A mistake of ours that the order proves.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct MistakeWords {
    /// `charged_twice`, `delivered_late`, `refund_late`, `refund_short`.
    pub kind: String,
    /// `charged_twice`: the amount of each charge; `refund_short`: what is missing.
    pub amount: Option<String>,
    /// The day it happened: of the charges, of the delivery.
    pub on: Option<String>,
    /// The day it was promised for: the delivery, the refund.
    pub promised_on: Option<String>,
}

/// Where offers stand in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferPlace {
    /// There is nothing to offer.
    #[default]
    None,
    /// Before the money, which stays open; goodwill only.
    Before,
    /// Beside the money, as the customer chooses.
    Beside,
    /// Once the money is accepted.
    After,
    /// In a refusal: no money is owed.
    Refusal,
}

/// What may be offered here: the policy's list after caps, stance and law.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct OfferWords {
    /// Where they stand.
    pub place: OfferPlace,
    /// In place of the money, if the customer prefers it: one phrase each.
    pub instead: Vec<String>,
    /// On top of the money: one phrase each.
    pub on_top: Vec<String>,
}

impl OfferWords {
    /// Nothing is offered.
    pub fn is_empty(&self) -> bool {
        self.instead.is_empty() && self.on_top.is_empty()
    }
}

/// A clause as the customer may read it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ClauseWords {
    /// Its text in the draft's language, on one line.
    pub text: String,
    /// Where it can be read.
    pub url: String,
}

/// The consumer mediator.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct MediatorWords {
    /// Name.
    pub name: String,
    /// Site.
    pub url: String,
    /// Postal address on one line.
    pub address: Option<String>,
}

/// A day that an earlier reply of ours named.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct PromiseWords {
    /// The day.
    pub by: String,
    /// It has passed.
    pub passed: bool,
}

/// Why a kind of answer may not be given, one sentence each for the reviewer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Barred {
    /// No acceptance.
    pub acceptance: Option<String>,
    /// No acceptance of a part.
    pub part: Option<String>,
    /// No refusal.
    pub refusal: Option<String>,
}
