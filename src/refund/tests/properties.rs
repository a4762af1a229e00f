//! What holds for every policy and every order.

use jiff::civil::{Date, date};

use super::shop::{Shop, euros, line};
use crate::domain::assessment::{Basis, Finding, Outcome, Standing};
use crate::domain::order::{Charge, LineKind, Parcel};
use crate::domain::policy::{Policy, Promises};
use crate::domain::{Assessment, Intent, Reason, Signal};
use crate::refund::workdays::{business_days_after, plus};

/// A generator with a seed: the same cases on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.below(sides) == 0
    }

    fn days(&mut self, most: u64) -> i64 {
        i64::try_from(self.below(most)).unwrap()
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        let index = usize::try_from(self.below(u64::try_from(all.len()).unwrap())).unwrap();
        *all.get(index).unwrap()
    }

    fn maybe(&mut self, sides: u64, day: Date) -> Option<Date> {
        self.one_in(sides).then_some(day)
    }
}

/// What the shop lays down, but for the two facts about it that the law asks of.
fn lays_down(dice: &mut Dice, policy: &mut Policy) {
    for window in &mut policy.windows {
        window.days = dice.of(&[0, 7, 14, 30, 365]);
        window.fee_percent = dice.of(&[0, 10, 100]);
        window.clause = dice.of(&["returns", ""]).to_owned();
    }
    policy.promises =
        Promises { processing_days: dice.of(&[0, 1, 5, 10]), bank_days: dice.of(&[0, 3, 10]), answer_within_hours: 16 };
    for clause in &mut policy.clauses {
        clause.valid_from = dice.of(&[date(2024, 1, 1), date(2026, 3, 1)]);
    }
    policy.methods.insert(Basis::Withdrawal, dice.of(&["original", "store_credit"]).to_owned());
    policy.customer_pays_return = dice.one_in(2);
    if dice.one_in(4) {
        policy.windows.clear();
    }
}

fn shop(dice: &mut Dice) -> Shop {
    let today = plus(date(2026, 1, 1), dice.days(365));
    let mut shop = Shop::on(today).ordered(plus(today, -dice.days(900)));
    let ordered = shop.order.ordered_on;
    for _ in 0..dice.below(3) {
        let came = plus(ordered, dice.days(20)).min(today);
        let delivered_on = if dice.one_in(4) { None } else { Some(came) };
        shop.order.parcels.push(Parcel { shipped_on: Some(ordered), delivered_on });
    }
    shop.noticed_on = plus(today, -dice.days(60)).max(ordered);
    for price in ["12", "99.99"].into_iter().take(usize::try_from(dice.below(3)).unwrap()) {
        let mut line = line(dice.of(&["Théière", "Carafe", "Bouilloire"]), price);
        line.kind = dice.of(&[LineKind::Goods, LineKind::Goods, LineKind::Service, LineKind::Digital]);
        line.second_hand = dice.one_in(4);
        shop.order.lines.push(line);
    }
    let soon = plus(today, -dice.days(10)).max(ordered);
    shop.order.returned_on = dice.maybe(4, soon);
    shop.order.return_sent_on = dice.maybe(4, soon);
    shop.order.cancelled_on = dice.maybe(8, soon);
    shop.order.promised_on = dice.maybe(4, plus(ordered, 5));
    if dice.one_in(5) {
        shop.order.charges = vec![Charge { on: ordered, amount: euros("54.90") }; 2];
    }
    if dice.one_in(8) {
        shop.order.refunded = Some(euros("10"));
    }
    shop.verdict.intent =
        dice.of(&[Intent::RefundRequest, Intent::RefundRequest, Intent::RefundNotReceived, Intent::Other]);
    for _ in 0..dice.below(2) {
        shop.verdict.signals.push(dice.of(Signal::ALL));
    }
    shop.corrected = if dice.one_in(6) { Some(dice.of(Basis::ALL)) } else { None };
    shop.by_number = !dice.one_in(8);
    lays_down(dice, &mut shop.policy);
    shop.because(dice.of(Reason::ALL))
}

fn statutory(assessment: &Assessment) -> Vec<Finding> {
    assessment.findings.iter().filter(|finding| finding.basis.is_statutory()).cloned().collect()
}

fn every_case(mut check: impl FnMut(&mut Dice, &Shop, &Assessment)) {
    let mut dice = Dice(20_260_320);
    for _ in 0..6_000 {
        let shop = shop(&mut dice);
        let assessment = shop.assess();
        check(&mut dice, &shop, &assessment);
    }
}

