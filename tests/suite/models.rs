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
fn what_stands_beside_a_fact_does_not_hide_it() {
    let triage = triage();
    for (text, language, number) in [
        ("Good afternoon, please refund order SP-44512 to the original card. Thank you.", "en", "SP-44512"),
        ("Dear team, please refund my order MS-11890.\nH. Cartwright", "en", "MS-11890"),
        ("Bonjour, pour la commande 33120 j'aimerais un remboursement.", "fr", "33120"),
    ] {
        assert_eq!(judge(&triage, "", text, language).given.order_number.as_deref(), Some(number), "{text}");
    }
    let charged = "Bonjour, vous m'avez débité de 84 € le 21 au lieu de 48 €. Merci de me rendre la différence.";
    assert_eq!(judge(&triage, "", charged, "fr").given.purchase_date.as_deref(), Some("le 21"));
    let received = "Le 16 j'ai reçu la bouilloire, elle ne chauffe pas. Remboursez-moi.";
    assert_eq!(judge(&triage, "", received, "fr").given.purchase_date.as_deref(), Some("Le 16"));
}

#[test]
fn an_announced_date_is_found_where_a_refund_is_awaited_and_asked_for_nowhere_else() {
    let triage = triage();
    let awaited = judge(
        &triage,
        "Where is my refund?",
        "You confirmed my refund on 4 May and three weeks later it still hasn't reached my account. Order 5512-9.",
        "en",
    );
    assert_eq!(awaited.given.announced_date.as_deref(), Some("on 4 May"));
    let asked = judge(&triage, "", "The kettle that you confirmed on 4 May is broken. I want my money back.", "en");
    assert_eq!((asked.intent, asked.given.announced_date), (Intent::RefundRequest, None));
}

/// The lines of an explanation that name a rule which decides the anger by itself.
fn floors(verdict: &Verdict) -> Vec<&str> {
    let names = verdict.explanation.iter().map(|line| line.name.as_str());
    names.filter(|name| name.starts_with("at-least-")).collect()
}

#[test]
fn words_that_decide_the_anger_outweigh_a_polite_frame() {
    let triage = triage();
    let body = "Bonjour, ma cafetière Lume (commande CMD-48213) ne chauffe plus depuis hier. C'est inadmissible, je veux \
                être remboursé.";
    let verdict = judge(&triage, "Cafetière morte", body, "fr");
    assert_eq!((verdict.intent, verdict.anger), (Intent::RefundRequest, Anger::Angry));
    let told = verdict.explanation.iter().any(|line| line.from == "rule" && line.matched == "inadmissible");
    assert!(told, "{:?}", verdict.explanation);
    for (text, language, least) in [
        ("Bonjour, merci de votre mail. Votre délai est inacceptable. Belle journée à vous, Anne", "fr", Anger::Angry),
        ("Hello, I hope you are well. Frankly this is unacceptable. Kind regards, Tom", "en", Anger::Angry),
        ("Bonjour, sans virement lundi je saisirai la DGCCRF. Merci d'avance et bonne journée", "fr", Anger::Furious),
        ("Hi there, my solicitor will be in touch. Many thanks and kind regards", "en", Anger::Furious),
    ] {
        assert!(judge(&triage, "", text, language).anger >= least, "{text}");
    }
}

#[test]
fn words_denied_or_quoted_decide_no_anger() {
    let triage = triage();
    for (text, language) in [
        ("Bonjour, ce n'est pas inadmissible, je voulais juste savoir où en est mon colis.", "fr"),
        ("Je ne dis pas que c'est une arnaque, il y a sans doute une explication.", "fr"),
        ("Votre collègue m'a répondu « c'est inadmissible d'insister » ; je repose donc ma question.", "fr"),
        ("It is not a scam, I know, but could you tell me when it ships?", "en"),
        ("Your driver said \"this is unacceptable\" about our gate; how should we leave it?", "en"),
        ("No need for a solicitor or anything, I just want to know the date.", "en"),
    ] {
        let verdict = judge(&triage, "", text, language);
        assert_eq!(floors(&verdict), [""; 0], "{text}");
    }
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
