//! The tree is the architecture: imports point down only, and no cycle exists between modules of a floor.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const FLOORS: &[(&str, u8)] = &[
    ("domain", 0),
    ("failpoint", 0),
    ("reading", 1),
    ("triage", 1),
    ("refund", 1),
    ("reply", 1),
    ("ports", 2),
    ("adapters", 3),
    ("daemon", 4),
    ("desk", 5),
    ("control", 5),
    ("cli", 5),
    ("config", 5),
];

/// Modules that may not be named from a floor although it lies lower: the daemon knows ports only.
const FORBIDDEN: &[(&str, &str)] = &[("daemon", "adapters"), ("desk", "adapters"), ("control", "adapters")];

/// Crates that do I/O or know a clock: not for the pure floors.
const IMPURE: &[&str] =
    &["tokio", "std::fs", "std::net", "std::env", "Timestamp::now", "Instant::now", "SystemTime::now"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn top_module(path: &Path, src: &Path) -> String {
    let first = path.strip_prefix(src).unwrap().components().next().unwrap();
    first.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned()
}

/// Top-level modules named by `crate::…` anywhere in a file, tests included.
fn named_modules(text: &str) -> BTreeSet<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    code.split("crate::")
        .skip(1)
        .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
        .collect()
}

fn floor(module: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

fn imports() -> BTreeMap<String, BTreeSet<(String, String)>> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut imports: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
    for path in files {
        let module = top_module(&path, &src);
        if module == "lib" || module == "main" {
            continue;
        }
        assert!(floor(&module).is_some(), "{module} has no floor: add it to the table");
        let text = std::fs::read_to_string(&path).unwrap();
        for named in named_modules(&text).into_iter().filter(|named| *named != module) {
            let file = path.strip_prefix(&src).unwrap().display().to_string();
            imports.entry(module.clone()).or_default().insert((named, file));
        }
    }
    imports
}

#[test]
fn imports_point_down_only() {
    let mut wrong = Vec::new();
    for (module, named) in imports() {
        for (other, file) in named {
            let (from, to) = (floor(&module), floor(&other));
            if to > from || FORBIDDEN.contains(&(module.as_str(), other.as_str())) {
                wrong.push(format!("{file} names crate::{other}"));
            }
        }
    }
    assert!(wrong.is_empty(), "imports that climb:\n{}", wrong.join("\n"));
}

#[test]
fn no_two_modules_of_a_floor_need_each_other() {
    let imports = imports();
    let needs = |a: &str, b: &str| imports.get(a).is_some_and(|named| named.iter().any(|(other, _)| other == b));
    for (one, _) in FLOORS {
        for (two, _) in FLOORS {
            assert!(one >= two || !(needs(one, two) && needs(two, one)), "{one} and {two} need each other");
        }
    }
}

#[test]
fn the_pure_floors_do_no_io_and_know_no_clock() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    for folder in ["domain", "reading", "triage", "reply"] {
        sources(&src.join(folder), &mut files);
    }
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for word in IMPURE {
                assert!(!line.contains(word), "{}: {line}", path.display());
            }
        }
    }
}
