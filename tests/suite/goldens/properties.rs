//! What no draft may ever say, over random policies, stances and cases: the seed of a failure is in its message.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use guichet::domain::assessment::{
    Assessment, Basis, Disagreement, LegalClock, Outcome, PersonWhy, RefundStage, Standing, Warning,
};
use guichet::domain::policy::{
    Alternative, AlternativeKind, AlternativeStance, Apology, Policy, RefusalLength, RefusalOffers, Stance,
};
use guichet::domain::{Anger, Fact, Given, Intent, Purchase, Reason, Signal, TemplateName};
use guichet::reply::compose;
use guichet::reply::lint::lint_draft;
use jiff::ToSpan;
use jiff::civil::Date;
use regex::Regex;

use super::shop::{Words, assessed, day, euros, kettle, policy, statutory, terms};
use super::situations::{Situation, verdict};

/// How many cases are drawn.
const CASES: u64 = 300;

/// Numbers by lot that are the same in every run (SplitMix64).
struct Lot(u64);

impl Lot {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % limit as u64).unwrap()
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn day(&mut self, from: i64, span: usize) -> Date {
        day("2026-03-03").checked_add((from + i64::try_from(self.below(span)).unwrap()).days()).unwrap()
    }
}

fn any_policy(lot: &mut Lot) -> Policy {
    let stance = Stance {
        refusal_offers: lot.one(&[RefusalOffers::None, RefusalOffers::NonMonetary, RefusalOffers::Any]),
        alternative: lot.one(&[
            AlternativeStance::Beside,
            AlternativeStance::Before,
            AlternativeStance::AfterAcceptance,
        ]),
        apology: lot.one(&[Apology::Experience, Apology::FaultWhenProven]),
        refusal_length: lot.one(&[RefusalLength::Short, RefusalLength::Full]),
        perks_to_flagged: lot.chance(30),
    };
    let mut alternatives = Vec::new();
    for kind in AlternativeKind::ALL {
        if lot.chance(40) {
            alternatives.push(Alternative {
                kind: *kind,
                instead_of_refund: lot.chance(50),
                on_top: lot.chance(50),
                cap: lot.chance(50).then(|| euros("30")),
                cap_percent: lot.chance(50).then_some(20),
                text: BTreeMap::new(),
            });
        }
    }
    let mut policy = Policy { stance, alternatives, quote_legal_clocks: lot.chance(30), ..policy() };
    if lot.chance(15) {
        policy.clauses.clear();
    }
    for clause in &mut policy.clauses {
        if lot.chance(10) {
            clause.url.clear();
        }
        if lot.chance(10) {
            clause.text.remove("en");
        }
    }
    if lot.chance(30) {
        policy.mediator = None;
    }
    policy
}

fn any_assessment(lot: &mut Lot) -> Assessment {
    let mut order = kettle();
    order.promised_on = lot.chance(60).then(|| lot_day_before(lot));
    order.returned_on = lot.chance(30).then(|| lot_day_before(lot));
    order.returned_in_part = lot.chance(40);
    if lot.chance(40) {
        let charge = order.charges[0].clone();
        order.charges.push(charge);
    }
    let governing = lot.one(Basis::ALL);
    let person =
        lot.one(&[PersonWhy::StatutoryRefusal, PersonWhy::OtherSender, PersonWhy::DisputeOpen, PersonWhy::InPart]);
    let outcome = lot.one(&[
        Outcome::Eligible(governing),
        Outcome::Eligible(governing),
        Outcome::Ineligible("returns".into()),
        Outcome::Ineligible("opened".into()),
        Outcome::NeedsInformation(vec![Fact::OrderNumber, Fact::Reason]),
        Outcome::NeedsPerson(person),
        Outcome::NoRefundMatter,
    ]);
    let refused = matches!(outcome, Outcome::Ineligible(_));
    let governing = if refused && lot.chance(80) { Basis::Goodwill } else { governing };
    let paid_by = lot.day(-5, 30);
    let mut named = terms("129.90");
    let amounts = [euros("129.90"), euros("60"), euros("60")];
    named.amount = lot.chance(80).then(|| lot.one(&amounts));
    named.method = lot.one(&["original", "bank_transfer", "store_credit", "cheque", "Lydia"]).to_owned();
    named.paid_by = paid_by;
    named.arrives_by = paid_by.checked_add(i64::try_from(lot.below(9)).unwrap().days()).unwrap();
    named.return_needed = lot.chance(40);
    named.customer_pays_return = lot.chance(40);
    named.return_by = lot.chance(50).then(|| lot.day(-3, 20));
    let terms = lot.chance(90).then_some(named);
    let mut found = assessed(lot.chance(80).then_some(order), Some(governing), outcome, terms);
    if refused && lot.chance(20) {
        found.findings[3].standing = Standing::Possible;
    }
    found.clause = lot.chance(60).then(|| "opened".into());
    found.clocks = (0..lot.below(3)).map(|_| any_clock(lot)).collect();
    found.stage = any_stage(lot);
    if lot.chance(20) {
        found.warnings.push(Warning { name: "refund_rate".into(), text: "4 of 5".into() });
    }
    if lot.chance(40) {
        found.warnings.push(Warning { name: "keeps_it".into(), text: "taken back".into() });
    }
    if lot.chance(20) {
        found.disagreements.push(Disagreement { about: "email".into(), what: "another".into(), decides: true });
    }
    found
}

