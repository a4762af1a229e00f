//! The phrases that name a date, and the sentences whose date is not ours to keep.

use std::sync::LazyLock;

use jiff::civil::Date;
use regex::{Captures, Regex, RegexBuilder};

use super::days::{self, Unit};
use crate::domain::Calendar;

/// A number in digits or words.
const NUMBER: &str = r"\d{1,3}|[a-zàâéèêîôûç]+(?:-[a-z]+)?";
const WEEKDAY: &str =
    "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|monday|tuesday|wednesday|thursday|friday|saturday|sunday";
const MONTH: &str = "janvier|janv|f[ée]vrier|f[ée]vr|mars|avril|mai|juin|juillet|juil|ao[ûu]t|septembre|sept|octobre|novembre|d[ée]cembre|january|jan|february|feb|march|april|may|june|july|august|aug|september|october|oct|november|nov|december|dec";
/// What makes a date a limit, before it.
const BEFORE: &str = r"d['’]ici(?: à| au)?|avant|au plus tard(?: le)?|pas plus tard que|jusqu['’]au?|by|before|no later than|not later than|until|at the latest (?:by|on)";
/// And after it.
const BEHIND: &str = r"au plus tard|dernier délai|at the latest";

fn regex(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern).case_insensitive(true).build().ok()
}

/// `sous 5 jours ouvrés`, `dans un délai de 3 à 5 jours`, `within 48 hours`.
static SPAN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(&format!(
        r"\b(?:sous|dans(?: les| un délai (?:maximum |maximal |max\.? )?(?:de|d['’]))?|d['’]ici(?: à)?|en moins de|within(?: the next)?|in(?: the next| less than)?|in no more than)\s+(?:au plus |at most |the next )?(?:(?:{NUMBER})\s*(?:à|-|–|ou|to|or)\s*)?(?P<n>{NUMBER})\s*(?P<unit>heures?|h|hours?|(?:business|working)[- ]days?|days?|weeks?|jours?(?:\s+(?:ouvr[ée]s?|ouvrables?))?|semaines?)\b"
    ))
});
/// `sous huitaine`.
static PERIOD: LazyLock<Option<Regex>> = LazyLock::new(|| regex(r"\bsous (?P<which>huitaine|quinzaine)\b"));
/// A named day behind the limit's words: `d’ici vendredi`, `by the end of the week`.
static LIMIT: LazyLock<Option<Regex>> = LazyLock::new(|| regex(&format!(r"\b(?:{BEFORE})\s+(?:{})", day_pattern())));
/// A named day before them: `vendredi au plus tard`.
static LATEST: LazyLock<Option<Regex>> =
    LazyLock::new(|| regex(&format!(r"\b(?:le\s+|on\s+)?(?:{})(?:,)?\s+(?:{BEHIND})\b", day_pattern())));
/// Phrases that are a limit by themselves.
static ALONE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(
        r"\b(?:(?P<today>dans la journée|ce jour même|dès aujourd['’]hui|later today|by the end of (?:the day|today))|(?P<week>en fin de semaine|(?:dans le )?courant de (?:la|cette) semaine|(?:later|some time) this week)|(?P<nextweek>(?:dans le )?courant de la semaine prochaine|(?:some time|during) next week))",
    )
});

/// The shapes of a named day; one pattern, tried behind or before the words that make it a limit.
fn day_pattern() -> String {
    format!(
        r"(?:(?:le |ce |this |next |the )?(?P<weekday>{WEEKDAY})(?: prochain)?(?:,? (?:le )?(?P<wd>\d{{1,2}})(?:er|st|nd|rd|th)? (?P<wm>{MONTH})\b\.?(?: (?P<wy>\d{{4}}))?)?|(?:le |the )?(?P<d>\d{{1,2}})(?:er|st|nd|rd|th)?(?: of)? (?P<m>{MONTH})\b\.?(?:,? (?P<y>\d{{4}}))?|(?P<em>{MONTH})\.? (?P<ed>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (?P<ey>\d{{4}}))?|(?:le |the )?(?P<nd>\d{{1,2}})[/.](?P<nm>\d{{1,2}})(?:[/.](?P<ny>\d{{4}}|\d{{2}}))?|(?P<iso>\d{{4}}-\d{{2}}-\d{{2}})|(?P<tomorrow>demain(?: soir| matin| midi)?|tomorrow)|(?P<today>ce soir|tonight|today|(?:la fin de (?:la|cette) journée)|(?:the )?end of (?:the |this )?(?:day|today))|(?P<nextweek>la fin de la semaine prochaine|(?:the )?end of next week)|(?P<week>la fin de (?:la|cette) semaine|le week-?end|(?:the )?end of (?:the |this )?week|the weekend)|(?P<month>la fin du mois|fin (?:de ce )?mois|(?:the )?end of (?:the |this )?month))"
    )
}

