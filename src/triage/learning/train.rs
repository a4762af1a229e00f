//! Annotated rows → model files with their scores.

mod candidates;
mod given;
mod look;
mod mails;
mod product_words;
mod signals;

use crate::domain::Verdict;
use crate::domain::policy::Policy;
use crate::triage::analysis::Analysis;
use crate::triage::by_rules::judge_by_rules;
use crate::triage::classifier::Task;
use crate::triage::classifier::file::{self, Stored};
use crate::triage::corpus::{Row, Split, is_correction};
use crate::triage::decide::{Predictions, decide};
use crate::triage::evaluate::{Judged, Report};
use crate::triage::features::{Glosses, hash};
use crate::triage::learning::cell::Cell;
use crate::triage::learning::parallel::in_parallel;
use crate::triage::rules::RuleSet;

pub use candidates::same_words;

/// Folds of the cross-validation.
pub const FOLDS: usize = 5;
/// Mails that are read before they are copied.
const READ_TOGETHER: usize = 2_000;

/// What training made.
pub struct Trained {
    /// One a task.
    pub models: Vec<(Task, Stored)>,
    /// Scores on the training split, each mail judged by models that did not see it.
    pub cross_validation: Report,
    /// Of these, the scores on reviewers' corrections; `None` without any.
    pub corrections: Option<Report>,
    /// Scores of the finished models on the frozen test split.
    pub test: Report,
}

impl Trained {
    /// The bytes of a model's file.
    ///
    /// # Errors
    /// As [`file::write`].
    pub fn file(task: Task, stored: &Stored) -> std::io::Result<Vec<u8>> {
        file::write(task, stored)
    }
}

/// A mail to learn from, and what models that did not see it make of it.
#[derive(Clone)]
struct Lesson<'a> {
    row: &'a Row,
    /// Without its features and those of its candidates, which stand below, and without what its words mean, which is found out anew
    /// where it is asked; without its sentences once they stand in a table.
    mail: Analysis,
    /// Its features, until they stand in a table.
    cells: Box<[Cell]>,
    /// Those of each of its candidates, until these are learnt from.
    of_candidates: Vec<Box<[Cell]>>,
    /// Which part of the cross-validation it belongs to: by its id, so that it stays when mails are added.
    fold: usize,
    held_out: Predictions,
}

impl<'a> Lesson<'a> {
    fn of(row: &'a Row, mut mail: Analysis) -> Self {
        let held_out = Predictions::by_rules(&mail, &judge_by_rules(&mail.text, &mail.hits, &mail.candidates));
        let fold = (hash::index(hash::join(hash::text(&row.id), 1), 20) as usize) % FOLDS;
        mail.glosses = Glosses::default();
        // Of a feature only column and value are learnt from.
        let (features, of_candidates) = (std::mem::take(&mut mail.features), std::mem::take(&mut mail.of_candidates));
        let pack = |(column, value)| Cell::new(column, value);
        let cells = features.cells().map(pack).collect();
        let of_candidates = of_candidates.into_iter().map(|cells| cells.into_iter().map(pack).collect()).collect();
        Self { row, mail, cells, of_candidates, fold, held_out }
    }
}

/// Trains every model on the rows of the training split and scores them on both. The same rows and
/// rules give the same models to the last bit. `corpus` is the digest the models carry.
///
/// # Errors
/// In words, when a class has too few examples or a solver fails.
pub fn train(rows: &[Row], rules: &RuleSet, corpus: [u8; 32]) -> Result<Trained, String> {
    let analyse = |rules: &RuleSet, row: &Row| Analysis::of(rules, &row.subject, &row.body, &row.attachments);
    let (learn, test): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.split == Split::Train);
    let mut lessons: Vec<Lesson<'_>> = Vec::with_capacity(learn.len());
    for rows in learn.chunks(READ_TOGETHER) {
        // The automata of dates and products grow with the mails, and what they leave behind is not given back: each part has its own.
        // What is kept is copied by this thread, so that the memory of those that read holds nothing else.
        let reading = rules.clone();
        let lesson = |number: usize| rows.get(number).map(|row| Lesson::of(row, analyse(&reading, row)));
        lessons.extend(in_parallel(rows.len(), lesson).iter().flatten().cloned());
    }
    let mut models = Vec::new();
    for task in [Task::OrderNumber, Task::PurchaseDate, Task::Product, Task::AnnouncedDate] {
        models.extend(candidates::learn(task, &mut lessons)?.map(|model| (task, model)));
    }
    // What the whole mail is learnt from takes most room: it comes once this is gone.
    lessons.iter_mut().for_each(|lesson| lesson.of_candidates = Vec::new());
    models.extend(product_words::learn(&mut lessons)?.map(|model| (Task::ProductWord, model)));
    models.extend(signals::learn(&mut lessons)?.map(|model| (Task::Signals, model)));
    let (of_mails, seen) = mails::learn(&mut lessons)?;
    models.extend(of_mails);
    let given = [Task::PurchaseDateGiven, Task::ProductGiven, Task::AnnouncedDateGiven];
    for (task, seen) in given.into_iter().zip(seen) {
        models.extend(given::learn(task, seen, &mut lessons)?.map(|model| (task, model)));
    }
    models.sort_by_key(|(task, _)| *task);
    let judged = lessons.iter().map(|one| Judged { row: one.row, verdict: verdict(one.row, &one.mail, &one.held_out) });
    let mut judged: Vec<Judged<'_>> = judged.collect();
    let cross_validation = Report::of(&judged);
    drop(lessons);
    judged.retain(|one| is_correction(&one.row.id));
    let corrections = (!judged.is_empty()).then(|| Report::of(&judged));
    let models: Vec<(Task, Stored)> =
        models.into_iter().map(|(task, model)| (task, Stored { model, corpus })).collect();
    let set: Vec<(Task, &Stored)> = models.iter().map(|(task, stored)| (*task, stored)).collect();
    let judged = test.into_iter().map(|row| judge(row, &analyse(rules, row), &set));
    let test = Report::of(&judged.collect::<Vec<_>>());
    Ok(Trained { models, cross_validation, corrections, test })
}

/// Judges a mail by these models, in the order of [`Task::ALL`], and by the rules where none is given.
pub(super) fn judge<'a>(row: &'a Row, mail: &Analysis, models: &[(Task, &Stored)]) -> Judged<'a> {
    let mut predictions = Predictions::by_rules(mail, &judge_by_rules(&mail.text, &mail.hits, &mail.candidates));
    models.iter().for_each(|(task, stored)| predictions.take_model(*task, &stored.model, mail));
    Judged { row, verdict: verdict(row, mail, &predictions) }
}

fn verdict(row: &Row, mail: &Analysis, predictions: &Predictions) -> Verdict {
    let judgement = judge_by_rules(&mail.text, &mail.hits, &mail.candidates);
    decide(mail, &judgement, predictions, &Policy::default(), &row.lang)
}
