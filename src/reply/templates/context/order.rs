//! What a draft may say of the order.

use serde::Serialize;

/// The order, from the shop's records.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct OrderWords {
    /// Its number.
    pub number: String,
    /// The day it was placed.
    pub ordered_on: String,
    /// What was bought, in one phrase: `Bouilloire Rapido (rouge) et 2 × Tasse`.
    pub products: Option<String>,
    /// More than one thing was bought.
    pub several: bool,
    /// Nothing but services or digital content was bought: there is no thing to send back.
    pub intangible: bool,
    /// What was paid in all.
    pub total: Option<String>,
    /// The last day delivery was promised for.
    pub promised_on: Option<String>,
    /// The day the last parcel was received.
    pub delivered_on: Option<String>,
    /// The day it was cancelled.
    pub cancelled_on: Option<String>,
    /// The day the return reached the shop.
    pub returned_on: Option<String>,
    /// Only a part of what was bought came back.
    pub returned_in_part: bool,
}
