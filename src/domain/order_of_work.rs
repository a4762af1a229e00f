//! The order of work: which of the cases that wait is answered first, and why.
//!
//! 1. **Deadlines** of the law, of a marketplace and of our own promises that end by the end of the next day on which
//!    the shop opens, or have ended; what should have happened already (a reply that came back, a refund nobody was
//!    told of) stands with them. The earliest first.
//! 2. **Danger** to people, then **threats**: legal steps, payment disputes.
//! 3. Cases whose **answer target** is near or has passed, oldest first. Nothing calm outlives it: from here on anger
//!    helps nobody past an older case.
//! 4. All others by **age**, where anger counts as some hours more.
//!
//! A case's place hangs on nothing but the case, the hours of the shop and the time. As time goes by it rises through
//! the classes and never falls.

#[cfg(test)]
mod tests;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::assessment::Assessment;
use super::calendar::Calendar;
use super::case::{Case, CaseFlag, CaseId};
use super::folded;
use super::policy::{Marketplace, Policy};
use super::verdict::{Anger, Reason, Signal, Verdict};

/// By which share of the answer target it counts as near: of 16 business hours the last 4.
const NEAR_SHARE: i32 = 4;
/// Where no opening day lies ahead, deadlines are looked at so far ahead.
const LOOK_AHEAD: SignedDuration = SignedDuration::from_hours(72);

/// How much older than it is an angry case counts.
fn anger_ahead(anger: Anger) -> SignedDuration {
    SignedDuration::from_hours(match anger {
        Anger::Calm => 0,
        Anger::Frustrated => 2,
        Anger::Angry => 8,
        Anger::Furious => 24,
    })
}

/// How much older a case counts that triage is unsure of: it stands first among its equals, for nobody knows yet
/// what it is.
const UNSURE_AHEAD: SignedDuration = SignedDuration::from_hours(1);

/// What the order of work needs to know of a case. Holds no time but those of the case itself, so that it can be
/// stored and stays true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// The case.
    pub case: CaseId,
    /// Since when the customer waits.
    pub since: Timestamp,
    /// When the first message arrived.
    pub opened_at: Timestamp,
    /// The writer's address in canonical form.
    pub customer: Option<String>,
    /// How angry; calm when nobody judged.
    pub anger: Anger,
    /// Triage is not sure of the verdict, or there is none.
    pub unsure: bool,
    /// Something that comes before age.
    pub grave: Option<Grave>,
    /// Something that should have happened already.
    pub owed: Option<Owed>,
    /// The last day of the first period that the law sets us.
    pub law: Option<Date>,
    /// When the first open promise of ours is broken.
    pub promised: Option<Timestamp>,
    /// The marketplace that the message came through.
    pub marketplace: Option<String>,
    /// What the case is about: the order's name for it, else the customer's.
    pub product: Option<String>,
    /// The customer's reason.
    pub reason: Option<Reason>,
}

/// What comes before age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grave {
    /// Fire, injury, allergy, electric shock.
    Danger,
    /// Legal steps, a payment dispute.
    Threat,
}

/// What should have happened already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owed {
    /// An approved reply came back.
    Delivery,
    /// A refund was accepted and the payment side does not know.
    RefundNotice,
    /// A promise lapsed.
    Promise,
}

impl Work {
    /// What of a case counts. `promised` is when its first open promise is broken.
    pub fn of(case: &Case, assessment: Option<&Assessment>, promised: Option<Timestamp>) -> Self {
        let verdict = case.verdict.as_ref();
        let has = |flag| case.flags.contains(&flag);
        Self {
            case: case.id.clone(),
            since: case.waiting_since,
            opened_at: case.opened_at,
            customer: case.customer.as_ref().map(|customer| customer.email.canonical()),
            anger: verdict.map_or(Anger::Calm, |verdict| verdict.anger),
            unsure: verdict.is_none_or(|verdict| !verdict.unsure.is_empty()),
            grave: verdict.and_then(grave),
            owed: [
                (CaseFlag::NotDelivered, Owed::Delivery),
                (CaseFlag::RefundNotTold, Owed::RefundNotice),
                (CaseFlag::PromiseDue, Owed::Promise),
            ]
            .into_iter()
            .find_map(|(flag, owed)| has(flag).then_some(owed)),
            law: assessment.and_then(|known| known.clocks.iter().map(|clock| clock.by).min()),
            promised,
            marketplace: assessment.and_then(|known| known.marketplace.clone()),
            product: product(case, assessment),
            reason: verdict.and_then(|verdict| verdict.reason).or(case.known.reason),
        }
    }

    /// The moment that stands for its age: anger and doubt make it older than it is.
    fn ahead_since(&self) -> Timestamp {
        let doubt = if self.unsure { UNSURE_AHEAD } else { SignedDuration::ZERO };
        self.since.checked_sub(anger_ahead(self.anger) + doubt).unwrap_or(Timestamp::MIN)
    }
}

fn grave(verdict: &Verdict) -> Option<Grave> {
    let says = |signal| verdict.signals.contains(&signal);
    if says(Signal::Safety) {
        return Some(Grave::Danger);
    }
    verdict.is_grave().then_some(Grave::Threat)
}

/// The order's name where it is plain which line is meant, else the customer's own words.
fn product(case: &Case, assessment: Option<&Assessment>) -> Option<String> {
    let said = case.known.product.as_deref();
    let lines = assessment.and_then(|known| known.purchase.order()).map_or(&[][..], |order| order.lines.as_slice());
    let mut named = lines.iter().filter(|line| said.is_none_or(|words| folded::names(&line.product, words)));
    let line = match (named.next(), named.next()) {
        (Some(only), None) => Some(only),
        _ if lines.len() == 1 => lines.first(),
        _ => None,
    };
    line.map(|line| line.product.as_str()).or(said).map(str::to_owned)
}

