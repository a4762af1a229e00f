//! Folders: how their names are written, which one is \Sent, and opening them.

use async_imap::imap_proto::{MailboxDatum, NameAttribute, Response, ResponseCode};
use base64::Engine;

use super::connection::{Connection, Problem};
use super::settings::ImapSettings;
use crate::domain::position::FolderRole;
use crate::ports::MailError;

/// Names that sent mail has where no folder is marked `\Sent`: the last part of the path.
const SENT_NAMES: &[&str] = &[
    "Sent",
    "Sent Items",
    "Sent Messages",
    "Sent Mail",
    "Envoyés",
    "Éléments envoyés",
    "Messages envoyés",
    "Courrier envoyé",
    "Gesendet",
    "Gesendete Elemente",
    "Gesendete Objekte",
    "Enviados",
    "Elementos enviados",
    "Inviati",
    "Posta inviata",
    "Verzonden",
    "Verzonden items",
];

/// A name as it stands in a command: modified UTF-7 (RFC 3501 §5.1.3), quoted.
pub(super) fn quoted(encoded: &str) -> String {
    format!("\"{}\"", encoded.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A person's name of a folder in modified UTF-7 (RFC 3501 §5.1.3).
pub(super) fn encode(name: &str) -> String {
    let engine =
        base64::engine::GeneralPurpose::new(&base64::alphabet::IMAP_MUTF7, base64::engine::general_purpose::NO_PAD);
    let mut encoded = String::new();
    let mut shifted: Vec<u8> = Vec::new();
    let flush = |shifted: &mut Vec<u8>, encoded: &mut String| {
        if !shifted.is_empty() {
            encoded.push('&');
            encoded.push_str(&engine.encode(&*shifted));
            encoded.push('-');
            shifted.clear();
        }
    };
    for c in name.chars() {
        if matches!(c, ' '..='~') {
            flush(&mut shifted, &mut encoded);
            encoded.push(c);
            if c == '&' {
                encoded.push('-');
            }
        } else {
            let mut units = [0; 2];
            shifted.extend(c.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    flush(&mut shifted, &mut encoded);
    encoded
}

/// The folder's name in modified UTF-7, found on the server where it is not configured.
pub(super) async fn resolve(
    connection: &mut Connection,
    settings: &ImapSettings,
    role: FolderRole,
) -> Result<String, MailError> {
    let folders = &settings.folders;
    match role {
        FolderRole::Inbox => Ok(encode(&folders.inbox)),
        FolderRole::Junk => folders
            .junk
            .as_deref()
            .map(encode)
            .ok_or_else(|| MailError::Permanent(format!("no junk folder is configured for {}", settings.host))),
        FolderRole::Sent => match &folders.sent {
            Some(name) => Ok(encode(name)),
            None => find_sent(connection).await,
        },
    }
}

/// One line of a LIST answer.
struct Listed {
    name: String,
    last: String,
    sent: bool,
}

async fn find_sent(connection: &mut Connection) -> Result<String, MailError> {
    let listed = list(connection).await?;
    let marked = listed.iter().find(|folder| folder.sent);
    let usual = || {
        SENT_NAMES
            .iter()
            .map(|name| encode(name))
            .find_map(|name| listed.iter().find(|folder| folder.last.eq_ignore_ascii_case(&name)))
    };
    match marked.or_else(usual) {
        Some(folder) => Ok(folder.name.clone()),
        None => Err(MailError::Permanent(format!(
            "{} marks no folder as \\Sent and has none with a usual name: name it as sent_folder",
            connection.host()
        ))),
    }
}

/// All folders that can be opened, with their special use where the server tells it (RFC 6154).
async fn list(connection: &mut Connection) -> Result<Vec<Listed>, Problem> {
    let extended = ["SPECIAL-USE", "LIST-EXTENDED"].iter().all(|name| connection.capabilities().contains(*name));
    if extended {
        match list_with(connection, "LIST \"\" \"*\" RETURN (SPECIAL-USE)").await {
            Err(Problem::Refused { .. }) => {}
            other => return other,
        }
    }
    list_with(connection, "LIST \"\" \"*\"").await
}

async fn list_with(connection: &mut Connection, line: &str) -> Result<Vec<Listed>, Problem> {
    let mut found = Vec::new();
    connection
        .command("LIST", line, |response| {
            let Response::MailboxData(MailboxDatum::List(data)) = response else { return };
            let has = |wanted: &str| {
                data.name_attributes.iter().any(|attribute| match attribute {
                    NameAttribute::Extension(text) => text.eq_ignore_ascii_case(wanted),
                    _ => false,
                })
            };
            if data.name_attributes.contains(&NameAttribute::NoSelect) || has("\\NonExistent") {
                return;
            }
            let delimiter = data.delimiter.as_deref().filter(|text| !text.is_empty());
            let last = delimiter.and_then(|delimiter| data.name.rsplit(delimiter).next()).unwrap_or(&data.name);
            found.push(Listed {
                name: data.name.to_string(),
                last: last.to_owned(),
                sent: data.name_attributes.contains(&NameAttribute::Sent),
            });
        })
        .await?;
    Ok(found)
}

/// An opened folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Selected {
    /// Number of messages.
    pub(super) exists: u32,
    /// The generation of UIDs.
    pub(super) uid_validity: u32,
    /// The next message's UID; not every server says it.
    pub(super) uid_next: Option<u32>,
    /// Which flags are kept; not every server says it.
    pub(super) permanent_flags: Option<Vec<String>>,
}

impl Selected {
    /// Whether the folder keeps this keyword. Without PERMANENTFLAGS it may be assumed
    /// (RFC 3501 §7.1).
    pub(super) fn keeps(&self, keyword: &str) -> bool {
        self.permanent_flags
            .as_ref()
            .is_none_or(|flags| flags.iter().any(|flag| flag == "\\*" || flag.eq_ignore_ascii_case(keyword)))
    }
}

/// Opens a folder for reading: nothing in it can be changed by accident, not even `\Recent`.
pub(super) async fn examine(connection: &mut Connection, encoded: &str) -> Result<Selected, MailError> {
    open(connection, "EXAMINE", encoded).await
}

/// Opens a folder for setting flags.
pub(super) async fn select(connection: &mut Connection, encoded: &str) -> Result<Selected, MailError> {
    open(connection, "SELECT", encoded).await
}

async fn open(connection: &mut Connection, command: &str, encoded: &str) -> Result<Selected, MailError> {
    let mut selected = Selected::default();
    let mut validity = None;
    let line = format!("{command} {}", quoted(encoded));
    let result = connection
        .command(command, &line, |response| match response {
            Response::MailboxData(MailboxDatum::Exists(count)) => selected.exists = *count,
            Response::Data { outcome, .. } => match &outcome.code {
                Some(ResponseCode::UidValidity(value)) => validity = Some(*value),
                Some(ResponseCode::UidNext(value)) => selected.uid_next = Some(*value),
                Some(ResponseCode::PermanentFlags(flags)) => {
                    selected.permanent_flags = Some(flags.iter().map(ToString::to_string).collect());
                }
                _ => {}
            },
            _ => {}
        })
        .await;
    let host = connection.host();
    match result {
        Ok(()) => {}
        Err(problem) if problem.is_final() => {
            return Err(MailError::Permanent(format!("the folder {encoded} cannot be opened: {problem}")));
        }
        Err(other) => return Err(other.into()),
    }
    let Some(uid_validity) = validity else {
        return Err(MailError::Permanent(format!(
            "{host} gives no UIDVALIDITY for {encoded}: messages in it cannot be told apart after a restart"
        )));
    };
    selected.uid_validity = uid_validity;
    Ok(selected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_in_modified_utf_7() {
        assert_eq!(encode("INBOX"), "INBOX");
        assert_eq!(encode("R&D"), "R&-D");
        assert_eq!(encode("Éléments envoyés"), "&AMk-l&AOk-ments envoy&AOk-s");
        // The example of RFC 3501 §5.1.3.
        assert_eq!(encode("~peter/mail/台北/日本語"), "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
        assert_eq!(encode("📦"), "&2D3c5g-");
    }

    #[test]
    fn quotes_in_names_are_escaped() {
        assert_eq!(quoted("a\"b\\c"), "\"a\\\"b\\\\c\"");
    }

    #[test]
    fn a_keyword_is_kept_when_it_or_any_is_permanent() {
        let with = |flags: &[&str]| Selected {
            permanent_flags: Some(flags.iter().map(ToString::to_string).collect()),
            ..Selected::default()
        };
        assert!(with(&["\\Seen", "\\*"]).keeps("$GuichetAcknowledged"));
        assert!(with(&["$guichetacknowledged"]).keeps("$GuichetAcknowledged"));
        assert!(!with(&["\\Seen"]).keeps("$GuichetAcknowledged"));
        assert!(!with(&[]).keeps("$GuichetAcknowledged"));
        assert!(Selected::default().keeps("$GuichetAcknowledged"));
    }
}
