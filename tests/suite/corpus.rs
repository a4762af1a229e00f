//! The shipped corpus: every line is legal, no id twice, no mail nearly twice, the split as frozen.

use std::collections::BTreeSet;
use std::path::Path;

use guichet::domain::{Asset, Intent, Reason};
use guichet::triage::corpus::{Row, Split, near_duplicates, parse};

fn corpus() -> Vec<Row> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/corpus");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    paths.sort();
    let files = paths.iter().map(|path| Asset {
        name: path.file_name().unwrap().to_string_lossy().into_owned(),
        origin: path.display().to_string(),
        bytes: std::fs::read(path).unwrap(),
    });
    files.flat_map(|file| parse(&file).unwrap_or_else(|error| panic!("{error}"))).collect()
}

#[test]
fn every_row_is_legal_and_every_class_is_there() {
    let rows = corpus();
    let ids: BTreeSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids.len(), rows.len(), "an id stands twice");
    for lang in ["fr", "en"] {
        for split in [Split::Train, Split::Test] {
            let part: Vec<&Row> = rows.iter().filter(|row| row.lang == lang && row.split == split).collect();
            for intent in Intent::ALL {
                assert!(part.iter().any(|row| row.intent == *intent), "{lang} {split:?} lacks {intent}");
            }
            for reason in Reason::ALL {
                assert!(part.iter().any(|row| row.reason == Some(*reason)), "{lang} {split:?} lacks {reason}");
            }
        }
    }
}

#[test]
fn the_split_is_the_frozen_one() {
    let rows = corpus();
    for row in &rows {
        assert_eq!(row.split, Split::of(&row.id), "{}", row.id);
    }
    let test = rows.iter().filter(|row| row.split == Split::Test).count();
    assert!((0.17..0.23).contains(&(test as f32 / rows.len() as f32)), "{test} of {}", rows.len());
}

#[test]
fn no_mail_is_nearly_another() {
    let rows = corpus();
    let pairs = near_duplicates(&rows, 0.5);
    assert!(pairs.is_empty(), "{pairs:#?}");
}
