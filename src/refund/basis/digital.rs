//! The legal guarantee of conformity of digital content and digital services (L224-25-12 to L224-25-23). What is supplied
//! once has periods that begin with the supply; what is supplied over a time is covered for all of that time.

use jiff::civil::Date;

use super::{Ground, told};
use crate::domain::Clue;
use crate::domain::assessment::{Basis, Remedy, Standing};
use crate::refund::Letter;
use crate::refund::scene::Scene;
use crate::refund::workdays::plus_months;

/// How long the trader answers for what was supplied once, in months (L224-25-12).
const MONTHS: i64 = 24;

/// How long a defect of it is presumed to have been there at supply, in months (L224-25-16).
const PRESUMED_MONTHS: i64 = 12;

/// Looks at it. No order source tells the day of supply; that of the order stands for it.
pub fn judged(scene: &Scene<'_>, ordered: Date) -> Ground {
    match supplied_months(scene) {
        Some(months) => over_time(scene, ordered, months),
        None => once(scene, ordered),
    }
}

/// For how many months it is supplied, where the policy says so of all that it is about.
fn supplied_months(scene: &Scene<'_>) -> Option<u16> {
    let mut months = scene.subject.windows.iter().map(|window| window.and_then(|window| window.supplied_months));
    let first = months.next()??;
    months.all(|other| other == Some(first)).then_some(first)
}

fn once(scene: &Scene<'_>, ordered: Date) -> Ground {
    let end = plus_months(ordered, MONTHS);
    let presumed_until = plus_months(ordered, PRESUMED_MONTHS);
    let mut steps =
        vec![format!("supplied {ordered}, if on the day of the order"), format!("+ 24 months = {end}"), told(scene)];
    if scene.notice() > end {
        steps.push("too late for this guarantee, unless the defect showed before".into());
        steps.push(if_over_time());
        return ground(Standing::Expired).until(Some(end)).steps(steps);
    }
    if scene.notice() > presumed_until {
        steps.push(format!(
            "digital: presumed only until {presumed_until}; the customer shows that it was there before"
        ));
        steps.push(if_over_time());
        return ground(Standing::Possible).until(Some(end)).steps(steps);
    }
    let day = (scene.notice() - ordered).get_days();
    steps.push(format!("day {day}: the defect is presumed to have been there at supply (until {presumed_until})"));
    steps.extend(remedy_steps(scene));
    ground(Standing::Applies).until(Some(end)).steps(steps)
}

fn if_over_time() -> String {
    "what is supplied over a time (a subscription) is covered for all of it (L224-25-12, L224-25-16): the policy does not \
     say so of this"
        .into()
}

/// Supplied over a time: covered for all of it, and that it conformed is the trader's to show (L224-25-16).
fn over_time(scene: &Scene<'_>, ordered: Date, months: u16) -> Ground {
    let end = plus_months(ordered, i64::from(months));
    let mut steps = vec![
        format!("supplied {ordered}, if on the day of the order"),
        format!("+ {months} months of supply, by the policy = {end}"),
        told(scene),
    ];
    if scene.notice() > end {
        steps.push("the supply is over, unless it was renewed; a defect that showed before still counts".into());
        return ground(Standing::Possible).until(Some(end)).steps(steps);
    }
    steps.push(format!("supplied over a time: until {end} it is ours to show that it conformed (L224-25-16)"));
    steps.extend(remedy_steps(scene));
    ground(Standing::Applies).until(Some(end)).steps(steps)
}

fn remedy_steps(scene: &Scene<'_>) -> Vec<String> {
    let (remedy, why) = remedy(scene);
    let days = (scene.today - scene.notice()).get_days();
    let waits = remedy == Remedy::RepairOrReplacement && days > 0;
    let delay = format!(
        "asked on {}, {days} days ago: whether that is an unjustified delay a person judges (L224-25-20)",
        scene.notice()
    );
    [Some(why), waits.then_some(delay)].into_iter().flatten().collect()
}

/// What may be claimed first, and why. The law sets no number of days for it (L224-25-20).
pub fn remedy(scene: &Scene<'_>) -> (Remedy, String) {
    if let Some(words) = scene.clue(Clue::RepairFailed) {
        let why = format!(
            "the customer writes “{words}”: after a refused or failed attempt money may be claimed (L224-25-20); check it"
        );
        return (Remedy::Refund, why);
    }
    let why = "first brought into conformity, free and without unjustified delay, no number of days being set; money or a \
               lower price if that is refused, fails, takes too long or is a major inconvenience, or if the defect is grave \
               (L224-25-20)";
    (Remedy::RepairOrReplacement, why.into())
}

/// The day we were told that the contract is ended (L224-25-23): of the first message that tells of a refused or failed
/// attempt, without which it could not be.
pub fn ended_on(scene: &Scene<'_>) -> Date {
    let tells = |letter: &&Letter<'_>| letter.clues.contains_key(&Clue::RepairFailed);
    scene.given.letters.iter().find(tells).map_or(scene.notice(), |letter| letter.on.max(scene.notice()))
}

fn ground(standing: Standing) -> Ground {
    Ground::new(Basis::Conformity, standing, &["L224-25-12", "L224-25-16", "L224-25-20"])
}
