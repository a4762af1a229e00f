//! Why: the rules that hit and the words that weighed in the models, in the customer's own spelling.

use std::ops::Range;

use super::Triage;
use super::analysis::Analysis;
use super::classifier::Task;
use super::classifier::joint::{Places, SentenceScores};
use super::decide::Predictions;
use super::features::Entry;
use super::features::tokens::Tokens;
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
    let parts = [Part::Subject, Part::Body].map(|part| (part, Tokens::cut(analysis.text.part(part))));
    for Question { task, name, class, against, sign } in questions(verdict, predictions, &analysis.hits) {
        let Some(stored) = triage.models.get(&task) else { continue };
        let of_first = stored.model.shares(class, against);
        let Some(weighing) = triage.joint.weighing(task, &of_first) else { continue };
        let entries = analysis.features.entries.iter().zip(places);
        let shares = entries.filter_map(|(entry, place)| Some((entry, weighing.of(*place)? * entry.value)));
        for (matched, weight) in words(analysis, &parts, shares, sign) {
            lines.push(Explanation { from: "model".into(), name: name.into(), matched, weight });
        }
        let of_task: Vec<&[f32]> =
            sentences.iter().filter_map(|scores| triage.decisive.of_task(task, scores)).collect();
        if let Some(moved) = stored.model.moved(&of_task, class, against).filter(|moved| moved.weight.abs() >= LEAST) {
            let matched = sentence(analysis, &parts[1].1, moved.sentence);
            lines.push(Explanation { from: "model".into(), name: name.into(), matched, weight: moved.weight * sign });
        }
    }
    lines.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    lines.truncate(LINES);
    lines
}

/// The n-th sentence of the body as the customer wrote it, its beginning where it is long.
fn sentence(analysis: &Analysis, body: &Tokens<'_>, n: usize) -> String {
    let of_it = || body.list.iter().filter(|token| token.sentence as usize == n);
    let range = of_it().next().zip(of_it().next_back()).map(|(first, last)| first.span.start..last.span.end);
    let words = range.and_then(|range| analysis.text.part(Part::Body).original().get(range)).unwrap_or_default();
    let cut: String = words.chars().take(SENTENCE).collect();
    if cut.len() < words.len() { format!("{cut}…") } else { cut }
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
fn rules(hits: &[RuleHit], verdict: &Verdict) -> Vec<Explanation> {
    let mut lines: Vec<Explanation> = Vec::new();
    for hit in hits.iter().filter(|hit| !hit.negated) {
        let weight: f32 = hit.effects.iter().map(|effect| speaks(effect, verdict)).sum();
        if weight.abs() >= LEAST && !lines.iter().any(|line| *line.name == *hit.name) {
            let (from, name, matched) = ("rule".into(), hit.name.to_string(), hit.matched.clone());
            lines.push(Explanation { from, name, matched, weight });
        }
    }
    lines
}

/// The words that lifted the anger above what the model made of it, with the log-odds that this took.
fn floor(hits: &[RuleHit], verdict: &Verdict, predictions: &Predictions) -> Option<Explanation> {
    let reached = |hit: &&RuleHit| hit.anger_floor.is_some_and(|level| level <= verdict.anger.level());
    let hit = hits.iter().filter(reached).max_by_key(|hit| (hit.anger_floor, std::cmp::Reverse(hit.rule)))?;
    let level = hit.anger_floor?;
    let likely: f32 = predictions.anger.iter().skip(usize::from(level)).sum();
    let lifted = likely < 0.5;
    lifted.then(|| Explanation {
        from: "rule".into(),
        name: hit.name.to_string(),
        matched: hit.matched.clone(),
        weight: (1.0 / likely.max(1e-3)).ln().max(LIFT),
    })
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

/// The words that weighed most, with near words that weighed too.
fn words<'a>(
    analysis: &Analysis,
    parts: &[(Part, Tokens<'_>); 2],
    shares: impl Iterator<Item = (&'a Entry, f32)>,
    sign: f32,
) -> Vec<(String, f32)> {
    let mut weights = [0, 1].map(|part: usize| vec![0.0_f32; parts[part].1.list.len()]);
    for (entry, share) in shares.filter(|(entry, _)| !entry.tokens.is_empty()) {
        let range = usize::from(entry.tokens.start)..usize::from(entry.tokens.end);
        let each = share * sign / range.len() as f32;
        let place = weights.get_mut(usize::from(entry.part != Part::Subject)).and_then(|part| part.get_mut(range));
        place.into_iter().flatten().for_each(|weight| *weight += each);
    }
    let mut found = Vec::new();
    for ((part, tokens), weights) in parts.iter().zip(&mut weights) {
        for _ in 0..WORDS {
            let Some((range, weight)) = heaviest(weights) else {
                break;
            };
            let start = tokens.list.get(range.start).map(|token| token.span.start);
            let end = tokens.list.get(range.end - 1).map(|token| token.span.end);
            let words = start.zip(end).and_then(|(start, end)| analysis.text.part(*part).original().get(start..end));
            found.push((words.unwrap_or_default().to_owned(), weight));
        }
    }
    found.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    found.truncate(WORDS);
    found
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
