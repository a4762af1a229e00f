use std::collections::BTreeMap;

use jiff::Timestamp;

use super::*;
use crate::domain::assessment::{Disagreement, PersonWhy, RefundStage, Remedy};
use crate::domain::policy::Mediator;
use crate::domain::verdict::Given;
use crate::domain::{Basis, Outcome, Purchase};
use crate::reply::shipped;

/// A verdict of which only what the suggestion looks at is given.
fn verdict(intent: Intent, anger: Anger, missing: &[Fact], signals: &[Signal]) -> Verdict {
    Verdict {
        intent,
        intent_confidence: 0.62,
        anger,
        anger_confidence: 0.9,
        reason: None,
        reason_confidence: 0.0,
        unsure: Vec::new(),
        given: Given::default(),
        missing: missing.to_vec(),
        signals: signals.to_vec(),
        explanation: Vec::new(),
    }
}

fn suggested(verdict: &Verdict) -> (Option<String>, Vec<String>) {
    let suggestion = suggest(Some(verdict), &BTreeSet::new(), "fr");
    assert!(!suggestion.why.is_empty());
    let others = suggestion.others.iter().map(ToString::to_string).collect();
    (suggestion.template.map(|name| name.to_string()), others)
}

#[test]
fn which_draft_fits() {
    use Anger::{Angry, Calm, Furious};
    use Intent::{Other, RefundNotReceived, RefundRequest};
    let order = &[Fact::OrderNumber][..];
    let rows: &[(Verdict, Option<&str>, &[&str])] = &[
        (verdict(RefundRequest, Calm, order, &[]), Some(ASK_INFORMATION), &[REVIEW_REQUEST]),
        (verdict(RefundRequest, Angry, order, &[]), Some(ASK_INFORMATION), &[ANGRY_CUSTOMER, REVIEW_REQUEST]),
        (verdict(RefundRequest, Furious, order, &[]), Some(ANGRY_CUSTOMER), &[ASK_INFORMATION]),
        (verdict(RefundRequest, Calm, &[], &[]), Some(REVIEW_REQUEST), &[ASK_INFORMATION]),
        (verdict(RefundRequest, Angry, &[], &[]), Some(ANGRY_CUSTOMER), &[REVIEW_REQUEST]),
        (verdict(RefundNotReceived, Calm, &[], &[]), Some(REFUND_STATUS), &[ASK_INFORMATION]),
        (verdict(RefundNotReceived, Calm, order, &[]), Some(ASK_INFORMATION), &[REFUND_STATUS]),
        (verdict(RefundNotReceived, Furious, &[], &[]), Some(ANGRY_CUSTOMER), &[REFUND_STATUS]),
        (verdict(Other, Calm, &[], &[]), Some(BASIC_ANSWER), &[EXCHANGE_OR_REPAIR]),
        (verdict(Other, Angry, &[], &[]), Some(ANGRY_CUSTOMER), &[BASIC_ANSWER]),
        (verdict(Other, Calm, &[], &[Signal::ExchangeOrRepair]), Some(EXCHANGE_OR_REPAIR), &[BASIC_ANSWER]),
        (
            verdict(RefundRequest, Calm, &[], &[Signal::ExchangeOrRepair]),
            Some(REVIEW_REQUEST),
            &[EXCHANGE_OR_REPAIR, ASK_INFORMATION],
        ),
        (verdict(RefundRequest, Calm, order, &[Signal::Withdrawal]), Some(WITHDRAWAL_RECEIVED), &[ASK_INFORMATION]),
        (verdict(RefundRequest, Furious, order, &[Signal::LegalThreat]), Some(LEGAL_NOTICE), &[ASK_INFORMATION]),
        (verdict(RefundRequest, Calm, &[], &[Signal::DisputeOpened]), Some(LEGAL_NOTICE), &[REVIEW_REQUEST]),
        (verdict(Other, Calm, &[], &[Signal::DataRights]), Some(LEGAL_NOTICE), &[BASIC_ANSWER]),
        (verdict(RefundRequest, Calm, &[], &[Signal::Safety]), None, &[]),
        (verdict(RefundRequest, Calm, &[], &[Signal::Safety, Signal::LegalThreat]), None, &[]),
    ];
    for (verdict, template, others) in rows {
        let (found, found_others) = suggested(verdict);
        assert_eq!(
            (found.as_deref(), found_others),
            (*template, others.iter().map(|s| (*s).to_owned()).collect()),
            "{verdict:?}"
        );
    }
}

