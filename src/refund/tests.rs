//! The assessment from end to end.

mod shop;

use jiff::civil::date;

use crate::domain::assessment::{Basis, Outcome, PersonWhy, Remedy};
use crate::domain::verdict::Fact;
use crate::domain::{Reason, Signal};
use shop::Shop;

#[test]
fn a_kettle_dead_on_day_200_is_a_repair_before_it_is_money_and_never_ineligible() {
    // Delivered 2025-09-01; 200 days later is 2026-03-20.
    let shop = Shop::on(date(2026, 3, 20)).ordered(date(2025, 8, 28)).delivered(date(2025, 9, 1));
    let shop = shop.because(Reason::Defective).says("La bouilloire ne chauffe plus.");
    let assessment = shop.assess();
    assert_eq!(assessment.outcome, Outcome::Eligible(Basis::Conformity));
    assert_eq!(assessment.remedy, Some(Remedy::RepairOrReplacement));
    assert_eq!(assessment.clocks.first().unwrap().by, date(2026, 4, 19));
}

#[test]
fn a_changed_mind_in_time_is_withdrawal_and_late_falls_to_the_shops_clause() {
    // Received Monday 2 March: the 14 days end on Monday 16 March.
    let shop = Shop::on(date(2026, 3, 16)).delivered(date(2026, 3, 2)).because(Reason::ChangedMind);
    assert_eq!(shop.assess().outcome, Outcome::Eligible(Basis::Withdrawal));
    let shop = Shop::on(date(2026, 3, 17)).delivered(date(2026, 3, 2)).because(Reason::ChangedMind);
    assert_eq!(shop.assess().outcome, Outcome::Eligible(Basis::Goodwill));
    let shop = Shop::on(date(2026, 4, 2)).delivered(date(2026, 3, 2)).because(Reason::ChangedMind);
    let assessment = shop.assess();
    assert_eq!(assessment.outcome, Outcome::Ineligible("returns".into()));
    assert_eq!(assessment.clause.as_deref(), Some("returns"));
    let declared = shop.signal(Signal::Withdrawal).assess();
    assert_eq!(declared.outcome, Outcome::NeedsPerson(PersonWhy::StatutoryRefusal));
}

#[test]
fn without_a_number_the_number_is_asked_for() {
    let shop = Shop::on(date(2026, 3, 16)).without_order();
    assert!(matches!(shop.assess().outcome, Outcome::NeedsInformation(facts) if facts.contains(&Fact::OrderNumber)));
}
