//! The few CSS declarations that decide what a reader sees.

/// Why text is not shown. A font size or a visibility can be taken back by a descendant;
/// `display: none` cannot.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Hidden {
    gone: bool,
    invisible: bool,
    no_size: bool,
}

impl Hidden {
    /// An element that no descendant can show again.
    pub(super) fn always() -> Self {
        Self { gone: true, ..Self::default() }
    }

    /// The state inside an element with that style.
    pub(super) fn with(self, style: &Style) -> Self {
        Self {
            gone: self.gone || style.gone,
            invisible: style.invisible.unwrap_or(self.invisible),
            no_size: style.no_size.unwrap_or(self.no_size),
        }
    }

    /// Whether text is not shown here.
    pub(super) fn is_hidden(self) -> bool {
        self.gone || self.invisible || self.no_size
    }
}

/// What one `style` attribute says.
#[derive(Debug, Default)]
pub(super) struct Style {
    gone: bool,
    invisible: Option<bool>,
    no_size: Option<bool>,
    no_border: bool,
    /// Line ends and blanks are kept.
    pub keeps_white_space: bool,
    /// No vertical margin.
    pub no_margin: bool,
    /// The thin line above "From: … Sent: …" that Outlook draws.
    pub is_outlook_header: bool,
}

impl Style {
    /// Reads a `style` attribute.
    pub(super) fn of(css: &str) -> Self {
        let mut style = Self::default();
        let mut clipped = (false, false);
        for declaration in css.split(';').take(100) {
            let Some((name, value)) = declaration.split_once(':') else { continue };
            let value = value.replace("!important", "").trim().to_ascii_lowercase();
            match name.trim().to_ascii_lowercase().as_str() {
                "display" => style.gone |= value == "none",
                "visibility" => style.invisible = Some(matches!(value.as_str(), "hidden" | "collapse")),
                "font-size" => style.no_size = Some(is_tiny(&value)),
                "opacity" => style.gone |= is_zero(&value),
                "mso-hide" => style.gone |= value == "all",
                "max-height" | "height" | "max-width" | "width" => clipped.0 |= is_zero(&value),
                "overflow" => clipped.1 = value == "hidden",
                "white-space" => style.keeps_white_space = value.starts_with("pre") || value == "break-spaces",
                "margin" | "margin-top" => style.no_margin = is_zero(value.split(' ').next().unwrap_or_default()),
                "border" => {
                    style.no_border |= matches!(value.as_str(), "none" | "0" | "0px") || value.starts_with("none ")
                }
                "border-top" => {
                    let compact = value.replace(' ', "");
                    style.is_outlook_header |=
                        compact.starts_with("solid#e1e1e1") || compact.starts_with("solid#b5c4df");
                }
                _ => {}
            }
        }
        style.gone |= clipped.0 && clipped.1;
        style.is_outlook_header &= style.no_border;
        style
    }

    /// Whether a blockquote with this style only indents (Gmail's and Outlook's indent button).
    pub(super) fn is_plain_indent(&self, class: &str, kind: Option<&str>) -> bool {
        self.no_border && !class.contains("quote") && kind.is_none_or(|kind| !kind.eq_ignore_ascii_case("cite"))
    }
}

fn is_zero(value: &str) -> bool {
    number(value).is_some_and(|number| number == 0.0)
}

/// A size that nobody can read, in whatever unit.
fn is_tiny(value: &str) -> bool {
    let limit = if value.ends_with("em") || value.ends_with('%') { 0.05 } else { 1.5 };
    number(value).is_some_and(|number| number < limit)
}

fn number(value: &str) -> Option<f32> {
    let end = value.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(value.len());
    value.get(..end)?.parse().ok()
}

/// Classes that a style sheet hides for every reader: plain `.name { display: none }` rules
/// outside `@media`, whose conditions only phones or printers meet.
pub(super) fn hidden_classes(css: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut conditional = 0_usize;
    let mut rest = css;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        let selector = before.rsplit([';', '}']).next().unwrap_or_default().trim();
        if from.starts_with('}') {
            conditional = conditional.saturating_sub(1);
            rest = from.get(1..).unwrap_or_default();
        } else if selector.contains('@') && !selector.contains("@font-face") {
            conditional += 1;
            rest = from.get(1..).unwrap_or_default();
        } else {
            let end = from.find('}').unwrap_or(from.len());
            let declarations = from.get(1..end).unwrap_or_default();
            if conditional == 0 && Style::of(declarations).gone {
                let names = selector.split(',').filter_map(|one| one.trim().rsplit_once('.'));
                let plain = names.filter(|(tag, class)| {
                    tag.chars().all(char::is_alphanumeric)
                        && class.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
                });
                found.extend(plain.map(|(_, class)| class.to_owned()));
            }
            rest = from.get(end + 1..).unwrap_or_default();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(css: &str) -> bool {
        Hidden::default().with(&Style::of(css)).is_hidden()
    }

    #[test]
    fn what_senders_do_to_hide_preheaders_is_seen() {
        for css in [
            "display:none",
            "DISPLAY: none !important",
            "visibility:hidden",
            "font-size:0",
            "font-size:1px;color:#fff",
            "max-height:0px;overflow:hidden",
            "opacity:0",
            "mso-hide:all",
        ] {
            assert!(hidden(css), "{css}");
        }
        for css in [
            "",
            "font-size:12px",
            "display:block",
            "opacity:0.9",
            "max-height:0",
            "font-size:1.2em",
            "width:100%;overflow:hidden",
        ] {
            assert!(!hidden(css), "{css}");
        }
    }

    #[test]
    fn a_child_can_take_a_size_back_but_not_display() {
        let container = Hidden::default().with(&Style::of("font-size:0"));
        assert!(!container.with(&Style::of("font-size:14px")).is_hidden());
        let gone = Hidden::default().with(&Style::of("display:none"));
        assert!(gone.with(&Style::of("display:block")).is_hidden());
    }

    #[test]
    fn style_sheets_hide_by_class_unless_conditional() {
        let css =
            "@media (max-width:600px){.desktop{display:none}} .pre, span.x {display:none !important} .shown{color:red}";
        assert_eq!(hidden_classes(css), ["pre", "x"]);
    }
}
