//! The shard files: one thread that writes and one that reads for each, fed by bounded queues.
//!
//! Writers commit in groups: what waits is taken as one batch into one transaction, and every caller is answered after
//! its commit. Where a command of a group fails, each is given a transaction of its own.
//! Invariant: a head is published only after the commit that made it.

mod command;

use self::command::{Command, Typed};
use crate::limits::{GROUP_MAX, SHARD_QUEUE_MAX};
use anyhow::{Context, Result};
use hub_core::{
    layout::{self, SHARD_FILES, file_of},
    shard::keep_seal,
};
use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
};
use sync_protocol::ids::{VSHARDS, VshardId};
use sync_store::{OpenOptions, OpenStore, ShardStore, ShardTx, StoreError};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShardError {
    /// Nothing of it is kept.
    #[error("the shard's file refused")]
    Store(#[source] StoreError),
    /// The shard's thread has ended.
    #[error("the shard is shut down")]
    Gone,
}

/// Last sequence of each vshard, as far as this process has seen it grow.
#[derive(Debug)]
struct Heads {
    of: Vec<AtomicU64>,
    grew: watch::Sender<()>,
}

#[derive(Debug, Clone)]
struct File {
    writer: mpsc::Sender<Command>,
    reader: mpsc::Sender<Command>,
}

/// The queues to all files; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Shards {
    files: Vec<File>,
    heads: Arc<Heads>,
}

/// The threads, to be waited for once every [`Shards`] is dropped.
#[derive(Debug)]
pub(crate) struct ShardThreads(Vec<JoinHandle<()>>);

impl ShardThreads {
    /// Waits until all threads have ended.
    pub(crate) fn join(self) {
        for thread in self.0 {
            // A panic was reported by the thread itself.
            let _ = thread.join();
        }
    }
}

/// The engine of the shard files: the only place that knows which it is.
fn engine(path: &Path) -> OpenStore {
    OpenOptions::new(path).opener()
}

/// Opens all files and starts their threads; `failed` is cancelled when one of them ends, for whatever reason.
pub(crate) fn open(data: &Path, failed: &CancellationToken) -> Result<(Shards, ShardThreads)> {
    let heads = Arc::new(Heads {
        of: (0..VSHARDS).map(|_| AtomicU64::new(0)).collect(),
        grew: watch::Sender::new(()),
    });
    let (mut files, mut threads) = (Vec::new(), Vec::new());
    for file in 0..SHARD_FILES {
        let path = layout::shard(data, file);
        let engine = engine(&path);
        let mut fresh = [0; 32];
        getrandom::fill(&mut fresh).context("the system gives no random bytes")?;
        let mut shard = engine().with_context(|| format!("open {}", path.display()))?;
        shard.transact(|tx| keep_seal(tx, &fresh)).with_context(|| format!("write to {}", path.display()))?;
        drop(shard);
        let mut start = |role: &str| -> Result<mpsc::Sender<Command>> {
            let mut shard = engine().with_context(|| format!("open {}", path.display()))?;
            let (sender, queue) = mpsc::channel(SHARD_QUEUE_MAX);
            let (heads, guard) = (Arc::clone(&heads), failed.clone().drop_guard());
            let name = format!("{role}-{file}");
            let work = move || {
                let _guard = guard;
                run(&mut *shard, queue, &heads);
            };
            threads.push(thread::Builder::new().name(name).spawn(work).context("start a shard's thread")?);
            Ok(sender)
        };
        files.push(File { writer: start("write")?, reader: start("read")? });
    }
    Ok((Shards { files, heads }, ShardThreads(threads)))
}

impl Shards {
    /// Carries out `work` in a durable transaction of the vshard's file; it may be run twice, the first in vain.
    pub(crate) async fn write<T, W>(&self, vshard: VshardId, work: W) -> Result<T, ShardError>
    where
        T: Send + 'static,
        W: FnMut(&mut dyn ShardTx) -> Result<T, StoreError> + Send + 'static,
    {
        let (typed, answer) = Typed::new(work);
        send(&self.files[file_of(vshard)].writer, Command::Write(vshard, Box::new(typed)), answer).await
    }

    /// Reads from every file behind all writes that were asked for before.
    pub(crate) async fn read_all_in_order<T, W>(&self, work: W) -> Result<Vec<T>, ShardError>
    where
        T: Send + 'static,
        W: FnMut(&mut dyn ShardTx) -> Result<T, StoreError> + Clone + Send + 'static,
    {
        let mut all = Vec::new();
        for file in 0..self.files.len() {
            let vshard = VshardId(u16::try_from(file).unwrap_or(0));
            all.push(self.write(vshard, work.clone()).await?);
        }
        Ok(all)
    }

    /// Carries out `work` as [`Self::write`] would, and keeps nothing of it.
    pub(crate) async fn rehearse<T, W>(&self, vshard: VshardId, work: W) -> Result<T, ShardError>
    where
        T: Send + 'static,
        W: FnMut(&mut dyn ShardTx) -> Result<T, StoreError> + Send + 'static,
    {
        let (typed, answer) = Typed::new(work);
        send(&self.files[file_of(vshard)].writer, Command::Read(Box::new(typed)), answer).await
    }

