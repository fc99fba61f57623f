//! Cuts a byte stream into records without ever holding more than one bounded record: the import
//! reads files of any size through this. A line above the bound is skipped, not stored, and the
//! next line is read as if nothing had happened.

use super::csv_line::{State, Step, step};
use super::verdict::{Place, Reason, Refusal};
use std::io::{self, Read};

const READ_BYTES: usize = 64 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// How records end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// CSV: at a line end outside quotes.
    Csv {
        /// The ASCII character between fields.
        delimiter: char,
    },
    /// NDJSON: at each line end.
    Ndjson,
}

/// One record without its line end, or the reason why there is none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// A record within the bound; `line` is its first line.
    Record {
        /// Line of its first byte, from 1.
        line: u64,
        /// Its bytes, not checked for anything.
        bytes: Vec<u8>,
    },
    /// A record that was skipped.
    Refused(Refusal),
}

/// Reads frames until the source ends.
#[derive(Debug)]
pub(crate) struct Framer<R> {
    source: R,
    format: Format,
    record_bytes_max: usize,
    /// Bytes read and not given out; at most the bound and one read.
    held: Vec<u8>,
    /// Bytes at the front of `held` that were given out already.
    given: usize,
    source_ended: bool,
    line: u64,
    begun: bool,
}

enum End {
    /// The record takes `bytes`, its line end included.
    At { bytes: usize },
    /// More bytes are needed.
    Open { in_quotes: bool },
}

impl<R: Read> Framer<R> {
    /// Frames `source`; no record may be longer than `record_bytes_max`.
    pub(crate) fn new(source: R, format: Format, record_bytes_max: usize) -> Self {
        Self {
            source,
            format,
            record_bytes_max,
            held: Vec::new(),
            given: 0,
            source_ended: false,
            line: 1,
            begun: false,
        }
    }

    /// The next record that is not an empty line; `None` at the end of the source.
    pub(crate) fn next_frame(&mut self) -> io::Result<Option<Frame>> {
        if !self.begun {
            self.begun = true;
            self.fill()?;
            if self.held.starts_with(BYTE_ORDER_MARK) {
                self.given = BYTE_ORDER_MARK.len();
            }
        }
        let mut scan = Scan { state: State::FieldStart, bytes: 0 };
        loop {
            let end = scan.run(self.pending(), self.format);
            match end {
                End::At { bytes } if bytes <= self.record_bytes_max + 2 => {
                    if let Some(frame) = self.take(bytes) {
                        return Ok(Some(frame));
                    }
                    scan = Scan { state: State::FieldStart, bytes: 0 };
                    continue;
                }
                End::At { .. } => return self.refuse_long(false).map(Some),
                End::Open { in_quotes } if self.pending().len() > self.record_bytes_max => {
                    return self.refuse_long(in_quotes).map(Some);
                }
                End::Open { .. } if !self.source_ended => {}
                End::Open { .. } if self.pending().is_empty() => return Ok(None),
                End::Open { in_quotes: true } => return self.refuse_long(true).map(Some),
                End::Open { in_quotes: false } => {
                    let bytes = self.pending().len();
                    return Ok(self.take(bytes));
                }
            }
            self.fill()?;
        }
    }

    fn pending(&self) -> &[u8] {
        &self.held[self.given..]
    }

