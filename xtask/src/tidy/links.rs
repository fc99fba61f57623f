//! Every link in a Markdown file leads to a file, folder or heading of the checkout, or out of it.

use std::collections::BTreeSet;

use super::Finding;
use super::tree::Tree;

/// Finds links that lead nowhere.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let places = tree.places();
    let mut findings = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| path.ends_with(".md")) {
        for (line, target) in links(text) {
            if let Some(what) = fault(tree, &places, path, text, target) {
                let fix = "correct the link, relative to this file";
                findings.push(Finding::new(path, line, format!("link {target} {what}"), fix));
            }
        }
    }
    findings
}

fn fault(tree: &Tree, places: &BTreeSet<&str>, path: &str, text: &str, target: &str) -> Option<&'static str> {
    if target.is_empty() {
        return Some("is empty");
    }
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, heading) =
        target.split_once('#').map_or((target, None), |(file, heading)| (file, Some(heading)));
    if file.is_empty() {
        return heading
            .filter(|heading| !headings(text).contains(*heading))
            .map(|_| "names no heading of this file");
    }
    let Some(place) = resolve(path, file) else { return Some("leaves the checkout") };
    if !places.contains(place.as_str()) {
        return Some("leads to no file");
    }
    let there = tree.text(&place).filter(|_| place.ends_with(".md"))?;
    heading.filter(|heading| !headings(there).contains(*heading)).map(|_| "names no heading of that file")
}

fn resolve(path: &str, file: &str) -> Option<String> {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    if file.starts_with('/') {
        parts.clear();
    }
    for part in file.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            parts.pop()?;
        } else {
            parts.push(part);
        }
    }
    Some(parts.join("/"))
}

/// The lines outside of fenced code, counted from 1, without code spans.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fenced && !fence).then_some((index + 1, line))
    })
}

fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        for (start, _) in line.match_indices("](") {
            let code = line.get(..start).is_some_and(|before| before.matches('`').count() % 2 == 1);
            let Some(rest) = line.get(start + 2..).filter(|_| !code) else { continue };
            let target = rest.split([')', ' ']).next().unwrap_or_default();
            found.push((number, target.trim_matches(['<', '>'])));
        }
        for mark in ["src=\"", "href=\""] {
            let rests = line.match_indices(mark).filter_map(|(start, _)| line.get(start + mark.len()..));
            found.extend(rests.map(|rest| (number, rest.split('"').next().unwrap_or_default())));
        }
    }
    found
}

/// The names that a forge gives to the headings of a file.
fn headings(text: &str) -> BTreeSet<String> {
    let titles = prose(text).filter(|(_, line)| line.starts_with('#'));
    let name = |line: &str| -> String {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|char| char.is_alphanumeric() || [' ', '-', '_'].contains(char));
        kept.map(|char| if char == ' ' { '-' } else { char }).collect()
    };
    titles.map(|(_, line)| name(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::check_rule;

    fn check(text: &str, expected: &[&str]) {
        let other = ("docs/b.md", "# One: two, three\n");
        check_rule(super::check, &[("docs/a.md", text), other, ("LICENSE", "")], expected);
    }

    #[test]
    fn links_lead_somewhere() {
        check("[b](b.md) [l](../LICENSE) [r](/LICENSE) [d](../docs/) [w](https://example.org/x)", &[]);
        check("[b](b.md#one-two-three) \n# Über mich\n[u](#über-mich)", &[]);
        check("\n[c](c.md)", &["docs/a.md:2 link c.md leads to no file"]);
        check("[c](../../c.md)", &["docs/a.md:1 link ../../c.md leaves the checkout"]);
        check("[b](b.md#two)", &["docs/a.md:1 link b.md#two names no heading of that file"]);
        check("[b](#two)", &["docs/a.md:1 link #two names no heading of this file"]);
        check("<img src=\"c.png\">", &["docs/a.md:1 link c.png leads to no file"]);
    }

    #[test]
    fn code_holds_no_links() {
        check("```\n[c](c.md)\n```\n`[c](c.md)`", &[]);
    }
}
