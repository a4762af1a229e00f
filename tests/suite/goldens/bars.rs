//! Why a draft is not written: each reason as a reviewer reads it.

use guichet::domain::assessment::{Basis, LegalClock, Outcome, PersonWhy, Standing, Terms};
use guichet::domain::policy::{Policy, RefusalOffers, Stance};
use guichet::domain::{Anger, Assessment, Given, Intent, Order, Reason, TemplateName};
use guichet::reply::compose;

use super::shop::{Words, assessed, day, eligible, euros, kettle, policy, terms};
use super::situations::{Situation, verdict};

fn refused(order: Option<Order>) -> Assessment {
    assessed(order, Some(Basis::Goodwill), Outcome::Ineligible("returns".into()), None)
}

fn with_finding(mut assessment: Assessment, basis: Basis, standing: Standing) -> Assessment {
    assessment.findings.iter_mut().filter(|found| found.basis == basis).for_each(|found| found.standing = standing);
    assessment
}

fn clocked(mut assessment: Assessment, what: &str, by: &str) -> Assessment {
    let articles = vec!["L221-24".to_owned()];
    assessment.clocks = vec![LegalClock { what: what.into(), by: day(by), articles, increases: Vec::new() }];
    assessment
}

/// `(template, assessment, policy, what the reason says)`.
fn rows() -> Vec<(&'static str, Option<Assessment>, Policy, &'static str)> {
    let owed = |terms: Terms| eligible(kettle(), Basis::Withdrawal, terms);
    let person = assessed(Some(kettle()), None, Outcome::NeedsPerson(PersonWhy::InPart), Some(terms("60")));
    let unworded = |change: fn(&mut guichet::domain::policy::Clause)| {
        let mut policy = policy();
        policy.clauses.iter_mut().for_each(change);
        policy
    };
    let early = Order { ordered_on: day("2023-05-01"), ..kettle() };
    let silent = Policy { stance: Stance { refusal_offers: RefusalOffers::None, ..Stance::default() }, ..policy() };
    vec![
        ("accept", None, policy(), "has not been assessed"),
        ("accept", Some(person.clone()), policy(), "the outcome is not eligible"),
        ("accept", Some(Assessment { terms: None, ..owed(terms("1")) }), policy(), "names no terms"),
        (
            "accept",
            Some(clocked(owed(terms("1")), "refund after withdrawal", "2026-03-09")),
            policy(),
            "later than the law allows",
        ),
        ("accept_in_part", Some(person), policy(), "the outcome is not eligible"),
        ("accept_in_part", Some(owed(terms("129.90"))), policy(), "not less than what was paid"),
        ("accept_in_part", Some(owed(terms("60"))), policy(), "nothing explains to the customer why only a part"),
        ("refuse", None, policy(), "has not been assessed"),
        ("refuse", Some(owed(terms("1"))), policy(), "the outcome is not ineligible"),
        (
            "refuse",
            Some(with_finding(refused(Some(kettle())), Basis::Conformity, Standing::Possible)),
            policy(),
            "a basis in law may apply (conformity)",
        ),
        ("refuse", Some(refused(Some(kettle()))), Policy { clauses: Vec::new(), ..policy() }, "no clause `returns`"),
        ("refuse", Some(refused(Some(kettle()))), unworded(|clause| clause.text.clear()), "no text in “fr”"),
        ("refuse", Some(refused(Some(kettle()))), unworded(|clause| clause.url.clear()), "no URL"),
        ("refuse", Some(refused(None)), policy(), "the day of the order is unknown"),
        ("refuse", Some(refused(Some(early))), policy(), "was in force on 2023-05-01"),
        ("alternative", Some(refused(Some(kettle()))), silent, "allows no offer here"),
        ("alternative", Some(owed(terms("1"))), policy(), "allows no offer here"),
        ("refund_not_received", Some(owed(terms("1"))), policy(), "not known where the refund stands"),
    ]
}

#[test]
fn what_may_not_be_said_is_not_written_and_says_why() {
    let words = Words::load();
    for (template, assessment, policy, why) in rows() {
        let situation = situation(assessment, policy);
        let name = TemplateName::new(template);
        let problem = words.drafted(&situation, |parts, voice| compose::draft_text(parts, &name, voice)).unwrap_err();
        let unfit = problem.unfit().unwrap_or_else(|| panic!("{template}: {problem}"));
        assert!(unfit.contains(why), "{template}: “{unfit}” does not say “{why}”");
    }
}

#[test]
fn what_a_reviewer_looked_at_may_apply_no_more() {
    let words = Words::load();
    let mut possible = with_finding(refused(Some(kettle())), Basis::Conformity, Standing::Possible);
    possible.corrected = true;
    let applies = with_finding(possible.clone(), Basis::Conformity, Standing::Applies);
    let name = TemplateName::new("refuse");
    let written = |assessment| {
        let situation = situation(Some(assessment), policy());
        words.drafted(&situation, |parts, voice| compose::draft_text(parts, &name, voice))
    };
    assert!(written(possible).is_ok());
    assert!(written(applies).is_err());
}

#[test]
fn a_repair_clock_and_a_clock_that_has_passed_forbid_no_refund() {
    let words = Words::load();
    let owed = || eligible(kettle(), Basis::Conformity, terms("129.90"));
    for assessment in [clocked(owed(), "repair or replacement", "2026-03-05"), clocked(owed(), "refund", "2026-02-20")]
    {
        let situation = situation(Some(assessment), policy());
        let name = TemplateName::new("accept");
        words.drafted(&situation, |parts, voice| compose::draft_text(parts, &name, voice)).unwrap();
    }
}

#[test]
fn the_clause_is_of_the_version_in_force_on_the_day_of_the_order() {
    let words = Words::load();
    for (ordered_on, days) in [("2026-02-19", "30 jours"), ("2026-02-20", "60 jours")] {
        let order = Order { ordered_on: day(ordered_on), total: Some(euros("10")), ..kettle() };
        let situation = situation(Some(refused(Some(order))), policy());
        let name = TemplateName::new("refuse");
        let text = words.drafted(&situation, |parts, voice| compose::draft_text(parts, &name, voice)).unwrap();
        assert!(text.contains(days), "{ordered_on}:\n{text}");
    }
}

fn situation(assessment: Option<Assessment>, policy: Policy) -> Situation {
    Situation {
        template: "",
        name: "barred",
        verdict: Some(verdict(Intent::RefundRequest, Some(Reason::ChangedMind), Anger::Calm, &[], &[])),
        known: Given::default(),
        assessment,
        policy,
        promised: None,
    }
}
