//! An amount of money: a whole number of the currency's smallest unit.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// In the smallest unit (cents for EUR, yen for JPY).
    pub minor: i64,
    /// ISO 4217 code, upper case.
    pub currency: String,
}

/// Currencies without a smaller unit (ISO 4217, exponent 0) that a small shop may meet.
const WHOLE: &[&str] = &["CLP", "ISK", "JPY", "KRW", "VND", "XAF", "XOF", "XPF"];

/// A text that is no amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no amount (write 129.90)")]
pub struct NotAnAmount(String);

impl Money {
    /// Reads a decimal number with a point or a comma (`129.90`, `129,9`, `-5`); thousands are not separated.
    ///
    /// # Errors
    /// When the text is no such number, has more decimals than the currency, or is too large.
    pub fn parse(text: &str, currency: &str) -> Result<Self, NotAnAmount> {
        let currency = currency.trim().to_ascii_uppercase();
        let fail = || NotAnAmount(text.chars().take(40).collect());
        let digits = decimals(&currency);
        let (sign, number) = text.trim().strip_prefix('-').map_or((1, text.trim()), |rest| (-1, rest));
        let (whole, fraction) = number.split_once(['.', ',']).unwrap_or((number, ""));
        let kept = fraction.trim_end_matches('0');
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !plain(whole) || !plain(fraction) || kept.len() > digits {
            return Err(fail());
        }
        let minor: i64 = format!("{whole}{kept:0<digits$}").parse().map_err(|_| fail())?;
        Ok(Self { minor: sign * minor, currency })
    }

    /// How many digits stand behind the point.
    pub fn decimals(&self) -> usize {
        decimals(&self.currency)
    }

    /// The whole units and the digits behind the point, without sign: `(129, "90")`.
    pub fn parts(&self) -> (u64, String) {
        let digits = self.decimals();
        let unit = 10_u64.pow(u32::try_from(digits).unwrap_or_default());
        let amount = self.minor.unsigned_abs();
        let fraction = if digits == 0 { String::new() } else { format!("{:0digits$}", amount % unit) };
        (amount / unit, fraction)
    }

    /// The sum, when both are of one currency and it fits.
    pub fn plus(&self, other: &Money) -> Option<Money> {
        let minor = self.minor.checked_add(other.minor).filter(|_| self.currency == other.currency)?;
        Some(Money { minor, currency: self.currency.clone() })
    }

    /// The difference, when both are of one currency and it fits.
    pub fn minus(&self, other: &Money) -> Option<Money> {
        let minor = self.minor.checked_sub(other.minor).filter(|_| self.currency == other.currency)?;
        Some(Money { minor, currency: self.currency.clone() })
    }
}

fn decimals(currency: &str) -> usize {
    if WHOLE.contains(&currency) { 0 } else { 2 }
}

impl fmt::Display for Money {
    /// As data: `129.90 EUR`. How people write it is the wording's business.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = self.parts();
        let sign = if self.minor < 0 { "-" } else { "" };
        let point = if fraction.is_empty() { "" } else { "." };
        write!(f, "{sign}{whole}{point}{fraction} {}", self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_written_in_their_currency() {
        for (text, currency, said) in [
            ("129.90", "eur", "129.90 EUR"),
            ("129,9", "EUR", "129.90 EUR"),
            ("0.5", "GBP", "0.50 GBP"),
            ("-7", "USD", "-7.00 USD"),
            ("3500", "JPY", "3500 JPY"),
            ("3500.00", "JPY", "3500 JPY"),
        ] {
            assert_eq!(Money::parse(text, currency).unwrap().to_string(), said);
        }
        for text in ["", "12.345", "1 200", "twelve", "1.2.3", "+5", "99999999999999999999"] {
            assert!(Money::parse(text, "EUR").is_err(), "{text}");
        }
    }

    #[test]
    fn only_one_currency_adds_up() {
        let euros = Money::parse("10", "EUR").unwrap();
        let pounds = Money::parse("10", "GBP").unwrap();
        assert_eq!(euros.plus(&pounds), None);
        assert_eq!(euros.minus(&Money::parse("12.5", "EUR").unwrap()).unwrap().to_string(), "-2.50 EUR");
    }
}
