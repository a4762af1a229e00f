//! What law and policy say of a case: which bases for a refund may apply, with their arithmetic, and what follows.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::clue::FoundClues;
use super::money::Money;
use super::order::{Order, Purchase};
use super::verdict::Fact;

/// On what ground money may be owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The right of withdrawal from a distance contract (Code de la consommation, L221-18 and following).
    Withdrawal,
    /// The legal guarantee of conformity (L217-3 and following).
    Conformity,
    /// Not delivered, or not in time (L216-6, L216-7).
    NonDelivery,
    /// Charged twice, wrongly, or without a contract (Code civil, 1302).
    Billing,
    /// The contract was cancelled and had been paid.
    Cancelled,
    /// The shop's own policy: nothing in law asks for it.
    Goodwill,
}

impl Basis {
    /// Every basis, the customer's most favourable first where several apply.
    pub const ALL: &[Self] =
        &[Self::Billing, Self::Cancelled, Self::NonDelivery, Self::Withdrawal, Self::Conformity, Self::Goodwill];

    /// Stable name, as stored and written in the policy.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Withdrawal => "withdrawal",
            Self::Conformity => "conformity",
            Self::NonDelivery => "non_delivery",
            Self::Billing => "billing",
            Self::Cancelled => "cancelled",
            Self::Goodwill => "goodwill",
        }
    }

    /// Reads a stable name.
    pub fn from_label(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|basis| basis.as_str() == text)
    }

    /// Whether it stands in law: the shop's windows, conditions and fees may refuse goodwill only.
    pub fn is_statutory(self) -> bool {
        self != Self::Goodwill
    }
}

/// Whether a basis applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It does.
    Applies,
    /// It may: a fact is missing, or a person must look at one.
    Possible,
    /// It did, and its time has run out.
    Expired,
    /// An exception of the law or a clause of the policy excludes it.
    Excluded,
}

impl Standing {
    /// Stable name, as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applies => "applies",
            Self::Possible => "possible",
            Self::Expired => "expired",
            Self::Excluded => "excluded",
        }
    }
}

/// One basis looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Which.
    pub basis: Basis,
    /// Whether it applies.
    pub standing: Standing,
    /// Until when it can be invoked, where that is known.
    pub until: Option<Date>,
    /// The arithmetic, a line a step, in English: `received 2026-03-02 (last parcel)`, `+ 14 days = 2026-03-16`,
    /// `2026-03-16 is a Monday`. For the reviewer, never for the customer.
    pub steps: Vec<String>,
    /// The articles, as cited: `L221-18`; none for goodwill.
    pub articles: Vec<String>,
}

/// What follows from the bases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome", content = "detail")]
pub enum Outcome {
    /// A refund is owed, or allowed, on this basis.
    Eligible(Basis),
    /// This clause of the shop's policy refuses goodwill, and no basis in law applies.
    Ineligible(String),
    /// These facts decide, and nobody knows them yet.
    NeedsInformation(Vec<Fact>),
    /// A person has to look before anything is said.
    NeedsPerson(PersonWhy),
    /// No decision on money is asked for: another matter, or only where a refund stands that is on its way
    /// ([`Assessment::stage`] tells).
    NoRefundMatter,
}

impl Outcome {
    /// Stable name, as stored.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Eligible(_) => "eligible",
            Self::Ineligible(_) => "ineligible",
            Self::NeedsInformation(_) => "needs_information",
            Self::NeedsPerson(_) => "needs_person",
            Self::NoRefundMatter => "no_refund_matter",
        }
    }
}

/// Why a person has to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonWhy {
    /// Refusing a basis that stands in law is never suggested.
    StatutoryRefusal,
    /// The order source and the message disagree on something that decides.
    FactsDisagree,
    /// The message speaks of danger.
    Safety,
    /// Legal steps are announced.
    LegalThreat,
    /// A payment dispute is open: a refund would be paid twice.
    DisputeOpen,
    /// Somebody else than the buyer writes.
    OtherSender,
    /// Other bank details are named.
    NewBankDetails,
    /// Only part of what was bought came back, or was refunded.
    InPart,
    /// A refund was due and is not found.
    RefundNotFound,
    /// Triage is unsure of what is asked.
    Unsure,
    /// No policy for it: `law = "none"` and no clause speaks.
    NoClause,
    /// The order was found by nothing but the sender's address, or not at all.
    OrderUnclear,
    /// Somebody of the law, a mediator or an authority writes.
    Official,
}

/// Something that the message says and the order source contradicts, or the other way round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disagreement {
    /// What it is about: `email`, `amount`, `purchase_date`, `delivered`, `product`…
    pub about: String,
    /// One sentence for the reviewer: `the order exists, under another e-mail address`.
    pub what: String,
    /// Whether a decision must wait for a person to settle it.
    pub decides: bool,
}

