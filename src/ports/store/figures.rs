//! Figures over all cases of a period, counted case by case in bounded memory.

mod durations;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::{Date, ISOWeekDate};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::notices::{NoticeState, StoredNotice};
use crate::domain::record::Event;
use crate::domain::{
    Actor, Assessment, Case, CaseState, Closed, DeliveryState, Money, OutgoingKind, OutgoingMail, RecordEntry,
};

pub use durations::{Durations, Spread};

/// More kinds of a name than this (products, countries) are counted as `other`.
const MOST_NAMES: usize = 500;
/// The template that offers another solution.
const ALTERNATIVE: &str = "alternative";
/// Longest name that is counted, in characters.
const LONGEST_NAME: usize = 80;

/// Which cases count: those opened from `from` to `to`, both days included, in the shop's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Period {
    /// First day.
    pub from: Option<Date>,
    /// Last day.
    pub to: Option<Date>,
}

impl Period {
    /// Whether a day lies in it.
    pub fn holds(&self, day: Date) -> bool {
        self.from.is_none_or(|from| day >= from) && self.to.is_none_or(|to| day <= to)
    }
}

/// Counts by name.
pub type Counts = BTreeMap<String, u64>;

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Figures {
    /// Cases opened in the period; imported history and erased cases are none.
    pub cases: u64,
    /// By state now.
    pub states: Counts,
    /// By intent; `unjudged` where triage could not judge.
    pub intents: Counts,
    /// By the customer's reason.
    pub reasons: Counts,
    /// By product: of the order where it is known, else as the customer named it.
    pub products: Counts,
    /// By the policy's product family, where the order tells one.
    pub families: Counts,
    /// By ISO week of opening: `2026-W10`.
    pub weeks: Counts,
    /// By month of opening: `2026-03`.
    pub months: Counts,
    /// By country delivered to, where the order is known.
    pub countries: Counts,
    /// By how many orders came before, where the order source tells: `first`, `2 to 5`, `more than 5`.
    pub order_history: Counts,
    /// By outcome of the last assessment.
    pub outcomes: Counts,
    /// By governing basis.
    pub bases: Counts,
    /// From the customer's message to the acknowledgement accepted by the mail server.
    pub to_acknowledgement: Spread,
    /// To the first reply that left.
    pub to_first_answer: Spread,
    /// To the first approval, dismissal or answer from a mail client.
    pub to_decision: Spread,
    /// To the refund notice taken by the payment side.
    pub to_refund_notice: Spread,
    /// Replies approved, by template; `unknown` for those without one and those of older versions.
    pub approved: Counts,
    /// Of them with a text that a reviewer changed.
    pub edited: Counts,
    /// Cases whose verdict is unsure in something.
    pub unsure: u64,
    /// Cases whose verdict a reviewer corrected.
    pub corrected: u64,
    /// Refund notices by state.
    pub notices: Counts,
    /// Money in the refund notices that the payment side took, by currency.
    #[serde(default)]
    pub refunded: Vec<Money>,
    /// What became of another solution that a reply offered, by case: `refunded` (the payment side took a notice all the
    /// same), `without_refund` (none, and the case waits for nobody now), `open`.
    #[serde(default)]
    pub alternatives: Counts,
    /// Customers' marks, by the month in which they were given: how often each of `1` to `5`.
    #[serde(default)]
    pub ratings: BTreeMap<String, Counts>,
    /// Promises that lapsed.
    pub promises_lapsed: u64,
    /// Telephone calls.
    pub calls: u64,
}

/// All that the count reads of one case.
#[derive(Debug)]
pub struct Counted<'a> {
    /// The case.
    pub case: &'a Case,
    /// Its mails, without their bytes.
    pub outgoing: &'a [OutgoingMail],
    /// Its record.
    pub record: &'a [RecordEntry],
    /// Its last assessment.
    pub assessment: Option<&'a Assessment>,
    /// Its refund notices.
    pub notices: &'a [StoredNotice],
}

