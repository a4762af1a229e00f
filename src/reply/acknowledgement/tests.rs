use std::collections::HashSet;

use jiff::tz::TimeZone;

use super::*;
use crate::domain::verdict::{Given, Unsure};
use crate::domain::{Reason, Signal};
use crate::reply::lint::lint_acknowledgement;
use crate::reply::shipped;

fn verdict(intent: Intent, confidence: f32, anger: Anger, missing: &[Fact], signals: &[Signal]) -> Verdict {
    Verdict {
        intent,
        intent_confidence: confidence,
        anger,
        anger_confidence: 0.9,
        reason: (intent == Intent::RefundRequest).then_some(Reason::Defective),
        reason_confidence: 0.9,
        unsure: if confidence < 0.7 { vec![Unsure::Intent] } else { Vec::new() },
        given: Given::default(),
        missing: missing.to_vec(),
        signals: signals.to_vec(),
        explanation: Vec::new(),
    }
}

fn calendar() -> Calendar {
    let closed = ["2026-12-24..2027-01-02".to_owned()];
    Calendar::parse(TimeZone::get("Europe/Paris").unwrap(), "Mon-Fri 09:00-18:00", &closed, Some("FR")).unwrap()
}

fn case() -> CaseId {
    CaseId::parse("G-7K3Q").unwrap()
}

fn open() -> Timestamp {
    "2026-03-03T13:05:00Z".parse().unwrap()
}

fn closed() -> Timestamp {
    "2026-12-24T13:05:00Z".parse().unwrap()
}

fn said(templates: &Templates, verdict: Option<&Verdict>, language: &str, now: Timestamp) -> String {
    let context = context(&case(), now, verdict, Some("Maison Guichet"), &calendar(), language, now);
    templates.acknowledgement(language, &context).unwrap()
}

fn words(text: &str) -> String {
    text.replace(['\u{a0}', '\u{202f}'], " ")
}

/// All subsets of the facts that a policy may find missing.
fn missing_sets() -> Vec<Vec<Fact>> {
    (0..1_usize << Fact::ALL.len())
        .map(|bits| {
            Fact::ALL.iter().enumerate().filter(|(index, _)| bits >> index & 1 == 1).map(|(_, fact)| *fact).collect()
        })
        .collect()
}

#[test]
fn every_acknowledgement_that_can_be_rendered_passes_the_lint() {
    let templates = shipped::templates();
    let mut judged: Vec<Option<Verdict>> = vec![None];
    let signals = std::iter::once(Vec::new()).chain(Signal::ALL.iter().map(|signal| vec![*signal]));
    for (signals, intent) in signals.flat_map(|signals| Intent::ALL.iter().map(move |intent| (signals.clone(), intent)))
    {
        for (confidence, anger) in [0.5, 0.95].iter().flat_map(|c| Anger::ALL.iter().map(move |anger| (*c, anger))) {
            for missing in missing_sets() {
                judged.push(Some(verdict(*intent, confidence, *anger, &missing, &signals)));
            }
        }
    }
    assert_eq!(judged.len(), 1 + 9 * 3 * 2 * 4 * 32);
    for (language, now) in [("fr", open()), ("fr", closed()), ("en", open()), ("en", closed())] {
        // Many verdicts lead to the same text; each text is looked at once.
        let contexts: HashSet<AcknowledgementContext> = judged
            .iter()
            .map(|verdict| context(&case(), now, verdict.as_ref(), Some("Maison Guichet"), &calendar(), language, now))
            .collect();
        assert!(contexts.len() > 20);
        for context in contexts {
            let text = templates.acknowledgement(language, &context).unwrap();
            assert_eq!(lint_acknowledgement(&text), Ok(()), "{text}");
            assert!(text.contains("G-7K3Q") && text.contains("Maison Guichet"), "{text}");
        }
    }
}

