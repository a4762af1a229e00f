//! Words, word pairs and letters within words.

use super::tokens::{Kind, Token, Tokens};
use super::{Block, Sink, hash};
use crate::triage::hit::Part;

const SHORTEST: usize = 3;
const LONGEST: usize = 5;

/// The hash of a token as a word: numbers and codes by their shape, since they never come again.
pub fn word(tokens: &Tokens<'_>, token: &Token) -> hash::Hash {
    match token.kind {
        Kind::Number => hash::join(hash::text("#"), token.folded.len().min(5) as u64),
        Kind::Code => hash::text("#code"),
        Kind::Word | Kind::Mark => hash::text(tokens.text(token)),
    }
}

pub(super) fn add(tokens: &Tokens<'_>, sink: &mut Sink) {
    let mut before: Option<(hash::Hash, &Token)> = None;
    for token in &tokens.list {
        let this = word(tokens, token);
        sink.add(Block::Words, this, token.span.clone());
        if sink.part == Part::Subject {
            sink.add(Block::Words, hash::byte(this, b'S'), token.span.clone());
        }
        if token.accented {
            sink.add(Block::Words, hash::byte(this, b'\''), token.span.clone());
        }
        if let Some((previous, first)) = before {
            let span = first.span.start..token.span.end;
            sink.add(Block::Words, hash::join(previous, this), span);
        }
        if token.kind == Kind::Word {
            letters(tokens.text(token), token, sink);
        }
        before = Some((this, token));
    }
}

/// Every 3 to 5 bytes of ` word `: the blanks tell beginnings and ends from middles.
fn letters(word: &str, token: &Token, sink: &mut Sink) {
    let bytes = || std::iter::once(b' ').chain(word.bytes()).chain(std::iter::once(b' '));
    let length = word.len() + 2;
    for start in 0..length.saturating_sub(SHORTEST - 1) {
        let mut state = hash::START;
        for (index, byte) in bytes().skip(start).take(LONGEST).enumerate() {
            state = hash::byte(state, byte);
            if index + 1 >= SHORTEST {
                sink.add(Block::Letters, state, token.span.clone());
            }
        }
    }
}
