//! What approving a draft asks of a person: one click, a second deliberate step, or that something is settled first.

use super::{ACCEPT, ACCEPT_IN_PART, BILLING_ERROR, REFUSE, WITHDRAWAL_RECEIVED};
use crate::domain::{Anger, Assessment, Basis, Outcome, Suggestion, TemplateName};

/// What a draft commits the shop to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commitment {
    /// It grants a refund.
    Acceptance,
    /// It refuses one.
    Refusal,
}

impl Commitment {
    /// Stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Acceptance => "acceptance",
            Self::Refusal => "refusal",
        }
    }
}

/// Why one click is not enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deliberate {
    /// Money is granted to somebody angry: the one who shouts is not paid for shouting.
    AngryAcceptance,
    /// A refund is refused.
    Refusal,
}

impl Deliberate {
    /// Stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AngryAcceptance => "angry_acceptance",
            Self::Refusal => "refusal",
        }
    }
}

/// How a draft may be approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// By one click or key.
    Plain,
    /// By a second step as well.
    Deliberate(Deliberate),
    /// Not while a payment dispute is open: the bank may give the money back too.
    Frozen,
}

/// Whether a text written now from this template grants the refund: acceptances do, and an answer to a withdrawal or a
/// wrong charge where law and policy do.
pub fn grants(template: Option<&TemplateName>, assessment: Option<&Assessment>) -> bool {
    let eligible = |basis| assessment.is_some_and(|known| known.outcome == Outcome::Eligible(basis));
    match template.map(TemplateName::as_str) {
        Some(ACCEPT | ACCEPT_IN_PART) => true,
        Some(BILLING_ERROR) => eligible(Basis::Billing),
        Some(WITHDRAWAL_RECEIVED) => eligible(Basis::Withdrawal),
        _ => false,
    }
}

/// What a draft commits to, whatever a person wrote into it since.
pub fn commitment(suggestion: &Suggestion) -> Option<Commitment> {
    match suggestion.template.as_ref()?.as_str() {
        // Also where the draft was stored before what it grants was kept with it.
        ACCEPT | ACCEPT_IN_PART => Some(Commitment::Acceptance),
        REFUSE => Some(Commitment::Refusal),
        _ => suggestion.grants.then_some(Commitment::Acceptance),
    }
}

/// How a draft with this commitment may be approved.
pub fn approval(commitment: Option<Commitment>, anger: Anger, dispute_open: bool) -> Approval {
    match commitment {
        Some(Commitment::Acceptance) if dispute_open => Approval::Frozen,
        Some(Commitment::Acceptance) if anger >= Anger::Angry => Approval::Deliberate(Deliberate::AngryAcceptance),
        Some(Commitment::Refusal) => Approval::Deliberate(Deliberate::Refusal),
        _ => Approval::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::suggestion::{ALTERNATIVE, BASIC_ANSWER, LEGAL_NOTICE, REVIEW_REQUEST};

    fn drafted(template: Option<&str>, assessment: Option<&Assessment>) -> Suggestion {
        let template = template.map(TemplateName::new);
        let grants = grants(template.as_ref(), assessment);
        Suggestion { template, why: String::new(), others: Vec::new(), asks: false, grants }
    }

    #[test]
    fn each_template_mood_and_dispute_has_its_way_to_be_approved() {
        use Approval::{Frozen, Plain};
        let angry = Approval::Deliberate(Deliberate::AngryAcceptance);
        let refusal = Approval::Deliberate(Deliberate::Refusal);
        // Template: calm, angry, calm with a dispute, angry with one.
        for (template, expected) in [
            (ACCEPT, [Plain, angry, Frozen, Frozen]),
            (ACCEPT_IN_PART, [Plain, angry, Frozen, Frozen]),
            (REFUSE, [refusal, refusal, refusal, refusal]),
            (ALTERNATIVE, [Plain, Plain, Plain, Plain]),
            (REVIEW_REQUEST, [Plain, Plain, Plain, Plain]),
            (BASIC_ANSWER, [Plain, Plain, Plain, Plain]),
            (LEGAL_NOTICE, [Plain, Plain, Plain, Plain]),
            // Without an assessment these say what is being looked at.
            (BILLING_ERROR, [Plain, Plain, Plain, Plain]),
            (WITHDRAWAL_RECEIVED, [Plain, Plain, Plain, Plain]),
        ] {
            let kind = commitment(&drafted(Some(template), None));
            let found = [(Anger::Calm, false), (Anger::Angry, false), (Anger::Calm, true), (Anger::Furious, true)]
                .map(|(anger, dispute)| approval(kind, anger, dispute));
            assert_eq!(found, expected, "{template}");
            let moods = [Anger::Calm, Anger::Frustrated, Anger::Angry, Anger::Furious];
            let deliberate = moods.map(|anger| approval(kind, anger, false) != Plain);
            assert_eq!(deliberate[0], deliberate[1], "{template}: impatience is no anger");
            assert_eq!(deliberate[2], deliberate[3], "{template}");
        }
        assert_eq!(commitment(&drafted(None, None)), None, "a text without template commits to nothing we know of");
    }

    #[test]
    fn an_answer_that_grants_what_law_gives_is_an_acceptance() {
        let at = jiff::Timestamp::UNIX_EPOCH;
        let assessed = |outcome: Outcome| Assessment {
            at,
            purchase: crate::domain::Purchase::NotAsked,
            findings: Vec::new(),
            governing: None,
            corrected: false,
            outcome,
            remedy: None,
            disagreements: Vec::new(),
            clocks: Vec::new(),
            terms: None,
            stage: None,
            warnings: Vec::new(),
            clause: None,
            marketplace: None,
            clues: Default::default(),
        };
        for (template, basis, other) in [
            (BILLING_ERROR, Basis::Billing, Basis::Goodwill),
            (WITHDRAWAL_RECEIVED, Basis::Withdrawal, Basis::Conformity),
        ] {
            let kind = |basis| commitment(&drafted(Some(template), Some(&assessed(Outcome::Eligible(basis)))));
            assert_eq!((kind(basis), kind(other)), (Some(Commitment::Acceptance), None), "{template}");
        }
    }
}
