//! The shipped rule packs: they load, and facts are told from what only looks like them.

use std::sync::LazyLock;

use guichet::adapters::assets::{Assets, Kind};
use guichet::domain::{Fact, Intent, Reason, Signal};
use guichet::triage::by_rules::{Judgement, judge_by_rules, mere_thanks};
use guichet::triage::facts::{THRESHOLD, facts, given};
use guichet::triage::prepared::PreparedText;
use guichet::triage::rules::RuleSet;

static RULES: LazyLock<RuleSet> = LazyLock::new(|| {
    RuleSet::load(&Assets::built_in().load(Kind::Rules).unwrap()).unwrap_or_else(|error| panic!("{error}"))
});

fn found(fact: Fact, subject: &str, body: &str) -> Option<String> {
    let text = PreparedText::new(subject, body, &[]);
    let candidates = facts(&RULES, &text, &RULES.hits(&text));
    candidates.best(fact).filter(|best| best.score >= THRESHOLD).map(|best| best.words.clone())
}

fn judged(subject: &str, body: &str) -> Judgement {
    let text = PreparedText::new(subject, body, &[]);
    let hits = RULES.hits(&text);
    let candidates = facts(&RULES, &text, &hits);
    judge_by_rules(&text, &hits, &candidates)
}

#[test]
fn every_shipped_rule_keeps_its_own_sentences() {
    assert!(RULES.len() > 80, "{} rules", RULES.len());
}

#[test]
fn purchase_references_are_found_in_the_customers_spelling() {
    for (body, number) in [
        ("Commande n° CMD-2024-001, merci", "CMD-2024-001"),
        ("my order is 40771826.", "40771826"),
        ("PNR X7K2PQ for Nice", "X7K2PQ"),
        ("ticket de caisse 0047-221-9", "0047-221-9"),
        ("PayPal 4TR88213HK009214L", "4TR88213HK009214L"),
        ("abonnement SUB-90017 à arrêter", "SUB-90017"),
        ("facture 774512 du 18 courant", "774512"),
        ("réservation TGQXPR, deux places", "TGQXPR"),
        ("commande 61 20 774 svp", "61 20 774"),
        ("Rés. 55120, chambre non faite", "55120"),
        ("order TBL884, table of oak", "TBL884"),
        ("commande 4 471 009 du 3 mai", "4 471 009"),
    ] {
        assert_eq!(found(Fact::OrderNumber, "", body).as_deref(), Some(number), "{body}");
    }
}

#[test]
fn other_numbers_identify_no_purchase() {
    for body in [
        "RMA 55018, retour posté hier",
        "Support ticket 88213 is still open",
        "Colissimo 8L00412219347",
        "tracking 1Z88F2030344198840",
        "appelez-moi au 06 51 22 98 47",
        "IBAN FR76 3000 4028 3700 0100 2345 678",
        "card ending 2210",
        "carte cadeau n° 6006 4491 0087",
        "n° client 400812",
        "12 rue des Lilas, 75011 Paris",
        "l'article L216-6 du code de la consommation",
        "il coûte 1 299,90 €, soit 20 % de trop, à 14h30",
        "my Bosch GSR-1200 drill",
    ] {
        assert_eq!(found(Fact::OrderNumber, "", body), None, "{body}");
    }
}

#[test]
fn the_day_of_purchase_is_told_from_other_days() {
    for (body, date) in [
        ("Commandé le 3 mars, reçu cassé", "le 3 mars"),
        ("I bought it last Tuesday", "last Tuesday"),
        ("acheté il y a deux semaines", "il y a deux semaines"),
        ("débité le 3/03", "le 3/03"),
        ("It was delivered on the 4th", "the 4th"),
        ("ordered 12-Mar", "12-Mar"),
        ("reçu ce matin", "ce matin"),
    ] {
        assert_eq!(found(Fact::PurchaseDate, "", body).as_deref(), Some(date), "{body}");
    }
    for body in [
        "Le concert prévu le 12 juin me va très bien",
        "merci de répondre avant le 30 juin",
        "Nous sommes le 4 novembre.",
        "I posted the parcel back on 3 August",
    ] {
        assert_eq!(found(Fact::PurchaseDate, "", body), None, "{body}");
    }
}

#[test]
fn an_announced_date_is_no_deadline_and_no_day_of_posting() {
    let announced = |body: &str| found(Fact::AnnouncedDate, "", body);
    assert_eq!(announced("Vous avez confirmé le remboursement le 14 octobre").as_deref(), Some("le 14 octobre"));
    assert_eq!(announced("Your warehouse signed for it on 12 January").as_deref(), Some("on 12 January"));
    assert_eq!(announced("je veux une réponse avant le 30 juin"), None);
    assert_eq!(announced("I posted it on 3 August"), None);
}

#[test]
fn products_are_named_and_umbrella_words_are_not() {
    assert_eq!(found(Fact::Product, "", "ma cafetière est en panne").as_deref(), Some("cafetière"));
    assert_eq!(found(Fact::Product, "", "THE TUMBLE DRYER HUMS").as_deref(), Some("TUMBLE DRYER"));
    for body in ["mon colis n'est pas arrivé", "where is my order?", "I want my money back for the item"] {
        assert_eq!(found(Fact::Product, "", body), None, "{body}");
    }
}

