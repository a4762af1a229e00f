//! Floor 1: from verdict, order facts, history and policy to what is owed. Pure: today's day is an argument.

pub mod promises;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::assessment::Basis;
use crate::domain::policy::Policy;
use crate::domain::{Calendar, CustomerHistory, Email, Given, Purchase, Verdict};

/// Everything a case is assessed from.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The case's verdict.
    pub verdict: &'a Verdict,
    /// Facts known from all messages of the case, in the customer's words.
    pub known: &'a Given,
    /// What the order source said.
    pub purchase: &'a Purchase,
    /// What is known of the customer beyond this case.
    pub history: &'a CustomerHistory,
    /// The address the case answers.
    pub customer: Option<&'a Email>,
    /// All newest texts of the customer in this case, oldest first, with the day each arrived.
    pub texts: &'a [(Date, &'a str)],
    /// Somebody else than the customer wrote into the case.
    pub other_sender: bool,
    /// The day the matter was first told us.
    pub noticed_on: Date,
    /// Now.
    pub now: Timestamp,
    /// The shop's policy.
    pub policy: &'a Policy,
    /// The shop's calendar, for business days and the time zone.
    pub calendar: &'a Calendar,
    /// A reviewer's correction of the basis.
    pub corrected: Option<Basis>,
}
