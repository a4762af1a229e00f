//! What an operator should know of a policy that is valid all the same.

use super::{Law, Policy};

impl Policy {
    /// What is missing or without effect, a sentence each, with what to do.
    pub fn warnings(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.law == Law::Fr && self.mediator.is_none() {
            found.push("the policy names no consumer mediator (L616-1): add [mediator] with name and url".to_owned());
        }
        for window in self.windows.iter().filter(|window| window.clause.is_empty()) {
            let of = window.family.as_deref().unwrap_or("everything else");
            found.push(format!(
                "the policy's window of {of} names no clause: a refusal is never suggested for it; add [[clause]] and `clause`"
            ));
        }
        for (basis, method) in &self.methods {
            if self.law == Law::Fr && basis.is_statutory() && method != "original" {
                found.push(format!(
                    "the policy's methods.{} = \"{method}\" needs each customer's own agreement (L221-24, L217-17): suggestions say original",
                    basis.as_str()
                ));
            }
        }
        if self.law == Law::Fr && !self.informs_of_withdrawal {
            found.push("informs_of_withdrawal = false: customers may withdraw for 12 months more (L221-20)".to_owned());
        }
        found
    }
}
