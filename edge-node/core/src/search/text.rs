//! Words of titles, texts and queries as 64-bit keys.
//!
//! A run of Han, kana or Hangul gives its overlapping pairs and its last character, so that each character of a run begins
//! some key; other letters and digits give folded words. Pairs and words of up to 7 bytes are exact in their key; longer
//! words and categories are hashes of 56 bits.

mod simplified;

const TAG_SHIFT: u32 = 56;
const LONG_WORD: u64 = 8 << TAG_SHIFT;
const PAIR: u64 = 16 << TAG_SHIFT;
const CATEGORY: u64 = 32 << TAG_SHIFT;
const CHAR_BITS: u32 = 21;
const WORD_BYTES_EXACT: usize = 7;

/// One thing that the searcher typed and that a job must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Term {
    /// A word or a pair: one key.
    Key(u64),
    /// One character: every key that begins with it.
    Character(char),
    /// Three characters or more: the folded run, and the keys of its pairs.
    Phrase(Vec<char>, Vec<u64>),
}

/// The first and last key that begin with a character.
pub(super) fn keys_of_character(c: char) -> (u64, u64) {
    let first = pair_key(c, '\0');
    (first, first | ((1 << CHAR_BITS) - 1))
}

/// The distinct terms of a query, in the order typed.
pub(super) fn query_terms(words: &str) -> Vec<Term> {
    let mut terms = Vec::new();
    each_run(words, |run| {
        let term = match run {
            Run::Word(word) => Term::Key(word_key(word)),
            Run::Characters(&[only]) => Term::Character(only),
            Run::Characters(&[a, b]) => Term::Key(pair_key(a, b)),
            Run::Characters(many) => {
                Term::Phrase(many.to_vec(), many.windows(2).map(|pair| pair_key(pair[0], pair[1])).collect())
            }
        };
        if !terms.contains(&term) {
            terms.push(term);
        }
    });
    terms
}

/// The keys of a row, ascending, each with whether the title has it.
pub(super) fn row_terms(title: &str, text: &str, category: u64) -> Vec<(u64, bool)> {
    let mut terms = vec![(category, false)];
    for (field, in_title) in [(title, true), (text, false)] {
        each_run(field, |run| match run {
            Run::Word(word) => terms.push((word_key(word), in_title)),
            Run::Characters(run) => {
                terms.extend(run.windows(2).map(|pair| (pair_key(pair[0], pair[1]), in_title)));
                terms.extend(run.last().map(|&last| (pair_key(last, '\0'), in_title)));
            }
        });
    }
    terms.sort_unstable_by_key(|&(key, in_title)| (key, !in_title));
    terms.dedup_by_key(|&mut (key, _)| key);
    terms
}

/// Says whether a field has the folded characters in a row.
pub(super) fn has_phrase(field: &str, phrase: &[char]) -> bool {
    // Most fields have the phrase as it is folded already, and comparing costs far less than folding.
    has_run(field, phrase, |c| c) || has_run(field, phrase, fold)
}

fn has_run(field: &str, phrase: &[char], folded: impl Fn(char) -> char) -> bool {
    field.char_indices().any(|(from, _)| {
        let mut here = field[from..].chars().map(&folded);
        phrase.iter().all(|&c| here.next() == Some(c))
    })
}

/// The key of a folded word, also used for languages.
pub(super) fn word_key(word: &str) -> u64 {
    let bytes = word.as_bytes();
    if bytes.len() > WORD_BYTES_EXACT {
        return LONG_WORD | hash_56(bytes);
    }
    let packed = bytes.iter().fold(0, |key, &byte| key << 8 | u64::from(byte));
    (bytes.len() as u64) << TAG_SHIFT | packed
}

/// The key of a category, exact letter for letter.
pub(super) fn category_key(category: &str) -> u64 {
    CATEGORY | hash_56(category.as_bytes())
}

fn pair_key(first: char, second: char) -> u64 {
    PAIR | u64::from(first) << CHAR_BITS | u64::from(second)
}

fn hash_56(bytes: &[u8]) -> u64 {
    let mut first = [0; 8];
    first[1..].copy_from_slice(&blake3::hash(bytes).as_bytes()[..7]);
    u64::from_be_bytes(first)
}

enum Run<'a> {
    Word(&'a str),
    Characters(&'a [char]),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Gap,
    Word,
    Characters,
}

fn each_run(field: &str, mut visit: impl FnMut(Run<'_>)) {
    let mut word = String::new();
    let mut characters = Vec::new();
    for c in field.chars().map(fold).chain(['\0']) {
        let script = script(c);
        if script != Script::Word && !word.is_empty() {
            visit(Run::Word(&word));
            word.clear();
        }
        if script != Script::Characters && !characters.is_empty() {
            visit(Run::Characters(&characters));
            characters.clear();
        }
        match script {
            Script::Gap => {}
            Script::Word => word.push(c),
            Script::Characters => characters.push(c),
        }
    }
}

fn script(c: char) -> Script {
    match c {
        '\u{3041}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}' => Script::Characters,
        letter if letter.is_alphanumeric() => Script::Word,
        _ => Script::Gap,
    }
}

/// Full width to half width, traditional to simplified, upper to lower case; one character stays one.
fn fold(c: char) -> char {
    let c = match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        other => other,
    };
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    if script(c) == Script::Characters {
        return simplified::simplified(c);
    }
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(only), None) => only,
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::{Run, each_run};

    fn check(field: &str, expected: &str) {
        let mut runs = Vec::new();
        each_run(field, |run| {
            runs.push(match run {
                Run::Word(word) => word.to_owned(),
                Run::Characters(run) => run.iter().collect(),
            });
        });
        assert_eq!(runs.join(" "), expected, "{field}");
    }

    #[test]
    fn runs() {
        check("夜班分拣员", "夜班分拣员");
        check("倉庫揀貨", "仓库拣货");
        check("CNC操作工2名", "cnc 操作工 2 名");
        check("Forklift, Driver!", "forklift driver");
        check("ＫＴＶ服务", "ktv 服务");
        check("Émile Ünal", "émile ünal");
        check("包吃住，日结", "包吃住 日结");
        check("  !? ", "");
    }
}
