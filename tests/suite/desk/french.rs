//! A French desk says in French what law, policy and suggestion rules say: no sentence of theirs is left in English.

use std::collections::BTreeSet;

use guichet::adapters::assets::{Assets, Kind};
use guichet::desk::{Language, Words};
use guichet::domain::assessment::{Basis, Outcome, PersonWhy};
use guichet::domain::policy::{Clause, Policy, Window};
use guichet::domain::verdict::Unsure;
use guichet::domain::{
    Anger, Assessment, Calendar, CaseFlag, CustomerHistory, Email, Intent, Order, Purchase, Reason, Signal, Verdict,
};
use guichet::refund::clues::Clues;
use guichet::refund::{Letter, Situation, assess};
use guichet::reply::suggestion::{reminder, suggest, suggest_assessed};
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

use crate::shop::letters::verdict;

const TODAY: Date = date(2026, 7, 20);

/// Everything said about some thousand situations.
#[derive(Default)]
struct Said(BTreeSet<String>);

impl Said {
    fn of(&mut self, assessment: &Assessment) {
        self.0.extend(assessment.findings.iter().flat_map(|finding| finding.steps.iter().cloned()));
        self.0.extend(assessment.clocks.iter().flat_map(|clock| clock.increases.iter().chain([&clock.what]).cloned()));
        self.0.extend(assessment.warnings.iter().map(|warning| warning.text.clone()));
        self.0.extend(assessment.disagreements.iter().map(|told| told.what.clone()));
    }

    fn why(&mut self, verdict: &Verdict, assessment: &Assessment, policy: &Policy) {
        let flags = BTreeSet::from([CaseFlag::OtherLanguage("de".into())]);
        self.0.insert(suggest_assessed(verdict, assessment, policy, &BTreeSet::new(), "fr").why);
        self.0.insert(suggest(Some(verdict), &flags, "fr").why);
        let whys = [
            PersonWhy::StatutoryRefusal,
            PersonWhy::FactsDisagree,
            PersonWhy::OtherSender,
            PersonWhy::NewBankDetails,
            PersonWhy::InPart,
            PersonWhy::RefundNotFound,
            PersonWhy::NoClause,
            PersonWhy::OrderUnclear,
            PersonWhy::Official,
        ];
        let outcomes = whys.map(Outcome::NeedsPerson).into_iter().chain([Outcome::Ineligible("returns".into())]);
        for outcome in outcomes {
            let assessed = Assessment { outcome, ..assessment.clone() };
            self.0.insert(suggest_assessed(verdict, &assessed, policy, &BTreeSet::new(), "fr").why);
        }
    }
}

fn order(facts: serde_json::Value) -> Order {
    let mut all = serde_json::json!({ "number": "CMD-1042", "ordered_on": "2026-06-20" });
    all.as_object_mut().unwrap().extend(facts.as_object().unwrap().clone());
    Order { emails: vec![Email::parse("claire@example.org").unwrap()], ..serde_json::from_value(all).unwrap() }
}

