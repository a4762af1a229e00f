//! Numbers that may belong to one person: telephone numbers, references, what masking left of bank numbers.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::{Kept, regex};

/// A token with so many digits identifies something, unless it is a date.
const TELLING: usize = 5;
/// As many digits as the shortest telephone number in groups.
const TELEPHONE: usize = 9;

/// The ranges whose digits are to be changed; they may overlap, the earlier ones win.
pub(super) fn find(text: &str, kept: &Kept) -> Vec<Range<usize>> {
    static DATE: LazyLock<Regex> = LazyLock::new(|| regex(r"\b\d{1,4}[./-]\d{1,2}[./-]\d{2,4}\b"));
    static MASKED: LazyLock<Regex> = LazyLock::new(|| regex(r"[A-Z]{0,2}\*[\d* .\u{a0}\u{202f}-]*\d"));
    static TELEPHONES: LazyLock<Regex> = LazyLock::new(|| {
        regex(concat!(
            r"(?:\+|\b00)\d{1,3}(?:[ \u{a0}\u{202f}./-]?\(?\d{1,4}\)?){2,6}",
            r"|\b\d{2,4}(?:[ \u{a0}\u{202f}.-]\d{2,4}){2,}\b",
            r"|\(\d{2,5}\)[ ]?\d{3,4}[ -]?\d{3,4}",
        ))
    });
    static TOKEN: LazyLock<Regex> = LazyLock::new(|| regex(r"[\p{L}\d]*\d(?:[\p{L}\d./_#-]*[\p{L}\d])?"));
    static CUE: LazyLock<Regex> = LazyLock::new(|| {
        regex(concat!(
            r"(?i)\b(?:commande|order|facture|invoice|réservation|reservation|booking|dossier|contrat|contract|",
            r"abonnement|subscription|ticket|client|customer|référence|reference|réf|ref)\b",
            r"[\s.:#(]*(?:(?:n[°ºo]|no|number|numéro|numero|nr|id)\b?[\s.:#]*)?",
            r"([\p{L}\d_/#-]*\d[\p{L}\d_/#-]*)",
        ))
    });
    let dates: Vec<Range<usize>> = DATE.find_iter(text).map(|found| found.range()).collect();
    let digits = |range: &Range<usize>| digits(text.get(range.clone()).unwrap_or_default()).len();
    let within = |range: &Range<usize>, other: &Range<usize>| other.start <= range.start && range.end <= other.end;
    let mut found = kept.references.clone();
    found.extend(MASKED.find_iter(text).map(|found| found.range()));
    found.extend(TELEPHONES.find_iter(text).map(|found| found.range()).filter(|range| digits(range) >= TELEPHONE));
    found.extend(TOKEN.find_iter(text).map(|found| found.range()).filter(|range| digits(range) >= TELLING));
    let named = CUE.captures_iter(text).filter_map(|found| Some(found.get(1)?.range()));
    found.extend(named.filter(|range| digits(range) >= 3));
    let free = |range: &Range<usize>| {
        text.get(range.clone()).is_some()
            && !dates.iter().any(|date| within(range, date))
            && !kept.untouched.iter().any(|fact| within(range, fact))
    };
    let of_facts = kept.references.len();
    let chosen = found
        .into_iter()
        .enumerate()
        .filter(|(at, range)| if *at < of_facts { text.get(range.clone()).is_some() } else { free(range) });
    chosen.map(|(_, range)| range).collect()
}

fn digits(written: &str) -> String {
    written.chars().filter(char::is_ascii_digit).collect()
}

/// The stretches of a changed number to be replaced: its digits, so that a name beside them is seen for itself.
pub(super) fn stretches(range: Range<usize>, written: &str, stand_in: &str) -> Vec<(Range<usize>, String)> {
    if digits(written).is_empty() {
        return vec![(range, stand_in.to_owned())];
    }
    let runs = written.split_inclusive(|c: char| !c.is_ascii_digit()).scan(0, |at, run| {
        let start = std::mem::replace(at, *at + run.len());
        let length = run.bytes().take_while(u8::is_ascii_digit).count();
        Some(start..start + length)
    });
    let changed = runs.filter(|run| !run.is_empty());
    changed
        .filter_map(|run| Some((range.start + run.start..range.start + run.end, stand_in.get(run)?.to_owned())))
        .collect()
}

/// The same shape with every digit changed but a leading zero; where there is none, every letter ("TGQXPR").
pub(super) fn stand_in(written: &str, hash: impl Fn(&str) -> [u8; 32]) -> String {
    let digits = digits(written);
    let letters = digits.is_empty();
    let key = if letters { written.to_uppercase() } else { digits };
    let mut steps = hash(&key).into_iter().cycle();
    let mut first = true;
    let turn = |c: char, base: u8, size: u8, by: u8| {
        let place = (c as u8).wrapping_sub(base);
        char::from(base + (place + 1 + by % (size - 1)) % size)
    };
    let mut change = |c: char| {
        let leading = first;
        first &= !c.is_ascii_digit();
        match c {
            '0' if leading => c,
            '0'..='9' => turn(c, b'0', 10, steps.next().unwrap_or_default()),
            'A'..='Z' if letters => turn(c, b'A', 26, steps.next().unwrap_or_default()),
            'a'..='z' if letters => turn(c, b'a', 26, steps.next().unwrap_or_default()),
            _ => c,
        }
    };
    written.chars().map(&mut change).collect()
}
