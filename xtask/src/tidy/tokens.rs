//! A small tokenizer of Rust: names, punctuation and literals with their lines, without comments.
//!
//! It knows just enough (nested comments, raw strings, lifetimes) that no rule trips over a text or a comment.

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Name(String),
    Mark(char),
    Literal,
    Lifetime,
}

/// One token and the lines (counted from 1) that it covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) line: usize,
    pub(super) line_end: usize,
}

impl Token {
    /// Whether this is the name `text`.
    pub(super) fn is_name(&self, text: &str) -> bool {
        self.name() == Some(text)
    }

    /// Whether this is the punctuation `mark`.
    pub(super) fn is_mark(&self, mark: char) -> bool {
        self.kind == Kind::Mark(mark)
    }

    /// The name, if it is one.
    pub(super) fn name(&self) -> Option<&str> {
        match &self.kind {
            Kind::Name(name) => Some(name),
            Kind::Mark(_) | Kind::Literal | Kind::Lifetime => None,
        }
    }
}

/// Cuts a source text into tokens.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut cutter = Cutter { chars: text.chars().collect(), at: 0, line: 1 };
    let mut tokens = Vec::new();
    while let Some(char) = cutter.peek(0) {
        let line = cutter.line;
        if let Some(kind) = cutter.next(char) {
            tokens.push(Token { kind, line, line_end: cutter.line });
        }
    }
    tokens
}

struct Cutter {
    chars: Vec<char>,
    at: usize,
    line: usize,
}

impl Cutter {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn step(&mut self) {
        if self.peek(0) == Some('\n') {
            self.line += 1;
        }
        self.at += 1;
    }

    fn skip(&mut self, count: usize) {
        (0..count).for_each(|_| self.step());
    }

    fn next(&mut self, char: char) -> Option<Kind> {
        if char.is_whitespace() {
            self.step();
            return None;
        }
        if char == '/' && matches!(self.peek(1), Some('/' | '*')) {
            self.comment();
            return None;
        }
        if let Some(hashes) = self.raw_string_hashes() {
            self.raw_string(hashes);
            return Some(Kind::Literal);
        }
        if let Some(quote) = self.quoted_after_prefix() {
            self.skip(quote);
            self.quoted(if self.peek(0) == Some('\'') { '\'' } else { '"' });
            return Some(Kind::Literal);
        }
        if char == '\'' {
            return Some(self.char_or_lifetime());
        }
        if char.is_ascii_digit() {
            self.number();
            return Some(Kind::Literal);
        }
        if is_name(char) {
            return Some(Kind::Name(self.name()));
        }
        self.step();
        Some(Kind::Mark(char))
    }

    fn comment(&mut self) {
        if self.peek(1) == Some('/') {
            while self.peek(0).is_some_and(|char| char != '\n') {
                self.step();
            }
            return;
        }
        let mut depth = 0_usize;
        while self.peek(0).is_some() {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => {
                    depth += 1;
                    self.skip(2);
                }
                (Some('*'), Some('/')) => {
                    depth -= 1;
                    self.skip(2);
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.step(),
            }
        }
    }

    /// The number of hashes if a raw string starts here.
    fn raw_string_hashes(&self) -> Option<usize> {
        let prefix = match (self.peek(0)?, self.peek(1)) {
            ('r', _) => 1,
            ('b' | 'c', Some('r')) => 2,
            _ => return None,
        };
        let hashes = (0..).take_while(|ahead| self.peek(prefix + ahead) == Some('#')).count();
        (self.peek(prefix + hashes) == Some('"')).then_some(hashes)
    }

    fn raw_string(&mut self, hashes: usize) {
        while self.peek(0) != Some('"') {
            self.step();
        }
        self.step();
        while self.peek(0).is_some() {
            if self.peek(0) == Some('"') && (1..=hashes).all(|ahead| self.peek(ahead) == Some('#')) {
                self.skip(hashes + 1);
                return;
            }
            self.step();
        }
    }

    /// The length of the prefix if a string, or a byte character, starts here.
    fn quoted_after_prefix(&self) -> Option<usize> {
        match (self.peek(0)?, self.peek(1)) {
            ('"', _) => Some(0),
            ('b' | 'c', Some('"')) | ('b', Some('\'')) => Some(1),
            _ => None,
        }
    }

    fn quoted(&mut self, quote: char) {
        self.step();
        while let Some(char) = self.peek(0) {
            self.step();
            if char == '\\' {
                self.step();
            } else if char == quote {
                return;
            }
        }
    }

    fn char_or_lifetime(&mut self) -> Kind {
        if self.peek(1) == Some('\\') || self.peek(2) == Some('\'') {
            self.quoted('\'');
            return Kind::Literal;
        }
        self.step();
        self.name();
        Kind::Lifetime
    }

    fn number(&mut self) {
        while let Some(char) = self.peek(0) {
            let fraction = char == '.' && self.peek(1).is_some_and(|next| next.is_ascii_digit());
            if !is_name(char) && !fraction {
                return;
            }
            self.step();
        }
    }

    fn name(&mut self) -> String {
        if self.peek(0) == Some('r') && self.peek(1) == Some('#') {
            self.skip(2);
        }
        let start = self.at;
        while self.peek(0).is_some_and(is_name) {
            self.at += 1;
        }
        self.chars.get(start..self.at).unwrap_or_default().iter().collect()
    }
}

fn is_name(char: char) -> bool {
    char == '_' || char.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::{Kind, tokens};

    fn check(text: &str, expected: &str) {
        let cut = tokens(text).into_iter().map(|token| {
            let text = match token.kind {
                Kind::Name(name) => name,
                Kind::Mark(mark) => mark.to_string(),
                Kind::Literal => "LIT".to_owned(),
                Kind::Lifetime => "LIFE".to_owned(),
            };
            format!("{}{text}", token.line)
        });
        assert_eq!(cut.collect::<Vec<_>>().join(" "), expected, "of {text:?}");
    }

    #[test]
    fn comments_and_texts_hide_what_they_hold() {
        check("a // b\nc", "1a 2c");
        check("a /* b /* c */ d */ e", "1a 1e");
        check(r#"a("b \" c", d)"#, "1a 1( 1LIT 1, 1d 1)");
        check("r##\"a\"# b\"## c", "1LIT 1c");
        check("br\"a\" b'x' b\"y\" c\"z\" e", "1LIT 1LIT 1LIT 1LIT 1e");
        check("\"a\nb\" c", "1LIT 2c");
    }

    #[test]
    fn lifetimes_are_not_characters() {
        check("&'a str", "1& 1LIFE 1str");
        check("'a' '\\'' '\\u{1}' '('", "1LIT 1LIT 1LIT 1LIT");
        check("<'a>", "1< 1LIFE 1>");
    }

    #[test]
    fn numbers_and_raw_names_are_one_token() {
        check("1..2 1.5f64 0xff_u8.x r#type", "1LIT 1. 1. 1LIT 1LIT 1LIT 1. 1x 1type");
    }
}
