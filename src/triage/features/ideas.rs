//! Ideas of the lexicon: alone, denied, in pairs, and where in the mail.

use super::gloss::Gloss;
use super::lexicon::{Idea, LEXICON};
use super::tokens::{Token, Tokens};
use super::{Block, Sink, hash};
use crate::triage::hit::Part;

/// Words in the longest phrase of the lexicon.
const PHRASE: usize = 6;
/// Ideas further apart than this many words do not make a pair.
const REACH: usize = 14;
/// A mail that is nothing but ideas must not cost quadratic time.
const MOST: usize = 400;

/// Likewise for pairs over the whole mail.
const MOST_IN_COMPANY: usize = 48;

struct Occurrence {
    idea: Idea,
    first: usize,
    last: usize,
}

/// Adds the ideas of one part; gives back which there are.
pub(super) fn add(tokens: &Tokens<'_>, gloss: &Gloss, sink: &mut Sink) -> Vec<Idea> {
    let found = occurrences(tokens, gloss);
    let denial = LEXICON.names.iter().position(|name| name == "neg").and_then(|at| Idea::try_from(at).ok());
    let last_sentence = tokens.sentences().saturating_sub(1);
    let token = |at: usize| tokens.list.get(at);
    let sentence = |at: usize| token(at).map_or(0, |token: &Token| token.sentence);
    for (index, one) in found.iter().enumerate() {
        let Some(first) = token(one.first) else { continue };
        let span = one.first..one.last + 1;
        let key = hash::byte(hash::START, one.idea);
        sink.add(Block::Ideas, key, span.clone());
        if sink.part == Part::Subject {
            sink.add(Block::Ideas, hash::byte(key, b'S'), span.clone());
        } else {
            let at = first.sentence;
            if at <= 1 {
                sink.add(Block::Ideas, hash::byte(key, b'<'), span.clone());
            }
            if at + 2 >= last_sentence {
                sink.add(Block::Ideas, hash::byte(key, b'>'), span.clone());
            }
        }
        let mut neighbour = true;
        for other in found.iter().skip(index + 1) {
            if other.first > one.last + REACH || sentence(other.first) != first.sentence {
                break;
            }
            if other.idea == one.idea || other.first <= one.last {
                continue;
            }
            let span = one.first..other.last + 1;
            let pair = hash::join(key, hash::byte(hash::START, other.idea));
            sink.add(Block::Ideas, pair, span.clone());
            if neighbour {
                sink.add(Block::Ideas, hash::byte(pair, b'+'), span.clone());
                neighbour = false;
            }
            if Some(one.idea) == denial && other.first <= one.last + 3 {
                sink.add(Block::Ideas, hash::byte(hash::byte(hash::START, other.idea), b'!'), span);
            }
        }
    }
    found.iter().map(|one| one.idea).collect()
}

/// Adds every pair of different ideas of the mail, wherever they stand: a promise in the first line and an
/// empty account in the last are one story.
pub(super) fn company(mut present: Vec<Idea>, sink: &mut Sink) {
    present.sort_unstable();
    present.dedup();
    present.truncate(MOST_IN_COMPANY);
    for (index, one) in present.iter().enumerate() {
        for other in present.iter().skip(index + 1) {
            let pair = u64::from(*one) << 8 | u64::from(*other);
            sink.add_value(Block::Company, hash::join(hash::START, pair), 1.0);
        }
    }
}

fn occurrences(tokens: &Tokens<'_>, gloss: &Gloss) -> Vec<Occurrence> {
    let mut found: Vec<Occurrence> = Vec::with_capacity(tokens.list.len().min(MOST));
    for at in 0..tokens.list.len() {
        if found.len() >= MOST {
            break;
        }
        let mut note = |idea, words: usize| {
            let known = found.iter().rev().take(8).any(|other| other.idea == idea && other.last >= at);
            if !known {
                found.push(Occurrence { idea, first: at, last: at + words - 1 });
            }
        };
        LEXICON.of_phrase(tokens.list.iter().skip(at).take(PHRASE).map(|token| token.hash), &mut note);
        gloss.ideas(at).iter().for_each(|idea| note(*idea, 1));
    }
    found
}
