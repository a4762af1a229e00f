//! What was bought, in one phrase.

use super::enumeration;
use crate::domain::Order;
use crate::domain::order::OrderLine;

/// More lines than these are counted, not named.
const NAMED: usize = 4;

/// `Bouilloire Rapido (rouge) et 2 × Tasse`; `None` when the order names nothing.
pub(in crate::reply) fn products(order: &Order, language: &str) -> Option<String> {
    let all: Vec<String> = order.lines.iter().filter_map(line).collect();
    let (named, rest) = all.split_at(all.len().min(NAMED));
    let mut named = named.to_vec();
    match (rest.len(), language) {
        (0, _) => {}
        (1, "fr") => named.push("un autre article".into()),
        (more, "fr") => named.push(format!("{more} autres articles")),
        (1, _) => named.push("one other item".into()),
        (more, _) => named.push(format!("{more} other items")),
    }
    (!named.is_empty()).then(|| enumeration(&named, language))
}

fn line(line: &OrderLine) -> Option<String> {
    let product = one_line(&line.product)?;
    let variant = line.variant.as_deref().and_then(one_line).map(|variant| format!(" ({variant})")).unwrap_or_default();
    let times = if line.quantity > 1 { format!("{}\u{a0}×\u{a0}", line.quantity) } else { String::new() };
    Some(format!("{times}{product}{variant}"))
}

/// Somebody's words on one line; `None` when there are none.
pub(in crate::reply) fn one_line(words: &str) -> Option<String> {
    let line = words.split(|c: char| c.is_whitespace() && c != '\u{a0}' && c != '\u{202f}');
    let line = line.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    (!line.is_empty()).then_some(line)
}