/// A period that the law sets us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegalClock {
    /// What must have happened: `refund after withdrawal`, `repair or replacement`…
    pub what: String,
    /// By when.
    pub by: Date,
    /// The articles.
    pub articles: Vec<String>,
    /// What is owed from when on, where the law adds to a late refund (L242-4, L241-4): `+ 10 % from 2026-04-11`.
    pub increases: Vec<String>,
}

/// What the customer may claim first on the basis that governs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// Money.
    Refund,
    /// Repair or replacement, the customer's choice, free and within 30 days (L217-9, L217-10); digital content is brought
    /// into conformity without unjustified delay (L224-25-20). Money follows when that is refused, fails or takes longer
    /// (L217-14, L224-25-20); the shop may of course give it at once.
    RepairOrReplacement,
}

/// How and when money would arrive, as far as it may be said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// How much; `None` until a person names it.
    pub amount: Option<Money>,
    /// By which means, as the policy writes it (`original`, `bank_transfer`, `store_credit`…).
    pub method: String,
    /// The latest day we start the refund: the earlier of processing promise and legal clock.
    pub paid_by: Date,
    /// The latest day the customer's bank should show it.
    pub arrives_by: Date,
    /// The thing has to come back first.
    pub return_needed: bool,
    /// The customer pays the return.
    pub customer_pays_return: bool,
    /// The latest day the customer sends it back (L221-23), where the law sets one.
    #[serde(default)]
    pub return_by: Option<Date>,
    /// The refund may wait for the goods or for proof that they were sent (L221-24, L217-17): `paid_by` then holds
    /// only if that comes in time, and the processing promise counts from that day.
    #[serde(default)]
    pub from_return: bool,
}

impl Terms {
    /// What was paid and not yet refunded, when the refund is less.
    pub fn part_of(&self, order: &Order) -> Option<Money> {
        let (amount, left) = (self.amount.as_ref()?, order.left()?);
        left.minus(amount).is_some_and(|rest| rest.minor > 0).then_some(left)
    }
}

/// What to be careful of; said to the reviewer with its arithmetic, deciding nothing by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// Stable name: `double_refund`, `refund_rate`, `many_addresses`, `promise_past_clock`…
    pub name: String,
    /// The sentence, with the numbers: `4 of 5 orders refunded since 2025-11`.
    pub text: String,
}

/// Where the refund that a customer misses stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "stage")]
pub enum RefundStage {
    /// Nothing is known of a refund.
    Unknown,
    /// Granted, not yet started; the day it will have been.
    NotStarted {
        /// The processing promise.
        by: Date,
    },
    /// Started; the bank's time has not run out.
    UnderWay {
        /// When it was started.
        paid_on: Date,
        /// When the bank should show it.
        arrives_by: Date,
    },
    /// The bank should have shown it: the reference helps to find it.
    Overdue {
        /// When it was started.
        paid_on: Date,
        /// The bank's reference.
        reference: Option<String>,
    },
    /// Less was paid than agreed or owed.
    Short {
        /// What was paid.
        paid: Money,
        /// What is missing.
        missing: Money,
    },
}

/// All that law and policy say of a case, at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// When it was made.
    pub at: Timestamp,
    /// What the order source said.
    pub purchase: Purchase,
    /// Every basis looked at, most favourable first.
    pub findings: Vec<Finding>,
    /// The basis that governs: the most favourable that applies, or the reviewer's.
    pub governing: Option<Basis>,
    /// The reviewer set the basis.
    #[serde(default)]
    pub corrected: bool,
    /// What follows.
    pub outcome: Outcome,
    /// What may be claimed first on the governing basis: an eligible conformity case is a repair or a replacement
    /// before it is money. `None` where nothing governs.
    #[serde(default)]
    pub remedy: Option<Remedy>,
    /// What message and order source tell differently.
    pub disagreements: Vec<Disagreement>,
    /// Periods that run against us.
    pub clocks: Vec<LegalClock>,
    /// How and when money would arrive; only with [`Outcome::Eligible`].
    pub terms: Option<Terms>,
    /// Where a missed refund stands; only for that intent, or when a refund is asked for that was paid already.
    pub stage: Option<RefundStage>,
    /// What to be careful of.
    pub warnings: Vec<Warning>,
    /// The clause that governs the shop's own answer (its id), where one does.
    pub clause: Option<String>,
    /// The name of the marketplace profile that the message came through.
    #[serde(default)]
    pub marketplace: Option<String>,
    /// What the customer's messages tell besides the verdict, in the customer's words.
    #[serde(default)]
    pub clues: FoundClues,
}
