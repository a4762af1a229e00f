//! Which domains belong together, and which only look as if they did.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Second-level labels under which country registries sell names (`shop.co.uk`, `mairie.gouv.fr`).
///
/// This stands in for the public suffix list: that one changes weekly and runs to thousands of rules,
/// most of them about hosting companies. A suffix missing here makes two senders look aligned only
/// when both sit under it.
const REGISTRY_LABELS: &[&str] = &[
    "ac", "ad", "adv", "asn", "asso", "avocat", "bc", "co", "com", "ed", "edu", "firm", "gen", "go", "gob", "gouv",
    "gov", "govt", "gr", "id", "ind", "info", "lg", "ltd", "me", "medecin", "mil", "muni", "ne", "net", "nhs", "nom",
    "notaires", "on", "or", "org", "plc", "police", "prd", "presse", "priv", "qc", "sch", "school", "tm",
];

/// The registrable part of a domain: `mail.shop.example` → `shop.example`, `a.b.co.uk` → `b.co.uk`.
/// An address literal (`[192.0.2.1]`) or a single label is returned whole.
pub(crate) fn organisation(domain: &str) -> &str {
    let domain = domain.trim_end_matches('.');
    if domain.starts_with('[') {
        return domain;
    }
    let labels: Vec<&str> = domain.rsplitn(4, '.').collect();
    let keep = match labels.as_slice() {
        [top, second, _, ..] if is_suffix(second, top) => 3,
        _ => 2,
    };
    let length: usize = labels.iter().take(keep).map(|label| label.len() + 1).sum();
    let whole = domain.len();
    domain.get((whole + 1).saturating_sub(length)..).unwrap_or(domain)
}

fn is_suffix(second: &str, top: &str) -> bool {
    top.len() == 2 && REGISTRY_LABELS.contains(&second)
}

/// Relaxed alignment as DMARC means it (RFC 7489 §3.1): the same registrable domain.
pub(super) fn aligned(one: &str, other: &str) -> bool {
    organisation(one).eq_ignore_ascii_case(organisation(other))
}

/// Whether a foreign domain imitates ours: letters that look alike, one letter too many, too few,
/// other or exchanged under the same ending, or our whole name in front of another.
pub(super) fn imitates(foreign: &str, ours: &str) -> bool {
    let (foreign_name, our_name) = (organisation(foreign), organisation(ours));
    if foreign_name.eq_ignore_ascii_case(our_name) {
        return false;
    }
    let in_front = format!("{our_name}.");
    if foreign.starts_with(&in_front) || foreign.contains(&format!(".{in_front}")) {
        return true;
    }
    let (shape, our_shape) = (look(foreign_name), look(our_name));
    if shape == our_shape {
        return true;
    }
    let (Some((label, ending)), Some((our_label, our_ending))) = (shape.split_once('.'), our_shape.split_once('.'))
    else {
        return false;
    };
    // Names of three letters are all one letter away from some honest company.
    ending == our_ending && our_label.chars().count() >= 4 && strsim::osa_distance(label, our_label) == 1
}

/// What a domain looks like at a glance: one character for all that look the same.
fn look(domain: &str) -> String {
    let shown: Vec<String> = domain.split('.').map(|label| shown(&label.to_lowercase())).collect();
    let plain: String =
        shown.join(".").nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).map(twin).collect();
    plain.replace("rn", "m").replace("vv", "w").replace("cl", "d").replace('-', "")
}

/// The Latin twin of a digit, Cyrillic, Greek or Latin special letter.
fn twin(c: char) -> char {
    match c {
        '0' | 'о' | 'ο' | 'օ' | 'ø' => 'o',
        '1' | 'l' | 'i' | 'і' | 'ı' | 'ι' | 'ӏ' | '|' => 'l',
        '3' | 'е' | 'ε' => 'e',
        '5' | 'ѕ' => 's',
        'а' | 'α' | 'ɑ' => 'a',
        'р' | 'ρ' => 'p',
        'с' | 'ϲ' => 'c',
        'х' | 'χ' => 'x',
        'у' | 'γ' => 'y',
        'ԁ' => 'd',
        'һ' => 'h',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'м' => 'm',
        'н' => 'h',
        'п' => 'n',
        'т' | 'τ' => 't',
        'ν' | 'ѵ' => 'v',
        'ԝ' | 'ω' => 'w',
        'ɡ' => 'g',
        other => other,
    }
}

/// A label as a mail program shows it: `xn--…` decoded.
fn shown(label: &str) -> String {
    label.strip_prefix("xn--").and_then(punycode).unwrap_or_else(|| label.to_owned())
}

