//! What holds for every queue, at every hour.

use jiff::civil::date;
use jiff::tz::TimeZone;

use super::*;
use crate::domain::policy::Promises;

/// A generator with a seed: the same queues on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.below(sides) == 0
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        let index = usize::try_from(self.below(u64::try_from(all.len()).unwrap())).unwrap();
        *all.get(index).unwrap()
    }

    fn hours(&mut self, most: u64) -> SignedDuration {
        SignedDuration::from_mins(i64::try_from(self.below(most * 60)).unwrap())
    }
}

/// Tuesday, half past ten in Paris.
fn tuesday() -> Timestamp {
    "2026-03-10T09:30:00Z".parse().unwrap()
}

fn calendar() -> Calendar {
    let paris = TimeZone::get("Europe/Paris").unwrap();
    Calendar::parse(paris, "Mon-Fri 09:00-12:30 14:00-18:00, Sat 10:00-12:00", &[], Some("FR")).unwrap()
}

fn policy() -> Policy {
    let market =
        Marketplace { name: "bazar".into(), domains: Vec::new(), answer_within_hours: Some(24), acknowledge: false };
    let promises = Promises { answer_within_hours: 16, ..Promises::default() };
    Policy { promises, marketplaces: vec![market], ..Policy::default() }
}

/// A calm case, sure, that waits since then.
fn work(n: u64, since: Timestamp) -> Work {
    Work {
        case: CaseId::from_random(n, 6),
        since,
        opened_at: since,
        customer: None,
        anger: Anger::Calm,
        unsure: false,
        grave: None,
        owed: None,
        law: None,
        promised: None,
        marketplace: None,
        product: None,
        reason: None,
    }
}

fn any(dice: &mut Dice, n: u64, now: Timestamp) -> Work {
    let since = now - dice.hours(24 * 9);
    let mut work = Work { anger: dice.of(Anger::ALL), unsure: dice.one_in(3), ..work(n, since) };
    work.grave = dice.one_in(8).then(|| dice.of(&[Grave::Danger, Grave::Threat]));
    work.owed = dice.one_in(15).then(|| dice.of(&[Owed::Delivery, Owed::RefundNotice, Owed::Promise]));
    let around = |dice: &mut Dice| now - SignedDuration::from_hours(48) + dice.hours(24 * 14);
    work.law = dice.one_in(6).then(|| calendar().local_day(around(dice)));
    work.promised = dice.one_in(8).then(|| around(dice));
    work.marketplace = dice.one_in(8).then(|| dice.of(&["bazar", "unknown"]).to_owned());
    work
}

fn queue(dice: &mut Dice, now: Timestamp) -> Vec<Work> {
    (0..40).map(|n| any(dice, n, now)).collect()
}

/// At any hour of three weeks, an Easter among them.
fn some_hour(dice: &mut Dice) -> Timestamp {
    "2026-03-20T00:00:00Z".parse::<Timestamp>().unwrap() + dice.hours(24 * 21)
}

fn has_deadline(why: &Why) -> bool {
    matches!(why, Why::Deadline { .. })
}

#[test]
fn the_order_is_total_and_stays_whatever_stood_before() {
    let (policy, calendar, mut dice) = (policy(), calendar(), Dice(1));
    for _ in 0..50 {
        let now = some_hour(&mut dice);
        let agenda = Agenda::new(&policy, &calendar, now);
        let mut one = queue(&mut dice, now);
        let mut other = one.clone();
        other.reverse();
        agenda.sort(&mut one);
        agenda.sort(&mut other);
        assert_eq!(one, other);
        assert!(one.is_sorted_by(|a, b| agenda.place(a) < agenda.place(b)), "no two share a place");
    }
}

#[test]
fn who_waits_longer_never_falls_behind_for_it() {
    let (policy, calendar, mut dice) = (policy(), calendar(), Dice(2));
    for n in 0..5000 {
        let now = some_hour(&mut dice);
        let agenda = Agenda::new(&policy, &calendar, now);
        let younger = any(&mut dice, n, now);
        let older = Work { since: younger.since - dice.hours(100), ..younger.clone() };
        assert!(agenda.place(&older) <= agenda.place(&younger), "{older:?}");
    }
}

