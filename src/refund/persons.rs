//! When a person has to look before anything is said.

use super::compare;
use super::scene::Scene;
use crate::domain::assessment::PersonWhy;
use crate::domain::verdict::Unsure;
use crate::domain::{Clue, Email, Signal};

/// Parts of domains that mediators and authorities write from.
const OFFICIAL_DOMAINS: &[&str] =
    &["mediateur", "mediation", "mediator", "ombudsman", "huissier", "commissaire-justice"];

/// Words beside which a masked number is an account's rather than a card's.
const PAY_TO: &[&str] = &["compte", "virement", "virer", "account", "transfer", "rib", "bic", "swift"];

/// How many characters of an IBAN are masked at least, the four last being kept, where no card number is so long.
const LONG: usize = 16;

/// And of a short one.
const SHORT: usize = 10;

/// What stops every answer, whatever is asked for.
pub fn grave(scene: &Scene<'_>) -> Option<PersonWhy> {
    if scene.signals(Signal::Safety) {
        return Some(PersonWhy::Safety);
    }
    if scene.signals(Signal::DisputeOpened) {
        return Some(PersonWhy::DisputeOpen);
    }
    if scene.given.customer.is_some_and(|email| is_official(scene, email)) || scene.clue(Clue::Official).is_some() {
        return Some(PersonWhy::Official);
    }
    if scene.signals(Signal::LegalThreat) {
        return Some(PersonWhy::LegalThreat);
    }
    let unsure = scene.given.verdict.unsure.contains(&Unsure::Intent) && !says_what_it_is(scene);
    (unsure && scene.given.corrected.is_none()).then_some(PersonWhy::Unsure)
}

/// A clue tells what is asked for, whatever triage made of the few words around it.
fn says_what_it_is(scene: &Scene<'_>) -> bool {
    scene.clue(Clue::WithdrawalForm).is_some() || scene.newest_clue(Clue::KeepsIt).is_some()
}

/// What stops an answer about money.
pub fn about_money(scene: &Scene<'_>) -> Option<PersonWhy> {
    let gift = scene.clue(Clue::Gift).is_some() && !is_buyer(scene);
    if scene.given.other_sender || gift {
        return Some(PersonWhy::OtherSender);
    }
    names_account(scene).then_some(PersonWhy::NewBankDetails)
}

/// The writer's address is one of the order's.
fn is_buyer(scene: &Scene<'_>) -> bool {
    scene.order.is_some_and(|order| !order.emails.is_empty()) && !compare::is_other_address(scene)
}

/// Bank details stand in the text: words for them, or a number that reading masked.
fn names_account(scene: &Scene<'_>) -> bool {
    let words: Vec<&str> = scene.text.split(|c: char| !c.is_alphanumeric()).collect();
    let pays = PAY_TO.iter().any(|word| words.contains(word));
    let stars = longest_mask(&scene.text);
    scene.clue(Clue::NewBankDetails).is_some() || stars >= LONG || (stars >= SHORT && pays)
}

/// The most stars in a row, single blanks and hyphens between them aside.
fn longest_mask(text: &str) -> usize {
    let (mut longest, mut run, mut gap) = (0, 0, false);
    for c in text.chars() {
        (run, gap) = match c {
            '*' => (run + 1, false),
            ' ' | '-' | '.' if !gap => (run, true),
            _ => (0, false),
        };
        longest = longest.max(run);
    }
    longest
}

/// An authority's, a mediator's or a bailiff's address.
fn is_official(scene: &Scene<'_>, email: &Email) -> bool {
    let domain = email.domain();
    let host = scene.given.policy.mediator.as_ref().and_then(|mediator| host(&mediator.url));
    let below = |parent: &str| domain == parent || domain.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'));
    below("gouv.fr") || host.is_some_and(below) || OFFICIAL_DOMAINS.iter().any(|part| domain.contains(part))
}

fn host(url: &str) -> Option<&str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', ':', '?', '#']).next()?;
    Some(host.strip_prefix("www.").unwrap_or(host)).filter(|host| host.contains('.'))
}
