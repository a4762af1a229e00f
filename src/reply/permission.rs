//! May a machine answer this message, and whom? One pure function over what reading found.
//!
//! The rules come in two groups: those that recognise a machine (`machine`), and those that leave the
//! answer to a person (`held`). What is left is allowed. The table in `tests/suite/permission_table.rs` has a
//! row a rule, beside the nearest innocent message; `permission/tests.rs` has what goes beyond it.

mod domains;
mod held;
mod machine;
mod pattern;
mod public_mail;
mod settings;
mod subjects;
#[cfg(test)]
mod tests;

pub(crate) use domains::organisation;
pub use pattern::{AddressPattern, NotAPattern};
pub use public_mail::{PUBLIC_MAIL_FILE, PublicMail};
pub use settings::{PermissionContext, PermissionSettings, ReturnPathRule};

use crate::domain::message::Condition;
use crate::domain::{Address, Message, Permission};

/// Applies all rules. `why` of the result is a short stable name, in places with a detail after a colon.
///
/// Caps, the breaker and what happened before in the conversation are the store's to know and are not
/// judged here.
pub fn permission(message: &Message, settings: &PermissionSettings, context: &PermissionContext) -> Permission {
    let form = is_contact_form(message, settings);
    let readable = !matches!(message.condition, Condition::Unreadable(_));
    if let Some(why) = readable.then(|| machine::machine(message, settings, form)).flatten() {
        return Permission::machine(why);
    }
    if let Some(why) = held::unusable(message).or_else(|| held::held(message, settings, context, form)) {
        return Permission::held(why);
    }
    match customer(message, settings) {
        Some(to) => Permission::Allowed { to },
        None if form => Permission::held("no usable sender: contact form without reply-to"),
        None => Permission::held("no usable sender"),
    }
}

/// The rule that decided, in words, for people: says as well which rules could not be applied.
pub fn why(permission: &Permission, settings: &PermissionSettings) -> String {
    if settings.addresses.is_some() || matches!(permission, Permission::Machine { .. }) {
        return permission.why().to_owned();
    }
    format!("{} (no configuration: rules that need our addresses were skipped)", permission.why())
}

/// Whom we would answer: the Reply-To of a contact form, the inner sender of what a colleague forwards,
/// else the sender. `None` for our own mail and for a form without exactly one foreign Reply-To
/// that a person reads.
pub fn customer(message: &Message, settings: &PermissionSettings) -> Option<Address> {
    if is_contact_form(message, settings) {
        return match message.reply_to.as_slice() {
            [only] if !(settings.is_ours(&only.email) || machine::is_daemon(&only.email)) => Some(only.clone()),
            _ => None,
        };
    }
    let author = message.author()?;
    let ours = settings.is_ours(&author.email);
    if ours || settings.is_colleague(&author.email) {
        let inner = message.forwarded_from.as_ref().filter(|inner| !settings.is_ours(&inner.email));
        return inner.or((!ours).then_some(author)).cloned();
    }
    Some(author.clone())
}

/// Whether one of ours seems to have answered somebody outside, with a copy to the inbox: from our address, nothing
/// against it, and not one of our contact forms. Anybody can write such a mail: see [`is_proven`].
pub fn is_own_answer(message: &Message, settings: &PermissionSettings) -> bool {
    let ours = message.author().is_some_and(|author| settings.is_ours(&author.email));
    let outside = message.recipients.iter().any(|address| !settings.is_ours(&address.email));
    let credible = held::passed(message, settings) || held::authenticity(message, settings, false).is_none();
    ours && outside && !is_contact_form(message, settings) && credible
}

/// Whether the trusted server proved the sender's domain (`dmarc=pass`, RFC 7489). A Return-Path proves nothing: it is
/// what the sender said in MAIL FROM (RFC 5321 §4.1.1.2).
pub fn is_proven(message: &Message, settings: &PermissionSettings) -> bool {
    held::passed(message, settings)
}

/// Whether a machine wrote a message of ours: what a shop's system sends by itself lies in \Sent as well.
pub fn is_machine(message: &Message, settings: &PermissionSettings) -> bool {
    machine::machine(message, settings, false).is_some()
}

/// Which of our addresses the message was visibly written to: in To, Cc, Resent-* or a configured
/// recipient header. Written without its `+tag`, with the display name we send under.
pub fn our_address(message: &Message, settings: &PermissionSettings) -> Option<Address> {
    let visible = message.recipients.iter().map(|address| address.email.clone());
    let in_headers = message
        .marks
        .recipient_headers
        .iter()
        .filter(|(name, _)| settings.recipient_headers.iter().any(|known| known.eq_ignore_ascii_case(name)))
        .flat_map(|(_, value)| value.split(','))
        .filter_map(|value| Address::parse(value).ok().map(|address| address.email));
    let written_to = visible.chain(in_headers).find(|email| settings.is_ours(email))?;
    let name = settings.from.as_ref().and_then(|from| from.name.clone());
    let email = crate::domain::Email::parse(&written_to.canonical()).unwrap_or(written_to);
    Some(Address { name, email })
}

/// Whether one of our own forms sent it: From matches, and its domain is ours or was proven.
fn is_contact_form(message: &Message, settings: &PermissionSettings) -> bool {
    let [from] = message.from.as_slice() else { return false };
    let proven = || held::dmarc(message, settings) == held::Dmarc::Pass;
    settings.is_form(&from.email) && (settings.owns(from.email.domain()) || proven())
}
