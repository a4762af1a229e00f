//! Keys of the one tree: a table's letter, then parts that sort as their values do.

use jiff::Timestamp;

use crate::domain::{Folder, position::FolderRole};

/// Tables and indexes. The letters are stored: never give one another meaning without a new schema version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Table {
    /// Acknowledgements by recipient and time.
    AckByRecipient = b'a',
    /// Acknowledgements by recipient's registrable domain and time.
    AckByDomain = b'A',
    /// Acknowledgements by mailbox and time.
    AckByMailbox = b'b',
    /// Open breakers by mailbox.
    Breaker = b'B',
    /// Cases.
    Case = b'c',
    /// Cases by customer; the value tells open ones from closed.
    CaseByCustomer = b'C',
    /// Drafts by case.
    Draft = b'd',
    /// Texts of approved replies by outbox row, kept in case they bounce.
    SentDraft = b'D',
    /// Messages of a case by arrival.
    CaseMessage = b'e',
    /// Mails of a case by creation.
    CaseOutgoing = b'E',
    /// Chores by mailbox and time.
    Chore = b'f',
    /// When a chore was set, by outbox row and kind.
    ChoreAt = b'F',
    /// The database is a copy that a backup made, not yet used as a store.
    IsCopy = b'G',
    /// Quarantined messages by time.
    Quarantined = b'g',
    /// Message-IDs of held messages.
    HeldId = b'h',
    /// Message-IDs of our own mails.
    SentId = b'H',
    /// Which store this is: random, another one after each loss.
    StoreId = b'I',
    /// Outbox rows in doubt by mailbox and the end of the doubt.
    OutgoingInDoubt = b'i',
    /// Of the pending outbox rows the replies, by mailbox and time: they leave first.
    ReplyDue = b'7',
    /// Names of messages already seen in a folder.
    Seen = b'j',
    /// Which case a message belongs to.
    Member = b'k',
    /// What a person must know of a loss and has not yet said to have read.
    Loss = b'L',
    /// Cases by newest message.
    CaseByNewest = b'l',
    /// Messages.
    Message = b'm',
    /// Machines' messages by time.
    Automated = b'M',
    /// The number of the last change.
    LastChange = b'N',
    /// Numbers kept up to date.
    Count = b'n',
    /// Outbox rows without their bytes.
    Outgoing = b'o',
    /// The bytes of outbox rows.
    OutgoingBytes = b'O',
    /// Marks of folders.
    Mark = b'p',
    /// Pending outbox rows by mailbox and time.
    OutgoingDue = b'P',
    /// The queue as earlier versions kept it; emptied at the start.
    FormerQueue = b'q',
    /// Cases that need a reply by age.
    Waiting = b'Q',
    /// Record entries by case.
    Record = b'r',
    /// When the store was begun anew after an earlier one was moved aside.
    Rebuilt = b'R',
    /// The schema version.
    Schema = b's',
    /// Timers by mailbox and time.
    Timer = b't',
    /// Timers by case and kind.
    CaseTimer = b'T',
    /// Outbox rows being sent, by mailbox.
    OutgoingUnderWay = b'u',
    /// Outbox rows not yet final, by creation.
    OutgoingOpen = b'U',
    /// Outbox rows to be cancelled as soon as they would be tried again.
    Withdrawn = b'w',
    /// Corrections by time.
    Correction = b'x',
    /// Excerpts by case.
    Excerpt = b'X',
    /// All outbox rows by creation.
    OutgoingAll = b'y',
    /// Cases by customer and order number.
    CaseByOrder = b'Y',
    /// What law and policy say of a case.
    Assessment = b'v',
    /// Cases to be assessed, by mailbox and time.
    Unassessed = b'V',
    /// When a case is to be assessed.
    UnassessedAt = b'W',
    /// The basis that a reviewer set on a case.
    CorrectedBasis = b'K',
    /// Cases by order number, whoever wrote.
    OrderCase = b'Z',
    /// Figures by template.
    Template = b'z',
    /// Refund notices by case and key.
    Notice = b'J',
    /// Pending refund notices by mailbox and time.
    NoticeDue = b'2',
    /// Refund notices given up, by mailbox.
    NoticeStuck = b'S',
    /// Promises by case and number.
    Promise = b'0',
    /// Open promises by mailbox and the time of the warning.
    PromiseOpen = b'1',
    /// What the order of work goes by, of cases that need a reply.
    Work = b'3',
    /// Machines' messages that a person must know of, by time.
    Alert = b'5',
    /// Message-IDs of what persons of ours sent, with the time.
    PersonWrote = b'6',
    /// Fingerprint of the secret that messages are named with.
    NamedWith = b'4',
    /// From when on mail of a mailbox may have been lost.
    LostFrom = b'8',
    /// Answers of ours from the time lost, by the digest of the Message-ID answered.
    AnsweredId = b'9',
    /// The witness that watches this store, by its path.
    Witness = b'_',
}

