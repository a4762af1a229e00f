//! Scratch: trains and prints the report.
#![allow(missing_docs, clippy::unwrap_used)]
use guichet::adapters::assets::{Assets, Kind};
use guichet::domain::Asset;
use guichet::triage::{corpus, learning::train::train, rules::RuleSet};
fn main() {
    let mut paths: Vec<_> = std::fs::read_dir("models/corpus")
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "jsonl"))
        .collect();
    paths.sort();
    let files: Vec<Asset> = paths
        .iter()
        .map(|p| Asset { name: String::new(), origin: p.display().to_string(), bytes: std::fs::read(p).unwrap() })
        .collect();
    let rows: Vec<_> = files.iter().flat_map(|f| corpus::parse(f).unwrap()).collect();
    let rules = RuleSet::load(&Assets::built_in().load(Kind::Rules).unwrap()).unwrap_or_else(|e| panic!("{e}"));
    println!("rules {}", rules.len());
    let t = std::time::Instant::now();
    for r in &rows {
        std::hint::black_box(guichet::triage::analysis::Analysis::of(&rules, &r.subject, &r.body, &r.attachments));
    }
    println!("analysis {:?} per mail", t.elapsed() / rows.len() as u32);
    let trained = train(&rows, &rules, corpus::digest(&files)).unwrap();
    println!("{:?}", t.elapsed());
    println!("CV\n{}", trained.cross_validation);
    println!("TEST\n{}", trained.test);
    for (task, s) in &trained.models {
        println!(
            "{} {} bytes thr {}",
            task.as_str(),
            guichet::triage::learning::train::Trained::file(*task, s).len(),
            s.model.threshold
        );
    }
}