#[test]
fn an_unsure_intent_gets_a_neutral_answer_and_says_so() {
    let mut verdict = verdict(Intent::RefundRequest, Anger::Calm, &[Fact::OrderNumber], &[]);
    verdict.unsure = vec![Unsure::Intent];
    let suggestion = suggest(Some(&verdict), &BTreeSet::new(), "fr");
    assert_eq!(suggestion.template, Some(TemplateName::new(BASIC_ANSWER)));
    assert!(suggestion.why.starts_with("Unsure") && suggestion.why.contains("62 %"), "{}", suggestion.why);
}

#[test]
fn what_could_not_be_judged_gets_no_template() {
    let unreadable = BTreeSet::from([CaseFlag::Unreadable]);
    let verdict = verdict(Intent::RefundRequest, Anger::Calm, &[], &[]);
    assert_eq!(suggest(None, &BTreeSet::new(), "fr").template, None);
    assert_eq!(suggest(Some(&verdict), &unreadable, "fr").template, None);
}

#[test]
fn a_foreign_language_is_said() {
    let flags = BTreeSet::from([CaseFlag::OtherLanguage("it".into())]);
    let why = suggest(Some(&verdict(Intent::Other, Anger::Calm, &[], &[])), &flags, "en").why;
    assert!(why.ends_with("The customer wrote in “it”; the draft is in “en”."), "{why}");
}

#[test]
fn the_drafts_named_here_are_shipped_and_ask_what_they_say() {
    let templates = shipped::templates();
    for (name, asks) in DRAFTS {
        for language in ["fr", "en"] {
            let info = templates.info(language, &TemplateName::new(*name)).unwrap();
            assert_eq!(info.asks, *asks, "{language}/{name}");
        }
    }
    assert!(reminder().asks);
}

fn order_found() -> Purchase {
    let facts = serde_json::json!({ "number": "CMD-1", "ordered_on": "2026-02-09" });
    let order = Box::new(serde_json::from_value(facts).unwrap());
    Purchase::Found { order, by_number: true, at: Timestamp::UNIX_EPOCH }
}

fn assessment(outcome: Outcome) -> Assessment {
    Assessment {
        at: Timestamp::UNIX_EPOCH,
        purchase: order_found(),
        findings: Vec::new(),
        governing: None,
        corrected: false,
        remedy: None,
        outcome,
        disagreements: Vec::new(),
        clocks: Vec::new(),
        terms: None,
        stage: None,
        warnings: Vec::new(),
        clause: None,
        marketplace: None,
        clues: BTreeMap::new(),
    }
}

fn chosen(verdict: &Verdict, assessment: &Assessment) -> Option<String> {
    let mediator = Mediator { name: "M".into(), url: "https://m.example".into(), address: None };
    let policy = Policy { mediator: Some(mediator), ..Policy::default() };
    let suggestion = suggest_assessed(verdict, assessment, &policy, &BTreeSet::new(), "fr");
    assert!(!suggestion.why.is_empty() && suggestion.others.len() <= 2);
    assert!(suggestion.template.as_ref().is_none_or(|name| !suggestion.others.contains(name)));
    suggestion.template.map(|name| name.to_string())
}