/// Why a case stands where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "class")]
pub enum Why {
    /// A deadline is near or has passed.
    Deadline {
        /// Whose.
        of: Due,
        /// The first moment after it.
        due: Timestamp,
    },
    /// Danger or threat.
    Grave {
        /// Which.
        what: Grave,
    },
    /// The answer target is near or has passed.
    AnswerTarget {
        /// When it ends.
        due: Timestamp,
    },
    /// Its age.
    Age {
        /// By how many hours anger puts it ahead.
        ahead_hours: i64,
    },
}

/// Whose deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    /// The law's.
    Law,
    /// The marketplace's for an answer.
    Marketplace,
    /// A date that a reply of ours promised.
    Promise,
    /// A reply came back: the customer has had no answer since.
    NotDelivered,
    /// The payment side was not told of an accepted refund.
    RefundNotTold,
}

impl Due {
    /// Stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Law => "law",
            Self::Marketplace => "marketplace",
            Self::Promise => "promise",
            Self::NotDelivered => "not_delivered",
            Self::RefundNotTold => "refund_not_told",
        }
    }

    /// Whether it ends with a day rather than at an hour.
    pub fn is_day(self) -> bool {
        matches!(self, Self::Law | Self::Promise)
    }
}

/// A place in the queue: smaller comes first, and no two cases share one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    class: Class,
    /// The deadline, or what stands for the age.
    at: Timestamp,
    /// What breaks a tie: grave things, then what triage is unsure of.
    grave: u8,
    sure: bool,
    since: Timestamp,
    case: CaseId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Deadline,
    Danger,
    Threat,
    Target,
    Age,
}

/// By what cases are put in order at one moment.
#[derive(Debug, Clone)]
pub struct Agenda<'a> {
    calendar: Calendar,
    marketplaces: &'a [Marketplace],
    now: Timestamp,
    /// Deadlines that end by then are pressing.
    pressing: Timestamp,
    answer_within: SignedDuration,
    /// Who has waited since then or longer has the answer target near.
    near_since: Timestamp,
}

impl<'a> Agenda<'a> {
    /// The order of work now.
    pub fn new(policy: &'a Policy, calendar: &Calendar, now: Timestamp) -> Self {
        let calendar = calendar.with_ordinary_hours();
        let answer_within = SignedDuration::from_hours(policy.promises.answer_within_hours.into());
        let near = answer_within - answer_within / NEAR_SHARE;
        let horizon = calendar.end_of_next_opening_day(now);
        Self {
            pressing: horizon.or_else(|| now.checked_add(LOOK_AHEAD).ok()).unwrap_or(Timestamp::MAX),
            near_since: calendar.open_since(now, near).or_else(|| now.checked_sub(near).ok()).unwrap_or(Timestamp::MIN),
            calendar,
            marketplaces: &policy.marketplaces,
            now,
            answer_within,
        }
    }

    /// Where a case stands.
    pub fn place(&self, work: &Work) -> Place {
        let (class, at) = match (self.pressing(work), work.grave) {
            (Some((_, due)), _) => (Class::Deadline, due),
            (None, Some(Grave::Danger)) => (Class::Danger, work.ahead_since()),
            (None, Some(Grave::Threat)) => (Class::Threat, work.ahead_since()),
            (None, None) if work.since <= self.near_since => (Class::Target, work.since),
            (None, None) => (Class::Age, work.ahead_since()),
        };
        let grave = match work.grave {
            Some(Grave::Danger) => 0,
            Some(Grave::Threat) => 1,
            None => 2,
        };
        Place { class, at, grave, sure: !work.unsure, since: work.since, case: work.case.clone() }
    }

    /// Why it stands there.
    pub fn why(&self, work: &Work) -> Why {
        if let Some((of, due)) = self.pressing(work) {
            return Why::Deadline { of, due };
        }
        if let Some(what) = work.grave {
            return Why::Grave { what };
        }
        if work.since <= self.near_since {
            return Why::AnswerTarget { due: self.answer_due(work.since) };
        }
        Why::Age { ahead_hours: anger_ahead(work.anger).as_hours() }
    }

    /// Puts cases in order.
    pub fn sort(&self, work: &mut [Work]) {
        work.sort_by_cached_key(|work| self.place(work));
    }

    /// The moment that the order is of.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// When somebody who waits since then should have an answer.
    pub fn answer_due(&self, since: Timestamp) -> Timestamp {
        let plain = || since.checked_add(self.answer_within).ok();
        self.calendar.open_for(since, self.answer_within).or_else(plain).unwrap_or(Timestamp::MAX)
    }

    /// The first deadline, when it ends soon enough or has ended.
    fn pressing(&self, work: &Work) -> Option<(Due, Timestamp)> {
        let owed = work.owed.map(|owed| match owed {
            Owed::Delivery => (Due::NotDelivered, work.since),
            Owed::RefundNotice => (Due::RefundNotTold, work.since),
            Owed::Promise => (Due::Promise, work.promised.unwrap_or(work.since)),
        });
        let first = [
            owed,
            work.law.map(|day| (Due::Law, self.calendar.end_of(day))),
            work.promised.map(|lapses| (Due::Promise, lapses)),
            self.marketplace_due(work).map(|due| (Due::Marketplace, due)),
        ];
        first.into_iter().flatten().min_by_key(|(_, due)| *due).filter(|(_, due)| *due <= self.pressing)
    }

    fn marketplace_due(&self, work: &Work) -> Option<Timestamp> {
        let name = work.marketplace.as_deref()?;
        let hours = self.marketplaces.iter().find(|market| market.name == name)?.answer_within_hours?;
        work.since.checked_add(SignedDuration::from_hours(hours.into())).ok()
    }
}
