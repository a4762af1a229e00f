//! The shipped models: they load, they are small, and they do what is plain.

use guichet::adapters::assets::{Assets, Kind};
use guichet::domain::policy::Policy;
use guichet::domain::{Anger, Intent, Verdict};
use guichet::triage::Triage;

fn triage() -> Triage {
    let assets = Assets::built_in();
    let models = assets.load(Kind::Models).unwrap();
    let size: usize = models.iter().map(|asset| asset.bytes.len()).sum();
    assert!(size <= 8_000_000, "{size} bytes of models");
    let (triage, warnings) = Triage::load(&assets.load(Kind::Rules).unwrap(), &models).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    triage
}

fn judge(triage: &Triage, subject: &str, body: &str, language: &str) -> Verdict {
    triage.judge_text(subject, body, &[], language, &Policy::default())
}

#[test]
fn plain_mails_are_judged_plainly() {
    let triage = triage();
    let asked = judge(
        &triage,
        "Commande 20418-77",
        "Bonjour, la bouilloire achetée le 3 mars ne chauffe plus. Je souhaite être remboursée. Merci, Anne",
        "fr",
    );
    assert_eq!((asked.intent, asked.anger), (Intent::RefundRequest, Anger::Calm));
    assert!(!asked.explanation.is_empty() && asked.explanation.len() <= 8);
    let awaited = judge(
        &triage,
        "Where is my refund?",
        "You confirmed my refund on 4 May and three weeks later it still hasn't reached my account. Order 5512-9.",
        "en",
    );
    assert_eq!(awaited.intent, Intent::RefundNotReceived);
    let other = judge(&triage, "Invoice", "Could you send me a copy of the invoice for order 4410? Thanks", "en");
    assert_eq!((other.intent, other.anger), (Intent::Other, Anger::Calm));
    let furious = judge(&triage, "VOLEURS", "Bande d'escrocs, rendez-moi mon argent ou je saisis la DGCCRF !!!", "fr");
    assert_eq!((furious.intent, furious.anger), (Intent::RefundRequest, Anger::Furious));
}

#[test]
fn an_unknown_language_is_always_unsure() {
    let verdict = judge(&triage(), "Pedido", "Quiero que me devuelvan el dinero del pedido 4410.", "es");
    assert!(verdict.unsure.contains(&guichet::domain::verdict::Unsure::Intent));
}

#[test]
fn every_model_has_a_card_that_reads_as_toml_and_names_the_corpus() {
    let assets = Assets::built_in().load(Kind::Models).unwrap();
    let models = assets.iter().filter_map(|asset| asset.name.strip_suffix(".model"));
    for model in models {
        let card = assets.iter().find(|asset| asset.name == format!("{model}.card.toml"));
        let card: toml::Table = toml::from_str(card.expect(model).text().unwrap()).expect(model);
        assert_eq!(card["corpus_sha256"].as_str().map(str::len), Some(64), "{model}");
        assert!(card.contains_key("cross_validation") && card.contains_key("test"), "{model}");
    }
}
