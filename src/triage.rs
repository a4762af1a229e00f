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
pub mod hit;
pub mod learning;
pub mod prepared;
pub mod rules;
pub mod tagger;

use std::collections::BTreeMap;

use analysis::Analysis;
use classifier::file::Stored;
use classifier::{Linear, Task};
use decide::Predictions;
use rules::{RuleError, RuleSet};

use crate::domain::policy::Policy;
use crate::domain::{Asset, Message, Verdict};

/// Rules and models, ready to judge. Immutable and shared between threads.
#[derive(Debug)]
pub struct Triage {
    rules: RuleSet,
    models: BTreeMap<Task, Stored>,
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
        Ok((Self { rules, models: loaded }, warnings))
    }

    /// Rules with these models.
    #[cfg(test)]
    fn with_models(rules: RuleSet, models: impl IntoIterator<Item = (Task, Stored)>) -> Self {
        Self { rules, models: models.into_iter().collect() }
    }

    /// Judges a message.
    pub fn judge(&self, message: &Message, policy: &Policy) -> Verdict {
        self.judge_text(&message.subject, &message.newest_text, &message.attachments, &message.language, policy)
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
        let analysis = Analysis::of(&self.rules, subject, newest_text, attachments);
        let judgement = by_rules::judge_by_rules(&analysis.text, &analysis.hits, &analysis.candidates);
        let mut predictions = Predictions::by_rules(&analysis, &judgement);
        for (task, stored) in &self.models {
            predictions.take_model(*task, &stored.model, &analysis);
        }
        let mut verdict = decide::decide(&analysis, &judgement, &predictions, policy, language);
        verdict.explanation = explain::explain(&analysis, &verdict, &predictions, |task| self.model(task));
        verdict
    }

    /// Whether the message only thanks or rates: it then joins a closed case without reopening it.
    pub fn mere_thanks(&self, message: &Message) -> bool {
        let text = prepared::PreparedText::new(&message.subject, &message.newest_text, &message.attachments);
        by_rules::mere_thanks(&text, &self.rules.hits(&text))
    }

    /// The rules.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    fn model(&self, task: Task) -> Option<&Linear> {
        self.models.get(&task).map(|stored| &stored.model)
    }
}

fn said(task: Task) -> String {
    task.as_str().replace('_', " ")
}

#[cfg(test)]
mod tests;