fn lot_day_before(lot: &mut Lot) -> Date {
    lot.day(-40, 35)
}

fn any_clock(lot: &mut Lot) -> LegalClock {
    LegalClock {
        what: lot.one(&["refund after withdrawal", "repair or replacement"]).into(),
        by: lot.day(-3, 30),
        articles: vec![lot.one(&["L221-24", "L217-10"]).into()],
        increases: Vec::new(),
    }
}

fn any_stage(lot: &mut Lot) -> Option<RefundStage> {
    let stage = match lot.below(5) {
        0 => RefundStage::Unknown,
        1 => RefundStage::NotStarted { by: lot.day(-5, 15) },
        2 => RefundStage::UnderWay { paid_on: lot.day(-5, 5), arrives_by: lot.day(0, 10) },
        3 => RefundStage::Overdue { paid_on: lot.day(-30, 20), reference: lot.chance(50).then(|| "RF-1".into()) },
        _ => RefundStage::Short { paid: euros("100"), missing: euros("29.90") },
    };
    lot.chance(60).then_some(stage)
}

fn any_situation(seed: u64) -> Situation {
    let lot = &mut Lot(seed);
    let intent = lot.one(Intent::ALL);
    let reason = (intent == Intent::RefundRequest).then(|| lot.one(Reason::ALL));
    let signals = if lot.chance(30) { vec![Signal::Withdrawal] } else { Vec::new() };
    let missing = if lot.chance(50) { vec![Fact::OrderNumber, Fact::Reason] } else { Vec::new() };
    let verdict = verdict(intent, reason, lot.one(Anger::ALL), &missing, &signals);
    let assessment = any_assessment(lot);
    Situation {
        template: "",
        name: "by lot",
        verdict: Some(verdict),
        known: Given::default(),
        assessment: lot.chance(92).then_some(assessment),
        policy: any_policy(lot),
        promised: lot.chance(20).then(|| lot.day(-5, 10)),
    }
}

/// A draft of a case by lot.
struct Drawn<'a> {
    seed: u64,
    language: &'a str,
    template: &'a str,
    situation: &'a Situation,
    text: String,
}

impl Drawn<'_> {
    fn place(&self) -> String {
        format!("seed {}, {}/{}:\n{}", self.seed, self.language, self.template, self.text)
    }

    fn outcome(&self) -> Option<&Outcome> {
        self.situation.assessment.as_ref().map(|found| &found.outcome)
    }

    fn says(&self, words: &[&str]) -> bool {
        words.iter().any(|words| self.text.contains(words))
    }
}

