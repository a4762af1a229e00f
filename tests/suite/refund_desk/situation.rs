//! A situation as it is written down.

use std::fmt;
use std::path::Path;

use guichet::domain::history::CustomerHistory;
use guichet::domain::policy::Policy;
use guichet::domain::{Asset, Money, Order};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};

/// One file: situations of one theme.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Theme {
    pub theme: String,
    pub about: String,
    pub situation: Vec<Situation>,
}

/// Mail, order, policy and history, and what follows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Situation {
    pub name: String,
    /// What it shows, in a sentence.
    pub shows: String,
    pub today: Date,
    pub mail: Vec<Mail>,
    /// The verdict; triage must come to it unless it is `given`.
    pub judged: Judged,
    /// The labels matter here, not the classifier: the verdict is as written.
    #[serde(default)]
    pub given: bool,
    /// What the order source says: a table over the ordinary order, or `not asked`, `not found`, `unavailable`, `several`.
    pub order: Value,
    /// What differs from `policy.toml`.
    #[serde(default)]
    pub policy: toml::Table,
    #[serde(default)]
    pub history: CustomerHistory,
    /// The basis that a reviewer set.
    pub corrected: Option<String>,
    pub then: Then,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    #[serde(default = "claire")]
    pub from: String,
    /// The day it came; today where it is left out.
    pub on: Option<Date>,
    #[serde(default)]
    pub subject: String,
    #[serde(default)]
    pub text: String,
    #[serde(default)]
    pub attached: Vec<String>,
}

fn claire() -> String {
    "Claire Roux <claire@example.org>".into()
}

/// Labels of a verdict.
#[derive(Deserialize, Debug, Clone, PartialEq, Eq, Default)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    pub intent: String,
    #[serde(default)]
    pub anger: String,
    #[serde(default)]
    pub reason: String,
    #[serde(default)]
    pub signals: Vec<String>,
    #[serde(default)]
    pub unsure: bool,
}

/// What follows.
#[derive(Deserialize, Debug, Clone, PartialEq, Eq, Default)]
#[serde(deny_unknown_fields)]
pub struct Then {
    /// Every basis looked at with its standing, most favourable first: `withdrawal expired`.
    pub bases: Vec<String>,
    pub outcome: String,
    #[serde(default)]
    pub repair_first: bool,
    /// The template; empty where none may speak.
    pub draft: String,
    #[serde(default)]
    pub others: Vec<String>,
    #[serde(default)]
    pub warnings: Vec<String>,
    #[serde(default)]
    pub differs: Vec<String>,
}

/// All that is compared.
#[derive(PartialEq, Eq)]
pub struct Told {
    pub judged: Judged,
    pub then: Then,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (judged, then) = (&self.judged, &self.then);
        let unsure = if judged.unsure { " unsure" } else { "" };
        write!(f, "{} {} {} {:?}{unsure}", judged.intent, judged.anger, judged.reason, judged.signals)?;
        write!(f, " -> {:?} {}{}", then.bases, then.outcome, if then.repair_first { ", repair first" } else { "" })?;
        write!(f, " -> {} {:?} warns {:?} differs {:?}", then.draft, then.others, then.warnings, then.differs)
    }
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/situations")
}

/// Every theme, in the order of the files' names.
pub fn themes() -> Vec<Theme> {
    let mut files: Vec<_> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let themes = files.iter().filter(|path| !path.ends_with("policy.toml")).map(|path| {
        let text = std::fs::read_to_string(path).unwrap();
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    });
    themes.collect()
}

impl Situation {
    pub fn expected(&self) -> Told {
        Told { judged: self.judged.clone(), then: self.then.clone() }
    }

    /// `policy.toml` with what is written here in its place.
    pub fn policy(&self) -> Policy {
        let file = folder().join("policy.toml");
        let mut whole: toml::Table = toml::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        lay_over(&mut whole, &self.policy);
        let bytes = toml::to_string(&whole).unwrap().into_bytes();
        Policy::load(&Asset { name: "policy.toml".into(), origin: "policy.toml".into(), bytes })
            .unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// The order, when the source has it.
    pub fn order(&self) -> Option<Order> {
        let written = self.order.as_object()?;
        let mut facts = json!({
            "number": "CMD-1042",
            "emails": ["claire@example.org"],
            "postcode": "69003",
            "country": "FR",
            "total": "54.90",
            "delivery_cost": "4.90",
            "payment_method": "card",
            "lines": [{ "product": "Bouilloire Inox", "price": "50" }],
        });
        let order = facts.as_object_mut().unwrap();
        for (key, value) in written {
            match key.as_str() {
                "ordered" => order.insert("ordered_on".into(), value.clone()),
                "delivered" => order.insert("parcels".into(), json!([{ "delivered_on": value }])),
                "shipped" => order.insert("parcels".into(), json!([{ "shipped_on": value }])),
                _ => order.insert(key.clone(), value.clone()),
            };
        }
        money(&mut facts);
        Some(serde_json::from_value(facts).unwrap_or_else(|error| panic!("{}: {error}", self.name)))
    }
}

/// Tables grow together, `false` takes one away, everything else is replaced.
fn lay_over(below: &mut toml::Table, above: &toml::Table) {
    for (key, value) in above {
        match (below.get_mut(key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => lay_over(below, above),
            (Some(toml::Value::Table(_)), toml::Value::Boolean(false)) => {
                below.remove(key);
            }
            _ => {
                below.insert(key.clone(), value.clone());
            }
        }
    }
}

/// Amounts are written `54.90` and mean euros.
fn money(facts: &mut Value) {
    match facts {
        Value::Array(items) => items.iter_mut().for_each(money),
        Value::Object(fields) => {
            for (key, value) in fields {
                let amount = ["total", "delivery_cost", "price", "amount", "refunded"].contains(&key.as_str());
                match value {
                    Value::String(text) if amount => {
                        *value = serde_json::to_value(Money::parse(text, "EUR").unwrap()).unwrap();
                    }
                    _ => money(value),
                }
            }
        }
        _ => {}
    }
}