#[test]
fn reason_and_announced_date_belong_to_their_intents() {
    let text = PreparedText::new("", "Le remboursement promis le 3 mai n'est pas arrivé", &[]);
    let candidates = facts(&RULES, &text, &RULES.hits(&text));
    let other = given(&candidates, Intent::Other, Some(Reason::Defective));
    assert_eq!((other.reason, other.announced_date), (None, None));
    let unpaid = given(&candidates, Intent::RefundNotReceived, None);
    assert_eq!(unpaid.announced_date.as_deref(), Some("le 3 mai"));
}

#[test]
fn a_polite_threat_is_a_threat_and_a_declined_refund_no_request() {
    let threat = judged("", "Je vous remercie de me rembourser, à défaut je saisirai la DGCCRF. Cordialement");
    assert_eq!((threat.intent, threat.anger.level()), (Intent::RefundRequest, 3));
    assert!(threat.signals.contains(&Signal::LegalThreat));
    let declined = judged("", "I don't want a refund, I want a replacement lid please");
    assert_eq!(declined.intent, Intent::Other);
    assert!(declined.signals.contains(&Signal::ExchangeOrRepair));
}

#[test]
fn spelling_without_accents_in_capitals_or_wrapped_changes_nothing() {
    let plain = judged("", "Je souhaite être remboursé de la cafetière, elle est arrivée cassée.");
    for body in [
        "JE SOUHAITE ETRE REMBOURSE DE LA CAFETIERE, ELLE EST ARRIVEE CASSEE.",
        "Je souhaite être\nremboursé de la cafetière, elle est\narrivée cassée.",
    ] {
        let other = judged("", body);
        assert_eq!((other.intent, other.reason), (plain.intent, plain.reason), "{body}");
    }
    assert_eq!((plain.intent, plain.reason), (Intent::RefundRequest, Some(Reason::Defective)));
}

#[test]
fn mere_thanks_say_nothing_else() {
    let thanks = |body: &str| {
        let text = PreparedText::new("", body, &[]);
        mere_thanks(&text, &RULES.hits(&text))
    };
    assert!(thanks("Merci beaucoup, tout est parfait !"));
    assert!(thanks("Thanks, the refund arrived this morning."));
    assert!(!thanks("Merci de me rembourser"));
    assert!(!thanks("Thanks, but when will it come?"));
    assert!(!thanks("Bonjour"));
}

#[test]
fn hostile_text_neither_panics_nor_hangs() {
    for body in [
        "1-".repeat(20_000),
        "le 3 ".repeat(8_000),
        "\u{1F4A9}é\u{301}\n".repeat(5_000),
        "refund my money ".repeat(3_000),
    ] {
        judged(&body, &body);
    }
}

/// Every date of a body, whether or not it tells of the purchase.
fn dates(body: &str) -> Vec<String> {
    let text = PreparedText::new("", body, &[]);
    let candidates = facts(&RULES, &text, &RULES.hits(&text));
    candidates.of(Fact::PurchaseDate).map(|date| date.words.clone()).collect()
}

#[test]
fn a_date_is_found_whole_by_the_shape_that_says_most() {
    for (body, found) in [
        ("I got it 3 weeks ago", "3 weeks ago"),
        ("bought it only three weeks ago", "three weeks ago"),
        ("I had this two days ago", "two days ago"),
        ("on the 13/05/2024", "the 13/05/2024"),
        ("on the 12.04.2024", "the 12.04.2024"),
        ("since the 3 March", "the 3 March"),
        ("received 07-03-2024", "07-03-2024"),
        ("dated 12/31/2023", "12/31/2023"),
        ("it would have been 8 October", "8 October"),
        ("paid on Friday", "on Friday"),
        ("ordered on 9/14", "on 9/14"),
        ("It came on the fifteenth", "on the fifteenth"),
        ("I paid two Sundays ago", "two Sundays ago"),
        ("twenty-one days ago", "twenty-one days ago"),
        ("since the clocks went back", "since the clocks went back"),
        ("Commandé en début de semaine", "en début de semaine"),
        ("acheté il y a quatorze mois", "il y a quatorze mois"),
        ("le vingt et un mars", "le vingt et un mars"),
        ("reçu ce week-end", "ce week-end"),
        ("prélevé tous les 5 du mois", "tous les 5 du mois"),
    ] {
        assert_eq!(dates(body), [found], "{body}");
    }
}

#[test]
fn what_only_looks_like_a_date_is_none() {
    for body in [
        "RDV à 14 h",
        "c'est trop lent",
        "I lent it to her",
        "an advent calendar",
        "la mise en marche de la machine",
        "the price of the second parcel",
        "on the first floor",
        "booking WED-3311",
        "I ordered sun loungers",
        "I bought sat nav maps",
        "cracked in the fall",
        "tous les 3 articles",
        "call 06-12-34-56-78",
        "on the 17:04 from Crewe",
        "on the 15-inch laptop",
        "if you have a minute",
        "I have 30 days to return it",
        "from your sales team",
    ] {
        assert_eq!(dates(body), [""; 0], "{body}");
    }
}

#[test]
fn ranges_and_measures_are_no_order_numbers() {
    for body in ["entre 100-120 euros", "1000-1500 km", "a 12x8x4 cm box", "J'ai payé 12500 MAD"] {
        assert_eq!(found(Fact::OrderNumber, "", body), None, "{body}");
    }
}
