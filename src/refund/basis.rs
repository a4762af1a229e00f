//! The grounds for a refund, each looked at by itself. Nothing of the shop's policy touches a ground that stands in
//! law, but for two facts about the shop: whether it told its customers of their right of withdrawal, and which of
//! its products the law excepts from it.

mod billing;
mod cancelled;
mod conformity;
mod digital;
mod goodwill;
mod non_delivery;
mod withdrawal;

use jiff::civil::Date;

use super::scene::Scene;
use super::workdays::{period_end, plus};
use crate::domain::assessment::{Basis, Finding, Remedy, Standing};
use crate::domain::calendar::is_french_holiday;
use crate::domain::verdict::Fact;
use crate::domain::{Money, Order, Reason};

pub use billing::wrong_charge;
pub use conformity::REPAIR_DAYS;
pub use digital::ended_on as digital_ended_on;
pub use goodwill::{clause as goodwill_clause, window as goodwill_window};
pub use non_delivery::{ended_on, no_further_time};
pub use withdrawal::claims_later;

/// One ground with what the outcome needs of it.
#[derive(Debug, Clone)]
pub struct Ground {
    /// What the reviewer sees.
    pub finding: Finding,
    /// Facts of the customer that would settle a ground that is possible.
    pub asks: Vec<Fact>,
    /// The customer leans on it: that it does not apply is for a person to say.
    pub leant_on: bool,
    /// What it gives, where that is less or more than what was paid.
    pub amount: Option<Money>,
}

impl Ground {
    fn new(basis: Basis, standing: Standing, articles: &[&str]) -> Self {
        let articles = articles.iter().map(|article| (*article).to_owned()).collect();
        let finding = Finding { basis, standing, until: None, steps: Vec::new(), articles };
        Self { finding, asks: Vec::new(), leant_on: false, amount: None }
    }

    fn until(mut self, until: Option<Date>) -> Self {
        self.finding.until = until;
        self
    }

    fn steps(mut self, steps: Vec<String>) -> Self {
        self.finding.steps = steps;
        self
    }

    fn leant_on(mut self, leant_on: bool) -> Self {
        self.leant_on = leant_on;
        self
    }

    fn asks(mut self, asks: Vec<Fact>) -> Self {
        self.asks = asks;
        self
    }

    fn amount(mut self, amount: Option<Money>) -> Self {
        self.amount = amount;
        self
    }

    /// Whether it applies.
    pub fn applies(&self) -> bool {
        self.finding.standing == Standing::Applies
    }

    /// Whether it may apply.
    pub fn is_possible(&self) -> bool {
        self.finding.standing == Standing::Possible
    }
}

/// Every ground that the case gives reason to look at, most favourable first.
pub fn look(scene: &Scene<'_>) -> Vec<Ground> {
    [
        billing::look(scene),
        cancelled::look(scene),
        non_delivery::look(scene),
        withdrawal::look(scene),
        conformity::look(scene),
        goodwill::look(scene),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What may be claimed first on a basis.
pub fn remedy(scene: &Scene<'_>, basis: Basis) -> Remedy {
    match basis {
        Basis::Conformity if scene.is_digital() => digital::remedy(scene).0,
        Basis::Conformity => conformity::remedy(scene).0,
        _ => Remedy::Refund,
    }
}

/// The arithmetic of a period that L221-19 governs.
fn period_steps(steps: &mut Vec<String>, event: Date, what: &str, days: i64) -> Date {
    let plain = plus(event, days);
    let end = period_end(event, days);
    steps.push(format!("{what} {event}, that day not counted"));
    steps.push(format!("+ {days} days = {plain}"));
    let holiday = if is_french_holiday(plain) { ", a public holiday" } else { "" };
    let moved = if end == plain { String::new() } else { format!("{holiday}: moved to {end}") };
    steps.push(format!("{plain} is a {:?}{moved}", plain.weekday()));
    end
}

/// What is known of the arrival of an order of goods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The last parcel came on this day.
    On(Date),
    /// It has not come.
    NotYet,
    /// Unknown; not before this day.
    NotBefore(Date),
}

/// Whether and when the goods came, as far as the order source and the customer tell.
pub fn arrival(scene: &Scene<'_>, order: &Order) -> Arrival {
    if let Some(day) = order.delivered_on() {
        return Arrival::On(day);
    }
    let said = scene.reason == Reason::NotDelivered;
    let some_came = order.parcels.iter().any(|parcel| parcel.delivered_on.is_some());
    let none_left = !order.parcels.is_empty() && order.parcels.iter().all(|parcel| parcel.shipped_on.is_none());
    if said || some_came || none_left {
        return Arrival::NotYet;
    }
    let shipped = order.parcels.iter().filter_map(|parcel| parcel.shipped_on).max();
    Arrival::NotBefore(shipped.unwrap_or(order.ordered_on).max(order.ordered_on))
}

/// The sentence about the day that decides.
fn told(scene: &Scene<'_>) -> String {
    format!("we were told on {}", scene.notice())
}
