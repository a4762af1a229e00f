//! Intent, anger and reason, and a first guess at which facts are given: all from the whole mail.

use super::Lesson;
use crate::domain::{Fact, Intent};
use crate::triage::classifier::{Linear, Task};
use crate::triage::features::{Finding, Sentences};
use crate::triage::learning::calibrate;
use crate::triage::learning::second::Mixture;
use crate::triage::learning::solve::{Labels, Solved, solve};
use crate::triage::learning::sparse::Sparse;

/// Penalty (λ), found by cross-validation on the training split.
const PENALTY: f32 = 1.5;
/// Mails a column must stand in.
const LEAST_MAILS: u32 = 3;
/// Mails from which on a second look can be learnt.
const ENOUGH: usize = 1_000;
/// An intent, anger or reason is called unsure where fewer than this share were right.
const SURE: f32 = 0.6;

type Models = Vec<(Task, Linear)>;

/// Learns intent, anger and reason; gives back also what the mail alone tells of whether the purchase date and
/// the product are given.
pub(super) fn learn(lessons: &mut [Lesson<'_>]) -> Result<(Models, [Solved; 2]), String> {
    let mut models = Vec::new();
    let cells: Vec<Vec<(u32, f32)>> = lessons.iter().map(|lesson| lesson.mail.features.cells()).collect();
    let sentences: Vec<Sentences> = lessons.iter().map(|lesson| lesson.mail.sentences.clone()).collect();
    let sentences: Vec<&Sentences> = sentences.iter().collect();
    let folds: Vec<usize> = lessons.iter().map(|lesson| lesson.fold).collect();
    let has = |fact: Fact| Labels::Truth(lessons.iter().map(|lesson| lesson.row.has(fact)).collect());
    let questions = [
        Labels::Class(lessons.iter().map(|lesson| lesson.row.intent as usize).collect(), 3),
        Labels::Level(lessons.iter().map(|lesson| usize::from(lesson.row.anger.level())).collect(), 3),
        has(Fact::PurchaseDate),
        has(Fact::Product),
    ];
    let solved = solve(&Sparse::of(&cells, |row| row, LEAST_MAILS), &sentences, &folds, &questions, PENALTY);
    let Ok([intent, anger, date, product]) = <[Solved; 4]>::try_from(solved) else {
        return Err("the solver lost a question".into());
    };
    models.push((Task::Intent, finish(Task::Intent, intent, lessons)?));
    models.push((Task::Anger, finish(Task::Anger, anger, lessons)?));
    // Reasons are learnt from requests, but every mail gets a held-out score: the intent may be judged wrongly.
    let request = |lesson: &Lesson<'_>| lesson.row.intent == Intent::RefundRequest;
    let folds: Vec<usize> =
        lessons.iter().map(|lesson| if request(lesson) { lesson.fold } else { usize::MAX }).collect();
    let reasons = lessons.iter().map(|lesson| lesson.row.reason.map_or(0, |reason| reason as usize)).collect();
    let table = Sparse::of(&cells, |row| row, LEAST_MAILS);
    let solved = solve(&table, &sentences, &folds, &[Labels::Class(reasons, 8)], PENALTY);
    let reason = solved.into_iter().next().ok_or("the solver lost the reason")?;
    models.push((Task::Reason, finish(Task::Reason, reason, lessons)?));
    Ok((models, [date, product]))
}

/// Makes probabilities of the scores, and notes the held-out ones.
fn finish(task: Task, mut solved: Solved, lessons: &mut [Lesson<'_>]) -> Result<Linear, String> {
    let asked = |lesson: &Lesson<'_>| task != Task::Reason || lesson.row.intent == Intent::RefundRequest;
    let label = |lesson: &Lesson<'_>| match task {
        Task::Intent => lesson.row.intent as usize,
        Task::Anger => usize::from(lesson.row.anger.level()),
        _ => lesson.row.reason.map_or(0, |reason| reason as usize),
    };
    let labels: Vec<Option<usize>> = lessons.iter().map(|lesson| asked(lesson).then(|| label(lesson))).collect();
    mixture(task, &solved.held_out, &labels)?.fold_into(&mut solved);
    // Eight reasons make too many inputs: their weights fit the authors they were learnt from, and nobody else.
    let enough = labels.iter().flatten().count() >= ENOUGH;
    if task != Task::Reason && enough {
        look_again(task, &labels, &mut solved)?;
    }
    let mut decisions = Vec::new();
    for (lesson, scores) in lessons.iter_mut().zip(&solved.held_out) {
        lesson.held_out.set_scores(task, scores);
        let likely = match task {
            Task::Anger => &lesson.held_out.anger,
            Task::Intent => &lesson.held_out.intent,
            _ => &lesson.held_out.reason,
        };
        if asked(lesson) {
            decisions.push(decision(likely, label(lesson), task == Task::Anger));
        }
    }
    let threshold = calibrate::doubt(&decisions, SURE);
    lessons.iter_mut().for_each(|lesson| lesson.held_out.set_threshold(task, threshold));
    Linear::new(&solved.columns, solved.weights, solved.intercepts, threshold)
}

/// Makes probabilities of the scores of those that have a label.
fn mixture(task: Task, scores: &[Vec<f32>], labels: &[Option<usize>]) -> Result<Mixture, String> {
    let chosen = scores.iter().zip(labels).filter_map(|(scores, label)| Some((scores.clone(), (*label)?)));
    let (scores, labels): (Vec<Vec<f32>>, Vec<usize>) = chosen.unzip();
    if task == Task::Anger {
        let truths: Vec<Vec<bool>> =
            (1..=task.classes()).map(|least| labels.iter().map(|label| *label >= least).collect()).collect();
        Mixture::of_truths(&scores, &truths)
    } else {
        Mixture::of_classes(&scores, &labels, task.classes())
    }
}

/// Learns to decide by mail and sentences together, and notes it beside the weights.
fn look_again(task: Task, labels: &[Option<usize>], solved: &mut Solved) -> Result<(), String> {
    let inputs = solved.looks();
    let mixture = mixture(task, &inputs, labels)?;
    solved.held_out = inputs.iter().map(|inputs| mixture.apply(inputs)).collect();
    solved.columns.push(Finding::Offset.column());
    solved.weights.extend(mixture.offsets.iter().map(|offset| *offset as f32));
    for (n, row) in mixture.weights.rows().into_iter().enumerate() {
        solved.columns.push(Finding::again(n));
        solved.weights.extend(row.iter().map(|weight| *weight as f32));
    }
    Ok(())
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
