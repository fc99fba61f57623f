//! The witness: a small file beside the database that remembers how far each own log had come.
//!
//! It is appended and synced after each commit and before any answer. A database ahead of its witness is normal (a crash
//! in between); a database behind it was rolled back, and its node must not sign anybody up. Each record has a checksum.
//! What the last write left torn was never answered and is dropped; damage anywhere before it is an error, because a
//! record that cannot be read may be the one that a rolled-back database is behind.

mod file;
mod record;
#[cfg(test)]
mod tests;

pub use self::file::WitnessFile;

use self::{
    file::RealFile,
    record::{RECORD_BYTES, Record},
};
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};
use sync_protocol::{
    ids::VshardId,
    log::LogHead,
    mutant::{self, Mutant},
};

/// The file is written anew above this size.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Why the witness cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    #[error("the witness file {path} cannot be used")]
    Io { path: PathBuf, source: io::Error },
    /// Whether the database was rolled back cannot be told.
    #[error("the witness file {path} is damaged at record {record}")]
    Damaged { path: PathBuf, record: usize },
}

impl WitnessError {
    /// Whether there was no room for a record: ask again when there is.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull)
    }
}

/// An open witness file.
#[derive(Debug)]
pub struct Witness {
    path: PathBuf,
    file: Box<dyn WitnessFile>,
    /// Where the next batch goes.
    bytes: u64,
    seen: BTreeMap<VshardId, LogHead>,
    /// Heads that are committed and not yet in the file: nothing is answered before they are.
    owed: BTreeMap<VshardId, LogHead>,
}

/// What a file holds.
struct Contents {
    seen: BTreeMap<VshardId, LogHead>,
    /// Records of a torn last batch that can be read: their heads were committed.
    torn: BTreeMap<VshardId, LogHead>,
    /// Where the last whole batch ends.
    bytes: u64,
}

impl Witness {
    /// Opens or creates the file; what a last write left torn is dropped.
    pub fn open(path: &Path) -> Result<Self, WitnessError> {
        let file =
            RealFile::open(path).map_err(|source| WitnessError::Io { path: path.to_owned(), source })?;
        Self::on(path, Box::new(file))
    }

    /// Goes on with a file that is open already; `path` is for messages.
    pub fn on(path: &Path, mut file: Box<dyn WitnessFile>) -> Result<Self, WitnessError> {
        let io = |source| WitnessError::Io { path: path.to_owned(), source };
        let bytes = file.read(FILE_BYTES_MAX * 2).map_err(io)?;
        let mut contents =
            read(&bytes).map_err(|record| WitnessError::Damaged { path: path.to_owned(), record })?;
        if contents.bytes == 0 {
            let start = Record::start().encode();
            file.write_at(&start, 0).and_then(|()| file.sync()).map_err(io)?;
            contents.bytes = RECORD_BYTES as u64;
        }
        contents.seen.extend(contents.torn.iter().map(|(vshard, head)| (*vshard, *head)));
        Ok(Self {
            path: path.to_owned(),
            file,
            bytes: contents.bytes,
            seen: contents.seen,
            owed: contents.torn,
        })
    }

    /// The first vshard whose own log is behind what was witnessed, or differs from it at the same place.
    pub fn rolled_back(&self, own: &BTreeMap<VshardId, LogHead>) -> Option<VshardId> {
        self.seen
            .iter()
            .find(|(vshard, seen)| match own.get(vshard) {
                None => seen.wseq > 0,
                Some(own) => own.wseq < seen.wseq || (own.wseq == seen.wseq && own.head != seen.head),
            })
            .map(|(vshard, _)| *vshard)
    }

    /// Records new heads durably, with those that an earlier call could not. Call it before any answer, with whatever
    /// heads the commit moved, also none.
    pub fn record(&mut self, heads: &BTreeMap<VshardId, LogHead>) -> Result<(), WitnessError> {
        self.owed.extend(heads.iter().map(|(vshard, head)| (*vshard, *head)));
        self.seen.extend(heads.iter().map(|(vshard, head)| (*vshard, *head)));
        if self.owed.is_empty() || mutant::is(Mutant::NoWitness) {
            return Ok(());
        }
        let written = if self.bytes > FILE_BYTES_MAX { self.rewrite() } else { self.append() };
        written.map_err(|source| WitnessError::Io { path: self.path.clone(), source })?;
        self.owed.clear();
        Ok(())
    }

    fn append(&mut self) -> io::Result<()> {
        let records = record::batch(&self.owed);
        let written = self.file.write_at(&records, self.bytes).and_then(|()| self.file.sync());
        if let Err(error) = written {
            // The next batch is written to the same place, so what stays where this fails too is written over.
            drop(self.file.cut(self.bytes));
            return Err(error);
        }
        self.bytes += records.len() as u64;
        Ok(())
    }

    fn rewrite(&mut self) -> io::Result<()> {
        let records = record::whole(&self.seen);
        self.file.replace(&records)?;
        self.bytes = records.len() as u64;
        Ok(())
    }
}

/// Reads a file's bytes; an error is the number of a record that cannot be read and was whole once.
fn read(bytes: &[u8]) -> Result<Contents, usize> {
    let records: Vec<Option<Record>> = bytes.chunks(RECORD_BYTES).map(Record::decode).collect();
    let mut contents = Contents { seen: BTreeMap::new(), torn: BTreeMap::new(), bytes: 0 };
    // The first record was synced before anything followed it.
    match records.first() {
        None => return Ok(contents),
        Some(Some(record)) if record.is_start() => {}
        Some(_) if records.len() == 1 => return Ok(contents),
        Some(_) => return Err(0),
    }
    let last = records.iter().rposition(Option::is_some).unwrap_or_default();
    let (index, count) = records[last].as_ref().map_or((0, 1), Record::place);
    let begin = last.checked_sub(index).ok_or(last)?;
    for (at, record) in records.iter().enumerate().take(begin) {
        contents.put(record.as_ref().ok_or(at)?, false);
    }
    let batch = records.get(begin..begin + count).unwrap_or_default();
    let is_whole = batch.len() == count && batch.iter().all(Option::is_some);
    for record in records[begin..].iter().flatten() {
        contents.put(record, !is_whole);
    }
    contents.bytes = ((if is_whole { begin + count } else { begin }) * RECORD_BYTES) as u64;
    Ok(contents)
}

impl Contents {
    fn put(&mut self, record: &Record, is_torn: bool) {
        let heads = if is_torn { &mut self.torn } else { &mut self.seen };
        heads.extend(record.head());
    }
}