/// Longest text that stands in a key as it is; longer ones are cut and end in their digest.
const LONGEST_TEXT: usize = 600;

/// A key under construction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key(Vec<u8>);

impl Key {
    /// The beginning of all keys of a table.
    pub(super) fn of(table: Table) -> Self {
        Self(vec![table as u8])
    }

    /// Adds a text of any length and content; no text is the beginning of another.
    pub(super) fn text(mut self, text: &str) -> Self {
        if text.len() > LONGEST_TEXT {
            use sha2::Digest as _;
            self.escaped(text.as_bytes().get(..LONGEST_TEXT / 2).unwrap_or_default());
            self.escaped(&sha2::Sha256::digest(text.as_bytes()));
        } else {
            self.escaped(text.as_bytes());
        }
        self.0.extend_from_slice(&[0, 1]);
        self
    }

    fn escaped(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0.push(*byte);
            if *byte == 0 {
                self.0.push(0xff);
            }
        }
    }

    /// Adds a time; sorts to the microsecond.
    pub(super) fn time(self, at: Timestamp) -> Self {
        self.number(at.as_microsecond().cast_unsigned() ^ (1 << 63))
    }

    /// Adds a number.
    pub(super) fn number(mut self, number: u64) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    /// Adds a small number.
    pub(super) fn byte(mut self, byte: u8) -> Self {
        self.0.push(byte);
        self
    }

    /// Adds mailbox and role.
    pub(super) fn folder(self, folder: &Folder) -> Self {
        let role = match folder.role {
            FolderRole::Inbox => b'i',
            FolderRole::Junk => b'j',
            FolderRole::Sent => b's',
        };
        self.text(&folder.mailbox).byte(role)
    }

    /// The finished key.
    pub(super) fn bytes(self) -> Vec<u8> {
        self.0
    }

    /// The first key behind all keys that begin with this one.
    pub(super) fn end(&self) -> Vec<u8> {
        let mut end = self.0.clone();
        while let Some(last) = end.pop() {
            if last < 0xff {
                end.push(last + 1);
                break;
            }
        }
        end
    }
}

/// The first text in the key of a row, where it is short and contains no zero.
pub(super) fn first_text(key: &[u8]) -> &str {
    let text = key.get(1..).and_then(|rest| rest.split(|byte| *byte == 0).next());
    text.and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_the_beginning_of_another() {
        let short = Key::of(Table::Case).text("a");
        let long = Key::of(Table::Case).text("ab").bytes();
        assert!(!long.starts_with(&short.bytes()));
        let tricky = Key::of(Table::Case).text("a\0\u{1}b").bytes();
        assert!(!tricky.starts_with(&Key::of(Table::Case).text("a").bytes()));
    }

    #[test]
    fn times_sort_across_the_epoch() {
        let key = |second| Key::of(Table::Timer).time(Timestamp::from_second(second).unwrap()).bytes();
        assert!(key(-5) < key(0) && key(0) < key(5));
    }

    #[test]
    fn the_end_lies_behind_every_key_of_a_table() {
        let prefix = Key::of(Table::Case);
        assert!(Key::of(Table::Case).number(u64::MAX).text("zzz").bytes() < prefix.end());
        assert!(Key::of(Table::Case).number(u64::MAX).end() > Key::of(Table::Case).number(u64::MAX).bytes());
    }

    #[test]
    fn long_texts_stay_apart_and_short() {
        let one = Key::of(Table::Seen).text(&"é".repeat(2000)).bytes();
        let two = Key::of(Table::Seen).text(&"é".repeat(2001)).bytes();
        assert!(one != two && one.len() < 700);
    }
}
