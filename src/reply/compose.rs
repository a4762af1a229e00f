//! From text to the frozen bytes of a mail: headers, threading, encodings.

mod bytes;
mod draft;
#[cfg(test)]
mod tests;

use jiff::Timestamp;

use super::acknowledgement::{Voice, context};
use super::lint::lint_acknowledgement;
use super::subject::reply_subject;
use super::templates::TemplateError;
use crate::domain::message::NotAMessageId;
use crate::domain::{
    Address, CaseId, DeliveryState, Draft, Email, Message, MessageId, MessageKey, OutgoingId, OutgoingKind,
    OutgoingMail, Verdict,
};

pub use draft::{Drafting, draft, draft_text, twin};

/// Who sends, for one mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// Name of the `[[mailbox]]`.
    pub mailbox: String,
    /// What stands in From.
    pub from: Address,
    /// Envelope sender of acknowledgements; `None` is `<>`.
    pub envelope_sender: Option<Email>,
    /// Right side of our Message-IDs; `None` takes the domain of `from`.
    pub message_id_domain: Option<String>,
}

impl Sender {
    fn message_id(&self, left: &str) -> Result<MessageId, ComposeError> {
        let domain = self.message_id_domain.as_deref().unwrap_or_else(|| self.from.email.domain());
        MessageId::parse(&format!("{left}@{domain}"))
            .map_err(|NotAMessageId| ComposeError::MessageIdDomain(domain.to_owned()))
    }
}

/// Why a mail could not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// The template is missing or cannot be rendered.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The rendered acknowledgement says what it may not say.
    #[error("the acknowledgement may not be sent as rendered: {}", .0.join("; "))]
    Forbidden(Vec<String>),
    /// A reply without recipient or text.
    #[error("the reply has no {0}")]
    Incomplete(&'static str),
    /// A domain that cannot stand in a Message-ID.
    #[error("“{0}” cannot stand in a Message-ID: set message_id_domain, or write the domain of from in its xn-- form")]
    MessageIdDomain(String),
    /// An address that only servers with SMTPUTF8 (RFC 6531) take.
    #[error("an address at {} holds letters outside ASCII, which this program does not send to", .0.domain())]
    NotAscii(Email),
    /// The mail library refused a part.
    #[error("the mail cannot be written: {0}")]
    Builder(String),
}

impl ComposeError {
    /// Why the template may not be sent in this situation, when that is all that is wrong: the case then gets no text,
    /// or another template.
    pub fn unfit(&self) -> Option<&str> {
        match self {
            Self::Template(TemplateError::Unfit { why, .. }) => Some(why),
            _ => None,
        }
    }
}

/// The acknowledgement of one message.
#[derive(Debug, Clone, Copy)]
pub struct Acknowledging<'a> {
    /// Who sends.
    pub sender: &'a Sender,
    /// The case it opened.
    pub case: &'a CaseId,
    /// The message acknowledged.
    pub message: &'a Message,
    /// Its verdict, if there is one.
    pub verdict: Option<&'a Verdict>,
    /// Its identity: the acknowledgement's Message-ID and outbox row come from it.
    pub key: MessageKey,
    /// The only recipient, as the permission rules said.
    pub to: &'a Address,
    /// Now.
    pub now: Timestamp,
}

/// Writes and freezes an acknowledgement.
///
/// # Errors
/// When there is no template for the language, the text breaks the rules, or an address cannot be
/// written.
pub fn acknowledgement(parts: &Acknowledging<'_>, voice: &Voice<'_>) -> Result<OutgoingMail, ComposeError> {
    let language = voice.language_for(&parts.message.language);
    let shop = parts.sender.from.name.as_deref();
    let arrived = parts.message.arrived_at;
    let context = context(parts.case, arrived, parts.verdict, shop, voice.calendar, language, parts.now);
    let text = voice.templates.acknowledgement(language, &context)?;
    // The shop's own name may hold anything (“Hop !”), and so may the case's reference, which is drawn by lot
    // (G-CVV7): the rules are about the text around them.
    let ours = shop.map_or_else(|| text.clone(), |shop| text.replace(shop, "")).replace(parts.case.as_str(), "");
    lint_acknowledgement(&ours).map_err(ComposeError::Forbidden)?;

    let message_id = parts.sender.message_id(&format!("ack.{}", parts.key.short()))?;
    let answered = parts.message.message_id.as_ref();
    let subject = reply_subject(&parts.message.subject, parts.case, empty_subject(language));
    let bytes = bytes::write(&bytes::Letter {
        from: &parts.sender.from,
        // The display name is the sender's to choose; an automatic mail does not carry it about.
        to: &Address::bare(parts.to.email.clone()),
        cc: &[],
        subject: &subject,
        message_id: &message_id,
        in_reply_to: answered,
        references: &answered.map_or_else(Vec::new, |id| thread_of(parts.message, id)),
        automatic: true,
        text: &text,
        now: parts.now,
    })?;
    Ok(frozen(Frozen {
        id: OutgoingId::new(format!("a-{}", parts.key.short())),
        case: parts.case,
        sender: parts.sender,
        kind: OutgoingKind::Acknowledgement,
        message_id,
        envelope_from: parts.sender.envelope_sender.clone(),
        recipients: vec![parts.to.clone()],
        bytes,
        not_before: parts.now,
        now: parts.now,
    }))
}

