//! Many cases on one product and reason within days: a fault of the thing, not of one customer.
//!
//! Customers name a thing in many ways. Names are compared by their telling words, and a longer name belongs to a
//! shorter one of at least two words that it holds: “bouilloire Lume rouge” to “Lume bouilloire”. One customer who
//! writes three times is one.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::folded;
use super::order_of_work::Work;
use super::verdict::Reason;

/// From how many customers on cases are shown as a group.
pub const MANY: usize = 4;
/// Within how many days, first and last included.
pub const WITHIN_DAYS: i64 = 7;

/// Words of a name that are compared; more is no name any more.
const MOST_WORDS: usize = 8;

/// Words that tell no product from another.
const SMALL: &[&str] = &[
    "le", "la", "les", "l", "de", "des", "du", "d", "un", "une", "et", "ma", "mon", "mes", "votre", "vos", "notre",
    "ce", "cet", "cette", "the", "a", "an", "of", "and", "my", "your", "our", "this", "that",
];

/// One product and one reason.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Topic {
    words: BTreeSet<String>,
    reason: Reason,
}

impl Topic {
    /// What a product's name and a reason come to; `None` when the name tells nothing or no reason is given.
    pub fn new(product: &str, reason: Reason) -> Option<Self> {
        let telling = folded::words(product).into_iter().filter(|word| !SMALL.contains(&word.as_str()));
        let words: BTreeSet<String> = telling.take(MOST_WORDS).collect();
        (!words.is_empty() && reason != Reason::Unspecified).then_some(Self { words, reason })
    }

    /// What a case is about.
    pub fn of(work: &Work) -> Option<Self> {
        Self::new(work.product.as_deref()?, work.reason?)
    }

    /// Whether something belongs to it.
    pub fn holds(&self, other: &Self) -> bool {
        let same = self.words == other.words || (self.words.len() > 1 && self.words.is_subset(&other.words));
        self.reason == other.reason && same
    }

    /// The product's telling words, as an address of a page can hold them.
    pub fn key(&self) -> String {
        self.words.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
    }

    /// The reason.
    pub fn reason(&self) -> Reason {
        self.reason
    }
}

/// Cases that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What they are about.
    pub topic: Topic,
    /// The product as most of them name it.
    pub product: String,
    /// How many cases.
    pub cases: usize,
    /// Over how many days they came in, first and last included.
    pub days: i64,
}

/// Groups of the cases that wait, largest first. Counted are those of the last [`WITHIN_DAYS`] days before the group's
/// newest case.
pub fn groups(waiting: &[Work], zone: &TimeZone) -> Vec<Group> {
    let about: Vec<(Topic, &Work)> = waiting.iter().filter_map(|work| Some((Topic::of(work)?, work))).collect();
    let mut topics: Vec<&Topic> = about.iter().map(|(topic, _)| topic).collect::<BTreeSet<_>>().into_iter().collect();
    // The shorter name first, so that the longer ones find it.
    topics.sort_by_key(|topic| topic.words.len());
    let mut members: BTreeMap<&Topic, Vec<&Work>> = BTreeMap::new();
    let mut home: BTreeMap<&Topic, &Topic> = BTreeMap::new();
    // Names of two words and more by their first two: a longer name that holds one has these among its pairs.
    let mut homes: BTreeMap<(&str, &str), Vec<&Topic>> = BTreeMap::new();
    for topic in topics {
        let mut known = pairs(topic).filter_map(|pair| homes.get(&pair)).flatten().copied();
        let found = known.find(|home| home.holds(topic)).unwrap_or(topic);
        if found == topic
            && let Some(first) = pairs(topic).next()
        {
            homes.entry(first).or_default().push(topic);
        }
        home.insert(topic, found);
    }
    for (topic, work) in &about {
        if let Some(home) = home.get(topic) {
            members.entry(home).or_default().push(work);
        }
    }
    let mut groups: Vec<Group> =
        members.into_iter().filter_map(|(topic, members)| group(topic.clone(), &members, zone)).collect();
    groups.sort_by(|a, b| b.cases.cmp(&a.cases).then_with(|| a.topic.cmp(&b.topic)));
    groups
}

/// Every two of its words, each pair in their order.
fn pairs(topic: &Topic) -> impl Iterator<Item = (&str, &str)> {
    let words = || topic.words.iter().map(String::as_str);
    words().enumerate().flat_map(move |(n, first)| words().skip(n + 1).map(move |second| (first, second)))
}

