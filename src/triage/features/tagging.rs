//! What the model of product words sees of one word: its own shape, its neighbours, and whether a list knows it.

use super::BITS;
use super::gloss::Gloss;
use super::hash::{self, Hash};
use super::notions::Meanings;
use super::tokens::{Kind, Token, Tokens};
use crate::domain::Fact;
use crate::triage::facts::Candidate;
use crate::triage::hit::Part;

/// Value of each feature: a word has about fifteen, so that its vector has a length of about one.
const VALUE: f32 = 0.26;
/// Features of one word at most, or nearly so.
const MOST: usize = 24;
/// Shorter words name no product.
const SHORTEST: usize = 3;
/// Words looked back over.
const BACK: usize = 5;
/// Little words that stand in a product's name without naming it.
const LITTLE: &[&str] = &[
    "the", "les", "une", "des", "mon", "mes", "our", "your", "vos", "nos", "votre", "notre", "this", "that", "these",
    "those", "cette", "ces", "son", "ses", "sur", "and", "for", "with", "avec", "pour", "dans", "from", "par", "two",
    "deux",
];

/// Whether a word may be one of a product's name.
pub fn may_name(tokens: &Tokens<'_>, token: &Token) -> bool {
    let text = tokens.text(token);
    token.kind == Kind::Word && text.len() >= SHORTEST && !LITTLE.contains(&text)
}

/// Looks at the words of one part.
#[derive(Debug)]
pub struct Tagging<'a> {
    tokens: &'a Tokens<'a>,
    meanings: &'a Meanings,
    /// For each word the hash of the list or shape that found it.
    listed: Vec<Option<Hash>>,
    subject: bool,
}

impl<'a> Tagging<'a> {
    /// `tokens` are those of `gloss`, `candidates` all of the mail.
    pub fn of(tokens: &'a Tokens<'a>, gloss: &'a Gloss, part: Part, candidates: &[Candidate]) -> Self {
        let mut listed = vec![None; tokens.list.len()];
        for candidate in candidates.iter().filter(|one| one.part == part && one.fact == Fact::Product) {
            let place = listed.get_mut(tokens.within(&candidate.span));
            place.into_iter().flatten().for_each(|slot| *slot = Some(hash::text(&candidate.shape)));
        }
        Self { tokens, meanings: gloss.meanings(), listed, subject: part == Part::Subject }
    }

    /// The features of the word at a place; none where no product's name can stand.
    pub fn cells(&self, at: usize) -> Vec<(u32, f32)> {
        let mut cells = Vec::with_capacity(MOST);
        self.put_cells(at, &mut cells);
        cells
    }

    /// The same in the place of what a list holds.
    pub fn put_cells(&self, at: usize, cells: &mut Vec<(u32, f32)>) {
        cells.clear();
        let Some(token) = self.tokens.list.get(at).filter(|token| may_name(self.tokens, token)) else { return };
        let own =
            |at: Option<usize>| at.and_then(|at| self.tokens.list.get(at)).map_or(hash::START, |token| token.hash);
        let (before, after) = (own(at.checked_sub(1)), own(Some(at + 1)));
        let earlier = own(at.checked_sub(2));
        let text = self.tokens.text(token);
        let stem = text.strip_suffix(['s', 'x']).unwrap_or(text).as_bytes();
        let mut add = |kind: u8, key: Hash| cells.push((hash::index(hash::byte(key, kind), BITS), VALUE));
        add(b'w', own(Some(at)));
        add(b'e', stem.iter().rev().take(3).fold(hash::START, |state, byte| hash::byte(state, *byte)));
        add(b'p', stem.iter().take(4).fold(hash::START, |state, byte| hash::byte(state, *byte)));
        add(b'b', before);
        add(b'c', earlier);
        add(b'a', after);
        add(b'd', hash::join(earlier, before));
        add(b'm', hash::join(before, after));
        let near = [(b'W', Some(at)), (b'B', at.checked_sub(1)), (b'N', at.checked_sub(2)), (b'A', Some(at + 1))];
        for (kind, place) in near {
            if let Some(notion) = place.and_then(|place| self.meanings.at(place)) {
                add(kind, notion);
            }
        }
        for back in 3..=BACK {
            add(b'f', own(at.checked_sub(back)));
        }
        if self.tokens.capital(token) {
            let first = at.checked_sub(1).and_then(|at| self.tokens.list.get(at)).map(|one| one.sentence)
                != Some(token.sentence);
            add(b'C', u64::from(first));
        }
        add(b'S', u64::from(self.subject));
        for (kind, place) in [(b'0', Some(at)), (b'1', at.checked_sub(1)), (b'2', Some(at + 1))] {
            if let Some(Some(shape)) = place.and_then(|place| self.listed.get(place)) {
                add(kind, *shape);
                add(kind, hash::START);
            }
        }
        cells.sort_unstable_by_key(|(column, _)| *column);
        cells.dedup_by_key(|(column, _)| *column);
    }
}
