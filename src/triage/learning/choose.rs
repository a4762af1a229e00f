//! Which of the newly trained models take the place of those in use: none that judges the frozen split worse.

use std::collections::BTreeMap;

use super::card::main_figure;
use super::train::judge;
use crate::triage::analysis::Analysis;
use crate::triage::classifier::Task;
use crate::triage::classifier::file::Stored;
use crate::triage::corpus::{Row, Split, is_correction};
use crate::triage::evaluate::Report;
use crate::triage::rules::RuleSet;

/// A main figure (0 to 1) may fall by so much: about what other mail of the same kind would change it by.
pub const TOLERANCE: f32 = 0.01;

/// Models that work together, and are replaced together: the first one's main figure speaks for all.
const GROUPS: [&[Task]; 8] = [
    &[Task::Intent],
    &[Task::Anger],
    &[Task::Reason],
    &[Task::OrderNumber],
    &[Task::PurchaseDate, Task::PurchaseDateGiven],
    &[Task::Product, Task::ProductWord, Task::ProductGiven],
    &[Task::AnnouncedDate, Task::AnnouncedDateGiven],
    &[Task::Signals],
];

/// A set of models.
pub type Models = BTreeMap<Task, Stored>;

/// What became of one new model.
#[derive(Debug, Clone, PartialEq)]
pub struct Fate {
    /// The model.
    pub task: Task,
    /// Main figure on the frozen split with the model in use, 0 to 1.
    pub before: f32,
    /// The same with the new one.
    pub after: f32,
    /// It takes the old one's place.
    pub replaces: bool,
}

/// The choice, and what it was made by.
#[derive(Debug, Clone)]
pub struct Choice {
    /// One for each new model.
    pub fates: Vec<Fate>,
    /// The models in use on the frozen split.
    pub before: Report,
    /// What will be in use, on the frozen split.
    pub after: Report,
    /// The models in use on the corrections; they may have learnt from them already.
    pub corrections_before: Option<Report>,
}

/// Tries the new models in the place of the old ones, group by group, on the frozen test split of `rows`.
///
/// # Errors
/// In words, when no row stands on the test split: nothing could be compared.
pub fn choose(
    rows: &[Row],
    rules: &RuleSet,
    in_use: &Models,
    new: &[(Task, Stored)],
    tolerance: f32,
) -> Result<Choice, String> {
    let analysed = |row: &'_ Row| Analysis::of(rules, &row.subject, &row.body, &row.attachments);
    let test = rows.iter().filter(|row| row.split == Split::Test);
    let test: Vec<(&Row, Analysis)> = test.map(|row| (row, analysed(row))).collect();
    if test.is_empty() {
        return Err("the corpus has no mail of the frozen test split, so old and new models cannot be compared".into());
    }
    let report = |mails: &[(&Row, Analysis)], models: &Models| {
        let pairs = models.iter().map(|(task, stored)| (*task, stored));
        let models: Vec<(Task, &Stored)> = pairs.collect();
        Report::of(&mails.iter().map(|(row, mail)| judge(row, mail, &models)).collect::<Vec<_>>())
    };
    let before = report(&test, in_use);
    let (mut chosen, mut latest) = (in_use.clone(), before.clone());
    let mut fates = Vec::new();
    for group in GROUPS {
        let candidates = new.iter().filter(|(task, _)| group.contains(task));
        let Some(speaker) = group.first().filter(|_| candidates.clone().next().is_some()) else { continue };
        let mut tried = chosen.clone();
        tried.extend(candidates.clone().cloned());
        let report = report(&test, &tried);
        let (old, now) = (main_figure(*speaker, &latest.all), main_figure(*speaker, &report.all));
        let replaces = now >= old - tolerance;
        fates.extend(candidates.map(|(task, _)| Fate { task: *task, before: old, after: now, replaces }));
        if replaces {
            (chosen, latest) = (tried, report);
        }
    }
    let corrected = rows.iter().filter(|row| is_correction(&row.id));
    let corrected: Vec<(&Row, Analysis)> = corrected.map(|row| (row, analysed(row))).collect();
    let corrections_before = (!corrected.is_empty()).then(|| report(&corrected, in_use));
    Ok(Choice { fates, before, after: latest, corrections_before })
}

/// The main figure of every group of models, 0 to 1: macro-F1, or for a fact its F1.
pub fn main_figures(report: &Report) -> Vec<(&'static str, f32)> {
    GROUPS
        .iter()
        .filter_map(|group| group.first())
        .map(|task| (task.as_str(), main_figure(*task, &report.all)))
        .collect()
}
