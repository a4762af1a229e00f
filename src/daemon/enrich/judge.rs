//! What a case's facts come to, and the draft that follows: pure, but for the handbook in force.

use jiff::Timestamp;
use jiff::civil::Date;
use tracing::error;

use crate::daemon::handbook::Handbook;
use crate::domain::{Assessment, CaseFlag, CaseState, CustomerHistory, Purchase, Suggestion, Verdict};
use crate::ports::store::CaseFile;
use crate::refund::{self, Situation};
use crate::reply::compose::{self, Drafting, Sender};
use crate::reply::suggestion::{REMINDER, suggest, suggest_assessed};

/// What is known of a case.
pub(super) struct Facts<'a> {
    pub(super) file: &'a CaseFile,
    pub(super) purchase: &'a Purchase,
    pub(super) history: &'a CustomerHistory,
    pub(super) now: Timestamp,
}

/// What follows.
pub(super) struct Judged {
    pub(super) assessment: Assessment,
    /// `None` where nothing is to be answered, or the text could not be written.
    pub(super) draft: Option<(Suggestion, String)>,
}

/// Applies law and policy. `None` for a case that nobody judged, and when judging fails: a fault costs one case its
/// assessment, never the worker.
pub(super) fn judge(handbook: &Handbook, sender: &Sender, facts: &Facts<'_>) -> Option<Judged> {
    let verdict = facts.file.case.verdict.as_ref()?;
    let judging = std::panic::AssertUnwindSafe(|| {
        let assessment = assess(handbook, verdict, facts);
        let draft = draft(handbook, sender, verdict, facts, &assessment);
        Judged { assessment, draft }
    });
    let judged = std::panic::catch_unwind(judging);
    judged.inspect_err(|_| error!(case = %facts.file.case.id, "assessing a case failed; it is set aside")).ok()
}

fn assess(handbook: &Handbook, verdict: &Verdict, facts: &Facts<'_>) -> Assessment {
    let (wording, file) = (&handbook.wording, facts.file);
    let day = |at: Timestamp| at.to_zoned(wording.calendar.time_zone.clone()).date();
    let of_customer = file.messages.iter().filter(|message| !message.from_us);
    let texts: Vec<(Date, &str)> =
        of_customer.map(|message| (day(message.message.arrived_at), message.message.newest_text.as_str())).collect();
    refund::assess(&Situation {
        verdict,
        known: &file.case.known,
        purchase: facts.purchase,
        history: facts.history,
        customer: file.case.customer.as_ref().map(|customer| &customer.email),
        texts: &texts,
        other_sender: file.case.flags.contains(&CaseFlag::OtherSender),
        noticed_on: day(file.case.opened_at),
        now: facts.now,
        policy: &wording.policy,
        calendar: &wording.calendar,
        corrected: file.corrected_basis,
    })
}

/// The draft, where an answer is due: a reminder that a timer made stays.
fn draft(
    handbook: &Handbook,
    sender: &Sender,
    verdict: &Verdict,
    facts: &Facts<'_>,
    assessment: &Assessment,
) -> Option<(Suggestion, String)> {
    let (case, voice) = (&facts.file.case, handbook.wording.voice());
    let standing = facts.file.draft.as_ref()?;
    let by_timer = standing.suggestion.template.as_ref().is_some_and(|name| name.as_str() == REMINDER);
    if case.state != CaseState::NeedsReply || by_timer {
        return None;
    }
    let language = voice.language_for(&case.language);
    let parts = Drafting {
        case: &case.id,
        subject: &case.subject,
        language: &case.language,
        received_at: case.last_message_at,
        verdict: Some(verdict),
        known: &case.known,
        to: standing.to.as_ref().or(case.customer.as_ref()),
        from: case.our_address.as_ref().unwrap_or(&sender.from),
        assessment: Some(assessment),
        policy: &handbook.wording.policy,
        promised: facts.file.promised(),
    };
    let suggestion = suggest_assessed(verdict, assessment, &case.flags, language);
    compose::draft(&parts, suggestion, &voice)
        .or_else(|problem| {
            // What may not be said of this case is not said: the draft then commits us to nothing.
            let Some(why) = problem.unfit() else { return Err(problem) };
            let mut plain = suggest(Some(verdict), &case.flags, language);
            plain.why = format!("{} (No decision is drafted: {why}.)", plain.why);
            compose::draft(&parts, plain, &voice)
        })
        .inspect_err(|problem| error!(case = %case.id, %problem, "the draft could not be written"))
        .ok()
        .map(|draft| (draft.suggestion, draft.body))
}
