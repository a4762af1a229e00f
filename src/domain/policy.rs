//! The shop's policy, as far as the verdict and the suggestion need it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::verdict::{Fact, Given, Intent};

/// Which facts a kind of request needs before a person can decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Needed facts per intent; an intent that is absent needs nothing.
    pub needed: BTreeMap<Intent, Vec<Fact>>,
}

impl Default for Policy {
    /// The defaults of the labelling guide.
    fn default() -> Self {
        Self {
            needed: BTreeMap::from([
                (Intent::RefundRequest, vec![Fact::OrderNumber, Fact::PurchaseDate, Fact::Product, Fact::Reason]),
                (Intent::RefundNotReceived, vec![Fact::OrderNumber, Fact::AnnouncedDate]),
            ]),
        }
    }
}

impl Policy {
    /// The needed facts that are not there, in the policy's order.
    pub fn missing(&self, intent: Intent, given: &Given) -> Vec<Fact> {
        let needed = self.needed.get(&intent).map_or(&[][..], Vec::as_slice);
        needed.iter().copied().filter(|fact| !given.has(*fact)).collect()
    }
}
