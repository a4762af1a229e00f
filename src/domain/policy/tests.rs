//! Reading the policy file.

use super::*;
use crate::domain::Basis;
use crate::domain::asset::Asset;
use crate::domain::verdict::{Fact, Given, Intent};

fn asset(text: &str) -> Asset {
    Asset { name: "policy.toml".into(), origin: "rules/policy.toml".into(), bytes: text.as_bytes().to_vec() }
}

fn mistake(text: &str) -> String {
    Policy::load(&asset(text)).unwrap_err().to_string()
}

const CLAUSE: &str = "[[clause]]\nid = \"returns\"\nvalid_from = 2026-01-01\nurl = \"https://shop.example/r\"\ntext = { fr = \"Trente jours.\", en = \"Thirty days.\" }\n";

#[test]
fn the_order_of_the_file_is_the_order_of_asking() {
    let policy = Policy::load(&asset("[needed]\nrefund_request = [\"product\", \"order_number\"]\n")).unwrap();
    let given = Given::default();
    assert_eq!(policy.missing(Intent::RefundRequest, &given), vec![Fact::Product, Fact::OrderNumber]);
    assert_eq!(policy.missing(Intent::RefundNotReceived, &given), Vec::new());
}

#[test]
fn the_shipped_policy_is_what_an_empty_file_means() {
    let shipped = Asset {
        name: "policy.toml".into(),
        origin: "rules/policy.toml".into(),
        bytes: include_bytes!("../../../rules/policy.toml").to_vec(),
    };
    let policy = Policy::load(&shipped).unwrap();
    assert_eq!(Policy { needed: Policy::default().needed, ..policy.clone() }, Policy::default());
    assert_eq!(Policy::load(&asset("")).unwrap(), Policy::default());
    assert!(policy.warnings().iter().any(|line| line.contains("L616-1")));
}

#[test]
fn everything_that_can_be_set_arrives() {
    let text = format!(
        "law = \"none\"\ninforms_of_withdrawal = false\ncustomer_pays_return = false\nquote_legal_clocks = true\n{CLAUSE}{}",
        r#"
[[family]]
name = "food"
products = ["thé", "chocolat"]
no_withdrawal = "L221-28 4°"
[[window]]
family = "food"
days = 0
clause = "returns"
[[window]]
days = 30
clause = "returns"
fee_percent = 10
[fees]
goodwill = 5
[methods]
goodwill = "store_credit"
[promises]
processing_days = 3
bank_days = 4
answer_within_hours = 8
[[alternative]]
kind = "discount"
on_top = true
cap = "20 EUR"
cap_percent = 15
[[alternative]]
kind = "gift_card"
forbidden = true
[mediator]
name = "Médiation"
url = "https://mediation.example"
[[marketplace]]
name = "Grand Marché"
domains = ["relay.market.example"]
answer_within_hours = 24
acknowledge = false
[[measure]]
reason = "defective"
text = { fr = "Chaque bouilloire est essayée." }
[roles]
refuse = ["anne"]
accept = ["anne"]
accept_up_to = "50 EUR"
safety = "paul"
[stance]
refusal_offers = "any"
alternative = "before"
apology = "experience"
refusal_length = "full"
perks_to_flagged = true
"#
    );
    let policy = Policy::load(&asset(&text)).unwrap();
    assert_eq!(policy.law, Law::None);
    assert!(!policy.informs_of_withdrawal && !policy.customer_pays_return && policy.quote_legal_clocks);
    let [food, rest] = policy.windows.as_slice() else { panic!("{:?}", policy.windows) };
    assert_eq!((food.days, food.fee_percent, food.no_withdrawal.as_deref()), (0, 5, Some("L221-28 4°")));
    assert_eq!((rest.days, rest.fee_percent, rest.family.as_deref()), (30, 10, None));
    assert_eq!(policy.promises, Promises { processing_days: 3, bank_days: 4, answer_within_hours: 8 });
    assert_eq!(policy.alternatives.len(), 1, "what is forbidden is not offered");
    assert_eq!(policy.alternatives.first().unwrap().cap.as_ref().unwrap().to_string(), "20.00 EUR");
    assert_eq!(policy.method_for(Basis::Goodwill), "store_credit");
    assert_eq!(policy.stance.alternative, AlternativeStance::Before);
    assert_eq!(policy.roles.safety.as_deref(), Some("paul"));
    let relay = crate::domain::Email::parse("x@fr.relay.market.example").unwrap();
    assert_eq!(policy.marketplace_of(&relay).unwrap().name, "Grand Marché");
    assert!(policy.marketplace_of(&crate::domain::Email::parse("x@notrelay.market.example").unwrap()).is_none());
}

