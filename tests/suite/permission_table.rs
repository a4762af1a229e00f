//! May a machine answer? One table: a row a rule of the design's section 8, under the name that it has there. Mails are
//! bytes, read by the real reader; what is decided in a conversation is played with the real intake and store.
//!
//! Each row has what the rule stops and the nearest neighbour that it lets through. [`RULES`] is the section, rule by
//! rule: a rule without a row fails, and so does a row without a rule.

mod form;
mod held;
mod machine;
mod row;
mod rules;
mod stories;

use guichet::domain::CaseFlag;
use guichet::ports::store::OutboxFilter;

use crate::loops::counter::Counter;

use row::{Row, Tried, shop};
use rules::RULES;

fn table() -> Vec<Row> {
    [machine::rows(), held::rows(), form::rows()].into_iter().flatten().collect()
}

#[test]
fn the_table_has_a_row_for_each_rule_of_the_design_and_no_other() {
    let rules: Vec<&str> = RULES.iter().flat_map(|(_, rules)| rules.iter().copied()).collect();
    let mut rows: Vec<&str> = table().iter().map(|row| row.rule).collect();
    let missing: Vec<&&str> = rules.iter().filter(|rule| !rows.contains(rule)).collect();
    assert!(missing.is_empty(), "rules without a row: {missing:#?}");
    let unknown: Vec<&&str> = rows.iter().filter(|rule| !rules.contains(rule)).collect();
    assert!(unknown.is_empty(), "rows without a rule: {unknown:#?}");
    assert_eq!(rows, rules, "the rows stand in the order of the design, each once");
    rows.sort_unstable();
    rows.dedup();
    assert_eq!(rows.len(), rules.len(), "a rule has one row");
    println!("{} rules, a row each", rules.len());
}

#[test]
fn a_rule_stops_its_mail_and_lets_the_nearest_neighbour_through() {
    let mut wrong = Vec::new();
    for row in table() {
        for trial in row.mails().into_iter().flatten() {
            wrong.extend(trial.problem().map(|problem| format!("{}: {problem}", row.rule)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_rule_about_the_conversation_stops_it_and_lets_the_nearest_neighbour_through() {
    for row in table() {
        if let Tried::Story(play) = row.tried {
            println!("{}", row.rule);
            play().await;
        }
    }
}

/// Automated mail is stored and shown, never dropped, and changes no case.
#[tokio::test]
async fn what_the_table_calls_a_machine_is_stored_and_shown_and_answered_by_nobody() {
    let counter = Counter::open_with(crate::loops::SUPPORT, |settings| settings.permission = shop()).await;
    let mut expected = Vec::new();
    for row in table() {
        let Some([stopped, _]) = row.mails() else { continue };
        if let Some(why) = stopped.why_machine().filter(|_| stopped.is_ordinary_place()) {
            counter.receives_bytes(&stopped.bytes(expected.len())).await;
            expected.push(why.to_owned());
        }
    }
    let automated = counter.store().automated(1000).await.unwrap();
    let mut shown: Vec<String> = automated.into_iter().map(|message| message.why).collect();
    shown.sort();
    expected.sort();
    assert_eq!(shown, expected);
    assert_eq!(counter.cases().await, 0);
    assert!(counter.sends().await.is_empty());
}

/// Held mail is judged, drafted and queued like any case.
#[tokio::test]
async fn what_the_table_holds_is_a_case_with_a_draft_and_without_an_acknowledgement() {
    for row in table() {
        let Some([stopped, _]) = row.mails() else { continue };
        let Some(why) = stopped.why_held().filter(|_| stopped.is_ordinary_place()) else { continue };
        let counter = Counter::open_with(crate::loops::SUPPORT, |settings| settings.permission = shop()).await;
        counter.receives_bytes(&stopped.bytes(1)).await;
        let cases = counter.store().cases(10).await.unwrap();
        assert_eq!(cases.len(), 1, "{}", row.rule);
        assert!(cases[0].flags.contains(&CaseFlag::NotAcknowledged(why.into())), "{}: {:?}", row.rule, cases[0].flags);
        assert!(cases[0].verdict.is_some(), "{}", row.rule);
        let file = counter.store().case_file(&cases[0].id).await.unwrap();
        assert!(file.draft.is_some(), "{}: no draft", row.rule);
        assert!(counter.store().outbox(OutboxFilter::Open).await.unwrap().is_empty(), "{}", row.rule);
    }
}
