//! A record as named texts with their places: the same for CSV and NDJSON, so that the rules of a
//! map need not know where a row came from.

use super::csv_line;
use super::map::Encoding;
use super::mojibake;
use super::verdict::{Place, Reason, Refusal};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Column names with their position.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Header {
    positions: BTreeMap<String, usize>,
}

impl Header {
    /// Makes a header of names in file order.
    pub(crate) fn new(names: impl IntoIterator<Item = String>) -> Self {
        let positions =
            names.into_iter().enumerate().map(|(at, name)| (name.trim().to_owned(), at)).collect();
        Self { positions }
    }

    /// True when there is a column of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.positions.contains_key(name)
    }

    /// Column names, sorted.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.positions.keys().map(String::as_str)
    }
}

/// One record, cut into named texts.
#[derive(Debug)]
pub(crate) struct Fields {
    header: Rc<Header>,
    values: Vec<csv_line::Field>,
    line: u64,
}

impl Fields {
    /// Cuts a CSV record and holds it against its header.
    pub(crate) fn from_csv(
        record: &str,
        line: u64,
        delimiter: char,
        header: &Rc<Header>,
        header_width: usize,
    ) -> Result<Self, Refusal> {
        let values = csv_line::split(record, line, delimiter);
        if values.len() != header_width {
            let place = values.last().map_or_else(|| Place::at_line(line), |field| field.place);
            let message = format!(
                "the row has {} fields and the header has {header_width}; quote texts that \
                 contain `{delimiter}` or line ends",
                values.len()
            );
            return Err(Refusal::new(place, Reason::FieldCount, message));
        }
        Ok(Self { header: Rc::clone(header), values, line })
    }

    /// Reads one JSON object; its texts, numbers and truth values become texts.
    pub(crate) fn from_json(record: &str, line: u64) -> Result<Self, Refusal> {
        let place = Place::at_line(line);
        let object: BTreeMap<String, serde_json::Value> =
            serde_json::from_str(record).map_err(|error| not_json(&error, line))?;
        let values = object
            .values()
            .map(|value| {
                let text = match value {
                    serde_json::Value::Null => String::new(),
                    serde_json::Value::String(text) => text.clone(),
                    other @ (serde_json::Value::Bool(_)
                    | serde_json::Value::Number(_)
                    | serde_json::Value::Array(_)
                    | serde_json::Value::Object(_)) => other.to_string(),
                };
                csv_line::Field { text, place }
            })
            .collect();
        let header = Rc::new(Header::new(object.into_keys()));
        Ok(Self { header, values, line })
    }

    /// The trimmed text of a column; empty when a JSON object has no such name.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.header.positions.get(name).map_or("", |&at| self.values[at].text.trim())
    }

    /// Where a column stands in the file.
    pub(crate) fn place(&self, name: &str) -> Place {
        self.header.positions.get(name).map_or_else(|| Place::at_line(self.line), |&at| self.values[at].place)
    }

    /// First line of the record.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// The first of `names` that is not empty, with its text; nothing when all are.
    pub(crate) fn first<'a>(&self, names: &'a [String]) -> Option<(&'a str, &str)> {
        names.iter().map(|name| (name.as_str(), self.get(name))).find(|(_, text)| !text.is_empty())
    }

    /// Repairs every text; true when one changed.
    pub(crate) fn repair_mojibake(&mut self) -> bool {
        let mut changed = false;
        for value in &mut self.values {
            if let Cow::Owned(better) = mojibake::repair(&value.text) {
                value.text = better;
                changed = true;
            }
        }
        changed
    }
}

/// Turns the bytes of a record into text.
pub(crate) fn decode(bytes: Vec<u8>, line: u64, encoding: Encoding) -> Result<String, Refusal> {
    match encoding {
        Encoding::Windows1252 => Ok(bytes.into_iter().map(mojibake::decode_byte).collect()),
        Encoding::Utf8 => String::from_utf8(bytes).map_err(|error| {
            let good = error.utf8_error().valid_up_to();
            let bad = error.as_bytes()[good];
            let before = String::from_utf8_lossy(&error.as_bytes()[..good]);
            let lines = before.matches('\n').count() as u64;
            let last = before.rsplit('\n').next().unwrap_or_default();
            let place = Place { line: line + lines, column: last.chars().count() as u64 + 1 };
            let message = format!(
                "byte 0x{bad:02X} is not UTF-8; save the file as UTF-8, or set \
                 `encoding = \"windows-1252\"` in the map if that is what it is"
            );
            Refusal::new(place, Reason::NotUtf8, message)
        }),
    }
}

/// The refusal of a line that serde could not read.
pub(crate) fn not_json(error: &serde_json::Error, line: u64) -> Refusal {
    let place = Place { line, column: error.column().max(1) as u64 };
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or_default();
    let message = format!("{said}; each line must be one JSON object");
    Refusal::new(place, Reason::NotJson, message)
}
