//! Figures over a store made by hand; each number below was worked out on paper.

use guichet::domain::outgoing::AttemptOutcome;
use guichet::domain::record::CallDirection;
use guichet::domain::{Case, CaseState, Event, Money, Reason, Signal};
use guichet::ports::store::{Counted, Figures, NoticeState, Period, Spread, Tally};
use guichet::ports::{Clock as _, Store as _};
use jiff::SignedDuration;
use jiff::civil::date;
use jiff::tz::TimeZone;

use super::{approve, kettle, owed};
use crate::shop::letters::Letter;
use crate::shop::{MAILBOX, Shop, open};

async fn figures(shop: &Shop, from: Option<&str>, to: Option<&str>) -> Figures {
    let day = |text: Option<&str>| text.map(|text| text.parse().unwrap());
    let period = Period { from: day(from), to: day(to) };
    shop.store.figures(period, &TimeZone::get("Europe/Paris").unwrap()).await.unwrap()
}

/// Everything that is due leaves now.
async fn send(shop: &Shop) {
    let lease = shop.store.lease(MAILBOX).await.unwrap();
    let now = shop.clock.now();
    for mail in shop.store.claim_due(&lease, now, 99).await.unwrap() {
        shop.store.mark_committing(&lease, &mail.id).await.unwrap();
        let accepted = AttemptOutcome::Accepted { response: "250 ok".into() };
        shop.store.finish(&lease, &mail.id, accepted, now).await.unwrap();
    }
}

fn counts(pairs: &[(&str, u64)]) -> guichet::ports::store::Counts {
    pairs.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect()
}

#[tokio::test]
async fn the_figures_are_those_worked_out_by_hand() {
    let shop = open().await;
    // Tuesday 3 March 2026, 10:00 UTC. Three cases: Kim wrote 10, Tom 20 and Zoe 30 minutes ago.
    let kim = owed(&shop, &kettle()).await;
    let tom = Letter::new("tom@tom.example", "Toaster", "It is broken.").ago(20).judged(|verdict| {
        verdict.reason = Some(Reason::Defective);
        verdict.given.product = Some("toaster".into());
    });
    shop.receive(&tom).await;
    let zoe = Letter::new("zoe@zoe.example", "Bill", "I go to court.").ago(30).judged(|verdict| {
        verdict.signals = vec![Signal::LegalThreat];
        verdict.unsure = vec![guichet::domain::verdict::Unsure::Reason];
    });
    let zoe = shop.receive(&zoe).await;
    send(&shop).await;
    // Kim's refund is accepted an hour later with another text, Zoe is called.
    shop.clock.advance(SignedDuration::from_hours(1));
    approve(&shop, &kim, "accept", Some("We will refund you within 5 business days.")).await;
    shop.review.log_call(&zoe, CallDirection::Outgoing, "", &super::ana()).await.unwrap();
    shop.clock.advance(SignedDuration::from_secs(60));
    send(&shop).await;
    let lease = shop.store.lease(MAILBOX).await.unwrap();
    let row = shop.store.claim_notice(&lease, shop.clock.now()).await.unwrap().unwrap();
    let told = guichet::ports::store::TellOutcome::Told;
    let (case, key) = (&row.notice.case, &row.notice.idempotency_key);
    shop.store.finish_notice(&lease, case, key, told, shop.clock.now()).await.unwrap();

    let all = figures(&shop, None, None).await;
    let wanted = Figures {
        cases: 3,
        states: counts(&[("answered", 1), ("needs_reply", 2)]),
        intents: counts(&[("refund_request", 3)]),
        reasons: counts(&[("defective", 1), ("unspecified", 2)]),
        products: counts(&[("toaster", 1)]),
        weeks: counts(&[("2026-W10", 3)]),
        months: counts(&[("2026-03", 3)]),
        outcomes: counts(&[("eligible", 1)]),
        bases: counts(&[("conformity", 1)]),
        // 10, 20 and 30 minutes after they wrote.
        to_acknowledgement: Spread { count: 3, median: Some(1200), p90: Some(1800) },
        // Kim: 10 minutes, an hour, and a minute of sending.
        to_first_answer: Spread { count: 1, median: Some(4260), p90: Some(4260) },
        to_decision: Spread { count: 1, median: Some(4200), p90: Some(4200) },
        to_refund_notice: Spread { count: 1, median: Some(4260), p90: Some(4260) },
        approved: counts(&[("accept", 1)]),
        edited: counts(&[("accept", 1)]),
        unsure: 1,
        notices: counts(&[("told", 1)]),
        refunded: vec![Money::parse("129.90", "EUR").unwrap()],
        calls: 1,
        ..Figures::default()
    };
    assert_eq!(all, wanted);
    assert_eq!(figures(&shop, Some("2026-03-03"), Some("2026-03-03")).await.cases, 3);
    assert_eq!(figures(&shop, Some("2026-03-04"), None).await, Figures::default());
    assert_eq!(figures(&shop, None, Some("2026-03-02")).await.cases, 0);
    assert!(Period { from: Some(date(2026, 3, 3)), to: None }.holds(date(2026, 3, 3)));
}

