//! One folder, and what it answers.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

/// The one keyword that is stored here.
pub const ACKNOWLEDGED: &str = "$GuichetAcknowledged";

#[derive(Debug, Clone)]
pub struct Kept {
    pub bytes: Vec<u8>,
    pub arrived: Timestamp,
    pub flags: BTreeSet<String>,
}

#[derive(Debug, Clone)]
pub struct Folder {
    pub uid_validity: u32,
    pub uid_next: u32,
    pub messages: BTreeMap<u32, Kept>,
    /// New mail is not told to those who idle.
    pub silent: bool,
}

impl Kept {
    /// By its Message-ID, not by one that it answers.
    pub fn is_named(&self, id: &str) -> bool {
        self.holds(&format!("\nMessage-ID: {id}")) || self.bytes.starts_with(format!("Message-ID: {id}").as_bytes())
    }

    pub fn holds(&self, words: &str) -> bool {
        String::from_utf8_lossy(&self.bytes).contains(words)
    }
}

impl Folder {
    pub(super) fn empty() -> Self {
        Self { uid_validity: 7, uid_next: 1, messages: BTreeMap::new(), silent: false }
    }

    /// A message comes in; its UID.
    pub(super) fn take(&mut self, bytes: &[u8], arrived: Timestamp) -> u32 {
        let uid = self.uid_next;
        self.uid_next += 1;
        self.messages.insert(uid, Kept { bytes: bytes.to_vec(), arrived, flags: BTreeSet::new() });
        uid
    }

    /// Messages that hold these words.
    pub fn holding<'a>(&'a self, words: &'a str) -> impl Iterator<Item = (&'a u32, &'a Kept)> {
        self.messages.iter().filter(move |(_, kept)| kept.holds(words))
    }

    pub(super) fn search(&self, criteria: &str) -> Vec<u8> {
        let mut found: Vec<u32> = match criteria.strip_prefix("UID ") {
            // SINCE only narrows; every message of a test is young.
            Some(rest) => self.named(rest.split(' ').next().unwrap_or_default()),
            None if criteria == "ALL" || criteria.starts_with("HEADER ") => self.messages.keys().copied().collect(),
            None => Vec::new(),
        };
        if let Some((_, keyword)) = criteria.split_once("KEYWORD ") {
            found.retain(|uid| self.messages[uid].flags.contains(keyword));
        }
        if let Some((_, value)) = criteria.split_once("HEADER Message-ID ") {
            found.retain(|uid| self.messages[uid].is_named(value.trim_matches('"')));
        }
        let list: String = found.iter().map(|uid| format!(" {uid}")).collect();
        format!("* SEARCH{list}\r\n").into_bytes()
    }

    /// UIDs of a set; `n:*` holds the last message even when its UID is below n (RFC 3501 §6.4.8).
    fn named(&self, set: &str) -> Vec<u32> {
        let last = self.messages.keys().next_back().copied().unwrap_or_default();
        let number = |text: &str| if text == "*" { last } else { text.parse().unwrap_or_default() };
        let mut uids = BTreeSet::new();
        for part in set.split(',') {
            let (from, to) = part.split_once(':').unwrap_or((part, part));
            let (from, to) = (number(from), number(to));
            uids.extend(self.messages.keys().filter(|uid| (from.min(to)..=from.max(to)).contains(uid)).copied());
        }
        uids.into_iter().collect()
    }

    pub(super) fn fetch(&self, rest: &str) -> Vec<u8> {
        let (set, items) = rest.split_once(' ').unwrap_or((rest, ""));
        let mut out = Vec::new();
        for uid in self.named(set) {
            let (kept, number) = (&self.messages[&uid], self.messages.keys().position(|key| *key == uid).unwrap() + 1);
            if items.contains("BODY.PEEK[]") {
                let until = items.split("<0.").nth(1).and_then(|rest| rest.split('>').next()?.parse().ok());
                let body = &kept.bytes[..until.unwrap_or(kept.bytes.len()).min(kept.bytes.len())];
                let origin = until.map(|_| "<0>").unwrap_or_default();
                out.extend(format!("* {number} FETCH (UID {uid} BODY[]{origin} {{{}}}\r\n", body.len()).into_bytes());
                out.extend(body);
                out.extend(b")\r\n");
            } else {
                let flags = kept.flags.iter().cloned().collect::<Vec<_>>().join(" ");
                let date = kept.arrived.strftime("%d-%b-%Y %H:%M:%S +0000");
                out.extend(
                    format!(
                        "* {number} FETCH (UID {uid} FLAGS ({flags}) INTERNALDATE \"{date}\" RFC822.SIZE {})\r\n",
                        kept.bytes.len()
                    )
                    .into_bytes(),
                );
            }
        }
        out
    }
}
