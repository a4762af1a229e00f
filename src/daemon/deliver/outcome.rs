//! What an attempt's end means: for the mail, and for the account.

use jiff::{SignedDuration, Timestamp};

use super::after;
use super::backoff::{reconnect_after, retry_after};
use super::dialogue::Failure;
use crate::domain::OutgoingMail;
use crate::domain::outgoing::AttemptOutcome;
use crate::ports::MailerProblem;

/// A mail that could not be delivered for so long waits for a person.
const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(5 * 24);

/// … but only after so many attempts: the daemon itself may have been stopped for a week.
const GIVE_UP_ATTEMPTS: u32 = 10;

/// The account, as one mailbox's worker sees it.
#[derive(Debug, Default)]
pub(super) struct Account {
    failed_connections: u32,
    quota_answers: u32,
    paused_until: Option<Timestamp>,
}

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judgement {
    /// For the mail.
    pub(super) outcome: AttemptOutcome,
    /// For the operator: what to raise as an alarm, if anything.
    pub(super) alarm: Option<String>,
}

impl Account {
    /// Until when nothing should be claimed.
    pub(super) fn paused_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.paused_until.filter(|until| *until > now)
    }

    /// A mail was accepted: all is well.
    pub(super) fn is_well(&mut self) {
        *self = Self::default();
    }

    /// Judges a failed attempt. `n` counts this mail's attempts, from 1.
    pub(super) fn judge(
        &mut self,
        mailbox: &str,
        mail: &OutgoingMail,
        n: u32,
        end: Failure,
        now: Timestamp,
    ) -> Judgement {
        let own_retry = after(now, retry_after(&mail.id, n));
        let (problem, message, connected) = match end {
            Failure::Connect(error) => (error.problem, error.message, false),
            Failure::Mail(error) => (error.problem, error.message, true),
            Failure::Store(error) => {
                return quietly(retry(after(now, SignedDuration::from_secs(30)), error.to_string()));
            }
            Failure::Stopped => return quietly(retry(now, "the daemon was stopped".to_owned())),
        };
        if connected {
            self.failed_connections = 0;
        }
        match problem {
            MailerProblem::Quota => self.quota(mailbox, &mail.id, message, now),
            MailerProblem::Doubt if connected => quietly(AttemptOutcome::Doubt { why: message }),
            MailerProblem::Permanent if connected => quietly(AttemptOutcome::Refused { why: message }),
            MailerProblem::Setup | MailerProblem::NullSenderRefused if connected => Judgement {
                alarm: Some(format!("mail of {mailbox} cannot be sent: {message}")),
                outcome: retry(own_retry, message),
            },
            _ if !connected => self.no_connection(mailbox, mail, n, problem, message, now),
            _ => quietly(give_up_or(retry(own_retry, message), mail, n, now)),
        }
    }

    /// The account's limit is reached: nothing is sent for a while, and this mail comes last then, for
    /// the answer may after all have been about its recipient.
    fn quota(&mut self, mailbox: &str, id: impl std::hash::Hash, message: String, now: Timestamp) -> Judgement {
        self.quota_answers += 1;
        // The first pause is 5 minutes: a limit per minute or hour is common.
        let until = after(now, retry_after(mailbox, self.quota_answers + 3));
        self.paused_until = Some(until);
        let alarm = format!(
            "the sending limit of {mailbox} is reached ({message}): sending is paused until {until}; \
             all mail waits, set max_per_hour below the limit"
        );
        Judgement { outcome: retry(after(until, retry_after(id, 1)), message), alarm: Some(alarm) }
    }

    fn no_connection(
        &mut self,
        mailbox: &str,
        mail: &OutgoingMail,
        n: u32,
        problem: MailerProblem,
        message: String,
        now: Timestamp,
    ) -> Judgement {
        self.failed_connections += 1;
        let until = after(now, reconnect_after(mailbox, self.failed_connections));
        self.paused_until = Some(until);
        if problem == MailerProblem::Temporary {
            // Servers restart: three quiet tries before a person is called.
            let alarm = (self.failed_connections > 3).then(|| {
                format!("mail of {mailbox} cannot be sent, {} tries so far: {message}", self.failed_connections)
            });
            return Judgement { outcome: give_up_or(retry(until, message), mail, n, now), alarm };
        }
        let alarm = Some(format!("mail of {mailbox} cannot be sent: {message}"));
        Judgement { outcome: retry(until, message), alarm }
    }
}

fn retry(not_before: Timestamp, why: String) -> AttemptOutcome {
    AttemptOutcome::Retry { not_before, why }
}

fn quietly(outcome: AttemptOutcome) -> Judgement {
    Judgement { outcome, alarm: None }
}

fn give_up_or(retry: AttemptOutcome, mail: &OutgoingMail, n: u32, now: Timestamp) -> AttemptOutcome {
    match retry {
        AttemptOutcome::Retry { why, .. }
            if n >= GIVE_UP_ATTEMPTS && now.duration_since(mail.created_at) >= GIVE_UP_AFTER =>
        {
            AttemptOutcome::Hold { why: format!("undeliverable for 5 days: {why}") }
        }
        other => other,
    }
}
