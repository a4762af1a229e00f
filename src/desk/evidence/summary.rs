//! The page that a person reads first, in the case's language.

use anyhow::Context as _;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};

use super::Evidence;
use crate::desk::{Language, Words};
use crate::domain::record::broken_at;
use crate::domain::{Asset, OutgoingKind, RecordEntry};
use crate::reply::wording::day;

const PAGE: &str = include_str!("summary.html");
const WORDS: &str = include_str!("../../../templates/desk/words.toml");
const PHRASES: &str = include_str!("../../../templates/desk/phrases.toml");

/// Renders the page; everything that people wrote is escaped, and nothing runs in it.
pub(super) fn render(evidence: &Evidence, time_zone: &TimeZone) -> anyhow::Result<String> {
    let file = &evidence.file;
    let language = Language::from_code(&file.case.language);
    let words = [("desk/words.toml", WORDS), ("desk/phrases.toml", PHRASES)].map(|(name, text)| Asset {
        name: name.into(),
        origin: format!("templates/{name}"),
        bytes: text.as_bytes().to_vec(),
    });
    let words = Words::load(&words)?;
    let at = |instant: Timestamp| said(instant, time_zone, language);
    let messages: Vec<_> = (1..)
        .zip(file.messages.iter().zip(&evidence.originals))
        .map(|(n, (message, original))| {
            context! {
                file => format!("messages/{n:02}.{}", if original.is_some() { "eml" } else { "txt" }),
                original => original.is_some(),
                ours => message.from_us,
                from => message.message.author().map(ToString::to_string),
                at => at(message.message.arrived_at),
                subject => message.message.subject,
                text => message.message.newest_text,
                attachments => message.message.attachments,
            }
        })
        .collect();
    let outgoing: Vec<_> = file
        .outgoing
        .iter()
        .map(|mail| {
            context! {
                reply => mail.kind == OutgoingKind::Reply,
                to => mail.recipients.iter().map(ToString::to_string).collect::<Vec<_>>(),
                id => mail.message_id.to_string(),
                state => words.label(language, "delivery", &mail.state.name().replace(' ', "_")),
            }
        })
        .collect();
    let record: Vec<_> = file.record.iter().map(|entry| line(entry, &words, language, &at)).collect();
    let verdict = file.case.verdict.as_ref().map(|verdict| {
        context! {
            intent => words.label(language, "intent", verdict.intent.as_str()),
            anger => words.label(language, "anger", &verdict.anger.level().to_string()),
            reason => verdict.reason.map(|reason| words.label(language, "reason", reason.as_str())),
        }
    });
    let assessment = file.assessment.as_ref().map(|assessment| {
        context! {
            at => at(assessment.at),
            governing => assessment.governing.map(|basis| basis.as_str()),
            order => assessment.purchase.order().map(|order| order.number.clone()),
            findings => assessment.findings,
        }
    });
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.add_template("summary", PAGE).context("the evidence page")?;
    let page = environment.get_template("summary").and_then(|page| {
        page.render(context! {
            lang => language.code(),
            case => file.case.id.as_str(),
            subject => file.case.subject,
            customer => file.case.customer.as_ref().map(ToString::to_string),
            opened => at(file.case.opened_at),
            made => at(evidence.at),
            verdict, assessment, messages, outgoing, record,
            notices => file.notices.iter().map(|row| context! {
                amount => row.notice.amount.as_ref().map(ToString::to_string),
                state => words.label(language, "notice", row.state.name()),
                key => row.notice.idempotency_key,
            }).collect::<Vec<_>>(),
            promises => file.promises,
            broken => broken_at(&file.record),
        })
    });
    page.context("the summary cannot be written")
}

fn line(entry: &RecordEntry, words: &Words, language: Language, at: &dyn Fn(Timestamp) -> String) -> minijinja::Value {
    let who = words.actor(language, &entry.actor);
    context! { seq => entry.seq, at => at(entry.at), who, what => words.event(language, entry.event.as_ref()) }
}

/// `2 mars 2026, 10:00 (+01:00)`: no reader has to guess the zone.
fn said(instant: Timestamp, time_zone: &TimeZone, language: Language) -> String {
    let local = instant.to_zoned(time_zone.clone());
    let clock = local.strftime("%H:%M (%:z)");
    format!("{}, {clock}", day(local.date(), language.code()))
}
