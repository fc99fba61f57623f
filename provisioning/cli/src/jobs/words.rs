//! Finds words of a table in texts: whole words, whatever their case and punctuation. Chinese
//! characters count as one word each, so that a phrase is found inside running text.

/// A table of words, in the order in which they are tried.
#[derive(Debug, Clone, Default)]
pub(crate) struct WordTable {
    /// Each word in normal form, with the number of its row.
    words: Vec<(String, usize)>,
}

impl WordTable {
    /// Makes a table of rows, each with any number of words.
    pub(crate) fn new<'a>(rows: impl IntoIterator<Item = &'a [String]>) -> Self {
        let words = rows
            .into_iter()
            .enumerate()
            .flat_map(|(row, words)| words.iter().map(move |word| (normal_form(word), row)))
            .collect();
        Self { words }
    }

    /// The first row of the table of which a word stands in any of `texts`.
    pub(crate) fn find(&self, texts: &[&str]) -> Option<usize> {
        let texts: Vec<String> = texts.iter().map(|text| normal_form(text)).collect();
        self.words
            .iter()
            .find(|(word, _)| texts.iter().any(|text| text.contains(word.as_str())))
            .map(|&(_, row)| row)
    }
}

/// Lower case, words parted and enclosed by single spaces, everything else dropped.
fn normal_form(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push(' ');
    for character in text.chars() {
        let single = is_han(character);
        if single && !out.ends_with(' ') {
            out.push(' ');
        }
        if character.is_alphanumeric() {
            out.extend(character.to_lowercase());
        }
        // Apostrophes join: "Men's" and "Mens" are one word.
        let joins = matches!(character, '\'' | '’' | '.');
        if (single || !(character.is_alphanumeric() || joins)) && !out.ends_with(' ') {
            out.push(' ');
        }
    }
    if !out.ends_with(' ') {
        out.push(' ');
    }
    out
}

fn is_han(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{9FFF}' | '\u{20000}'..='\u{323AF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(words: &[&str], text: &str, expected: Option<usize>) {
        let rows: Vec<Vec<String>> = words.iter().map(|word| vec![(*word).to_owned()]).collect();
        let table = WordTable::new(rows.iter().map(Vec::as_slice));
        assert_eq!(table.find(&[text]), expected, "{words:?} in {text}");
    }

    #[test]
    fn finds_whole_words() {
        check(&["Church St"], "100 Church St., N.Y.", Some(0));
        check(&["Church St"], "100 Church Street", None);
        check(&["ny"], "Albany", None);
        check(&["N.Y."], "22 Reade St NY", Some(0));
        check(&["queens", "brooklyn"], "Brooklyn or Queens", Some(0));
        check(&["搬运"], "招聘搬运工", Some(0));
        check(&["搬工"], "搬运工", None);
        check(&["a"], "", None);
    }
}
