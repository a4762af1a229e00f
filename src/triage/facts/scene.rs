//! One part of a message laid out for fact finding: words, sentences, cues.

use std::ops::Range;

use super::vocabulary::{Cue, Entry, List, Mark, Vocabulary};
use super::{CueNear, Weighing};
use crate::domain::Fact;
use crate::triage::prepared::Folded;
use crate::triage::rules::file::Side;

/// A word of the folded text.
#[derive(Debug, Clone, Copy)]
struct Token {
    start: usize,
    sentence: u32,
    /// Words before it, commas and brackets counted as three.
    position: u32,
}

/// Words, sentences and cues of one folded text.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) folded: &'a Folded,
    pub(super) vocabulary: &'a Vocabulary,
    tokens: Vec<Token>,
    marks: Vec<Mark>,
}

/// Abbreviations whose full stop ends no sentence.
const ABBREVIATIONS: &[&str] = &[
    "n", "no", "nr", "ref", "cde", "cmd", "tel", "mr", "mme", "m", "mrs", "st", "num", "env", "inv", "ord", "approx",
    "res", "resa", "loc", "sej", "dev", "conf", "bk", "tick",
];
/// How far a comma or bracket sets words apart, in words.
const COMMA: u32 = 3;

impl<'a> Scene<'a> {
    pub(super) fn new(folded: &'a Folded, vocabulary: &'a Vocabulary) -> Self {
        let tokens = tokens(folded);
        let marks = vocabulary.marks(folded.text());
        Self { folded, vocabulary, tokens, marks }
    }

    pub(super) fn text(&self) -> &'a str {
        self.folded.text()
    }

    fn token_at(&self, offset: usize) -> Option<Token> {
        let after = self.tokens.partition_point(|token| token.start <= offset);
        self.tokens.get(after.saturating_sub(1)).copied()
    }

    /// Listed words of one list.
    pub(super) fn listed(&self, list: List) -> impl Iterator<Item = Range<usize>> + '_ {
        self.marks.iter().filter(move |mark| mark.entry == Entry::List(list)).map(|mark| mark.start..mark.end)
    }

    /// Whether a listed word covers or meets the range.
    pub(super) fn is_listed(&self, list: List, range: &Range<usize>) -> bool {
        self.listed(list).any(|word| word.start < range.end && range.start < word.end)
    }

    /// The cues round a range, and their distance in words. `fences` are other candidates: a cue beyond one of them
    /// speaks for that one rather.
    pub(super) fn weigh(&self, fact: Fact, range: &Range<usize>, fences: &[Range<usize>]) -> Weighing {
        let mut weighing = Weighing::default();
        let (Some(first), Some(last)) = (self.token_at(range.start), self.token_at(range.end.saturating_sub(1))) else {
            return weighing;
        };
        let mut best: Vec<(u16, f32)> = Vec::new();
        for mark in &self.marks {
            let Entry::Cue(index) = mark.entry else { continue };
            let Some(cue) = self.vocabulary.cues().get(usize::from(index)) else { continue };
            let weight = cue.weights.of(fact);
            // "ticket #" may reach over the sign that the number begins with.
            if weight == 0.0 || (mark.start < range.end && range.start + 1 < mark.end) {
                continue;
            }
            let before = mark.start < range.start;
            let Some(distance) = self.distance(mark, first, last, before, cue) else { continue };
            let between = |fence: &&Range<usize>| {
                if before {
                    fence.start >= mark.end && fence.end <= range.start
                } else {
                    fence.start >= range.end && fence.end <= mark.start
                }
            };
            let distance = distance + 5 * fences.iter().filter(between).count();
            let worth = weight * decay(distance);
            weighing.near.push(CueNear { cue: index, before, distance: u8::try_from(distance).unwrap_or(u8::MAX) });
            match best.iter_mut().find(|(known, _)| *known == index) {
                Some((_, known)) if worth.abs() > known.abs() => *known = worth,
                Some(_) => {}
                None => best.push((index, worth)),
            }
        }
        weighing.score = best.iter().map(|(_, worth)| worth).sum();
        weighing
    }

    /// Words between a cue and a candidate, when the cue may speak for it.
    fn distance(&self, mark: &Mark, first: Token, last: Token, before: bool, cue: &Cue) -> Option<usize> {
        if (cue.side == Side::Before && !before) || (cue.side == Side::After && before) {
            return None;
        }
        let token = self.token_at(if before { mark.end.saturating_sub(1) } else { mark.start })?;
        let (near, same) =
            if before { (first, token.sentence == first.sentence) } else { (last, token.sentence == last.sentence) };
        let distance = near.position.abs_diff(token.position).saturating_sub(1) as usize;
        (same && cue.within.is_none_or(|most| distance <= most)).then_some(distance)
    }
}

/// How much of a cue's weight is left at a distance.
fn decay(distance: usize) -> f32 {
    match distance {
        0..=2 => 1.0,
        3..=5 => 0.8,
        6..=9 => 0.6,
        10..=14 => 0.4,
        _ => 0.2,
    }
}

fn tokens(folded: &Folded) -> Vec<Token> {
    let bytes = folded.text().as_bytes();
    let inside = |b: &u8| b.is_ascii_alphanumeric() || !b.is_ascii();
    let mut tokens = Vec::with_capacity(bytes.len() / 5);
    let (mut sentence, mut position) = (0, 0);
    let mut breaks = folded.breaks().iter().peekable();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if inside(byte) {
            tokens.push(Token { start: at, sentence, position });
            position += 1;
            at += bytes.get(at..).map_or(1, |rest| rest.iter().take_while(|b| inside(b)).count());
            continue;
        }
        let ends = match byte {
            b'.' => {
                bytes.get(at + 1).is_none_or(|next| *next == b' ') && !abbreviated(folded.text(), tokens.last(), at)
            }
            b'!' | b'?' | b';' => true,
            _ => breaks.next_if(|line| **line <= at).is_some(),
        };
        sentence += u32::from(ends);
        position += if matches!(byte, b',' | b'(' | b')' | b':') { COMMA } else { 0 };
        at += 1;
    }
    tokens
}

fn abbreviated(text: &str, last: Option<&Token>, stop: usize) -> bool {
    last.and_then(|token| text.get(token.start..stop)).is_some_and(|word| ABBREVIATIONS.contains(&word))
}
