//! Floor 1, pure: [`crate::domain::Message`] → [`crate::domain::Verdict`], by rules and models.
//!
//! [`prepared`] folds the text; [`rules`] and [`facts`] find what they know in it; [`features`] turns all
//! that into numbers; [`classifier`] scores them; [`decide`] makes the verdict and [`explain`] says why.
//! [`corpus`], [`learning`] and [`evaluate`] make the models and measure them.

pub mod analysis;
pub mod by_rules;
pub mod classifier;
pub mod corpus;
pub mod decide;
pub mod evaluate;
pub mod explain;
pub mod facts;
pub mod features;
mod gather;
pub mod hit;
pub mod learning;
pub mod prepared;
pub mod rating;
pub mod rules;
pub mod tagger;
pub mod word_finder;

use std::collections::BTreeMap;

use analysis::Analysis;
use classifier::Task;
use classifier::file::Stored;
use classifier::joint::{JointCandidates, JointMails, JointSentences, MailScores, SentenceScores};
use decide::{Predictions, fact_of};
use rules::{RuleError, RuleSet};

use crate::domain::policy::Policy;
use crate::domain::{Asset, Fact, Message, Verdict};

/// Rules and models, ready to judge. Immutable and shared between threads.
#[derive(Debug)]
pub struct Triage {
    rules: RuleSet,
    models: BTreeMap<Task, Stored>,
    joint: JointMails,
    decisive: JointSentences,
    of_words: JointCandidates,
}

/// What the joined models make of a mail.
struct Seen {
    whole: MailScores,
    parts: Vec<SentenceScores>,
}

impl Triage {
    /// Loads the rule packs and the models (`NAME.model`; other files are not ours). What a missing or
    /// unusable model would decide is decided by the rules alone, and a warning for the operator says so.
    ///
    /// # Errors
    /// The first thing wrong with the rules.
    pub fn load(rules: &[Asset], models: &[Asset]) -> Result<(Self, Vec<String>), RuleError> {
        let rules = RuleSet::load(rules)?;
        let mut warnings = Vec::new();
        let mut loaded = BTreeMap::new();
        for task in Task::ALL {
            let name = format!("{}.model", task.as_str());
            let Some(asset) = models.iter().find(|asset| asset.name == name) else {
                warnings.push(format!("the model {name} is missing: rules alone decide the {}", said(task)));
                continue;
            };
            match classifier::file::read(task, &asset.bytes) {
                Ok(stored) => {
                    loaded.insert(task, stored);
                }
                Err(error) => warnings.push(format!(
                    "the model {} is not used: {error}; rules alone decide the {}",
                    asset.origin,
                    said(task)
                )),
            }
        }
        Ok((Self::with_models(rules, loaded), warnings))
    }

    /// Rules with these models.
    fn with_models(rules: RuleSet, models: impl IntoIterator<Item = (Task, Stored)>) -> Self {
        let models: BTreeMap<Task, Stored> = models.into_iter().collect();
        let all = || models.iter().map(|(task, stored)| (*task, &stored.model));
        let (joint, decisive, of_words) =
            (JointMails::of(all()), JointSentences::of(all()), JointCandidates::of(all()));
        Self { rules, models, joint, decisive, of_words }
    }

    /// Judges a message.
    pub fn judge(&self, message: &Message, policy: &Policy) -> Verdict {
        self.judge_text(&message.subject, &message.newest_text, &message.attachments, &message.language, policy)
    }

    /// Judges a message, and says whether it only thanks or rates: it then joins a closed case without reopening it.
    pub fn judge_and_thanks(&self, message: &Message, policy: &Policy) -> (Verdict, bool) {
        let analysis = Analysis::of_mail(&self.rules, &message.subject, &message.newest_text, &message.attachments);
        let thanks = by_rules::mere_thanks(&analysis.text, &analysis.hits);
        (self.judge_analysis(analysis, &message.language, policy), thanks)
    }

    /// Judges a subject and the newest text, with attachment names and the text's language (ISO 639-1).
    pub fn judge_text(
        &self,
        subject: &str,
        newest_text: &str,
        attachments: &[String],
        language: &str,
        policy: &Policy,
    ) -> Verdict {
        self.judge_analysis(Analysis::of_mail(&self.rules, subject, newest_text, attachments), language, policy)
    }

    fn judge_analysis(&self, mut analysis: Analysis, language: &str, policy: &Policy) -> Verdict {
        let judgement = by_rules::judge_by_rules(&analysis.text, &analysis.hits, &analysis.candidates);
        let mut predictions = Predictions::by_rules(&analysis, &judgement);
        let places = self.joint.places(&analysis.features);
        let seen = Seen {
            whole: self.joint.scores(&analysis.features, &places),
            parts: self.decisive.parts(&analysis.sentences),
        };
        if let Some(stored) = self.models.get(&Task::Intent) {
            self.take(Task::Intent, stored, &seen, &analysis, &mut predictions);
        }
        let awaited = predictions.awaited();
        let asked: Vec<Fact> =
            Fact::ALL.iter().copied().filter(|fact| awaited || *fact != Fact::AnnouncedDate).collect();
        analysis.ask_about(&self.rules, &asked);
        for (task, stored) in self.models.iter().filter(|(task, _)| **task != Task::Intent) {
            if fact_of(*task).is_none_or(|fact| asked.contains(&fact)) {
                self.take(*task, stored, &seen, &analysis, &mut predictions);
            }
        }
        let mut verdict = decide::decide(&analysis, &judgement, &predictions, policy, language);
        verdict.explanation = explain::explain(&analysis, &verdict, &predictions, self, &places, &seen.parts);
        verdict
    }

    /// Puts one model's word in the place of the rules'.
    fn take(&self, task: Task, stored: &Stored, seen: &Seen, analysis: &Analysis, predictions: &mut Predictions) {
        let model = &stored.model;
        if let Some((fact, score)) = fact_of(task).zip(self.of_words.scorer(task)) {
            return predictions.take_words(task, fact, model, score, analysis);
        }
        let parts: Vec<&[f32]> = seen.parts.iter().filter_map(|part| self.decisive.of_task(task, part)).collect();
        let joined = !(parts.is_empty() && model.looks_again());
        match self.joint.of_task(task, &seen.whole).filter(|_| joined) {
            Some(scores) => predictions.take_scores(task, model, &model.again(scores, &parts), analysis),
            None => predictions.take_model(task, model, analysis),
        }
    }

    /// The rules.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }
}

fn said(task: Task) -> String {
    task.as_str().replace('_', " ")
}

#[cfg(test)]
mod tests;
