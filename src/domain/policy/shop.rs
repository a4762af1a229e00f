//! What the shop itself lays down: clauses, windows, promises, alternatives, and the choices good advice leaves open.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use crate::domain::assessment::Basis;
use crate::domain::money::Money;

/// Whose law is applied before the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Law {
    /// French consumer law.
    #[default]
    Fr,
    /// None: only the policy.
    None,
}

/// One clause of the policy, as the customer may read it. Several of one id differ in `valid_from`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// What the rest of the policy names it by.
    pub id: String,
    /// Its text per language.
    pub text: BTreeMap<String, String>,
    /// Where the customer can read it.
    pub url: String,
    /// Orders from this day on fall under it.
    pub valid_from: Date,
}

/// How the shop treats goodwill for a family of products. Nothing here may touch a basis that stands in law.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The product family; `None` is everything else.
    pub family: Option<String>,
    /// Words that tell the family from a product's name, where the order source does not.
    pub products: Vec<String>,
    /// Days after delivery (or after the order, for services) in which the shop refunds of its own will; 0 is never.
    pub days: u16,
    /// The clause that says so.
    pub clause: String,
    /// Which exception of L221-28 excludes withdrawal, as `L221-28 3°`; `None` for most things.
    pub no_withdrawal: Option<String>,
    /// For how many months digital content of this family is supplied (a subscription), counted from the order; `None`
    /// where it is supplied once (L224-25-12).
    pub supplied_months: Option<u16>,
    /// What the shop keeps of a goodwill refund, in percent.
    pub fee_percent: u8,
}

/// Something that can be offered beside money, or instead of it where nothing in law asks for money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternative {
    /// Which.
    pub kind: AlternativeKind,
    /// May be offered in place of money.
    pub instead_of_refund: bool,
    /// May be offered on top of it.
    pub on_top: bool,
    /// The highest worth.
    pub cap: Option<Money>,
    /// The highest share of the price, in percent.
    pub cap_percent: Option<u8>,
    /// The shop's words for it, per language; otherwise the template's.
    pub text: BTreeMap<String, String>,
}

/// What kinds of alternative there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AlternativeKind {
    /// The same thing again, or another.
    Replacement,
    /// It is mended.
    Repair,
    /// Store credit, with a bonus.
    StoreCredit,
    /// A gift card.
    GiftCard,
    /// Loyalty points.
    LoyaltyPoints,
    /// An upgrade, free or discounted.
    Upgrade,
    /// Help with using the thing.
    Assistance,
    /// The service is done again.
    ServiceRedone,
    /// A free session or consultation.
    FreeSession,
    /// Longer or earlier access.
    ExtendedAccess,
    /// An advantage for a time.
    TemporaryBenefit,
    /// A lower price.
    Discount,
}

impl AlternativeKind {
    /// Every kind.
    pub const ALL: &[Self] = &[
        Self::Replacement,
        Self::Repair,
        Self::StoreCredit,
        Self::GiftCard,
        Self::LoyaltyPoints,
        Self::Upgrade,
        Self::Assistance,
        Self::ServiceRedone,
        Self::FreeSession,
        Self::ExtendedAccess,
        Self::TemporaryBenefit,
        Self::Discount,
    ];

    /// Name in the policy.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Replacement => "replacement",
            Self::Repair => "repair",
            Self::StoreCredit => "store_credit",
            Self::GiftCard => "gift_card",
            Self::LoyaltyPoints => "loyalty_points",
            Self::Upgrade => "upgrade",
            Self::Assistance => "assistance",
            Self::ServiceRedone => "service_redone",
            Self::FreeSession => "free_session",
            Self::ExtendedAccess => "extended_access",
            Self::TemporaryBenefit => "temporary_benefit",
            Self::Discount => "discount",
        }
    }

    /// Whether its worth is money in all but name: what `refusal_offers = "non_monetary"` keeps out.
    pub fn is_monetary(self) -> bool {
        matches!(self, Self::StoreCredit | Self::GiftCard | Self::LoyaltyPoints | Self::Discount)
    }
}

