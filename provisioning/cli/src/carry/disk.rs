//! A node's data folder, read beside the running node or from a dead box: its identity and its own logs, verified along
//! their chains. Nothing in the folder is changed here.

use anyhow::{Context, Result, ensure};
use ed25519_dalek::{Signer, SigningKey};
use edge_core::node::EdgeNode;
use enrolment::NodeIdentity;
use std::{collections::BTreeMap, path::Path};
use sync_protocol::{
    carry::{CarryWriter, Header},
    ids::{TopicId, VSHARDS, VshardId},
    limits::{BATCH_BYTES_MAX, BATCH_ENTRIES_MAX, CARRY_BYTES_MAX},
    log::{Entry, EntryKind, Head, LogHead},
    seats::{NodeEvent, NodeRow},
    wire::{
        LATEST,
        v1::{DownState, Frame, Hello, Up, UpState},
    },
};
use sync_store::{OpenOptions, ShardTx, SqliteShard, StoreError, Witness, WitnessError};

/// The database's name in a node's data folder.
pub(crate) const DATABASE: &str = "node.sqlite";
const WITNESS: &str = "witness";

/// A folder that is read.
#[derive(Debug)]
pub(crate) struct Disk {
    pub(crate) identity: NodeIdentity,
    pub(crate) key: SigningKey,
    store: SqliteShard,
}

/// One own log, read along its chain.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) head: LogHead,
    /// Rows behind the last of the disk, which are in the file alone.
    added: Vec<Entry>,
}

/// All own logs of a disk, and where it has come with the hub's.
#[derive(Debug, Default)]
pub(crate) struct Logs {
    pub(crate) of: BTreeMap<VshardId, Log>,
    pub(crate) acked: BTreeMap<VshardId, u64>,
    cursors: Vec<DownState>,
    topics: BTreeMap<VshardId, TopicId>,
    /// What keeps a log from being whole: damage, or a disk that is older than its witness.
    pub(crate) faults: Vec<String>,
}

impl Disk {
    /// Whether this is a node's data folder at all; an error says what it is not.
    pub(crate) fn look(data: &Path) -> Result<()> {
        ensure!(data.is_dir(), "{} is no folder; name the data folder of the dead node", data.display());
        let has = |file: &str| data.join(file).is_file();
        ensure!(
            has(DATABASE),
            "{} is no node's data folder: there is no {DATABASE} in it{}",
            data.display(),
            if has("admin.token") { "; it is the hub's own" } else { "" }
        );
        Ok(())
    }

    /// Opens the folder's files for reading.
    pub(crate) fn open(data: &Path) -> Result<Self> {
        let identity = NodeIdentity::load(data)?;
        let path = data.join(DATABASE);
        let store =
            OpenOptions::new(&path).open_to_read().with_context(|| format!("open {}", path.display()))?;
        let key = SigningKey::from_bytes(&identity.log_key);
        Ok(Self { identity, key, store })
    }

    /// Reads where all logs stand, in one picture; a damaged log counts up to its first bad entry.
    pub(crate) fn logs(&mut self, data: &Path) -> Result<Logs> {
        let writer = self.identity.writer;
        // Looked at first: a running node goes on, and its database is never behind what the witness said before.
        let witness = Self::witness(data)?;
        let mut logs = self.store.read(|tx| {
            let mut logs = Logs::default();
            match tx.cursors() {
                Ok(cursors) => logs.cursors = cursors,
                Err(error) => logs.fault(error)?,
            }
            let mut node = EdgeNode::new(writer, "", &[0; 32], &[], 0);
            match node.load(tx) {
                Ok(()) => {
                    let topics = node.interest().topics.iter();
                    logs.topics =
                        topics.map(|(topic, _, vshard)| (VshardId(*vshard), TopicId(*topic))).collect();
                }
                Err(error) => logs.fault(error)?,
            }
            for vshard in (0..VSHARDS).map(VshardId) {
                logs.walk(tx, vshard, Head::genesis(writer, vshard))?;
            }
            Ok(logs)
        })?;
        logs.compare(witness);
        Ok(logs)
    }

    /// Opening a witness may write it: a copy is opened.
    fn witness(data: &Path) -> Result<Result<Witness, WitnessError>> {
        let copy = std::env::temp_dir().join(format!("dayshift-witness-{}", std::process::id()));
        let path = data.join(WITNESS);
        std::fs::copy(&path, &copy).with_context(|| format!("read {}", path.display()))?;
        let witness = Witness::open(&copy);
        std::fs::remove_file(&copy).with_context(|| format!("remove {}", copy.display()))?;
        Ok(witness)
    }

