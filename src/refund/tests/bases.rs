//! Each ground by itself.

use jiff::civil::{Date, date};

use super::shop::{Shop, euros, line};
use crate::domain::assessment::{Basis, Finding, Remedy, Standing};
use crate::domain::order::{Charge, LineKind, Parcel};
use crate::domain::{Reason, Signal};

fn finding(shop: &Shop, basis: Basis) -> Option<Finding> {
    shop.assess().findings.into_iter().find(|finding| finding.basis == basis)
}

fn standing(shop: &Shop, basis: Basis) -> Option<Standing> {
    finding(shop, basis).map(|finding| finding.standing)
}

#[test]
fn withdrawal_ends_fourteen_days_after_receipt_on_a_working_day() {
    for (received, last) in [
        (date(2026, 3, 2), date(2026, 3, 16)),
        (date(2026, 3, 7), date(2026, 3, 23)),
        (date(2026, 3, 23), date(2026, 4, 7)),
        (date(2026, 12, 11), date(2026, 12, 28)),
    ] {
        let shop = Shop::on(last).delivered(received).because(Reason::ChangedMind);
        let found = finding(&shop, Basis::Withdrawal).unwrap();
        assert_eq!((found.standing, found.until), (Standing::Applies, Some(last)), "{received}");
        let late = Shop::on(last.tomorrow().unwrap()).delivered(received).because(Reason::ChangedMind);
        assert_eq!(standing(&late, Basis::Withdrawal), Some(Standing::Expired), "{received}");
    }
}

#[test]
fn the_arithmetic_can_be_followed() {
    let shop = Shop::on(date(2026, 3, 17)).delivered(date(2026, 3, 7)).because(Reason::ChangedMind);
    let found = finding(&shop, Basis::Withdrawal).unwrap();
    assert_eq!(
        found.steps,
        [
            "received (last parcel) 2026-03-07, that day not counted",
            "+ 14 days = 2026-03-21",
            "2026-03-21 is a Saturday: moved to 2026-03-23",
            "we were told on 2026-03-17: in time",
        ]
    );
    assert_eq!(found.articles, ["L221-18", "L221-19", "L221-21"]);
    let easter = Shop::on(date(2026, 4, 7)).delivered(date(2026, 3, 23)).because(Reason::ChangedMind);
    let steps = finding(&easter, Basis::Withdrawal).unwrap().steps;
    assert!(steps.contains(&"2026-04-06 is a Monday, a public holiday: moved to 2026-04-07".to_owned()), "{steps:?}");
}

#[test]
fn the_last_parcel_starts_the_period_and_a_mail_sent_in_time_suffices() {
    let mut shop = Shop::on(date(2026, 3, 30)).ordered(date(2026, 2, 20)).because(Reason::ChangedMind);
    let parcel = |day| Parcel { shipped_on: None, delivered_on: Some(day) };
    shop.order.parcels = vec![parcel(date(2026, 3, 10)), parcel(date(2026, 2, 25))];
    // Told on 24 March, the last day after 10 March; looked at on 30 March.
    shop.noticed_on = date(2026, 3, 24);
    assert_eq!(standing(&shop, Basis::Withdrawal), Some(Standing::Applies));
    shop.order.parcels.push(Parcel { shipped_on: Some(date(2026, 3, 11)), delivered_on: None });
    let open = finding(&shop, Basis::Withdrawal).unwrap();
    assert_eq!((open.standing, open.until), (Standing::Applies, None), "a parcel is still under way");
}

#[test]
fn a_service_counts_from_the_contract_and_the_untold_have_a_year_more() {
    let mut shop = Shop::on(date(2026, 3, 17)).ordered(date(2026, 3, 2)).because(Reason::ChangedMind);
    shop.order.lines.first_mut().unwrap().kind = LineKind::Service;
    assert_eq!(standing(&shop, Basis::Withdrawal), Some(Standing::Expired));
    shop.policy.informs_of_withdrawal = false;
    assert_eq!(finding(&shop, Basis::Withdrawal).unwrap().until, Some(date(2027, 3, 16)));
    // 20 March 2027 is a Saturday.
    let mut shop = Shop::on(date(2026, 3, 17)).ordered(date(2026, 3, 6)).because(Reason::ChangedMind);
    shop.order.lines.first_mut().unwrap().kind = LineKind::Service;
    shop.policy.informs_of_withdrawal = false;
    assert_eq!(finding(&shop, Basis::Withdrawal).unwrap().until, Some(date(2027, 3, 22)));
}

