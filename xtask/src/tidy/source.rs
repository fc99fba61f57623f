//! One Rust file as rules see it: tokens, functions, attributes, paths, and which of it is test code.

use std::collections::BTreeSet;
use std::ops::Range;

use super::tokens::{self, Token};
use super::tree::File;

/// The tokens of a file and the parts of it that only tests compile.
#[derive(Debug)]
pub(crate) struct Source {
    pub(super) tokens: Vec<Token>,
    /// Token ranges under `#[cfg(test)]` or `#[test]`.
    test_ranges: Vec<Range<usize>>,
    test_file: bool,
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function<'a> {
    pub(super) name: &'a str,
    pub(super) line: usize,
    pub(super) lines: usize,
}

/// A `mod name;` or `mod name { … }`.
#[derive(Debug)]
pub(super) struct Module<'a> {
    pub(super) name: &'a str,
    pub(super) inline: bool,
    /// Where its body is, in tokens; empty if it is in a file of its own.
    pub(super) body: Range<usize>,
    pub(super) test: bool,
}

impl Source {
    /// Cuts a text and finds its test parts.
    pub(crate) fn parse(text: &str) -> Self {
        let mut source = Self { tokens: tokens::tokens(text), test_ranges: Vec::new(), test_file: false };
        let mut ranges = Vec::new();
        for attribute in source.attributes() {
            let names: Vec<&str> = source.tokens(attribute.clone()).filter_map(Token::name).collect();
            let conditional =
                names.first() == Some(&"cfg") && names.contains(&"test") && !names.contains(&"not");
            if !conditional && (names.first() == Some(&"cfg") || names.last() != Some(&"test")) {
                continue;
            }
            let inner = source.tokens.get(attribute.start + 1).is_some_and(|token| token.is_mark('!'));
            let end = if inner { source.tokens.len() } else { source.item_end(attribute.end) };
            ranges.push(attribute.start..end);
        }
        source.test_ranges = ranges;
        source
    }

    fn tokens(&self, range: Range<usize>) -> impl Iterator<Item = &Token> {
        self.tokens.get(range).unwrap_or_default().iter()
    }

    /// Whether only tests compile the token at `index`.
    pub(super) fn is_test(&self, index: usize) -> bool {
        self.test_file || self.test_ranges.iter().any(|range| range.contains(&index))
    }

    /// The lines that are no code of the product: what only tests compile, and attributes, whose code a macro wrote.
    pub(crate) fn lines_apart(&self) -> BTreeSet<usize> {
        let attributes = self.attributes();
        let tokens = self.test_ranges.iter().chain(&attributes).flat_map(|range| self.tokens(range.clone()));
        tokens.flat_map(|token| token.line..=token.line_end).collect()
    }

    /// The token ranges of all attributes, from `#` to behind `]`.
    pub(super) fn attributes(&self) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for (index, token) in self.tokens.iter().enumerate() {
            if !token.is_mark('#') {
                continue;
            }
            let bang = self.tokens.get(index + 1).is_some_and(|next| next.is_mark('!'));
            let open = index + 1 + usize::from(bang);
            if self.tokens.get(open).is_some_and(|next| next.is_mark('[')) {
                found.push(index..self.group_end(open));
            }
        }
        found
    }

    /// The index behind the bracket that closes the one at `open`.
    fn group_end(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        for (index, token) in self.tokens.iter().enumerate().skip(open) {
            if ['(', '[', '{'].iter().any(|mark| token.is_mark(*mark)) {
                depth += 1;
            } else if [')', ']', '}'].iter().any(|mark| token.is_mark(*mark)) {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return index + 1;
                }
            }
        }
        self.tokens.len()
    }

    /// The index behind the item at `start`: its `;` or its `}`.
    fn item_end(&self, start: usize) -> usize {
        let mut index = start;
        while let Some(token) = self.tokens.get(index) {
            if token.is_mark(';') {
                return index + 1;
            }
            if token.is_mark('{') {
                return self.group_end(index);
            }
            index = if token.is_mark('(') || token.is_mark('[') { self.group_end(index) } else { index + 1 };
        }
        index
    }

    /// All functions that have a body, also nested ones.
    pub(super) fn functions(&self) -> Vec<Function<'_>> {
        let mut found = Vec::new();
        for (index, token) in self.tokens.iter().enumerate() {
            let Some(name) = self.tokens.get(index + 1).and_then(Token::name) else { continue };
            if !token.is_name("fn") {
                continue;
            }
            let end = self.item_end(index);
            if let Some(last) = self.tokens.get(end - 1).filter(|last| last.is_mark('}')) {
                found.push(Function { name, line: token.line, lines: last.line - token.line + 1 });
            }
        }
        found
    }

    /// All modules that this file declares, also nested ones.
    pub(super) fn modules(&self) -> Vec<Module<'_>> {
        let mut found = Vec::new();
        for (index, token) in self.tokens.iter().enumerate() {
            let Some(name) = self.tokens.get(index + 1).and_then(Token::name) else { continue };
            let Some(next) = self.tokens.get(index + 2) else { continue };
            if token.is_name("mod") && (next.is_mark(';') || next.is_mark('{')) {
                let inline = next.is_mark('{');
                let body = if inline { index + 2..self.group_end(index + 2) } else { 0..0 };
                found.push(Module { name, inline, body, test: self.is_test(index) });
            }
        }
        found
    }

    /// The number of lines that hold a token within the token range.
    pub(super) fn code_lines(&self, range: Range<usize>) -> usize {
        let lines: BTreeSet<usize> =
            self.tokens(range).flat_map(|token| token.line..=token.line_end).collect();
        lines.len()
    }

    /// All paths (`a::b::c`) with the index of their last token; an import tree gives one path per leaf.
    pub(super) fn paths(&self) -> Vec<(usize, Vec<&str>)> {
        let mut found = Vec::new();
        let mut index = 0;
        while let Some(token) = self.tokens.get(index) {
            if token.is_name("use") {
                index = self.import_tree(index + 1, &[], &mut found);
            } else if token.name().is_some() {
                index = self.path(index, &mut found);
            } else {
                index += 1;
            }
        }
        found
    }

    fn colons(&self, index: usize) -> bool {
        [index, index + 1].iter().all(|at| self.tokens.get(*at).is_some_and(|token| token.is_mark(':')))
    }

    fn path<'a>(&'a self, start: usize, found: &mut Vec<(usize, Vec<&'a str>)>) -> usize {
        let mut index = start;
        let mut path = Vec::new();
        while let Some(name) = self.tokens.get(index).and_then(Token::name) {
            path.push(name);
            index += 1;
            if !self.colons(index) {
                break;
            }
            index += 2;
        }
        found.push((index - 1, path));
        index
    }

    fn import_tree<'a>(
        &'a self,
        start: usize,
        prefix: &[&'a str],
        found: &mut Vec<(usize, Vec<&'a str>)>,
    ) -> usize {
        let mut index = start;
        let mut path = prefix.to_vec();
        while let Some(token) = self.tokens.get(index) {
            if token.is_mark('{') {
                let end = self.group_end(index);
                index += 1;
                while index + 1 < end {
                    index = self.import_tree(index, &path, found) + 1;
                }
                return end;
            }
            if token.is_mark(',') || token.is_mark(';') || token.is_mark('}') {
                break;
            }
            if token.is_name("as") {
                index += 2;
                continue;
            }
            path.extend(token.name().filter(|name| *name != "self" || path.is_empty()));
            index += 1;
        }
        if path.len() > prefix.len() || index > start {
            found.push((index - 1, path));
        }
        index
    }
}

