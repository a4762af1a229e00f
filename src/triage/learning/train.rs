//! Annotated rows → model files with their scores.

use std::collections::BTreeSet;

use super::calibrate;
use super::solve::{Labels, Solved, solve};
use crate::domain::policy::Policy;
use crate::domain::{Intent, Verdict};
use crate::triage::analysis::Analysis;
use crate::triage::by_rules::judge_by_rules;
use crate::triage::classifier::file::{self, Stored};
use crate::triage::classifier::{Linear, Task, logistic};
use crate::triage::corpus::{Row, Split};
use crate::triage::decide::{Predictions, decide, fact_of};
use crate::triage::evaluate::{Judged, Report};
use crate::triage::features::{Features, hash};
use crate::triage::rules::RuleSet;

/// Folds of the cross-validation.
pub const FOLDS: usize = 5;
/// Penalties (L2) found by cross-validation on the training split.
const PENALTY: f64 = 0.045;
/// Penalty of the models for facts.
const FACT_PENALTY: f64 = 0.2;
/// Mails that span the solver's coordinates at most.
const LANDMARKS: usize = 4_000;
/// Candidates likewise: they are many and short.
const CANDIDATE_LANDMARKS: usize = 1_500;
/// Right and wrong candidates needed to learn a fact from.
const LEAST_EXAMPLES: usize = 50;
/// An intent, anger or reason is called unsure where fewer than this share were right.
const SURE: f32 = 0.6;

/// What training made.
pub struct Trained {
    /// One a task.
    pub models: Vec<(Task, Stored)>,
    /// Scores on the training split, each mail judged by models that did not see it.
    pub cross_validation: Report,
    /// Scores of the finished models on the frozen test split.
    pub test: Report,
}

impl Trained {
    /// The bytes of a model's file.
    pub fn file(task: Task, stored: &Stored) -> Vec<u8> {
        file::write(task, stored)
    }
}

/// Trains every model on the rows of the training split and scores them on both. The same rows and
/// rules give the same models to the last bit. `corpus` is the digest the models carry.
///
/// # Errors
/// In words, when a class has too few examples or the solver fails.
pub fn train(rows: &[Row], rules: &RuleSet, corpus: [u8; 32]) -> Result<Trained, String> {
    let analysed: Vec<(&Row, Analysis)> =
        rows.iter().map(|row| (row, Analysis::of(rules, &row.subject, &row.body, &row.attachments))).collect();
    let (learn, test): (Vec<_>, Vec<_>) = analysed.into_iter().partition(|(row, _)| row.split == Split::Train);
    let mut held_out: Vec<Predictions> = learn
        .iter()
        .map(|(_, mail)| Predictions::by_rules(mail, &judge_by_rules(&mail.text, &mail.hits, &mail.candidates)))
        .collect();
    let mut models = Vec::new();
    let outcome = std::thread::scope(|scope| {
        let mails = scope.spawn(|| solve_mails(&learn));
        let facts: Vec<_> = Task::ALL
            .into_iter()
            .filter(|task| fact_of(*task).is_some())
            .map(|task| solve_fact(task, &learn).map(|solved| (task, solved)))
            .collect();
        (mails.join(), facts)
    });
    let whole = outcome.0.map_err(|_| "the solver stopped".to_owned())??;
    for (task, chosen, solved) in whole {
        let model = finish_mail(task, &learn, &chosen, solved, &mut held_out)?;
        models.push((task, Stored { model, corpus }));
    }
    for fact in outcome.1 {
        let (task, Some((places, solved))) = fact? else { continue };
        let model = finish_fact(task, &learn, &places, solved, &mut held_out)?;
        models.push((task, Stored { model, corpus }));
    }
    let judged = learn.iter().zip(&held_out).map(|((row, mail), predictions)| judged(row, mail, predictions));
    let cross_validation = Report::of(&judged.collect::<Vec<_>>());
    let test: Vec<Judged<'_>> = test.iter().map(|(row, mail)| judge_with(row, mail, &models)).collect();
    Ok(Trained { models, cross_validation, test: Report::of(&test) })
}

type Mails<'a> = [(&'a Row, Analysis)];

fn judged<'a>(row: &'a Row, mail: &Analysis, predictions: &Predictions) -> Judged<'a> {
    Judged { row, verdict: verdict(row, mail, predictions) }
}

fn verdict(row: &Row, mail: &Analysis, predictions: &Predictions) -> Verdict {
    let judgement = judge_by_rules(&mail.text, &mail.hits, &mail.candidates);
    decide(mail, &judgement, predictions, &Policy::default(), &row.lang)
}

