//! The import pipeline: bytes in, job rows out to a [`Sink`], every record accounted for in a
//! [`Summary`]. It holds one record at a time; the command and the tests differ only in the sink.

use super::convert::{self, Converted, Notes};
use super::csv_line;
use super::fields::{self, Fields, Header};
use super::framing::{Format, Frame, Framer};
use super::map::{ColumnRules, Map, Rules};
use super::post::JobRow;
use super::twins::{Standing, Twins, key_taken};
use super::verdict::{Place, Reason, Refusal, Summary};
use anyhow::{Context, Result, bail};
use jiff::civil::Date;
use std::io::Read;
use std::rc::Rc;

#[cfg(test)]
mod tests;

/// Largest row as JSON; a chunk must hold several.
pub(crate) const ROW_BYTES_MAX: usize = 128 * 1024;

/// Where rows and refusals go.
pub(crate) trait Sink {
    /// Takes one row and its JSON line without line end.
    fn row(&mut self, row: JobRow, json: &str) -> Result<()>;

    /// Takes one refused row.
    fn refused(&mut self, refusal: &Refusal);

    /// Sends what is held and returns the hub's counts over all rows.
    fn finish(&mut self) -> Result<HubCounts>;
}

/// What the hub made of the rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct HubCounts {
    pub(crate) created: u64,
    pub(crate) updated: u64,
    pub(crate) unchanged: u64,
    pub(crate) refused: u64,
}

/// Imports a whole source; `twins` is the scan of the same source by the same map and `today` the
/// day from which coming days count. Errors end the import, refused rows do not.
pub(crate) fn run(
    source: impl Read,
    map: &Map,
    mut twins: Twins,
    today: Date,
    sink: &mut dyn Sink,
) -> Result<Summary> {
    let mut summary = Summary::default();
    let mut records = RecordReader::new(source, map)?;
    while let Some(record) = records.next_record()? {
        summary.read += 1;
        let verdict = record.and_then(|record| {
            summary.repaired += u64::from(record.repaired);
            judge(record, map, &mut twins, today)
        });
        match verdict {
            Ok(Verdict::Row { row, notes, json }) => {
                count_row(&mut summary, &row, notes);
                sink.row(*row, &json)?;
            }
            Ok(Verdict::LeftOut(name)) => *summary.left_out.entry(name).or_default() += 1,
            Ok(Verdict::Duplicate) => summary.duplicates += 1,
            Ok(Verdict::Folded) => summary.twins_folded += 1,
            Err(refusal) => {
                summary.refuse(refusal.reason);
                sink.refused(&refusal);
            }
        }
    }
    let counts = sink.finish()?;
    summary.imported -= counts.refused;
    for _ in 0..counts.refused {
        summary.refuse(Reason::ByHub);
    }
    summary.created = counts.created;
    summary.updated = counts.updated;
    summary.unchanged = counts.unchanged;
    Ok(summary)
}

enum Verdict {
    Row { row: Box<JobRow>, notes: Notes, json: String },
    LeftOut(String),
    Duplicate,
    Folded,
}

fn judge(record: Record, map: &Map, twins: &mut Twins, today: Date) -> Result<Verdict, Refusal> {
    let line = record.line();
    let Some(key) = record.key(map) else {
        return Err(record.without_key(map));
    };
    match twins.standing(&key, line, &record.text) {
        Standing::Chosen => {}
        Standing::Duplicate => return Ok(Verdict::Duplicate),
        Standing::Folded { chosen_line } => {
            if let Rules::Columns(rules) = &map.rules
                && rules.twins.is_some()
            {
                return Ok(Verdict::Folded);
            }
            let (reason, message) = key_taken(&key, chosen_line);
            return Err(Refusal::new(Place::at_line(line), reason, message));
        }
    }
    let (row, notes) = match (record.body, &map.rules) {
        (Body::Native(row), Rules::Native(bounds)) => {
            convert::check_native(&row, *bounds)?;
            (row, Notes::default())
        }
        (Body::Columns(fields), Rules::Columns(rules)) => {
            match convert::convert(&fields, key, rules, today)? {
                Converted::Row { row, notes } => (row, notes),
                Converted::LeftOut(name) => return Ok(Verdict::LeftOut(name)),
            }
        }
        (Body::Native(_), Rules::Columns(_)) | (Body::Columns(_), Rules::Native(_)) => {
            unreachable!("records are read by the rules they are judged by")
        }
    };
    let json = serde_json::to_string(&row).map_err(|error| fields::not_json(&error, line))?;
    if json.len() > ROW_BYTES_MAX {
        let message = format!(
            "the row has {} bytes as JSON and the hub takes {ROW_BYTES_MAX}; shorten its texts",
            json.len()
        );
        return Err(Refusal::new(Place::at_line(line), Reason::RowTooLarge, message));
    }
    Ok(Verdict::Row { row, notes, json })
}

