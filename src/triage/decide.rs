//! From probabilities to the verdict. Models and rules meet here.

use super::analysis::Analysis;
use super::by_rules::Judgement;
use super::classifier::{Linear, Task, levels, logistic, softmax};
use super::facts::{Candidate, THRESHOLD};
use super::features::Finding;
use super::hit::RuleHit;
use super::tagger::{Named, name_product};
use crate::domain::policy::Policy;
use crate::domain::verdict::Unsure;
use crate::domain::{Anger, Fact, Given, Intent, Reason, Signal, Verdict};

/// Languages the models know.
pub const LANGUAGES: [&str; 2] = ["fr", "en"];

/// Below this probability a decision of rules alone is unsure.
const RULES_THRESHOLD: f32 = 0.6;

/// A reason with this score of rules is stated in so many words.
const STATED: f32 = 2.5;

/// How far a rule that sets a floor is believed against the model: such rules are right in nine mails of ten or more.
const FLOOR_BELIEVED: f32 = 0.9;
/// A signal that rules found is dropped where the model's probability is less.
const DOUBTED: f32 = 0.25;
/// The least score of words for a product that no list knows. Below it three in four of them name something else or nothing.
const NAMES: f32 = -0.7;
/// A model's probability of fury below which no word makes it one.
const IMPOSSIBLE: f32 = 0.05;

/// What is likely, and from where on it is believed.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    /// Probability of each intent, in the order of [`Intent::ALL`].
    pub intent: Vec<f32>,
    /// Probability of each level of anger.
    pub anger: Vec<f32>,
    /// Probability of each reason, should it be a refund request.
    pub reason: Vec<f32>,
    /// Probability of each candidate to be its fact, in the order of `candidates.all`.
    pub candidates: Vec<f32>,
    /// What the model of product words takes for the product's name.
    pub named: Option<Named>,
    /// Probability that the purchase date, the product is given at all; `None` without a model for that.
    pub purchase_date_given: Option<f32>,
    /// See there.
    pub product_given: Option<f32>,
    /// See there; of a mail that waits for a refund.
    pub announced_date_given: Option<f32>,
    /// How likely each signal is, in the order of [`Signal::ALL`], one half or more where it is given; `None` without a model
    /// for that.
    pub signals: Option<Vec<f32>>,
    /// Least probability to be sure (facts: to be taken), a task.
    pub thresholds: [f32; Task::ALL.len()],
}

impl Predictions {
    /// What rules alone make of it.
    pub fn by_rules(analysis: &Analysis, judgement: &Judgement) -> Self {
        let believed = |candidate: &Candidate| logistic(candidate.score - THRESHOLD);
        Self {
            intent: softmax(&judgement.intent_scores),
            anger: levels(&judgement.anger_scores),
            reason: softmax(&judgement.reason_scores),
            candidates: analysis.candidates.all.iter().map(believed).collect(),
            named: None,
            purchase_date_given: None,
            product_given: None,
            announced_date_given: None,
            signals: None,
            thresholds: Task::ALL.map(|task| if fact_of(task).is_some() { 0.5 } else { RULES_THRESHOLD }),
        }
    }

    /// Puts one model's word in the place of the rules'.
    pub fn take_model(&mut self, task: Task, model: &Linear, analysis: &Analysis) {
        match (task, fact_of(task)) {
            (Task::PurchaseDateGiven | Task::ProductGiven | Task::AnnouncedDateGiven, Some(_)) | (_, None) => {
                let parts = model.parts(&analysis.sentences);
                let parts: Vec<&[f32]> = parts.iter().map(Vec::as_slice).collect();
                let scores = model.again(&model.scores(&analysis.features), &parts);
                self.take_scores(task, model, &scores, analysis);
            }
            (_, Some(fact)) => self.take_words(task, fact, model, |cells| model.first_score_of(cells), analysis),
        }
    }