/// The count under way.
#[derive(Debug)]
pub struct Tally {
    period: Period,
    time_zone: TimeZone,
    figures: Figures,
    acknowledgement: Durations,
    first_answer: Durations,
    decision: Durations,
    refund_notice: Durations,
}

impl Tally {
    /// Nothing counted yet.
    pub fn new(period: Period, time_zone: TimeZone) -> Self {
        Self {
            period,
            time_zone,
            figures: Figures::default(),
            acknowledgement: Durations::default(),
            first_answer: Durations::default(),
            decision: Durations::default(),
            refund_notice: Durations::default(),
        }
    }

    /// Whether a case counts at all; the rest of it need not be read otherwise.
    pub fn wants(&self, case: &Case) -> bool {
        let real = !matches!(case.state, CaseState::Closed(Closed::History | Closed::Erased));
        real && self.period.holds(self.day(case.opened_at))
    }

    fn day(&self, at: Timestamp) -> Date {
        at.to_zoned(self.time_zone.clone()).date()
    }

    /// Counts one case.
    pub fn add(&mut self, counted: &Counted<'_>) {
        if !self.wants(counted.case) {
            return;
        }
        self.count_case(counted.case);
        self.count_order(counted);
        self.count_times(counted);
        self.count_record(counted.record);
        for row in counted.notices {
            count(&mut self.figures.notices, row.state.name());
        }
        self.count_money(counted);
        self.count_rating(counted.case);
    }

    fn count_rating(&mut self, case: &Case) {
        let Some(rating) = case.rating else { return };
        let month = self.day(rating.at).strftime("%Y-%m").to_string();
        count(self.figures.ratings.entry(month).or_default(), &rating.mark.to_string());
    }

    fn count_money(&mut self, counted: &Counted<'_>) {
        let told = || counted.notices.iter().filter(|row| matches!(row.state, NoticeState::Told { .. }));
        for amount in told().filter_map(|row| row.notice.amount.as_ref()) {
            let known = self.figures.refunded.iter_mut().find(|sum| sum.currency == amount.currency);
            match known {
                Some(sum) => sum.minor = sum.minor.saturating_add(amount.minor),
                None => self.figures.refunded.push(amount.clone()),
            }
        }
        let offered = counted.record.iter().any(
            |entry| matches!(&entry.event, Some(Event::Approved { template: Some(name), .. }) if name == ALTERNATIVE),
        );
        if offered {
            let became = match counted.case.state {
                _ if told().next().is_some() => "refunded",
                CaseState::NeedsReply | CaseState::WaitingForCustomer => "open",
                CaseState::Answered | CaseState::Closed(_) => "without_refund",
            };
            count(&mut self.figures.alternatives, became);
        }
    }

    fn count_case(&mut self, case: &Case) {
        let day = self.day(case.opened_at);
        let figures = &mut self.figures;
        figures.cases += 1;
        let state = match case.state {
            CaseState::NeedsReply => "needs_reply",
            CaseState::WaitingForCustomer => "waiting_for_customer",
            CaseState::Answered => "answered",
            CaseState::Closed(_) => "closed",
        };
        count(&mut figures.states, state);
        count(&mut figures.weeks, &week(day.iso_week_date()));
        count(&mut figures.months, &day.strftime("%Y-%m").to_string());
        match &case.verdict {
            Some(verdict) => {
                count(&mut figures.intents, verdict.intent.as_str());
                if let Some(reason) = verdict.reason {
                    count(&mut figures.reasons, reason.as_str());
                }
                figures.unsure += u64::from(!verdict.unsure.is_empty());
            }
            None => count(&mut figures.intents, "unjudged"),
        }
    }

