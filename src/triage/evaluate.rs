//! How good verdicts are, measured on annotated mails.

mod measure;
mod text;

use std::collections::BTreeMap;

use serde::Serialize;

use super::corpus::Row;
use crate::domain::policy::Policy;
use crate::domain::{Anger, Explanation, Fact, Given, Intent, Reason, Signal, Verdict};

pub use measure::{Class, Classes, Found, Fraction};

/// Worst mistakes listed.
const WORST: usize = 20;

/// An annotated mail and the verdict on it.
#[derive(Debug, Clone)]
pub struct Judged<'a> {
    /// What people say.
    pub row: &'a Row,
    /// What triage says.
    pub verdict: Verdict,
}

/// Every figure, for all mails and for parts of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// All mails.
    pub all: Scores,
    /// By language.
    pub languages: BTreeMap<String, Scores>,
    /// The mails marked hard.
    pub hard: Scores,
    /// The worst mistakes, worst first.
    pub mistakes: Vec<Mistake>,
}

/// Figures for a set of mails.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scores {
    /// How many mails.
    pub mails: usize,
    /// Intent.
    pub intent: Classes,
    /// Expected calibration error of the intent's confidence, 0 to 1.
    pub intent_ece: f32,
    /// Anger, level by level.
    pub anger: Classes,
    /// Expected calibration error of the anger's confidence.
    pub anger_ece: f32,
    /// Anger of at least 2.
    pub angry: Found,
    /// Quadratic weighted kappa of anger.
    pub anger_kappa: f32,
    /// Reason, over the mails annotated as refund requests; another intent found there is a miss.
    pub reason: Classes,
    /// Expected calibration error of the reason's confidence.
    pub reason_ece: f32,
    /// Whether each fact was seen to be there.
    pub facts: BTreeMap<Fact, Found>,
    /// Missing information exactly right (by the default policy).
    pub missing_exact: Fraction,
    /// Signals, over the mails that have them annotated.
    pub signals: BTreeMap<Signal, Found>,
    /// Mails whose intent is not called unsure.
    pub sure: Fraction,
    /// Accuracy of intent among those.
    pub right_when_sure: Fraction,
}

/// A mail judged wrongly.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mistake {
    /// The mail.
    pub id: String,
    /// Its subject and the beginning of its text.
    pub text: String,
    /// What is wrong: `field: annotated → judged`.
    pub wrong: Vec<String>,
    /// Confidence of the intent, 0 to 1.
    pub confidence: f32,
    /// What made the verdict.
    pub explanation: Vec<Explanation>,
}

impl Report {
    /// Measures verdicts.
    pub fn of(judged: &[Judged<'_>]) -> Self {
        let mut languages: BTreeMap<String, Vec<&Judged<'_>>> = BTreeMap::new();
        for one in judged {
            languages.entry(one.row.lang.clone()).or_default().push(one);
        }
        let mut mistakes: Vec<(f32, Mistake)> = judged.iter().filter_map(mistake).collect();
        mistakes.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.id.cmp(&b.1.id)));
        Self {
            all: Scores::of(&judged.iter().collect::<Vec<_>>()),
            languages: languages.into_iter().map(|(language, part)| (language, Scores::of(&part))).collect(),
            hard: Scores::of(&judged.iter().filter(|one| !one.row.hard.is_empty()).collect::<Vec<_>>()),
            mistakes: mistakes.into_iter().take(WORST).map(|(_, mistake)| mistake).collect(),
        }
    }
}

