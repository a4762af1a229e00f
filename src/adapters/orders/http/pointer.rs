//! Where a value stands in JSON: JSON Pointer (RFC 6901) with two more kinds of step, `*` for every element of a list
//! and `[name=value]` for the elements whose member `name` is `value`.

use std::fmt;

use serde_json::Value;

/// A checked pointer. The empty one is the value itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pointer {
    text: String,
    steps: Vec<Step>,
}

/// A text that is no pointer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no path like /billing/email, /refunds/*/total or /meta_data/[key=_delivered]/value")]
pub struct BadPointer(String);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Every,
    Where(String, String),
}

impl Pointer {
    /// Reads a pointer.
    ///
    /// # Errors
    /// When it is not empty and does not begin with `/`, or a bracket lacks its `=`.
    pub fn parse(text: &str) -> Result<Self, BadPointer> {
        let bad = || BadPointer(text.chars().take(60).collect());
        if text.is_empty() {
            return Ok(Self::default());
        }
        let steps = text.strip_prefix('/').ok_or_else(bad)?.split('/').map(|step| {
            let plain = |text: &str| text.replace("~1", "/").replace("~0", "~");
            match step.strip_prefix('[').map(|rest| rest.strip_suffix(']')) {
                None if step == "*" => Ok(Step::Every),
                None => Ok(Step::Member(plain(step))),
                Some(inner) => {
                    let (name, value) = inner.and_then(|inner| inner.split_once('=')).ok_or_else(bad)?;
                    Ok(Step::Where(plain(name), plain(value)))
                }
            }
        });
        Ok(Self { text: text.to_owned(), steps: steps.collect::<Result<_, _>>()? })
    }

    /// Everything that stands there; nothing where a step leads nowhere.
    pub fn find<'v>(&self, root: &'v Value) -> Vec<&'v Value> {
        let mut found = vec![root];
        for step in &self.steps {
            found = found.into_iter().flat_map(|value| step.from(value)).collect();
        }
        found
    }
}

impl Step {
    fn from<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        match (self, value) {
            (Self::Member(name), Value::Object(members)) => members.get(name).into_iter().collect(),
            (Self::Member(name), Value::Array(items)) => {
                name.parse::<usize>().ok().and_then(|index| items.get(index)).into_iter().collect()
            }
            (Self::Every, Value::Array(items)) => items.iter().collect(),
            (Self::Where(name, wanted), Value::Array(items)) => {
                items.iter().filter(|item| item.get(name).is_some_and(|value| is(value, wanted))).collect()
            }
            _ => Vec::new(),
        }
    }
}

fn is(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text == wanted,
        Value::Bool(flag) => wanted == if *flag { "true" } else { "false" },
        Value::Number(number) => number.to_string() == wanted,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_lists_and_choices_are_found() {
        let value = serde_json::json!({
            "a/b": { "c": 1 },
            "list": [{ "k": "x", "v": 1 }, { "k": "y", "v": 2, "ok": true }, { "k": "x", "v": 3 }],
        });
        for (text, found) in [
            ("/a~1b/c", "[1]"),
            ("/list/1/v", "[2]"),
            ("/list/*/v", "[1,2,3]"),
            ("/list/[k=x]/v", "[1,3]"),
            ("/list/[ok=true]/v", "[2]"),
            ("/list/7/v", "[]"),
            ("/nowhere/*/v", "[]"),
            ("/list/v", "[]"),
        ] {
            let pointer = Pointer::parse(text).unwrap();
            assert_eq!(serde_json::to_string(&pointer.find(&value)).unwrap(), found, "{text}");
        }
        assert_eq!(Pointer::parse("").unwrap().find(&value), [&value]);
        for text in ["a", "$.a", "/[k]", "/[k=v"] {
            assert!(Pointer::parse(text).is_err(), "{text}");
        }
    }
}
