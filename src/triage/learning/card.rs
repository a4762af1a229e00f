//! The card that stands beside a model: what it was trained on, and how good it is.

use std::fmt::Write as _;

use crate::triage::classifier::file::{SCHEMA, Stored};
use crate::triage::classifier::{Linear, Task};
use crate::triage::decide::fact_of;
use crate::triage::evaluate::{Classes, Found, Report, Scores};
use crate::triage::features::FEATURE_VERSION;

use super::train::Trained;

/// Text of `NAME.card.toml`; `date` is the day of training, YYYY-MM-DD.
pub fn card(task: Task, stored: &Stored, trained: &Trained, date: &str) -> String {
    let mut text = String::new();
    let corpus: String = stored.corpus.iter().map(|byte| format!("{byte:02x}")).collect();
    let model: &Linear = &stored.model;
    let _ = writeln!(
        text,
        "# Written by `guichet train`. Scores: 0 to 1; confusion: rows annotated, columns judged, last none."
    );
    let _ = writeln!(text, "model = \"{}\"", task.as_str());
    let _ = writeln!(text, "trained = {date}");
    let _ = writeln!(text, "schema = {SCHEMA}\nfeature_version = {FEATURE_VERSION}");
    let _ = writeln!(text, "corpus_sha256 = \"{corpus}\"");
    let _ = writeln!(text, "columns = {}\nthreshold = {:.2}", model.columns().len(), model.threshold);
    for (name, report) in [("cross_validation", &trained.cross_validation), ("test", &trained.test)] {
        section(&mut text, name, task, report);
    }
    text
}

fn section(text: &mut String, name: &str, task: Task, report: &Report) {
    let _ = writeln!(text, "\n[{name}]\nmails = {}", report.all.mails);
    match task {
        Task::Intent => classes(text, &report.all.intent, report.all.intent_ece),
        Task::Anger => {
            classes(text, &report.all.anger, report.all.anger_ece);
            let _ = writeln!(text, "quadratic_kappa = {:.3}", report.all.anger_kappa);
            found(text, "angry_or_furious", &report.all.angry);
        }
        Task::Reason => classes(text, &report.all.reason, report.all.reason_ece),
        Task::Signals => report.all.signals.iter().for_each(|(signal, figures)| found(text, signal.as_str(), figures)),
        _ => {
            if let Some(figures) = fact_of(task).and_then(|fact| report.all.facts.get(&fact)) {
                found(text, "given", figures);
            }
        }
    }
    for (language, scores) in &report.languages {
        let _ = writeln!(text, "{language} = {:.3}", main_figure(task, scores));
    }
    let _ = writeln!(text, "hard = {:.3}", main_figure(task, &report.hard));
}

/// Macro-F1 (of signals over those that are annotated), or for a fact its F1.
pub(super) fn main_figure(task: Task, scores: &Scores) -> f32 {
    match task {
        Task::Intent => scores.intent.macro_f1,
        Task::Anger => scores.anger.macro_f1,
        Task::Reason => scores.reason.macro_f1,
        Task::Signals => mean(scores.signals.values().filter(|figures| figures.support > 0).map(|figures| figures.f1)),
        _ => fact_of(task).and_then(|fact| scores.facts.get(&fact)).map_or(0.0, |figures| figures.f1),
    }
}

fn mean(figures: impl Iterator<Item = f32>) -> f32 {
    let (sum, count) = figures.fold((0.0, 0), |(sum, count), figure| (sum + figure, count + 1));
    sum / (count.max(1) as f32)
}

fn classes(text: &mut String, figures: &Classes, calibration_error: f32) {
    let _ = writeln!(text, "macro_f1 = {:.3}\naccuracy = {:.3}", figures.macro_f1, figures.accuracy);
    let _ = writeln!(text, "calibration_error = {calibration_error:.3}");
    for class in &figures.classes {
        found(text, &class.label, &class.found);
    }
    let _ = writeln!(text, "confusion = {:?}", figures.confusion);
}

fn found(text: &mut String, label: &str, figures: &Found) {
    let Found { precision, recall, f1, support } = figures;
    let _ = writeln!(
        text,
        "{label} = {{ precision = {precision:.3}, recall = {recall:.3}, f1 = {f1:.3}, support = {support} }}"
    );
}
