//! Scores the rules alone on a labelled corpus: `score_rules FOLDER a,b [errors FIELD]`.

use std::collections::BTreeMap;

use guichet::domain::Asset;
use guichet::domain::{Anger, Fact, Intent, Reason, Signal};
use guichet::triage::by_rules::{Judgement, judge_by_rules};
use guichet::triage::facts::{Candidates, facts};
use guichet::triage::prepared::PreparedText;
use guichet::triage::rules::RuleSet;
use serde_json::Value;

/// True positives, false positives, false negatives.
#[derive(Default, Clone, Copy)]
struct Count(u32, u32, u32);

impl Count {
    fn add(&mut self, said: bool, truth: bool) {
        match (said, truth) {
            (true, true) => self.0 += 1,
            (true, false) => self.1 += 1,
            (false, true) => self.2 += 1,
            (false, false) => {}
        }
    }

    fn show(self) -> String {
        let part = |a: u32, b: u32| f64::from(a) / f64::from((a + b).max(1));
        let f1 = 2.0 * f64::from(self.0) / f64::from((2 * self.0 + self.1 + self.2).max(1));
        format!("P {:.3}  R {:.3}  F1 {f1:.3}  ({} true)", part(self.0, self.1), part(self.0, self.2), self.0 + self.2)
    }
}

struct Line {
    mail: Value,
    text: PreparedText,
}

fn lines(folder: &str, parts: &str) -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for language in ["fr", "en"] {
        for part in parts.split(',') {
            let file = format!("{folder}/{language}-{part}.jsonl");
            let content = std::fs::read_to_string(&file)?;
            for line in content.lines() {
                let mail: Value = serde_json::from_str(line)?;
                let word = |key: &str| mail.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
                let attachments = mail.get("attachments").and_then(Value::as_array).into_iter().flatten();
                let names: Vec<String> = attachments.filter_map(Value::as_str).map(str::to_owned).collect();
                lines.push(Line { text: PreparedText::new(&word("subject"), &word("body"), &names), mail });
            }
        }
    }
    Ok(lines)
}

fn text<'a>(mail: &'a Value, key: &str) -> Option<&'a str> {
    mail.get(key).and_then(Value::as_str)
}

fn fact(mail: &Value, fact: Fact) -> Option<&str> {
    mail.get("given").and_then(|given| given.get(fact.as_str())).and_then(Value::as_str)
}

fn count(mail: &Value, judged: &Judgement, found: &Candidates, counts: &mut BTreeMap<String, Count>) {
    let lang = text(mail, "lang").unwrap_or_default();
    let truth = text(mail, "intent").unwrap_or_default();
    let mut add = |label: String, said: bool, truth: bool| {
        counts.entry(format!("{label} all")).or_default().add(said, truth);
        counts.entry(format!("{label} {lang}")).or_default().add(said, truth);
    };
    for intent in Intent::ALL {
        add(format!("1 intent {intent}"), judged.intent == *intent, truth == intent.as_str());
    }
    let anger = mail.get("anger").and_then(Value::as_u64).unwrap_or_default();
    for level in Anger::ALL.iter().skip(1) {
        let level = level.level();
        add(format!("2 anger>={level}"), judged.anger.level() >= level, anger >= u64::from(level));
    }
    if truth == Intent::RefundRequest.as_str() {
        for (at, reason) in Reason::ALL.iter().enumerate() {
            let best = judged.reason_scores.iter().copied().fold(f32::MIN, f32::max);
            let first = judged.reason_scores.iter().position(|score| *score >= best) == Some(at);
            add(format!("3 reason {reason}"), first, text(mail, "reason") == Some(reason.as_str()));
        }
    }
    if let Some(signals) = mail.get("signals").and_then(Value::as_array) {
        for signal in Signal::ALL {
            let truth = signals.iter().any(|s| s.as_str() == Some(signal.as_str()));
            add(format!("4 signal {signal}"), judged.signals.contains(signal), truth);
        }
    }
    for kind in [Fact::OrderNumber, Fact::PurchaseDate, Fact::Product] {
        let said = found.best(kind).is_some_and(|best| best.score >= guichet::triage::facts::THRESHOLD);
        add(format!("5 fact {kind}"), said, fact(mail, kind).is_some());
    }
    if truth == Intent::RefundNotReceived.as_str() {
        let said = found.best(Fact::AnnouncedDate).is_some_and(|best| best.score >= guichet::triage::facts::THRESHOLD);
        add("5 fact announced_date".into(), said, fact(mail, Fact::AnnouncedDate).is_some());
    }
}

