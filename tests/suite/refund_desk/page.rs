//! The situations as tables of a document.

use serde_json::Value;

use super::situation::{Situation, Theme};

/// Every theme with its table.
pub fn tables(themes: &[Theme]) -> String {
    let count: usize = themes.iter().map(|theme| theme.situation.len()).sum();
    let mut page = format!("{count} situations.\n");
    for theme in themes {
        page += &format!("\n### {}\n\n{}\n\n", theme.theme, theme.about);
        page += "| situation | judged | known | grounds, and what follows | draft; others; warnings |\n|---|---|---|---|---|\n";
        for situation in &theme.situation {
            page += &row(situation);
        }
    }
    page
}

fn row(situation: &Situation) -> String {
    let cells = [
        cell(&situation.shows),
        cell(&judged(situation)),
        cell(&known(situation)),
        cell(&follows(situation)),
        cell(&draft(situation)),
    ];
    format!("| {} |\n", cells.join(" | "))
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn judged(situation: &Situation) -> String {
    let judged = &situation.judged;
    let mut words = vec![judged.intent.clone(), judged.anger.clone(), judged.reason.clone()];
    words.extend(judged.signals.iter().cloned());
    words.extend(judged.unsure.then(|| "unsure".to_owned()));
    words.extend(situation.given.then(|| "(given)".to_owned()));
    words.retain(|word| !word.is_empty());
    words.join(", ")
}

fn known(situation: &Situation) -> String {
    let mut words = vec![format!("today {}", situation.today)];
    let mails = situation.mail.len();
    words.extend((mails > 1).then(|| format!("{mails} messages")));
    for mail in &situation.mail {
        words.extend(mail.attached.iter().map(|name| format!("attached `{name}`")));
        words.extend((!mail.from.contains("claire@")).then(|| format!("from `{}`", mail.from)));
    }
    match &situation.order {
        Value::Object(facts) => {
            let mut facts: Vec<(&String, &Value)> = facts.iter().collect();
            facts.sort_by_key(|(key, _)| place(key));
            words.extend(facts.into_iter().map(|(key, value)| format!("{} {}", key.replace('_', " "), plain(value))));
        }
        other => words.push(format!("order {}", plain(other))),
    }
    let changed = situation.policy.iter().map(|(key, value)| format!("policy: `{key} = {value}`").replace('\n', " "));
    words.extend(changed);
    let history = &situation.history;
    let refunded = history.earlier.iter().filter(|case| case.refunded).count();
    let refused = history.earlier.iter().filter(|case| case.refused).count();
    for (count, what) in [
        (history.open.len(), "other open cases"),
        (refunded, "earlier refunds"),
        (refused, "earlier refusals"),
        (history.same_order.len(), "other addresses on the order"),
    ] {
        words.extend((count > 0).then(|| format!("{count} {what}")));
    }
    words.extend(situation.corrected.as_ref().map(|basis| format!("a reviewer set {basis}")));
    words.join("; ")
}

/// As it happened: what comes first is told first.
fn place(key: &str) -> usize {
    const FIRST: &[&str] = &[
        "product",
        "ordered",
        "charges",
        "promised_on",
        "shipped",
        "delivered",
        "parcels",
        "cancelled_on",
        "returned_on",
    ];
    FIRST.iter().position(|first| *first == key).unwrap_or(FIRST.len())
}

/// A fact without the marks of its notation.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" and "),
        Value::Object(fields) => {
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| place(key));
            let told = fields.into_iter().map(|(key, value)| match value {
                Value::Bool(true) => key.replace('_', "-"),
                _ => plain(value),
            });
            told.collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}

fn follows(situation: &Situation) -> String {
    let then = &situation.then;
    let mut words = then.bases.join(", ");
    if !words.is_empty() {
        words += "; ";
    }
    words += &format!("**{}**", then.outcome);
    if then.repair_first {
        words += ", repair or replacement first";
    }
    for differs in &then.differs {
        words += &format!("; differs: {differs}");
    }
    words
}

fn draft(situation: &Situation) -> String {
    let then = &situation.then;
    let name = |name: &String| format!("`{name}`");
    let draft = if then.draft.is_empty() { "none".to_owned() } else { format!("**`{}`**", then.draft) };
    let others: Vec<String> = then.others.iter().map(name).collect();
    let warnings: Vec<String> = then.warnings.iter().map(|warning| format!("⚠ {warning}")).collect();
    [vec![draft], others, warnings].concat().join("; ")
}
