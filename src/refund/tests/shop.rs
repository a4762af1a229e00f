//! A shop, an order and a customer, ordinary until a test says otherwise.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::money::Money;
use crate::domain::order::{LineKind, OrderLine, Parcel};
use crate::domain::policy::{Clause, Policy, Window};
use crate::domain::{
    Anger, Assessment, Asset, Basis, Calendar, CustomerHistory, Email, Given, Intent, Order, Purchase, Reason, Signal,
    Verdict,
};
use crate::refund::clues::Clues;
use crate::refund::{Letter, Situation, assess};

/// Everything an assessment is made from; public so that a test changes what it is about.
pub struct Shop {
    pub today: Date,
    pub noticed_on: Date,
    pub policy: Policy,
    pub calendar: Calendar,
    pub order: Order,
    pub found: bool,
    pub by_number: bool,
    pub purchase: Option<Purchase>,
    pub verdict: Verdict,
    pub known: Given,
    pub history: CustomerHistory,
    pub customer: Option<Email>,
    pub texts: Vec<(Date, String)>,
    pub other_sender: bool,
    pub corrected: Option<Basis>,
}

/// The shipped rules of clues.
fn clues() -> &'static Clues {
    static LOADED: LazyLock<Clues> = LazyLock::new(|| {
        let pack = |name: &str, text: &str| Asset { name: name.into(), origin: name.into(), bytes: text.into() };
        Clues::load(&[
            pack("60-clues-fr.toml", include_str!("../../../rules/60-clues-fr.toml")),
            pack("61-clues-en.toml", include_str!("../../../rules/61-clues-en.toml")),
        ])
        .unwrap_or_else(|error| panic!("{error}"))
    });
    &LOADED
}

pub fn euros(text: &str) -> Money {
    Money::parse(text, "EUR").unwrap()
}

pub fn line(product: &str, price: &str) -> OrderLine {
    OrderLine {
        product: product.into(),
        variant: None,
        family: None,
        quantity: 1,
        price: Some(euros(price)),
        kind: LineKind::Goods,
        second_hand: false,
    }
}

pub fn order(ordered_on: Date) -> Order {
    Order {
        number: "CMD-1042".into(),
        ordered_on,
        emails: vec![Email::parse("claire@example.org").unwrap()],
        postcode: Some("69003".into()),
        country: Some("FR".into()),
        total: Some(euros("54.90")),
        delivery_cost: Some(euros("4.90")),
        payment_method: Some("card".into()),
        charges: Vec::new(),
        lines: vec![line("Bouilloire Inox", "50")],
        parcels: Vec::new(),
        promised_on: None,
        cancelled_on: None,
        returned_on: None,
        return_sent_on: None,
        returned_in_part: false,
        refunded: None,
        refunded_on: None,
        refund_reference: None,
        earlier_orders: None,
    }
}

/// Thirty days of goodwill under the clause `returns`, in force since 2024.
pub fn policy() -> Policy {
    let text = BTreeMap::from([("fr".to_owned(), "Trente jours.".to_owned()), ("en".into(), "Thirty days.".into())]);
    Policy {
        clauses: vec![Clause {
            id: "returns".into(),
            text,
            url: "https://shop.example/retours".into(),
            valid_from: jiff::civil::date(2024, 1, 1),
        }],
        windows: vec![window(None, 30)],
        ..Policy::default()
    }
}

pub fn window(family: Option<&str>, days: u16) -> Window {
    Window {
        family: family.map(str::to_owned),
        products: Vec::new(),
        days,
        clause: "returns".into(),
        no_withdrawal: None,
        supplied_months: None,
        fee_percent: 0,
    }
}

impl Shop {
    pub fn on(today: Date) -> Self {
        let verdict = Verdict {
            intent: Intent::RefundRequest,
            intent_confidence: 0.97,
            anger: Anger::Calm,
            anger_confidence: 0.9,
            reason: Some(Reason::Unspecified),
            reason_confidence: 0.9,
            unsure: Vec::new(),
            given: Given::default(),
            missing: Vec::new(),
            signals: Vec::new(),
            explanation: Vec::new(),
        };
        let known = Given { order_number: Some("CMD-1042".into()), ..Given::default() };
        Self {
            today,
            noticed_on: today,
            policy: policy(),
            calendar: Calendar::parse(TimeZone::get("Europe/Paris").unwrap(), "", &[], Some("FR")).unwrap(),
            order: order(today),
            found: true,
            by_number: true,
            purchase: None,
            verdict,
            known,
            history: CustomerHistory::default(),
            customer: Some(Email::parse("claire@example.org").unwrap()),
            texts: Vec::new(),
            other_sender: false,
            corrected: None,
        }
    }

    pub fn ordered(mut self, day: Date) -> Self {
        self.order.ordered_on = day;
        self
    }

    /// One parcel, come on `day`; ordered the day before unless an earlier day was set.
    pub fn delivered(mut self, day: Date) -> Self {
        self.order.parcels = vec![Parcel { shipped_on: None, delivered_on: Some(day) }];
        if self.order.ordered_on > day {
            self.order.ordered_on = crate::refund::workdays::plus(day, -1);
        }
        self
    }

    pub fn because(mut self, reason: Reason) -> Self {
        self.verdict.reason = Some(reason);
        self.known.reason = Some(reason).filter(|reason| *reason != Reason::Unspecified);
        self
    }

    pub fn signal(mut self, signal: Signal) -> Self {
        self.verdict.signals.push(signal);
        self
    }

    pub fn without_order(mut self) -> Self {
        self.found = false;
        self.known.order_number = None;
        self
    }

    pub fn says(mut self, text: &str) -> Self {
        self.texts.push((self.today, text.to_owned()));
        self
    }

    pub fn assess(&self) -> Assessment {
        let noon = self.today.at(12, 0, 0, 0).to_zoned(self.calendar.time_zone.clone()).unwrap().timestamp();
        let found = Purchase::Found { order: Box::new(self.order.clone()), by_number: self.by_number, at: noon };
        let answer = if self.found { found } else { Purchase::NotFound { at: noon } };
        let purchase = self.purchase.clone().unwrap_or(answer);
        let read = self.texts.iter();
        let letters: Vec<Letter<'_>> =
            read.map(|(on, text)| Letter { on: *on, text, clues: clues().find("", text, &[]) }).collect();
        assess(&Situation {
            verdict: &self.verdict,
            known: &self.known,
            purchase: &purchase,
            history: &self.history,
            customer: self.customer.as_ref(),
            letters: &letters,
            other_sender: self.other_sender,
            noticed_on: self.noticed_on,
            now: noon,
            policy: &self.policy,
            calendar: &self.calendar,
            corrected: self.corrected,
        })
    }
}