/// Every draft that can be written, of every case drawn.
fn for_every_draft(check: impl Fn(&Drawn<'_>)) -> BTreeMap<String, usize> {
    let words = Words::load();
    let names: Vec<TemplateName> = words.templates.drafts("fr").map(|info| info.name.clone()).collect();
    let mut written = BTreeMap::new();
    for seed in 0..CASES {
        let situation = any_situation(seed);
        for language in ["fr", "en"] {
            for name in &names {
                let text = words.drafted(&situation, |parts, voice| compose::twin(parts, name, voice, language));
                match text {
                    Ok(text) => {
                        *written.entry(name.to_string()).or_default() += 1;
                        check(&Drawn { seed, language, template: name.as_str(), situation: &situation, text });
                    }
                    Err(problem) => assert!(problem.unfit().is_some(), "seed {seed}, {language}/{name}: {problem}"),
                }
            }
        }
    }
    for name in &names {
        assert!(
            written.get(name.as_str()).is_some_and(|times| *times > 4),
            "{name} is hardly ever written: {written:?}"
        );
    }
    written
}

#[test]
fn nothing_is_accepted_unless_it_is_owed() {
    let accepted = Cell::new(0);
    for_every_draft(|drawn| {
        let eligible = matches!(drawn.outcome(), Some(Outcome::Eligible(_)));
        let accepting = ["est acceptée", "nous vous remboursons", "is accepted", "we are refunding", "reste acquis"];
        accepted.set(accepted.get() + usize::from(drawn.says(&accepting)));
        assert!(eligible || !drawn.says(&accepting), "{}", drawn.place());
    });
    assert!(accepted.get() > 100, "{} drafts accept", accepted.get());
}

#[test]
fn a_refusal_has_clause_address_and_mediator_and_refuses_nothing_of_the_law() {
    let refused = Cell::new(0);
    for_every_draft(|drawn| {
        let refusing =
            ["suite favorable", "ne prévoient pas de remboursement", "not able to grant", "not provide for a refund"];
        if !drawn.says(&refusing) {
            return;
        }
        refused.set(refused.get() + 1);
        let Some(Outcome::Ineligible(id)) = drawn.outcome() else { panic!("{}", drawn.place()) };
        assert!(!statutory(drawn.situation.assessment.as_ref()), "{}", drawn.place());
        let policy = &drawn.situation.policy;
        let said = policy.clauses.iter().find(|clause| {
            let text = clause.text.get(drawn.language);
            clause.id == *id && text.is_some_and(|text| drawn.text.contains(text)) && drawn.text.contains(&clause.url)
        });
        assert!(said.is_some_and(|clause| !clause.url.is_empty()), "{}", drawn.place());
        if let Some(mediator) = &policy.mediator {
            assert!(drawn.says(&[&mediator.name]) && drawn.says(&[&mediator.url]), "{}", drawn.place());
        }
    });
    assert!(refused.get() > 50, "{} drafts refuse", refused.get());
}

/// What a kind of offer is recognised by.
fn offered_words(kind: AlternativeKind, language: &str) -> &'static str {
    match (kind, language) {
        (AlternativeKind::StoreCredit, "fr") => "un avoir à utiliser",
        (AlternativeKind::StoreCredit, _) => "store credit worth",
        (AlternativeKind::GiftCard, "fr") => "une carte cadeau d’une valeur",
        (AlternativeKind::GiftCard, _) => "a gift card worth",
        (AlternativeKind::LoyaltyPoints, "fr") => "des points de fidélité",
        (AlternativeKind::LoyaltyPoints, _) => "loyalty points",
        (AlternativeKind::Discount, "fr") => "une remise",
        (_, "fr") => "une séance offerte",
        (AlternativeKind::Discount, _) => "a discount",
        _ => "a free session",
    }
}

#[test]
fn nothing_is_offered_that_policy_or_stance_forbids() {
    use AlternativeKind::{Discount, FreeSession, GiftCard, LoyaltyPoints, StoreCredit};
    // Offers beside a refund, and in a refusal.
    let made = [Cell::new(0), Cell::new(0)];
    for_every_draft(|drawn| {
        for kind in [Discount, FreeSession, GiftCard, LoyaltyPoints, StoreCredit] {
            if !drawn.says(&[offered_words(kind, drawn.language)]) {
                continue;
            }
            let in_refusal = usize::from(matches!(drawn.outcome(), Some(Outcome::Ineligible(_))));
            made[in_refusal].set(made[in_refusal].get() + 1);
            let policy = &drawn.situation.policy;
            let allowed = policy.alternatives.iter().find(|offer| offer.kind == kind);
            let Some(allowed) = allowed else { panic!("{}", drawn.place()) };
            let fits = match drawn.outcome() {
                Some(Outcome::Eligible(_)) => allowed.on_top || allowed.instead_of_refund,
                Some(Outcome::Ineligible(_)) => match policy.stance.refusal_offers {
                    RefusalOffers::None => false,
                    RefusalOffers::NonMonetary => allowed.instead_of_refund && !kind.is_monetary(),
                    RefusalOffers::Any => allowed.instead_of_refund,
                },
                _ => false,
            };
            let flagged = drawn
                .situation
                .assessment
                .as_ref()
                .is_some_and(|found| found.warnings.iter().any(|warning| warning.name == "refund_rate"));
            assert!(fits && (!flagged || policy.stance.perks_to_flagged), "{}", drawn.place());
        }
    });
    assert!(made.iter().all(|count| count.get() > 20), "{made:?}");
}

