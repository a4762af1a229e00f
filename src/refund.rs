//! Floor 1: from verdict, order facts, history and policy to what is owed. Pure: today's day is an argument.
//!
//! [`assess`] looks at message and order (`compare`), at every ground for a refund (`basis`), decides
//! what follows (`outcome`) and adds what a reviewer needs: periods (`clocks`), money and days (`terms`), where a
//! missed refund stands (`stage`) and what to be careful of (`abuse`).

mod abuse;
mod amounts;
mod basis;
mod clocks;
pub mod clues;
mod compare;
pub mod dates;
mod outcome;
mod persons;
mod scene;
mod stage;
mod subject;
mod terms;
#[cfg(test)]
mod tests;
pub mod workdays;

pub mod promises;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::assessment::Basis;
use crate::domain::clue::FoundClues;
use crate::domain::policy::Policy;
use crate::domain::{Assessment, Calendar, CustomerHistory, Email, Given, Outcome, Purchase, Verdict};

/// A message of the customer.
#[derive(Debug, Clone)]
pub struct Letter<'a> {
    /// The day it arrived, in the shop's time zone.
    pub on: Date,
    /// Its newest text.
    pub text: &'a str,
    /// What its subject, text and attachments' names tell besides the verdict ([`clues::Clues::find`]).
    pub clues: FoundClues,
}

/// Everything a case is assessed from.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The case's verdict.
    pub verdict: &'a Verdict,
    /// Facts known from all messages of the case, in the customer's words.
    pub known: &'a Given,
    /// What the order source said.
    pub purchase: &'a Purchase,
    /// What is known of the customer beyond this case.
    pub history: &'a CustomerHistory,
    /// The address the case answers.
    pub customer: Option<&'a Email>,
    /// All messages of the customer in this case, oldest first.
    pub letters: &'a [Letter<'a>],
    /// Somebody else than the customer wrote into the case.
    pub other_sender: bool,
    /// The day the matter was first told us.
    pub noticed_on: Date,
    /// Now.
    pub now: Timestamp,
    /// The shop's policy.
    pub policy: &'a Policy,
    /// The shop's calendar, for business days and the time zone.
    pub calendar: &'a Calendar,
    /// A reviewer's correction of the basis.
    pub corrected: Option<Basis>,
}

/// What law and policy say of the case.
pub fn assess(situation: &Situation<'_>) -> Assessment {
    let scene = scene::Scene::new(situation);
    let grounds = basis::look(&scene);
    let disagreements = compare::all(&scene);
    let stage = stage::find(&scene);
    let governing = outcome::governing(&scene, &grounds);
    let outcome = outcome::decide(&scene, &grounds, governing, &disagreements, stage.as_ref());
    let remedy = governing.map(|basis| basis::remedy(&scene, basis));
    let clocks = clocks::all(&scene, governing, remedy);
    let mut warnings = abuse::warnings(&scene);
    let terms = match outcome {
        Outcome::Eligible(basis) => Some(terms::find(&scene, basis, &grounds, &clocks, &mut warnings)),
        _ => None,
    };
    let clause = match &outcome {
        Outcome::Ineligible(clause) => Some(clause.clone()),
        Outcome::Eligible(Basis::Goodwill) => basis::goodwill_clause(&scene),
        _ => None,
    };
    Assessment {
        at: situation.now,
        purchase: situation.purchase.clone(),
        findings: grounds.into_iter().map(|ground| ground.finding).collect(),
        governing,
        corrected: situation.corrected.is_some(),
        outcome,
        remedy,
        disagreements,
        clocks,
        terms,
        stage,
        warnings,
        clause,
        marketplace: scene.marketplace.map(|market| market.name.clone()),
        clues: scene.clues(),
    }
}
