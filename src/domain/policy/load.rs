//! From the file to the policy: every mistake names file, line and key.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::DeTable;

use super::file::{self, File, Texts};
use super::{Law, Policy, PolicyError, Promises, Roles, keys};
use crate::domain::assessment::Basis;
use crate::domain::asset::Asset;
use crate::domain::known_keys;
use crate::domain::verdict::{Fact, Intent};

/// In how many days the law wants money back (L221-24, L216-7, L217-17).
const LEGAL_DAYS: i64 = 14;

/// The most business days that fit into those: two weeks.
const MOST_BUSINESS_DAYS: i64 = 10;

/// Reads a text of a file and says where a mistake stands.
pub struct Checker<'a> {
    origin: &'a str,
    text: &'a str,
    /// Languages a clause must exist in; empty: those that any clause has.
    pub languages: &'a [String],
}

/// A part of the policy, or the first mistake in it.
pub type Checked<T> = Result<T, PolicyError>;

impl Policy {
    /// Reads `policy.toml`. A clause must have its text in every language that any clause has.
    ///
    /// # Errors
    /// Names file, line and key of the first mistake.
    pub fn load(asset: &Asset) -> Result<Self, PolicyError> {
        Self::load_in(asset, &[])
    }

    /// Reads `policy.toml` for a shop that answers in these languages (ISO 639-1): a clause must have its text in each.
    ///
    /// # Errors
    /// Names file, line and key of the first mistake.
    pub fn load_in(asset: &Asset, languages: &[String]) -> Result<Self, PolicyError> {
        let text = asset.text().map_err(|what| PolicyError { file: asset.origin.clone(), line: 1, what })?;
        let checker = Checker { origin: &asset.origin, text, languages };
        let table = DeTable::parse(text).map_err(|error| checker.toml_error(&error))?;
        known_keys::check(table.get_ref(), keys::KEYS).map_err(|wrong| checker.fail(wrong.offset, wrong.what))?;
        let file: File = toml::from_str(text).map_err(|error| checker.toml_error(&error))?;
        checker.policy(file)
    }
}

