//! Which lines of the order the customer writes about.

use crate::domain::order::{LineKind, OrderLine};
use crate::domain::policy::{Policy, Window};
use crate::domain::{Money, Order, folded};

/// What of an order the case is about.
#[derive(Debug, Clone, Default)]
pub struct Subject<'a> {
    /// The lines; all of them when the customer named none that is known.
    pub lines: Vec<&'a OrderLine>,
    /// The windows that govern them, one per line.
    pub windows: Vec<Option<&'a Window>>,
    /// It is known which lines are meant: named, or there is but one.
    pub certain: bool,
    /// The customer's words for the product fit.
    pub named: bool,
    /// The whole order is meant.
    pub whole: bool,
}

impl<'a> Subject<'a> {
    /// Finds the lines that a product's words name.
    pub fn of(order: Option<&'a Order>, product: Option<&str>, policy: &'a Policy) -> Self {
        let Some(order) = order else { return Self::default() };
        let named: Vec<&OrderLine> = match product {
            Some(words) => best(&order.lines, words),
            None => Vec::new(),
        };
        let is_named = !named.is_empty();
        let lines = if is_named { named } else { order.lines.iter().collect() };
        let windows = lines.iter().map(|line| policy.window_for(line)).collect();
        let certain = is_named || order.lines.len() <= 1;
        Self { whole: lines.len() == order.lines.len(), lines, windows, certain, named: is_named }
    }

    /// Whether all lines are of one kind; goods when the source lists none.
    pub fn kind(&self) -> Option<LineKind> {
        let first = self.lines.first().map_or(LineKind::Goods, |line| line.kind);
        self.lines.iter().all(|line| line.kind == first).then_some(first)
    }

    /// Whether all lines are second-hand, or none; `None` when they differ.
    pub fn second_hand(&self) -> Option<bool> {
        let first = self.lines.first().is_some_and(|line| line.second_hand);
        self.lines.iter().all(|line| line.second_hand == first).then_some(first)
    }

    /// The lines' price, when every one has a price of one currency.
    pub fn price(&self) -> Option<Money> {
        let mut prices = self.lines.iter().map(|line| line.price.clone());
        let first = prices.next()??;
        prices.try_fold(first, |sum, price| sum.plus(&price?))
    }
}

/// The lines that share most words with the customer's; none when none shares a telling one.
fn best<'a>(lines: &'a [OrderLine], words: &str) -> Vec<&'a OrderLine> {
    let said = telling(words);
    let score = |line: &OrderLine| {
        let name = telling(&format!("{} {}", line.product, line.variant.as_deref().unwrap_or_default()));
        said.iter().filter(|word| name.iter().any(|other| same_word(word, other))).count()
    };
    let scored: Vec<(usize, &OrderLine)> = lines.iter().map(|line| (score(line), line)).collect();
    let highest = scored.iter().map(|(score, _)| *score).max().unwrap_or_default();
    if highest == 0 {
        return Vec::new();
    }
    scored.into_iter().filter(|(score, _)| *score == highest).map(|(_, line)| line).collect()
}

/// Words of three letters and more that could tell a product.
fn telling(text: &str) -> Vec<String> {
    const SMALL: &[&str] = &[
        "les", "des", "une", "mon", "mes", "ma", "pour", "avec", "the", "and", "with", "for", "from", "your", "our",
        "votre", "notre", "cette", "this", "pair", "paire",
    ];
    folded::words(text).into_iter().filter(|word| word.chars().count() > 2 && !SMALL.contains(&word.as_str())).collect()
}

/// Whether words say more than "the thing": "l'appareil" fits any order, and contradicts none. Short names ("la TV") do.
pub fn says_which(words: &str) -> bool {
    const ANYTHING: &[&str] = &[
        "achat",
        "appareil",
        "article",
        "cadeau",
        "chose",
        "colis",
        "commande",
        "device",
        "gift",
        "goods",
        "item",
        "machine",
        "marchandise",
        "materiel",
        "modele",
        "model",
        "objet",
        "order",
        "package",
        "paquet",
        "parcel",
        "present",
        "product",
        "produit",
        "purchase",
        "stuff",
        "thing",
        "truc",
        "unit",
    ];
    let telling = telling(words);
    let anything =
        |word: &String| ANYTHING.contains(&word.trim_end_matches(['s', 'x'])) || ANYTHING.contains(&word.as_str());
    telling.is_empty() || !telling.iter().all(anything)
}

/// Alike up to an ending (`bouilloire`, `bouilloires`).
fn same_word(one: &str, two: &str) -> bool {
    let (short, long) = if one.len() <= two.len() { (one, two) } else { (two, one) };
    short == long || (short.len() >= 4 && long.len() - short.len() <= 2 && long.starts_with(short))
}