fn judge_with<'a>(row: &'a Row, mail: &Analysis, models: &[(Task, Stored)]) -> Judged<'a> {
    let judgement = judge_by_rules(&mail.text, &mail.hits, &mail.candidates);
    let mut predictions = Predictions::by_rules(mail, &judgement);
    for (task, stored) in models {
        predictions.take_model(*task, &stored.model, mail);
    }
    judged(row, mail, &predictions)
}

/// The fold of a mail: by its id, so that it stays when mails are added.
fn fold(row: &Row) -> usize {
    (hash::index(hash::join(hash::text(&row.id), 1), 20) as usize) % FOLDS
}

/// Intent, anger and reason: for each the mails it was asked about and the solution.
fn solve_mails(learn: &Mails<'_>) -> Result<Vec<(Task, Vec<usize>, Solved)>, String> {
    let all: Vec<usize> = (0..learn.len()).collect();
    let requests: Vec<usize> = all
        .iter()
        .copied()
        .filter(|index| learn.get(*index).is_some_and(|(row, _)| row.intent == Intent::RefundRequest))
        .collect();
    let pick = |chosen: &[usize]| -> (Vec<&Features>, Vec<usize>) {
        chosen.iter().filter_map(|index| learn.get(*index)).map(|(row, mail)| (&mail.features, fold(row))).unzip()
    };
    let rows = |chosen: &[usize]| chosen.iter().filter_map(|index| learn.get(*index)).map(|(row, _)| *row).collect();
    let (features, folds) = pick(&all);
    let of_all: Vec<&Row> = rows(&all);
    let intents = of_all.iter().map(|row| row.intent as usize).collect();
    let angers = of_all.iter().map(|row| usize::from(row.anger.level())).collect();
    let questions = [(Labels::Class(intents, 3), PENALTY), (Labels::Level(angers, 3), PENALTY)];
    let solved = solve(&features, &folds, &questions, LANDMARKS)?;
    let tasks = [Task::Intent, Task::Anger].into_iter().zip(solved);
    let mut answers: Vec<(Task, Vec<usize>, Solved)> =
        tasks.map(|(task, solved)| (task, all.clone(), solved)).collect();
    let (features, folds) = pick(&requests);
    let of_requests: Vec<&Row> = rows(&requests);
    let reasons = of_requests.iter().filter_map(|row| row.reason).map(|reason| reason as usize).collect();
    let questions = [(Labels::Class(reasons, 8), PENALTY)];
    let solved = solve(&features, &folds, &questions, LANDMARKS)?;
    answers.extend(solved.into_iter().map(|solved| (Task::Reason, requests.clone(), solved)));
    Ok(answers)
}

/// Calibrates, and notes the held-out predictions.
fn finish_mail(
    task: Task,
    learn: &Mails<'_>,
    chosen: &[usize],
    mut solved: Solved,
    held_out: &mut [Predictions],
) -> Result<Linear, String> {
    let label = |row: &Row| match task {
        Task::Intent => row.intent as usize,
        Task::Anger => usize::from(row.anger.level()),
        _ => row.reason.map_or(0, |reason| reason as usize),
    };
    let rows = chosen.iter().filter_map(|index| learn.get(*index));
    let labels: Vec<usize> = rows.map(|(row, _)| label(row)).collect();
    let scales = if task == Task::Anger {
        (1..=3)
            .map(|least| {
                let scores = solved.held_out.iter().filter_map(|row| row.get(least - 1).copied());
                let truth: Vec<bool> = labels.iter().map(|label| *label >= least).collect();
                calibrate::platt(&scores.collect::<Vec<f32>>(), &truth)
            })
            .collect()
    } else {
        vec![(calibrate::sharpness(&solved.held_out, &labels), 0.0); task.classes()]
    };
    rescale(&mut solved, &scales);
    let mut decisions = Vec::new();
    for ((index, scores), label) in chosen.iter().zip(&solved.held_out).zip(&labels) {
        if let Some(predictions) = held_out.get_mut(*index) {
            predictions.set_scores(task, scores);
            let likely = match task {
                Task::Anger => &predictions.anger,
                Task::Intent => &predictions.intent,
                _ => &predictions.reason,
            };
            decisions.push(decision(likely, *label, task == Task::Anger));
        }
    }
    let threshold = calibrate::doubt(&decisions, SURE);
    held_out.iter_mut().for_each(|predictions| predictions.set_threshold(task, threshold));
    Linear::new(&solved.columns, solved.weights, solved.intercepts, threshold)
}

/// Confidence of the decision, and whether it is right.
fn decision(likely: &[f32], label: usize, middle: bool) -> (f32, bool) {
    let chosen = if middle {
        let mut sum = 0.0;
        likely.iter().position(|probability| {
            sum += probability;
            sum >= 0.5
        })
    } else {
        (0..likely.len()).max_by(|a, b| f32::total_cmp(&likely[*a], &likely[*b]))
    };
    let chosen = chosen.unwrap_or(0);
    (likely.get(chosen).copied().unwrap_or(0.0), chosen == label)
}

