//! A mail that will leave: its bytes are frozen, only its delivery state moves.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::address::{Address, Email};
use super::case::CaseId;
use super::message::MessageId;

/// How long a delivery in doubt is given to be proven before it is sent once more.
pub const DOUBT_PERIOD: SignedDuration = SignedDuration::from_mins(15);

/// Why a person has to decide about a mail whose doubt nothing settled.
pub const IN_DOUBT: &str = "delivery in doubt";

/// What a person has to know of a mail whose repetition did not go through.
const EARLIER: &str = "an earlier attempt may have reached the customer";

/// An acknowledgement that has not left by then is not sent any more: “we received your message” a day late
/// says the contrary of what it should.
pub const ACKNOWLEDGEMENT_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// Id of a row in the outbox: `a-<K>` for an acknowledgement, `r-<case>-<n>` for a reply.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OutgoingId(String);

impl OutgoingId {
    /// Wraps an id made by the composer.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OutgoingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the mail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutgoingKind {
    /// The automatic acknowledgement.
    Acknowledgement,
    /// A reply that a person approved.
    Reply,
}

/// How far an attempt got, stored before the network sees anything of the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Connecting, signing in, naming sender and recipient: a crash here is a free retry.
    Dialling,
    /// The server said 354 and the body is being sent: a crash here leaves doubt.
    Committing,
}

/// Where a mail in the outbox stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DeliveryState {
    /// Waits for its time.
    Pending {
        /// Not before this instant.
        not_before: Timestamp,
    },
    /// Being sent.
    Attempting {
        /// Which attempt, from 1.
        n: u32,
        /// How far it got.
        stage: Stage,
        /// When it began.
        since: Timestamp,
    },
    /// The server answered 250 to the final dot, or the copy was found in \Sent.
    Sent {
        /// When.
        at: Timestamp,
        /// What the server said.
        response: String,
    },
    /// Refused for good.
    Rejected {
        /// When.
        at: Timestamp,
        /// What the server said.
        why: String,
    },
    /// The link or the machine failed between the first byte of the body and the answer.
    InDoubt {
        /// When the doubt arose.
        since: Timestamp,
        /// The attempt it concerns.
        n: u32,
    },
    /// Waits for a person.
    Held {
        /// Why.
        why: String,
        /// A copy may lie in the customer's mailbox: nobody may take it for unsent.
        #[serde(default)]
        may_have_left: bool,
    },
    /// Will not be sent.
    Cancelled {
        /// When.
        at: Timestamp,
        /// Why.
        why: String,
    },
}

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The server took it.
    Accepted {
        /// Its answer to the final dot.
        response: String,
    },
    /// It did not leave; try again at the given time.
    Retry {
        /// Not before.
        not_before: Timestamp,
        /// What happened.
        why: String,
    },
    /// The server refused it for good.
    Refused {
        /// Its answer.
        why: String,
    },
    /// Nobody can know whether it left.
    Doubt {
        /// What happened.
        why: String,
    },
    /// A person has to look.
    Hold {
        /// Why.
        why: String,
    },
}

/// A step that the present state does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a mail that is {state} cannot {step}")]
pub struct IllegalStep {
    state: &'static str,
    step: &'static str,
}