#[tokio::test]
async fn what_became_of_another_solution_is_told_by_what_followed() {
    let shop = open().await;
    let case = owed(&shop, &kettle()).await;
    let file = approve(&shop, &case, "accept", Some("We will refund you.")).await;
    let became = |template: &str, state: CaseState, told: bool| {
        let mut record = file.record.clone();
        for entry in &mut record {
            if let Some(Event::Approved { template: name, .. }) = &mut entry.event {
                *name = Some(template.into());
            }
        }
        let mut notices = file.notices.clone();
        if told {
            notices.iter_mut().for_each(|row| row.state = NoticeState::Told { at: shop.clock.now() });
        }
        let case = Case { state, ..file.case.clone() };
        let mut tally = Tally::new(Period::default(), TimeZone::UTC);
        let counted = Counted { case: &case, outgoing: &[], record: &record, assessment: None, notices: &notices };
        tally.add(&counted);
        tally.add(&counted);
        tally.finish()
    };
    assert_eq!(file.notices.len(), 1);
    for (state, told, name) in [
        (CaseState::Answered, true, "refunded"),
        (CaseState::NeedsReply, true, "refunded"),
        (CaseState::Answered, false, "without_refund"),
        (CaseState::WaitingForCustomer, false, "open"),
    ] {
        assert_eq!(became("alternative", state, told).alternatives, counts(&[(name, 2)]), "{state:?} {told}");
    }
    assert_eq!(became("accept", CaseState::Answered, true).alternatives, counts(&[]));
    let one = file.notices[0].notice.amount.clone();
    let twice = one.map(|amount| amount.plus(&amount).unwrap());
    assert_eq!(became("accept", CaseState::Answered, true).refunded, Vec::from_iter(twice));
    assert_eq!(became("accept", CaseState::Answered, false).refunded, []);
}

#[tokio::test]
async fn a_mark_that_we_asked_for_is_shown_and_counted() {
    let shop = open().await;
    let case = owed(&shop, &kettle()).await;
    approve(&shop, &case, "ask_feedback", None).await;
    shop.clock.advance(SignedDuration::from_secs(60));
    send(&shop).await;
    shop.clock.advance(SignedDuration::from_secs(60));
    let answer = Letter::new("Kim <kim@kim.example>", "Re: Broken kettle", "I'd give it a 4.");
    assert_eq!(shop.receive(&answer.ago(0)).await, case);
    let marks = figures(&shop, None, None).await.ratings;
    assert_eq!(marks, [("2026-03".to_owned(), counts(&[("4", 1)]))].into());
    let mut visitor = crate::shop::http::Visitor::new(shop.address);
    visitor.sign_in().await;
    let page = visitor.get(&format!("/case/{case}")).await;
    assert!(page.body.contains("Mark: 4 of 5") && page.body.contains("Mark given: 4 of 5"), "{}", page.body);
}
