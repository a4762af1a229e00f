//! From what a template rendered to a text.

/// No blanks at line ends, at most one empty line in a row, none at the ends.
pub(super) fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines().map(str::trim_end) {
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 2 {
            out.push_str(line);
            out.push('\n');
        }
    }
    out.trim().to_owned()
}

/// Lines that follow each other are one paragraph, so that each sentence of a draft can stand on a line of its own;
/// an empty line ends the paragraph, and a line that begins with `- ` begins an item.
pub(super) fn flow(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut between = "";
    for line in text.lines().map(str::trim) {
        if line.is_empty() {
            between = if out.is_empty() { "" } else { "\n\n" };
            continue;
        }
        let item = line.starts_with("- ");
        out.push_str(if between == " " && item { "\n" } else { between });
        out.push_str(line);
        between = " ";
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_flow_together_and_items_stand_alone() {
        let text = "\nHello,\n\n\nOne.\n  Two.\n\nA list:\n- a,\nand on;\n- b.\n\n- c\n\n";
        assert_eq!(flow(text), "Hello,\n\nOne. Two.\n\nA list:\n- a, and on;\n- b.\n\n- c");
        assert_eq!(flow(" \n\n"), "");
    }
}
