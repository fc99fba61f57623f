//! The grammar of one CSV record (RFC 4180): where it ends and how it splits into fields. The
//! framer steps it over bytes to find the end, [`split`] steps it over characters to cut.

use super::verdict::Place;

/// Where in a record a character stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// At the first character of a field.
    FieldStart,
    /// In a field that did not begin with a quote; quotes in it are plain characters.
    Plain,
    /// Inside quotes.
    Quoted,
    /// After a quote inside quotes: the end of the field, or half of a doubled quote.
    QuoteSeen,
}

/// What a character does to the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// It belongs to the field.
    Keep(State),
    /// It is syntax and belongs to no field.
    Skip(State),
    /// It ends the field.
    FieldEnd,
    /// It ends the record.
    RecordEnd,
}

/// Reads one character in `state`.
pub(crate) fn step(state: State, character: char, delimiter: char) -> Step {
    match (state, character) {
        (State::Quoted, '"') => Step::Skip(State::QuoteSeen),
        (State::Quoted, _) => Step::Keep(State::Quoted),
        (State::QuoteSeen, '"') => Step::Keep(State::Quoted),
        (State::FieldStart, '"') => Step::Skip(State::Quoted),
        (_, '\n') => Step::RecordEnd,
        (_, c) if c == delimiter => Step::FieldEnd,
        (_, _) => Step::Keep(State::Plain),
    }
}

/// One field with the place of its first character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) text: String,
    pub(crate) place: Place,
}

/// Splits a record that begins at `line` and has no line end of its own.
pub(crate) fn split(record: &str, line: u64, delimiter: char) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut here = Place::at_line(line);
    let mut field = Field { text: String::new(), place: here };
    let mut state = State::FieldStart;
    for character in record.chars() {
        let place = here;
        here.column += 1;
        if character == '\n' {
            here = Place::at_line(here.line + 1);
        }
        match step(state, character, delimiter) {
            Step::Keep(next) => {
                if state == State::FieldStart {
                    field.place = place;
                }
                field.text.push(character);
                state = next;
            }
            Step::Skip(next) => {
                if state == State::FieldStart {
                    field.place = place;
                }
                state = next;
            }
            Step::FieldEnd | Step::RecordEnd => {
                fields.push(std::mem::replace(&mut field, Field { text: String::new(), place: here }));
                state = State::FieldStart;
            }
        }
    }
    fields.push(field);
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(record: &str, expected: &[(&str, u64, u64)]) {
        let fields = split(record, 7, ',');
        let got: Vec<_> = fields.iter().map(|f| (f.text.as_str(), f.place.line, f.place.column)).collect();
        assert_eq!(got, expected, "{record}");
    }

    #[test]
    fn splits_and_places() {
        check("", &[("", 7, 1)]);
        check("a,b", &[("a", 7, 1), ("b", 7, 3)]);
        check("a,,", &[("a", 7, 1), ("", 7, 3), ("", 7, 4)]);
        check("\"a,b\",c", &[("a,b", 7, 1), ("c", 7, 7)]);
        check("\"a\"\"b\",c", &[("a\"b", 7, 1), ("c", 7, 8)]);
        check("5\" pipe,c", &[("5\" pipe", 7, 1), ("c", 7, 9)]);
        check("\"a\nb\",c", &[("a\nb", 7, 1), ("c", 8, 4)]);
        check("é,c", &[("é", 7, 1), ("c", 7, 3)]);
    }

    proptest! {
        /// The csv package writes, this module reads.
        #[test]
        fn reads_what_csv_writes(fields in prop::collection::vec("[a-c,\"\n é]{0,6}", 2..6)) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(&fields).unwrap();
            let bytes = writer.into_inner().unwrap();
            let text = std::str::from_utf8(&bytes).unwrap();
            let got: Vec<_> = split(text.strip_suffix('\n').unwrap(), 1, ',')
                .into_iter().map(|f| f.text).collect();
            prop_assert_eq!(got, fields);
        }
    }
}
