//! The style sheet as it is sent: without its comments and the spaces that only its writers need.

use std::sync::LazyLock;

/// The style sheet of all kiosk pages, to be served at [`crate::kiosk::link::SHEET`].
pub(crate) static SHEET: LazyLock<String> =
    LazyLock::new(|| squeezed(include_str!("../../../assets/kiosk.css")));

/// Spaces stay where they mean something: between selectors, between values, and around the signs of a sum.
fn squeezed(css: &str) -> String {
    let mut bare = String::with_capacity(css.len());
    for part in css.split("/*") {
        // Before the first comment there is no end of one.
        bare.push_str(part.split_once("*/").map_or(part, |(_, after)| after));
    }
    let mut out = String::with_capacity(bare.len());
    for c in bare.chars().map(|c| if c.is_whitespace() { ' ' } else { c }) {
        let follows = out.chars().next_back().unwrap_or('{');
        if c == ' ' && "{};,: ".contains(follows) {
            continue;
        }
        if "{};,".contains(c) && follows == ' ' {
            out.pop();
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_nothing_is_left_out() {
        let css =
            "/* a { } */\n.a > b, .c :not(.d) {\n  margin: 0 calc(-1 * var(--x)); /* ; */ color : red;\n}\n";
        assert_eq!(squeezed(css), ".a > b,.c :not(.d){margin:0 calc(-1 * var(--x));color :red;}");
        assert!(SHEET.contains("@media print{") && !SHEET.contains("/*") && !SHEET.contains("  "));
    }
}
