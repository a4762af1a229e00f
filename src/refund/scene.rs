//! The situation with what every part of the assessment asks of it, worked out once.

use jiff::civil::Date;

use super::subject::Subject;
use super::{Letter, Situation, dates};
use crate::domain::Clue;
use crate::domain::assessment::Basis;
use crate::domain::clue::FoundClues;
use crate::domain::folded;
use crate::domain::order::LineKind;
use crate::domain::policy::{Law, Marketplace};
use crate::domain::{Intent, Order, Reason, Signal};

/// A day the customer names, with the words.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The day.
    pub day: Date,
    /// As the customer wrote it.
    pub words: String,
}

/// The situation, looked at.
#[derive(Debug)]
pub struct Scene<'a> {
    /// As given.
    pub given: &'a Situation<'a>,
    /// The shop's day.
    pub today: Date,
    /// The order, when one was found.
    pub order: Option<&'a Order>,
    /// What of the order it is about.
    pub subject: Subject<'a>,
    /// Why money is asked back.
    pub reason: Reason,
    /// All texts of the customer, folded.
    pub text: String,
    /// When the customer says it was bought, charged or delivered.
    pub claimed: Option<Claimed>,
    /// When the customer says the refund was announced.
    pub announced: Option<Claimed>,
    /// The marketplace that relays the message.
    pub marketplace: Option<&'a Marketplace>,
}

impl<'a> Scene<'a> {
    /// Looks at a situation.
    pub fn new(given: &'a Situation<'a>) -> Self {
        let order = given.purchase.order();
        let text: Vec<String> = given.letters.iter().map(|letter| folded::fold(letter.text)).collect();
        let reason = given.known.reason.or(given.verdict.reason).unwrap_or(Reason::Unspecified);
        Self {
            given,
            today: given.now.to_zoned(given.calendar.time_zone.clone()).date(),
            order,
            subject: Subject::of(order, given.known.product.as_deref(), given.policy),
            reason,
            text: text.join("\n"),
            claimed: claimed(given, bought(given, reason)),
            announced: claimed(given, given.known.announced_date.as_deref()),
            marketplace: given.customer.and_then(|email| given.policy.marketplace_of(email)),
        }
    }

    /// Whether French consumer law is looked at.
    pub fn french_law(&self) -> bool {
        self.given.policy.law == Law::Fr
    }

    /// Whether the verdict holds the signal, or a clue tells the same.
    pub fn signals(&self, signal: Signal) -> bool {
        let clue = match signal {
            Signal::Withdrawal => Some(Clue::WithdrawalForm),
            Signal::DisputeOpened => Some(Clue::DisputeNotice),
            Signal::ExchangeOrRepair => Some(Clue::WantsExchange),
            _ => None,
        };
        self.given.verdict.signals.contains(&signal) || clue.is_some_and(|clue| self.clue(clue).is_some())
    }

    /// Whether money is asked back: by intent, by a declaration of withdrawal, or because a reviewer named a basis.
    pub fn asks_refund(&self) -> bool {
        let intent = self.given.verdict.intent;
        intent == Intent::RefundRequest
            || (intent == Intent::Other && self.signals(Signal::Withdrawal))
            || self.given.corrected.is_some()
    }

    /// Whether the reviewer named this basis.
    pub fn corrected_to(&self, basis: Basis) -> bool {
        self.given.corrected == Some(basis)
    }

    /// Whether it is about digital content or digital services alone.
    pub fn is_digital(&self) -> bool {
        self.subject.kind() == Some(LineKind::Digital)
    }

    /// The day that decides whether a period was kept: when we were first told.
    pub fn notice(&self) -> Date {
        self.given.noticed_on
    }

    /// The customer's words for a clue, from the first message that holds it.
    pub fn clue(&self, clue: Clue) -> Option<&'a str> {
        self.given.letters.iter().find_map(|letter| letter.clues.get(&clue)).map(String::as_str)
    }

    /// The same, from the newest message alone.
    pub fn newest_clue(&self, clue: Clue) -> Option<&'a str> {
        self.given.letters.last().and_then(|letter| letter.clues.get(&clue)).map(String::as_str)
    }

    /// Every clue of the case, in the words it was first told with.
    pub fn clues(&self) -> FoundClues {
        Clue::ALL.iter().filter_map(|clue| Some((*clue, self.clue(*clue)?.to_owned()))).collect()
    }
}

/// The words for the day of the purchase: not those for the day a refund was announced, nor since when a thing fails
/// (“ne chauffe plus depuis hier”).
fn bought<'a>(given: &Situation<'a>, reason: Reason) -> Option<&'a str> {
    let words = given.known.purchase_date.as_deref()?;
    let announced = given.verdict.intent == Intent::RefundNotReceived
        && given.known.announced_date.as_deref().is_some_and(|other| other.contains(words) || words.contains(other));
    let since = |letter: &&Letter<'_>| {
        letter.text.split_once(words).is_some_and(|(before, _)| {
            let before = folded::fold(before);
            ["depuis", "since"].iter().any(|word| before.trim_end().ends_with(word))
        })
    };
    let fails_since = reason == Reason::Defective && given.letters.iter().any(|letter| since(&letter));
    (!announced && !fails_since).then_some(words)
}

/// Reads the words against the day of the message they stand in.
fn claimed(given: &Situation<'_>, words: Option<&str>) -> Option<Claimed> {
    let words = words?;
    let within = given.letters.iter().find(|letter| letter.text.contains(words));
    let letter = within.or_else(|| given.letters.first())?;
    let day = dates::read(words, letter.on, dates::is_french(letter.text))?;
    Some(Claimed { day, words: words.chars().take(60).collect() })
}
