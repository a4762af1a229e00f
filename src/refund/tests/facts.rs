//! What message and order source tell differently.

use jiff::civil::date;

use super::shop::{Shop, line};
use crate::domain::Reason;
use crate::domain::assessment::{Outcome, PersonWhy, Standing};

fn about(shop: &Shop) -> Vec<String> {
    shop.assess().disagreements.into_iter().map(|told| told.about).collect()
}

fn shop() -> Shop {
    Shop::on(date(2026, 3, 20)).ordered(date(2026, 3, 6)).delivered(date(2026, 3, 9)).because(Reason::ChangedMind)
}

#[test]
fn an_ordinary_message_disagrees_in_nothing() {
    let mut shop = shop().says("Commandée le 5 mars, payée 54,90 €, soit 50 € plus la livraison.");
    shop.known.purchase_date = Some("le 5 mars".into());
    shop.known.product = Some("la bouilloire".into());
    shop.known.order_number = Some("n° 1042".into());
    assert_eq!(about(&shop), Vec::<String>::new());
}

#[test]
fn each_disagreement_is_said() {
    let mut number = shop();
    number.known.order_number = Some("CMD-9999".into());
    assert_eq!(about(&number), ["order_number"]);
    assert_eq!(number.assess().outcome, Outcome::NeedsPerson(PersonWhy::FactsDisagree));
    let mut day = shop().says("Je l'ai achetée le 3 janvier.");
    day.known.purchase_date = Some("le 3 janvier".into());
    assert_eq!(about(&day), ["purchase_date"]);
    assert_eq!(about(&shop().says("Rendez-moi mes 129 €")), ["amount"]);
    assert_eq!(about(&shop().says("Rendez-moi mes 54 €")), Vec::<String>::new(), "the cents are left out");
    let mut product = shop();
    product.known.product = Some("le trampoline".into());
    assert_eq!(about(&product), ["product"]);
    for anything in ["l'appareil", "les articles", "the item"] {
        product.known.product = Some(anything.into());
        assert_eq!(about(&product), Vec::<String>::new(), "{anything} is whatever was ordered");
    }
    for named in ["the truck", "un parc", "la TV"] {
        product.known.product = Some(named.into());
        assert_eq!(about(&product), ["product"], "{named}");
    }
}

#[test]
fn a_later_day_of_receipt_that_would_be_in_time_is_for_a_person() {
    let mut shop = Shop::on(date(2026, 3, 26)).delivered(date(2026, 3, 9)).because(Reason::ChangedMind);
    shop.policy.windows.first_mut().unwrap().days = 10;
    shop.known.purchase_date = Some("le 13 mars".into());
    let shop = shop.says("Bonjour, je ne l'ai reçue que le 13 mars.");
    let assessment = shop.assess();
    assert_eq!(assessment.findings.first().unwrap().standing, Standing::Possible);
    assert_eq!(assessment.outcome, Outcome::NeedsPerson(PersonWhy::StatutoryRefusal));
    assert!(assessment.disagreements.iter().any(|told| told.what.contains("withdrawal hangs on it")));
}

#[test]
fn the_words_for_a_product_find_their_line() {
    let mut shop = shop();
    shop.order.lines.push(line("Théière en fonte noire", "70"));
    shop.known.product = Some("deux théières".into());
    assert_eq!(shop.assess().terms.unwrap().amount.unwrap().to_string(), "70.00 EUR");
}