#[test]
fn no_day_is_later_than_the_law_or_earlier_than_the_promise_without_need() {
    let mut looked_at = 0;
    every_case(|_, shop, assessment| {
        let Some(terms) = &assessment.terms else { return };
        looked_at += 1;
        let promise = business_days_after(shop.today, shop.policy.promises.processing_days, &shop.calendar);
        let legal = assessment.clocks.iter().map(|clock| clock.by).min();
        let binds = legal.filter(|by| *by >= shop.today);
        assert!(terms.paid_by >= shop.today && terms.arrives_by >= terms.paid_by);
        assert!(terms.paid_by <= promise);
        assert!(binds.is_none_or(|by| terms.paid_by <= by), "{terms:?} {legal:?}");
        let lapsed = legal.is_some_and(|by| by < shop.today) && !terms.from_return;
        if terms.paid_by < promise {
            let said = |name: &str| assessment.warnings.iter().any(|warning| warning.name == name);
            assert!(lapsed && said("clock_passed") || said("promise_past_clock"), "{terms:?}");
        }
    });
    assert!(looked_at > 1_000, "{looked_at}");
}

#[test]
fn goodwill_never_goes_past_its_window() {
    let mut seen = (0, 0);
    every_case(|_, _, assessment| {
        let goodwill = assessment.findings.iter().find(|finding| finding.basis == Basis::Goodwill);
        if assessment.outcome == Outcome::Eligible(Basis::Goodwill) {
            assert_eq!(goodwill.unwrap().standing, Standing::Applies);
            seen.0 += 1;
        }
        if let Outcome::Ineligible(clause) = &assessment.outcome {
            assert_eq!(clause, "returns");
            assert!(matches!(goodwill.unwrap().standing, Standing::Expired | Standing::Excluded));
            seen.1 += 1;
        }
    });
    assert!(seen.0 > 20 && seen.1 > 20, "{seen:?}");
}

#[test]
fn nothing_is_refused_while_a_basis_in_law_applies() {
    every_case(|_, shop, assessment| {
        let applies = statutory(assessment).iter().any(|finding| finding.standing == Standing::Applies);
        let open = statutory(assessment).iter().any(|finding| finding.standing == Standing::Possible);
        if matches!(assessment.outcome, Outcome::Ineligible(_)) {
            assert!(!applies, "{assessment:?}");
            assert!(!open || shop.corrected == Some(Basis::Goodwill), "{assessment:?}");
        }
        if let Outcome::Eligible(basis) = assessment.outcome {
            assert_eq!(assessment.governing, Some(basis));
            assert!(!applies || basis.is_statutory() || shop.corrected.is_some(), "{assessment:?}");
        }
    });
}

#[test]
fn what_the_shop_lays_down_changes_no_finding_in_law() {
    every_case(|dice, shop, assessment| {
        let mut other = Shop {
            policy: shop.policy.clone(),
            order: shop.order.clone(),
            verdict: shop.verdict.clone(),
            known: shop.known.clone(),
            ..Shop::on(shop.today)
        };
        (other.noticed_on, other.by_number, other.corrected) = (shop.noticed_on, shop.by_number, shop.corrected);
        lays_down(dice, &mut other.policy);
        let changed = other.assess();
        assert_eq!(statutory(&changed), statutory(assessment));
        assert_eq!(changed.clocks.is_empty(), assessment.clocks.is_empty());
        let in_law = |assessment: &Assessment| match assessment.outcome {
            Outcome::Eligible(basis) if basis.is_statutory() => Some(basis),
            _ => None,
        };
        assert_eq!(in_law(&changed), in_law(assessment));
        if let (Some(_), Some(terms)) = (in_law(&changed), &changed.terms) {
            assert_eq!(terms.method, "original");
            assert_eq!(terms.amount, assessment.terms.as_ref().unwrap().amount);
        }
    });
}

#[test]
fn nothing_panics_at_the_ends_of_time_or_on_odd_words() {
    let days = [Date::MIN, date(-1, 2, 28), date(2024, 2, 29), date(2026, 3, 20), Date::MAX];
    let texts = [
        "",
        "\u{0}",
        "****************",
        "le 99/99/9999 €€€",
        "31 février",
        "9999999999999999999 days ago",
        "🫖".repeat(2_000).as_str(),
    ]
    .map(str::to_owned);
    let mut dice = Dice(7);
    for _ in 0..1_000 {
        let mut shop = shop(&mut dice);
        shop.order.ordered_on = dice.of(&days);
        shop.noticed_on = dice.of(&days);
        shop.order.promised_on = Some(dice.of(&days));
        shop.order.returned_on = Some(dice.of(&days));
        shop.order.refunded_on = Some(dice.of(&days));
        shop.order.parcels = vec![Parcel { shipped_on: Some(dice.of(&days)), delivered_on: Some(dice.of(&days)) }];
        shop.order.total =
            Some(crate::domain::Money { minor: dice.of(&[i64::MIN, -1, i64::MAX]), currency: "EUR".into() });
        let index = usize::try_from(dice.below(7)).unwrap();
        let text = texts.get(index).unwrap();
        (shop.known.purchase_date, shop.known.product) = (Some(text.clone()), Some(text.clone()));
        shop.known.order_number = Some(text.clone());
        shop.texts = vec![(dice.of(&days), text.clone())];
        let _ = shop.assess();
    }
}