fn count_row(summary: &mut Summary, row: &JobRow, notes: Notes) {
    summary.imported += 1;
    summary.seats += u64::from(row.seats);
    summary.position_by_words += u64::from(notes.position_by_words);
    summary.without_position += u64::from(row.lat.is_none());
    summary.hours_by_default += u64::from(notes.hours_by_default);
}

/// One record that could be read.
#[derive(Debug)]
pub(crate) struct Record {
    text: String,
    repaired: bool,
    body: Body,
    line: u64,
}

#[derive(Debug)]
enum Body {
    Native(Box<JobRow>),
    Columns(Fields),
}

impl Record {
    /// First line of the record.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// The key, when the record has one.
    pub(crate) fn key(&self, map: &Map) -> Option<String> {
        match (&self.body, &map.rules) {
            (Body::Columns(fields), Rules::Columns(rules)) => convert::key_of(fields, rules),
            (Body::Native(row), _) => (!row.key.is_empty()).then(|| row.key.clone()),
            (Body::Columns(_), Rules::Native(_)) => None,
        }
    }

    /// The text of a column; empty for ready-made rows.
    pub(crate) fn field(&self, column: &str) -> &str {
        match &self.body {
            Body::Columns(fields) => fields.get(column),
            Body::Native(_) => "",
        }
    }

    fn without_key(&self, map: &Map) -> Refusal {
        match (&self.body, &map.rules) {
            (Body::Columns(fields), Rules::Columns(rules)) => {
                let empty = |column: &&String| fields.get(column).is_empty();
                let column = rules.key.columns.iter().find(empty);
                convert::missing(fields, column.map_or("", String::as_str), "the job has no key")
            }
            (Body::Native(_) | Body::Columns(_), Rules::Native(_) | Rules::Columns(_)) => {
                Refusal::new(Place::at_line(self.line), Reason::FieldMissing, "key: is empty; fill it")
            }
        }
    }
}

/// Reads records by the reading rules of a map.
#[derive(Debug)]
pub(crate) struct RecordReader<'m, R> {
    framer: Framer<R>,
    map: &'m Map,
    header: Rc<Header>,
    header_width: usize,
}

impl<'m, R: Read> RecordReader<'m, R> {
    /// Opens a source; for CSV reads its header and checks that the map's columns are there.
    pub(crate) fn new(source: R, map: &'m Map) -> Result<Self> {
        let mut framer = Framer::new(source, map.format, map.record_bytes_max);
        let mut names = Vec::new();
        if let Format::Csv { delimiter } = map.format {
            names = match framer.next_frame()? {
                None => bail!("the file is empty; a CSV file begins with a line of column names"),
                Some(Frame::Refused(refusal)) => bail!("header at {refusal}"),
                Some(Frame::Record { line, bytes }) => {
                    let text = fields::decode(bytes, line, map.encoding)
                        .map_err(|refusal| anyhow::anyhow!("header at {refusal}"))?;
                    csv_line::split(&text, line, delimiter).into_iter().map(|f| f.text).collect()
                }
            };
        }
        let header_width = names.len();
        let header = Rc::new(Header::new(names));
        if let (Format::Csv { .. }, Rules::Columns(rules)) = (map.format, &map.rules) {
            check_header(&header, rules)?;
        }
        Ok(Self { framer, map, header, header_width })
    }

    /// The next record, or why it cannot be read; `None` at the end of the source.
    pub(crate) fn next_record(&mut self) -> Result<Option<Result<Record, Refusal>>> {
        let frame = self.framer.next_frame().context("read the file")?;
        Ok(frame.map(|frame| match frame {
            Frame::Refused(refusal) => Err(refusal),
            Frame::Record { line, bytes } => self.parse(bytes, line),
        }))
    }

    fn parse(&self, bytes: Vec<u8>, line: u64) -> Result<Record, Refusal> {
        let text = fields::decode(bytes, line, self.map.encoding)?;
        let (body, repaired) = match (&self.map.rules, self.map.format) {
            (Rules::Native(_), _) => {
                let mut row: Box<JobRow> =
                    serde_json::from_str(&text).map_err(|error| fields::not_json(&error, line))?;
                row.line = line;
                (Body::Native(row), false)
            }
            (Rules::Columns(_), format) => {
                let mut fields = match format {
                    Format::Csv { delimiter } => {
                        Fields::from_csv(&text, line, delimiter, &self.header, self.header_width)?
                    }
                    Format::Ndjson => Fields::from_json(&text, line)?,
                };
                let repaired = self.map.repair_mojibake && fields.repair_mojibake();
                (Body::Columns(fields), repaired)
            }
        };
        Ok(Record { text, repaired, body, line })
    }
}

fn check_header(header: &Header, rules: &ColumnRules) -> Result<()> {
    let mut absent: Vec<&str> = rules.columns().filter(|name| !header.has(name)).collect();
    absent.sort_unstable();
    absent.dedup();
    if absent.is_empty() {
        return Ok(());
    }
    let there: Vec<&str> = header.names().collect();
    bail!(
        "1:1: the header has no column {}; it has {}. Correct the names in the map, or the header",
        absent.join(", "),
        there.join(", ")
    )
}
