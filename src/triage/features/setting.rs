//! Notions with what surrounds them: "refund" is one thing, "refund" denied, asked about or standing in the subject another.

use std::sync::LazyLock;

use super::notions::{self, Meanings};
use super::tokens::{Token, Tokens};
use super::{Block, Sink, hash};
use crate::triage::gather::gather;
use crate::triage::hit::Part;

/// Notions behind a denial that it may deny.
const DENIED: usize = 4;
/// Sentences before the last that stand near the end.
const NEAR_END: u32 = 2;
/// Notions of a pair are so far apart; nearer ones are pairs of [`notions`].
const APART: std::ops::RangeInclusive<usize> = 3..=6;

/// Notions of subject and body that are paired with each other.
const IN_SUBJECT: usize = 8;
const IN_BODY: usize = 24;

/// Notions that deny what follows.
static DENIALS: LazyLock<[hash::Hash; 8]> =
    LazyLock::new(|| ["not", "never", "nothing", "none", "nobody", "without", "neither", "refuse"].map(notions::named));

/// Adds each notion once more for everything that holds of its place, but for those that deny, and pairs of a sentence.
pub(super) fn add(tokens: &Tokens<'_>, meanings: &Meanings, sink: &mut Sink) {
    let asked = asked(tokens);
    let end = tokens.sentences().saturating_sub(1 + NEAR_END);
    let meant = tokens.list.iter().enumerate().filter_map(|(at, token)| Some((meanings.at(at)?, at, token)));
    let meant: Vec<(hash::Hash, usize, &Token)> = gather(meant);
    let mut denial: Option<(usize, u32)> = None;
    for (index, (notion, at, token)) in meant.iter().enumerate() {
        for earlier in APART.filter_map(|apart| meant.get(index.checked_sub(apart)?)) {
            let (earlier, from, other) = earlier;
            if other.sentence == token.sentence {
                sink.add(Block::Setting, hash::byte(hash::join(*earlier, *notion), b'~'), *from..at + 1);
            }
        }
        if DENIALS.contains(notion) {
            denial = Some((index, token.sentence));
            continue;
        }
        let denied = denial.is_some_and(|(from, within)| within == token.sentence && index - from <= DENIED);
        let settings = [
            (denied, b'!'),
            (asked.get(token.sentence as usize) == Some(&true), b'?'),
            (sink.part == Part::Subject, b'S'),
            (sink.part == Part::Body && token.sentence >= end, b'>'),
        ];
        for (_, mark) in settings.into_iter().filter(|(holds, _)| *holds) {
            sink.add(Block::Setting, hash::byte(*notion, mark), *at..at + 1);
        }
    }
}

/// Adds each of the first notions of the subject with each of those that the body begins with: "Refund" and "where is it" are one question.
pub(super) fn across(subject: &Meanings, body: &Meanings, sink: &mut Sink) {
    let (subject, body) = (subject.first(IN_SUBJECT), body.first(IN_BODY));
    for (one, other) in subject.iter().flat_map(|one| body.iter().map(move |other| (one, other))) {
        sink.add_value(Block::Setting, hash::byte(hash::join(*one, *other), b'X'), 1.0);
    }
}

/// Which sentences hold a question mark.
fn asked(tokens: &Tokens<'_>) -> Vec<bool> {
    let mut asked = vec![false; tokens.sentences() as usize];
    for token in tokens.list.iter().filter(|token| tokens.text(token) == "?") {
        asked.get_mut(token.sentence as usize).into_iter().for_each(|place| *place = true);
    }
    asked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triage::prepared::Folded;

    fn columns(part: Part, text: &str) -> Vec<u32> {
        let text = Folded::new(text);
        let tokens = Tokens::cut(&text);
        let mut sink = Sink::new(0);
        sink.restart(part);
        add(&tokens, &Meanings::of(&tokens), &mut sink);
        sink.entries.iter().map(|entry| entry.column).collect()
    }

    fn column(notion: &str, mark: u8) -> u32 {
        super::super::column(Block::Setting, hash::byte(notions::named(notion), mark))
    }

    #[test]
    fn what_is_denied_is_told_from_what_is_said() {
        let denied = column("refund", b'!');
        assert!(columns(Part::Body, "I do not want a refund").contains(&denied));
        assert!(columns(Part::Body, "je ne veux pas de remboursement").contains(&denied), "in either language");
        assert!(!columns(Part::Body, "I want a refund, not a voucher").contains(&denied));
        assert!(!columns(Part::Body, "It is not. Refund it").contains(&denied), "a sentence ends it");
    }

    #[test]
    fn questions_subjects_and_ends_are_marked() {
        let text = "Refund? One. Two. Three. Parcel";
        let body = columns(Part::Body, text);
        assert!(body.contains(&column("refund", b'?')) && !body.contains(&column("refund", b'>')));
        assert!(body.contains(&column("parcel", b'>')) && !body.contains(&column("parcel", b'?')));
        assert!(columns(Part::Subject, text).contains(&column("refund", b'S')));
    }

    #[test]
    fn subject_and_body_are_one_story() {
        let folded = ["Refund", "Where is it? Where is the refund?"].map(Folded::new);
        let [subject, body] = [&folded[0], &folded[1]].map(Tokens::cut);
        let mut sink = Sink::new(0);
        sink.restart(Part::Body);
        across(&Meanings::of(&subject), &Meanings::of(&body), &mut sink);
        let pair = |body: &str| {
            let key = hash::byte(hash::join(notions::named("refund"), notions::named(body)), b'X');
            sink.entries.iter().filter(|entry| entry.column == super::super::column(Block::Setting, key)).count()
        };
        assert_eq!((pair("where"), pair("refund"), pair("parcel")), (1, 1, 0), "each pair once");
    }

    #[test]
    fn pairs_further_apart_stay_within_a_sentence() {
        let far = columns(Part::Body, "kettle broke again yesterday morning");
        let cut = columns(Part::Body, "kettle broke again. Yesterday morning");
        assert!(far.len() > cut.len(), "{} {}", far.len(), cut.len());
    }
}
