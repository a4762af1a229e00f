//! Words, word pairs and letters within words.

use std::ops::Range;

use super::tokens::{Kind, Tokens};
use super::{Block, Sink, hash};
use crate::triage::hit::Part;

const LETTERS: usize = 4;

pub(super) fn add(tokens: &Tokens<'_>, sink: &mut Sink) {
    let mut before: Option<hash::Hash> = None;
    for (at, token) in tokens.list.iter().enumerate() {
        let own = at..at + 1;
        let this = token.hash;
        sink.add(Block::Words, this, own.clone());
        if sink.part == Part::Subject {
            sink.add(Block::Words, hash::byte(this, b'S'), own.clone());
        }
        if token.accented {
            sink.add(Block::Words, hash::byte(this, b'\''), own.clone());
        }
        if let Some(previous) = before {
            sink.add(Block::Words, hash::join(previous, this), at - 1..at + 1);
        }
        if token.kind == Kind::Word {
            letters(tokens.text(token), &own, sink);
        }
        before = Some(this);
    }
}

/// Every four bytes of ` word `: the blanks tell beginnings and ends from middles.
fn letters(word: &str, own: &Range<usize>, sink: &mut Sink) {
    let byte = |at: usize| at.checked_sub(1).and_then(|at| word.as_bytes().get(at)).copied().unwrap_or(b' ');
    for start in 0..(word.len() + 3).saturating_sub(LETTERS) {
        let state = (start..start + LETTERS).fold(hash::START, |state, at| hash::byte(state, byte(at)));
        sink.add(Block::Letters, state, own.clone());
    }
}
