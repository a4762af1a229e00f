//! A verdict by rules alone, for when no model is there.

use super::facts::{Candidates, given};
use super::hit::{Effect, RuleHit};
use super::prepared::PreparedText;
use crate::domain::{Anger, Given, Intent, Reason, Signal};

/// What the rules conclude.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The intent with the highest score.
    pub intent: Intent,
    /// Log-odds of each intent, in the order of [`Intent::ALL`].
    pub intent_scores: [f32; 3],
    /// The highest level whose score is positive.
    pub anger: Anger,
    /// Log-odds of anger of at least 1, 2 and 3.
    pub anger_scores: [f32; 3],
    /// Only for a refund request.
    pub reason: Option<Reason>,
    /// Log-odds of each reason, in the order of [`Reason::ALL`].
    pub reason_scores: [f32; 8],
    /// Signals found.
    pub signals: Vec<Signal>,
    /// Facts given.
    pub given: Given,
}

/// Nothing said for it: most mail is no refund request, and most writers are calm.
const INTENT_BIAS: [f32; 3] = [0.0, -0.2, 0.3];
const ANGER_BIAS: [f32; 3] = [-0.9, -0.9, -0.9];
const REASON_BIAS: [f32; 8] = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5];
/// Shouting begins at this many words in capitals.
const SHOUTED_WORDS: usize = 5;

/// Adds up the effects of the hits that are not negated, each rule once.
pub fn judge_by_rules(text: &PreparedText, hits: &[RuleHit], candidates: &Candidates) -> Judgement {
    let (mut intent_scores, mut anger_scores, mut reason_scores) = (INTENT_BIAS, ANGER_BIAS, REASON_BIAS);
    let mut signals = Vec::new();
    let mut counted = Vec::new();
    for hit in hits.iter().filter(|hit| !hit.negated) {
        if counted.contains(&hit.rule) {
            continue;
        }
        counted.push(hit.rule);
        for effect in hit.effects.iter() {
            match *effect {
                Effect::Intent(intent, weight) => add(&mut intent_scores, Intent::ALL, intent, weight),
                Effect::Reason(reason, weight) => add(&mut reason_scores, Reason::ALL, reason, weight),
                Effect::Anger(level, weight) => add(&mut anger_scores, &[1, 2, 3], level, weight),
                Effect::Signal(signal) => {
                    if !signals.contains(&signal) {
                        signals.push(signal);
                    }
                }
            }
        }
    }
    if shouted_words(text) >= SHOUTED_WORDS {
        add(&mut anger_scores, &[1, 2, 3], 2, 2.0);
    }
    signals.sort_unstable();
    let intent = highest(&intent_scores, Intent::ALL).unwrap_or(Intent::Other);
    let anger = Anger::ALL.iter().skip(1).zip(anger_scores).rfind(|(_, score)| *score > 0.0);
    let anger = anger.map_or(Anger::Calm, |(level, _)| *level);
    let reason = highest(&reason_scores, Reason::ALL).filter(|_| intent == Intent::RefundRequest);
    let given = given(candidates, intent, reason);
    Judgement { intent, intent_scores, anger, anger_scores, reason, reason_scores, signals, given }
}

fn add<T: PartialEq>(scores: &mut [f32], all: &[T], which: T, weight: f32) {
    if let Some(score) = all.iter().position(|one| *one == which).and_then(|at| scores.get_mut(at)) {
        *score += weight;
    }
}

/// The label with the highest score, the first among equals.
fn highest<T: Copy>(scores: &[f32], all: &[T]) -> Option<T> {
    let mut best: Option<(f32, T)> = None;
    for (score, label) in scores.iter().zip(all) {
        if best.is_none_or(|(known, _)| *score > known) {
            best = Some((*score, *label));
        }
    }
    best.map(|(_, label)| label)
}

/// Words of four letters or more in capitals, references not counted.
fn shouted_words(text: &PreparedText) -> usize {
    let shouted = |word: &&str| {
        let letters = word.chars().filter(|c| c.is_alphabetic()).count();
        letters >= 4 && !word.chars().any(|c| c.is_lowercase() || c.is_ascii_digit())
    };
    text.body.original().split_whitespace().filter(shouted).count()
}

/// Whether the message only thanks or rates: it then joins a closed case without reopening it.
pub fn mere_thanks(text: &PreparedText, hits: &[RuleHit]) -> bool {
    /// Longer mails say more than thanks, whatever the rules see in them.
    const LONGEST: usize = 240;
    const POLITE: &[&str] = &["thanks-", "refund-arrived-", "refund-has-arrived-", "kind-words-", "no-refund-wanted-"];
    let polite = |hit: &&RuleHit| POLITE.iter().any(|name| hit.name.starts_with(name));
    let rates = super::rating::read(text.body.original()).is_some();
    let thanks = rates || hits.iter().any(|hit| hit.name.starts_with("thanks-") && !hit.negated);
    let mut refund = 0.0;
    for effect in hits.iter().filter(|hit| !hit.negated).flat_map(|hit| hit.effects.iter()) {
        match effect {
            Effect::Intent(Intent::Other, weight) => refund -= weight,
            Effect::Intent(_, weight) => refund += weight,
            _ => {}
        }
    }
    let matters = |effect: &Effect| match effect {
        Effect::Intent(intent, weight) => *intent == Intent::Other && *weight > 0.0,
        Effect::Anger(_, weight) | Effect::Reason(_, weight) => *weight > 0.0,
        Effect::Signal(_) => true,
    };
    let other_matter =
        hits.iter().filter(|hit| !hit.negated && !polite(hit)).any(|hit| hit.effects.iter().any(matters))
            || hits.iter().any(|hit| hit.anger_floor.is_some());
    let says_more = other_matter || refund > 0.0;
    thanks && !says_more && !text.body.text().contains('?') && text.body.text().len() <= LONGEST
}
