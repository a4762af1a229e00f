//! What would have become of the last mails: the share that would be held, by reason, and aliases that seem missing.

use std::collections::BTreeMap;

use super::Findings;
use crate::adapters::imap::{ImapSettings, Survey};
use crate::config::Mailbox;
use crate::daemon::handbook::Handbook;
use crate::domain::position::FolderRole;
use crate::domain::{Message, Permission, RawMessage};
use crate::ports::MailError;
use crate::reading;
use crate::reply::permission::{PermissionContext, PermissionSettings, permission};

/// So many mails are looked at.
const LATELY: usize = 200;
/// From here on the share of held mail is worth a warning, in per cent.
const MANY: usize = 5;
/// An address that stands in so many mails may be one of ours.
const OFTEN: usize = 3;

/// Looks at the inbox's last mails.
pub(super) async fn look(
    mailbox: &Mailbox,
    settings: &ImapSettings,
    handbook: Option<&Handbook>,
    findings: &mut Findings,
) {
    let Some(handbook) = handbook else { return };
    let permissions = PermissionSettings { public_mail: handbook.public_mail.clone(), ..mailbox.permission.clone() };
    match last_mails(settings).await {
        Ok(mails) => {
            let messages: Vec<Message> = mails.iter().map(reading::read).collect();
            for line in judge(&mailbox.name, &messages, &permissions) {
                findings.note(line);
            }
        }
        Err(error) => findings.wrong(format!("{}: the last mails cannot be looked at: {error}", mailbox.name)),
    }
}

async fn last_mails(settings: &ImapSettings) -> Result<Vec<RawMessage>, MailError> {
    let mut survey = Survey::open(settings, FolderRole::Inbox).await?;
    let last = survey.uids[survey.uids.len().saturating_sub(LATELY)..].to_vec();
    let mails = survey.messages(&last).await?;
    survey.close().await;
    Ok(mails.messages.into_values().collect())
}

/// What a person should know about these mails.
fn judge(mailbox: &str, messages: &[Message], settings: &PermissionSettings) -> Vec<String> {
    // Age is the one thing that says nothing here.
    let context = PermissionContext { role: FolderRole::Inbox, history: false, now: None };
    let (mut machines, mut people) = (0_usize, 0_usize);
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut aliases: BTreeMap<String, usize> = BTreeMap::new();
    for message in messages {
        match permission(message, settings, &context) {
            Permission::Machine { .. } => machines += 1,
            Permission::Allowed { .. } | Permission::AlreadyAcknowledged => people += 1,
            Permission::Held { why } => {
                people += 1;
                if why.starts_with("our address not visible") {
                    for recipient in &message.recipients {
                        *aliases.entry(recipient.email.canonical()).or_default() += 1;
                    }
                }
                *reasons.entry(why).or_default() += 1;
            }
        }
    }
    let held: usize = reasons.values().sum();
    let mut lines = vec![format!(
        "{mailbox}: of the last {} mails {machines} are machines', {people} people's; of these {held} would not be \
         acknowledged",
        messages.len()
    )];
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    lines.extend(reasons.into_iter().map(|(why, count)| format!("{mailbox}:   {count} × {why}")));
    if held * 100 > people * MANY {
        lines.push(format!("{mailbox}: WARNING: that is more than {MANY} %; see whether the reasons above are right"));
    }
    let often = aliases.into_iter().filter(|(_, count)| *count >= OFTEN);
    lines.extend(often.map(|(alias, count)| {
        format!("{mailbox}: {count} mails were written to {alias}: if that is yours, add it to `addresses`")
    }));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Address;
    use crate::reply::permission::{AddressPattern, PublicMail};

    fn message(from: &str, to: &str) -> Message {
        let raw = format!(
            "Return-Path: <{from}>\r\nFrom: {from}\r\nTo: {to}\r\nSubject: Order\r\nMessage-ID: <a@b.example>\r\n\r\nHello\r\n"
        );
        reading::read(&RawMessage { bytes: raw.into_bytes(), arrived_at: jiff::Timestamp::UNIX_EPOCH, partial: false })
    }

    #[test]
    fn held_mail_is_counted_by_reason_and_an_alias_is_proposed() {
        let settings = PermissionSettings {
            addresses: Some(vec![AddressPattern::parse("support@shop.example").unwrap()]),
            from: Address::parse("support@shop.example").ok(),
            ..PermissionSettings::without_configuration(PublicMail::default())
        };
        let mut messages: Vec<Message> =
            (0..6).map(|n| message(&format!("p{n}@c.example"), "support@shop.example")).collect();
        messages.extend((0..4).map(|n| message(&format!("q{n}@c.example"), "hello@shop.example")));
        let lines = judge("support", &messages, &settings).join("\n");
        assert!(lines.contains("of these 4 would not be"), "{lines}");
        assert!(lines.contains("4 × our address not visible") && lines.contains("more than 5 %"), "{lines}");
        assert!(lines.contains("4 mails were written to hello@shop.example"), "{lines}");
        let fine = judge("support", &messages[..6], &settings).join("\n");
        assert!(!fine.contains("WARNING"), "{fine}");
    }
}