/// Marks the files that only tests compile: under `tests/` or `benches/`, or behind `#[cfg(test)] mod name;`.
pub(super) fn mark_test_files(files: &mut [File]) {
    let mut places = BTreeSet::new();
    for file in files.iter() {
        let Some(source) = &file.source else { continue };
        let declared = source.modules().into_iter().filter(|module| module.test && !module.inline);
        let folder = module_folder(&file.path);
        places.extend(declared.map(|module| format!("{folder}/{}", module.name)));
    }
    for file in files {
        let test_place = places.iter().any(|place| {
            let rest = file.path.strip_prefix(place.as_str());
            rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        });
        let test_folder = file.path.split('/').any(|part| part == "tests" || part == "benches");
        if let Some(source) = &mut file.source {
            source.test_file = test_folder || test_place || file.path.ends_with("/tests.rs");
        }
    }
}

/// The folder where the out-of-line modules of a file are.
pub(super) fn module_folder(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.trim_end_matches(".rs");
    if ["lib", "main", "build"].contains(&stem) || folder.ends_with("/bin") {
        return folder.to_owned();
    }
    format!("{folder}/{stem}")
}

/// The out-of-line modules that all files declare, as path without `.rs`.
pub(super) fn declared_modules<'a>(sources: impl Iterator<Item = (&'a str, &'a Source)>) -> BTreeSet<String> {
    let mut declared = BTreeSet::new();
    for (path, source) in sources {
        let folder = module_folder(path);
        let modules = source.modules();
        let out_of_line = modules.iter().filter(|module| !module.inline);
        declared.extend(out_of_line.map(|module| format!("{folder}/{}", module.name)));
    }
    declared
}

#[cfg(test)]
mod tests {
    use super::Source;

    fn check_paths(text: &str, expected: &[&str]) {
        let source = Source::parse(text);
        let paths: Vec<String> = source.paths().into_iter().map(|(_, path)| path.join("::")).collect();
        assert_eq!(paths, expected, "in {text:?}");
    }

    #[test]
    fn import_trees_give_one_path_per_leaf() {
        check_paths("use std::{fs, net::{self, IpAddr}};", &["std::fs", "std::net", "std::net::IpAddr"]);
        check_paths("use std::time::Instant as Now;", &["std::time::Instant"]);
        check_paths("use a::*; b", &["a", "b"]);
        check_paths("x = std::fs::read(y)", &["x", "std::fs::read", "y"]);
    }

    #[test]
    fn test_parts_are_known() {
        let source = Source::parse("fn a() { b } #[cfg(test)] mod tests { fn c() { d } } fn e() {}");
        let test =
            |name: &str| source.is_test(source.tokens.iter().position(|token| token.is_name(name)).unwrap());
        assert_eq!([test("b"), test("d"), test("e")], [false, true, false]);
        let source = Source::parse("fn a() {}\n#[cfg(test)]\nmod tests {\n    fn c() {}\n}\n#[b]\nstruct E;");
        assert_eq!(source.lines_apart().into_iter().collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
        let source = Source::parse("#[cfg(not(test))] fn a() {}");
        assert!(!source.is_test(source.tokens.len() - 1));
    }
}