#[test]
fn the_outcome_chooses_where_the_order_is_known() {
    use Anger::{Angry, Calm, Furious};
    use Intent::{Other, RefundNotReceived, RefundRequest};
    let person = Outcome::NeedsPerson;
    let ask = || Outcome::NeedsInformation(vec![Fact::Reason]);
    let rows: Vec<(Verdict, Outcome, &str)> = vec![
        (verdict(RefundRequest, Calm, &[], &[]), Outcome::Eligible(Basis::Withdrawal), ACCEPT),
        (verdict(RefundRequest, Furious, &[], &[]), Outcome::Eligible(Basis::Conformity), ACCEPT),
        (verdict(RefundRequest, Angry, &[], &[]), Outcome::Eligible(Basis::Billing), ACCEPT),
        (verdict(RefundRequest, Calm, &[], &[]), Outcome::Ineligible("returns-30".into()), REFUSE),
        (verdict(RefundRequest, Calm, &[], &[]), ask(), ASK_INFORMATION),
        (verdict(RefundRequest, Calm, &[], &[Signal::Withdrawal]), ask(), WITHDRAWAL_RECEIVED),
        (verdict(RefundRequest, Furious, &[], &[]), ask(), ANGRY_CUSTOMER),
        (verdict(RefundRequest, Calm, &[], &[]), person(PersonWhy::StatutoryRefusal), REVIEW_REQUEST),
        (verdict(RefundRequest, Calm, &[], &[]), person(PersonWhy::NoClause), REVIEW_REQUEST),
        (verdict(RefundRequest, Calm, &[], &[]), person(PersonWhy::OrderUnclear), VERIFY_BUYER),
        (verdict(RefundRequest, Calm, &[], &[]), person(PersonWhy::OtherSender), VERIFY_BUYER),
        (verdict(RefundRequest, Calm, &[], &[]), person(PersonWhy::NewBankDetails), LEGAL_NOTICE),
        (verdict(Other, Calm, &[], &[]), person(PersonWhy::Official), LEGAL_NOTICE),
        (verdict(RefundRequest, Calm, &[], &[]), person(PersonWhy::FactsDisagree), REVIEW_REQUEST),
        (verdict(RefundRequest, Calm, &[], &[]), person(PersonWhy::InPart), REVIEW_REQUEST),
        (verdict(RefundNotReceived, Calm, &[], &[]), person(PersonWhy::RefundNotFound), REFUND_STATUS),
        (verdict(Other, Calm, &[], &[]), Outcome::NoRefundMatter, BASIC_ANSWER),
        (verdict(Other, Angry, &[], &[]), Outcome::NoRefundMatter, ANGRY_CUSTOMER),
        (verdict(Other, Calm, &[], &[Signal::ExchangeOrRepair]), Outcome::NoRefundMatter, EXCHANGE_OR_REPAIR),
    ];
    for (verdict, outcome, template) in rows {
        let assessment = assessment(outcome);
        assert_eq!(chosen(&verdict, &assessment).as_deref(), Some(template), "{:?} {verdict:?}", assessment.outcome);
    }
}

#[test]
fn a_grave_signal_or_an_unsure_intent_comes_before_any_outcome() {
    let owed = assessment(Outcome::Eligible(Basis::Withdrawal));
    for signal in [Signal::LegalThreat, Signal::DisputeOpened, Signal::DataRights] {
        let grave = verdict(Intent::RefundRequest, Anger::Furious, &[], &[signal]);
        assert_eq!(chosen(&grave, &owed).as_deref(), Some(LEGAL_NOTICE), "{signal}");
    }
    let danger = verdict(Intent::RefundRequest, Anger::Calm, &[], &[Signal::Safety]);
    assert_eq!(chosen(&danger, &owed), None);
    let mut unsure = verdict(Intent::RefundRequest, Anger::Calm, &[], &[]);
    unsure.unsure = vec![Unsure::Intent];
    assert_eq!(chosen(&unsure, &owed).as_deref(), Some(BASIC_ANSWER));
}

#[test]
fn without_order_facts_the_verdict_chooses_alone() {
    let calm = verdict(Intent::RefundRequest, Anger::Calm, &[], &[]);
    let unavailable = Purchase::Unavailable { why: "no answer".into(), at: Timestamp::UNIX_EPOCH };
    for purchase in [Purchase::NotAsked, unavailable] {
        for outcome in [Outcome::NeedsPerson(PersonWhy::OrderUnclear), Outcome::Eligible(Basis::Goodwill)] {
            let assessment = Assessment { purchase: purchase.clone(), ..assessment(outcome) };
            assert_eq!(chosen(&calm, &assessment).as_deref(), Some(REVIEW_REQUEST));
        }
    }
}

#[test]
fn what_the_order_tells_beyond_the_outcome_counts() {
    let calm = |intent| verdict(intent, Anger::Calm, &[], &[]);
    let repair =
        Assessment { remedy: Some(Remedy::RepairOrReplacement), ..assessment(Outcome::Eligible(Basis::Conformity)) };
    assert_eq!(chosen(&calm(Intent::RefundRequest), &repair).as_deref(), Some(EXCHANGE_OR_REPAIR));

    let stage =
        RefundStage::UnderWay { paid_on: jiff::civil::date(2026, 3, 2), arrives_by: jiff::civil::date(2026, 3, 9) };
    let under_way = Assessment { stage: Some(stage), ..assessment(Outcome::NoRefundMatter) };
    assert_eq!(chosen(&calm(Intent::RefundNotReceived), &under_way).as_deref(), Some(REFUND_NOT_RECEIVED));

    let other_address = Disagreement { about: "email".into(), what: "another address".into(), decides: true };
    let disagree =
        Assessment { disagreements: vec![other_address], ..assessment(Outcome::NeedsPerson(PersonWhy::FactsDisagree)) };
    assert_eq!(chosen(&calm(Intent::RefundRequest), &disagree).as_deref(), Some(VERIFY_BUYER));
}
