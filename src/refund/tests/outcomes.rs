//! What follows.

use jiff::civil::date;

use super::shop::{Shop, euros, line};
use crate::domain::assessment::{Basis, Outcome, PersonWhy, RefundStage, Remedy};
use crate::domain::verdict::{Fact, Unsure};
use crate::domain::{Email, Intent, Purchase, Reason, Signal};

fn today() -> Shop {
    Shop::on(date(2026, 3, 20)).delivered(date(2026, 3, 9))
}

fn late() -> Shop {
    Shop::on(date(2026, 6, 20)).delivered(date(2026, 3, 9))
}

fn person(why: PersonWhy) -> Outcome {
    Outcome::NeedsPerson(why)
}

#[test]
fn a_kettle_dead_on_day_200_is_a_repair_before_it_is_money_and_never_ineligible() {
    // Delivered 2025-09-01; 200 days later is 2026-03-20.
    let shop = Shop::on(date(2026, 3, 20)).ordered(date(2025, 8, 28)).delivered(date(2025, 9, 1));
    let assessment = shop.because(Reason::Defective).says("La bouilloire ne chauffe plus.").assess();
    assert_eq!(assessment.outcome, Outcome::Eligible(Basis::Conformity));
    assert_eq!(assessment.remedy, Some(Remedy::RepairOrReplacement));
    assert_eq!(assessment.clocks.first().unwrap().by, date(2026, 4, 19));
    let pays = assessment.terms.unwrap();
    assert!(pays.return_needed && !pays.customer_pays_return);
}

#[test]
fn a_table_of_cases() {
    let withdrawn = |shop: Shop| shop.signal(Signal::Withdrawal);
    let table: Vec<(&str, Shop, Outcome)> = vec![
        ("changed mind in time", today().because(Reason::ChangedMind), Outcome::Eligible(Basis::Withdrawal)),
        ("defective in time: money at once", today().because(Reason::Defective), Outcome::Eligible(Basis::Withdrawal)),
        ("changed mind late", late().because(Reason::ChangedMind), Outcome::Ineligible("returns".into())),
        ("declared late", withdrawn(late()), person(PersonWhy::StatutoryRefusal)),
        ("no reason, late: something may be wrong with it", late(), Outcome::NeedsInformation(vec![Fact::Reason])),
        ("defective late", late().because(Reason::Defective), Outcome::Eligible(Basis::Conformity)),
        ("wrong thing late", late().because(Reason::NotAsDescribed), Outcome::Eligible(Basis::Conformity)),
        ("disappointed late", late().because(Reason::Dissatisfied), Outcome::Ineligible("returns".into())),
        ("said not received", today().because(Reason::NotDelivered), person(PersonWhy::FactsDisagree)),
        ("billing unclear", today().because(Reason::BillingError), person(PersonWhy::StatutoryRefusal)),
        ("safety", today().signal(Signal::Safety), person(PersonWhy::Safety)),
        ("dispute", today().signal(Signal::DisputeOpened), person(PersonWhy::DisputeOpen)),
        ("threat", today().signal(Signal::LegalThreat), person(PersonWhy::LegalThreat)),
        ("counsel", today().says("Agissant en qualité de conseil de Mme Roux, …"), person(PersonWhy::Official)),
    ];
    for (name, shop, expected) in table {
        assert_eq!(shop.assess().outcome, expected, "{name}");
    }
}

#[test]
fn who_writes_and_where_the_money_shall_go() {
    let from = |email: &str| {
        let mut shop = today().because(Reason::ChangedMind);
        shop.customer = Some(Email::parse(email).unwrap());
        shop
    };
    assert_eq!(from("mediateur@mediation.example").assess().outcome, person(PersonWhy::Official));
    assert_eq!(from("ddpp@rhone.gouv.fr").assess().outcome, person(PersonWhy::Official));
    let other = from("paul@example.org");
    assert_eq!(other.assess().outcome, person(PersonWhy::FactsDisagree));
    let told = other.assess().disagreements;
    assert_eq!(told.first().unwrap().what, "the order exists, under another e-mail address");
    let proved = from("paul@example.org").says("Commande CMD-1042, code postal 69 003.").assess();
    assert_eq!(proved.outcome, Outcome::Eligible(Basis::Withdrawal));
    let gift = from("paul@example.org").says("Je l'ai reçue en cadeau de ma sœur.");
    assert_eq!(gift.assess().outcome, person(PersonWhy::OtherSender));
    for text in
        ["Merci de virer sur un autre compte : FR** **** **** **** **** ***1 234", "My IBAN is below.", "Voici mon RIB"]
    {
        assert_eq!(
            today().because(Reason::ChangedMind).says(text).assess().outcome,
            person(PersonWhy::NewBankDetails),
            "{text}"
        );
    }
    let card = today().because(Reason::ChangedMind).says("Payée avec la carte **** **** **** 1234.");
    assert_eq!(card.assess().outcome, Outcome::Eligible(Basis::Withdrawal));
    let mut two = today().because(Reason::ChangedMind);
    two.other_sender = true;
    assert_eq!(two.assess().outcome, person(PersonWhy::OtherSender));
}