fn explain(line: &Line, judged: &Judgement, rules: &RuleSet, found: &Candidates, field: &str) {
    let mail = &line.mail;
    let show = |said: String, truth: String| {
        if said != truth {
            println!("{} {field}: said {said}, is {truth}", text(mail, "id").unwrap_or_default());
            println!("   [{}] {}", line.text.subject.original(), line.text.body.original().replace('\n', " / "));
        }
        said != truth
    };
    match Fact::from_label(field) {
        Some(kind) => {
            let truth = fact(mail, kind);
            if kind == Fact::AnnouncedDate && text(mail, "intent") != Some(Intent::RefundNotReceived.as_str()) {
                return;
            }
            let best = found.best(kind);
            let said = best.filter(|best| best.score >= guichet::triage::facts::THRESHOLD);
            if said.is_some() == truth.is_some() {
                return;
            }
            show(format!("{:?}", said.map(|c| &c.words)), format!("{truth:?}"));
            let mut shown: Vec<_> = found.of(kind).collect();
            shown.sort_by(|a, b| b.score.total_cmp(&a.score));
            for candidate in shown.into_iter().take(5) {
                let cues = candidate.context.iter().map(|near| {
                    let name = rules.vocabulary().cues().get(usize::from(near.cue)).map_or("?", |cue| &cue.name);
                    format!("{name}{}{}", if near.before { '<' } else { '>' }, near.distance)
                });
                println!(
                    "     {:.2} {:?} {} {:?}",
                    candidate.score,
                    candidate.words,
                    candidate.shape,
                    cues.collect::<Vec<_>>()
                );
            }
        }
        None => {
            let truth = text(mail, field)
                .map_or_else(|| mail.get(field).map(Value::to_string).unwrap_or_default(), str::to_owned);
            let wrong = match field {
                "intent" => show(judged.intent.to_string(), truth),
                "anger" => show(judged.anger.level().to_string(), truth),
                "reason" => {
                    judged.reason.is_some() && show(judged.reason.map(|r| r.to_string()).unwrap_or_default(), truth)
                }
                _ => match Signal::from_label(field) {
                    Some(signal) => {
                        let signals = mail.get("signals").and_then(Value::as_array);
                        let truth = signals.is_some_and(|all| all.iter().any(|s| s.as_str() == Some(signal.as_str())));
                        show(judged.signals.contains(&signal).to_string(), truth.to_string())
                    }
                    None => false,
                },
            };
            if wrong {
                for hit in rules.hits(&line.text) {
                    println!("     {} {:?}{}", hit.name, hit.matched, if hit.negated { " (negated)" } else { "" });
                }
            }
        }
    }
}

/// One JSON object a candidate, for fitting weights elsewhere.
fn dump_candidates(mail: &Value, rules: &RuleSet, found: &Candidates) {
    for candidate in &found.all {
        let cues: Vec<Value> = candidate
            .context
            .iter()
            .map(|near| {
                let name = rules.vocabulary().cues().get(usize::from(near.cue)).map_or("?", |cue| &cue.name);
                serde_json::json!([name, near.before, near.distance])
            })
            .collect();
        let line = serde_json::json!({
            "id": text(mail, "id"), "intent": text(mail, "intent"), "fact": candidate.fact.as_str(), "truth": fact(mail, candidate.fact),
            "words": candidate.words, "shape": candidate.shape, "score": candidate.score, "cues": cues,
        });
        println!("{line}");
    }
}

/// The packs of the working tree, so that an edit needs no build.
fn packs(folder: &str) -> anyhow::Result<Vec<Asset>> {
    let mut packs = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        packs.push(Asset { name, origin: path.display().to_string(), bytes: std::fs::read(&path)? });
    }
    Ok(packs)
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, parts, rest @ ..] = arguments.as_slice() else {
        anyhow::bail!("usage: score_rules FOLDER PARTS [errors FIELD]");
    };
    let rules = RuleSet::load(&packs("rules")?)?;
    let lines = lines(folder, parts)?;
    let mut counts = BTreeMap::new();
    let started = std::time::Instant::now();
    for line in &lines {
        let hits = rules.hits(&line.text);
        let found = facts(&rules, &line.text, &hits);
        let judged = judge_by_rules(&line.text, &hits, &found);
        count(&line.mail, &judged, &found, &mut counts);
        if let [dump] = rest
            && dump == "dump"
        {
            dump_candidates(&line.mail, &rules, &found);
        }
        if let [_, field] = rest {
            explain(line, &judged, &rules, &found, field);
        }
    }
    if rest.is_empty() {
        for (label, count) in &counts {
            println!("{label:42} {}", count.show());
        }
        println!(
            "{} rules, {} mails, {:?} a mail",
            rules.len(),
            lines.len(),
            started.elapsed() / u32::try_from(lines.len().max(1))?
        );
    }
    Ok(())
}
