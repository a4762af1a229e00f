use jiff::civil::date;
use jiff::tz::TimeZone;

use super::*;

fn shop() -> Calendar {
    Calendar::parse(TimeZone::UTC, "Mon-Fri 09:00-18:00", &["2026-03-05..2026-03-06".into()], Some("FR")).unwrap()
}

/// What is promised on Tuesday 3 March 2026.
fn promised(text: &str) -> Vec<(String, String)> {
    let found = find(text, date(2026, 3, 3), &shop());
    found.into_iter().map(|promise| (promise.words, promise.by.to_string())).collect()
}

#[test]
fn promises_of_both_languages_are_dated() {
    for (text, words, by) in [
        ("Nous vous rembourserons d’ici vendredi.", "d’ici vendredi", "2026-03-06"),
        ("Nous revenons vers vous sous 5 jours ouvrés.", "sous 5 jours ouvrés", "2026-03-12"),
        ("Vous serez remboursé sous 3 à 5 jours ouvrables.", "sous 3 à 5 jours ouvrables", "2026-03-11"),
        ("Le remboursement est lancé au plus tard le 12 mars.", "au plus tard le 12 mars", "2026-03-12"),
        ("Le virement partira le jeudi 12 mars 2026 au plus tard.", "le jeudi 12 mars 2026 au plus tard", "2026-03-12"),
        ("Nous vous répondrons dans un délai de 48 heures.", "dans un délai de 48 heures", "2026-03-05"),
        ("Nous vous tiendrons informée avant la fin de la semaine.", "avant la fin de la semaine", "2026-03-06"),
        ("Je vous rappellerai demain au plus tard.", "demain au plus tard", "2026-03-04"),
        ("Vous recevrez une réponse sous quinzaine.", "sous quinzaine", "2026-03-18"),
        ("Nous vous écrivons d'ici deux semaines.", "d'ici deux semaines", "2026-03-17"),
        ("Le colis repart avant le 20/03.", "avant le 20/03", "2026-03-20"),
        ("Nous reviendrons vers vous d’ici la fin du mois.", "d’ici la fin du mois", "2026-03-31"),
        ("We will refund you within 5 business days.", "within 5 business days", "2026-03-12"),
        ("You will have your money by Friday.", "by Friday", "2026-03-06"),
        ("We shall write again before the end of the week.", "before the end of the week", "2026-03-06"),
        ("The refund will be made no later than 12 March.", "no later than 12 March", "2026-03-12"),
        ("Your refund is sent by March 12th, 2026.", "by March 12th, 2026", "2026-03-12"),
        ("I will call you by tomorrow.", "by tomorrow", "2026-03-04"),
        ("We’ll be back to you in two weeks.", "in two weeks", "2026-03-17"),
        ("We will let you know by the end of next week.", "by the end of next week", "2026-03-13"),
        ("Nous vous écrirons avant le 5 janvier.", "avant le 5 janvier", ""),
        ("Nous vous écrirons avant le 5 juillet.", "avant le 5 juillet", "2026-07-05"),
    ] {
        let wanted: Vec<_> = if by.is_empty() { Vec::new() } else { vec![(words.to_owned(), by.to_owned())] };
        assert_eq!(promised(text), wanted, "{text}");
    }
}

#[test]
fn what_the_customer_has_to_do_and_what_nobody_can_date_is_no_promise() {
    for text in [
        "Merci de nous répondre d’ici vendredi.",
        "Vous disposez de 14 jours pour renvoyer le produit, dans les 14 jours.",
        "Pourriez-vous nous envoyer une photo avant vendredi ?",
        "Sans réponse de votre part d’ici vendredi, le dossier reste ouvert.",
        "Nous vous rembourserons sous 14 jours à compter de la réception du colis.",
        "Please send it back within 14 days.",
        "You have to return it by Friday.",
        "We will refund you within 5 days of receiving the parcel.",
        "We cannot promise it by Friday.",
        "Votre commande du 12 février est arrivée en 5 jours.",
        "> Nous vous rembourserons d’ici vendredi.",
        "La livraison était prévue avant le 12 février.",
        "Nous avons bien reçu votre message de vendredi.",
    ] {
        assert_eq!(promised(text), [], "{text}");
    }
}

#[test]
fn one_sentence_may_promise_two_things_and_each_stands_once() {
    let text = "Nous lançons le remboursement d’ici demain,\net il sera visible sous 5 jours ouvrés. À demain !";
    let days: Vec<String> = promised(text).into_iter().map(|(_, by)| by).collect();
    assert_eq!(days, ["2026-03-04", "2026-03-12"]);
}

#[test]
fn a_weekday_said_on_that_day_is_the_next_one_and_the_year_turns() {
    let said_on = |text: &str, on: Date| find(text, on, &shop()).first().map(|promise| promise.by);
    assert_eq!(said_on("Nous répondrons d’ici vendredi.", date(2026, 3, 6)), Some(date(2026, 3, 13)));
    assert_eq!(said_on("Nous répondrons avant le 4 janvier.", date(2026, 12, 20)), Some(date(2027, 1, 4)));
    assert_eq!(said_on("We will reply by the end of the week.", date(2026, 3, 7)), Some(date(2026, 3, 13)));
}

#[test]
fn the_day_of_the_warning_is_one_on_which_somebody_works() {
    assert_eq!(days::business_day_before(date(2026, 3, 9), &shop()), date(2026, 3, 4), "5 and 6 March are closed");
    assert_eq!(days::business_day_before(date(2026, 3, 12), &shop()), date(2026, 3, 11));
}

#[test]
fn hostile_text_ends() {
    let text = "d’ici ".repeat(20_000) + &"sous ".repeat(20_000) + &"within 999 ".repeat(20_000);
    assert!(find(&text, date(2026, 3, 3), &shop()).len() < 10);
    assert!(find("Nous paierons sous 365 jours ouvrés.", Date::MAX, &shop()).is_empty());
}
