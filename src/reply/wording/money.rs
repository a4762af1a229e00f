//! Amounts, as people write them in a language.

use crate::domain::Money;

/// Between groups of three digits in French.
const NARROW: &str = "\u{202f}";
/// Between number and currency.
const BLANK: char = '\u{a0}';

/// `1 299,90 €`, `€1,299.90`; currencies whose sign is not theirs alone by their code: `129,90 USD`, `129.90 USD`.
pub fn money(amount: &Money, language: &str) -> String {
    let french = language == "fr";
    let (whole, fraction) = amount.parts();
    let (group, point) = if french { (NARROW, ",") } else { (",", ".") };
    let sign = if amount.minor < 0 { "\u{2212}" } else { "" };
    let number = match fraction.as_str() {
        "" => grouped(whole, group),
        cents => format!("{}{point}{cents}", grouped(whole, group)),
    };
    match (symbol(&amount.currency), french) {
        (Some(symbol), true) => format!("{sign}{number}{BLANK}{symbol}"),
        (Some(symbol), false) => format!("{sign}{symbol}{number}"),
        (None, _) => format!("{sign}{number}{BLANK}{}", amount.currency),
    }
}

/// Signs that mean one currency only.
fn symbol(currency: &str) -> Option<&'static str> {
    match currency {
        "EUR" => Some("€"),
        "GBP" => Some("£"),
        _ => None,
    }
}

fn grouped(number: u64, between: &str) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push_str(between);
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_follow_the_language() {
        for (text, currency, french, english) in [
            ("129.90", "EUR", "129,90\u{a0}€", "€129.90"),
            ("1299", "EUR", "1\u{202f}299,00\u{a0}€", "€1,299.00"),
            ("1234567.5", "GBP", "1\u{202f}234\u{202f}567,50\u{a0}£", "£1,234,567.50"),
            ("129.90", "USD", "129,90\u{a0}USD", "129.90\u{a0}USD"),
            ("3500", "JPY", "3\u{202f}500\u{a0}JPY", "3,500\u{a0}JPY"),
            ("0.05", "CHF", "0,05\u{a0}CHF", "0.05\u{a0}CHF"),
            ("-5", "EUR", "−5,00\u{a0}€", "−€5.00"),
        ] {
            let amount = Money::parse(text, currency).unwrap();
            assert_eq!(money(&amount, "fr"), french);
            assert_eq!(money(&amount, "en"), english);
        }
    }
}
