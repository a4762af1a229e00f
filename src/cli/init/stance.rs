//! The choices that good advice leaves to the shop: asked, and written with what each word means.

use std::fmt::Write as _;

use super::ask::Questions;

/// One key of `[policy.stance]`.
struct Choice {
    key: &'static str,
    question: &'static str,
    /// As written, and what it means; the first is the default.
    words: &'static [(&'static str, &'static str)],
}

const CHOICES: &[Choice] = &[
    Choice {
        key: "refusal_offers",
        question: "What a refusal may offer",
        words: &[
            ("non_monetary", "help, a repair, an exchange: nothing of money's worth"),
            ("none", "nothing"),
            ("any", "a discount or a voucher as well; some hold that improper in a refusal"),
        ],
    },
    Choice {
        key: "alternative",
        question: "Where an alternative stands",
        words: &[
            ("beside", "beside the money, the customer chooses"),
            ("before", "before the money, where only your goodwill gives it"),
            ("after_acceptance", "once the refund is accepted"),
        ],
    },
    Choice {
        key: "apology",
        question: "What you say sorry for",
        words: &[
            ("fault_when_proven", "your mistake, where the order proves it"),
            ("experience", "the customer's experience, never a mistake"),
        ],
    },
    Choice {
        key: "refusal_length",
        question: "How long a refusal is",
        words: &[("short", "reason, clause, way on"), ("full", "with what was looked at")],
    },
    Choice {
        key: "perks_to_flagged",
        question: "Advantages for customers with warnings",
        words: &[("false", "such as many refunds: none"), ("true", "as for everybody")],
    },
];

/// What was chosen, by key, in the order of the questions.
pub struct Stance(Vec<&'static str>);

impl Stance {
    /// The default of each.
    pub fn usual() -> Self {
        Self(CHOICES.iter().filter_map(|choice| choice.words.first()).map(|(word, _)| *word).collect())
    }

    /// Asks; whoever wants the usual answers one question.
    pub fn ask(questions: &mut Questions) -> anyhow::Result<Self> {
        println!("\nRefunds: the law comes first in any case. Where good advice disagrees, you choose.");
        if questions.choice("Take the usual choices", &["yes", "no"])? == "yes" {
            return Ok(Self::usual());
        }
        let asked = CHOICES.iter().map(|choice| {
            for (word, meaning) in choice.words {
                println!("  {word}: {meaning}");
            }
            questions.one_of(choice.question, choice.words.iter().map(|(word, _)| *word).collect())
        });
        asked.collect::<anyhow::Result<_>>().map(Self)
    }

    /// The table of the configuration.
    pub fn render(&self) -> String {
        let mut text =
            "# Where good advice disagrees, you choose. What the law gives is never touched by it.\n".to_owned();
        text += "[policy.stance]\n";
        for (choice, chosen) in CHOICES.iter().zip(&self.0) {
            let _ = writeln!(text, "# {}:", choice.question);
            for (word, meaning) in choice.words {
                let _ = writeln!(text, "#   {word}: {meaning}");
            }
            let quote = if matches!(*chosen, "true" | "false") { "" } else { "\"" };
            let _ = writeln!(text, "{} = {quote}{chosen}{quote}", choice.key);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::{self, StanceChoices};

    #[test]
    fn every_word_that_can_be_chosen_is_one_the_configuration_knows() {
        let most = CHOICES.iter().map(|choice| choice.words.len()).max().unwrap();
        for n in 0..most {
            let chosen = CHOICES.iter().map(|choice| choice.words[n.min(choice.words.len() - 1)].0).collect();
            let table: toml::Table = Stance(chosen).render().parse().unwrap();
            let read: StanceChoices = table["policy"]["stance"].clone().try_into().unwrap();
            let default = policy::Stance::default();
            assert_eq!(n == 0, read.over(default) == default, "the first words are the defaults");
        }
    }
}
