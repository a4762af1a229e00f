//! Getting messages: first what is known about them, then their bytes.
//!
//! Never asked for: ENVELOPE and BODYSTRUCTURE, which servers and the parser below get wrong on
//! exactly the mail that matters. BODY.PEEK leaves `\Seen` alone.

use std::collections::BTreeMap;

use async_imap::imap_proto::{AttributeValue, MailboxDatum, Response};
use jiff::Timestamp;

use super::connection::{Connection, Problem};
use crate::domain::RawMessage;

/// How much of a message over the size cap is fetched, in bytes.
const PARTIAL_BYTES: u32 = 256 * 1024;
/// How many bytes are asked for in one command.
const COMMAND_BYTES: u64 = 8 * 1024 * 1024;
/// After this many bytes the rest is left for the next time, in bytes: they are all held in memory.
const BATCH_BYTES: u64 = 32 * 1024 * 1024;
/// The keyword that says a message was acknowledged.
pub(super) const ACKNOWLEDGED: &str = "$GuichetAcknowledged";

/// What became of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fetched {
    /// It is here.
    Message { raw: RawMessage, acknowledged: bool, answered: bool },
    /// It was deleted or moved meanwhile.
    Gone,
    /// It is there, but could not be had.
    Failed(String),
    /// A search names it, a list of it does not: nobody can know whether it is there.
    Unlisted(String),
}

/// What the list says about a message.
#[derive(Debug, Clone, Copy, Default)]
struct Listed {
    arrived_at: Option<Timestamp>,
    size: u32,
    acknowledged: bool,
    answered: bool,
}

