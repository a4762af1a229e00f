//! What the shop's order source knows of a purchase. Facts only: what they mean is judged elsewhere.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::address::Email;
use super::money::Money;
use super::verdict::Fact;

/// One order, as the shop's own records tell it. Only number and day are always there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The number printed on the confirmation.
    pub number: String,
    /// The day it was placed.
    pub ordered_on: Date,
    /// Addresses of the buyer; empty when the source does not tell.
    #[serde(default)]
    pub emails: Vec<Email>,
    /// The buyer's postcode, for verifying who writes.
    #[serde(default)]
    pub postcode: Option<String>,
    /// ISO 3166-1 code of the country delivered to.
    #[serde(default)]
    pub country: Option<String>,
    /// What was paid in all, delivery included.
    #[serde(default)]
    pub total: Option<Money>,
    /// Of it, standard delivery.
    #[serde(default)]
    pub delivery_cost: Option<Money>,
    /// In the shop's words (`card`, `paypal`…).
    #[serde(default)]
    pub payment_method: Option<String>,
    /// Each charge to the buyer; two of one amount and day are a double charge.
    #[serde(default)]
    pub charges: Vec<Charge>,
    /// What was bought.
    #[serde(default)]
    pub lines: Vec<OrderLine>,
    /// What was shipped.
    #[serde(default)]
    pub parcels: Vec<Parcel>,
    /// The last day delivery was promised for.
    #[serde(default)]
    pub promised_on: Option<Date>,
    /// The day the order was cancelled, by either side.
    #[serde(default)]
    pub cancelled_on: Option<Date>,
    /// The day the return reached the shop.
    #[serde(default)]
    pub returned_on: Option<Date>,
    /// The day the buyer proved that the return was sent (L221-24).
    #[serde(default)]
    pub return_sent_on: Option<Date>,
    /// Only a part of what was bought came back.
    #[serde(default)]
    pub returned_in_part: bool,
    /// What has been refunded so far.
    #[serde(default)]
    pub refunded: Option<Money>,
    /// The day of the (last) refund.
    #[serde(default)]
    pub refunded_on: Option<Date>,
    /// The bank's or payment provider's reference of the refund.
    #[serde(default)]
    pub refund_reference: Option<String>,
    /// How many orders the buyer placed before this one.
    #[serde(default)]
    pub earlier_orders: Option<u32>,
}

/// One charge to the buyer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// The day.
    pub on: Date,
    /// How much.
    pub amount: Money,
}

/// What kind of thing a line is: the law treats them differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// A thing.
    #[default]
    Goods,
    /// Something done for the buyer; the withdrawal period runs from the contract.
    Service,
    /// Digital content or service.
    Digital,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// Its name on the confirmation.
    pub product: String,
    /// Size, colour…
    #[serde(default)]
    pub variant: Option<String>,
    /// The policy's product family, where the source tells one.
    #[serde(default)]
    pub family: Option<String>,
    /// How many.
    #[serde(default = "one")]
    pub quantity: u32,
    /// Price of the line.
    #[serde(default)]
    pub price: Option<Money>,
    /// What kind of thing.
    #[serde(default)]
    pub kind: LineKind,
    /// Sold second-hand.
    #[serde(default)]
    pub second_hand: bool,
}

fn one() -> u32 {
    1
}

/// One parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    /// The day it left.
    #[serde(default)]
    pub shipped_on: Option<Date>,
    /// The day the buyer (or a person named by the buyer, not the carrier) received it.
    #[serde(default)]
    pub delivered_on: Option<Date>,
}

impl Order {
    /// The day the last parcel was received; `None` while one is under way or when the source does not tell.
    pub fn delivered_on(&self) -> Option<Date> {
        let days: Option<Vec<Date>> = self.parcels.iter().map(|parcel| parcel.delivered_on).collect();
        days?.into_iter().max()
    }

    /// Whether it tells this fact, so that nobody has to ask the customer for it.
    pub fn tells(&self, fact: Fact) -> bool {
        match fact {
            Fact::OrderNumber | Fact::PurchaseDate => true,
            Fact::Product => !self.lines.is_empty(),
            Fact::Reason | Fact::AnnouncedDate => false,
        }
    }

    /// What may still be refunded: paid less refunded.
    pub fn left(&self) -> Option<Money> {
        match (&self.total, &self.refunded) {
            (Some(total), Some(refunded)) => total.minus(refunded),
            (Some(total), None) => Some(total.clone()),
            (None, _) => None,
        }
    }
}

/// What looking the purchase up came to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "lookup")]
pub enum Purchase {
    /// No order source is configured, or there was nothing to look up by.
    #[default]
    NotAsked,
    /// The source answered and knows no such order.
    NotFound {
        /// When it answered.
        at: Timestamp,
    },
    /// Several orders of the sender fit and the message names none.
    Several {
        /// Their numbers.
        numbers: Vec<String>,
        /// When the source answered.
        at: Timestamp,
    },
    /// The source did not answer usably.
    Unavailable {
        /// Why, for the reviewer.
        why: String,
        /// When it was asked.
        at: Timestamp,
    },
    /// The order.
    Found {
        /// Its facts.
        order: Box<Order>,
        /// Found by the number named; otherwise by the sender's address alone.
        by_number: bool,
        /// When the source answered.
        at: Timestamp,
    },
}

impl Purchase {
    /// The order, when one was found.
    pub fn order(&self) -> Option<&Order> {
        match self {
            Self::Found { order, .. } => Some(order),
            _ => None,
        }
    }
}