    fn fill(&mut self) -> io::Result<()> {
        self.held.drain(..self.given);
        self.given = 0;
        let before = self.held.len();
        self.held.resize(before + READ_BYTES, 0);
        let read = loop {
            match self.source.read(&mut self.held[before..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.held.truncate(before + *read.as_ref().unwrap_or(&0));
        self.source_ended = read? == 0;
        Ok(())
    }

    /// Gives out the first `bytes` bytes; `None` when they are an empty line.
    fn take(&mut self, bytes: usize) -> Option<Frame> {
        let mut record = self.pending()[..bytes].to_vec();
        self.given += bytes;
        let line = self.line;
        self.line += count_line_ends(&record);
        if record.last() == Some(&b'\n') {
            record.pop();
        }
        if record.last() == Some(&b'\r') {
            record.pop();
        }
        let blank = record.iter().all(u8::is_ascii_whitespace);
        (!blank).then_some(Frame::Record { line, bytes: record })
    }

    /// Refuses the first line of a record without an end in sight and goes on at the next line.
    fn refuse_long(&mut self, in_quotes: bool) -> io::Result<Frame> {
        let place = Place::at_line(self.line);
        let kib = self.record_bytes_max / 1024;
        if let Some(end) = self.pending().iter().position(|&byte| byte == b'\n')
            && end <= self.record_bytes_max
        {
            self.given += end + 1;
            self.line += 1;
            let message = "a quote is opened on this line and not closed; close it, or double \
                           a quote that belongs to the text";
            return Ok(Frame::Refused(Refusal::new(place, Reason::QuoteOpen, message)));
        }
        let ended = self.pending().len() <= self.record_bytes_max && self.source_ended;
        let length = self.skip_line()?;
        if ended && in_quotes {
            let message = "a quote is opened on the last line and not closed; close it";
            return Ok(Frame::Refused(Refusal::new(place, Reason::QuoteOpen, message)));
        }
        let message = format!(
            "the line has {length} bytes and the bound is {kib} KiB; shorten it, or raise \
             `record_bytes_max` in the map"
        );
        Ok(Frame::Refused(Refusal::new(place, Reason::LineTooLong, message)))
    }

    /// Skips to the next line holding one read at a time; returns the bytes skipped.
    fn skip_line(&mut self) -> io::Result<u64> {
        let mut skipped: u64 = 0;
        loop {
            if let Some(end) = self.pending().iter().position(|&byte| byte == b'\n') {
                self.given += end + 1;
                self.line += 1;
                return Ok(skipped + end as u64);
            }
            skipped += self.pending().len() as u64;
            self.given = self.held.len();
            if self.source_ended {
                return Ok(skipped);
            }
            self.fill()?;
        }
    }
}

/// Progress of the search for a record's end, so that no byte is looked at twice.
struct Scan {
    state: State,
    bytes: usize,
}

impl Scan {
    fn run(&mut self, held: &[u8], format: Format) -> End {
        match format {
            Format::Ndjson => {
                let found = held[self.bytes..].iter().position(|&byte| byte == b'\n');
                match found {
                    Some(at) => End::At { bytes: self.bytes + at + 1 },
                    None => {
                        self.bytes = held.len();
                        End::Open { in_quotes: false }
                    }
                }
            }
            Format::Csv { delimiter } => {
                for &byte in &held[self.bytes..] {
                    self.bytes += 1;
                    self.state = match step(self.state, char::from(byte), delimiter) {
                        Step::Keep(next) | Step::Skip(next) => next,
                        Step::FieldEnd => State::FieldStart,
                        Step::RecordEnd => return End::At { bytes: self.bytes },
                    };
                }
                End::Open { in_quotes: self.state == State::Quoted }
            }
        }
    }
}

fn count_line_ends(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&byte| byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines as `line:text`, refusals as `line!reason`.
    fn check(source: &[u8], format: Format, expected: &[&str]) {
        let mut framer = Framer::new(source, format, 16);
        let mut got = Vec::new();
        while let Some(frame) = framer.next_frame().unwrap() {
            got.push(match frame {
                Frame::Record { line, bytes } => {
                    format!("{line}:{}", String::from_utf8_lossy(&bytes))
                }
                Frame::Refused(refusal) => {
                    format!("{}!{}", refusal.place.line, refusal.reason.name())
                }
            });
        }
        assert_eq!(got, expected);
    }

    const CSV: Format = Format::Csv { delimiter: ',' };

    #[test]
    fn frames() {
        check(b"", CSV, &[]);
        check(b"a,b\r\nc,d\n", CSV, &["1:a,b", "2:c,d"]);
        check(b"\xEF\xBB\xBFa,b", CSV, &["1:a,b"]);
        check(b"a\n\n\nb", CSV, &["1:a", "4:b"]);
        check(b"\"a\nb\",c\nd", CSV, &["1:\"a\nb\",c", "3:d"]);
        check(b"{}\n{\"a\":\"\"\"}\n", Format::Ndjson, &["1:{}", "2:{\"a\":\"\"\"}"]);
    }

    #[test]
    fn goes_on_after_a_line_above_the_bound() {
        check(b"a\n0123456789abcdefXYZ\nb\n", CSV, &["1:a", "2!line_too_long", "3:b"]);
        check(b"0123456789abcdefXYZ", Format::Ndjson, &["1!line_too_long"]);
        check(b"0123456789abcdef\nb", Format::Ndjson, &["1:0123456789abcdef", "2:b"]);
    }

    #[test]
    fn an_open_quote_costs_one_line() {
        check(b"a\n\"b,c\nd,e\nf", CSV, &["1:a", "2!quote_open", "3:d,e", "4:f"]);
        check(b"a\n\"b,c", CSV, &["1:a", "2!quote_open"]);
        check(
            b"\"a\n0123456789\n0123456789\nb",
            CSV,
            &["1!quote_open", "2:0123456789", "3:0123456789", "4:b"],
        );
    }
}