#[test]
fn what_the_law_excepts_is_excluded_unless_it_hangs_on_what_the_buyer_did() {
    for (exception, expected) in [
        ("L221-28 3°", Standing::Excluded),
        ("L221-28 4°", Standing::Excluded),
        ("L221-28 5°", Standing::Possible),
        ("L221-28 6°", Standing::Possible),
        ("L221-28 13°", Standing::Possible),
    ] {
        let mut shop = Shop::on(date(2026, 3, 5)).delivered(date(2026, 3, 2)).because(Reason::ChangedMind);
        shop.policy.windows.first_mut().unwrap().no_withdrawal = Some(exception.into());
        let found = finding(&shop, Basis::Withdrawal).unwrap();
        assert_eq!(found.standing, expected, "{exception}");
        assert!(found.articles.contains(&exception.to_owned()));
    }
}

#[test]
fn an_unknown_day_of_receipt_is_bounded_by_what_is_known() {
    let shop = Shop::on(date(2026, 3, 16)).ordered(date(2026, 3, 2)).because(Reason::ChangedMind);
    assert_eq!(
        standing(&shop, Basis::Withdrawal),
        Some(Standing::Applies),
        "it cannot have come before it was ordered"
    );
    let mut shop = Shop::on(date(2026, 3, 20)).ordered(date(2026, 3, 2)).because(Reason::ChangedMind);
    assert_eq!(standing(&shop, Basis::Withdrawal), Some(Standing::Possible));
    shop.known.purchase_date = Some("le 9 mars".into());
    let shop = shop.says("Bonjour, je l'ai reçue le 9 mars et elle ne me plaît pas.");
    assert_eq!(finding(&shop, Basis::Withdrawal).unwrap().until, Some(date(2026, 3, 23)));
}

#[test]
fn conformity_lasts_two_years_and_the_presumption_of_the_second_hand_one() {
    let table: &[(Date, Date, bool, LineKind, Standing)] = &[
        (date(2024, 3, 20), date(2026, 3, 20), false, LineKind::Goods, Standing::Applies),
        (date(2024, 3, 20), date(2026, 3, 21), false, LineKind::Goods, Standing::Expired),
        (date(2025, 3, 20), date(2026, 3, 20), true, LineKind::Goods, Standing::Applies),
        (date(2025, 3, 20), date(2026, 3, 21), true, LineKind::Goods, Standing::Possible),
        (date(2025, 3, 20), date(2026, 3, 21), false, LineKind::Digital, Standing::Possible),
        (date(2025, 3, 20), date(2026, 3, 21), false, LineKind::Service, Standing::Possible),
    ];
    for (delivered, told, second_hand, kind, expected) in table {
        let mut shop = Shop::on(*told).ordered(*delivered).delivered(*delivered).because(Reason::Defective);
        let line = shop.order.lines.first_mut().unwrap();
        (line.second_hand, line.kind) = (*second_hand, *kind);
        assert_eq!(standing(&shop, Basis::Conformity), Some(*expected), "{delivered} {told} {kind:?}");
    }
    let fine = Shop::on(date(2026, 3, 20)).delivered(date(2026, 3, 2)).because(Reason::ChangedMind);
    assert_eq!(standing(&fine, Basis::Conformity), None, "nothing is said to be wrong with it");
    let swap = Shop::on(date(2026, 3, 20)).delivered(date(2026, 3, 2)).signal(Signal::ExchangeOrRepair);
    assert_eq!(standing(&swap, Basis::Conformity), Some(Standing::Possible), "broken, or the wrong size?");
}