impl DeliveryState {
    /// One word for people and figures.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pending { .. } => "pending",
            Self::Attempting { .. } => "attempting",
            Self::Sent { .. } => "sent",
            Self::Rejected { .. } => "rejected",
            Self::InDoubt { .. } => "in doubt",
            Self::Held { .. } => "held",
            Self::Cancelled { .. } => "cancelled",
        }
    }

    /// Whether nothing will change by itself any more.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Sent { .. } | Self::Rejected { .. } | Self::Cancelled { .. })
    }

    /// When the delivery worker should look at it next; `None` when it should not.
    pub fn due_at(&self) -> Option<Timestamp> {
        match self {
            Self::Pending { not_before } => Some(*not_before),
            Self::InDoubt { since, .. } => since.checked_add(DOUBT_PERIOD).ok(),
            _ => None,
        }
    }

    /// Pending → Attempting(Dialling). `n` counts from 1 over the life of the mail.
    pub fn claim(&self, n: u32, now: Timestamp) -> Result<Self, IllegalStep> {
        match self {
            Self::Pending { .. } => Ok(Self::Attempting { n, stage: Stage::Dialling, since: now }),
            _ => Err(self.illegal("be claimed")),
        }
    }

    /// Dialling → Committing, to be durable before the first byte of the body.
    pub fn commit(&self) -> Result<Self, IllegalStep> {
        match self {
            Self::Attempting { n, stage: Stage::Dialling, since } => {
                Ok(Self::Attempting { n: *n, stage: Stage::Committing, since: *since })
            }
            _ => Err(self.illegal("be committed")),
        }
    }

    /// Attempting → what the attempt came to. A roll-back found meanwhile has held the mail ([`Self::set_aside`]): it stays
    /// held, unless the server took it. After a doubt (`resends`) the answer to the repetition says nothing of the first copy:
    /// what would have ended the mail waits for a person.
    pub fn finish(&self, outcome: AttemptOutcome, resends: u32, now: Timestamp) -> Result<Self, IllegalStep> {
        let n = match (self, &outcome) {
            (Self::Attempting { n, .. }, _) => n,
            (Self::Held { may_have_left: true, .. }, AttemptOutcome::Accepted { response }) => {
                return Ok(Self::Sent { at: now, response: response.clone() });
            }
            (Self::Held { may_have_left: true, .. }, _) => return Ok(self.clone()),
            _ => return Err(self.illegal("be finished")),
        };
        let repeated = resends > 0;
        Ok(match outcome {
            AttemptOutcome::Accepted { response } => Self::Sent { at: now, response },
            AttemptOutcome::Retry { not_before, .. } => Self::Pending { not_before },
            AttemptOutcome::Refused { why } if repeated => {
                Self::Held { why: format!("{EARLIER}; its repetition was refused: {why}"), may_have_left: true }
            }
            AttemptOutcome::Hold { why } if repeated => {
                Self::Held { why: format!("{EARLIER}; its repetition did not go through: {why}"), may_have_left: true }
            }
            AttemptOutcome::Refused { why } => Self::Rejected { at: now, why },
            AttemptOutcome::Doubt { .. } => Self::InDoubt { since: now, n: *n },
            AttemptOutcome::Hold { why } => Self::Held { why, may_have_left: false },
        })
    }

    /// What a restart makes of an attempt that the last process left behind.
    pub fn after_crash(&self, now: Timestamp) -> Option<Self> {
        match self {
            Self::Attempting { stage: Stage::Dialling, .. } => Some(Self::Pending { not_before: now }),
            Self::Attempting { stage: Stage::Committing, n, .. } => Some(Self::InDoubt { since: now, n: *n }),
            _ => None,
        }
    }

    /// InDoubt, or held for that → Sent by positive evidence (the copy in \Sent, a bounce citing the id).
    pub fn proven(&self, evidence: &str, now: Timestamp) -> Result<Self, IllegalStep> {
        match self {
            Self::InDoubt { .. } | Self::Held { may_have_left: true, .. } => {
                Ok(Self::Sent { at: now, response: evidence.to_owned() })
            }
            _ => Err(self.illegal("be proven sent")),
        }
    }

    /// InDoubt → Pending for the one repetition, or → Held when it was repeated before or the
    /// operator wants a person to decide.
    pub fn resolve_doubt(&self, resends: u32, resend_once: bool, now: Timestamp) -> Result<Self, IllegalStep> {
        match self {
            Self::InDoubt { .. } if resend_once && resends == 0 => Ok(Self::Pending { not_before: now }),
            Self::InDoubt { .. } => Ok(Self::Held { why: IN_DOUBT.into(), may_have_left: true }),
            _ => Err(self.illegal("be resolved")),
        }
    }

    /// Pending, Held → Cancelled.
    pub fn cancel(&self, why: &str, now: Timestamp) -> Result<Self, IllegalStep> {
        match self {
            Self::Pending { .. } | Self::Held { .. } => Ok(Self::Cancelled { at: now, why: why.to_owned() }),
            _ => Err(self.illegal("be cancelled")),
        }
    }

    /// Pending, Attempting, InDoubt → Held: after a roll-back nobody knows what left. `None` for the others.
    pub fn set_aside(&self, why: &str) -> Option<Self> {
        match self {
            Self::Pending { .. } | Self::Attempting { .. } | Self::InDoubt { .. } => {
                Some(Self::Held { why: why.to_owned(), may_have_left: true })
            }
            _ => None,
        }
    }

    /// Held → Pending by a person's word.
    pub fn release(&self, now: Timestamp) -> Result<Self, IllegalStep> {
        match self {
            Self::Held { .. } => Ok(Self::Pending { not_before: now }),
            _ => Err(self.illegal("be released")),
        }
    }

    fn illegal(&self, step: &'static str) -> IllegalStep {
        IllegalStep { state: self.name(), step }
    }
}