fn group(topic: Topic, members: &[&Work], zone: &TimeZone) -> Option<Group> {
    let day = |work: &Work| work.opened_at.to_zoned(zone.clone()).date();
    let newest = members.iter().map(|work| day(work)).max()?;
    let oldest = newest.checked_sub((WITHIN_DAYS - 1).days()).unwrap_or(Date::MIN);
    let recent: Vec<&&Work> = members.iter().filter(|work| day(work) >= oldest).collect();
    let known: BTreeSet<&str> = recent.iter().filter_map(|work| work.customer.as_deref()).collect();
    let nameless = recent.iter().filter(|work| work.customer.is_none()).count();
    if known.len() + nameless < MANY {
        return None;
    }
    let first = recent.iter().map(|work| day(work)).min()?;
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    recent.iter().filter_map(|work| work.product.as_deref()).for_each(|name| *names.entry(name).or_default() += 1);
    let product = names.into_iter().max_by_key(|(name, count)| (*count, std::cmp::Reverse(name.len())))?.0.to_owned();
    let days = (newest - first).get_days().into();
    Some(Group { topic, product, cases: recent.len(), days: 1 + i64::max(days, 0) })
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::domain::{Anger, CaseId};

    /// A case: product, reason, hours after Monday 9:00, customer.
    type Row = (&'static str, Reason, i64, &'static str);

    fn work(n: usize, (product, reason, hours, customer): &Row) -> Work {
        let monday: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let at = monday + SignedDuration::from_hours(*hours);
        Work {
            case: CaseId::from_random(u64::try_from(n).unwrap(), 6),
            since: at,
            opened_at: at,
            customer: (!customer.is_empty()).then(|| (*customer).to_owned()),
            anger: Anger::Calm,
            unsure: false,
            grave: None,
            owed: None,
            law: None,
            promised: None,
            marketplace: None,
            product: (!product.is_empty()).then(|| (*product).to_owned()),
            reason: Some(*reason),
        }
    }

    fn told(rows: &[Row]) -> Vec<(String, Reason, usize, i64)> {
        let waiting: Vec<Work> = rows.iter().enumerate().map(|(n, row)| work(n, row)).collect();
        let mut mirrored = waiting.clone();
        mirrored.reverse();
        let found = groups(&waiting, &TimeZone::UTC);
        assert_eq!(found, groups(&mirrored, &TimeZone::UTC), "the order of the cases does not matter");
        found.into_iter().map(|group| (group.product, group.topic.reason(), group.cases, group.days)).collect()
    }

    #[test]
    fn what_is_a_group() {
        use Reason::{Defective, NotDelivered, Unspecified};
        let kettle = "Bouilloire Lume";
        for (why, rows, groups) in [
            ("nothing waits", vec![], vec![]),
            (
                "four customers in four days",
                vec![
                    (kettle, Defective, 0, "a"),
                    (kettle, Defective, 30, "b"),
                    (kettle, Defective, 31, "c"),
                    (kettle, Defective, 72, "d"),
                ],
                vec![(kettle.to_owned(), Defective, 4, 4)],
            ),
            (
                "three are too few",
                vec![(kettle, Defective, 0, "a"), (kettle, Defective, 1, "b"), (kettle, Defective, 2, "c")],
                vec![],
            ),
            (
                "one customer who writes four times is one",
                vec![
                    (kettle, Defective, 0, "a"),
                    (kettle, Defective, 1, "a"),
                    (kettle, Defective, 2, "a"),
                    (kettle, Defective, 3, "b"),
                ],
                vec![],
            ),
            (
                "writers without an address are each one, and all cases count",
                vec![
                    (kettle, Defective, 0, ""),
                    (kettle, Defective, 1, ""),
                    (kettle, Defective, 2, "a"),
                    (kettle, Defective, 3, "b"),
                    (kettle, Defective, 4, "b"),
                ],
                vec![(kettle.to_owned(), Defective, 5, 1)],
            ),
            (
                "another reason is another matter",
                vec![
                    (kettle, Defective, 0, "a"),
                    (kettle, Defective, 1, "b"),
                    (kettle, Defective, 2, "c"),
                    (kettle, NotDelivered, 3, "d"),
                ],
                vec![],
            ),
            (
                "no reason given says nothing",
                vec![
                    (kettle, Unspecified, 0, "a"),
                    (kettle, Unspecified, 1, "b"),
                    (kettle, Unspecified, 2, "c"),
                    (kettle, Unspecified, 3, "d"),
                ],
                vec![],
            ),
            (
                "accents, capitals, articles, order and further words do not part them",
                vec![
                    ("la bouilloire Lume", Defective, 0, "a"),
                    ("BOUILLOIRE LUMÉ", Defective, 1, "b"),
                    ("Lume bouilloire rouge 1,7 l", Defective, 2, "c"),
                    ("ma bouilloire lume", Defective, 3, "d"),
                ],
                vec![("BOUILLOIRE LUMÉ".to_owned(), Defective, 4, 1)],
            ),
            (
                "a single word does not swallow longer names",
                vec![
                    ("bouilloire", Defective, 0, "a"),
                    ("bouilloire Lume", Defective, 1, "b"),
                    ("bouilloire Onda", Defective, 2, "c"),
                    ("bouilloire Vega", Defective, 3, "d"),
                ],
                vec![],
            ),
            (
                "longer ago than a week does not count",
                vec![
                    (kettle, Defective, 0, "a"),
                    (kettle, Defective, 24 * 7, "b"),
                    (kettle, Defective, 24 * 8, "c"),
                    (kettle, Defective, 24 * 9, "d"),
                ],
                vec![],
            ),
            (
                "the larger group first",
                vec![
                    (kettle, Defective, 0, "a"),
                    (kettle, Defective, 1, "b"),
                    (kettle, Defective, 2, "c"),
                    (kettle, Defective, 3, "d"),
                    ("Colis", NotDelivered, 0, "e"),
                    ("colis", NotDelivered, 1, "f"),
                    ("le colis", NotDelivered, 2, "g"),
                    ("colis", NotDelivered, 50, "h"),
                    ("colis", NotDelivered, 60, "i"),
                ],
                vec![("colis".to_owned(), NotDelivered, 5, 3), (kettle.to_owned(), Defective, 4, 1)],
            ),
        ] {
            assert_eq!(told(&rows), groups, "{why}");
        }
    }

    #[test]
    fn what_belongs_to_a_group_is_found_again_by_its_key() {
        let topic = Topic::new("La Bouilloire Lume", Reason::Defective).unwrap();
        let again = Topic::new(&topic.key(), topic.reason()).unwrap();
        assert_eq!(topic, again);
        assert!(again.holds(&Topic::new("bouilloire LUME (rouge)", Reason::Defective).unwrap()));
        assert!(!again.holds(&Topic::new("bouilloire", Reason::Defective).unwrap()));
        assert_eq!(Topic::new("la de l’", Reason::Defective), None);
    }
}
