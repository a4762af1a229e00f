//! What a case's facts come to, and the draft that follows: pure, but for the handbook in force.

use jiff::Timestamp;
use tracing::error;

use crate::daemon::handbook::Handbook;
use crate::domain::{Assessment, CaseFlag, CaseState, CustomerHistory, Purchase, Suggestion, Verdict};
use crate::ports::store::{CaseFile, CaseMessage};
use crate::refund::{self, Letter, Situation};
use crate::reply::compose::{self, Drafting, Sender};
use crate::reply::suggestion::{REMINDER, suggest, suggest_assessed};

/// What is known of a case.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Everything the store holds of it.
    pub file: &'a CaseFile,
    /// What the order source said.
    pub purchase: &'a Purchase,
    /// What the store knows of the customer beyond it.
    pub history: &'a CustomerHistory,
    /// Now.
    pub now: Timestamp,
}

/// What follows.
#[derive(Debug)]
pub struct Judged {
    /// What law and policy say.
    pub assessment: Assessment,
    /// The draft's suggestion and text; `None` where nothing is to be answered, or the text could not be written.
    pub draft: Option<(Suggestion, String)>,
}

/// Applies law and policy. `None` for a case that nobody judged, and when judging fails: a fault costs one case its
/// assessment, never the worker.
pub fn judge(handbook: &Handbook, sender: &Sender, facts: &Facts<'_>) -> Option<Judged> {
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
    let letters: Vec<Letter<'_>> = of_customer
        .map(|CaseMessage { message, .. }| Letter {
            on: day(message.arrived_at),
            text: &message.newest_text,
            clues: handbook.clues.find(&message.subject, &message.newest_text, &message.attachments),
        })
        .collect();
    refund::assess(&Situation {
        verdict,
        known: &file.case.known,
        purchase: facts.purchase,
        history: facts.history,
        customer: file.case.customer.as_ref().map(|customer| &customer.email),
        letters: &letters,
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
    let mut suggestion = suggest_assessed(verdict, assessment, &handbook.wording.policy, &case.flags, language);
    // What may not be said of this case is not offered either.
    suggestion.others.retain(|name| compose::draft_text(&parts, name, &voice).is_ok());
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