#[test]
fn a_relayed_message_is_not_held_against_its_relay_address() {
    let mut shop = today().because(Reason::ChangedMind);
    shop.customer = Some(Email::parse("a1b2@relay.market.example").unwrap());
    shop.policy.marketplaces = vec![crate::domain::policy::Marketplace {
        name: "Grand Marché".into(),
        domains: vec!["market.example".into()],
        answer_within_hours: Some(24),
        acknowledge: false,
    }];
    let assessment = shop.assess();
    assert_eq!(assessment.outcome, Outcome::Eligible(Basis::Withdrawal));
    assert_eq!(assessment.marketplace.as_deref(), Some("Grand Marché"));
}

#[test]
fn an_order_that_is_not_surely_the_one() {
    let base = || today().because(Reason::ChangedMind);
    let shop = base().without_order();
    assert_eq!(
        shop.assess().outcome,
        Outcome::NeedsInformation(vec![Fact::OrderNumber, Fact::PurchaseDate, Fact::Product])
    );
    let mut declared = today().without_order().signal(Signal::Withdrawal);
    declared.verdict.intent = Intent::Other;
    let Outcome::NeedsInformation(asked) = declared.assess().outcome else { panic!("asks") };
    assert!(asked.contains(&Fact::OrderNumber) && !asked.contains(&Fact::Reason), "{asked:?}");
    let mut unknown = base();
    unknown.found = false;
    assert_eq!(unknown.assess().outcome, person(PersonWhy::OrderUnclear));
    let mut several = base();
    several.known.order_number = None;
    several.purchase =
        Some(Purchase::Several { numbers: vec!["1".into(), "2".into()], at: "2026-03-20T11:00:00Z".parse().unwrap() });
    assert_eq!(several.assess().outcome, Outcome::NeedsInformation(vec![Fact::OrderNumber]));
    let mut by_address = base();
    by_address.by_number = false;
    by_address.known.order_number = None;
    assert_eq!(by_address.assess().outcome, Outcome::NeedsInformation(vec![Fact::OrderNumber]));
    by_address.known.product = Some("ma bouilloire".into());
    assert_eq!(by_address.assess().outcome, Outcome::Eligible(Basis::Withdrawal));
}

#[test]
fn no_money_is_asked_for() {
    let mut shop = today();
    shop.verdict.intent = Intent::Other;
    shop.verdict.reason = None;
    assert_eq!(shop.assess().outcome, Outcome::NoRefundMatter);
    shop.verdict.unsure = vec![Unsure::Intent];
    assert_eq!(shop.assess().outcome, person(PersonWhy::Unsure));
}

#[test]
fn money_that_went_back_already_or_in_part() {
    let mut shop = today().because(Reason::ChangedMind);
    shop.order.returned_in_part = true;
    assert_eq!(shop.assess().outcome, person(PersonWhy::InPart));
    let mut shop = today().because(Reason::ChangedMind);
    shop.order.refunded = Some(euros("54.90"));
    shop.order.refunded_on = Some(date(2026, 3, 18));
    let assessment = shop.assess();
    assert_eq!(assessment.outcome, person(PersonWhy::FactsDisagree));
    assert!(
        assessment.warnings.iter().any(|warning| warning.text == "54.90 EUR of 54.90 EUR were refunded on 2026-03-18")
    );
    // Started on Wednesday 18 March, five banking days later is Wednesday 25 March.
    assert_eq!(
        assessment.stage,
        Some(RefundStage::UnderWay { paid_on: date(2026, 3, 18), arrives_by: date(2026, 3, 25) })
    );
}