/// Punycode (RFC 3492 §6.2); `None` for what is not well-formed.
fn punycode(text: &str) -> Option<String> {
    let (basic, coded) = text.rsplit_once('-').unwrap_or(("", text));
    let mut out: Vec<char> = basic.chars().collect();
    let (mut code, mut index, mut bias) = (128_u32, 0_u32, 72_u32);
    let mut digits = coded.bytes();
    while digits.len() > 0 {
        let begun = index;
        let (mut weight, mut k) = (1_u32, 36_u32);
        loop {
            let digit = match digits.next()? {
                byte @ b'a'..=b'z' => u32::from(byte - b'a'),
                byte @ b'0'..=b'9' => u32::from(byte - b'0') + 26,
                _ => return None,
            };
            index = index.checked_add(digit.checked_mul(weight)?)?;
            let threshold = k.saturating_sub(bias).clamp(1, 26);
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(36 - threshold)?;
            k += 36;
        }
        let length = u32::try_from(out.len()).ok()? + 1;
        bias = adapted(index - begun, length, begun == 0);
        code = code.checked_add(index / length)?;
        index %= length;
        out.insert(usize::try_from(index).ok()?, char::from_u32(code)?);
        index += 1;
    }
    Some(out.into_iter().collect())
}

/// Bias adaptation (RFC 3492 §6.1).
fn adapted(delta: u32, length: u32, first: bool) -> u32 {
    let mut delta = if first { delta / 700 } else { delta / 2 };
    delta += delta / length;
    let mut k = 0;
    while delta > 455 {
        delta /= 35;
        k += 36;
    }
    k + 36 * delta / (delta + 38)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registrable_part_of_a_domain() {
        for (domain, registrable) in [
            ("shop.example", "shop.example"),
            ("bounce.mail.shop.example", "shop.example"),
            ("a.shop.co.uk", "shop.co.uk"),
            ("shop.co.uk", "shop.co.uk"),
            ("mail.shop.com.au", "shop.com.au"),
            ("smtp.paris.gouv.fr", "paris.gouv.fr"),
            ("mail.sfr.fr", "sfr.fr"),
            ("mx.orange.fr", "orange.fr"),
            ("localhost", "localhost"),
            ("[192.0.2.1]", "[192.0.2.1]"),
            ("shop.example.", "shop.example"),
        ] {
            assert_eq!(organisation(domain), registrable, "{domain}");
        }
    }

    #[test]
    fn alignment_is_by_registrable_domain() {
        assert!(aligned("bounces.shop.example", "Shop.example"));
        assert!(!aligned("one.co.uk", "two.co.uk"));
        assert!(!aligned("shop.example", "shop.test"));
        assert!(!aligned("notshop.example", "shop.example"));
    }

    #[test]
    fn look_alikes_of_our_domain() {
        for foreign in [
            "maison-guichet.example.evil.test",
            "pay.maison-guichet.example.evil.test",
            "maisonguichet.example",
            "maison-guiche.example",
            "maison-guichets.example",
            "maison-giuchet.example",
            "mail.ma1son-guichet.example",
            "rnaison-guichet.example",
            "mаison-guichet.example",
            "xn--mason-guichet-4hl.example",
        ] {
            assert!(imitates(foreign, "maison-guichet.example"), "{foreign}");
        }
    }

    #[test]
    fn honest_domains_are_no_look_alikes() {
        for foreign in
            ["mail.maison-guichet.example", "maison-lambert.example", "maison-guichet.test", "xn--caf-dma.example"]
        {
            assert!(!imitates(foreign, "maison-guichet.example"), "{foreign}");
        }
        assert!(!imitates("abd.example", "abc.example"), "short names are all alike");
        assert!(!imitates("example.org", "example.com"));
    }

    #[test]
    fn punycode_is_decoded_and_nonsense_refused() {
        assert_eq!(punycode("mnchen-3ya").as_deref(), Some("münchen"));
        assert_eq!(punycode("caf-dma").as_deref(), Some("café"));
        assert_eq!(punycode("99999999"), None);
        assert_eq!(punycode("a-Ü"), None);
    }

    #[test]
    fn strange_domains_neither_panic_nor_hang() {
        let long = "é".repeat(2000);
        let strange = ["", ".", "..", "[", "xn--", "xn--a", "xn---", "a.", "\u{301}.\u{301}", "é.é.é.é.é", &long];
        for one in strange {
            for other in strange {
                let _ = (organisation(one), aligned(one, other), imitates(one, other));
            }
        }
        assert!(aligned(&long, &long));
    }
}
