//! Looking through a folder for `guichet check`: what lies there, how it stands against a stored position, and some
//! messages of it. Changes nothing.

use std::collections::BTreeMap;

use super::connection::Connection;
use super::fetch::{Fetched, fetch, search};
use super::folder::{examine, resolve};
use super::login::sign_in;
use super::mark::Mark;
use super::settings::ImapSettings;
use crate::adapters::tls::Tls;
use crate::domain::position::FolderRole;
use crate::domain::{Position, RawMessage};
use crate::ports::MailError;

/// Messages asked for at once.
const AT_ONCE: usize = 32;

/// A folder that is looked through.
#[derive(Debug)]
pub struct Survey {
    connection: Connection,
    size_cap: u32,
    uid_validity: u32,
    /// UIDs of all messages in it, ascending.
    pub uids: Vec<u32>,
}

/// What the server made of a question for messages.
#[derive(Debug, Default)]
pub struct Handed {
    /// Those that it gave.
    pub messages: BTreeMap<u32, RawMessage>,
    /// Those that it lists and does not give.
    pub withheld: Vec<u32>,
}

/// How a message that the store does not name stands against the stored position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It has not been read yet, or is to be tried again or looked for.
    Ahead,
    /// It lay there before the first start; older than this day it is left out on purpose.
    History {
        /// Messages that arrived before this day are not imported.
        since: jiff::civil::Date,
    },
    /// It was dealt with.
    Behind,
}

impl Survey {
    /// Signs in and lists the folder.
    ///
    /// # Errors
    /// When the connection, the sign-in or the folder fails.
    pub async fn open(settings: &ImapSettings, role: FolderRole) -> Result<Self, MailError> {
        let tls = Tls::new(settings.ca_file.clone());
        let mut connection = sign_in(settings, &tls).await?;
        let name = resolve(&mut connection, settings, role).await?;
        let selected = examine(&mut connection, &name).await?;
        let uids = if selected.exists == 0 { Vec::new() } else { search(&mut connection, "ALL").await? };
        Ok(Self { connection, size_cap: settings.size_cap, uid_validity: selected.uid_validity, uids })
    }

    /// A message's name as [`crate::domain::MessageLocation`] has it.
    pub fn name(&self, uid: u32) -> String {
        format!("{}/{uid}", self.uid_validity)
    }

    /// Where a message stands. `None`: the position is of other UIDs, or there is none.
    pub fn place(&self, position: Option<&Position>, uid: u32) -> Option<Place> {
        let mark = Mark::parse(position?).ok().filter(|mark| mark.uid_validity == self.uid_validity)?;
        let importing = uid < mark.history.end && uid >= mark.history.next;
        Some(if mark.is_unread(uid) || mark.retry.contains_key(&uid) {
            Place::Ahead
        } else if importing || uid < mark.history.end {
            Place::History { since: mark.history.since }
        } else {
            Place::Behind
        })
    }

    /// UIDs of what arrived on the day of `at` or later, ascending.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn since(&mut self, at: jiff::Timestamp) -> Result<Vec<u32>, MailError> {
        if self.uids.is_empty() {
            return Ok(Vec::new());
        }
        // The server's day may be another than ours.
        let day = (at - jiff::SignedDuration::from_hours(24)).strftime("%-d-%b-%Y");
        let mut found = search(&mut self.connection, &format!("SINCE {day}")).await?;
        found.sort_unstable();
        Ok(found)
    }

    /// The bytes of some messages (ascending); one that is gone meanwhile is in neither list.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn messages(&mut self, uids: &[u32]) -> Result<Handed, MailError> {
        let mut handed = Handed::default();
        for some in uids.chunks(AT_ONCE) {
            let mut left = some.to_vec();
            while !left.is_empty() {
                let found = fetch(&mut self.connection, &left, self.size_cap).await?;
                if found.is_empty() {
                    handed.withheld.append(&mut left);
                    break;
                }
                left.retain(|uid| !found.contains_key(uid));
                for (uid, fetched) in found {
                    match fetched {
                        Fetched::Message { raw, .. } => drop(handed.messages.insert(uid, raw)),
                        Fetched::Gone => {}
                        Fetched::Failed(_) | Fetched::Unlisted(_) => handed.withheld.push(uid),
                    }
                }
            }
        }
        Ok(handed)
    }

    /// Signs out.
    pub async fn close(self) {
        self.connection.logout().await;
    }
}
