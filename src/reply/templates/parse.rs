//! One template file: front matter, text, and the names it may use.

use std::collections::BTreeSet;

use minijinja::{Environment, Error};
use serde::Serialize;

use super::trial;
use super::{TemplateError, TemplateInfo};
use crate::domain::{Asset, TemplateName};

/// What a file is, by its name.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// `acknowledgement/<language>.txt`
    Acknowledgement,
    /// `drafts/<language>/<name>.txt`
    Draft { language: String, info: TemplateInfo },
    /// `drafts/<language>/parts/<name>.txt`: a paragraph or sentence that drafts include.
    Part,
}

/// A file taken apart.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) origin: String,
    pub(super) kind: Kind,
    /// Lines of front matter before the text.
    pub(super) skipped: usize,
    text: String,
}

impl File {
    /// An error in this file, `line` counted in the text after the front matter.
    pub(super) fn wrong(&self, line: usize, problem: String) -> TemplateError {
        TemplateError::File { file: self.origin.clone(), line: line + self.skipped, problem }
    }
}

/// Takes a file apart.
pub(super) fn file(asset: &Asset) -> Result<File, TemplateError> {
    let wrong = |line: usize, problem: &str| TemplateError::File {
        file: asset.origin.clone(),
        line,
        problem: problem.to_owned(),
    };
    let text = asset.text().map_err(|problem| wrong(1, &problem))?.replace("\r\n", "\n");
    let parts: Vec<&str> = asset.name.split('/').collect();
    let (kind, skipped, text) = match parts.as_slice() {
        ["acknowledgement", file] if language_of(file).is_some() => (Kind::Acknowledgement, 0, text),
        ["drafts", language, file] if is_language(language) && file.ends_with(".txt") => {
            let name = TemplateName::new(file.trim_end_matches(".txt"));
            let (info, skipped, text) = front_matter(name, &text).map_err(|(line, problem)| wrong(line, &problem))?;
            (Kind::Draft { language: (*language).to_owned(), info }, skipped, text)
        }
        ["drafts", language, "parts", file] if is_language(language) && file.ends_with(".txt") => (Kind::Part, 0, text),
        _ => {
            let places = "not a template: they are acknowledgement/<language>.txt, drafts/<language>/<name>.txt and \
                          drafts/<language>/parts/<name>.txt";
            return Err(wrong(1, places));
        }
    };
    Ok(File { name: asset.name.clone(), origin: asset.origin.clone(), kind, skipped, text })
}

fn language_of(file: &str) -> Option<&str> {
    file.strip_suffix(".txt").filter(|language| is_language(language))
}

fn is_language(text: &str) -> bool {
    (2..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// `---`, `title: …`, `asks: true|false`, `---`, and the text.
fn front_matter(name: TemplateName, text: &str) -> Result<(TemplateInfo, usize, String), (usize, String)> {
    let expected = "a draft begins with the lines “---”, “title: …”, “asks: true” or “asks: false”, “---”";
    let head = text.strip_prefix("---\n").ok_or_else(|| (1, expected.to_owned()))?;
    let (head, body) = head.split_once("\n---\n").ok_or_else(|| (1, expected.to_owned()))?;
    let (mut title, mut asks) = (None, None);
    for (index, line) in head.lines().enumerate() {
        let wrong = |problem: String| (index + 2, problem);
        match line.split_once(':').map(|(key, value)| (key.trim(), value.trim())) {
            Some(("title", value)) if !value.is_empty() => title = Some(value.to_owned()),
            Some(("asks", "true")) => asks = Some(true),
            Some(("asks", "false")) => asks = Some(false),
            _ => return Err(wrong(format!("“{line}” is neither “title: …” nor “asks: true” or “asks: false”"))),
        }
    }
    let (Some(title), Some(asks)) = (title, asks) else { return Err((1, expected.to_owned())) };
    Ok((TemplateInfo { name, title, asks }, head.lines().count() + 2, body.to_owned()))
}

/// Compiles the text and compares the names it uses with those there are.
pub(super) fn compile(texts: &mut Environment<'static>, file: &File) -> Result<(), TemplateError> {
    texts
        .add_template_owned(file.name.clone(), file.text.clone())
        .map_err(|error| file.wrong(error.line().unwrap_or(1), problem(&error)))?;
    let known = match file.kind {
        Kind::Acknowledgement => names_of(&trial::acknowledgements()),
        Kind::Draft { .. } | Kind::Part => names_of(&[trial::full()]),
    };
    let template = texts.get_template(&file.name).map_err(|error| file.wrong(1, problem(&error)))?;
    let mut used: Vec<String> = template.undeclared_variables(true).into_iter().collect();
    used.sort();
    for name in used {
        if !known.contains(&name) {
            let line = file.text.lines().position(|line| line.contains(&name)).unwrap_or_default() + 1;
            let all = known.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(file.wrong(line, format!("“{name}” is not known here; there are {all}")));
        }
    }
    Ok(())
}

/// The names a context offers, with those inside: `order`, `order.number`.
fn names_of<T: Serialize>(samples: &[T]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let first = samples.first().and_then(|sample| serde_json::to_value(sample).ok());
    for (name, value) in first.as_ref().and_then(|value| value.as_object()).into_iter().flatten() {
        names.extend(value.as_object().into_iter().flatten().map(|(inner, _)| format!("{name}.{inner}")));
        names.insert(name.clone());
    }
    names
}

/// `{% include "regret" %}` in `drafts/fr/accept.txt` is `drafts/fr/parts/regret.txt`.
pub(super) fn part_path(name: &str, from: &str) -> String {
    let mut folders = from.split('/');
    match (folders.next(), folders.next()) {
        (Some("drafts"), Some(language)) => format!("drafts/{language}/parts/{name}.txt"),
        _ => name.to_owned(),
    }
}

/// Every part that a file names is there, also in a branch that is hardly ever taken.
pub(super) fn check_parts(texts: &Environment<'static>, file: &File) -> Result<(), TemplateError> {
    for (index, line) in file.text.lines().enumerate() {
        for tag in line.split("{%").skip(1) {
            let Some(named) = tag.trim_start_matches('-').trim_start().strip_prefix("include") else { continue };
            let Some(name) = named.split('"').nth(1) else {
                return Err(file.wrong(index + 1, "write {% include \"name of a part\" %}".into()));
            };
            let path = part_path(name, &file.name);
            if texts.get_template(&path).is_err() {
                return Err(file.wrong(index + 1, format!("there is no part “{name}”: {path} is missing")));
            }
        }
    }
    Ok(())
}

/// The template engine's complaint in one line.
pub(super) fn problem(error: &Error) -> String {
    let kind = error.kind().to_string();
    error.detail().map_or(kind.clone(), |detail| format!("{kind}: {detail}"))
}

/// Where a complaint really comes from: the file (as a template), the line in its text, and the complaint. An error
/// in a part is wrapped by the file that includes it.
pub(super) fn deepest(error: &Error) -> (Option<String>, usize, String) {
    let mut deepest = error;
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        deepest = inner.downcast_ref::<Error>().unwrap_or(deepest);
        source = inner.source();
    }
    (deepest.name().map(str::to_owned), deepest.line().unwrap_or(1), problem(deepest))
}
