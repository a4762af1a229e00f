//! One case: what the customer wrote, what triage made of it, and the reply to be.

mod assessment;
mod view;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;

use super::alerts::{self, Place};
use super::editor::Typed;
use super::fail::Fail;
use super::guard::review_words;
use super::originals;
use super::outbox_page::{MailRow, mail_row};
use super::queue_page::{flag_words, state_key, who};
use super::times;
use super::visit::SignedIn;
use crate::daemon::review::ReviewError;
use crate::domain::{Anger, CaseId, Fact, Intent, Reason, RecordEntry, Signal};
use crate::reply::suggestion::approval::Deliberate;

/// A step that was refused, and what the reviewer had typed.
pub(super) struct Refusal {
    /// Why.
    pub error: ReviewError,
    /// The form.
    pub typed: Option<Typed>,
    /// What was noted of a telephone call.
    pub note: Option<String>,
}

pub(super) async fn show(Path(case): Path<String>, visit: SignedIn) -> Result<Response, Fail> {
    let case = CaseId::parse(&case).map_err(|_| Fail::NOT_FOUND)?;
    render(&visit, &case, None).await
}

/// The page; after a refusal with its reason on top and the typed text in the form.
pub(super) async fn render(visit: &SignedIn, id: &CaseId, refusal: Option<Refusal>) -> Result<Response, Fail> {
    let view = visit.desk.review().open(id, &visit.session.reviewer).await?;
    let (file, case) = (&view.file, &view.file.case);
    let now = visit.desk.now();
    let moment = |at| times::moment(visit.language, &visit.desk.settings().time_zone, at, now);
    let status = match &refusal {
        None => StatusCode::OK,
        Some(refused) if matches!(refused.error, ReviewError::Stale { .. } | ReviewError::NoDraft) => {
            StatusCode::CONFLICT
        }
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let refused = refusal.as_ref().map(|refused| refusal_view(visit, refused));
    let (typed, note) = refusal.map_or((None, None), |refused| (refused.typed, refused.note));
    let words = visit.desk.inner.pages.words();
    let alerts = visit.desk.review().alerts().await?;
    let alerts: Vec<_> = alerts
        .iter()
        .filter(|alert| alert.case.as_ref() == Some(id))
        .map(|alert| alerts::view(visit, alert, Place::Case))
        .collect();
    let draft = view::draft(visit, file, typed.as_ref());
    let originals = originals::look_into(visit.desk.review().store(), file).await?;
    let messages = file.messages.iter().zip(&originals);
    let messages: Vec<_> = messages
        .map(|(message, original)| {
            context! { ..view::message(visit, message), ..originals::view(visit, id, message, original) }
        })
        .collect();
    let outgoing: Vec<MailRow> = file.outgoing.iter().map(|mail| mail_row(visit, mail).with_text(mail)).collect();
    let record: Vec<_> = file.record.iter().rev().map(|entry| view::record_entry(visit, entry)).collect();
    visit.page(
        status,
        "case",
        context! {
            id => case.id.as_str(),
            subject => case.subject,
            who => who(case),
            email => case.customer.as_ref().map(|customer| customer.email.as_str()),
            mailbox => case.mailbox,
            state => state_key(case.state),
            opened => moment(case.opened_at),
            waiting => times::age(visit.language, case.waiting_since, now),
            linked => case.linked.as_ref().map(CaseId::as_str),
            flags => case.flags.iter().map(|flag| flag_words(visit, flag)).collect::<Vec<_>>(),
            rating => case.rating.map(|given| words.fill(visit.language, "case.rating", &[("mark", &given.mark.to_string())])),
            acknowledgement => view::acknowledgement(visit, file),
            messages,
            verdict => case.verdict.as_ref().map(|verdict| view::verdict(visit, verdict, file)),
            assessment => assessment::assessment(visit, file.assessment.as_ref(), file.corrected_basis),
            promises => view::promises(visit, file),
            notices => view::notices(visit, file),
            note,
            twin => view.twin.as_ref().map(|twin| context! {
                language => words.label(visit.language, "language", &twin.language), body => twin.body,
            }),
            // Nothing typed is lost, even when the draft was approved or withdrawn meanwhile.
            lost_text => typed.as_ref().filter(|_| draft.is_none()).map(|typed| typed.body.as_str()),
            draft,
            closing => view.closing,
            confirm => view.approving.confirm.map(Deliberate::as_str),
            hindrance => view.approving.hindrance.as_ref().map(|error| review_words(&visit.desk, visit.language, error)),
            templates => view.templates.iter().map(|choice| {
                context! { name => choice.name.as_str(), title => choice.title }
            }).collect::<Vec<_>>(),
            alerts, outgoing, record, refused,
            revision => case.revision,
            entries => file.record.len(),
            intents => Intent::ALL.iter().map(|label| label.as_str()).collect::<Vec<_>>(),
            angers => Anger::ALL.iter().map(|anger| anger.level()).collect::<Vec<_>>(),
            reasons => Reason::ALL.iter().map(|label| label.as_str()).collect::<Vec<_>>(),
            signals => Signal::ALL.iter().map(|label| label.as_str()).collect::<Vec<_>>(),
            facts => Fact::ALL.iter().map(|label| label.as_str()).collect::<Vec<_>>(),
        },
    )
}

fn refusal_view(visit: &SignedIn, refused: &Refusal) -> minijinja::Value {
    let entries: &[RecordEntry] = match &refused.error {
        ReviewError::Stale { changes, .. } => changes,
        _ => &[],
    };
    context! {
        why => review_words(&visit.desk, visit.language, &refused.error),
        changes => entries.iter().map(|entry| view::record_entry(visit, entry)).collect::<Vec<_>>(),
    }
}