#[test]
fn digital_content_has_periods_and_a_remedy_of_its_own() {
    let book = |ordered: Date, told: Date| {
        let mut shop = Shop::on(told).ordered(ordered).because(Reason::Defective);
        shop.order.lines.first_mut().unwrap().kind = LineKind::Digital;
        shop
    };
    let since = date(2024, 3, 20);
    for (told, supplied_months, expected) in [
        (date(2025, 3, 20), None, Standing::Applies),
        (date(2025, 3, 21), None, Standing::Possible),
        (date(2026, 3, 20), None, Standing::Possible),
        (date(2026, 3, 21), None, Standing::Expired),
        // Supplied over a time: all of it, and longer than it only if it was renewed.
        (date(2026, 9, 20), Some(30), Standing::Applies),
        (date(2026, 9, 21), Some(30), Standing::Possible),
        (date(2024, 9, 21), Some(6), Standing::Possible),
    ] {
        let mut shop = book(since, told);
        shop.policy.windows.first_mut().unwrap().supplied_months = supplied_months;
        assert_eq!(standing(&shop, Basis::Conformity), Some(expected), "{told} {supplied_months:?}");
    }
    // Forty days without an answer: goods would be owed money by now, here a person judges the delay.
    let mut late = book(date(2026, 1, 10), date(2026, 4, 29));
    late.noticed_on = date(2026, 3, 20);
    let assessment = late.assess();
    assert_eq!(assessment.remedy, Some(Remedy::RepairOrReplacement));
    assert!(assessment.clocks.is_empty(), "no days are set: {:?}", assessment.clocks);
    let steps = finding(&late, Basis::Conformity).unwrap().steps;
    assert!(steps.iter().any(|step| step.starts_with("asked on 2026-03-20, 40 days ago")), "{steps:?}");
    let mut mixed = book(date(2026, 1, 10), date(2026, 3, 20));
    mixed.order.lines.push(line("Bouilloire Inox", "50"));
    let steps = finding(&mixed, Basis::Conformity).unwrap().steps;
    assert!(steps.iter().any(|step| step.starts_with("goods and digital content in one order")), "{steps:?}");
}

#[test]
fn money_comes_before_repair_only_when_repair_failed_was_refused_or_took_too_long() {
    let dead =
        |today| Shop::on(today).ordered(date(2025, 8, 28)).delivered(date(2025, 9, 1)).because(Reason::Defective);
    let remedy = |shop: Shop| shop.assess().remedy.unwrap();
    let told = date(2026, 3, 20);
    assert_eq!(remedy(dead(told)), Remedy::RepairOrReplacement);
    for text in [
        "Elle a déjà été réparée : encore en panne !",
        "C’est la deuxième fois qu’elle tombe en panne.",
        "You refused to repair it.",
        "It broke again after three days",
    ] {
        assert_eq!(remedy(dead(told).says(text)), Remedy::Refund, "{text}");
    }
    let twice = "C'est la deuxième fois que je vous écris. La bouilloire est en panne.";
    assert_eq!(remedy(dead(told).says(twice)), Remedy::RepairOrReplacement);
    // 20 March + 30 days = 19 April.
    for (today, expected) in [(date(2026, 4, 19), Remedy::RepairOrReplacement), (date(2026, 4, 20), Remedy::Refund)] {
        let mut shop = dead(today);
        shop.noticed_on = told;
        assert_eq!(remedy(shop), expected, "{today}");
    }
}

#[test]
fn non_delivery_begins_after_the_promised_day_or_thirty_days() {
    let lost = |today| Shop::on(today).ordered(date(2026, 2, 1)).because(Reason::NotDelivered);
    // 1 February + 30 days = 3 March.
    assert_eq!(standing(&lost(date(2026, 3, 3)), Basis::NonDelivery), Some(Standing::Possible));
    assert_eq!(standing(&lost(date(2026, 3, 4)), Basis::NonDelivery), Some(Standing::Applies));
    let mut promised = lost(date(2026, 2, 10));
    promised.order.promised_on = Some(date(2026, 2, 9));
    assert_eq!(standing(&promised, Basis::NonDelivery), Some(Standing::Applies));
    assert_eq!(standing(&promised.delivered(date(2026, 2, 5)), Basis::NonDelivery), Some(Standing::Possible));
}

