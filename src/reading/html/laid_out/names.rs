//! Which elements are written out, and what ends them.

/// Elements that may come out.
pub(super) const WRITTEN: &[&str] = &[
    "p",
    "div",
    "blockquote",
    "pre",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "table",
    "caption",
    "thead",
    "tbody",
    "tfoot",
    "tr",
    "td",
    "th",
    "br",
    "hr",
    "span",
    "b",
    "strong",
    "i",
    "em",
    "u",
    "s",
    "del",
    "ins",
    "sub",
    "sup",
    "small",
    "code",
    "q",
    "cite",
    "mark",
];

/// How an element divides what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Words go on across it.
    Inline,
    /// A gap as wide as a blank: a table's cell.
    Cell,
    /// A line of its own.
    Block,
}

/// The element that is written for one of the sender's; `None` when only its text is kept.
pub(super) fn written_as(name: &str) -> Option<&'static str> {
    let other = match name {
        "a" | "font" | "abbr" | "label" | "nobr" => "span",
        "center" | "section" | "article" | "header" | "footer" | "main" | "aside" | "address" | "figure"
        | "figcaption" | "fieldset" | "details" | "summary" => "div",
        "strike" => "s",
        "tt" | "kbd" | "samp" => "code",
        "menu" | "dir" => "ul",
        _ => name,
    };
    WRITTEN.iter().copied().find(|written| *written == other)
}

/// Whether it divides a table, and holds nothing but other parts of it.
pub(super) fn is_table(written: &str) -> bool {
    matches!(written, "table" | "thead" | "tbody" | "tfoot" | "tr")
}

/// Whether it is a part of a table that holds text.
pub(super) fn is_cell(written: &str) -> bool {
    matches!(written, "td" | "th" | "caption")
}

/// Where an element that is written out stands.
pub(super) fn place_of(written: &str) -> Place {
    match written {
        "td" | "th" => Place::Cell,
        "span" | "b" | "strong" | "i" | "em" | "u" | "s" | "del" | "ins" | "sub" | "sup" | "small" | "code" | "q"
        | "cite" | "mark" => Place::Inline,
        _ => Place::Block,
    }
}

/// What an end tag does not reach beyond.
pub(super) fn barriers(name: &str) -> &'static [&'static str] {
    match name {
        "table" => &[],
        "td" | "th" | "tr" | "tbody" | "thead" | "tfoot" | "caption" => &["table"],
        "li" => &["ul", "ol", "td", "th"],
        _ => &["td", "th", "caption"],
    }
}

/// Elements that a start tag ends, and what it does not reach beyond (HTML Living Standard §13.1.2.4, optional tags).
pub(super) fn closes(name: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match name {
        "li" => (&["li", "p"], &["ul", "ol", "menu", "dir", "td", "th", "caption"]),
        "dt" | "dd" => (&["dt", "dd", "p"], &["dl", "td", "th", "caption"]),
        "td" | "th" => (&["td", "th", "caption"], &["table"]),
        "tr" => (&["tr", "td", "th", "caption"], &["table"]),
        "tbody" | "thead" | "tfoot" | "caption" => {
            (&["tbody", "thead", "tfoot", "tr", "td", "th", "caption"], &["table"])
        }
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
            (&["p", "h1", "h2", "h3", "h4", "h5", "h6"], &["td", "th", "caption"])
        }
        "hr" | "table" => (&["p"], &["td", "th", "caption"]),
        _ => match written_as(name).map(place_of) {
            Some(Place::Block) if !matches!(name, "br") => (&["p"], &["td", "th", "caption"]),
            _ => (&[], &[]),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_loads_leads_or_acts_is_written() {
        for name in
            ["a", "img", "script", "style", "form", "input", "iframe", "svg", "math", "base", "link", "meta", "video"]
        {
            assert!(!WRITTEN.contains(&name), "{name}");
            assert!(written_as(name).is_none_or(|written| written == "span"), "{name}");
        }
    }
}
