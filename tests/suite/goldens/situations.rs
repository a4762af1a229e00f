//! The situations that golden texts are written in.

use guichet::domain::assessment::{
    Assessment, Basis, Disagreement, LegalClock, Outcome, PersonWhy, RefundStage, Warning,
};
use guichet::domain::order::{Charge, LineKind, Order, Parcel};
use guichet::domain::policy::{AlternativeKind, AlternativeStance, Apology, Policy, RefusalLength, Stance};
use guichet::domain::{Anger, Fact, Given, Intent, Reason, Signal, Verdict};
use jiff::civil::Date;

use super::shop::{assessed, day, eligible, euros, kettle, line, offering, policy, terms};

/// One situation of one template.
pub struct Situation {
    pub template: &'static str,
    pub name: &'static str,
    pub verdict: Option<Verdict>,
    pub known: Given,
    pub assessment: Option<Assessment>,
    pub policy: Policy,
    pub promised: Option<Date>,
}

impl Situation {
    fn given(mut self, known: Given) -> Self {
        self.known = known;
        self
    }

    fn assessed(mut self, assessment: Assessment) -> Self {
        self.assessment = Some(assessment);
        self
    }

    fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    fn promised(mut self, by: &str) -> Self {
        self.promised = Some(day(by));
        self
    }
}

fn on(template: &'static str, name: &'static str, verdict: Verdict) -> Situation {
    Situation {
        template,
        name,
        verdict: Some(verdict),
        known: Given::default(),
        assessment: None,
        policy: policy(),
        promised: None,
    }
}

pub fn verdict(intent: Intent, reason: Option<Reason>, anger: Anger, missing: &[Fact], signals: &[Signal]) -> Verdict {
    Verdict {
        intent,
        intent_confidence: 0.97,
        anger,
        anger_confidence: 0.9,
        reason,
        reason_confidence: 0.9,
        unsure: Vec::new(),
        given: Given::default(),
        missing: missing.to_vec(),
        signals: signals.to_vec(),
        explanation: Vec::new(),
    }
}

fn asks(reason: Reason) -> Verdict {
    verdict(Intent::RefundRequest, Some(reason), Anger::Calm, &[], &[])
}

fn angry(reason: Reason) -> Verdict {
    verdict(Intent::RefundRequest, Some(reason), Anger::Angry, &[], &[Signal::Chaser])
}

fn waits(anger: Anger) -> Verdict {
    verdict(Intent::RefundNotReceived, None, anger, &[], &[])
}

fn other(anger: Anger) -> Verdict {
    verdict(Intent::Other, None, anger, &[], &[])
}

fn lacks(reason: Reason, missing: &[Fact]) -> Verdict {
    Verdict { missing: missing.to_vec(), ..asks(reason) }
}

fn known() -> Given {
    Given {
        order_number: Some("CMD-2026-0142".into()),
        purchase_date: Some("début février".into()),
        product: Some("la bouilloire rouge".into()),
        reason: None,
        announced_date: Some("le 20 février".into()),
    }
}