    /// Reads what is committed in the vshard's file, beside the writer.
    pub(crate) async fn read<T, W>(&self, vshard: VshardId, work: W) -> Result<T, ShardError>
    where
        T: Send + 'static,
        W: FnMut(&mut dyn ShardTx) -> Result<T, StoreError> + Send + 'static,
    {
        self.read_file(file_of(vshard), work).await
    }

    /// Reads from every file, in order.
    pub(crate) async fn read_all<T, W>(&self, work: W) -> Result<Vec<T>, ShardError>
    where
        T: Send + 'static,
        W: FnMut(&mut dyn ShardTx) -> Result<T, StoreError> + Send + Clone + 'static,
    {
        let mut all = Vec::new();
        for file in 0..self.files.len() {
            all.push(self.read_file(file, work.clone()).await?);
        }
        Ok(all)
    }

    async fn read_file<T, W>(&self, file: usize, work: W) -> Result<T, ShardError>
    where
        T: Send + 'static,
        W: FnMut(&mut dyn ShardTx) -> Result<T, StoreError> + Send + 'static,
    {
        let (typed, answer) = Typed::new(work);
        send(&self.files[file].reader, Command::Read(Box::new(typed)), answer).await
    }

    /// Last sequence of a vshard that was seen; 0 where it has not grown since the start.
    pub(crate) fn head(&self, vshard: VshardId) -> u64 {
        self.heads.of.get(usize::from(vshard.0)).map_or(0, |head| head.load(Ordering::Acquire))
    }

    /// Wakes when any vshard has grown.
    pub(crate) fn growth(&self) -> watch::Receiver<()> {
        self.heads.grew.subscribe()
    }

    /// Asks all writers to move their write-ahead logs into the files, unless they are busy.
    pub(crate) fn checkpoint(&self) {
        for file in &self.files {
            // A full queue is work to do, which is no time for it.
            let _ = file.writer.try_send(Command::Checkpoint);
        }
    }

    /// Whether all threads run.
    pub(crate) fn is_alive(&self) -> bool {
        self.files.iter().all(|file| !file.writer.is_closed() && !file.reader.is_closed())
    }
}

async fn send<T>(
    queue: &mpsc::Sender<Command>,
    command: Command,
    answer: oneshot::Receiver<Result<T, StoreError>>,
) -> Result<T, ShardError> {
    queue.send(command).await.map_err(|_| ShardError::Gone)?;
    answer.await.map_err(|_| ShardError::Gone)?.map_err(ShardError::Store)
}

fn run(shard: &mut dyn ShardStore, mut queue: mpsc::Receiver<Command>, heads: &Heads) {
    let mut dirty = false;
    while let Some(first) = queue.blocking_recv() {
        let mut waiting = Some(first);
        let mut group = Vec::new();
        while let Some(command) = waiting.take() {
            match command {
                Command::Write(vshard, work) => group.push((vshard, work)),
                Command::Read(mut work) => {
                    let done = shard.read(|tx| work.apply(tx));
                    work.settle(done);
                }
                Command::Checkpoint if dirty && group.is_empty() => {
                    dirty = false;
                    if let Err(error) = shard.checkpoint() {
                        tracing::warn!(%error, "a checkpoint failed");
                    }
                }
                Command::Checkpoint => {}
            }
            if group.len() < GROUP_MAX {
                waiting = queue.try_recv().ok();
            }
        }
        if !group.is_empty() {
            dirty = true;
            commit(shard, group, heads);
        }
    }
    if let Err(error) = shard.checkpoint() {
        tracing::warn!(%error, "the last checkpoint failed");
    }
}

type Group = Vec<(VshardId, Box<dyn command::Work>)>;

fn commit(shard: &mut dyn ShardStore, mut group: Group, heads: &Heads) {
    let done = transact(shard, &mut group);
    match done {
        Ok(grown) => {
            heads.publish(&grown);
            group.into_iter().for_each(|(_, work)| work.settle(Ok(())));
        }
        Err(_) if group.len() > 1 => {
            for one in group {
                commit(shard, vec![one], heads);
            }
        }
        Err(error) => {
            tracing::warn!(%error, "a transaction failed");
            if let Some((_, work)) = group.pop() {
                work.settle(Err(error));
            }
        }
    }
}

fn transact(shard: &mut dyn ShardStore, group: &mut Group) -> Result<Vec<(VshardId, u64)>, StoreError> {
    shard.transact(|tx| {
        for (_, work) in group.iter_mut() {
            work.apply(tx)?;
        }
        let vshards: BTreeSet<VshardId> = group.iter().map(|(vshard, _)| *vshard).collect();
        vshards.into_iter().map(|vshard| Ok((vshard, tx.head(vshard)?.1))).collect()
    })
}

impl Heads {
    fn publish(&self, grown: &[(VshardId, u64)]) {
        let mut any = false;
        for (vshard, head) in grown {
            if let Some(known) = self.of.get(usize::from(vshard.0)) {
                any |= known.fetch_max(*head, Ordering::AcqRel) < *head;
            }
        }
        if any {
            self.grew.send_replace(());
        }
    }
}