#[test]
fn more_anger_doubt_or_gravity_never_puts_a_case_back() {
    let (policy, calendar, mut dice) = (policy(), calendar(), Dice(3));
    for n in 0..5000 {
        let now = some_hour(&mut dice);
        let agenda = Agenda::new(&policy, &calendar, now);
        let case = any(&mut dice, n, now);
        let worse = [
            Work { anger: Anger::Furious, ..case.clone() },
            Work { unsure: true, ..case.clone() },
            Work { grave: Some(Grave::Danger), ..case.clone() },
            Work { owed: case.owed.or(Some(Owed::Delivery)), ..case.clone() },
            Work { law: Some(calendar.local_day(now).min(case.law.unwrap_or(jiff::civil::Date::MAX))), ..case.clone() },
        ];
        for worse in worse {
            assert!(agenda.place(&worse) <= agenda.place(&case), "{worse:?} behind {case:?}");
        }
    }
}

#[test]
fn no_calm_mail_past_its_target_stands_below_a_younger_one_without_deadline_or_threat() {
    let (policy, calendar, mut dice) = (policy(), calendar(), Dice(4));
    let mut met = 0;
    for _ in 0..100 {
        let now = some_hour(&mut dice);
        let agenda = Agenda::new(&policy, &calendar, now);
        let mut queue = queue(&mut dice, now);
        agenda.sort(&mut queue);
        for (place, late) in queue.iter().enumerate().filter(|(_, work)| agenda.answer_due(work.since) <= now) {
            for above in queue.iter().take(place).filter(|above| above.since > late.since) {
                met += 1;
                assert!(has_deadline(&agenda.why(above)) || above.grave.is_some(), "{above:?} stands above {late:?}");
            }
        }
    }
    assert!(met > 100, "the sample holds such pairs: {met}");
}

#[test]
fn a_case_rises_as_time_goes_by_and_never_falls_behind_another_class() {
    let (policy, calendar, mut dice) = (policy(), calendar(), Dice(5));
    for n in 0..2000 {
        let now = some_hour(&mut dice);
        let case = any(&mut dice, n, now);
        let class = |now| Agenda::new(&policy, &calendar, now).place(&case).class;
        assert!(class(now + dice.hours(80)) <= class(now), "{case:?}");
    }
}

#[test]
fn the_reason_told_is_the_class_sorted_by() {
    let (policy, calendar, mut dice) = (policy(), calendar(), Dice(6));
    for n in 0..2000 {
        let now = some_hour(&mut dice);
        let agenda = Agenda::new(&policy, &calendar, now);
        let case = any(&mut dice, n, now);
        let told = match agenda.why(&case) {
            Why::Deadline { due, .. } => {
                assert_eq!(agenda.place(&case).at, due);
                Class::Deadline
            }
            Why::Grave { what: Grave::Danger } => Class::Danger,
            Why::Grave { what: Grave::Threat } => Class::Threat,
            Why::AnswerTarget { .. } => Class::Target,
            Why::Age { .. } => Class::Age,
        };
        assert_eq!(agenda.place(&case).class, told);
    }
}

/// Cases as a reviewer would put them, first to last.
#[test]
fn a_tuesday_morning() {
    let (policy, calendar, now) = (policy(), calendar(), tuesday());
    let ago = |hours: i64| now - SignedDuration::from_hours(hours);
    let queue = [
        ("a reply that came back", Work { owed: Some(Owed::Delivery), ..work(1, ago(30)) }),
        ("the marketplace wants an answer", Work { marketplace: Some("bazar".into()), ..work(2, ago(20)) }),
        ("the law's day is today", Work { law: Some(date(2026, 3, 10)), ..work(3, ago(2)) }),
        ("promised for tomorrow", Work { promised: Some(calendar.end_of(date(2026, 3, 11))), ..work(4, ago(1)) }),
        ("a burnt hand", Work { grave: Some(Grave::Danger), ..work(5, ago(0)) }),
        ("a lawyer's letter", Work { grave: Some(Grave::Threat), ..work(6, ago(90)) }),
        ("calm, past its target", work(7, ago(96))),
        ("calm, its target near", work(8, ago(70))),
        ("furious since this morning", Work { anger: Anger::Furious, ..work(9, ago(2)) }),
        ("angry since yesterday evening", Work { anger: Anger::Angry, ..work(10, ago(16)) }),
        ("calm since yesterday morning", work(11, ago(23))),
        (
            "unsure, a little younger than the next",
            Work { unsure: true, ..work(12, now - SignedDuration::from_mins(130)) },
        ),
        ("calm since eight", work(13, ago(3))),
        ("the law's day is in a week", Work { law: Some(date(2026, 3, 17)), ..work(14, ago(1)) }),
    ];
    let agenda = Agenda::new(&policy, &calendar, now);
    for pair in queue.windows(2) {
        let [(first, one), (second, other)] = pair else { unreachable!() };
        assert!(agenda.place(one) < agenda.place(other), "{first} before {second}");
    }
}

