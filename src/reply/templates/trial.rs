//! Every template is rendered for every kind of case when it is loaded, so that nothing is found
//! out at the first angry customer without an order number.

mod samples;

use minijinja::Value;
use serde::Serialize;

use super::context::{AcknowledgementContext, DraftContext};
use super::parse::{File, Kind, deepest};
use super::{TemplateError, Templates, flow, serves, tidy};
use crate::domain::Intent;
use crate::reply::lint::{grave_flaw, lint_acknowledgement};

pub(super) use samples::{drafts, full};

/// A name that passes the lint, so that what the lint finds is the template's.
const SHOP: &str = "Maison Guichet";

/// The situations, made once for all files.
pub(super) struct Samples {
    acknowledgements: Vec<(AcknowledgementContext, Value)>,
    drafts: Vec<(DraftContext, Value)>,
}

impl Samples {
    pub(super) fn new() -> Self {
        Self { acknowledgements: prepared(acknowledgements()), drafts: prepared(drafts()) }
    }
}

fn prepared<T: Serialize>(contexts: Vec<T>) -> Vec<(T, Value)> {
    let prepare = |context: T| {
        let value = Value::from_serialize(&context);
        (context, value)
    };
    contexts.into_iter().map(prepare).collect()
}

/// Renders one file for all samples.
///
/// # Errors
/// The first sample that cannot be rendered, gives no text, or breaks the rules of acknowledgements.
pub(super) fn run(templates: &Templates, file: &File, samples: &Samples) -> Result<(), TemplateError> {
    match &file.kind {
        Kind::Acknowledgement => samples.acknowledgements.iter().try_for_each(|(sample, value)| {
            let text = tidy(&render(templates, file, value)?);
            lint_acknowledgement(&text).map_err(|problems| file.wrong(1, problems.join("; ")))?;
            let says = |what: &str, value: &str| {
                let missing = || file.wrong(1, format!("the acknowledgement has to say {what}"));
                text.contains(value).then_some(()).ok_or_else(missing)
            };
            says("the case reference ({{ reference }})", &sample.reference)?;
            says("when the message was received ({{ received }})", &sample.received)
        }),
        Kind::Draft { language, info } => {
            let name = info.name.as_str();
            let mut served = samples.drafts.iter().filter(|(sample, _)| serves::check(name, sample).is_ok());
            served.try_for_each(|(sample, value)| {
                let text = flow(&render(templates, file, value)?);
                if text.is_empty() {
                    return Err(file.wrong(1, "it renders to nothing".into()));
                }
                serves::complete(name, sample, &text).map_err(|problem| file.wrong(1, problem))?;
                let grave = grave_flaw(&text, language, sample.statutory);
                grave.map_or(Ok(()), |flaw| Err(file.wrong(1, flaw)))
            })
        }
        // It is rendered with every draft that includes it.
        Kind::Part => Ok(()),
    }
}

fn render(templates: &Templates, file: &File, context: &Value) -> Result<String, TemplateError> {
    let rendered = templates.texts.get_template(&file.name).and_then(|template| template.render(context));
    rendered.map_err(|error| match deepest(&error) {
        (Some(part), line, problem) if part != file.name => TemplateError::File { file: part, line, problem },
        (_, line, problem) => file.wrong(line, problem),
    })
}

/// Every combination of what an acknowledgement may be told.
pub(super) fn acknowledgements() -> Vec<AcknowledgementContext> {
    let mut samples = Vec::new();
    let matters = [None, Some(Intent::RefundRequest), Some(Intent::RefundNotReceived)];
    let missing = [None, Some(("A", 1)), Some(("A, B", 2))];
    let hours = [(None, None), (Some("H"), None), (Some("H"), Some("O"))];
    for matter in matters {
        for missing in missing {
            for (hours, reopening) in hours {
                for shop in [None, Some(SHOP)] {
                    samples.push(AcknowledgementContext {
                        reference: "G-7K3Q".into(),
                        received: "1/3/2026 14:05".into(),
                        matter: matter.map(|intent| intent.as_str().to_owned()),
                        missing: missing.map(|(text, _)| text.to_owned()),
                        missing_count: missing.map_or(0, |(_, count)| count),
                        hours: hours.map(str::to_owned),
                        reopening: reopening.map(str::to_owned),
                        shop: shop.map(str::to_owned),
                    });
                }
            }
        }
    }
    samples
}