/// UIDs that match, ascending.
pub(super) async fn search(connection: &mut Connection, criteria: &str) -> Result<Vec<u32>, Problem> {
    let mut found = Vec::new();
    connection
        .command("UID SEARCH", &format!("UID SEARCH {criteria}"), |response| {
            if let Response::MailboxData(MailboxDatum::Search(uids)) = response {
                found.extend_from_slice(uids);
            }
        })
        .await?;
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Fetches some messages (`uids` ascending), or the first of them when they are large. A refusal
/// of the whole makes it ask one by one, so that it hits only the message that caused it.
///
/// # Errors
/// Only those that are not about a message: the connection is to be dropped.
pub(super) async fn fetch(
    connection: &mut Connection,
    uids: &[u32],
    size_cap: u32,
) -> Result<BTreeMap<u32, Fetched>, Problem> {
    match together(connection, uids, size_cap).await {
        Err(problem) if problem.is_final() => {}
        other => return other,
    }
    let mut found = BTreeMap::new();
    for uid in uids {
        match together(connection, &[*uid], size_cap).await {
            Ok(one) => found.extend(one),
            Err(problem) if problem.is_final() => {
                found.insert(*uid, Fetched::Failed(problem.to_string()));
            }
            Err(problem) => return Err(problem),
        }
    }
    Ok(found)
}

async fn together(connection: &mut Connection, uids: &[u32], size_cap: u32) -> Result<BTreeMap<u32, Fetched>, Problem> {
    let listed = list(connection, uids).await?;
    let mut found = BTreeMap::new();
    let mut group: Vec<u32> = Vec::new();
    let (mut in_group, mut in_batch) = (0, 0);
    let mut asked = 0;
    for uid in uids {
        let Some(about) = listed.get(uid) else {
            asked += 1;
            continue;
        };
        let size = u64::from(about.size.min(size_cap));
        if in_batch > 0 && in_batch + size > BATCH_BYTES {
            break;
        }
        asked += 1;
        in_batch += size;
        if about.size > size_cap {
            bodies(connection, &[*uid], Some(PARTIAL_BYTES.min(size_cap)), &listed, size_cap, &mut found).await?;
            continue;
        }
        if in_group > 0 && in_group + size > COMMAND_BYTES {
            bodies(connection, &group, None, &listed, size_cap, &mut found).await?;
            group.clear();
            in_group = 0;
        }
        group.push(*uid);
        in_group += size;
    }
    if !group.is_empty() {
        bodies(connection, &group, None, &listed, size_cap, &mut found).await?;
    }
    let missing: Vec<u32> = uids.iter().take(asked).filter(|uid| !found.contains_key(uid)).copied().collect();
    explain_missing(connection, &missing, &listed, &mut found).await?;
    Ok(found)
}

async fn list(connection: &mut Connection, uids: &[u32]) -> Result<BTreeMap<u32, Listed>, Problem> {
    let mut listed = BTreeMap::new();
    let line = format!("UID FETCH {} (UID FLAGS INTERNALDATE RFC822.SIZE)", set(uids));
    connection
        .command("UID FETCH", &line, |response| {
            let Response::Fetch(_, attributes) = response else { return };
            // Without a UID it is a change of flags that the server tells by the way.
            if let Some(uid) = uid_of(attributes)
                && uids.contains(&uid)
            {
                note(attributes, listed.entry(uid).or_default());
            }
        })
        .await?;
    Ok(listed)
}

fn note(attributes: &[AttributeValue<'_>], about: &mut Listed) {
    for attribute in attributes {
        match attribute {
            AttributeValue::Flags(flags) => {
                about.acknowledged = flags.iter().any(|flag| flag.eq_ignore_ascii_case(ACKNOWLEDGED));
                about.answered = flags.iter().any(|flag| flag.eq_ignore_ascii_case("\\Answered"));
            }
            AttributeValue::InternalDate(date) => about.arrived_at = parse_internal_date(date),
            AttributeValue::Rfc822Size(size) => about.size = *size,
            _ => {}
        }
    }
}

fn uid_of(attributes: &[AttributeValue<'_>]) -> Option<u32> {
    attributes.iter().find_map(|attribute| match attribute {
        AttributeValue::Uid(uid) => Some(*uid),
        _ => None,
    })
}

/// INTERNALDATE (RFC 3501 §9, `date-time`): `" 7-Jul-1996 02:44:25 -0700"`.
fn parse_internal_date(text: &str) -> Option<Timestamp> {
    Timestamp::strptime("%d-%b-%Y %H:%M:%S %z", text.trim()).ok()
}

/// The bytes of messages; of the first `only` bytes where the message is too large.
async fn bodies(
    connection: &mut Connection,
    uids: &[u32],
    only: Option<u32>,
    listed: &BTreeMap<u32, Listed>,
    size_cap: u32,
    found: &mut BTreeMap<u32, Fetched>,
) -> Result<(), Problem> {
    let part = only.map(|bytes| format!("<0.{bytes}>")).unwrap_or_default();
    let line = format!("UID FETCH {} (UID BODY.PEEK[]{part})", set(uids));
    let now = Timestamp::now();
    connection
        .command("UID FETCH", &line, |response| {
            let Response::Fetch(_, attributes) = response else { return };
            let Some(uid) = uid_of(attributes).filter(|uid| uids.contains(uid)) else { return };
            let Some(data) = body_of(attributes) else { return };
            let about = listed.get(&uid).copied().unwrap_or_default();
            // The size in the list is not always true.
            let longer = u32::try_from(data.len()).map_or(true, |length| length > size_cap);
            let kept = if longer { data.get(..PARTIAL_BYTES as usize).unwrap_or(data) } else { data };
            let arrived_at = about.arrived_at.unwrap_or(now);
            found.insert(
                uid,
                Fetched::Message {
                    raw: RawMessage { bytes: kept.to_vec(), arrived_at, partial: only.is_some() || longer },
                    acknowledged: about.acknowledged,
                    answered: about.answered,
                },
            );
        })
        .await
}

fn body_of<'a>(attributes: &'a [AttributeValue<'_>]) -> Option<&'a [u8]> {
    attributes.iter().find_map(|attribute| match attribute {
        AttributeValue::BodySection { section: None, data: Some(data), .. } => Some(data.as_ref()),
        _ => None,
    })
}

/// A message that did not come although the server said `OK` was deleted meanwhile, or is broken
/// on the server: a search tells which.
async fn explain_missing(
    connection: &mut Connection,
    missing: &[u32],
    listed: &BTreeMap<u32, Listed>,
    found: &mut BTreeMap<u32, Fetched>,
) -> Result<(), Problem> {
    if missing.is_empty() {
        return Ok(());
    }
    let there = search(connection, &format!("UID {}", set(missing))).await?;
    for uid in missing {
        let why = || format!("{} lists the message but does not hand it out", connection.host());
        let fetched = match (there.contains(uid), listed.contains_key(uid)) {
            (false, _) => Fetched::Gone,
            (true, true) => Fetched::Failed(why()),
            (true, false) => Fetched::Unlisted(why()),
        };
        found.insert(*uid, fetched);
    }
    Ok(())
}

fn set(uids: &[u32]) -> String {
    uids.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_dates_are_read_with_either_padding() {
        let expected: Timestamp = "1996-07-07T09:44:25Z".parse().unwrap();
        assert_eq!(parse_internal_date(" 7-Jul-1996 02:44:25 -0700"), Some(expected));
        assert_eq!(parse_internal_date("07-Jul-1996 02:44:25 -0700"), Some(expected));
        assert_eq!(parse_internal_date("yesterday"), None);
        assert_eq!(parse_internal_date(""), None);
    }
}
