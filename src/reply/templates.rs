//! The texts we send, as files: `acknowledgement/<lang>.txt`, `drafts/<lang>/<name>.txt`, and the paragraphs that
//! drafts share, `drafts/<lang>/parts/<name>.txt`.
//!
//! Everything that could be wrong with a template is found when it is loaded: each is compiled, the names
//! it uses are compared with the ones there are, and it is rendered for every kind of case.

mod context;
mod parse;
mod serves;
#[cfg(test)]
mod tests;
mod text;
mod trial;

use std::collections::{BTreeMap, BTreeSet};

use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

pub use context::{
    AcknowledgementContext, Barred, ClauseWords, DraftContext, MediatorWords, MistakeWords, OfferPlace, OfferWords,
    OrderWords, PromiseWords, RefundWords, StageWords,
};
use text::{flow, tidy};

use crate::domain::{Asset, TemplateName};

/// What is wrong with the templates: one line with file and place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A file is wrong.
    #[error("{file}, line {line}: {problem}")]
    File {
        /// Where the file was found.
        file: String,
        /// Line in it, from 1.
        line: usize,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A file is missing.
    #[error("{file} is missing: {why}")]
    Missing {
        /// Its name below `templates/`.
        file: String,
        /// Why it is needed.
        why: String,
    },
    /// There is no template of this name and language.
    #[error("there is no template “{0}”")]
    Unknown(String),
    /// This template may not be sent in this situation.
    #[error("“{template}” cannot be said here: {why}")]
    Unfit {
        /// The template.
        template: TemplateName,
        /// Why not, for the reviewer.
        why: String,
    },
}

/// What a reviewer sees of a draft template before choosing it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateInfo {
    /// Its name.
    pub name: TemplateName,
    /// What it says, in its own language.
    pub title: String,
    /// Whether it asks the customer something.
    pub asks: bool,
}

/// All templates, checked.
#[derive(Debug)]
pub struct Templates {
    texts: Environment<'static>,
    drafts: BTreeMap<String, BTreeMap<String, TemplateInfo>>,
}

impl Templates {
    /// Loads and checks all templates; files below `desk/` and Markdown files are somebody else's.
    ///
    /// # Errors
    /// The first file that does not compile, names something unknown, cannot be rendered, breaks the
    /// rules of the acknowledgement, or exists in one language only.
    pub fn load(assets: &[Asset]) -> Result<Self, TemplateError> {
        let mut texts = Environment::new();
        texts.set_undefined_behavior(UndefinedBehavior::Strict);
        texts.set_auto_escape_callback(|_| AutoEscape::None);
        texts.set_trim_blocks(true);
        texts.set_lstrip_blocks(true);
        // A part stands on lines of its own.
        texts.set_keep_trailing_newline(true);
        texts.set_path_join_callback(|name, from| parse::part_path(name, from).into());
        let mut drafts: BTreeMap<String, BTreeMap<String, TemplateInfo>> = BTreeMap::new();
        let mut files = Vec::new();
        for asset in assets.iter().filter(|asset| is_ours(&asset.name)) {
            let file = parse::file(asset)?;
            parse::compile(&mut texts, &file)?;
            if let parse::Kind::Draft { language, info } = &file.kind {
                drafts.entry(language.clone()).or_default().insert(info.name.as_str().to_owned(), info.clone());
            }
            files.push(file);
        }
        let templates = Self { texts, drafts };
        templates.check_completeness()?;
        for file in &files {
            parse::check_parts(&templates.texts, file)?;
        }
        let samples = trial::Samples::new();
        for file in &files {
            trial::run(&templates, file, &samples)?;
        }
        Ok(templates)
    }

    /// Languages that have an acknowledgement and drafts.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.drafts.keys().map(String::as_str)
    }

    /// The drafts of a language, by name.
    pub fn drafts(&self, language: &str) -> impl Iterator<Item = &TemplateInfo> {
        self.drafts.get(language).into_iter().flat_map(BTreeMap::values)
    }

    /// One draft template.
    pub fn info(&self, language: &str, name: &TemplateName) -> Option<&TemplateInfo> {
        self.drafts.get(language)?.get(name.as_str())
    }

    /// Renders the acknowledgement's text.
    ///
    /// # Errors
    /// When there is none in this language.
    pub fn acknowledgement(&self, language: &str, context: &AcknowledgementContext) -> Result<String, TemplateError> {
        self.render(&format!("acknowledgement/{language}.txt"), context).map(|text| tidy(&text))
    }

    /// Renders a draft's text.
    ///
    /// # Errors
    /// When there is none of this name in this language, or it may not be sent in this situation
    /// ([`TemplateError::Unfit`]).
    pub fn draft(&self, language: &str, name: &TemplateName, context: &DraftContext) -> Result<String, TemplateError> {
        let file = format!("drafts/{language}/{name}.txt");
        if self.info(language, name).is_none() {
            return Err(TemplateError::Unknown(file));
        }
        let unfit = |why| TemplateError::Unfit { template: name.clone(), why };
        serves::check(name.as_str(), context).map_err(unfit)?;
        let text = flow(&self.render(&file, context)?);
        serves::complete(name.as_str(), context, &text).map_err(unfit)?;
        Ok(text)
    }

    fn render(&self, file: &str, context: &impl Serialize) -> Result<String, TemplateError> {
        let template = self.texts.get_template(file).map_err(|_| TemplateError::Unknown(file.to_owned()))?;
        template.render(context).map_err(|error| {
            let (name, line, problem) = parse::deepest(&error);
            TemplateError::File { file: name.unwrap_or_else(|| file.to_owned()), line, problem }
        })
    }

    /// Every language has an acknowledgement and the same drafts as the others.
    fn check_completeness(&self) -> Result<(), TemplateError> {
        let missing = |file: String, why: &str| Err(TemplateError::Missing { file, why: why.to_owned() });
        if self.drafts.is_empty() {
            return missing("drafts/<language>/".into(), "there are no drafts at all");
        }
        let names: BTreeSet<&String> = self.drafts.values().flat_map(BTreeMap::keys).collect();
        for (language, drafts) in &self.drafts {
            if let Some(name) = names.iter().find(|name| !drafts.contains_key(name.as_str())) {
                return missing(format!("drafts/{language}/{name}.txt"), "another language has this draft");
            }
            let acknowledgement = format!("acknowledgement/{language}.txt");
            if self.texts.get_template(&acknowledgement).is_err() {
                return missing(acknowledgement, "this language has drafts");
            }
        }
        let lonely = self.texts.templates().find_map(|(name, _)| {
            let language = name.strip_prefix("acknowledgement/")?.strip_suffix(".txt")?;
            (!self.drafts.contains_key(language)).then(|| language.to_owned())
        });
        lonely.map_or(Ok(()), |language| missing(format!("drafts/{language}/"), "this language has an acknowledgement"))
    }
}

fn is_ours(name: &str) -> bool {
    !name.starts_with("desk/") && !name.ends_with(".md")
}