/// `3 mars 2026`, `3 March 2026`.
fn written(date: Date, language: &str) -> String {
    let french = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre";
    let english = "January February March April May June July August September October November December";
    let months = if language == "fr" { french } else { english };
    let month = months.split(' ').nth(usize::try_from(date.month()).unwrap() - 1).unwrap();
    let first = if language == "fr" && date.day() == 1 { "er" } else { "" };
    format!("{}{first} {month} {}", date.day(), date.year())
}

#[test]
fn every_day_named_is_one_that_was_decided() {
    let dates = Regex::new(r"\d{1,2}(?:er)? \p{L}+ \d{4}").unwrap();
    let today = day("2026-03-03");
    for_every_draft(|drawn| {
        let mut may = BTreeSet::from([today]);
        may.extend(drawn.situation.promised);
        if let Some(found) = &drawn.situation.assessment {
            if let Some(order) = found.purchase.order() {
                may.extend(
                    [Some(order.ordered_on), order.promised_on, order.delivered_on(), order.returned_on]
                        .into_iter()
                        .flatten(),
                );
                may.extend(order.charges.iter().map(|charge| charge.on));
            }
            may.extend(match &found.stage {
                Some(RefundStage::NotStarted { by }) => vec![*by],
                Some(RefundStage::UnderWay { paid_on, arrives_by }) => vec![*paid_on, *arrives_by],
                Some(RefundStage::Overdue { paid_on, .. }) => vec![*paid_on],
                _ => Vec::new(),
            });
            if let (Outcome::Eligible(_), Some(terms)) = (&found.outcome, &found.terms) {
                // A day that has passed is no promise.
                may.extend(
                    [Some(terms.paid_by), Some(terms.arrives_by), terms.return_by]
                        .into_iter()
                        .flatten()
                        .filter(|by| *by >= today),
                );
            }
            if drawn.situation.policy.quote_legal_clocks {
                may.extend(found.clocks.iter().map(|clock| clock.by));
            }
        }
        let may: BTreeSet<String> = may.into_iter().map(|date| written(date, drawn.language)).collect();
        for named in dates.find_iter(&drawn.text.replace(['\u{a0}', '\u{202f}'], " ")) {
            assert!(may.contains(named.as_str()), "“{}” in {}", named.as_str(), drawn.place());
        }
    });
}

#[test]
fn no_refund_is_promised_later_than_the_law_allows() {
    for_every_draft(|drawn| {
        let Some(Assessment { terms: Some(terms), clocks, .. }) = &drawn.situation.assessment else { return };
        let promised = drawn.says(&["Voici comment et quand", "This is how and when"]);
        let broken = clocks.iter().any(|clock| {
            clock.articles == ["L221-24"]
                && clock.what.starts_with("refund")
                && clock.by >= day("2026-03-03")
                && terms.paid_by > clock.by
        });
        assert!(!(promised && broken), "{}", drawn.place());
    });
}

#[test]
fn nothing_of_an_order_is_told_to_somebody_who_may_not_be_its_buyer() {
    for_every_draft(|drawn| {
        let Some(found) = &drawn.situation.assessment else { return };
        let other = found.disagreements.iter().any(|found| found.about == "email")
            || matches!(found.outcome, Outcome::NeedsPerson(PersonWhy::OtherSender));
        if other && matches!(found.purchase, Purchase::Found { .. }) {
            let order = kettle();
            let delivered = format!(" {}", written(order.delivered_on().unwrap(), drawn.language));
            let said = drawn.says(&[&order.number, "Bouilloire", &delivered]);
            assert!(!said, "{}", drawn.place());
        }
    });
}

#[test]
fn no_draft_has_a_flaw_or_quotes_the_law_unasked() {
    for_every_draft(|drawn| {
        let law = statutory(drawn.situation.assessment.as_ref());
        assert_eq!(lint_draft(&drawn.text, drawn.language, law), Vec::new(), "{}", drawn.place());
        assert!(drawn.situation.policy.quote_legal_clocks || !drawn.says(&["L221-24", "L217-10"]), "{}", drawn.place());
    });
}

#[test]
fn nobody_is_told_that_nothing_is_refunded_who_still_asks_for_it() {
    for_every_draft(|drawn| {
        if drawn.says(&["rien ne vous sera remboursé", "nothing will be refunded"]) {
            let found = drawn.situation.assessment.as_ref().unwrap();
            let keeps = found.warnings.iter().any(|warning| warning.name == "keeps_it");
            assert!(keeps && found.outcome == Outcome::NoRefundMatter, "{}", drawn.place());
            assert!(found.disagreements.is_empty(), "nor somebody who may not be the buyer: {}", drawn.place());
        }
    });
}