    /// The same for a model that scores words that may be a fact, by what it scores them with.
    pub fn take_words(
        &mut self,
        task: Task,
        fact: Fact,
        model: &Linear,
        score: impl Fn(&[(u32, f32)]) -> f32,
        analysis: &Analysis,
    ) {
        self.set_threshold(task, model.threshold);
        if task == Task::ProductWord {
            self.named = name_product(&analysis.text, &analysis.glosses, &analysis.candidates, score);
            return;
        }
        let all = analysis.candidates.all.iter().zip(&analysis.of_candidates).zip(&mut self.candidates);
        for ((_, cells), place) in all.filter(|((candidate, _), _)| candidate.fact == fact) {
            *place = logistic(score(cells));
        }
    }

    /// Whether a refund is likeliest to be awaited; only then anybody asks when it was announced.
    pub fn awaited(&self) -> bool {
        likeliest(&self.intent, Intent::ALL).is_some_and(|(intent, _)| intent == Intent::RefundNotReceived)
    }

    /// The same for a model of the whole mail whose scores for the mail's features are known.
    pub fn take_scores(&mut self, task: Task, model: &Linear, scores: &[f32], analysis: &Analysis) {
        self.set_threshold(task, model.threshold);
        let Some(fact) = fact_of(task) else {
            return self.set_scores(task, scores);
        };
        let mut score = scores.first().copied().unwrap_or(0.0);
        for (column, value) in self.findings(fact, analysis) {
            score += model.row(column).and_then(|row| row.first()).map_or(0.0, |weight| weight * value);
        }
        self.set_given(task, logistic(score));
    }

    /// What is known by now about a fact: see [`Finding`].
    pub fn findings(&self, fact: Fact, analysis: &Analysis) -> [(u32, f32); 3] {
        let likeliest = likeliest_candidate(analysis, self, fact).map(|(_, probability)| probability);
        let odds = |probability: f32| (probability / (1.0 - probability)).ln().clamp(-4.0, 4.0);
        let named = self.named.as_ref().filter(|_| fact == Fact::Product);
        [
            (Finding::Best.column(), likeliest.map_or(0.0, odds)),
            (Finding::NoCandidate.column(), f32::from(u8::from(likeliest.is_none()))),
            (Finding::Word.column(), named.map_or(0.0, |named| named.score)),
        ]
    }

    /// Sets the probability that a fact is given.
    pub fn set_given(&mut self, task: Task, probability: f32) {
        match task {
            Task::PurchaseDateGiven => self.purchase_date_given = Some(probability),
            Task::ProductGiven => self.product_given = Some(probability),
            Task::AnnouncedDateGiven => self.announced_date_given = Some(probability),
            _ => {}
        }
    }

    /// The task and probability of a fact's being given at all.
    fn given(&self, fact: Fact) -> Option<(Task, f32)> {
        match fact {
            Fact::PurchaseDate => self.purchase_date_given.map(|probability| (Task::PurchaseDateGiven, probability)),
            Fact::Product => self.product_given.map(|probability| (Task::ProductGiven, probability)),
            Fact::AnnouncedDate => self.announced_date_given.map(|probability| (Task::AnnouncedDateGiven, probability)),
            _ => None,
        }
    }

    /// Sets the scores of a task about the whole mail.
    pub fn set_scores(&mut self, task: Task, scores: &[f32]) {
        match task {
            Task::Intent => self.intent = softmax(scores),
            Task::Anger => self.anger = levels(scores),
            Task::Reason => self.reason = softmax(scores),
            Task::Signals => self.signals = Some(scores.iter().map(|score| logistic(*score)).collect()),
            _ => {}
        }
    }

    /// Sets a task's threshold.
    pub fn set_threshold(&mut self, task: Task, threshold: f32) {
        if let Some(place) = self.thresholds.get_mut(task as usize) {
            *place = threshold;
        }
    }

