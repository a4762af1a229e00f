//! Rules that leave the answer to a person.

use jiff::Timestamp;

use super::domains::aligned;
use super::machine;
use super::settings::{PermissionContext, PermissionSettings, ReturnPathRule};
use super::subjects::{self, Absence};
use crate::domain::message::{Condition, ReturnPath};
use crate::domain::position::FolderRole;
use crate::domain::{Email, Message};

/// What the trusted server found about the sender's domain (RFC 7489).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dmarc {
    Pass,
    Fail,
    Unknown,
}

/// The trusted server's `dmarc=` result. `fail` is believed from any of its topmost results in a row (a
/// server may write one header a check), `pass` only from the very first: what lies below may be forged.
pub(super) fn dmarc(message: &Message, settings: &PermissionSettings) -> Dmarc {
    let Some(trusted) = &settings.trusted_authserv_id else { return Dmarc::Unknown };
    let is_trusted = |id: &str| id.eq_ignore_ascii_case(trusted);
    let row: Vec<Option<&str>> = message
        .marks
        .authentication
        .iter()
        .skip_while(|results| !is_trusted(&results.authserv_id))
        .take_while(|results| is_trusted(&results.authserv_id))
        .map(|results| results.dmarc.as_deref())
        .collect();
    match row.first() {
        Some(Some("pass")) => Dmarc::Pass,
        _ if row.contains(&Some("fail")) => Dmarc::Fail,
        _ => Dmarc::Unknown,
    }
}

/// The first rule that says “not by a machine”, in words. `form` skips what does not hold for our own
/// contact forms.
pub(super) fn held(
    message: &Message,
    settings: &PermissionSettings,
    context: &PermissionContext,
    form: bool,
) -> Option<String> {
    place(context)
        .or_else(|| lists(message))
        .or_else(|| (!form).then(|| own(message, settings)).flatten())
        .or_else(|| reports(message, settings))
        .or_else(|| perhaps_absence(message))
        .or_else(|| visibility(message, settings))
        .or_else(|| authenticity(message, settings, form))
        .or_else(|| message.marks.spam.as_ref().map(|header| format!("spam mark: {header}")))
        .or_else(|| crowd(message, settings))
        .or_else(|| age(message, settings, context))
}

/// Nothing could be read, or nobody can be answered.
pub(super) fn unusable(message: &Message) -> Option<String> {
    if let Condition::Unreadable(why) = &message.condition {
        return Some(format!("unreadable: {why}"));
    }
    match message.from.len() {
        0 => Some("no usable sender".into()),
        1 => None,
        _ => Some("several senders".into()),
    }
}

fn place(context: &PermissionContext) -> Option<String> {
    let place = match context.role {
        FolderRole::Junk => "junk folder",
        FolderRole::Sent => "sent folder",
        FolderRole::Inbox if context.history => "history",
        FolderRole::Inbox => return None,
    };
    Some(place.into())
}

fn lists(message: &Message) -> Option<String> {
    let post = message.marks.list_post.then_some("list-post");
    let precedence = (message.marks.precedence.as_deref() == Some("list")).then_some("precedence list");
    let sign = post.or(precedence).or_else(|| message.marks.list_id.then_some("list-id"))?;
    Some(format!("discussion list: {sign}"))
}

fn own(message: &Message, settings: &PermissionSettings) -> Option<String> {
    settings.addresses.as_ref()?;
    let from = &message.author()?.email;
    if settings.is_ours(from) {
        Some("our own address".into())
    } else if settings.is_colleague(from) {
        Some("colleague".into())
    } else if settings.imitated_by(from.domain()) {
        Some(format!("look-alike of our domain: {}", from.domain()))
    } else {
        None
    }
}

/// A delivery report whose machine left no mark: by its subject, or because it went to addresses that only
/// take such reports back or catch what is addressed to nobody. A person may have forwarded one, so it stays a case.
fn reports(message: &Message, settings: &PermissionSettings) -> Option<String> {
    if subjects::is_delivery_report(&message.subject) {
        return Some("delivery-report subject".into());
    }
    let takes_reports =
        |email: &Email| !settings.is_ours(email) && (machine::is_bounce_address(email) || machine::is_catch_all(email));
    let only = !message.recipients.is_empty() && message.recipients.iter().all(|to| takes_reports(&to.email));
    only.then(|| "written to a bounce address".into())
}

/// Only the subject speaks, in words that are also a customer's: no machine answers it, and a person sees it.
fn perhaps_absence(message: &Message) -> Option<String> {
    (subjects::absence(&message.subject) == Some(Absence::Perhaps)).then(|| "perhaps an absence notice".into())
}

/// Whether one of our addresses stands where people see it.
fn visibility(message: &Message, settings: &PermissionSettings) -> Option<String> {
    settings.addresses.as_ref()?;
    super::our_address(message, settings).is_none().then(|| "our address not visible".into())
}

/// Whether the trusted server found the sender proven, whatever the envelope says.
pub(super) fn passed(message: &Message, settings: &PermissionSettings) -> bool {
    dmarc(message, settings) == Dmarc::Pass
}

pub(super) fn authenticity(message: &Message, settings: &PermissionSettings, form: bool) -> Option<String> {
    let dmarc = dmarc(message, settings);
    if dmarc == Dmarc::Fail {
        return Some("dmarc fail".into());
    }
    if form {
        return None;
    }
    // Who is proven may still be a machine: where the envelope sender ought to be noted and cannot be read,
    // nobody knows whether it was the null one.
    if message.return_path == ReturnPath::Absent && settings.return_path == ReturnPathRule::Required {
        return Some("return-path absent".into());
    }
    if dmarc == Dmarc::Pass {
        return None;
    }
    let from = &message.author()?.email;
    match &message.return_path {
        ReturnPath::Mailbox(sender) if vouches(sender, from) => None,
        ReturnPath::Mailbox(sender) => Some(format!("sender not verified: return-path of {}", sender.domain())),
        ReturnPath::Null => Some("sender not verified: null return-path".into()),
        ReturnPath::Absent => None,
    }
}

fn vouches(sender: &Email, from: &Email) -> bool {
    sender.same_mailbox(from) || aligned(sender.domain(), from.domain())
}

fn crowd(message: &Message, settings: &PermissionSettings) -> Option<String> {
    let count = message.recipients.len();
    (count > settings.max_recipients).then(|| format!("too many recipients: {count}"))
}

/// By the older of arrival and the topmost Received, never by Date, which the sender writes.
fn age(message: &Message, settings: &PermissionSettings, context: &PermissionContext) -> Option<String> {
    let since = received_at(message);
    let age = context.now?.duration_since(since);
    (age > settings.max_age).then(|| format!("too old: {} h", age.as_hours()))
}

fn received_at(message: &Message) -> Timestamp {
    message.marks.top_received.map_or(message.arrived_at, |received| received.min(message.arrived_at))
}