#[test]
fn deadlines_of_monday_are_looked_at_on_the_last_day_open_before() {
    let (policy, calendar) = (policy(), calendar());
    let case = Work { law: Some(date(2026, 3, 16)), ..work(1, tuesday()) };
    let class = |at: &str| Agenda::new(&policy, &calendar, at.parse().unwrap()).why(&case);
    assert!(!has_deadline(&class("2026-03-13T17:00:00Z")), "on Friday there is still Saturday");
    assert!(has_deadline(&class("2026-03-14T10:00:00Z")));
}

#[test]
fn a_shop_without_hours_works_ordinary_ones_and_one_that_never_opens_plain_ones() {
    let policy = policy();
    let closed = ["2020-01-01..2040-01-01".to_owned()];
    let never = Calendar::parse(TimeZone::UTC, "Mon 09:00-10:00", &closed, None).unwrap();
    for (calendar, due) in
        [(Calendar::without_hours(TimeZone::UTC), "2026-03-12T09:30:00Z"), (never, "2026-03-11T01:30:00Z")]
    {
        let agenda = Agenda::new(&policy, &calendar, tuesday());
        assert_eq!(agenda.answer_due(tuesday()), due.parse().unwrap());
        let old = work(1, tuesday() - SignedDuration::from_hours(24 * 20));
        assert!(matches!(agenda.why(&old), Why::AnswerTarget { .. }));
    }
}

/// An order of these products.
fn bought(products: &[&str]) -> Assessment {
    let lines: Vec<_> = products.iter().map(|product| serde_json::json!({ "product": product })).collect();
    let order = serde_json::json!({ "number": "48213", "ordered_on": "2026-02-09", "lines": lines });
    let found = serde_json::json!({ "lookup": "found", "order": order, "by_number": true, "at": tuesday() });
    let purchase = serde_json::from_value(found).unwrap();
    Assessment {
        at: tuesday(),
        purchase,
        findings: Vec::new(),
        governing: None,
        corrected: false,
        outcome: crate::domain::Outcome::NoRefundMatter,
        remedy: None,
        disagreements: Vec::new(),
        clocks: Vec::new(),
        terms: None,
        stage: None,
        warnings: Vec::new(),
        clause: None,
        marketplace: None,
        clues: Default::default(),
    }
}

#[test]
fn a_case_tells_the_product_as_the_order_names_it() {
    let nobody_judged = Case {
        id: CaseId::from_random(1, 6),
        mailbox: "support".into(),
        state: crate::domain::CaseState::NeedsReply,
        customer: None,
        our_address: None,
        language: "fr".into(),
        subject: String::new(),
        opened_at: tuesday(),
        last_message_at: tuesday(),
        waiting_since: tuesday(),
        closed_at: None,
        revision: 1,
        verdict: None,
        known: crate::domain::Given::default(),
        flags: [CaseFlag::NotDelivered].into(),
        thread: Vec::new(),
        linked: None,
        rating: None,
    };
    let work = Work::of(&nobody_judged, None, None);
    assert!(work.unsure && work.grave.is_none(), "nobody judged it");
    assert_eq!(work.owed, Some(Owed::Delivery));
    for (said, products, told) in [
        (None, &[][..], None),
        (Some("la bouilloire"), &[], Some("la bouilloire")),
        (None, &["Bouilloire Lume"], Some("Bouilloire Lume")),
        (Some("bouilloire"), &["Bouilloire Lume", "Grille-pain"], Some("Bouilloire Lume")),
        (Some("mon truc"), &["Bouilloire Lume"], Some("Bouilloire Lume")),
        (Some("mon truc"), &["Bouilloire Lume", "Grille-pain"], Some("mon truc")),
        (None, &["Bouilloire Lume", "Grille-pain"], None),
        (Some("bouilloire"), &["Bouilloire Lume", "Bouilloire Onda"], Some("bouilloire")),
    ] {
        let mut case = nobody_judged.clone();
        case.known.product = said.map(str::to_owned);
        let work = Work::of(&case, Some(&bought(products)), None);
        assert_eq!(work.product.as_deref(), told, "{said:?} of {products:?}");
    }
}
