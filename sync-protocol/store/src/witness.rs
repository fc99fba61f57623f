//! The witness: a small file beside the database that remembers how far each own log had come.
//!
//! It is appended and synced after each commit and before any answer. A database ahead of its witness is normal (a crash
//! in between); a database behind it was rolled back, and its node must not sign anybody up.

mod file;

pub use file::WitnessFile;

use file::RealFile;
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};
use sync_protocol::{
    ids::VshardId,
    log::{Head, LogHead},
    mutant::{self, Mutant},
};

/// vshard u16, wseq u64, head 32 bytes, checksum 6 bytes.
const RECORD_BYTES: usize = 48;
/// The file is written anew above this size.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Why the witness cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    #[error("the witness file {path} cannot be used")]
    Io { path: PathBuf, source: io::Error },
}

/// An open witness file.
#[derive(Debug)]
pub struct Witness {
    path: PathBuf,
    file: Box<dyn WitnessFile>,
    bytes: u64,
    seen: BTreeMap<VshardId, LogHead>,
}

impl Witness {
    /// Opens or creates the file; a torn last record is dropped.
    pub fn open(path: &Path) -> Result<Self, WitnessError> {
        let file =
            RealFile::open(path).map_err(|source| WitnessError::Io { path: path.to_owned(), source })?;
        Self::on(path, Box::new(file))
    }

    /// Goes on with a file that is open already; `path` is for messages.
    pub fn on(path: &Path, file: Box<dyn WitnessFile>) -> Result<Self, WitnessError> {
        let mut witness = Self { path: path.to_owned(), file, bytes: 0, seen: BTreeMap::new() };
        witness.load().map_err(|source| WitnessError::Io { path: path.to_owned(), source })?;
        Ok(witness)
    }

    fn load(&mut self) -> io::Result<()> {
        let bytes = self.file.read(FILE_BYTES_MAX * 2)?;
        for record in bytes.chunks_exact(RECORD_BYTES) {
            let Some((vshard, head)) = decode(record) else { break };
            self.seen.insert(vshard, head);
            self.bytes += RECORD_BYTES as u64;
        }
        self.file.set_len(self.bytes)
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

    /// Records new heads durably.
    pub fn record(&mut self, heads: &BTreeMap<VshardId, LogHead>) -> Result<(), WitnessError> {
        self.try_record(heads).map_err(|source| WitnessError::Io { path: self.path.clone(), source })
    }

    fn try_record(&mut self, heads: &BTreeMap<VshardId, LogHead>) -> io::Result<()> {
        if mutant::is(Mutant::NoWitness) {
            return Ok(());
        }
        self.seen.extend(heads.iter().map(|(v, h)| (*v, *h)));
        if self.bytes > FILE_BYTES_MAX {
            return self.rewrite();
        }
        let records: Vec<u8> = heads.iter().flat_map(|(vshard, head)| encode(*vshard, head)).collect();
        let written = self.file.append(&records).and_then(|()| self.file.sync());
        if let Err(error) = written {
            // A torn record would hide all later ones.
            self.file.set_len(self.bytes)?;
            return Err(error);
        }
        self.bytes += records.len() as u64;
        Ok(())
    }

    fn rewrite(&mut self) -> io::Result<()> {
        let records: Vec<u8> = self.seen.iter().flat_map(|(vshard, head)| encode(*vshard, head)).collect();
        self.file.replace(&records)?;
        self.bytes = records.len() as u64;
        Ok(())
    }
}

fn encode(vshard: VshardId, head: &LogHead) -> [u8; RECORD_BYTES] {
    let mut record = [0; RECORD_BYTES];
    record[..2].copy_from_slice(&vshard.0.to_be_bytes());
    record[2..10].copy_from_slice(&head.wseq.to_be_bytes());
    record[10..42].copy_from_slice(&head.head.0);
    let sum = blake3::hash(&record[..42]);
    record[42..].copy_from_slice(&sum.as_bytes()[..6]);
    record
}

fn decode(record: &[u8]) -> Option<(VshardId, LogHead)> {
    let sum = blake3::hash(record.get(..42)?);
    if record.get(42..48)? != &sum.as_bytes()[..6] {
        return None;
    }
    let vshard = VshardId(u16::from_be_bytes(record[..2].try_into().ok()?));
    let wseq = u64::from_be_bytes(record[2..10].try_into().ok()?);
    let head = Head(record[10..42].try_into().ok()?);
    Some((vshard, LogHead { wseq, head }))
}
