//! Clocks, terms and warnings.

use jiff::civil::date;

use super::shop::{Shop, euros};
use crate::domain::assessment::{Basis, Outcome};
use crate::domain::history::EarlierCase;
use crate::domain::order::LineKind;
use crate::domain::{CaseId, Reason};

#[test]
fn withdrawal_is_paid_within_fourteen_days_or_when_the_goods_are_back() {
    let mut shop = Shop::on(date(2026, 3, 16)).delivered(date(2026, 3, 2)).because(Reason::ChangedMind);
    let assessment = shop.assess();
    let clock = assessment.clocks.first().unwrap();
    assert_eq!(clock.by, date(2026, 3, 30));
    assert!(clock.what.contains("may wait for the goods") && clock.increases.is_empty());
    let terms = assessment.terms.unwrap();
    // Monday 16 March and five business days, then five banking days.
    assert_eq!((terms.paid_by, terms.arrives_by), (date(2026, 3, 23), date(2026, 3, 30)));
    assert!(terms.return_needed && terms.customer_pays_return && terms.from_return);
    assert_eq!(terms.return_by, Some(date(2026, 3, 30)));
    assert_eq!(terms.amount, Some(euros("54.90")), "delivery included");
    assert_eq!(terms.method, "original");
    shop.order.returned_on = Some(date(2026, 4, 3));
    shop.today = date(2026, 4, 3);
    shop.noticed_on = date(2026, 3, 16);
    let assessment = shop.assess();
    let clock = assessment.clocks.first().unwrap();
    assert_eq!(clock.by, date(2026, 4, 3), "the goods are there");
    assert_eq!(assessment.terms.unwrap().paid_by, date(2026, 4, 3));
    assert!(assessment.warnings.iter().any(|warning| warning.name == "promise_past_clock"));
}

#[test]
fn increases_begin_on_their_days() {
    let mut shop = Shop::on(date(2026, 3, 16)).delivered(date(2026, 3, 2)).because(Reason::ChangedMind);
    shop.order.return_sent_on = Some(date(2026, 3, 17));
    let assessment = shop.assess();
    let clock = assessment.clocks.first().unwrap();
    assert_eq!(
        clock.increases,
        [
            "legal interest from 2026-03-31 (day 1)",
            "+ 5 % from 2026-04-10 (day 11)",
            "+ 10 % from 2026-04-20 (day 21)",
            "+ 20 % from 2026-04-30 (day 31)",
            "+ 50 % from 2026-05-30 (day 61)",
            "+ 5 points more per month, up to the price, then legal interest, from 2026-06-29 (day 91)",
        ]
    );
    let lost = Shop::on(date(2026, 3, 16)).ordered(date(2026, 2, 1)).because(Reason::NotDelivered).assess();
    let clock = lost.clocks.first().unwrap();
    assert_eq!(clock.by, date(2026, 3, 30));
    assert_eq!(
        clock.increases,
        ["+ 10 % from 2026-03-31 (day 1)", "+ 20 % from 2026-04-14 (day 15)", "+ 50 % from 2026-04-30 (day 31)"]
    );
}

#[test]
fn a_broken_thing_goes_back_at_the_shops_cost() {
    let shop = Shop::on(date(2026, 3, 10)).delivered(date(2026, 3, 2)).because(Reason::Defective);
    let assessment = shop.assess();
    assert_eq!(assessment.outcome, Outcome::Eligible(Basis::Withdrawal));
    assert!(!assessment.terms.unwrap().customer_pays_return);
}

#[test]
fn digital_content_is_paid_back_fourteen_days_after_we_were_told() {
    let kind = |kind| {
        let mut shop = Shop::on(date(2026, 3, 20)).ordered(date(2026, 1, 10)).because(Reason::Defective);
        shop.order.lines.first_mut().unwrap().kind = kind;
        shop.texts = vec![
            (date(2026, 3, 2), "Le livre ne s'ouvre plus.".into()),
            (date(2026, 3, 16), "Il a déjà été réparé et il est de nouveau en panne.".into()),
        ];
        shop.noticed_on = date(2026, 3, 2);
        shop.assess()
    };
    let digital = kind(LineKind::Digital);
    let clock = digital.clocks.first().unwrap();
    assert_eq!((clock.by, clock.articles.as_slice()), (date(2026, 3, 30), &["L224-25-23".to_owned()][..]));
    assert!(!digital.terms.unwrap().return_needed, "there is nothing to send back");
    assert!(kind(LineKind::Goods).clocks.is_empty(), "of goods it runs from their return");
}

#[test]
fn a_fee_is_kept_of_goodwill_only() {
    let mut shop = Shop::on(date(2026, 3, 25)).delivered(date(2026, 3, 2)).because(Reason::ChangedMind);
    shop.policy.windows.first_mut().unwrap().fee_percent = 10;
    let assessment = shop.assess();
    assert_eq!(assessment.outcome, Outcome::Eligible(Basis::Goodwill));
    assert_eq!(assessment.terms.unwrap().amount, Some(euros("45")));
    assert_eq!(assessment.clause.as_deref(), Some("returns"));
    shop.today = date(2026, 3, 10);
    shop.noticed_on = shop.today;
    assert_eq!(shop.assess().terms.unwrap().amount, Some(euros("54.90")));
}

#[test]
fn warnings_show_their_arithmetic_and_decide_nothing() {
    let mut shop = Shop::on(date(2026, 3, 10)).delivered(date(2026, 3, 2)).because(Reason::ChangedMind);
    let before = shop.assess().outcome;
    shop.order.earlier_orders = Some(4);
    shop.order.country = Some("DE".into());
    shop.history.same_order = vec!["p…@example.org".into(), "q…@example.org".into()];
    let case = |opened: &str, refunded| EarlierCase {
        id: CaseId::parse("G-7K3Q").unwrap(),
        opened_at: opened.parse().unwrap(),
        asked_refund: true,
        refunded,
        refused: !refunded,
    };
    shop.history.earlier = vec![
        case("2026-02-10T10:00:00Z", true),
        case("2026-01-10T10:00:00Z", true),
        case("2025-11-10T10:00:00Z", true),
        case("2025-12-10T10:00:00Z", false),
    ];
    let assessment = shop.assess();
    assert_eq!(assessment.outcome, before);
    let texts: Vec<&str> = assessment.warnings.iter().map(|warning| warning.text.as_str()).collect();
    assert!(texts.contains(&"3 refunds on 4 earlier orders since 2025-11"), "{texts:?}");
    assert!(texts.contains(&"2 other addresses wrote about this order: p…@example.org, q…@example.org"), "{texts:?}");
    assert!(texts.contains(&"a refund was refused in G-7K3Q: another reviewer answers"), "{texts:?}");
    assert!(texts.iter().any(|text| text.starts_with("delivered to DE")), "{texts:?}");
}