impl Checker<'_> {
    /// A mistake at an offset.
    pub fn fail(&self, offset: usize, what: impl Into<String>) -> PolicyError {
        let line = self.text.get(..offset).map_or(1, |before| before.matches('\n').count() + 1);
        PolicyError { file: self.origin.to_owned(), line, what: what.into() }
    }

    /// A mistake at a value.
    pub fn wrong<T>(&self, place: &Spanned<T>, what: impl Into<String>) -> PolicyError {
        self.fail(place.span().start, what)
    }

    /// What the parser found, with the key that stands on the line.
    fn toml_error(&self, error: &toml::de::Error) -> PolicyError {
        let message = error.message().trim_end();
        let Some(span) = error.span() else { return self.fail(0, message) };
        let start = self.text.get(..span.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        let line = self.text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let key =
            line.split_once('=').map(|(key, _)| key.trim()).filter(|key| !key.is_empty() && !message.contains('`'));
        self.fail(span.start, key.map_or_else(|| message.to_owned(), |key| format!("`{key}`: {message}")))
    }

    fn policy(&self, file: File) -> Checked<Policy> {
        let default = Policy::default();
        let law = match &file.law {
            Some(law) => self.one_of("law", law, &[("fr", Law::Fr), ("none", Law::None)])?,
            None => default.law,
        };
        let clauses = self.clauses(&file.clause)?;
        let goodwill_fee = self.fees(&file.fees)?;
        Ok(Policy {
            needed: file.needed.map_or(Ok(default.needed), |needed| self.needed(needed))?,
            law,
            informs_of_withdrawal: file.informs_of_withdrawal.unwrap_or(default.informs_of_withdrawal),
            customer_pays_return: file.customer_pays_return.unwrap_or(default.customer_pays_return),
            return_address: file.return_address,
            windows: self.windows(&file.window, &file.family, &clauses, goodwill_fee)?,
            clauses,
            methods: self.methods(&file.methods)?,
            promises: self.promises(&file.promises, law)?,
            alternatives: self.alternatives(&file.alternative)?,
            mediator: file.mediator.map(|mediator| self.mediator(mediator)).transpose()?,
            marketplaces: file.marketplace.iter().map(|market| self.marketplace(market)).collect::<Checked<_>>()?,
            measures: file.measure.iter().map(|measure| self.measure(measure)).collect::<Checked<_>>()?,
            roles: self.roles(file.roles)?,
            stance: self.stance(&file.stance)?,
            quote_legal_clocks: file.quote_legal_clocks,
        })
    }

    fn roles(&self, written: file::Roles) -> Checked<Roles> {
        let limit = written.accept_up_to.as_ref();
        if let Some(limit) = limit.filter(|_| written.accept.is_empty()) {
            let what = "everybody accepts any amount: name in `accept` who may go above it";
            return Err(self.wrong(limit, format!("`roles.accept_up_to`: {what}")));
        }
        Ok(Roles {
            accept_up_to: limit.map(|limit| self.money("roles.accept_up_to", limit)).transpose()?,
            refuse: written.refuse,
            accept: written.accept,
            safety: written.safety,
        })
    }

    fn needed(&self, written: BTreeMap<Spanned<String>, Vec<Spanned<String>>>) -> Checked<BTreeMap<Intent, Vec<Fact>>> {
        let mut needed = BTreeMap::new();
        for (name, facts) in written {
            let intent = Intent::from_label(name.get_ref()).ok_or_else(|| {
                self.wrong(&name, format!("`{}` is no intent: {}", name.get_ref(), list(Intent::ALL)))
            })?;
            let mut known = Vec::new();
            for fact in facts {
                let label = Fact::from_label(fact.get_ref());
                let what = || self.wrong(&fact, format!("`{}` is no fact: {}", fact.get_ref(), list(Fact::ALL)));
                known.push(label.ok_or_else(what)?);
            }
            needed.insert(intent, known);
        }
        Ok(needed)
    }

    /// What the shop keeps; the fee of goodwill, for windows that name none.
    fn fees(&self, written: &BTreeMap<String, Spanned<i64>>) -> Checked<u8> {
        let mut goodwill = 0;
        for (name, value) in written {
            let percent = self.percent(&format!("fees.{name}"), value)?;
            match Basis::from_label(name) {
                Some(Basis::Goodwill) => goodwill = percent,
                Some(Basis::Withdrawal) if percent > 0 => {
                    let what = "a fee on withdrawal is not allowed: the customer pays the return, and for what handling took off the value (L221-23, L221-24)";
                    return Err(self.wrong(value, format!("`fees.withdrawal`: {what}; write 0 or leave it out")));
                }
                _ if percent > 0 => {
                    let what = "nothing may be kept of what is owed in law: only goodwill can have a fee";
                    return Err(self.wrong(value, format!("`fees.{name}`: {what}")));
                }
                _ => {}
            }
        }
        Ok(goodwill)
    }

    fn methods(&self, written: &BTreeMap<String, Spanned<String>>) -> Checked<super::Methods> {
        let mut methods = super::Methods::new();
        for (name, value) in written {
            let method = value.get_ref().trim();
            if method.is_empty() {
                return Err(
                    self.wrong(value, format!("`methods.{name}` is empty: write original, or the shop's word for it"))
                );
            }
            methods.extend(Basis::from_label(name).map(|basis| (basis, method.to_owned())));
        }
        Ok(methods)
    }

    fn promises(&self, written: &file::Promises, law: Law) -> Checked<Promises> {
        let default = Promises::default();
        let number = |key: &str, value: &Option<Spanned<i64>>, default: u16, most: i64| match value {
            Some(value) => self.whole(&format!("promises.{key}"), value, most),
            None => Ok(default),
        };
        if let Some(days) = &written.processing_days
            && law == Law::Fr
            && *days.get_ref() > MOST_BUSINESS_DAYS
        {
            let what = format!(
                "{} business days are more than the {LEGAL_DAYS} days in which the law wants money back (L221-24, L216-7)",
                days.get_ref()
            );
            return Err(
                self.wrong(days, format!("`promises.processing_days`: {what}; write {MOST_BUSINESS_DAYS} or less"))
            );
        }
        Ok(Promises {
            processing_days: number("processing_days", &written.processing_days, default.processing_days, 90)?,
            bank_days: number("bank_days", &written.bank_days, default.bank_days, 30)?,
            answer_within_hours: number(
                "answer_within_hours",
                &written.answer_within_hours,
                default.answer_within_hours,
                1000,
            )?,
        })
    }

    /// A whole number from 0 to `most`.
    pub fn whole(&self, key: &str, value: &Spanned<i64>, most: i64) -> Checked<u16> {
        let number = *value.get_ref();
        u16::try_from(number).ok().filter(|_| number <= most).ok_or_else(|| {
            self.wrong(value, format!("`{key}`: {number} is out of range, write a number from 0 to {most}"))
        })
    }

    /// A percentage.
    pub fn percent(&self, key: &str, value: &Spanned<i64>) -> Checked<u8> {
        let number = *value.get_ref();
        u8::try_from(number).ok().filter(|percent| *percent <= 100).ok_or_else(|| {
            self.wrong(value, format!("`{key}`: {number} % is not possible, write a number from 0 to 100"))
        })
    }

    /// One of some words.
    pub fn one_of<T: Copy>(&self, key: &str, value: &Spanned<String>, known: &[(&str, T)]) -> Checked<T> {
        let word = value.get_ref().as_str();
        known.iter().find(|(name, _)| *name == word).map(|(_, meaning)| *meaning).ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            let meant = known_keys::nearest(word, names.iter().copied())
                .map(|name| format!("did you mean `{name}`? Known are"));
            let hint = meant.unwrap_or_else(|| "write one of".into());
            self.wrong(value, format!("`{key}`: “{word}” is not known; {hint} {}", names.join(", ")))
        })
    }

    /// Texts per language, none empty.
    pub fn texts(&self, key: &str, written: &Texts) -> Checked<BTreeMap<String, String>> {
        let mut texts = BTreeMap::new();
        for (language, text) in written {
            let code = language.get_ref();
            if code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_lowercase()) {
                return Err(
                    self.wrong(language, format!("`{key}`: “{code}” is no language: write two letters like fr"))
                );
            }
            let words = text.get_ref().trim();
            if words.is_empty() {
                return Err(self.wrong(text, format!("`{key}.{code}` is empty")));
            }
            texts.insert(code.clone(), words.to_owned());
        }
        Ok(texts)
    }

    /// An address of the web.
    pub fn url(&self, key: &str, value: &Spanned<String>) -> Checked<String> {
        let url = value.get_ref().trim();
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let good = rest.is_some_and(|rest| rest.contains('.') && !rest.contains(char::is_whitespace));
        if good {
            Ok(url.to_owned())
        } else {
            Err(self.wrong(value, format!("`{key}`: write an address like https://shop.example/returns")))
        }
    }
}

fn list<T: ToString>(all: &[T]) -> String {
    format!("write one of {}", all.iter().map(T::to_string).collect::<Vec<_>>().join(", "))
}
