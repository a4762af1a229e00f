//! Why: the rules that hit and the words that weighed in the models, in the customer's own spelling.

use std::ops::Range;

use super::Triage;
use super::analysis::Analysis;
use super::classifier::Task;
use super::classifier::joint::{Places, SentenceScores};
use super::decide::Predictions;
use super::features::Entry;
use super::features::tokens::Tokens;
use super::gather::gather;
use super::hit::{Effect, Part, RuleHit};
use crate::domain::{Anger, Explanation, Signal, Verdict};

/// Lines in an explanation.
const LINES: usize = 8;
/// A lift weighs at least this, so that it stands among the first lines.
const LIFT: f32 = 3.0;
/// Characters of a sentence that are quoted.
const SENTENCE: usize = 80;
/// Words a model may name.
const WORDS: usize = 3;
/// Weights below this, in log-odds, made no difference.
const LEAST: f32 = 0.1;
/// A neighbour with this share of the heaviest word's weight is quoted with it.
const NEIGHBOUR: f32 = 0.4;

/// A line before it is known whether it is among the weightiest, which most are not.
struct Line<'a> {
    from: &'static str,
    name: &'a str,
    /// The customer's words.
    words: &'a str,
    /// Of a sentence no more than [`SENTENCE`] is told.
    is_sentence: bool,
    weight: f32,
}

impl<'a> Line<'a> {
    fn of_rule(hit: &'a RuleHit, weight: f32) -> Self {
        Self { from: "rule", name: &hit.name, words: &hit.matched, is_sentence: false, weight }
    }

    fn told(&self) -> Explanation {
        let cut = self.words.char_indices().nth(SENTENCE).filter(|_| self.is_sentence);
        let matched = match cut.and_then(|(at, _)| self.words.get(..at)) {
            Some(beginning) => format!("{beginning}…"),
            None => self.words.to_owned(),
        };
        Explanation { from: self.from.into(), name: self.name.into(), matched, weight: self.weight }
    }
}

/// The weightiest reasons for a verdict, weightiest first. `places` are those of the mail's features in the models, `sentences`
/// what each of its parts scores.
pub fn explain(
    analysis: &Analysis,
    verdict: &Verdict,
    predictions: &Predictions,
    triage: &Triage,
    places: &Places,
    sentences: &[SentenceScores],
) -> Vec<Explanation> {
    let mut lines = rules(&analysis.hits, verdict);
    lines.extend(floor(&analysis.hits, verdict, predictions));
    let parts =
        [Part::Subject, Part::Body].map(|part| (part, analysis.glosses.part(part).tokens(analysis.text.part(part))));
    let entries = analysis.features.entries.iter().zip(places);
    let known: Vec<(&Entry, u32)> =
        gather(entries.filter(|(entry, _)| !entry.tokens.is_empty()).filter_map(|(entry, at)| Some((entry, (*at)?))));
    let mut of_task: Vec<&[f32]> = Vec::with_capacity(sentences.len());
    for Question { task, name, class, against, sign } in questions(verdict, predictions, &analysis.hits) {
        let Some(stored) = triage.models.get(&task) else { continue };
        let of_first = stored.model.shares(class, against);
        let Some(weighing) = triage.joint.weighing(task, &of_first) else { continue };
        let shares = known.iter().filter_map(|(entry, at)| Some((*entry, weighing.of(*at)? * entry.value)));
        let words = words(analysis, &parts, shares, sign);
        lines.extend(words.map(|(words, weight)| Line { from: "model", name, words, is_sentence: false, weight }));
        of_task.clear();
        of_task.extend(sentences.iter().filter_map(|scores| triage.decisive.of_task(task, scores)));
        if let Some(moved) = stored.model.moved(&of_task, class, against).filter(|moved| moved.weight.abs() >= LEAST) {
            let words = sentence(analysis, &parts[1].1, moved.sentence);
            lines.push(Line { from: "model", name, words, is_sentence: true, weight: moved.weight * sign });
        }
    }
    lines.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    lines.iter().take(LINES).map(Line::told).collect()
}

/// The n-th sentence of the body as the customer wrote it.
fn sentence<'a>(analysis: &'a Analysis, body: &Tokens<'_>, n: usize) -> &'a str {
    let of_it = || body.list.iter().filter(|token| token.sentence as usize == n);
    let range = of_it().next().zip(of_it().next_back()).map(|(first, last)| first.span.start..last.span.end);
    range.and_then(|range| analysis.text.part(Part::Body).original().get(range)).unwrap_or_default()
}

/// What is to be explained.
struct Question {
    task: Task,
    /// What the reader is told it is.
    name: &'static str,
    /// Decided.
    class: usize,
    /// The runner-up it is measured against.
    against: Option<usize>,
    /// Makes "for" positive.
    sign: f32,
}

fn questions(verdict: &Verdict, predictions: &Predictions, hits: &[RuleHit]) -> Vec<Question> {
    let question = |task: Task, class, against, sign| Question { task, name: task.as_str(), class, against, sign };
    let intent = verdict.intent as usize;
    let mut questions = vec![question(Task::Intent, intent, second(&predictions.intent, intent), 1.0)];
    questions.push(match verdict.anger {
        Anger::Calm => question(Task::Anger, 0, None, -1.0),
        level => question(Task::Anger, usize::from(level.level()) - 1, None, 1.0),
    });
    let reason = verdict.reason.map(|reason| reason as usize);
    questions.extend(reason.map(|reason| question(Task::Reason, reason, second(&predictions.reason, reason), 1.0)));
    // What rules found speaks for itself.
    let by_rule =
        |signal: &Signal| hits.iter().any(|hit| !hit.negated && hit.effects.contains(&Effect::Signal(*signal)));
    let signals = verdict.signals.iter().filter(|signal| !by_rule(signal));
    questions.extend(
        signals
            .map(|signal| Question { name: signal.as_str(), ..question(Task::Signals, *signal as usize, None, 1.0) }),
    );
    questions
}