fn orders() -> Vec<Option<Order>> {
    let euros = |minor: i64| serde_json::json!({ "minor": minor, "currency": "EUR" });
    let line = |kind: &str| serde_json::json!({ "product": "Bouilloire", "quantity": 1, "kind": kind });
    let lines = |kind: &str| serde_json::json!([line(kind)]);
    let subscription = serde_json::json!([{ "product": "Abonnement", "quantity": 1, "kind": "digital" }]);
    let arrived = |day: &str| serde_json::json!([{ "delivered_on": day }]);
    let charge = serde_json::json!({ "on": "2026-06-20", "amount": euros(5490) });
    let facts = [
        serde_json::json!({ "lines": lines("goods") }),
        serde_json::json!({ "lines": lines("goods"), "parcels": arrived("2026-07-17"), "total": euros(5490) }),
        serde_json::json!({ "lines": lines("goods"), "parcels": arrived("2026-06-22"), "ordered_on": "2026-06-20" }),
        serde_json::json!({ "lines": lines("goods"), "parcels": arrived("2026-07-01"), "refunded": euros(1000),
            "refunded_on": "2026-07-10", "total": euros(5490), "country": "BE" }),
        serde_json::json!({ "lines": lines("goods"), "parcels": arrived("2025-01-10"), "ordered_on": "2025-01-05",
            "refunded": euros(5490), "earlier_orders": 4 }),
        serde_json::json!({ "lines": lines("goods"), "parcels": arrived("2024-01-10"), "ordered_on": "2024-01-05" }),
        serde_json::json!({ "lines": lines("goods"), "parcels": [{ "shipped_on": null }], "promised_on": "2026-07-01" }),
        serde_json::json!({ "lines": lines("goods"), "parcels": [{ "shipped_on": null }], "promised_on": "2026-08-01" }),
        serde_json::json!({ "lines": lines("goods"), "parcels": [{ "shipped_on": null }], "ordered_on": "2026-05-01" }),
        serde_json::json!({ "lines": lines("goods"), "parcels": [{ "shipped_on": "2026-06-22" }] }),
        serde_json::json!({ "lines": lines("goods"), "parcels": [{ "shipped_on": "2024-06-22" }], "ordered_on": "2024-06-20" }),
        serde_json::json!({ "lines": lines("service") }),
        serde_json::json!({ "lines": lines("digital") }),
        serde_json::json!({ "lines": lines("digital"), "ordered_on": "2025-03-01" }),
        serde_json::json!({ "lines": lines("digital"), "ordered_on": "2024-03-01" }),
        serde_json::json!({ "lines": [line("goods"), line("digital")] }),
        serde_json::json!({ "lines": subscription, "ordered_on": "2026-01-01" }),
        serde_json::json!({ "lines": subscription, "ordered_on": "2025-01-01" }),
        serde_json::json!({ "lines": [line("goods"), { "product": "Thé vert", "quantity": 1 }], "parcels": arrived("2026-07-15") }),
        serde_json::json!({ "lines": [{ "product": "Thé vert", "quantity": 1 }], "parcels": arrived("2026-07-15") }),
        serde_json::json!({ "lines": [{ "product": "Crème", "quantity": 1 }], "parcels": arrived("2026-07-15") }),
        serde_json::json!({ "lines": [{ "product": "Bouilloire", "quantity": 1, "second_hand": true }],
            "parcels": arrived("2025-05-10"), "ordered_on": "2025-05-01" }),
        serde_json::json!({ "lines": lines("goods"), "charges": [charge, charge], "total": euros(5490) }),
        serde_json::json!({ "lines": lines("goods"), "charges": [charge, charge] }),
        serde_json::json!({ "lines": lines("goods"), "charges": [charge], "total": euros(5490) }),
        serde_json::json!({ "lines": lines("goods"), "cancelled_on": "2026-06-25" }),
    ];
    facts.into_iter().map(order).map(Some).chain([None]).collect()
}

fn policies() -> Vec<Policy> {
    let window = |family: Option<&str>, days: u16, no_withdrawal: Option<&str>| {
        let products = family.map(|family| vec![family.to_owned()]).unwrap_or_default();
        let facts = (family.map(str::to_owned), no_withdrawal.map(str::to_owned));
        Window {
            family: facts.0,
            products,
            days,
            clause: "returns".into(),
            fee_percent: 0,
            no_withdrawal: facts.1,
            supplied_months: (family == Some("abonnement")).then_some(12),
        }
    };
    let clause = Clause {
        id: "returns".into(),
        valid_from: date(2020, 1, 1),
        url: "https://shop.example/returns".into(),
        text: [("fr".to_owned(), "Retours".to_owned()), ("en".to_owned(), "Returns".to_owned())].into(),
    };
    let shop = Policy {
        windows: vec![
            window(Some("thé"), 0, Some("L221-28 4°")),
            window(Some("crème"), 20, Some("L221-28 5°")),
            window(Some("abonnement"), 30, None),
            window(None, 30, None),
        ],
        clauses: vec![clause],
        ..Policy::default()
    };
    vec![Policy { informs_of_withdrawal: false, ..Policy::default() }, shop]
}

fn histories() -> Vec<CustomerHistory> {
    let case = |id: &str| serde_json::json!({ "id": id, "opened_at": "2025-11-02T10:00:00Z", "asked_refund": true, "refunded": true, "refused": true });
    let of = |open: &[&str], others: &[&str]| {
        let earlier = serde_json::json!([case("G-AAAA"), case("G-BBBB"), case("G-CCCC")]);
        serde_json::from_value(serde_json::json!({ "open": open, "earlier": earlier, "same_order": others })).unwrap()
    };
    vec![
        CustomerHistory::default(),
        of(&["G-DDDD"], &["m…@example.com"]),
        of(&["G-DDDD", "G-EEEE"], &["m…@example.com", "l…@example.com"]),
    ]
}

