//! Who may approve what.

use super::Roles;
use crate::domain::Money;

impl Roles {
    /// Whether this person, by sign-in name, approves refusals.
    pub fn may_refuse(&self, name: &str) -> bool {
        stands_in(&self.refuse, name)
    }

    /// Whether this person approves an acceptance of `amount`; one whose amount is not known, or in another currency
    /// than the limit, counts as above it.
    pub fn may_accept(&self, name: &str, amount: Option<&Money>) -> bool {
        stands_in(&self.accept, name) || self.accept_up_to.as_ref().zip(amount).is_some_and(within)
    }
}

fn stands_in(names: &[String], name: &str) -> bool {
    names.is_empty() || names.iter().any(|known| known == name)
}

fn within((limit, amount): (&Money, &Money)) -> bool {
    limit.currency == amount.currency && amount.minor <= limit.minor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_is_everybody_and_a_limit_opens_small_acceptances() {
        let euros = |text: &str| Money::parse(text, "EUR").unwrap();
        let everybody = Roles::default();
        assert!(everybody.may_refuse("ana") && everybody.may_accept("ana", None));
        let named = Roles {
            refuse: vec!["paul".into()],
            accept: vec!["paul".into()],
            accept_up_to: Some(euros("50")),
            safety: None,
        };
        for (name, amount, may) in [
            ("ana", Some(euros("50")), true),
            ("ana", Some(euros("50.01")), false),
            ("ana", Some(Money::parse("50", "USD").unwrap()), false),
            ("ana", None, false),
            ("paul", Some(euros("900")), true),
            ("paul", None, true),
        ] {
            assert_eq!(named.may_accept(name, amount.as_ref()), may, "{name} {amount:?}");
        }
        assert!(!named.may_refuse("ana") && named.may_refuse("paul"));
        let without_limit = Roles { accept_up_to: None, ..named };
        assert!(!without_limit.may_accept("ana", Some(&euros("1"))));
    }
}