#[test]
fn a_mistake_names_line_and_key_and_what_may_stand_there() {
    for (text, said) in [
        (
            "[needed]\nother = []\nrefund_request = [\"size\"]\n".to_owned(),
            ":3: `size` is no fact: write one of order_number, purchase_date, product, reason, announced_date",
        ),
        ("[neded]\n".into(), ":1: unknown key `neded`: did you mean `needed`?"),
        (
            "[promises]\nproces_days = 3\n".into(),
            ":2: unknown key `promises.proces_days`: did you mean `processing_days`?",
        ),
        ("law = \"de\"\n".into(), ":1: `law`: “de” is not known; write one of fr, none"),
        ("[promises]\nprocessing_days = \"five\"\n".into(), ":2: `processing_days`: invalid type"),
        ("[fees]\nwithdrawal = 10\n".into(), ":2: `fees.withdrawal`: a fee on withdrawal is not allowed"),
        ("[fees]\nconformity = 1\n".into(), ":2: `fees.conformity`: nothing may be kept"),
        ("[fees]\ngoodwill = 101\n".into(), ":2: `fees.goodwill`: 101 % is not possible"),
        (
            "[promises]\nprocessing_days = 11\n".into(),
            ":2: `promises.processing_days`: 11 business days are more than the 14 days",
        ),
        (CLAUSE.replace(", en = \"Thirty days.\"", "") + CLAUSE, ":1: clause `returns` has no `text.en`"),
        (
            CLAUSE.replace("text = { fr = \"Trente jours.\", en = \"Thirty days.\" }\n", ""),
            ":1: clause `returns` has no `text.fr`",
        ),
        (CLAUSE.replace("Trente jours.", " "), ":5: `clause.text.fr` is empty"),
        (CLAUSE.replace("url = \"https://shop.example/r\"\n", ""), ":1: clause `returns` has no `url`"),
        (CLAUSE.replace("https://shop.example/r", "shop"), ":4: `clause.url`: write an address like"),
        (CLAUSE.replace("2026-01-01", "\"January\""), ":3: `clause.valid_from`: write a day like 2026-01-31"),
        (format!("{CLAUSE}{CLAUSE}"), ":8: `clause.valid_from`: two clauses `returns` are valid from 2026-01-01"),
        (
            "[[window]]\nfamily = \"food\"\ndays = 3\n".into(),
            ":2: `window.family`: there is no family `food`: add a [[family]]",
        ),
        (
            "[[window]]\ndays = 3\nclause = \"return\"\n".to_owned() + CLAUSE,
            ":3: `window.clause`: there is no clause `return`: did you mean `returns`?",
        ),
        ("[[window]]\ndays = 3\n[[window]]\ndays = 4\n".into(), ":3: `window`: two windows of everything else"),
        ("[[window]]\ndays = -3\n".into(), ":2: `window.days`: -3 is out of range"),
        ("[[family]]\nname = \"food\"\n".into(), ":2: family `food` has no window"),
        (
            "[[family]]\nname = \"food\"\nno_withdrawal = \"because\"\n[[window]]\nfamily = \"food\"\ndays = 0\n"
                .into(),
            ":3: `family.no_withdrawal`: only the law's exceptions",
        ),
        (
            "[[family]]\nname = \"news\"\nsupplied_months = 0\n[[window]]\nfamily = \"news\"\ndays = 0\n".into(),
            ":3: `family.supplied_months`: leave it out",
        ),
        (
            "[[alternative]]\nkind = \"discount\"\nforbidden = true\non_top = true\n".into(),
            ":1: alternative `discount` is both `forbidden` and allowed",
        ),
        ("[[alternative]]\nkind = \"discount\"\n".into(), ":1: alternative `discount` is neither allowed"),
        (
            "[[alternative]]\nkind = \"discont\"\n".into(),
            ":2: `alternative.kind`: “discont” is not known; did you mean `discount`?",
        ),
        (
            "[[alternative]]\nkind = \"discount\"\non_top = true\ncap = \"much\"\n".into(),
            ":4: `alternative.cap`: write an amount like",
        ),
        (
            "[stance]\nalternative = \"first\"\n".into(),
            ":2: `stance.alternative`: “first” is not known; write one of beside, before, after_acceptance",
        ),
        ("[mediator]\nname = \"M\"\n".into(), ":1: missing field `url`"),
        ("[[marketplace]]\nname = \"M\"\ndomains = []\n".into(), ":3: `marketplace.domains` is empty"),
        ("[methods]\ngodwill = \"x\"\n".into(), ":2: unknown key `methods.godwill`: did you mean `goodwill`?"),
        (
            "[roles]\naccept_up_to = \"50 EUR\"\n".into(),
            ":2: `roles.accept_up_to`: everybody accepts any amount: name in `accept` who may go above it",
        ),
        ("roles = 3\n".into(), ":1: `roles` takes a table: write [roles]"),
        ("[clause]\nid = \"x\"\n".into(), ":1: `clause` is a list of tables: write [[clause]]"),
    ] {
        let error = mistake(&text);
        assert!(error.starts_with(&format!("rules/policy.toml{said}")), "{error}\nfor {text}");
    }
}

#[test]
fn a_shop_that_answers_in_two_languages_has_its_clauses_in_both() {
    let french = CLAUSE.replace(", en = \"Thirty days.\"", "");
    assert!(Policy::load(&asset(&french)).is_ok());
    let error = Policy::load_in(&asset(&french), &["fr".into(), "en".into()]).unwrap_err().to_string();
    assert!(error.contains("clause `returns` has no `text.en`"), "{error}");
}

#[test]
fn the_clause_in_force_is_the_last_one_before_the_order() {
    let newer = CLAUSE.replace("2026-01-01", "\"2026-06-01\"").replace("Thirty", "Sixty");
    let policy = Policy::load(&asset(&format!("{CLAUSE}{newer}"))).unwrap();
    let text = |day: &str| policy.clause_on("returns", day.parse().unwrap()).map(|clause| clause.text["en"].clone());
    assert_eq!(text("2025-12-31"), None);
    assert_eq!(text("2026-05-31").as_deref(), Some("Thirty days."));
    assert_eq!(text("2026-06-01").as_deref(), Some("Sixty days."));
}