fn second(scores: &[f32], first: usize) -> Option<usize> {
    (0..scores.len()).filter(|class| *class != first).max_by(|a, b| f32::total_cmp(&scores[*a], &scores[*b]))
}

/// Each rule once, with what it says about what was decided.
fn rules<'a>(hits: &'a [RuleHit], verdict: &Verdict) -> Vec<Line<'a>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for hit in hits.iter().filter(|hit| !hit.negated) {
        let weight: f32 = hit.effects.iter().map(|effect| speaks(effect, verdict)).sum();
        if weight.abs() >= LEAST && !lines.iter().any(|line| *line.name == *hit.name) {
            lines.push(Line::of_rule(hit, weight));
        }
    }
    lines
}

/// The words that lifted the anger above what the model made of it, with the log-odds that this took.
fn floor<'a>(hits: &'a [RuleHit], verdict: &Verdict, predictions: &Predictions) -> Option<Line<'a>> {
    let reached = |hit: &&RuleHit| hit.anger_floor.is_some_and(|level| level <= verdict.anger.level());
    let hit = hits.iter().filter(reached).max_by_key(|hit| (hit.anger_floor, std::cmp::Reverse(hit.rule)))?;
    let level = hit.anger_floor?;
    let likely: f32 = predictions.anger.iter().skip(usize::from(level)).sum();
    let lifted = likely < 0.5;
    lifted.then(|| Line::of_rule(hit, (1.0 / likely.max(1e-3)).ln().max(LIFT)))
}

fn speaks(effect: &Effect, verdict: &Verdict) -> f32 {
    match *effect {
        Effect::Intent(intent, weight) => {
            if intent == verdict.intent {
                weight
            } else {
                0.0
            }
        }
        Effect::Anger(level, weight) => {
            if level <= verdict.anger.level() {
                weight
            } else {
                -weight
            }
        }
        Effect::Reason(reason, weight) => match verdict.reason {
            Some(decided) if decided == reason => weight,
            _ => 0.0,
        },
        Effect::Signal(signal) => {
            if verdict.signals.contains(&signal) {
                1.0
            } else {
                0.0
            }
        }
    }
}

/// The words that weighed most, with near words that weighed too; `shares` are of features that stand somewhere.
fn words<'a>(
    analysis: &'a Analysis,
    parts: &[(Part, Tokens<'_>); 2],
    shares: impl Iterator<Item = (&'a Entry, f32)>,
    sign: f32,
) -> impl Iterator<Item = (&'a str, f32)> {
    let [subject, body] = parts.each_ref().map(|(_, tokens)| tokens.list.len());
    let mut weights = vec![0.0_f32; subject + body];
    for (entry, share) in shares {
        let range = usize::from(entry.tokens.start)..usize::from(entry.tokens.end);
        let each = share * sign / range.len() as f32;
        let (first, end) = if entry.part == Part::Subject { (0, subject) } else { (subject, subject + body) };
        let place = weights.get_mut(first..end).and_then(|part| part.get_mut(range));
        place.into_iter().flatten().for_each(|weight| *weight += each);
    }
    let mut found = Vec::with_capacity(2 * WORDS);
    let (of_subject, of_body) = weights.split_at_mut(subject);
    for ((part, tokens), weights) in parts.iter().zip([of_subject, of_body]) {
        for _ in 0..WORDS {
            let Some((range, weight)) = heaviest(weights) else {
                break;
            };
            let start = tokens.list.get(range.start).map(|token| token.span.start);
            let end = tokens.list.get(range.end - 1).map(|token| token.span.end);
            let words = start.zip(end).and_then(|(start, end)| analysis.text.part(*part).original().get(start..end));
            found.push((words.unwrap_or_default(), weight));
        }
    }
    found.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    found.into_iter().take(WORDS)
}

/// Takes the heaviest run of words out of the weights.
fn heaviest(weights: &mut [f32]) -> Option<(Range<usize>, f32)> {
    let top = (0..weights.len()).max_by(|a, b| f32::total_cmp(&weights[*a].abs(), &weights[*b].abs()))?;
    let peak = *weights.get(top)?;
    if peak.abs() < LEAST {
        return None;
    }
    let joins = |at: Option<usize>| at.and_then(|at| weights.get(at)).is_some_and(|w| w / peak >= NEIGHBOUR);
    let (mut start, mut end) = (top, top + 1);
    while joins(start.checked_sub(1)) && end - start < 5 {
        start -= 1;
    }
    while joins(Some(end)) && end - start < 5 {
        end += 1;
    }
    let sum = weights.get(start..end)?.iter().sum();
    weights.get_mut(start..end)?.fill(0.0);
    Some((start..end, sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_quoted_by_its_beginning_and_a_word_whole() {
        let long = "é".repeat(SENTENCE + 1);
        let told = |words: &str, is_sentence| {
            Line { from: "model", name: "intent", words, is_sentence, weight: 1.0 }.told().matched
        };
        assert_eq!(told(&long, true), "é".repeat(SENTENCE) + "…");
        assert_eq!(told(&long["é".len()..], true), "é".repeat(SENTENCE), "not longer than what is quoted");
        assert_eq!(told(&long, false), long);
    }
}