    fn threshold(&self, task: Task) -> f32 {
        self.thresholds.get(task as usize).copied().unwrap_or(RULES_THRESHOLD)
    }
}

/// The fact a task is about.
pub fn fact_of(task: Task) -> Option<Fact> {
    match task {
        Task::OrderNumber => Some(Fact::OrderNumber),
        Task::PurchaseDate | Task::PurchaseDateGiven => Some(Fact::PurchaseDate),
        Task::Product | Task::ProductWord | Task::ProductGiven => Some(Fact::Product),
        Task::AnnouncedDate | Task::AnnouncedDateGiven => Some(Fact::AnnouncedDate),
        Task::Intent | Task::Anger | Task::Reason | Task::Signals => None,
    }
}

/// The verdict, without its explanation.
pub fn decide(
    analysis: &Analysis,
    judgement: &Judgement,
    predictions: &Predictions,
    policy: &Policy,
    language: &str,
) -> Verdict {
    let signals = signals(judgement, predictions.signals.as_deref());
    let (intent, intent_confidence) = intent(&signals, &predictions.intent);
    let (anger, anger_confidence) = anger(&predictions.anger, anger_floor(&analysis.hits, &predictions.anger));
    let likeliest = likeliest(&predictions.reason, Reason::ALL)
        .map(|judged| stated(judgement).filter(|_| judged.0 == Reason::Unspecified).unwrap_or(judged))
        .filter(|_| intent == Intent::RefundRequest);
    let reason_confidence = likeliest.map_or(0.0, |(_, confidence)| confidence);
    let reason = likeliest.map(|(reason, _)| reason);
    let known = LANGUAGES.contains(&language);
    let mut unsure = Vec::new();
    for (field, task, confidence) in [
        (Unsure::Intent, Task::Intent, Some(intent_confidence)),
        (Unsure::Anger, Task::Anger, Some(anger_confidence)),
        (Unsure::Reason, Task::Reason, reason.map(|_| reason_confidence)),
    ] {
        if confidence.is_some_and(|confidence| !known || confidence < predictions.threshold(task)) {
            unsure.push(field);
        }
    }
    let words = |task: Task| best(analysis, predictions, task);
    let given = Given {
        order_number: words(Task::OrderNumber),
        purchase_date: words(Task::PurchaseDate),
        product: words(Task::Product),
        reason: reason.filter(|reason| *reason != Reason::Unspecified),
        announced_date: words(Task::AnnouncedDate).filter(|_| intent == Intent::RefundNotReceived),
    };
    Verdict {
        intent,
        intent_confidence,
        anger,
        anger_confidence,
        reason,
        reason_confidence,
        unsure,
        missing: policy.missing(intent, &given),
        given,
        signals,
        explanation: Vec::new(),
    }
}

/// What the model finds, and what rules found unless the model holds it for unlikely.
fn signals(judgement: &Judgement, likely: Option<&[f32]>) -> Vec<Signal> {
    let Some(likely) = likely else { return judgement.signals.clone() };
    let given = |(signal, likely): (&Signal, &f32)| {
        let least = if judgement.signals.contains(signal) { DOUBTED } else { 0.5 };
        (*likely >= least).then_some(*signal)
    };
    Signal::ALL.iter().zip(likely).filter_map(given).collect()
}

/// The likeliest intent; a declared withdrawal is a refund request whatever the words sound like.
fn intent(signals: &[Signal], probabilities: &[f32]) -> (Intent, f32) {
    let (intent, confidence) = likeliest(probabilities, Intent::ALL).unwrap_or((Intent::Other, 0.0));
    if intent == Intent::Other && signals.contains(&Signal::Withdrawal) {
        return (Intent::RefundRequest, probabilities.first().copied().unwrap_or(0.0));
    }
    (intent, confidence)
}