#[test]
fn a_reviewers_basis_governs_but_neither_window_nor_law_is_overridden() {
    let mut shop = late().because(Reason::ChangedMind);
    shop.corrected = Some(Basis::Conformity);
    let assessment = shop.assess();
    assert_eq!(assessment.outcome, Outcome::Eligible(Basis::Conformity));
    assert!(assessment.corrected);
    shop.corrected = Some(Basis::Withdrawal);
    assert_eq!(shop.assess().outcome, person(PersonWhy::StatutoryRefusal));
    shop.corrected = Some(Basis::Goodwill);
    assert_eq!(shop.assess().outcome, Outcome::Ineligible("returns".into()));
    let mut dead = late().because(Reason::Defective);
    dead.corrected = Some(Basis::Goodwill);
    assert_eq!(dead.assess().outcome, person(PersonWhy::StatutoryRefusal), "a guarantee applies");
}

#[test]
fn what_cannot_be_refused_by_a_clause_is_for_a_person() {
    let mut shop = late().because(Reason::ChangedMind);
    shop.policy.clauses.first_mut().unwrap().valid_from = date(2026, 4, 1);
    assert_eq!(shop.assess().outcome, person(PersonWhy::NoClause), "the clause is younger than the order");
    shop.policy.windows.clear();
    assert_eq!(shop.assess().outcome, person(PersonWhy::NoClause));
}

#[test]
fn food_beside_a_kettle() {
    let mut shop = today().because(Reason::ChangedMind);
    let mut food = super::shop::window(Some("food"), 0);
    food.no_withdrawal = Some("L221-28 4°".into());
    shop.policy.windows.insert(0, food);
    let mut tea = line("Thé vert", "9");
    tea.family = Some("food".into());
    shop.order.lines.push(tea);
    assert_eq!(shop.assess().outcome, Outcome::NeedsInformation(vec![Fact::Product]));
    shop.known.product = Some("la bouilloire".into());
    assert_eq!(shop.assess().outcome, Outcome::Eligible(Basis::Withdrawal));
    assert_eq!(shop.assess().terms.unwrap().amount, Some(euros("50")));
    shop.known.product = Some("le thé vert".into());
    assert_eq!(shop.assess().outcome, Outcome::Ineligible("returns".into()));
}

#[test]
fn where_a_missed_refund_stands() {
    let missed = || {
        let mut shop = today();
        shop.verdict.intent = Intent::RefundNotReceived;
        shop.verdict.reason = None;
        shop
    };
    assert_eq!(missed().assess().stage, Some(RefundStage::Unknown));
    assert_eq!(missed().assess().outcome, person(PersonWhy::RefundNotFound));
    let mut back = missed();
    // Returned on Wednesday 18 March, five business days later is Wednesday 25 March.
    back.order.returned_on = Some(date(2026, 3, 18));
    assert_eq!(back.assess().stage, Some(RefundStage::NotStarted { by: date(2026, 3, 25) }));
    assert_eq!(back.assess().outcome, Outcome::NoRefundMatter);
    back.order.returned_on = Some(date(2026, 3, 10));
    assert_eq!(back.assess().outcome, person(PersonWhy::RefundNotFound), "17 March has passed");
    let mut paid = missed();
    paid.order.refunded = Some(euros("54.90"));
    paid.order.refunded_on = Some(date(2026, 3, 12));
    paid.order.refund_reference = Some("ARN 74".into());
    let overdue = RefundStage::Overdue { paid_on: date(2026, 3, 12), reference: Some("ARN 74".into()) };
    assert_eq!(paid.assess().stage, Some(overdue));
    assert_eq!(paid.assess().outcome, Outcome::NoRefundMatter);
    paid.verdict.signals.push(Signal::Chaser);
    assert_eq!(paid.assess().outcome, person(PersonWhy::RefundNotFound));
    paid.order.refunded = Some(euros("50"));
    let short = RefundStage::Short { paid: euros("50"), missing: euros("4.90") };
    assert_eq!(paid.assess().stage, Some(short), "delivery is part of what goes back");
    assert_eq!(paid.assess().outcome, person(PersonWhy::InPart));
}