/// A date set for the customer, or one that nobody can know yet.
static NOT_OURS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(
        r"\b(?:merci de|veuillez|pri[eè]re de|(?:pourriez|pouvez|avez|auriez)-vous|vous (?:pouvez|devez|avez|disposez|aviez|pourrez|devrez|avez jusqu)|n['’]hésitez|please|could you|can you|would you|do you|you (?:can|may|must|have|need|should|could)|de votre part|sans (?:nouvelles|réponse)|(?:do not|don['’]t|not) hear|your (?:reply|answer)|si vous|if you)\b",
    )
});
/// Somebody of ours will do something: then a customer's word in the same sentence does not matter.
static OURS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(
        r"\b(?:nous (?:(?:vous|le|la|les|y|en|l['’]) ?){0,2}\w+(?:rons|ons)\b|je (?:(?:vous|le|la|les|y|en) ?){0,2}\w+rai\b|vous (?:serez|recevrez|aurez)|sera |seront |we (?:will|shall|are going)|we['’]ll|i (?:will|shall)|i['’]ll|you (?:will|shall)|you['’]ll|will be)",
    )
});
/// It hangs on something to come, or is denied.
static OPEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(
        r"\b(?:à (?:compter|partir|réception)|après (?:la |le |l['’])?(?:réception|retour|expertise|validation)|dès (?:la |le |l['’])?(?:réception|que)|suivant (?:la |le )?(?:réception|retour)|(?:of|after|from|upon|following|once) (?:the |your |its |we |it |they )?(?:receipt|receiving|receive|return|arriv|having)|after we|once we|ne (?:pouvons|pourrons|peux|garantissons)|cannot|can['’]t|unable)",
    )
});

/// Whether a date in this sentence is one that we have to keep.
pub(super) fn binds_us(sentence: &str) -> bool {
    let says = |regex: &Option<Regex>| regex.as_ref().is_some_and(|regex| regex.is_match(sentence));
    !says(&OPEN) && (says(&OURS) || !says(&NOT_OURS))
}

/// The dates a sentence sets, with the words that set them, in the order they stand.
pub(super) fn dates(sentence: &str, said_on: Date, calendar: &Calendar) -> Vec<(String, Date)> {
    let mut found: Vec<(usize, String, Date)> = Vec::new();
    let mut add = |regex: &Option<Regex>, day: &dyn Fn(&Captures<'_>) -> Option<Date>| {
        for captures in regex.iter().flat_map(|regex| regex.captures_iter(sentence)) {
            if let (Some(whole), Some(by)) = (captures.get(0), day(&captures)) {
                found.push((whole.start(), whole.as_str().trim_end_matches(['.', ',', ' ']).to_owned(), by));
            }
        }
    };
    add(&SPAN, &|captures| span(captures, said_on, calendar));
    add(&PERIOD, &|captures| {
        let days = if captures.name("which")?.as_str().eq_ignore_ascii_case("huitaine") { 8 } else { 15 };
        days::after(said_on, days, Unit::Days, calendar)
    });
    for regex in [&LIMIT, &LATEST, &ALONE] {
        add(regex, &|captures| named(captures, said_on));
    }
    found.sort_by_key(|(start, _, _)| *start);
    found.into_iter().map(|(_, words, by)| (words, by)).collect()
}

fn span(captures: &Captures<'_>, said_on: Date, calendar: &Calendar) -> Option<Date> {
    let number = days::number(&captures.name("n")?.as_str().to_lowercase())?;
    let unit = captures.name("unit")?.as_str().to_lowercase();
    let unit = match unit.as_str() {
        unit if unit.contains("ouvrable") => Unit::Ouvrables,
        unit if unit.contains("ouvr") || unit.starts_with("business") || unit.starts_with("working") => Unit::Business,
        unit if unit.starts_with('h') => Unit::Hours,
        unit if unit.starts_with("week") || unit.starts_with("semaine") => Unit::Weeks,
        _ => Unit::Days,
    };
    days::after(said_on, number, unit, calendar)
}

fn named(captures: &Captures<'_>, said_on: Date) -> Option<Date> {
    let text = |name: &str| captures.name(name).map(|found| found.as_str().to_lowercase());
    let number = |name: &str| text(name).and_then(|digits| digits.parse::<i16>().ok());
    let day = |name: &str| number(name).and_then(|day| i8::try_from(day).ok());
    if let (Some(d), Some(m)) = (day("wd"), text("wm")) {
        return days::dated(said_on, d, days::month(&m)?, number("wy"));
    }
    if let Some(weekday) = text("weekday") {
        return days::next(said_on, days::weekday(&weekday)?);
    }
    for (d, m, y) in [("d", "m", "y"), ("ed", "em", "ey")] {
        if let (Some(d), Some(m)) = (day(d), text(m)) {
            return days::dated(said_on, d, days::month(&m)?, number(y));
        }
    }
    if let (Some(d), Some(m)) = (day("nd"), day("nm")) {
        return days::dated(said_on, d, m, number("ny"));
    }
    if let Some(iso) = text("iso") {
        return iso.parse().ok();
    }
    let said = |name: &str| captures.name(name).is_some();
    if said("tomorrow") {
        said_on.tomorrow().ok()
    } else if said("nextweek") {
        days::end_of_next_week(said_on)
    } else if said("week") {
        days::end_of_week(said_on)
    } else if said("month") {
        Some(said_on.last_of_month())
    } else {
        Some(said_on)
    }
}
