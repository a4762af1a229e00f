use super::*;
use crate::domain::verdict::Given;
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
