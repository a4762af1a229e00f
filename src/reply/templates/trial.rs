//! Every template is rendered for every kind of case when it is loaded, so that nothing is found
//! out at the first angry customer without an order number.

use minijinja::Error;
use serde::Serialize;

use super::context::{AcknowledgementContext, DraftContext};
use super::parse::{File, Kind, problem};
use super::{TemplateError, Templates, tidy};
use crate::domain::{Intent, Reason};
use crate::reply::lint::lint_acknowledgement;

/// A name that passes the lint, so that what the lint finds is the template's.
const SHOP: &str = "Maison Guichet";

/// Renders one file for all samples.
///
/// # Errors
/// The first sample that cannot be rendered, gives no text, or breaks the rules of acknowledgements.
pub(super) fn run(templates: &Templates, file: &File) -> Result<(), TemplateError> {
    match &file.kind {
        Kind::Acknowledgement => acknowledgements().iter().try_for_each(|sample| {
            let text = render(templates, file, sample)?;
            lint_acknowledgement(&text).map_err(|problems| file.wrong(1, problems.join("; ")))?;
            let says = |what: &str, value: &str| {
                let missing = || file.wrong(1, format!("the acknowledgement has to say {what}"));
                text.contains(value).then_some(()).ok_or_else(missing)
            };
            says("the case reference ({{ reference }})", &sample.reference)?;
            says("when the message was received ({{ received }})", &sample.received)
        }),
        Kind::Draft { .. } => drafts().iter().try_for_each(|sample| render(templates, file, sample).map(drop)),
    }
}

fn render(templates: &Templates, file: &File, context: &impl Serialize) -> Result<String, TemplateError> {
    let rendered: Result<String, Error> =
        templates.texts.get_template(&file.name).and_then(|template| template.render(context));
    let text = rendered.map_err(|error| file.wrong(error.line().unwrap_or(1), problem(&error)))?;
    let text = tidy(&text);
    if text.is_empty() { Err(file.wrong(1, "it renders to nothing".into())) } else { Ok(text) }
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

/// Every kind of case a draft may meet: each intent and anger, each reason, with all facts, with none,
/// and with each one alone.
pub(super) fn drafts() -> Vec<DraftContext> {
    let mut samples = Vec::new();
    for facts in [0b0000_u8, 0b0001, 0b0010, 0b0100, 0b1000, 0b1111] {
        for intent in std::iter::once(None).chain(Intent::ALL.iter().copied().map(Some)) {
            samples.extend((0..=3).map(|anger| draft(intent, None, anger, facts)));
        }
        for reason in Reason::ALL {
            samples.push(draft(Some(Intent::RefundRequest), Some(*reason), 2, facts));
        }
    }
    samples
}

fn draft(intent: Option<Intent>, reason: Option<Reason>, anger: u8, facts: u8) -> DraftContext {
    let fact = |bit: u8, text: &str| (facts & bit != 0).then(|| text.to_owned());
    let all = facts == 0b1111;
    DraftContext {
        reference: "G-7K3Q".into(),
        received_on: "1/3/2026".into(),
        intent: intent.map(|intent| intent.as_str().to_owned()),
        reason: reason.map(|reason| reason.as_str().to_owned()),
        anger,
        chaser: facts & 1 != 0,
        withdrawal: facts & 2 != 0,
        order_number: fact(1, "CMD-2024-001"),
        purchase_date: fact(2, "le 3 mars"),
        product: fact(4, "la cafetière"),
        announced_date: fact(8, "le 12 mars"),
        missing_names: if all { Vec::new() } else { vec!["order_number".into(), "product".into()] },
        missing: if all { Vec::new() } else { vec!["A".into(), "B".into()] },
        hours: fact(2, "H"),
        shop: fact(4, SHOP),
    }
}
