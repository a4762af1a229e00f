//! How precise the rules are that set a floor under the anger, on the training part of the shipped corpus.
//!
//! `cargo run --release --example anger_floors`: for each rule with an `anger_floor`, the mails in which it counts (not
//! denied, not quoted), the share of them annotated at least that angry, and the words that were wrong with their mails.

use std::collections::BTreeMap;

use guichet::adapters::assets::{Assets, Kind};
use guichet::triage::corpus::{Split, parse};
use guichet::triage::prepared::PreparedText;
use guichet::triage::rules::RuleSet;

/// What one rule did.
#[derive(Default)]
struct Tally {
    floor: u8,
    mails: usize,
    right: usize,
    wrong: Vec<String>,
}

fn main() -> anyhow::Result<()> {
    let rules = RuleSet::load(&Assets::built_in().load(Kind::Rules)?)?;
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for file in Assets::corpus() {
        for row in parse(&file)?.into_iter().filter(|row| row.split == Split::Train) {
            let mut counted: Vec<usize> = Vec::new();
            for hit in rules.hits(&PreparedText::new(&row.subject, &row.body, &row.attachments)) {
                let Some(floor) = hit.anger_floor.filter(|_| !counted.contains(&hit.rule)) else { continue };
                counted.push(hit.rule);
                let tally = tallies.entry(hit.name.to_string()).or_default();
                tally.floor = floor;
                tally.mails += 1;
                if row.anger.level() >= floor {
                    tally.right += 1;
                } else {
                    tally.wrong.push(format!("{} ({})", hit.matched, row.id));
                }
            }
        }
    }
    for (name, tally) in &tallies {
        let share = tally.right as f64 / tally.mails as f64;
        println!("{name:34} {:4} mails, {share:.3} at least {}   {}", tally.mails, tally.floor, tally.wrong.join(", "));
    }
    Ok(())
}