    fn count_order(&mut self, counted: &Counted<'_>) {
        let figures = &mut self.figures;
        let order = counted.assessment.and_then(|assessment| assessment.purchase.order());
        let mut products: BTreeSet<&str> = BTreeSet::new();
        match order {
            Some(order) => {
                products.extend(order.lines.iter().map(|line| line.product.as_str()));
                let families: BTreeSet<&str> = order.lines.iter().filter_map(|line| line.family.as_deref()).collect();
                families.into_iter().for_each(|family| count(&mut figures.families, family));
                if let Some(country) = &order.country {
                    count(&mut figures.countries, country);
                }
                if let Some(earlier) = order.earlier_orders {
                    let bucket = match earlier {
                        0 => "first",
                        1..=4 => "2 to 5",
                        _ => "more than 5",
                    };
                    count(&mut figures.order_history, bucket);
                }
            }
            None => products.extend(counted.case.known.product.as_deref()),
        }
        products.into_iter().for_each(|product| count(&mut figures.products, product));
        if let Some(assessment) = counted.assessment {
            count(&mut figures.outcomes, outcome(assessment));
            if let Some(basis) = assessment.governing {
                count(&mut figures.bases, basis.as_str());
            }
        }
    }

    fn count_times(&mut self, counted: &Counted<'_>) {
        let opened = counted.case.opened_at;
        let sent = |kind: OutgoingKind| {
            let times = counted.outgoing.iter().filter(|mail| mail.kind == kind).filter_map(|mail| match mail.state {
                DeliveryState::Sent { at, .. } => Some(at),
                _ => None,
            });
            times.min()
        };
        let decided = counted.record.iter().find(|entry| {
            matches!(
                entry.event,
                Some(Event::Approved { .. } | Event::Dismissed { .. } | Event::AnsweredElsewhere { .. })
            ) && entry.actor != Actor::Guichet
        });
        let told = counted.notices.iter().filter_map(|row| match row.state {
            NoticeState::Told { at } => Some(at),
            _ => None,
        });
        for (durations, at) in [
            (&mut self.acknowledgement, sent(OutgoingKind::Acknowledgement)),
            (&mut self.first_answer, sent(OutgoingKind::Reply)),
            (&mut self.decision, decided.map(|entry| entry.at)),
            (&mut self.refund_notice, told.min()),
        ] {
            if let Some(at) = at {
                durations.add(at.duration_since(opened));
            }
        }
    }

    fn count_record(&mut self, record: &[RecordEntry]) {
        let figures = &mut self.figures;
        let mut corrected = false;
        for event in record.iter().filter_map(|entry| entry.event.as_ref()) {
            match event {
                Event::Approved { template, edited, .. } => {
                    let name = template.as_deref().unwrap_or("unknown");
                    count(&mut figures.approved, name);
                    if *edited {
                        count(&mut figures.edited, name);
                    }
                }
                Event::Corrected { .. } => corrected = true,
                Event::Promise { state, .. } => figures.promises_lapsed += u64::from(state == "lapsed"),
                Event::Called { .. } => figures.calls += 1,
                _ => {}
            }
        }
        figures.corrected += u64::from(corrected);
    }

    /// The figures.
    pub fn finish(mut self) -> Figures {
        self.figures.refunded.sort_by(|a, b| a.currency.cmp(&b.currency));
        Figures {
            to_acknowledgement: self.acknowledgement.spread(),
            to_first_answer: self.first_answer.spread(),
            to_decision: self.decision.spread(),
            to_refund_notice: self.refund_notice.spread(),
            ..self.figures
        }
    }
}

fn count(counts: &mut Counts, name: &str) {
    let name: String = name.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST_NAME).collect();
    let known = counts.contains_key(&name) || counts.len() < MOST_NAMES;
    *counts.entry(if known { name } else { "other".into() }).or_default() += 1;
}

fn week(week: ISOWeekDate) -> String {
    format!("{:04}-W{:02}", week.year(), week.week())
}

fn outcome(assessment: &Assessment) -> &'static str {
    use crate::domain::Outcome;
    match assessment.outcome {
        Outcome::Eligible(_) => "eligible",
        Outcome::Ineligible(_) => "ineligible",
        Outcome::NeedsInformation(_) => "needs_information",
        Outcome::NeedsPerson(_) => "needs_person",
        Outcome::NoRefundMatter => "no_refund_matter",
    }
}