/// The consumer mediator (L616-1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mediator {
    /// Its name.
    pub name: String,
    /// Its site.
    pub url: String,
    /// Its postal address, on one line.
    pub address: Option<String>,
}

/// A marketplace that relays its customers' messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marketplace {
    /// What the desk calls it.
    pub name: String,
    /// Domains its relay addresses have.
    pub domains: Vec<String>,
    /// Hours in which it wants an answer.
    pub answer_within_hours: Option<u16>,
    /// Whether an acknowledgement is sent through it.
    pub acknowledge: bool,
}

/// A measure that the shop has really taken; the only source of sentences about prevention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// What it prevents: a reason's label.
    pub reason: String,
    /// The sentence per language.
    pub text: BTreeMap<String, String>,
}

/// What may be offered in a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalOffers {
    /// Nothing.
    None,
    /// Help, a repair, a session: nothing of money's worth.
    #[default]
    NonMonetary,
    /// Anything the policy allows.
    Any,
}

/// Where an alternative stands when the law gives the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlternativeStance {
    /// Beside the money, the customer's choice.
    #[default]
    Beside,
    /// Before the money; for goodwill only.
    Before,
    /// Once the refund is accepted.
    AfterAcceptance,
}

/// For what we say sorry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Apology {
    /// For the experience.
    Experience,
    /// For our mistake, when the order proves it.
    #[default]
    FaultWhenProven,
}

/// How long a refusal explains itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalLength {
    /// Reason, clause, way on.
    #[default]
    Short,
    /// With what was looked at.
    Full,
}

/// Where good advice disagrees, the shop chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stance {
    /// What a refusal may offer.
    pub refusal_offers: RefusalOffers,
    /// Where an alternative stands.
    pub alternative: AlternativeStance,
    /// What we say sorry for.
    pub apology: Apology,
    /// How long a refusal is.
    pub refusal_length: RefusalLength,
    /// Whether customers with abuse warnings are offered advantages.
    pub perks_to_flagged: bool,
}

/// Choices of a stance that were made elsewhere than in the policy file; what is `None` was left to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct StanceChoices {
    /// What a refusal may offer.
    pub refusal_offers: Option<RefusalOffers>,
    /// Where an alternative stands.
    pub alternative: Option<AlternativeStance>,
    /// What we say sorry for.
    pub apology: Option<Apology>,
    /// How long a refusal is.
    pub refusal_length: Option<RefusalLength>,
    /// Whether customers with abuse warnings are offered advantages.
    pub perks_to_flagged: Option<bool>,
}

impl StanceChoices {
    /// The stance with these choices in place of its own.
    pub fn over(self, stance: Stance) -> Stance {
        Stance {
            refusal_offers: self.refusal_offers.unwrap_or(stance.refusal_offers),
            alternative: self.alternative.unwrap_or(stance.alternative),
            apology: self.apology.unwrap_or(stance.apology),
            refusal_length: self.refusal_length.unwrap_or(stance.refusal_length),
            perks_to_flagged: self.perks_to_flagged.unwrap_or(stance.perks_to_flagged),
        }
    }
}

/// What was promised of the shop's own speed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promises {
    /// Business days from acceptance to the start of the refund.
    pub processing_days: u16,
    /// Business days the customer's bank takes to show it.
    pub bank_days: u16,
    /// Business hours in which every message is answered.
    pub answer_within_hours: u16,
}

impl Default for Promises {
    fn default() -> Self {
        Self { processing_days: 5, bank_days: 5, answer_within_hours: 16 }
    }
}

/// Who may do what beyond the ordinary; sign-in names, empty is everybody.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roles {
    /// Approves refusals.
    pub refuse: Vec<String>,
    /// Approves acceptances.
    pub accept: Vec<String>,
    /// Up to this amount everybody does.
    pub accept_up_to: Option<Money>,
    /// The owner of safety matters, told at once.
    pub safety: Option<String>,
}

/// How refunds are paid: `original` unless the customer agreed to another.
pub type Methods = BTreeMap<Basis, String>;