const TEXTS: &[&str] = &[
    "Bonjour, merci de me rembourser.",
    "Bonjour, la bouilloire est encore en panne, je l’ai reçue le 12 juillet 2026 et payée 31,20 €.",
    "Bonjour, je n’ai pas reçu ma commande CMD-9999, passée le 2 février 2026, au 69003.",
    "Bonjour, je l’ai reçue le 16 juillet 2026, c’est le grille-pain Zorba.",
    "Bonjour, finalement je la garde.",
    "Bonjour, je vous ai renvoyé le colis hier, remboursez-moi.",
];

/// The `turn`-th situation with this order, reason and signal: what else differs comes round in steps of its own.
fn situation(turn: usize, reason: Reason, signal: Option<Signal>, policy: &Policy) -> Verdict {
    let every = |n: usize| turn.is_multiple_of(n);
    let intents = [Intent::RefundRequest, Intent::RefundNotReceived, Intent::Other];
    let mut of = verdict(intents[if every(11) { 2 } else { usize::from(every(5)) }]);
    of.reason = (of.intent == Intent::RefundRequest).then_some(reason);
    of.given.reason = of.reason.filter(|reason| *reason != Reason::Unspecified);
    of.given.product = every(3).then(|| "Zorba".to_owned());
    of.given.purchase_date = every(4).then(|| "le 12 juillet 2026".to_owned());
    of.given.order_number = every(2).then(|| "CMD-9999".to_owned());
    of.anger = Anger::ALL[turn % 4];
    of.signals = signal.into_iter().collect();
    of.unsure = if every(7) { vec![Unsure::Intent] } else { Vec::new() };
    of.missing = policy.missing(of.intent, &of.given);
    of
}

/// Law and policy on it.
fn judged(
    turn: usize,
    of: &Verdict,
    order: Option<&Order>,
    policy: &Policy,
    letter: &Letter<'_>,
    history: &CustomerHistory,
) -> Assessment {
    let every = |n: usize| turn.is_multiple_of(n);
    let now = TODAY.at(9, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap().timestamp();
    let found = |order: &Order| Purchase::Found { order: Box::new(order.clone()), by_number: !every(6), at: now };
    let customer = Email::parse(if every(9) { "other@example.net" } else { "claire@example.org" }).unwrap();
    let corrected = Basis::ALL.get(turn % (Basis::ALL.len() + 3)).copied();
    assess(&Situation {
        verdict: of,
        known: &of.given,
        purchase: &order.map_or(Purchase::NotFound { at: now }, found),
        history,
        customer: Some(&customer),
        letters: std::slice::from_ref(letter),
        other_sender: every(13),
        noticed_on: if every(8) { date(2026, 6, 1) } else { date(2026, 7, 18) },
        now,
        policy,
        calendar: &Calendar::without_hours(TimeZone::UTC),
        corrected,
    })
}

#[test]
fn every_sentence_of_an_assessment_and_a_suggestion_has_its_french() {
    let mut said = Said::default();
    let clues = Clues::load(&Assets::built_in().load(Kind::Rules).unwrap()).unwrap();
    let letter = |text: &&'static str| Letter { on: TODAY, text, clues: clues.find("", text, &[]) };
    let letters: Vec<Letter<'_>> = TEXTS.iter().map(letter).collect();
    let (orders, policies, histories) = (orders(), policies(), histories());
    let signals: Vec<Option<Signal>> = [None].into_iter().chain(Signal::ALL.iter().copied().map(Some)).collect();
    let mut turn = 0;
    for (order, reason) in orders.iter().flat_map(|order| Reason::ALL.iter().map(move |reason| (order, *reason))) {
        for (signal, policy) in signals.iter().flat_map(|signal| policies.iter().map(move |policy| (*signal, policy))) {
            for letter in &letters {
                turn += 1;
                let of = situation(turn, reason, signal, policy);
                let assessment = judged(turn, &of, order.as_ref(), policy, letter, &histories[turn % 3]);
                said.of(&assessment);
                said.why(&of, &assessment, policy);
            }
        }
    }
    said.0.extend([reminder().why, suggest(None, &BTreeSet::new(), "fr").why]);

    let words = Words::load(&Assets::built_in().load(Kind::Templates).unwrap()).unwrap();
    let english = ["the ", " is ", " was ", " of ", " says", " and ", "days", " by ", "refund "];
    let french = said.0.iter().map(|sentence| (sentence, words.told(Language::French, sentence)));
    let untold: Vec<String> = french
        .filter(|(sentence, french)| french == *sentence || english.iter().any(|word| french.contains(word)))
        .map(|(sentence, french)| format!("{sentence} → {french}"))
        .collect();
    assert!(untold.is_empty(), "{} without French:\n{}", untold.len(), untold.join("\n"));
    assert!(said.0.len() > 200, "{}", said.0.len());
}
