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
        ("refund_request = 2.0", "refund_request = nan", "between -1000 and 1000, not NaN"),
        ("refund_request = 2.0", "refund_request = -inf", "between -1000 and 1000, not -inf"),
        ("[define]", "[[cue]]\nname = \"w\"\nwords = [\"x\"]\nproduct = 1e9\n[define]", "between -1000 and 1000"),
        (r"\b{back}\b", "(", "regular expression"),
        (r"\b{back}\b", r"\b|{back}", "even where nothing stands"),
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

/// What a rule with these expressions finds in the body, in the folded text.
fn found<'a>(patterns: &[&str], text: &'a Folded) -> Vec<&'a str> {
    let chains: Vec<Vec<Chain>> =
        vec![patterns.iter().flat_map(|pattern| needles::chains(&needles::parse(pattern).unwrap())).collect()];
    let places = Places::of(chains.iter()).unwrap().within(text.text());
    let expression = Expression::of(&either(patterns)).unwrap();
    let (mut found, mut from) = (Vec::new(), 0);
    for place in &places {
        from = from.max(place.begins.start);
        while let Some(range) = expression.find(text.text(), from..place.begins.end, place.end, &mut expression.cache())
        {
            from = range.end;
            found.push(&text.text()[range]);
        }
    }
    found
}

#[test]
fn whatever_operators_write_is_found_wherever_it_stands() {
    const TEXTS: &[&str] = &[
        "i want a refund",
        "_refund -refund xrefund 9-refund 12refund",
        "refund me please, or money back. the refund you promised: 40 pounds, £ 40",
        "please refund! please! never ever, not ever, ever",
        "cafe élève naïf œuvre 12,50 € remboursez-moi",
        "a b c abc aabbcc xx xy foo barfoo foo-bar",
        "order no 12345, no. 67, ref 12-34-56",
        "",
        "refund",
    ];
    const PATTERNS: &[&[&str]] = &[
        &[r"(?:\b|_)refund"],
        &[r"(?:\b|-)refund"],
        &[r"[0-9]-?(?:\b|x)refund"],
        &[r"(?:\b|_|-)(?:re|x)fund"],
        &[r"^refund", r"refund$"],
        &[r"^(?:i|please)\b.{0,40}refund"],
        &[r"(?i)REFUND|Money"],
        &[r"\Brefund"],
        &[r"\b-refund", r"\b[^a-z ]refund"],
        &[r"(?:the |a )?(?:my )?refund(?: me)?(?: please)?"],
        &[r"(?:never |not ){1,3}ever", r"ever{1,2}"],
        &[r"[0-9]{2,}", r"[0-9]{1,3}(?:-[0-9]{2})*"],
        &[r"(?:£ ?[0-9]+|[0-9]+ ?(?:pounds|€))(?: .{0,9}back)?"],
        &[r"(?:a|ab|abc|[a-z]+foo)(?:-bar| b)?"],
        &[r"abc|ab", r"a(?:abb|a)"],
        &[r"(?:(?:x|y)y?|foo)+"],
        &[r"(?:|-|\b)(?:|x)foo"],
        &[r"(?:\b|[^a-z])(?:\b|[^a-z])foo"],
        &[r"\w+foo|foo\b"],
        &[r"no\.? ?(?:\w+ )?[0-9]+"],
        &[r"(?s).b", r"[^a-z]b"],
        &[r"(?:please|refund)[!,.]? (?:.{0,10}(?:please|money|never))?"],
        &[r"(order|ref) (no )?([0-9]+)"],
        &[r"(?:el|na).{1,2}(?:ve|f)"],
        &[r"\b(?:ever|never)\b[^.!?]{0,12}\bever\b", r"ever"],
    ];
    let mut count = 0;
    for patterns in PATTERNS {
        let plain = regex::bytes::RegexBuilder::new(&either(patterns)).unicode(false).build().unwrap();
        for text in TEXTS {
            let text = Folded::new(text);
            let everywhere: Vec<&str> =
                plain.find_iter(text.text().as_bytes()).map(|found| &text.text()[found.range()]).collect();
            assert_eq!(found(patterns, &text), everywhere, "{patterns:?} in {:?}", text.text());
            count += everywhere.len();
        }
    }
    assert!(count > 100, "{count}");
}

#[test]
fn beginnings_that_double_are_not_taken_apart_for_ever() {
    let pattern = r"(?:|\b|[^a]*)".repeat(25) + "foo";
    assert!(needles::chains(&needles::parse(&pattern).unwrap()).len() < 200);
    let long = format!("{}[a-z]*{}", "(?:".repeat(16), ")*".repeat(16)).repeat(2) + "foo";
    assert_eq!(needles::chains(&needles::parse(&long).unwrap()).len(), 1, "no sum overflows");
}

#[test]
fn a_stretch_too_long_for_the_backtracker_is_searched_all_the_same() {
    let text = "refund ".to_owned() + &"a".repeat(1 << 20) + " please";
    let expression = Expression::of("refund [a-z]+ please").unwrap();
    let far = expression.find(&text, 0..1, text.len(), &mut expression.cache());
    assert!(far.is_some_and(|found| found.start == 0 && found.end > 1 << 20));
    assert_eq!(expression.find(&text, 1..9, text.len(), &mut expression.cache()), None, "it begins earlier");
    assert_eq!(expression.find(&text, 4..9, 2, &mut expression.cache()), None);
}
