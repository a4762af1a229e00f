//! Card numbers and IBANs are never kept in a derived text.

/// Masks payment card numbers and IBANs in place, all but their last four characters. Returns
/// whether a card number was found.
pub(super) fn mask(text: &mut String) -> bool {
    if text.bytes().filter(u8::is_ascii_digit).count() < 12 {
        return false;
    }
    let mut chars: Vec<char> = text.chars().collect();
    let ibans = mask_ibans(&mut chars);
    let cards = mask_cards(&mut chars);
    if ibans || cards {
        *text = chars.into_iter().collect();
    }
    cards
}

fn is_gap(c: char) -> bool {
    matches!(c, ' ' | '-' | '.' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\u{2011}' | '\u{2013}' | '\t')
}

/// Positions of the characters that `belongs` from `start` on, at most one gap between two.
fn run(chars: &[char], start: usize, limit: usize, belongs: impl Fn(char) -> bool) -> Vec<usize> {
    let mut at = start;
    let mut found = Vec::new();
    while let Some(c) = chars.get(at) {
        if belongs(*c) {
            found.push(at);
            at += 1;
            if found.len() > limit {
                break;
            }
        } else if is_gap(*c) && chars.get(at + 1).is_some_and(|next| belongs(*next)) {
            at += 1;
        } else {
            break;
        }
    }
    found
}

fn begins_token(chars: &[char], at: usize) -> bool {
    at.checked_sub(1).and_then(|before| chars.get(before)).is_none_or(|before| !before.is_alphanumeric())
}

fn ends_token(chars: &[char], at: usize) -> bool {
    chars.get(at + 1).is_none_or(|after| !after.is_alphanumeric())
}

fn hide(chars: &mut [char], places: &[usize]) {
    let kept = places.len().saturating_sub(4);
    for place in places.iter().take(kept) {
        if let Some(c) = chars.get_mut(*place) {
            *c = '*';
        }
    }
}

fn mask_cards(chars: &mut [char]) -> bool {
    let mut found = false;
    let mut at = 0;
    while at < chars.len() {
        let starts = chars.get(at).is_some_and(char::is_ascii_digit) && begins_token(chars, at);
        if !starts {
            at += 1;
            continue;
        }
        let places = run(chars, at, 30, |c| c.is_ascii_digit());
        match card_in(chars, &places) {
            Some(length) => {
                hide(chars, places.get(..length).unwrap_or_default());
                found = true;
                at = places.get(length - 1).map_or(at, |last| *last) + 1;
            }
            // The number may begin after a gap: "12/2027 4111 …" or "1 4111 …".
            None => at += chars.get(at..).unwrap_or_default().iter().take_while(|c| c.is_ascii_digit()).count().max(1),
        }
    }
    found
}

/// How many of the digits at `places` are a card number: the longest fitting length that ends at a gap.
fn card_in(chars: &[char], places: &[usize]) -> Option<usize> {
    let digits: Vec<u32> = places.iter().filter_map(|at| chars.get(*at)?.to_digit(10)).collect();
    let ends = |length: usize| places.get(length - 1).is_some_and(|last| ends_token(chars, *last));
    (13..=19_usize)
        .rev()
        .find(|length| digits.get(..*length).is_some_and(|digits| ends(*length) && is_issued(digits) && luhn(digits)))
}

/// Whether the issuer's leading digits and the length belong to a card scheme (ISO/IEC 7812).
/// Without this, one in ten long order numbers would pass the check digit.
fn is_issued(digits: &[u32]) -> bool {
    let prefix = |n: usize| digits.iter().take(n).fold(0, |value, digit| value * 10 + digit);
    match digits.len() {
        13 => prefix(1) == 4,
        14 => matches!(prefix(3), 300..=305) || matches!(prefix(2), 36 | 38 | 39),
        15 => matches!(prefix(2), 34 | 37),
        16 => {
            prefix(1) == 4
                || matches!(prefix(2), 51..=55 | 65)
                || matches!(prefix(4), 2221..=2720 | 3528..=3589 | 6011)
                || matches!(prefix(3), 644..=649)
                || matches!(prefix(4), 6759 | 5018 | 5020 | 5038 | 6304 | 6761..=6763)
                || prefix(2) == 62
        }
        17 | 18 => prefix(2) == 62 || matches!(prefix(4), 6759 | 5018 | 5020 | 5038 | 6304 | 6761..=6763),
        19 => prefix(1) == 4 || prefix(2) == 62 || matches!(prefix(4), 6759 | 5018 | 5020 | 5038 | 6304 | 6761..=6763),
        _ => false,
    }
}

/// The Luhn check digit (ISO/IEC 7812-1 annex B).
fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| match (at % 2, digit * 2) {
            (0, _) => *digit,
            (_, doubled) if doubled > 9 => doubled - 9,
            (_, doubled) => doubled,
        })
        .sum();
    sum.is_multiple_of(10)
}

