//! Clauses, families and windows of the policy file.

use std::collections::BTreeSet;

use jiff::civil::Date;
use toml::Spanned;

use super::load::{Checked, Checker};
use super::{Clause, Window, file};
use crate::domain::known_keys;

/// Longest window, in days: ten years.
const MOST_DAYS: i64 = 3650;

/// Longest supply, in months: ten years.
const MOST_MONTHS: i64 = 120;

/// How many exceptions to withdrawal L221-28 counts.
const EXCEPTIONS: u8 = 13;

impl Checker<'_> {
    /// The clauses: each has its text in every language and a place where it can be read.
    pub(super) fn clauses(&self, written: &[Spanned<file::Clause>]) -> Checked<Vec<Clause>> {
        let spoken: BTreeSet<&str> = if self.languages.is_empty() {
            written.iter().flat_map(|clause| clause.get_ref().text.keys().map(|code| code.get_ref().as_str())).collect()
        } else {
            self.languages.iter().map(String::as_str).collect()
        };
        let mut clauses: Vec<Clause> = Vec::new();
        for item in written {
            let clause = self.clause(item, &spoken)?;
            if clauses.iter().any(|other| other.id == clause.id && other.valid_from == clause.valid_from) {
                let what = format!("two clauses `{}` are valid from {}", clause.id, clause.valid_from);
                return Err(self.wrong(&item.get_ref().valid_from, format!("`clause.valid_from`: {what}")));
            }
            clauses.push(clause);
        }
        Ok(clauses)
    }

    fn clause(&self, written: &Spanned<file::Clause>, spoken: &BTreeSet<&str>) -> Checked<Clause> {
        let clause = written.get_ref();
        let id = self.name("clause.id", &clause.id)?;
        let text = self.texts("clause.text", &clause.text)?;
        let lacking = spoken.iter().find(|code| !text.contains_key(**code));
        if text.is_empty() || lacking.is_some() {
            let code = lacking.copied().unwrap_or("fr");
            let what = format!("clause `{id}` has no `text.{code}`: a refusal quotes it in the customer's language");
            return Err(self.wrong(written, what));
        }
        let Some(url) = &clause.url else {
            return Err(self.wrong(written, format!("clause `{id}` has no `url`: a refusal says where it can be read")));
        };
        Ok(Clause {
            url: self.url("clause.url", url)?,
            valid_from: self.day("clause.valid_from", &clause.valid_from)?,
            id,
            text,
        })
    }

    fn day(&self, key: &str, value: &Spanned<toml::Value>) -> Checked<Date> {
        let text = match value.get_ref() {
            toml::Value::Datetime(day) => day.to_string(),
            toml::Value::String(day) => day.clone(),
            _ => String::new(),
        };
        text.parse().map_err(|_| self.wrong(value, format!("`{key}`: write a day like 2026-01-31")))
    }

    /// Letters, digits, dots, dashes.
    pub(super) fn name(&self, key: &str, value: &Spanned<String>) -> Checked<String> {
        let name = value.get_ref();
        let good =
            (1..=60).contains(&name.chars().count()) && name.chars().all(|c| c.is_alphanumeric() || "-_. ".contains(c));
        if good && name.trim() == name {
            Ok(name.clone())
        } else {
            Err(self.wrong(value, format!("`{key}` takes 1 to 60 letters, digits, dots, dashes")))
        }
    }

    /// The windows, with what is known of their families. A family without a window of its own would fall under
    /// “everything else”, exception and all: it must have one.
    pub(super) fn windows(
        &self,
        written: &[Spanned<file::Window>],
        families: &[Spanned<file::Family>],
        clauses: &[Clause],
        fee: u8,
    ) -> Checked<Vec<Window>> {
        let mut known: Vec<&str> = Vec::new();
        for family in families {
            let name = &family.get_ref().name;
            self.name("family.name", name)?;
            if known.contains(&name.get_ref().as_str()) {
                return Err(self.wrong(name, format!("`family.name`: two families are named `{}`", name.get_ref())));
            }
            known.push(name.get_ref());
        }
        let mut windows: Vec<Window> = Vec::new();
        for window in written {
            let checked = self.window(window, families, &known, clauses, fee)?;
            if windows.iter().any(|other| other.family == checked.family) {
                let of = checked.family.as_deref().unwrap_or("everything else");
                return Err(self.wrong(window, format!("`window`: two windows of {of}")));
            }
            windows.push(checked);
        }
        for family in families {
            let name = &family.get_ref().name;
            if !windows.iter().any(|window| window.family.as_ref() == Some(name.get_ref())) {
                return Err(self.wrong(
                    name,
                    format!("family `{0}` has no window: add a [[window]] with `family = \"{0}\"`", name.get_ref()),
                ));
            }
        }
        Ok(windows)
    }

    fn window(
        &self,
        written: &Spanned<file::Window>,
        families: &[Spanned<file::Family>],
        known: &[&str],
        clauses: &[Clause],
        fee: u8,
    ) -> Checked<Window> {
        let window = written.get_ref();
        let family = match &window.family {
            None => None,
            Some(name) => {
                let found = families.iter().find(|family| family.get_ref().name.get_ref() == name.get_ref());
                Some(
                    found
                        .ok_or_else(|| self.wrong(name, absent("window.family", "family", name.get_ref(), known)))?
                        .get_ref(),
                )
            }
        };
        if let Some(id) = &window.clause
            && !clauses.iter().any(|clause| clause.id == *id.get_ref())
        {
            let ids: Vec<&str> = clauses.iter().map(|clause| clause.id.as_str()).collect();
            return Err(self.wrong(id, absent("window.clause", "clause", id.get_ref(), &ids)));
        }
        Ok(Window {
            family: family.map(|family| family.name.get_ref().clone()),
            products: self.products(family)?,
            days: self.whole("window.days", &window.days, MOST_DAYS)?,
            clause: window.clause.as_ref().map(|clause| clause.get_ref().clone()).unwrap_or_default(),
            no_withdrawal: family
                .and_then(|family| family.no_withdrawal.as_ref())
                .map(|text| self.exception(text))
                .transpose()?,
            supplied_months: family
                .and_then(|family| family.supplied_months.as_ref())
                .map(|months| self.months(months))
                .transpose()?,
            fee_percent: window.fee_percent.as_ref().map_or(Ok(fee), |fee| self.percent("window.fee_percent", fee))?,
        })
    }

    fn products(&self, family: Option<&file::Family>) -> Checked<Vec<String>> {
        let words = family.map_or(&[][..], |family| family.products.as_slice());
        words
            .iter()
            .map(|word| {
                let text = word.get_ref().trim();
                if text.chars().any(char::is_alphanumeric) {
                    Ok(text.to_owned())
                } else {
                    Err(self.wrong(word, "`family.products` holds a word without letters"))
                }
            })
            .collect()
    }

    fn months(&self, months: &Spanned<i64>) -> Checked<u16> {
        if *months.get_ref() == 0 {
            return Err(self.wrong(months, "`family.supplied_months`: leave it out for what is supplied once"));
        }
        self.whole("family.supplied_months", months, MOST_MONTHS)
    }

    /// `L221-28 3°`.
    fn exception(&self, text: &Spanned<String>) -> Checked<String> {
        let number = text.get_ref().strip_prefix("L221-28 ").and_then(|rest| rest.strip_suffix('°'));
        let known = number
            .and_then(|number| number.parse::<u8>().ok())
            .is_some_and(|number| (1..=EXCEPTIONS).contains(&number));
        if known {
            Ok(text.get_ref().clone())
        } else {
            let what =
                "only the law's exceptions take the right of withdrawal away: write one of L221-28 1° to L221-28 13°";
            Err(self.wrong(text, format!("`family.no_withdrawal`: {what}")))
        }
    }
}

fn absent(key: &str, what: &str, name: &str, known: &[&str]) -> String {
    match known_keys::nearest(name, known.iter().copied()) {
        Some(meant) => format!("`{key}`: there is no {what} `{name}`: did you mean `{meant}`?"),
        None => format!("`{key}`: there is no {what} `{name}`: add a [[{what}]]"),
    }
}
