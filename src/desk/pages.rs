//! The pages: minijinja templates with HTML escaping always on.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use minijinja::value::{Kwargs, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior};

use super::words::{Language, Words};
use crate::domain::Asset;

/// Pages that must be there.
const PAGES: &[&str] =
    &["layout", "sign_in", "queue", "case", "cases", "outbox", "aside", "error", "signed_out", "laid_out"];

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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn shipped() -> Vec<Asset> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/templates/desk");
        std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                let name = format!("desk/{}", path.file_name().unwrap().to_str().unwrap());
                Asset { origin: name.clone(), name, bytes: std::fs::read(&path).unwrap() }
            })
            .collect()
    }

    /// `t('section.name'…)` calls of all pages.
    fn phrases_asked_for(assets: &[Asset]) -> BTreeSet<String> {
        let texts = assets.iter().filter(|asset| asset.name.ends_with(".html")).map(|asset| asset.text().unwrap());
        texts
            .flat_map(|text| text.split(" t('").skip(1))
            .filter_map(|rest| Some(rest.split_once('\'')?.0.to_owned()))
            .filter(|key| !key.ends_with('.'))
            .collect()
    }

    #[test]
    fn every_phrase_a_page_asks_for_exists() {
        let assets = shipped();
        let pages = Pages::load(&assets).unwrap();
        let asked = phrases_asked_for(&assets);
        assert!(asked.len() > 80, "{}", asked.len());
        for key in asked {
            assert!(pages.words().find(Language::French, &key).is_some(), "{key}");
        }
    }

    #[test]
    fn every_label_has_words() {
        use crate::domain::{Anger, Fact, Intent, Reason, Signal};
        let pages = Pages::load(&shipped()).unwrap();
        let named = |section: &str, label: &str| {
            assert!(
                pages.words().find(Language::English, &format!("{section}.{label}")).is_some(),
                "{section}.{label}"
            );
        };
        Intent::ALL.iter().for_each(|x| named("intent", x.as_str()));
        Reason::ALL.iter().for_each(|x| named("reason", x.as_str()));
        Fact::ALL.iter().for_each(|x| named("fact", x.as_str()));
        Signal::ALL.iter().for_each(|x| named("signal", x.as_str()));
        Anger::ALL.iter().for_each(|x| named("anger", &x.level().to_string()));
    }

    #[test]
    fn a_missing_or_broken_page_is_named() {
        let mut assets = shipped();
        assets.retain(|asset| asset.name != "desk/queue.html");
        assert!(Pages::load(&assets).err().unwrap().to_string().contains("queue.html"));
        let broken = b"{% if %}".to_vec();
        assets.push(Asset { name: "desk/queue.html".into(), origin: "/etc/guichet/queue.html".into(), bytes: broken });
        assert!(Pages::load(&assets).err().unwrap().to_string().contains("/etc/guichet/queue.html"));
    }

    #[test]
    fn markup_in_values_is_escaped_everywhere() {
        let pages = Pages::load(&shipped()).unwrap();
        let hostile = "\"><script>alert(1)</script>";
        let html = pages
            .render(
                "sign_in",
                minijinja::context! { lang => "fr", problem => hostile, name => hostile, next => "/queue" },
            )
            .unwrap();
        assert!(!html.contains("<script>alert"), "{html}");
    }
}
