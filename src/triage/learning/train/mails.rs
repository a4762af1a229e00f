//! Intent, anger and reason, and a first guess at which facts are given: all from the whole mail.

use super::Lesson;
use super::given::Seen;
use super::look::{self, Look};
use crate::domain::{Fact, Intent};
use crate::triage::classifier::{Linear, Task};
use crate::triage::features::Sentences;
use crate::triage::learning::calibrate;
use crate::triage::learning::cell::{self, Cell};
use crate::triage::learning::decisive::Bags;
use crate::triage::learning::second::Mixture;
use crate::triage::learning::solve::{Labels, Solved, solve};
use crate::triage::learning::sparse::Sparse;

/// Penalty (λ), found by cross-validation on the training split.
const PENALTY: f32 = 1.5;
/// Mails a column must stand in.
const LEAST_MAILS: u32 = 4;
/// An intent, anger or reason is called unsure where fewer than this share were right.
const SURE: f32 = 0.6;

type Models = Vec<(Task, Linear)>;

/// Learns intent, anger and reason; gives back also what the mail and its sentences tell of whether the purchase date,
/// the product and the announced date are given.
pub(super) fn learn(lessons: &mut [Lesson<'_>]) -> Result<(Models, [Seen; 3]), String> {
    let cells: Vec<Box<[Cell]>> = lessons.iter_mut().map(|lesson| std::mem::take(&mut lesson.cells)).collect();
    let table = Sparse::of(|| cells.iter().map(|seen| cell::unpacked(seen)), LEAST_MAILS);
    drop(cells);
    let cut: Vec<Sentences> = lessons.iter_mut().map(|lesson| std::mem::take(&mut lesson.mail.sentences)).collect();
    let sentences: Vec<&Sentences> = cut.iter().collect();
    let folds: Vec<usize> = lessons.iter().map(|lesson| lesson.fold).collect();
    let has = |fact: Fact| Labels::Truth(lessons.iter().map(|lesson| lesson.row.has(fact)).collect());
    let questions = [
        Labels::Class(lessons.iter().map(|lesson| lesson.row.intent as usize).collect(), 3),
        Labels::Level(lessons.iter().map(|lesson| usize::from(lesson.row.anger.level())).collect(), 3),
        has(Fact::PurchaseDate),
        has(Fact::Product),
        has(Fact::AnnouncedDate),
    ];
    let solved = solve(&table, &sentences, &folds, &questions, PENALTY);
    let bags = Bags::of(&sentences, folds);
    drop(cut);
    let Ok([mut intent, mut anger, date, product, announced]) = <[Solved; 5]>::try_from(solved) else {
        return Err("the solver lost a question".into());
    };
    let [of_intent, of_anger, of_date, of_product, of_announced] = &questions;
    let mut models = Vec::new();
    for (task, question, solved) in [(Task::Intent, of_intent, &mut intent), (Task::Anger, of_anger, &mut anger)] {
        let labels = labels(task, lessons);
        mixture(task, &solved.held_out, &labels)?.fold_into(solved);
        let look = Look::learn(&bags, question, solved)?;
        if let Some(look) = &look {
            look_again(task, &labels, look, solved)?;
        }
        models.push((task, finish(task, solved, look, lessons)?));
    }
    let look = |question: &Labels, solved: Solved| -> Result<Seen, String> {
        Ok(Seen { look: Look::learn(&bags, question, &solved)?, solved })
    };
    let doubts = [look(of_date, date)?, look(of_product, product)?, look(of_announced, announced)?];
    models.push((Task::Reason, reason(&table, lessons)?));
    Ok((models, doubts))
}

/// Reasons are learnt from requests, but every mail gets a held-out score: the intent may be judged wrongly. They take no
/// second look: eight of them make too many inputs, whose weights fit the authors they were learnt from, and nobody else.
fn reason(table: &Sparse, lessons: &mut [Lesson<'_>]) -> Result<Linear, String> {
    let request = |lesson: &Lesson<'_>| lesson.row.intent == Intent::RefundRequest;
    let folds: Vec<usize> =
        lessons.iter().map(|lesson| if request(lesson) { lesson.fold } else { usize::MAX }).collect();
    let reasons = lessons.iter().map(|lesson| lesson.row.reason.map_or(0, |reason| reason as usize)).collect();
    let solved = solve(table, &[], &folds, &[Labels::Class(reasons, 8)], PENALTY);
    let mut solved = solved.into_iter().next().ok_or("the solver lost the reason")?;
    mixture(Task::Reason, &solved.held_out, &labels(Task::Reason, lessons))?.fold_into(&mut solved);
    finish(Task::Reason, &mut solved, None, lessons)
}

/// The label of each mail that is asked about, as a number.
fn labels(task: Task, lessons: &[Lesson<'_>]) -> Vec<Option<usize>> {
    let label = |lesson: &Lesson<'_>| match task {
        Task::Intent => Some(lesson.row.intent as usize),
        Task::Anger => Some(usize::from(lesson.row.anger.level())),
        _ => lesson.row.reason.map(|reason| reason as usize).filter(|_| lesson.row.intent == Intent::RefundRequest),
    };
    lessons.iter().map(label).collect()
}

/// Notes the held-out probabilities, and from where on they are believed.
fn finish(task: Task, solved: &mut Solved, look: Option<Look>, lessons: &mut [Lesson<'_>]) -> Result<Linear, String> {
    let mut decisions = Vec::new();
    let labels = labels(task, lessons);
    for ((lesson, scores), label) in lessons.iter_mut().zip(&solved.held_out).zip(labels) {
        lesson.held_out.set_scores(task, scores);
        let likely = match task {
            Task::Anger => &lesson.held_out.anger,
            Task::Intent => &lesson.held_out.intent,
            _ => &lesson.held_out.reason,
        };
        decisions.extend(label.map(|label| decision(likely, label, task == Task::Anger)));
    }
    let threshold = calibrate::doubt(&decisions, SURE);
    lessons.iter_mut().for_each(|lesson| lesson.held_out.set_threshold(task, threshold));
    let (weights, intercepts) = (std::mem::take(&mut solved.weights), std::mem::take(&mut solved.intercepts));
    let model = Linear::new(&solved.columns, weights, intercepts, threshold)?;
    match look {
        Some(look) => model.with_decisive(look.decisive),
        None => Ok(model),
    }
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
fn look_again(task: Task, labels: &[Option<usize>], look: &Look, solved: &mut Solved) -> Result<(), String> {
    let mixture = mixture(task, &look.inputs, labels)?;
    solved.held_out = look.inputs.iter().map(|inputs| mixture.apply(inputs)).collect();
    look::note(&mixture, mixture.weights.nrows(), solved);
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