fn rescale(solved: &mut Solved, scales: &[(f32, f32)]) {
    let rows = solved.held_out.iter_mut().map(|row| &mut row[..]);
    for row in rows.chain(std::iter::once(&mut solved.intercepts[..])) {
        for (value, (factor, offset)) in row.iter_mut().zip(scales) {
            *value = *value * factor + offset;
        }
    }
    for row in solved.weights.chunks_mut(scales.len()) {
        for (weight, (factor, _)) in row.iter_mut().zip(scales) {
            *weight *= factor;
        }
    }
}

/// Mail and place of every candidate that a fact's model is trained on, and the solution.
type FactSolved = (Vec<(usize, usize, bool)>, Solved);

/// Nothing when the rules find too few candidates, right and wrong, to learn from: rules then decide alone.
fn solve_fact(task: Task, learn: &Mails<'_>) -> Result<Option<FactSolved>, String> {
    let fact = fact_of(task).ok_or("no fact")?;
    let mut places = Vec::new();
    let (mut features, mut folds) = (Vec::new(), Vec::new());
    for (index, (row, mail)) in learn.iter().enumerate() {
        // Announced dates are annotated only where a refund is awaited.
        if task == Task::AnnouncedDate && row.intent != Intent::RefundNotReceived {
            continue;
        }
        for (place, (candidate, seen)) in mail.candidates.all.iter().zip(&mail.of_candidates).enumerate() {
            if candidate.fact == fact {
                let right = row.words(fact).is_some_and(|words| same_words(words, &candidate.words));
                places.push((index, place, right));
                features.push(seen);
                folds.push(fold(row));
            }
        }
    }
    let truth: Vec<bool> = places.iter().map(|(_, _, right)| *right).collect();
    let right = truth.iter().filter(|right| **right).count();
    if right < LEAST_EXAMPLES || truth.len() - right < LEAST_EXAMPLES {
        return Ok(None);
    }
    let questions = [(Labels::Truth(truth), FACT_PENALTY)];
    let solved = solve(&features, &folds, &questions, CANDIDATE_LANDMARKS)?;
    let solved = solved.into_iter().next().ok_or("no solution")?;
    Ok(Some((places, solved)))
}

/// Whether annotated words and a candidate's mean the same place: one holds the other, or they share
/// most of their words.
pub fn same_words(annotated: &str, found: &str) -> bool {
    let words = |text: &str| -> BTreeSet<String> {
        let folded = crate::triage::prepared::Folded::new(text);
        folded.text().split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let (annotated, found) = (words(annotated), words(found));
    let shared = annotated.intersection(&found).count();
    shared > 0 && shared * 2 >= annotated.len().min(found.len())
}

fn finish_fact(
    task: Task,
    learn: &Mails<'_>,
    places: &[(usize, usize, bool)],
    mut solved: Solved,
    held_out: &mut [Predictions],
) -> Result<Linear, String> {
    let fact = fact_of(task).ok_or("no fact")?;
    let scores: Vec<f32> = solved.held_out.iter().filter_map(|row| row.first().copied()).collect();
    let truth: Vec<bool> = places.iter().map(|(_, _, right)| *right).collect();
    let scale = calibrate::platt(&scores, &truth);
    rescale(&mut solved, &[scale]);
    let mut best: Vec<(f32, bool)> = learn.iter().map(|(row, _)| (0.0, row.has(fact))).collect();
    for ((mail, place, _), scores) in places.iter().zip(&solved.held_out) {
        let probability = scores.first().map_or(0.0, |score| logistic(*score));
        if let Some(slot) = held_out.get_mut(*mail).and_then(|predictions| predictions.candidates.get_mut(*place)) {
            *slot = probability;
        }
        if let Some(best) = best.get_mut(*mail) {
            best.0 = best.0.max(probability);
        }
    }
    if task == Task::AnnouncedDate {
        let awaited = learn.iter().map(|(row, _)| row.intent == Intent::RefundNotReceived);
        best = best.into_iter().zip(awaited).filter(|(_, awaited)| *awaited).map(|(best, _)| best).collect();
    }
    let threshold = calibrate::best_limit(&best);
    held_out.iter_mut().for_each(|predictions| predictions.set_threshold(task, threshold));
    Linear::new(&solved.columns, solved.weights, solved.intercepts, threshold)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_same_place_when_one_holds_the_other() {
        assert!(same_words("le 3 mars", "3 mars"));
        assert!(same_words("la cafetière Delonghi", "cafetiere"));
        assert!(!same_words("le 3 mars", "le 5 avril"));
        assert!(!same_words("", "x"));
    }
}
