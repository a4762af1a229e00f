//! The policy file as written, before it is checked. Key names are the contract.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

/// A text per language.
pub type Texts = BTreeMap<Spanned<String>, Spanned<String>>;

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct File {
    pub needed: Option<BTreeMap<Spanned<String>, Vec<Spanned<String>>>>,
    pub law: Option<Spanned<String>>,
    pub informs_of_withdrawal: Option<bool>,
    pub customer_pays_return: Option<bool>,
    pub return_address: Option<String>,
    pub quote_legal_clocks: bool,
    pub clause: Vec<Spanned<Clause>>,
    pub family: Vec<Spanned<Family>>,
    pub window: Vec<Spanned<Window>>,
    pub fees: BTreeMap<String, Spanned<i64>>,
    pub methods: BTreeMap<String, Spanned<String>>,
    pub promises: Promises,
    pub alternative: Vec<Spanned<Alternative>>,
    pub mediator: Option<Mediator>,
    pub marketplace: Vec<Marketplace>,
    pub measure: Vec<Measure>,
    pub roles: Roles,
    pub stance: Stance,
}

#[derive(Deserialize)]
pub struct Clause {
    pub id: Spanned<String>,
    pub valid_from: Spanned<toml::Value>,
    #[serde(default)]
    pub url: Option<Spanned<String>>,
    #[serde(default)]
    pub text: Texts,
}

#[derive(Deserialize)]
pub struct Family {
    pub name: Spanned<String>,
    #[serde(default)]
    pub products: Vec<Spanned<String>>,
    pub no_withdrawal: Option<Spanned<String>>,
    pub supplied_months: Option<Spanned<i64>>,
}

#[derive(Deserialize)]
pub struct Window {
    pub family: Option<Spanned<String>>,
    pub days: Spanned<i64>,
    pub clause: Option<Spanned<String>>,
    pub fee_percent: Option<Spanned<i64>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Promises {
    pub processing_days: Option<Spanned<i64>>,
    pub bank_days: Option<Spanned<i64>>,
    pub answer_within_hours: Option<Spanned<i64>>,
}

#[derive(Deserialize)]
pub struct Alternative {
    pub kind: Spanned<String>,
    #[serde(default)]
    pub forbidden: bool,
    #[serde(default)]
    pub instead_of_refund: bool,
    #[serde(default)]
    pub on_top: bool,
    pub cap: Option<Spanned<String>>,
    pub cap_percent: Option<Spanned<i64>>,
    #[serde(default)]
    pub text: Texts,
}

#[derive(Deserialize)]
pub struct Mediator {
    pub name: Spanned<String>,
    pub url: Spanned<String>,
    pub address: Option<String>,
}

#[derive(Deserialize)]
pub struct Marketplace {
    pub name: Spanned<String>,
    pub domains: Spanned<Vec<Spanned<String>>>,
    pub answer_within_hours: Option<Spanned<i64>>,
    #[serde(default = "yes")]
    pub acknowledge: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
pub struct Measure {
    pub reason: Spanned<String>,
    pub text: Texts,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Roles {
    pub refuse: Vec<String>,
    pub accept: Vec<String>,
    pub accept_up_to: Option<Spanned<String>>,
    pub safety: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Stance {
    pub refusal_offers: Option<Spanned<String>>,
    pub alternative: Option<Spanned<String>>,
    pub apology: Option<Spanned<String>>,
    pub refusal_length: Option<Spanned<String>>,
    pub perks_to_flagged: bool,
}
