//! What a server's answer means for the mail, the mailbox and the operator.
//!
//! Two mistakes would hurt: rejecting a mail for good although only the account's limit was reached or
//! the set-up is wrong, and pausing the whole mailbox because one customer's own mailbox is full.

use crate::ports::MailerProblem;

/// Where in the dialogue an answer was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Greeting and EHLO.
    Hello,
    /// AUTH.
    Auth,
    /// MAIL, with `<>` or not.
    Mail {
        /// The sender was `<>`.
        null_sender: bool,
    },
    /// RCPT, after MAIL with `<>` or not.
    Rcpt {
        /// The sender was `<>`.
        null_sender: bool,
    },
    /// DATA.
    Data,
    /// The final dot.
    Dot,
    /// RSET and QUIT.
    End,
}

impl Stage {
    /// The stage in an operator's words.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hello => "the greeting",
            Self::Auth => "the sign-in",
            Self::Mail { null_sender: true } => "the empty sender <>",
            Self::Mail { null_sender: false } => "the sender",
            Self::Rcpt { .. } => "the recipient",
            Self::Data => "DATA",
            Self::Dot => "the mail",
            Self::End => "the end of the dialogue",
        }
    }
}

/// Words by which servers tell that the account sends too much.
const QUOTA_WORDS: &[&str] = &[
    "quota",
    "sending limit",
    "sending rate",
    "rate limit",
    "ratelimit",
    "rate-limit",
    "daily limit",
    "hourly limit",
    "limit exceeded",
    "limits exceeded",
    "exceeded the limit",
    "messaging limit",
    "reached your daily limit",
    "too much mail",
    "too many messages",
    "too many mails",
    "too many emails",
    "throttl",
    "insufficient system storage",
];

/// Words by which servers tell that nobody signed in, or somebody else did.
const SETUP_WORDS: &[&str] = &[
    "authentication required",
    "authentication is required",
    "must authenticate",
    "not authenticated",
    "authenticate first",
    "relay access denied",
    "relaying denied",
    "relay denied",
    "relay not permitted",
    "unable to relay",
    "not permitted to relay",
    "must issue a starttls",
    "not owned by user",
    "client host rejected",
    "helo command rejected",
    // Postfix's submission service towards a client that did not sign in.
    "recipient address rejected: access denied",
];

/// What a negative answer (4xx or 5xx) at a stage means.
pub(super) fn classify(stage: Stage, code: u16, text: &str) -> MailerProblem {
    let words = text.to_lowercase();
    let enhanced = Enhanced::of(text);
    let temporary = code < 500;
    match stage {
        Stage::Hello | Stage::End if temporary => return MailerProblem::Temporary,
        Stage::Hello | Stage::End => return MailerProblem::Setup,
        // 432: the password has to be renewed (RFC 4954 §4.7.12).
        Stage::Auth if temporary && code != 432 => return MailerProblem::Temporary,
        Stage::Auth => return MailerProblem::Setup,
        Stage::Mail { .. } | Stage::Rcpt { .. } | Stage::Data | Stage::Dot => {}
    }
    if matches!(code, 530 | 534 | 535 | 538) {
        return MailerProblem::Setup;
    }
    if is_quota(code, enhanced, &words) {
        return MailerProblem::Quota;
    }
    if temporary {
        return MailerProblem::Temporary;
    }
    match stage {
        Stage::Mail { null_sender: true } if code != 552 => MailerProblem::NullSenderRefused,
        Stage::Rcpt { null_sender: true } if blames_null_sender(&words) => MailerProblem::NullSenderRefused,
        _ if says(&words, SETUP_WORDS) => MailerProblem::Setup,
        // The sender is ours: an answer about what it may do is about the account, not this mail.
        Stage::Mail { null_sender: false } if enhanced.is_some_and(Enhanced::is_about_sender) => MailerProblem::Setup,
        _ => MailerProblem::Permanent,
    }
}

fn says(words: &str, any: &[&str]) -> bool {
    any.iter().any(|one| words.contains(one))
}

fn is_quota(code: u16, enhanced: Option<Enhanced>, words: &str) -> bool {
    match enhanced {
        // X.2.x is the state of the recipient's mailbox (RFC 3463 §3.3): full, or itself rate-limited.
        Some(Enhanced { subject: 2, .. }) => return false,
        // Gmail's and Exchange Online's daily limits.
        Some(Enhanced { class: 5, subject: 4, detail: 5 } | Enhanced { class: 5, subject: 1, detail: 90 }) => {
            return true;
        }
        // The server's own disk: every mail meets it.
        Some(Enhanced { class: 4, subject: 3, detail: 1 }) => return true,
        _ => {}
    }
    // How many mails one connection may carry is no limit of the account.
    if code < 500 && says(words, &["connection", "session"]) {
        return false;
    }
    let recipients_own = ["over quota", "overquota", "mailbox full", "mailbox is full", "mailbox quota"];
    // 552: the recipient's storage allocation (RFC 5321 §4.2.3).
    code != 552 && says(words, QUOTA_WORDS) && !says(words, &recipients_own)
}