/// A mail with frozen bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutgoingMail {
    /// Row in the outbox.
    pub id: OutgoingId,
    /// The case it belongs to.
    pub case: CaseId,
    /// The mailbox whose SMTP settings send it.
    pub mailbox: String,
    /// Acknowledgement or reply.
    pub kind: OutgoingKind,
    /// Its Message-ID, frozen with the bytes.
    pub message_id: MessageId,
    /// Envelope sender; `None` is `<>`.
    pub envelope_from: Option<Email>,
    /// Envelope recipients.
    pub recipients: Vec<Address>,
    /// The whole RFC 5322 message, CRLF line ends.
    pub bytes: Vec<u8>,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts begun so far.
    pub attempts: u32,
    /// How often a delivery in doubt was repeated: 0 or 1.
    pub resends: u32,
    /// What went wrong last, for people.
    pub last_problem: Option<String>,
    /// Whether it still has to be filed in \Sent.
    pub file_copy: bool,
    /// When it was written.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn pending() -> DeliveryState {
        DeliveryState::Pending { not_before: NOW }
    }

    #[test]
    fn the_way_of_a_mail_that_is_accepted() {
        let dialling = pending().claim(1, NOW).unwrap();
        let committing = dialling.commit().unwrap();
        let sent = committing.finish(AttemptOutcome::Accepted { response: "250 ok".into() }, 0, NOW).unwrap();
        assert!(sent.is_final());
        assert!(sent.cancel("late", NOW).is_err());
    }

    #[test]
    fn only_committing_leaves_doubt_after_a_crash() {
        let dialling = pending().claim(1, NOW).unwrap();
        assert_eq!(dialling.after_crash(NOW), Some(pending()));
        let committing = dialling.commit().unwrap();
        assert_eq!(committing.after_crash(NOW), Some(DeliveryState::InDoubt { since: NOW, n: 1 }));
        assert_eq!(pending().after_crash(NOW), None);
    }

    #[test]
    fn doubt_is_resent_once_then_held() {
        let doubt = DeliveryState::InDoubt { since: NOW, n: 1 };
        assert_eq!(doubt.resolve_doubt(0, true, NOW).unwrap(), pending());
        assert!(matches!(doubt.resolve_doubt(1, true, NOW).unwrap(), DeliveryState::Held { .. }));
        assert!(matches!(doubt.resolve_doubt(0, false, NOW).unwrap(), DeliveryState::Held { .. }));
        assert!(pending().resolve_doubt(0, true, NOW).is_err());
    }

    #[test]
    fn a_refused_repetition_proves_nothing_of_the_first_copy() {
        let committing = pending().claim(2, NOW).unwrap().commit().unwrap();
        let refused = AttemptOutcome::Refused { why: "550 no".into() };
        assert!(committing.finish(refused.clone(), 0, NOW).unwrap().is_final());
        let held = committing.finish(refused, 1, NOW).unwrap();
        assert!(
            matches!(&held, DeliveryState::Held { why, may_have_left: true } if why.ends_with("550 no")),
            "{held:?}"
        );
        assert!(held.proven("a copy", NOW).is_ok());
    }

    #[test]
    fn what_a_roll_back_holds_may_have_left() {
        let held = pending().claim(1, NOW).unwrap().set_aside("rolled back").unwrap();
        let retry = AttemptOutcome::Retry { not_before: NOW, why: "no answer".into() };
        assert_eq!(held.finish(retry, 0, NOW).unwrap(), held, "it waits for a person");
        assert!(held.commit().is_err(), "its body is not begun any more");
        let accepted = AttemptOutcome::Accepted { response: "250 ok".into() };
        assert!(matches!(held.finish(accepted.clone(), 0, NOW).unwrap(), DeliveryState::Sent { .. }));
        assert!(matches!(held.proven("a copy", NOW).unwrap(), DeliveryState::Sent { .. }));
        let refused = DeliveryState::Held { why: "quota".into(), may_have_left: false };
        assert!(refused.proven("a copy", NOW).is_err() && refused.finish(accepted, 0, NOW).is_err());
    }

    #[test]
    fn an_attempt_under_way_cannot_be_cancelled_or_claimed_again() {
        let dialling = pending().claim(1, NOW).unwrap();
        assert!(dialling.cancel("x", NOW).is_err());
        assert!(dialling.claim(2, NOW).is_err());
    }
}
