//! The few attributes that are kept: plain values that can load nothing and cover nothing.

use html5ever::tokenizer::Tag;

use super::attribute;

/// Properties that tell something: people answer in red below a quoted line, or strike a price out.
const KEPT: &[&str] = &[
    "color",
    "background-color",
    "font-weight",
    "font-style",
    "text-decoration",
    "text-decoration-line",
    "text-align",
    "vertical-align",
    "white-space",
];
/// Most columns or rows that a cell may span: browsers lay out each of them.
const MAX_SPAN: u16 = 100;
/// Longest style looked at, in characters.
const MAX_STYLE: usize = 400;
/// Longest value.
const MAX_VALUE: usize = 60;

/// The declarations of a `style` attribute that may be kept; `None` when there are none.
pub(super) fn safe(css: &str) -> Option<String> {
    let mut kept: Vec<String> = Vec::new();
    for declaration in css.split(';').take(100) {
        let Some((name, value)) = declaration.split_once(':') else { continue };
        let name = name.trim().to_ascii_lowercase();
        let name = if name == "background" { "background-color" } else { name.as_str() };
        let value = value.replace("!important", "").trim().to_ascii_lowercase();
        if KEPT.contains(&name) && is_plain(&value) {
            kept.push(format!("{name}:{value}"));
        }
    }
    (!kept.is_empty()).then(|| kept.join(";"))
}

/// A word, a number, or a colour.
fn is_plain(value: &str) -> bool {
    let colour =
        ["rgb(", "rgba(", "hsl(", "hsla("].iter().find_map(|start| value.strip_prefix(start)?.strip_suffix(')'));
    let text = colour.unwrap_or(value);
    let known = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '#' | '%' | '.' | ' ' | '-' | ',') || colour.is_some() && c == '/'
    };
    !text.is_empty() && value.len() <= MAX_VALUE && text.chars().all(known)
}

/// The attributes of a tag that are written, each behind a blank.
pub(super) fn attributes(tag: &Tag, css: &str) -> String {
    let mut style: Vec<String> = Vec::new();
    for (name, property) in [("color", "color"), ("bgcolor", "background-color"), ("align", "text-align")] {
        style.extend(attribute(tag, name).map(|value| format!("{property}:{value}")));
    }
    if &*tag.name == "center" {
        style.push("text-align:center".into());
    }
    style.push(css.chars().take(MAX_STYLE).collect());
    let mut out = safe(&style.join(";")).map_or_else(String::new, |style| format!(" style=\"{style}\""));
    for name in ["colspan", "rowspan", "start"] {
        let number = attribute(tag, name).and_then(|value| value.trim().parse::<u16>().ok());
        if let Some(number) = number.filter(|number| (1..=MAX_SPAN).contains(number)) {
            out += &format!(" {name}=\"{number}\"");
        }
    }
    let direction = attribute(tag, "dir").map(str::to_ascii_lowercase);
    if let Some(direction) = direction.filter(|value| matches!(value.as_str(), "ltr" | "rtl")) {
        out += &format!(" dir=\"{direction}\"");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_values_stay() {
        assert_eq!(safe("COLOR: Red !important; background: #fff").as_deref(), Some("color:red;background-color:#fff"));
        assert_eq!(safe("color: rgb(1, 2, 3)").as_deref(), Some("color:rgb(1, 2, 3)"));
        for css in [
            "background: url(//h)",
            "background-color: u\\72l(//h)",
            "color: var(--x)",
            "color: expression(alert(1))",
            "color: red\"><script>",
            "color: rgb(url(//h))",
            "position: fixed",
            "color:",
            "content: attr(x)",
        ] {
            assert_eq!(safe(css), None, "{css}");
        }
    }
}