/// A reply that a person approved.
#[derive(Debug, Clone, Copy)]
pub struct Replying<'a> {
    /// Who sends; From is the draft's.
    pub sender: &'a Sender,
    /// The approved draft.
    pub draft: &'a Draft,
    /// Message-IDs of the conversation, oldest first.
    pub thread: &'a [MessageId],
    /// The customer's message that is answered; ours are no one's to answer.
    pub answers: Option<&'a MessageId>,
    /// What stands under the text: [`closing`]; may be empty.
    pub closing: &'a str,
    /// Which reply of the case this is, from 1: part of the outbox row's id.
    pub number: usize,
    /// Random digits for the Message-ID.
    pub salt: u64,
    /// Not to be sent before.
    pub not_before: Timestamp,
    /// Now.
    pub now: Timestamp,
}

/// Writes and freezes a reply. Its envelope sender is never `<>`: a delivery report has to find us.
///
/// # Errors
/// When the draft has no recipient or no text, or an address cannot be written.
pub fn reply(parts: &Replying<'_>) -> Result<OutgoingMail, ComposeError> {
    let draft = parts.draft;
    let to = draft.to.as_ref().ok_or(ComposeError::Incomplete("recipient"))?;
    if draft.body.trim().is_empty() {
        return Err(ComposeError::Incomplete("text"));
    }
    let case = draft.case.as_str().to_lowercase();
    let message_id = parts.sender.message_id(&format!("reply.{case}.{:016x}", parts.salt))?;
    let text = format!("{}\n\n{}", draft.body.trim_end(), parts.closing);
    let bytes = bytes::write(&bytes::Letter {
        from: &draft.from,
        to,
        cc: &draft.cc,
        subject: &reply_subject(&draft.subject, &draft.case, "Guichet"),
        message_id: &message_id,
        in_reply_to: parts.answers,
        references: parts.thread,
        automatic: false,
        text: text.trim_end(),
        now: parts.now,
    })?;
    let envelope = parts.sender.envelope_sender.clone().unwrap_or_else(|| draft.from.email.clone());
    Ok(frozen(Frozen {
        id: OutgoingId::new(format!("r-{}-{}", draft.case, parts.number)),
        case: &draft.case,
        sender: parts.sender,
        kind: OutgoingKind::Reply,
        message_id,
        envelope_from: Some(envelope),
        recipients: std::iter::once(to).chain(&draft.cc).cloned().collect(),
        bytes,
        not_before: parts.not_before,
        now: parts.now,
    }))
}

/// What stands under a reply: the closing formula, the reviewer's name and the signature.
pub fn closing(language: &str, name: &str, signature: &str) -> String {
    let formula = if language == "fr" { "Cordialement," } else { "Kind regards," };
    let lines = [formula, name.trim(), signature.trim()];
    lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn empty_subject(language: &str) -> &'static str {
    if language == "fr" { "Votre message" } else { "Your message" }
}

/// The conversation up to and including the message answered (RFC 5322 §3.6.4).
fn thread_of(message: &Message, id: &MessageId) -> Vec<MessageId> {
    let earlier = if message.references.is_empty() { &message.in_reply_to } else { &message.references };
    earlier.iter().filter(|earlier| *earlier != id).chain(std::iter::once(id)).cloned().collect()
}

struct Frozen<'a> {
    id: OutgoingId,
    case: &'a CaseId,
    sender: &'a Sender,
    kind: OutgoingKind,
    message_id: MessageId,
    envelope_from: Option<Email>,
    recipients: Vec<Address>,
    bytes: Vec<u8>,
    not_before: Timestamp,
    now: Timestamp,
}

fn frozen(parts: Frozen<'_>) -> OutgoingMail {
    OutgoingMail {
        id: parts.id,
        case: parts.case.clone(),
        mailbox: parts.sender.mailbox.clone(),
        file_copy: parts.kind == OutgoingKind::Reply,
        kind: parts.kind,
        message_id: parts.message_id,
        envelope_from: parts.envelope_from,
        recipients: parts.recipients,
        bytes: parts.bytes,
        state: DeliveryState::Pending { not_before: parts.not_before },
        attempts: 0,
        resends: 0,
        last_problem: None,
        created_at: parts.now,
    }
}
