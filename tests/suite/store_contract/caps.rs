//! Limits on acknowledgements.

use guichet::domain::CaseFlag;
use guichet::ports::store::{Caps, OutboxFilter};
use jiff::{SignedDuration, Timestamp};

use super::{Bench, capped, queued};
use crate::support::letter::{Letter, MAILBOX, WIDE, minutes};

/// A letter about its own order, so that it opens a case.
fn letter(n: u32, at: Timestamp, caps: Caps) -> Letter {
    Letter::new(n).order(&format!("ORDER-{n}")).at(at).caps(caps)
}

pub async fn the_sender_is_limited_over_a_day(mut bench: Bench) {
    let caps = Caps { per_sender_per_day: 2, ..WIDE };
    let begin = minutes(0);
    let day = SignedDuration::from_hours(24);
    assert!(queued(&bench.receive(&letter(1, begin, caps)).await));
    assert!(queued(&bench.receive(&letter(2, begin + day / 2, caps).from("Camille+x@customer.example")).await));
    let third = letter(3, begin + day - SignedDuration::from_secs(1), caps);
    assert_eq!(capped(&bench.receive(&third).await), Some("cap: sender"));
    let file = bench.file(&third.case_id()).await;
    assert!(file.case.flags.contains(&CaseFlag::NotAcknowledged("cap: sender".into())));
    assert!(file.draft.is_some(), "a capped message keeps its case and draft");
    assert!(queued(&bench.receive(&letter(4, begin + day, caps)).await), "the window slides");
    assert_eq!(capped(&bench.receive(&letter(5, begin + day, caps)).await), Some("cap: sender"));
    assert_eq!(bench.store().outbox(OutboxFilter::Open).await.unwrap().len(), 3, "never acknowledged later");
}

pub async fn the_domain_is_limited_over_an_hour(mut bench: Bench) {
    let caps = Caps { per_domain_per_hour: Some(1), ..WIDE };
    assert!(queued(&bench.receive(&letter(1, minutes(0), caps).from("a@many.example")).await));
    let second = bench.receive(&letter(2, minutes(59), caps).from("b@MANY.example")).await;
    assert_eq!(capped(&second), Some("cap: domain"));
    assert!(queued(&bench.receive(&letter(3, minutes(59), caps).from("c@other.example")).await));
    assert!(queued(&bench.receive(&letter(4, minutes(60), caps).from("d@many.example")).await));
}

pub async fn hosts_of_one_domain_count_together(mut bench: Bench) {
    let caps = Caps { per_domain_per_hour: Some(2), ..WIDE };
    for (n, host) in [(1, "r1.many.co.uk"), (2, "a.b.many.co.uk")] {
        assert!(queued(&bench.receive(&letter(n, minutes(0), caps).from(&format!("p{n}@{host}"))).await));
    }
    for (n, host) in [(3, "r3.many.co.uk"), (4, "many.co.uk")] {
        let recorded = bench.receive(&letter(n, minutes(1), caps).from(&format!("p{n}@{host}"))).await;
        assert_eq!(capped(&recorded), Some("cap: domain"), "{host}");
    }
    assert!(queued(&bench.receive(&letter(5, minutes(1), caps).from("p5@other.co.uk")).await), "a registry's label");
}

pub async fn a_company_does_not_pay_for_public_mail(mut bench: Bench) {
    let public = Caps { per_domain_per_hour: None, ..WIDE };
    assert!(queued(&bench.receive(&letter(1, minutes(0), public).from("a@freemail.example")).await));
    let company = Caps { per_domain_per_hour: Some(1), ..WIDE };
    assert!(queued(&bench.receive(&letter(2, minutes(1), company).from("b@shop.freemail.example")).await));
}

pub async fn public_domains_have_no_limit(mut bench: Bench) {
    let caps = Caps { per_domain_per_hour: None, ..WIDE };
    for n in 1..=3 {
        let letter = letter(n, minutes(0), caps).from(&format!("person{n}@freemail.example"));
        assert!(queued(&bench.receive(&letter).await));
    }
}

pub async fn the_breaker_opens_and_waits_for_a_person(mut bench: Bench) {
    let caps = Caps { per_mailbox_per_hour: 2, ..WIDE };
    let from = |n: u32, at| letter(n, at, caps).from(&format!("p{n}@d{n}.example"));
    for n in 1..=2 {
        assert!(queued(&bench.receive(&from(n, minutes(0))).await));
    }
    assert_eq!(capped(&bench.receive(&from(3, minutes(1))).await), Some("breaker"));
    let breaker = bench.store().breaker(MAILBOX).await.unwrap().unwrap();
    assert_eq!((breaker.since, breaker.count), (minutes(1), 2));
    assert_eq!(capped(&bench.receive(&from(4, minutes(500))).await), Some("breaker"), "time alone does not close it");
    assert_eq!(bench.store().breaker("another").await.unwrap(), None);
    bench.step(|store, _| async move { store.release_breaker(MAILBOX, minutes(501)).await }).await.unwrap();
    assert_eq!(bench.store().breaker(MAILBOX).await.unwrap(), None);
    for n in 5..=6 {
        assert!(queued(&bench.receive(&from(n, minutes(501))).await), "the window begins anew");
    }
    assert_eq!(capped(&bench.receive(&from(7, minutes(502))).await), Some("breaker"));
}