/// Every situation.
pub fn all() -> Vec<Situation> {
    [
        plain(),
        asking(),
        accepting(),
        accepting_otherwise(),
        offering_more(),
        missing_money(),
        refusing(),
        following_up(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn plain() -> Vec<Situation> {
    let withdrawn = verdict(Intent::RefundRequest, None, Anger::Calm, &[], &[Signal::Withdrawal]);
    let threat = verdict(Intent::RefundRequest, None, Anger::Angry, &[], &[Signal::LegalThreat]);
    let mut other_address = assessed(Some(kettle()), None, Outcome::NeedsPerson(PersonWhy::OtherSender), None);
    other_address.disagreements = vec![Disagreement {
        about: "email".into(),
        what: "the order exists, under another e-mail address".into(),
        decides: true,
    }];
    vec![
        on("basic_answer", "calm", other(Anger::Calm)),
        on("basic_answer", "order-named", other(Anger::Calm)).given(known()),
        on("basic_answer", "angry-again", Verdict { signals: vec![Signal::Chaser], ..other(Anger::Angry) }),
        on("not_refund_matter", "calm", other(Anger::Calm)).given(known()),
        on("request_taken_back", "order-unknown", asks(Reason::ChangedMind)).assessed(kept(None)),
        on("request_taken_back", "angry", angry(Reason::ChangedMind)).assessed(kept(Some(kettle()))),
        on("request_taken_back", "refund-announced", asks(Reason::ChangedMind))
            .assessed(kept(Some(kettle())))
            .promised("2026-03-10"),
        on("request_taken_back", "return-on-its-way", asks(Reason::ChangedMind))
            .assessed(kept(Some(Order { return_sent_on: Some(day("2026-02-27")), ..kettle() }))),
        on("request_taken_back", "came-back", asks(Reason::ChangedMind))
            .assessed(kept(Some(Order { returned_on: Some(day("2026-03-02")), ..kettle() }))),
        on("legal_notice", "threat", threat).given(known()),
        on("verify_buyer", "other-address", asks(Reason::Defective)).given(known()).assessed(other_address.clone()),
        // Nothing of the order is told to somebody who may not be its buyer.
        on("angry_customer", "other-address", angry(Reason::Defective)).assessed(other_address),
        on("withdrawal_received", "nothing-known", withdrawn.clone()),
        on("withdrawal_received", "order-named", withdrawn.clone()).given(known()),
        on("withdrawal_received", "accepted", withdrawn).assessed(eligible(
            kettle(),
            Basis::Withdrawal,
            sent_back("129.90"),
        )),
        on("angry_customer", "defective", angry(Reason::Defective)).given(known()),
        on("angry_customer", "missing", Verdict { missing: vec![Fact::OrderNumber], ..angry(Reason::Dissatisfied) }),
        on("angry_customer", "waiting", waits(Anger::Furious)).promised("2026-02-27"),
        on("angry_customer", "other", other(Anger::Furious)),
        on("angry_customer", "delivered-late", angry(Reason::NotDelivered)).assessed(late()),
        on(
            "exchange_or_repair",
            "nothing-known",
            Verdict { signals: vec![Signal::ExchangeOrRepair], ..other(Anger::Calm) },
        ),
        on(
            "exchange_or_repair",
            "conformity",
            Verdict { signals: vec![Signal::ExchangeOrRepair], ..other(Anger::Calm) },
        )
        .assessed(conformity()),
        on("exchange_or_repair", "conformity-refund-asked", asks(Reason::Defective)).assessed(conformity()),
        on("exchange_or_repair", "digital", asks(Reason::Defective)).assessed(unreadable()),
        on(
            "exchange_or_repair",
            "digital-no-money-asked",
            Verdict { signals: vec![Signal::ExchangeOrRepair], ..other(Anger::Calm) },
        )
        .assessed(unreadable()),
        on("exchange_or_repair", "refund-asked-angry", angry(Reason::NotAsDescribed)).given(known()),
    ]
}

fn sent_back(amount: &str) -> guichet::domain::assessment::Terms {
    guichet::domain::assessment::Terms { return_by: Some(day("2026-03-17")), ..returned(amount, true) }
}

fn returned(amount: &str, customer_pays_return: bool) -> guichet::domain::assessment::Terms {
    guichet::domain::assessment::Terms { return_needed: true, customer_pays_return, ..terms(amount) }
}

fn late_order() -> Order {
    Order { parcels: vec![Parcel { shipped_on: None, delivered_on: Some(day("2026-02-19")) }], ..kettle() }
}

fn late() -> Assessment {
    assessed(Some(late_order()), Some(Basis::NonDelivery), Outcome::NeedsPerson(PersonWhy::FactsDisagree), None)
}

fn conformity() -> Assessment {
    let outcome = Outcome::NeedsInformation(vec![Fact::Reason]);
    assessed(Some(kettle()), Some(Basis::Conformity), outcome, None)
}

/// The request is taken back.
fn kept(order: Option<Order>) -> Assessment {
    let mut found = assessed(order, Some(Basis::Withdrawal), Outcome::NoRefundMatter, None);
    found.warnings = vec![Warning { name: "keeps_it".into(), text: "the customer takes the request back".into() }];
    found
}

/// An e-book that does not open.
fn unreadable() -> Assessment {
    let lines = vec![line("Le thé en cent recettes, livre numérique", None, 1, LineKind::Digital)];
    let order = Order { lines, total: Some(euros("12")), parcels: Vec::new(), promised_on: None, ..kettle() };
    eligible(order, Basis::Conformity, terms("12"))
}

fn asking() -> Vec<Situation> {
    use Fact::{AnnouncedDate, OrderNumber, Product, PurchaseDate};
    let found = assessed(Some(kettle()), None, Outcome::NeedsInformation(vec![Fact::Reason]), None);
    let relayed = Assessment { marketplace: Some("Grand Bazar".into()), ..found.clone() };
    let nothing_back = verdict(Intent::RefundNotReceived, None, Anger::Calm, &[OrderNumber, AnnouncedDate], &[]);
    vec![
        on("ask_information", "defective", lacks(Reason::Defective, &[OrderNumber, PurchaseDate])),
        on("ask_information", "defective-angry", Verdict { missing: vec![OrderNumber], ..angry(Reason::Defective) })
            .given(Given { product: Some("la bouilloire rouge".into()), ..Given::default() }),
        on("ask_information", "not-as-described", lacks(Reason::NotAsDescribed, &[OrderNumber, Product])),
        on("ask_information", "not-delivered", lacks(Reason::NotDelivered, &[OrderNumber])),
        on("ask_information", "changed-mind", lacks(Reason::ChangedMind, &[OrderNumber, Product])),
        on("ask_information", "dissatisfied", lacks(Reason::Dissatisfied, &[PurchaseDate]))
            .given(Given { order_number: Some("CMD-2026-0142".into()), ..Given::default() }),
        on("ask_information", "billing", lacks(Reason::BillingError, &[OrderNumber])),
        on("ask_information", "order-found", lacks(Reason::Unspecified, &[Fact::Reason])).assessed(found),
        on("ask_information", "marketplace", lacks(Reason::Unspecified, &[Fact::Reason])).assessed(relayed),
        on("ask_information", "refund-not-received", nothing_back),
        on("ask_information", "nothing-missing", asks(Reason::Cancelled)).given(known()),
        on("review_request", "defective", asks(Reason::Defective)).given(known()),
        on("review_request", "angry", angry(Reason::NotAsDescribed)).given(known()),
        on("review_request", "order-found-promised", asks(Reason::Unspecified))
            .assessed(assessed(Some(basket()), None, Outcome::NeedsPerson(PersonWhy::Unsure), None))
            .promised("2026-03-06"),
        on("reminder", "missing", lacks(Reason::Defective, &[OrderNumber])),
        on("reminder", "nothing-named", asks(Reason::Defective)),
    ]
}

fn basket() -> Order {
    let lines = vec![
        line("Bouilloire Rapido", Some("rouge"), 1, LineKind::Goods),
        line("Tasse Duo", None, 4, LineKind::Goods),
        line("Filtre à eau", None, 1, LineKind::Goods),
        line("Théière Zen", Some("1 l"), 1, LineKind::Goods),
        line("Sous-tasse", None, 4, LineKind::Goods),
        line("Cuillère doseuse", None, 1, LineKind::Goods),
    ];
    Order { lines, total: Some(euros("1299")), ..kettle() }
}

fn course() -> Order {
    Order {
        lines: vec![line("Atelier thé, samedi 28 février", None, 1, LineKind::Service)],
        total: Some(euros("45")),
        parcels: Vec::new(),
        promised_on: None,
        ..kettle()
    }
}

fn accepting() -> Vec<Situation> {
    let twice = Order {
        charges: vec![Charge { on: day("2026-02-02"), amount: euros("129.90") }; 2],
        total: Some(euros("259.80")),
        ..kettle()
    };
    let gone = Order { cancelled_on: Some(day("2026-02-27")), ..course() };
    let back = Order { returned_on: Some(day("2026-02-26")), ..kettle() };
    let mut goodwill = eligible(kettle(), Basis::Goodwill, returned("129.90", true));
    goodwill.clause = Some("returns".into());
    let billing = eligible(twice, Basis::Billing, terms("129.90"));
    let experience = Policy { stance: Stance { apology: Apology::Experience, ..Stance::default() }, ..policy() };
    vec![
        on("accept", "withdrawal", asks(Reason::ChangedMind)).assessed(eligible(
            kettle(),
            Basis::Withdrawal,
            sent_back("129.90"),
        )),
        on("accept", "withdrawal-came-back", asks(Reason::ChangedMind)).assessed(eligible(
            back,
            Basis::Withdrawal,
            sent_back("129.90"),
        )),
        on("accept", "conformity", asks(Reason::Defective)).assessed(eligible(
            kettle(),
            Basis::Conformity,
            returned("129.90", false),
        )),
        on("accept", "conformity-angry", angry(Reason::Defective)).assessed(eligible(
            kettle(),
            Basis::Conformity,
            returned("129.90", false),
        )),
        on("accept", "not-delivered", asks(Reason::NotDelivered)).assessed(eligible(
            Order { parcels: Vec::new(), ..kettle() },
            Basis::NonDelivery,
            terms("129.90"),
        )),
        on("accept", "delivered-late", asks(Reason::NotDelivered)).assessed(eligible(
            late_order(),
            Basis::NonDelivery,
            returned("129.90", false),
        )),
        on("accept", "delivered-late-angry", angry(Reason::NotDelivered)).assessed(eligible(
            late_order(),
            Basis::NonDelivery,
            returned("129.90", false),
        )),
        on("accept", "charged-twice", asks(Reason::BillingError)).assessed(billing.clone()),
        on("accept", "charged-twice-experience", asks(Reason::BillingError))
            .assessed(billing.clone())
            .policy(experience),
        on("accept", "cancelled", asks(Reason::Cancelled)).assessed(eligible(gone, Basis::Cancelled, terms("45"))),
        on("accept", "goodwill", asks(Reason::ChangedMind)).assessed(goodwill),
        on("billing_error", "charged-twice", asks(Reason::BillingError)).assessed(billing.clone()),
        on("billing_error", "charged-twice-angry", angry(Reason::BillingError)).assessed(billing),
        on("billing_error", "not-judged-yet", asks(Reason::BillingError)).given(known()),
    ]
}

fn accepting_otherwise() -> Vec<Situation> {
    let accepted = |terms| eligible(kettle(), Basis::Conformity, terms);
    let by = |method: &str| accepted(guichet::domain::assessment::Terms { method: method.into(), ..terms("129.90") });
    let overdue = guichet::domain::assessment::Terms {
        paid_by: day("2026-02-20"),
        arrives_by: day("2026-02-27"),
        ..terms("129.90")
    };
    let mut unknown = eligible(kettle(), Basis::Cancelled, terms("129.90"));
    unknown.purchase = guichet::domain::Purchase::NotAsked;
    unknown.terms = Some(guichet::domain::assessment::Terms { amount: None, ..terms("129.90") });
    let mut quoted = eligible(kettle(), Basis::Withdrawal, sent_back("129.90"));
    quoted.clocks = vec![LegalClock {
        what: "refund after withdrawal".into(),
        by: day("2026-03-17"),
        articles: vec!["L221-24".into()],
        increases: vec!["+ 10 % from 2026-03-28".into()],
    }];
    let partly = Order { refunded: Some(euros("20")), ..kettle() };
    let relayed = Assessment { marketplace: Some("Grand Bazar".into()), ..accepted(terms("129.90")) };
    let part_back = Order { returned_on: Some(day("2026-02-26")), returned_in_part: true, ..basket() };
    let mut kept = eligible(kettle(), Basis::Goodwill, terms("110.42"));
    kept.clause = Some("opened".into());
    vec![
        on("accept", "bank-transfer", asks(Reason::Defective)).assessed(by("bank_transfer")),
        on("accept", "store-credit", asks(Reason::Defective)).assessed(by("store_credit")),
        on("accept", "cheque", asks(Reason::Defective)).assessed(by("cheque")),
        on("accept", "own-method", asks(Reason::Defective)).assessed(by("Lydia")),
        on("accept", "overdue", asks(Reason::Defective)).assessed(accepted(overdue)),
        on("accept", "order-and-amount-unknown", asks(Reason::Cancelled)).assessed(unknown),
        on("accept", "service", asks(Reason::Dissatisfied)).assessed(eligible(
            course(),
            Basis::Conformity,
            terms("45"),
        )),
        on("accept", "quoted-clock", asks(Reason::ChangedMind)).assessed(quoted).policy(Policy {
            quote_legal_clocks: true,
            return_address: None,
            ..policy()
        }),
        on("accept", "already-refunded-in-part", asks(Reason::Defective)).assessed(eligible(
            partly,
            Basis::Conformity,
            terms("109.90"),
        )),
        on("accept", "marketplace", asks(Reason::Defective)).assessed(relayed),
        on("accept", "many-items", asks(Reason::ChangedMind)).assessed(eligible(
            basket(),
            Basis::Withdrawal,
            sent_back("1299"),
        )),
        on("accept_in_part", "returned-in-part", asks(Reason::ChangedMind)).assessed(eligible(
            part_back,
            Basis::Withdrawal,
            terms("1200.50"),
        )),
        on("accept_in_part", "fee", asks(Reason::ChangedMind)).assessed(kept),
    ]
}

fn offering_more() -> Vec<Situation> {
    use AlternativeKind::{Discount, FreeSession, GiftCard, Repair, Replacement, StoreCredit};
    let conformity = || eligible(kettle(), Basis::Conformity, terms("129.90"));
    let mut goodwill = eligible(kettle(), Basis::Goodwill, terms("129.90"));
    goodwill.clause = Some("returns".into());
    let stands = |alternative, policy: Policy| Policy { stance: Stance { alternative, ..Stance::default() }, ..policy };
    let instead = || offering(&[(Replacement, true, false), (Repair, true, false), (StoreCredit, true, false)]);
    let one = || offering(&[(Replacement, true, false)]);
    let gift = || offering(&[(GiftCard, false, true)]);
    vec![
        on("accept", "offers-beside", asks(Reason::Defective)).assessed(conformity()).policy(instead()),
        on("accept", "one-offer-and-a-gift", asks(Reason::Defective))
            .assessed(conformity())
            .policy(offering(&[(Replacement, true, false), (Discount, false, true)])),
        on("accept", "charged-twice-nothing-in-its-place", asks(Reason::BillingError))
            .assessed(eligible(kettle(), Basis::Billing, terms("129.90")))
            .policy(instead()),
        on("alternative", "beside", asks(Reason::Defective)).assessed(conformity()).policy(instead()),
        on("alternative", "beside-one", asks(Reason::Defective)).assessed(conformity()).policy(one()),
        on("alternative", "before", asks(Reason::ChangedMind))
            .assessed(goodwill)
            .policy(stands(AlternativeStance::Before, instead())),
        on("alternative", "before-is-beside-in-law", asks(Reason::Defective))
            .assessed(conformity())
            .policy(stands(AlternativeStance::Before, one())),
        on("alternative", "after-acceptance", asks(Reason::Defective))
            .assessed(conformity())
            .policy(stands(AlternativeStance::AfterAcceptance, instead())),
        on("alternative", "on-top", asks(Reason::Defective)).assessed(conformity()).policy(gift()),
        on("alternative", "instead-of-a-refusal", asks(Reason::ChangedMind))
            .assessed(ineligible(Some(old())))
            .policy(offering(&[(FreeSession, true, false), (GiftCard, true, false)])),
    ]
}

/// Delivered long before.
fn old() -> Order {
    Order {
        ordered_on: day("2025-11-03"),
        parcels: vec![Parcel { shipped_on: None, delivered_on: Some(day("2025-11-07")) }],
        ..kettle()
    }
}

fn ineligible(order: Option<Order>) -> Assessment {
    assessed(order, Some(Basis::Goodwill), Outcome::Ineligible("returns".into()), None)
}

fn refusing() -> Vec<Situation> {
    use AlternativeKind::{Assistance, Discount, FreeSession};
    let full = Policy { stance: Stance { refusal_length: RefusalLength::Full, ..Stance::default() }, ..policy() };
    let no_mediator = Policy { mediator: None, clauses: policy().clauses.into_iter().take(1).collect(), ..policy() };
    let helps = offering(&[(Assistance, true, false), (Discount, true, false)]);
    let many = offering(&[(Assistance, true, false), (FreeSession, true, false)]);
    vec![
        on("refuse", "late", asks(Reason::ChangedMind)).assessed(ineligible(Some(old()))),
        on("refuse", "late-angry", angry(Reason::ChangedMind)).assessed(ineligible(Some(old()))).policy(full.clone()),
        on("refuse", "in-full", asks(Reason::Unspecified)).assessed(ineligible(Some(old()))).policy(full.clone()),
        on("refuse", "in-full-without-order", asks(Reason::Unspecified))
            .assessed(ineligible(None))
            .policy(Policy { clauses: no_mediator.clauses.clone(), ..full }),
        on("refuse", "without-order-or-mediator", asks(Reason::Dissatisfied))
            .assessed(ineligible(None))
            .policy(no_mediator),
        on("refuse", "with-help", asks(Reason::Dissatisfied)).assessed(ineligible(Some(old()))).policy(helps),
        on("refuse", "with-offers", asks(Reason::Dissatisfied)).assessed(ineligible(Some(old()))).policy(many),
    ]
}

fn missing_money() -> Vec<Situation> {
    let paid = Order {
        refunded: Some(euros("129.90")),
        refunded_on: Some(day("2026-02-26")),
        returned_on: Some(day("2026-02-20")),
        ..kettle()
    };
    let at = |order: Order, stage: RefundStage| {
        let mut found = assessed(Some(order), None, Outcome::NeedsPerson(PersonWhy::RefundNotFound), None);
        found.stage = Some(stage);
        found
    };
    let not_started = |by: &str| at(kettle(), RefundStage::NotStarted { by: day(by) });
    let under_way =
        at(paid.clone(), RefundStage::UnderWay { paid_on: day("2026-02-26"), arrives_by: day("2026-03-05") });
    let overdue = |reference: Option<&str>| {
        let reference = reference.map(str::to_owned);
        at(paid.clone(), RefundStage::Overdue { paid_on: day("2026-02-16"), reference })
    };
    let short = at(kettle(), RefundStage::Short { paid: euros("109.90"), missing: euros("20") });
    let experience = Policy { stance: Stance { apology: Apology::Experience, ..Stance::default() }, ..policy() };
    let name = "refund_not_received";
    vec![
        on("refund_status", "announced", waits(Anger::Calm)).given(known()),
        on("refund_status", "nothing-known-angry", waits(Anger::Angry)).promised("2026-02-27"),
        on(name, "never-found", waits(Anger::Calm)).assessed(at(kettle(), RefundStage::Unknown)),
        on(name, "not-started", waits(Anger::Calm)).assessed(not_started("2026-03-09")),
        on(name, "not-started-late", waits(Anger::Angry)).assessed(not_started("2026-02-27")),
        on(name, "not-started-late-experience", waits(Anger::Calm))
            .assessed(not_started("2026-02-27"))
            .policy(experience.clone()),
        on(name, "under-way", waits(Anger::Calm)).assessed(under_way.clone()),
        on(name, "under-way-angry", waits(Anger::Furious)).assessed(under_way.clone()),
        on(name, "overdue", waits(Anger::Calm)).assessed(overdue(Some("RF-88213"))),
        on(name, "overdue-without-reference", waits(Anger::Calm)).assessed(overdue(None)).promised("2026-02-27"),
        on(name, "short", waits(Anger::Calm)).assessed(short.clone()),
        on(name, "short-experience", waits(Anger::Calm)).assessed(short).policy(experience),
        on("status_update", "under-way", waits(Anger::Calm)).assessed(under_way),
    ]
}

fn following_up() -> Vec<Situation> {
    let accepted = || eligible(kettle(), Basis::Conformity, terms("129.90"));
    let back = Order { returned_on: Some(day("2026-02-26")), ..kettle() };
    let judging = assessed(Some(back), None, Outcome::NeedsPerson(PersonWhy::Unsure), None);
    vec![
        on("arrival_check", "accepted", asks(Reason::Defective)).assessed(accepted()),
        on("arrival_check", "nothing-known", asks(Reason::Defective)),
        on("ask_feedback", "order-named", asks(Reason::Defective)).given(known()),
        on("ask_feedback", "nothing-known", other(Anger::Calm)),
        on("status_update", "accepted", asks(Reason::Defective)).assessed(accepted()),
        on("status_update", "missing", lacks(Reason::Defective, &[Fact::OrderNumber])),
        on("status_update", "came-back", asks(Reason::Unspecified)).assessed(judging),
        on("status_update", "being-judged", asks(Reason::Unspecified)).given(known()).promised("2026-03-06"),
    ]
}