impl Scores {
    fn of(judged: &[&Judged<'_>]) -> Self {
        let intents = Classes::of(
            Intent::ALL.iter().map(|intent| intent.as_str()),
            judged.iter().map(|one| (one.row.intent as usize, Some(one.verdict.intent as usize))),
        );
        let levels = || judged.iter().map(|one| (one.row.anger.level(), one.verdict.anger.level()));
        let requests = || judged.iter().filter_map(|one| one.row.reason.map(|reason| (reason, &one.verdict)));
        let right = |test: &dyn Fn(&Judged<'_>) -> (f32, bool)| -> Vec<(f32, bool)> {
            judged.iter().map(|one| test(one)).collect()
        };
        let sure = |one: &&&Judged<'_>| !one.verdict.unsure.contains(&crate::domain::verdict::Unsure::Intent);
        Self {
            mails: judged.len(),
            intent: intents,
            intent_ece: measure::calibration_error(&right(&|one| {
                (one.verdict.intent_confidence, one.verdict.intent == one.row.intent)
            })),
            anger: Classes::of(
                Anger::ALL.iter().map(|anger| anger.as_str()),
                levels().map(|(is, said)| (usize::from(is), Some(usize::from(said)))),
            ),
            anger_ece: measure::calibration_error(&right(&|one| {
                (one.verdict.anger_confidence, one.verdict.anger == one.row.anger)
            })),
            angry: Found::of(levels().map(|(is, said)| (is >= 2, said >= 2))),
            anger_kappa: measure::quadratic_kappa(&levels().collect::<Vec<_>>()),
            reason: Classes::of(
                Reason::ALL.iter().map(|reason| reason.as_str()),
                requests().map(|(reason, verdict)| (reason as usize, verdict.reason.map(|said| said as usize))),
            ),
            reason_ece: measure::calibration_error(
                &requests()
                    .filter_map(|(reason, verdict)| {
                        verdict.reason.map(|said| (verdict.reason_confidence, said == reason))
                    })
                    .collect::<Vec<_>>(),
            ),
            facts: Fact::ALL.iter().map(|fact| (*fact, fact_scores(*fact, judged))).collect(),
            missing_exact: Fraction::of(judged.iter().map(|one| one.verdict.missing == missing(one.row))),
            signals: Signal::ALL.iter().map(|signal| (*signal, signal_scores(*signal, judged))).collect(),
            sure: Fraction::of(judged.iter().map(|one| sure(&one))),
            right_when_sure: Fraction::of(judged.iter().filter(sure).map(|one| one.verdict.intent == one.row.intent)),
        }
    }
}

fn fact_scores(fact: Fact, judged: &[&Judged<'_>]) -> Found {
    Found::of(judged.iter().map(|one| (one.row.has(fact), one.verdict.given.has(fact))))
}

fn signal_scores(signal: Signal, judged: &[&Judged<'_>]) -> Found {
    let annotated = judged.iter().filter_map(|one| one.row.signals.as_ref().map(|signals| (signals, &one.verdict)));
    Found::of(annotated.map(|(signals, verdict)| (signals.contains(&signal), verdict.signals.contains(&signal))))
}

/// What the annotation says is missing.
fn missing(row: &Row) -> Vec<Fact> {
    let given = Given {
        order_number: row.given.order_number.clone(),
        purchase_date: row.given.purchase_date.clone(),
        product: row.given.product.clone(),
        reason: row.reason.filter(|reason| *reason != Reason::Unspecified),
        announced_date: row.given.announced_date.clone(),
    };
    Policy::default().missing(row.intent, &given)
}

/// How bad it is, and what: a confidently wrong intent is worst, then anger by distance, then the reason.
fn mistake(one: &Judged<'_>) -> Option<(f32, Mistake)> {
    let (row, verdict) = (one.row, &one.verdict);
    let mut wrong = Vec::new();
    let mut badness = 0.0;
    if verdict.intent != row.intent {
        wrong.push(format!("intent: {} → {}", row.intent, verdict.intent));
        badness += 2.0 * verdict.intent_confidence;
    }
    if verdict.anger != row.anger {
        wrong.push(format!("anger: {} → {}", row.anger.level(), verdict.anger.level()));
        badness += 0.5 * f32::from(verdict.anger.level().abs_diff(row.anger.level()));
    }
    if row.intent == verdict.intent && verdict.reason != row.reason {
        let name = |reason: Option<Reason>| reason.map_or("none", Reason::as_str);
        wrong.push(format!("reason: {} → {}", name(row.reason), name(verdict.reason)));
        badness += verdict.reason_confidence;
    }
    for fact in Fact::ALL.iter().filter(|fact| **fact != Fact::Reason) {
        if row.has(*fact) != verdict.given.has(*fact) {
            let said = words(&verdict.given, *fact);
            wrong.push(format!("{fact}: {} → {}", row.words(*fact).unwrap_or("none"), said.unwrap_or("none")));
            badness += 0.3;
        }
    }
    let text = format!("{} / {}", row.subject, row.body.split_whitespace().collect::<Vec<_>>().join(" "));
    let mistake = Mistake {
        id: row.id.clone(),
        text: text.chars().take(400).collect(),
        confidence: verdict.intent_confidence,
        explanation: verdict.explanation.clone(),
        wrong,
    };
    (!mistake.wrong.is_empty()).then_some((badness, mistake))
}

fn words(given: &Given, fact: Fact) -> Option<&str> {
    match fact {
        Fact::OrderNumber => given.order_number.as_deref(),
        Fact::PurchaseDate => given.purchase_date.as_deref(),
        Fact::Product => given.product.as_deref(),
        Fact::AnnouncedDate => given.announced_date.as_deref(),
        Fact::Reason => given.reason.map(Reason::as_str),
    }
}