fn mask_ibans(chars: &mut [char]) -> bool {
    let mut found = false;
    for at in 0..chars.len() {
        let letter = |at: usize| chars.get(at).is_some_and(char::is_ascii_alphabetic);
        let digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
        if !(letter(at) && letter(at + 1) && digit(at + 2) && digit(at + 3) && begins_token(chars, at)) {
            continue;
        }
        let places = run(chars, at, 40, |c| c.is_ascii_alphanumeric());
        let text: String = places.iter().filter_map(|at| chars.get(*at)).map(char::to_ascii_uppercase).collect();
        let length = (15..=34_usize).rev().find(|length| {
            let ends = places.get(length - 1).is_some_and(|last| ends_token(chars, *last));
            ends && text.get(..*length).is_some_and(|iban| has_length_of_country(iban) && mod97(iban) == 1)
        });
        if let Some(length) = length {
            hide(chars, places.get(..length).unwrap_or_default());
            found = true;
        }
    }
    found
}

/// The fixed IBAN length of the countries most seen; others may have any (ISO 13616).
fn has_length_of_country(iban: &str) -> bool {
    let expected = match iban.get(..2).unwrap_or_default() {
        "FR" | "MC" | "IT" | "SM" => 27,
        "DE" | "GB" | "IE" => 22,
        "BE" => 16,
        "CH" => 21,
        "LU" | "AT" => 20,
        "ES" | "SE" => 24,
        "NL" => 18,
        "PT" => 25,
        "PL" => 28,
        "NO" => 15,
        "DK" | "FI" => 18,
        _ => return true,
    };
    iban.len() == expected
}

/// ISO 7064 MOD 97-10 over the rearranged number.
fn mod97(iban: &str) -> u32 {
    let (head, tail) = iban.split_at_checked(4).unwrap_or((iban, ""));
    tail.chars()
        .chain(head.chars())
        .filter_map(|c| c.to_digit(36))
        .fold(0, |rest, value| if value > 9 { (rest * 100 + value) % 97 } else { (rest * 10 + value) % 97 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> (String, bool) {
        let mut text = text.to_owned();
        let card = mask(&mut text);
        (text, card)
    }

    #[test]
    fn card_numbers_keep_their_last_four_digits() {
        assert_eq!(
            masked("ma carte 4111 1111 1111 1111, exp 12/27"),
            ("ma carte **** **** **** 1111, exp 12/27".into(), true)
        );
        assert_eq!(masked("5555555555554444"), ("************4444".into(), true));
        assert_eq!(masked("3782-822463-10005."), ("****-******-*0005.".into(), true));
        assert_eq!(masked("12/27 4111 1111 1111 1111"), ("12/27 **** **** **** 1111".into(), true));
    }

    #[test]
    fn order_and_parcel_numbers_stay() {
        for text in [
            "commande 4111 1111 1111 1112",
            "commande 1234567890123452",
            "Order 403-1234567-1234567",
            "colis 6A12345678901",
            "tél. 06 12 34 56 78, commande 2024001",
            "ref X4111111111111111",
        ] {
            assert_eq!(masked(text), (text.into(), false));
        }
    }

    #[test]
    fn ibans_are_masked_but_are_no_card() {
        assert_eq!(
            masked("IBAN FR76 3000 6000 0112 3456 7890 189 merci"),
            ("IBAN **** **** **** **** **** ***0 189 merci".into(), false)
        );
        assert_eq!(masked("de89370400440532013000"), ("******************3000".into(), false));

        let wrong_check = "FR76 3000 6000 0112 3456 7890 188";
        assert_eq!(masked(wrong_check), (wrong_check.into(), false));
    }
}
