//! Domains where strangers share a name: `rules/public-mail.toml`.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::domain::Asset;

/// Name of the file below `rules/`.
pub const PUBLIC_MAIL_FILE: &str = "public-mail.toml";

/// Public mail providers: many customers write from one of them, so a cap per domain would be unjust,
/// and a shop that itself writes from one does not own its domain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PublicMail(BTreeSet<String>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    domains: Vec<String>,
}

impl PublicMail {
    /// Reads the list out of the loaded rule files; empty when the file is not among them.
    ///
    /// # Errors
    /// File, place and problem, when it is not valid TOML with one list `domains`.
    pub fn load(rules: &[Asset]) -> Result<Self, String> {
        let Some(asset) = rules.iter().find(|asset| asset.name == PUBLIC_MAIL_FILE) else {
            return Ok(Self::default());
        };
        let file: File = toml::from_str(asset.text()?).map_err(|error| format!("{}: {error}", asset.origin))?;
        let mut domains = BTreeSet::new();
        for domain in file.domains {
            let clean = domain.trim().to_lowercase();
            if clean.contains(['@', '/', '*', ' ']) || !clean.contains('.') {
                return Err(format!("{}: “{domain}” is not a domain", asset.origin));
            }
            domains.insert(clean);
        }
        Ok(Self(domains))
    }

    /// Whether the domain belongs to a public provider.
    pub fn contains(&self, domain: &str) -> bool {
        self.0.contains(&domain.to_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asset(text: &str) -> Asset {
        Asset { name: PUBLIC_MAIL_FILE.into(), origin: "built-in rules/public-mail.toml".into(), bytes: text.into() }
    }

    #[test]
    fn the_shipped_list_is_read() {
        let list = PublicMail::load(&[asset(include_str!("../../../rules/public-mail.toml"))]).unwrap();
        for domain in ["gmail.com", "orange.fr", "Free.fr", "laposte.net", "wanadoo.fr", "gmx.de"] {
            assert!(list.contains(domain), "{domain}");
        }
        assert!(!list.contains("shop.example"));
    }

    #[test]
    fn a_broken_list_names_the_file_and_the_entry() {
        let wrong = PublicMail::load(&[asset("domains = [\"a@gmail.com\"]")]).unwrap_err();
        assert!(wrong.contains("public-mail.toml") && wrong.contains("a@gmail.com"), "{wrong}");
        assert!(PublicMail::load(&[asset("domain = []")]).unwrap_err().contains("public-mail.toml"));
        assert_eq!(PublicMail::load(&[]), Ok(PublicMail::default()));
    }
}
