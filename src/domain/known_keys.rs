//! The keys a TOML file may hold, checked before anything else is read, so that a typing error names its line and the
//! key that was probably meant.

use toml::de::{DeTable, DeValue};

/// What may stand under a key.
pub enum Shape {
    /// A value, or a table whose keys are free; what it holds is checked when it is read.
    Value,
    /// A table with these keys.
    Table(&'static [(&'static str, Shape)]),
    /// An array of tables with these keys.
    Tables(&'static [(&'static str, Shape)]),
    /// A table with a value under each of these names.
    Values(fn() -> Vec<&'static str>),
    /// A secret, as a table with these keys. What stands there instead is never repeated.
    Secret(&'static [(&'static str, Shape)]),
}

/// The first key that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongKey {
    /// Where, in bytes from the beginning of the file.
    pub offset: usize,
    /// What is wrong with it, and what was probably meant.
    pub what: String,
}

/// Refuses the first key that is not known.
///
/// # Errors
/// Says where it stands and which key was probably meant.
pub fn check(table: &DeTable<'_>, keys: &[(&str, Shape)]) -> Result<(), WrongKey> {
    check_under(table, keys, "")
}

fn check_under(table: &DeTable<'_>, keys: &[(&str, Shape)], path: &str) -> Result<(), WrongKey> {
    for (key, value) in table {
        let name: &str = key.get_ref();
        let full = joined(path, name);
        let Some((_, shape)) = keys.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = keys.iter().map(|(known, _)| *known).collect();
            return Err(WrongKey { offset: key.span().start, what: unknown(&full, name, &known) });
        };
        let wrong = |what: String| Err(WrongKey { offset: value.span().start, what });
        match (shape, value.get_ref()) {
            (Shape::Value, _) => {}
            (Shape::Table(inner) | Shape::Secret(inner), DeValue::Table(table)) => check_under(table, inner, &full)?,
            (Shape::Values(names), DeValue::Table(table)) => check_names(table, &names(), &full)?,
            (Shape::Table(_) | Shape::Values(_), _) => {
                return wrong(format!("`{full}` takes a table: write [{full}]"));
            }
            (Shape::Secret(_), _) => {
                return wrong(format!(
                    "`{full}` takes a table: {{ file = \"…\" }}, {{ env = \"…\" }}, {{ command = \"…\" }} or {{ \
                     credential = \"…\" }}"
                ));
            }
            (Shape::Tables(inner), DeValue::Array(items)) => {
                for item in items.iter() {
                    let DeValue::Table(table) = item.get_ref() else {
                        let what = format!("`{full}` holds tables: write [[{full}]]");
                        return Err(WrongKey { offset: item.span().start, what });
                    };
                    check_under(table, inner, &full)?;
                }
            }
            (Shape::Tables(_), _) => return wrong(format!("`{full}` is a list of tables: write [[{full}]]")),
        }
    }
    Ok(())
}

fn check_names(table: &DeTable<'_>, names: &[&str], path: &str) -> Result<(), WrongKey> {
    let stranger = table.iter().find(|(key, _)| !names.contains(&key.get_ref().as_ref()));
    stranger.map_or(Ok(()), |(key, _)| {
        let name: &str = key.get_ref();
        Err(WrongKey { offset: key.span().start, what: unknown(&joined(path, name), name, names) })
    })
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn unknown(full: &str, name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(known) => format!("unknown key `{full}`: did you mean `{known}`?"),
        None => format!("unknown key `{full}`: known here are {}", known.join(", ")),
    }
}

/// The name that was probably meant, if one is near enough.
pub fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    known
        .map(|known| (strsim::damerau_levenshtein(known, name), known))
        .min()
        .filter(|(distance, known)| *distance <= 2.max(known.len() / 3) && *distance < known.len())
        .map(|(_, known)| known)
}