#[test]
fn billing_compares_the_charges_with_the_order() {
    let charge = |day, amount: &str| Charge { on: day, amount: euros(amount) };
    let (one, two) = (date(2026, 3, 2), date(2026, 3, 3));
    for (charges, expected) in [
        (vec![charge(one, "54.90"), charge(one, "54.90")], Some("54.90")),
        (vec![charge(one, "54.90"), charge(two, "54.90")], Some("54.90")),
        (vec![charge(one, "60")], Some("5.10")),
        (vec![charge(one, "27.45"), charge(one, "27.45")], None),
        (vec![], None),
    ] {
        let mut shop = Shop::on(date(2026, 3, 10)).because(Reason::BillingError);
        shop.order.charges = charges.clone();
        let assessment = shop.assess();
        let wanted = if expected.is_some() { Standing::Applies } else { Standing::Possible };
        assert_eq!(standing(&shop, Basis::Billing), Some(wanted), "{charges:?}");
        assert_eq!(assessment.terms.and_then(|terms| terms.amount), expected.map(euros), "{charges:?}");
    }
    let mut unsaid = Shop::on(date(2026, 3, 10)).delivered(date(2026, 3, 2)).because(Reason::ChangedMind);
    unsaid.order.charges = vec![charge(one, "54.90"), charge(one, "54.90")];
    let assessment = unsaid.assess();
    assert_eq!(assessment.governing, Some(Basis::Withdrawal), "another matter than the customer's");
    assert!(assessment.warnings.iter().any(|warning| warning.name == "double_charge"));
}

#[test]
fn a_cancelled_order_is_owed_and_a_cancellation_nobody_knows_is_looked_at() {
    let mut shop = Shop::on(date(2026, 3, 10)).because(Reason::Cancelled);
    assert_eq!(standing(&shop, Basis::Cancelled), Some(Standing::Possible));
    shop.order.cancelled_on = Some(date(2026, 3, 9));
    assert_eq!(standing(&shop, Basis::Cancelled), Some(Standing::Applies));
}

#[test]
fn goodwill_follows_the_window_of_the_line() {
    let table = [
        (30, date(2026, 4, 1), Standing::Applies),
        (30, date(2026, 4, 2), Standing::Expired),
        (0, date(2026, 3, 3), Standing::Excluded),
    ];
    for (days, today, expected) in table {
        let mut shop = Shop::on(today).delivered(date(2026, 3, 2)).because(Reason::ChangedMind);
        shop.policy.windows.first_mut().unwrap().days = days;
        assert_eq!(standing(&shop, Basis::Goodwill), Some(expected), "{days} {today}");
    }
    let mut shop = Shop::on(date(2026, 4, 20)).delivered(date(2026, 3, 2)).because(Reason::ChangedMind);
    let mut tea = super::shop::window(Some("tea"), 90);
    tea.products = vec!["thé".into()];
    shop.policy.windows.insert(0, tea);
    shop.order.lines.push(line("Thé noir de Ceylan", "12"));
    assert_eq!(standing(&shop, Basis::Goodwill), Some(Standing::Possible), "kettle or tea?");
    shop.known.product = Some("le thé noir".into());
    assert_eq!(standing(&shop, Basis::Goodwill), Some(Standing::Applies));
}

#[test]
fn without_a_law_only_contract_and_policy_are_looked_at() {
    let mut shop = Shop::on(date(2026, 3, 5)).delivered(date(2026, 3, 2)).because(Reason::Defective);
    shop = shop.signal(Signal::Withdrawal);
    shop.policy.law = crate::domain::policy::Law::None;
    let assessment = shop.assess();
    let bases: Vec<Basis> = assessment.findings.iter().map(|finding| finding.basis).collect();
    assert_eq!(bases, [Basis::Goodwill]);
    assert!(assessment.clocks.is_empty());
    let billing = shop.because(Reason::BillingError).assess();
    assert!(billing.findings.first().unwrap().articles.is_empty());
}