/// Servers that look at the sender only once the recipient is named (Postfix does) refuse it there.
fn blames_null_sender(words: &str) -> bool {
    says(
        words,
        &["<>", "null sender", "empty sender", "null return", "empty envelope", "sender address", "sender rejected"],
    )
}

/// An enhanced status code (RFC 3463).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Enhanced {
    class: u8,
    subject: u16,
    detail: u16,
}

impl Enhanced {
    fn of(text: &str) -> Option<Self> {
        let mut parts = text.split_whitespace().next()?.split('.');
        let class = parts.next()?.parse().ok()?;
        let subject = parts.next()?.parse().ok()?;
        let detail = parts.next()?.parse().ok()?;
        parts.next().is_none().then_some(Self { class, subject, detail })
    }

    fn is_about_sender(self) -> bool {
        self.subject == 7 || (self.subject == 1 && matches!(self.detail, 7 | 8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: Stage = Stage::Mail { null_sender: false };
    const NULL: Stage = Stage::Mail { null_sender: true };
    const RCPT: Stage = Stage::Rcpt { null_sender: false };
    const NULL_RCPT: Stage = Stage::Rcpt { null_sender: true };

    #[test]
    fn answers_of_real_servers() {
        use MailerProblem::{NullSenderRefused, Permanent, Quota, Setup, Temporary};
        let table = [
            (Stage::Hello, 421, "4.7.0 try again later", Temporary),
            (Stage::Hello, 554, "5.7.1 you are on a block list", Setup),
            (Stage::Auth, 535, "5.7.8 Error: authentication failed", Setup),
            (Stage::Auth, 454, "4.7.0 Temporary authentication failure", Temporary),
            (Stage::Auth, 432, "4.7.12 A password transition is needed", Setup),
            (MAIL, 530, "5.7.0 Must issue a STARTTLS command first", Setup),
            (MAIL, 553, "5.7.1 Sender address rejected: not owned by user shop", Setup),
            (MAIL, 552, "5.3.4 Message size exceeds fixed limit", Permanent),
            (MAIL, 550, "5.4.5 Daily user sending limit exceeded.", Quota),
            (MAIL, 421, "4.7.0 too many messages in this session", Temporary),
            (MAIL, 451, "4.3.0 Temporary lookup failure", Temporary),
            (NULL, 550, "5.7.1 bounces are not accepted here", NullSenderRefused),
            (NULL, 501, "sender address must contain a domain", NullSenderRefused),
            (NULL, 530, "5.7.0 Authentication Required.", Setup),
            (NULL, 450, "4.7.1 try later", Temporary),
            (NULL_RCPT, 553, "5.7.1 <>: Sender address rejected: not logged in", NullSenderRefused),
            (NULL_RCPT, 550, "5.1.1 <x@y.example>: Recipient address rejected: User unknown", Permanent),
            (RCPT, 554, "5.7.1 <x@y.example>: Relay access denied", Setup),
            (RCPT, 554, "5.7.1 <x@y.example>: Recipient address rejected: Access denied", Setup),
            (RCPT, 450, "4.2.1 The user you are trying to contact is receiving mail at a rate limit", Temporary),
            (RCPT, 452, "4.2.2 The email account that you tried to reach is over quota", Temporary),
            (RCPT, 552, "5.2.2 mailbox full", Permanent),
            (RCPT, 552, "quota exceeded", Permanent),
            (RCPT, 550, "user is over quota", Permanent),
            (RCPT, 450, "4.7.1 <x@y.example>: Recipient address rejected: Policy Rejection- Quota Exceeded.", Quota),
            (RCPT, 452, "4.3.1 Insufficient system storage", Quota),
            (RCPT, 550, "5.1.90 You have reached your daily limit for message recipients", Quota),
            (Stage::Data, 451, "You have exceeded your messaging limits", Quota),
            (Stage::Dot, 454, "Throttling failure: Maximum sending rate exceeded.", Quota),
            (Stage::Dot, 421, "4.7.0 closing", Temporary),
            (Stage::Dot, 554, "5.6.0 content refused", Permanent),
            (Stage::Dot, 554, "", Permanent),
        ];
        for (stage, code, text, expected) in table {
            assert_eq!(classify(stage, code, text), expected, "{stage:?} {code} {text}");
        }
    }
}