#[test]
fn the_whole_text_in_french() {
    let verdict = verdict(
        Intent::RefundRequest,
        0.95,
        Anger::Frustrated,
        &[Fact::OrderNumber, Fact::PurchaseDate, Fact::Product, Fact::Reason],
        &[],
    );
    let expected = "Bonjour,

Nous avons bien reçu votre message le jeudi 24 décembre 2026 à 14 h 05 (heure de Paris). Il porte la référence G-7K3Q. \
Il concerne une demande de remboursement.

Cet accusé de réception est automatique. Une personne de notre équipe lira votre message.

Nous sommes ouverts du lundi au vendredi de 9 h à 18 h. Notre service est fermé en ce moment ; il rouvre le lundi \
4 janvier 2027 à 9 h.

Si vous les avez sous la main, le numéro de votre commande et la date de votre achat nous aideraient à retrouver votre \
achat. Rien d’obligatoire : votre message sera lu dans tous les cas.

Pour compléter votre message ou joindre une personne de l’équipe, il suffit de répondre à ce courriel en gardant la \
référence dans l’objet.

Cordialement,
Maison Guichet";
    assert_eq!(words(&said(&shipped::templates(), Some(&verdict), "fr", closed())), expected);
}

#[test]
fn the_whole_text_in_english() {
    let verdict = verdict(Intent::RefundNotReceived, 0.95, Anger::Calm, &[Fact::OrderNumber], &[]);
    let expected = "Hello,

We received your message on Tuesday 3 March 2026 at 14:05 (Paris time). Its reference is G-7K3Q. It concerns a refund \
that you are waiting for.

This acknowledgement was sent automatically. A person in our team will read your message.

Our office hours are Monday to Friday, 9:00 to 18:00.

If you have it to hand, your order number would help us to find your purchase. This is optional: your message will be \
read in any case.

To add something, or to reach a person in the team, simply reply to this e-mail and keep the reference in the subject.

Kind regards,
Maison Guichet";
    assert_eq!(words(&said(&shipped::templates(), Some(&verdict), "en", open())), expected);
}

#[test]
fn the_matter_is_restated_and_facts_are_asked_only_when_sure() {
    let templates = shipped::templates();
    let missing = [Fact::OrderNumber];
    for (confidence, sure) in [(0.89, false), (0.9, true)] {
        let verdict = verdict(Intent::RefundRequest, confidence, Anger::Calm, &missing, &[]);
        let text = said(&templates, Some(&verdict), "fr", open());
        assert_eq!(text.contains("remboursement"), sure, "{text}");
        assert_eq!(text.contains("numéro de votre commande"), sure, "{text}");
    }
}

#[test]
fn nothing_is_asked_of_the_angry_nor_on_a_grave_signal_and_the_reason_never() {
    let asked = |anger: Anger, signals: &[Signal], missing: &[Fact]| {
        facts_to_ask(&verdict(Intent::RefundRequest, 0.99, anger, missing, signals))
    };
    let all = Fact::ALL;
    assert_eq!(asked(Anger::Calm, &[], all), [Fact::OrderNumber, Fact::PurchaseDate]);
    assert_eq!(asked(Anger::Frustrated, &[], &[Fact::Reason, Fact::Product]), [Fact::Product]);
    assert_eq!(asked(Anger::Calm, &[Signal::Withdrawal], &[Fact::Reason]), []);
    assert_eq!(asked(Anger::Angry, &[], all), []);
    assert_eq!(asked(Anger::Furious, &[], all), []);
    for grave in [Signal::LegalThreat, Signal::DisputeOpened, Signal::Safety] {
        assert_eq!(asked(Anger::Calm, &[grave], all), [], "{grave}");
    }
}

#[test]
fn without_hours_none_are_said() {
    let calendar = Calendar::without_hours(TimeZone::UTC);
    let context = context(&case(), open(), None, None, &calendar, "en", open());
    let text = shipped::templates().acknowledgement("en", &context).unwrap();
    assert!(!text.contains("hours") && !text.contains("closed"), "{text}");
    assert!(text.ends_with("Kind regards,\nCustomer service"), "{text}");
}

#[test]
fn other_languages_are_answered_in_the_fallback_language() {
    let (templates, calendar) = (shipped::templates(), calendar());
    let languages = ["fr".to_owned(), "en".to_owned(), "de".to_owned()];
    let voice = Voice { templates: &templates, calendar: &calendar, languages: &languages, fallback: "en" };
    let answered: Vec<&str> = ["fr", "en", "it", "und", "de"].iter().map(|code| voice.language_for(code)).collect();
    assert_eq!(answered, ["fr", "en", "en", "en", "en"], "German is configured and has no templates");
}