/// The reason that rules found in so many words, with its share among theirs. It outweighs a model that
/// takes a mail for too short to give one.
fn stated(judgement: &Judgement) -> Option<(Reason, f32)> {
    let scores = Reason::ALL.iter().copied().zip(judgement.reason_scores);
    let given = scores.filter(|(reason, score)| *reason != Reason::Unspecified && *score >= STATED);
    let (reason, _) = given.max_by(|a, b| a.1.total_cmp(&b.1))?;
    let shares = softmax(&judgement.reason_scores);
    let place = Reason::ALL.iter().position(|known| *known == reason)?;
    shares.get(place).map(|share| (reason, *share))
}

/// The middle of the distribution: a mail as likely calm as furious is neither. Where words that decide by themselves
/// ask for more, what they ask for, believed as far as such words are and as the model would not have asked for yet more.
fn anger(probabilities: &[f32], floor: Anger) -> (Anger, f32) {
    let judged = middle(probabilities);
    if judged.0 >= floor {
        return judged;
    }
    let least = floor as usize;
    let above: f32 = probabilities.iter().skip(least).sum();
    let share = probabilities.get(least).copied().unwrap_or(0.0) / above.max(f32::EPSILON);
    (floor, share * FLOOR_BELIEVED)
}

/// The least anger that the words of the hits allow. Words of reproach mean what they say; a threat or an accusation that
/// a model holds for all but impossible is told of somebody else ("the solicitor has your cheque").
fn anger_floor(hits: &[RuleHit], probabilities: &[f32]) -> Anger {
    let furious = probabilities.last().is_none_or(|furious| *furious >= IMPOSSIBLE);
    let levels = hits.iter().filter_map(|hit| hit.anger_floor);
    let level = levels.filter(|level| *level < Anger::Furious.level() || furious).max().unwrap_or(0);
    Anger::ALL.get(usize::from(level)).copied().unwrap_or(Anger::Calm)
}

fn middle(probabilities: &[f32]) -> (Anger, f32) {
    let mut sum = 0.0;
    for (level, probability) in Anger::ALL.iter().zip(probabilities) {
        sum += probability;
        if sum >= 0.5 {
            return (*level, *probability);
        }
    }
    (Anger::Furious, probabilities.last().copied().unwrap_or(0.0))
}

fn likeliest<T: Copy>(probabilities: &[f32], all: &[T]) -> Option<(T, f32)> {
    let pairs = all.iter().copied().zip(probabilities.iter().copied());
    pairs.reduce(|best, next| if next.1 > best.1 { next } else { best })
}

/// The likeliest candidate for a fact, and its probability.
fn likeliest_candidate<'a>(
    analysis: &'a Analysis,
    predictions: &Predictions,
    fact: Fact,
) -> Option<(&'a Candidate, f32)> {
    let all = analysis.candidates.all.iter().zip(predictions.candidates.iter().copied());
    all.filter(|(candidate, _)| candidate.fact == fact).reduce(|best, next| if next.1 > best.1 { next } else { best })
}

/// The words that give a fact, where it is believed to be given.
fn best(analysis: &Analysis, predictions: &Predictions, task: Task) -> Option<String> {
    let fact = fact_of(task)?;
    let candidate = likeliest_candidate(analysis, predictions, fact);
    let Some((task, probability)) = predictions.given(fact) else {
        let believed = candidate.filter(|(_, probability)| *probability >= predictions.threshold(task));
        return believed.map(|(candidate, _)| candidate.words.clone());
    };
    if probability < predictions.threshold(task) {
        return None;
    }
    // That something is named is sure; a word that no list knows may name it better than a doubtful candidate.
    let named = predictions.named.as_ref().filter(|named| fact == Fact::Product && named.score >= NAMES);
    let named = named.map(|named| named.words.clone());
    let likely = candidate.filter(|(_, probability)| *probability >= 0.5 || named.is_none());
    likely.map(|(candidate, _)| candidate.words.clone()).or(named)
}
