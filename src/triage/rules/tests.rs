use super::*;

const GOOD: &str = r#"
[define]
back = 'rembours\w*|refund\w*'
[[rule]]
name = "asks-back"
pattern = '\b{back}\b'
intent = { refund_request = 2.0 }
negatable = true
must_match = ["Remboursez-moi !", "I want a refund"]
must_not_match = ["Je ne veux pas de remboursement"]
"#;

fn pack(text: &str) -> Asset {
    Asset { name: "10-test.toml".into(), origin: "/etc/guichet/rules/10-test.toml".into(), bytes: text.into() }
}

fn complaint(text: &str) -> String {
    RuleSet::load(&[pack(text)]).unwrap_err().to_string()
}

#[test]
fn a_hit_carries_the_customers_own_words() {
    let rules = RuleSet::load(&[pack(GOOD)]).unwrap();
    let hits = rules.hits(&PreparedText::new("", "Bonjour, REMBOURSÉE svp", &[]));
    assert_eq!(hits.len(), 1);
    assert_eq!((hits[0].matched.as_str(), hits[0].span.clone()), ("REMBOURSÉE", 9..20));
}

#[test]
fn every_complaint_names_file_line_rule_and_sentence() {
    let unmatched = GOOD.replace("I want a refund", "I want my money");
    let said = complaint(&unmatched);
    for part in ["/etc/guichet/rules/10-test.toml", "line 4", "asks-back", "I want my money"] {
        assert!(said.contains(part), "{part} is missing in: {said}");
    }
    assert!(complaint(&GOOD.replace("Je ne veux pas de remboursement", "Refund!")).contains("Refund!"));
}

#[test]
fn mistakes_of_the_operator_are_refused() {
    for (from, to, says) in [
        ("negatable", "negateable", "negateable"),
        ("{back}", "{bakc}", "bakc"),
        ("refund_request = 2.0", "refund = 2.0", "unknown intent"),
        (r"\b{back}\b", "(", "regular expression"),
        ("intent = { refund_request = 2.0 }", "", "no effect"),
        (r#"["Je ne veux pas de remboursement"]"#, "[]", "must_not_match"),
        ("[define]", "[defin", "cannot be read"),
    ] {
        let said = complaint(&GOOD.replace(from, to));
        assert!(said.contains(says), "{says} is missing in: {said}");
    }
    let twice = format!("{GOOD}{}", GOOD.split_once("refund\\w*'").unwrap().1);
    assert!(complaint(&twice).contains("taken"));
}

#[test]
fn definitions_that_multiply_each_other_are_refused_before_they_fill_the_memory() {
    let mut defined = "[define]\n".to_owned();
    for (name, next) in ["a", "b", "c", "d", "e", "f"].into_iter().zip(["b", "c", "d", "e", "f", "back"]) {
        defined += &format!("{name} = '{}'\n", format!("{{{next}}}").repeat(100));
    }
    let said = complaint(&GOOD.replace("[define]", &defined).replace(r"\b{back}\b", "{a}"));
    assert!(said.contains("longer than 100000 bytes"), "{said}");
}

#[test]
fn files_that_are_no_pack_are_left_alone() {
    let other = Asset { name: "policy.toml".into(), origin: "policy.toml".into(), bytes: b"[refund]".to_vec() };
    assert!(RuleSet::load(&[other]).unwrap().is_empty());
}

/// The packs that are shipped.
fn shipped() -> Vec<Asset> {
    static RULES: include_dir::Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/rules");
    let asset = |file: &include_dir::File<'_>| Asset {
        name: file.path().display().to_string(),
        origin: file.path().display().to_string(),
        bytes: file.contents().to_vec(),
    };
    RULES.files().map(asset).collect()
}

#[test]
fn what_is_found_near_its_words_is_what_the_whole_text_holds() {
    let packs = shipped();
    let rules = RuleSet::load(&packs).unwrap();
    let files = packs.iter().filter(|pack| Use::of(&pack.name) == Some(Use::Verdict));
    let sources: Vec<RuleSource> = files.flat_map(|pack| RuleFile::parse(pack).unwrap().rules().unwrap()).collect();
    let sentences: Vec<&str> = sources
        .iter()
        .flat_map(|source| source.must_match.iter().chain(&source.must_not_match))
        .map(String::as_str)
        .collect();
    let mut found = 0;
    for (index, sentences) in sentences.chunks(7).enumerate() {
        let text = sentences.join(if index % 2 == 0 { ". " } else { ", " });
        let text = PreparedText::new("", &text, &[]);
        let hits = rules.hits(&text);
        for (number, rule) in rules.rules.iter().enumerate() {
            let mut everywhere = Vec::new();
            let end = text.body.text().len();
            let whole = [Place { rule: number, begins: 0..end, end }];
            rules.hits_of(number, Part::Body, &text.body, &whole, &mut rule.expression.cache(), &mut everywhere);
            let near: Vec<_> = hits.iter().filter(|hit| hit.rule == number).cloned().collect();
            assert_eq!(near, everywhere, "{} in {:?}", rule.name, text.body.text());
            found += near.len();
        }
    }
    assert!(found > 1000, "{found}");
}