    /// Writes a file with what follows `after`, as much as has room. `true` where that is all.
    pub(crate) fn pack(&mut self, logs: &Logs, after: &BTreeMap<VshardId, u64>) -> Result<(Vec<u8>, bool)> {
        let identity = &self.identity;
        let header = Header {
            cluster: identity.cluster_id.0.to_vec(),
            author: identity.writer,
            node: identity.writer,
            certificate: identity.log_key_certificate.encode().to_vec(),
            after: Vec::new(),
        };
        let up = |(vshard, log): (&VshardId, &Log)| UpState {
            vshard: vshard.0,
            wseq: log.head.wseq,
            head: log.head.head,
        };
        let hello = Hello {
            versions: (1, LATEST),
            cluster: identity.cluster_id.0.to_vec(),
            writer: identity.writer,
            up: logs.of.iter().map(up).collect(),
            down: logs.cursors.clone(),
            build: env!("CARGO_PKG_VERSION").to_owned(),
            // A file may be read after later contacts, and tells nothing of the disk as it is then.
            contact: 0,
            draining: false,
        };
        let (writer, key) = (identity.writer, &self.key);
        let mut file = CarryWriter::new(&header, CARRY_BYTES_MAX);
        let mut room = file.push(&Frame::Hello(hello));
        self.store.read(|tx| {
            for (vshard, log) in &logs.of {
                let mut at = after.get(vshard).copied().unwrap_or(0);
                while room && at < log.head.wseq {
                    let (entries, head) = log.read(tx, *vshard, at)?;
                    let signature = key.sign(&head.head.signed_bytes(writer, *vshard, head.wseq)).to_bytes();
                    let frame =
                        Up { vshard: vshard.0, first: at + 1, entries, signature: signature.to_vec() };
                    room = file.push(&Frame::Up(frame));
                    at = head.wseq;
                }
            }
            Ok(())
        })?;
        Ok((file.finish(!room, &self.key), room))
    }
}

impl Log {
    /// One batch behind `at`, with the head after it.
    fn read(
        &self,
        tx: &mut dyn ShardTx,
        vshard: VshardId,
        at: u64,
    ) -> Result<(Vec<Entry>, LogHead), StoreError> {
        let added = self.added.len() as u64;
        let stored = self.head.wseq - added;
        if at < stored {
            let limit = usize::try_from(stored - at).unwrap_or(usize::MAX).min(BATCH_ENTRIES_MAX);
            let (entries, head) = tx.read_own(vshard, at, limit, BATCH_BYTES_MAX)?;
            return Ok((entries, head.ok_or(StoreError::BadRow("log"))?));
        }
        let skip = usize::try_from(at - stored).unwrap_or(usize::MAX);
        Ok((self.added.iter().skip(skip).cloned().collect(), self.head))
    }
}

impl Logs {
    /// Notes damage; any other failure is one.
    fn fault(&mut self, error: StoreError) -> Result<(), StoreError> {
        if !error.is_corrupt() {
            return Err(error);
        }
        self.faults.push(error.to_string());
        Ok(())
    }

    fn walk(&mut self, tx: &mut dyn ShardTx, vshard: VshardId, genesis: Head) -> Result<(), StoreError> {
        let mut head = LogHead { wseq: 0, head: genesis };
        let mut limit = BATCH_ENTRIES_MAX;
        loop {
            match tx.read_own(vshard, head.wseq, limit, BATCH_BYTES_MAX) {
                Ok((_, Some(next))) => head = next,
                Ok((_, None)) => break,
                // One by one up to the bad entry.
                Err(error) if error.is_corrupt() && limit > 1 => limit = 1,
                Err(error) => {
                    self.fault(error)?;
                    break;
                }
            }
        }
        match tx.acked(vshard) {
            Ok(acked) if acked > 0 => drop(self.acked.insert(vshard, acked)),
            Ok(_) => {}
            Err(error) => self.fault(error)?,
        }
        if head.wseq > 0 {
            self.of.insert(vshard, Log { head, added: Vec::new() });
        }
        Ok(())
    }

    /// A disk that is older than its witness lacks sign-ups that were answered.
    fn compare(&mut self, witness: Result<Witness, WitnessError>) {
        let own = self.of.iter().map(|(vshard, log)| (*vshard, log.head)).collect();
        match witness.map(|witness| witness.rolled_back(&own)) {
            Ok(None) => {}
            Ok(Some(vshard)) => {
                self.faults.push(format!("the log of vshard {} is older than its witness", vshard.0));
            }
            Err(error) => self.faults.push(error.to_string()),
        }
    }

    /// Adds the last row to each log, in the file alone. Only whole logs may be closed: what is missing from one might
    /// have used the rights that its end frees.
    pub(crate) fn close(&mut self, disk: &Disk) -> Result<()> {
        let writer = disk.identity.writer;
        for vshard in self.topics.keys() {
            let genesis = LogHead { wseq: 0, head: Head::genesis(writer, *vshard) };
            self.of.entry(*vshard).or_insert(Log { head: genesis, added: Vec::new() });
        }
        for (vshard, log) in &mut self.of {
            let job = NodeEvent::no_job(writer);
            let row = minicbor::to_vec(NodeRow { job, event: NodeEvent::Final }).context("the last row")?;
            let topic = self.topics.get(vshard).copied().unwrap_or(TopicId(0));
            let entry = Entry::new(EntryKind::NodeLedger, topic, job, row);
            log.head = log.head.then(&entry);
            log.added.push(entry);
        }
        Ok(())
    }
}
