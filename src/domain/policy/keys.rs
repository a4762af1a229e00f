//! The known keys of the policy, checked before anything else so that a typing error names its line and the key that
//! was probably meant.

use toml::de::{DeTable, DeValue};

use super::load::{Checked, Checker};

/// What may stand under a key.
enum Shape {
    /// A value, or a table whose keys are free.
    Value,
    /// A table with these keys.
    Table(&'static [(&'static str, Shape)]),
    /// A list of tables with these keys.
    Tables(&'static [(&'static str, Shape)]),
}

use Shape::{Table, Tables, Value};

const BASES: &[(&str, Shape)] = &[
    ("billing", Value),
    ("cancelled", Value),
    ("non_delivery", Value),
    ("withdrawal", Value),
    ("conformity", Value),
    ("goodwill", Value),
];

const ALTERNATIVE: &[(&str, Shape)] = &[
    ("kind", Value),
    ("forbidden", Value),
    ("instead_of_refund", Value),
    ("on_top", Value),
    ("cap", Value),
    ("cap_percent", Value),
    ("text", Value),
];

const STANCE: &[(&str, Shape)] = &[
    ("refusal_offers", Value),
    ("alternative", Value),
    ("apology", Value),
    ("refusal_length", Value),
    ("perks_to_flagged", Value),
];

/// Every key of `policy.toml`.
const KEYS: &[(&str, Shape)] = &[
    ("needed", Value),
    ("law", Value),
    ("informs_of_withdrawal", Value),
    ("customer_pays_return", Value),
    ("return_address", Value),
    ("quote_legal_clocks", Value),
    ("clause", Tables(&[("id", Value), ("valid_from", Value), ("url", Value), ("text", Value)])),
    ("family", Tables(&[("name", Value), ("products", Value), ("no_withdrawal", Value)])),
    ("window", Tables(&[("family", Value), ("days", Value), ("clause", Value), ("fee_percent", Value)])),
    ("fees", Table(BASES)),
    ("methods", Table(BASES)),
    ("promises", Table(&[("processing_days", Value), ("bank_days", Value), ("answer_within_hours", Value)])),
    ("alternative", Tables(ALTERNATIVE)),
    ("mediator", Table(&[("name", Value), ("url", Value), ("address", Value)])),
    (
        "marketplace",
        Tables(&[("name", Value), ("domains", Value), ("answer_within_hours", Value), ("acknowledge", Value)]),
    ),
    ("measure", Tables(&[("reason", Value), ("text", Value)])),
    ("roles", Table(&[("refuse", Value), ("accept", Value), ("safety", Value)])),
    ("stance", Table(STANCE)),
];

/// Refuses the first key that is not known.
pub fn check(checker: &Checker<'_>, table: &DeTable<'_>) -> Checked<()> {
    known(checker, table, KEYS, "")
}

fn known(checker: &Checker<'_>, table: &DeTable<'_>, keys: &[(&str, Shape)], path: &str) -> Checked<()> {
    for (key, value) in table {
        let name: &str = key.get_ref();
        let full = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        let Some((_, shape)) = keys.iter().find(|(known, _)| *known == name) else {
            return Err(checker.fail(key.span().start, unknown(&full, name, keys)));
        };
        let wrong = |what: String| Err(checker.fail(value.span().start, what));
        match (shape, value.get_ref()) {
            (Value, _) => {}
            (Table(inner), DeValue::Table(table)) => known(checker, table, inner, &full)?,
            (Table(_), _) => return wrong(format!("`{full}` takes a table: write [{full}]")),
            (Tables(inner), DeValue::Array(items)) => {
                for item in items.iter() {
                    let DeValue::Table(table) = item.get_ref() else {
                        return Err(checker.fail(item.span().start, format!("`{full}` holds tables: write [[{full}]]")));
                    };
                    known(checker, table, inner, &full)?;
                }
            }
            (Tables(_), _) => return wrong(format!("`{full}` is a list of tables: write [[{full}]]")),
        }
    }
    Ok(())
}

fn unknown(full: &str, name: &str, keys: &[(&str, Shape)]) -> String {
    let names: Vec<&str> = keys.iter().map(|(known, _)| *known).collect();
    match nearest(name, names.iter().copied()) {
        Some(known) => format!("unknown key `{full}`: did you mean `{known}`?"),
        None => format!("unknown key `{full}`: known here are {}", names.join(", ")),
    }
}

/// The name that was probably meant.
pub fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    known
        .map(|known| (strsim::damerau_levenshtein(known, name), known))
        .min()
        .filter(|(distance, known)| *distance <= 2.max(known.len() / 3) && *distance < known.len())
        .map(|(_, known)| known)
}
