//! The pages: minijinja templates with HTML escaping always on.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use minijinja::value::{Kwargs, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior};

use super::words::{Language, Words};
use crate::domain::Asset;

/// Pages that must be there.
const PAGES: &[&str] = &["layout", "sign_in", "queue", "case", "cases", "outbox", "aside", "error", "signed_out"];

/// Files served as they are: name, media type.
const FILES: &[(&str, &str)] = &[
    ("desk.css", "text/css; charset=utf-8"),
    ("desk.js", "text/javascript; charset=utf-8"),
    ("icon.svg", "image/svg+xml"),
];

/// The loaded pages, phrases and files.
pub(super) struct Pages {
    environment: Environment<'static>,
    words: Arc<Words>,
    files: Vec<(&'static str, &'static str, Vec<u8>)>,
}

impl Pages {
    /// Loads `desk/…` out of the template assets and compiles each page.
    pub fn load(templates: &[Asset]) -> anyhow::Result<Self> {
        let words = Arc::new(Words::load(templates)?);
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        add_functions(&mut environment, &words);
        for asset in templates {
            let Some(name) = asset.name.strip_prefix("desk/").and_then(|n| n.strip_suffix(".html")) else { continue };
            let text = asset.text().map_err(anyhow::Error::msg)?.to_owned();
            environment
                .add_template_owned(name.to_owned(), text)
                .map_err(|error| anyhow::anyhow!("{}: {error:#}", asset.origin))?;
        }
        for page in PAGES {
            ensure!(environment.get_template(page).is_ok(), "templates/desk/{page}.html is missing");
        }
        let mut files = Vec::new();
        for (name, media_type) in FILES {
            let asset = templates.iter().find(|asset| asset.name.strip_prefix("desk/") == Some(name));
            let asset = asset.with_context(|| format!("templates/desk/{name} is missing"))?;
            files.push((*name, *media_type, asset.bytes.clone()));
        }
        Ok(Self { environment, words, files })
    }

    /// The phrases.
    pub fn words(&self) -> &Words {
        &self.words
    }

    /// A file served as it is: media type and content.
    pub fn file(&self, name: &str) -> Option<(&'static str, &[u8])> {
        let (_, media_type, bytes) = self.files.iter().find(|(known, ..)| *known == name)?;
        Some((media_type, bytes))
    }

    /// Renders a page; `context` must hold `lang`.
    pub fn render(&self, page: &str, context: Value) -> Result<String, Error> {
        self.environment.get_template(page)?.render(context)
    }
}

fn language(state: &State<'_, '_>) -> Language {
    let code = state.lookup("lang");
    Language::from_code(code.as_ref().and_then(Value::as_str).unwrap_or_default())
}

/// `t('section.name', value=…)`: a phrase that must exist; `label('section', x)`: one that may not.
fn add_functions(environment: &mut Environment<'static>, words: &Arc<Words>) {
    let known = Arc::clone(words);
    environment.add_function("t", move |state: &State<'_, '_>, key: &str, values: Kwargs| {
        let language = language(state);
        if known.find(language, key).is_none() {
            return Err(Error::new(ErrorKind::InvalidOperation, format!("words.toml has no phrase “{key}”")));
        }
        let mut given = Vec::new();
        for name in values.args() {
            given.push((name, values.get::<Value>(name)?.to_string()));
        }
        let given: Vec<(&str, &str)> = given.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Ok(known.fill(language, key, &given))
    });
    let known = Arc::clone(words);
    environment.add_function("label", move |state: &State<'_, '_>, section: &str, label: &str| {
        known.label(language(state), section, label)
    });
    let known = Arc::clone(words);
    environment.add_function("rule", move |state: &State<'_, '_>, rule: &str| known.rule(language(state), rule));
}
