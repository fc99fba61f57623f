//! `dayshift sync carry export`: reads the node's logs beside the running node and writes the file.

use super::disk::{DATABASE, Disk};
use crate::{Outcome, hub, output};
use anyhow::{Context, Result, ensure};
use clap::Args;
use edge_core::node::{Batch, EdgeNode, Uplink};
use enrolment::{FolderHold, NodeIdentity};
use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};
use sync_store::{OpenOptions as ShardOptions, Witness};

/// Arguments of `dayshift sync carry export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The node's data folder.
    #[arg(long)]
    data: PathBuf,
    /// File to write, such as one on a stick.
    #[arg(long)]
    to: PathBuf,
    /// Only what the hub has not acknowledged: the default.
    #[arg(long, conflicts_with = "all")]
    since_acked: bool,
    /// Everything, for a hub that was restored from a backup.
    #[arg(long)]
    all: bool,
    /// End the node's incarnation: it signs nobody up any more, and the file settles it. The node must not run.
    #[arg(long = "final")]
    is_final: bool,
}

/// Writes the file.
pub(crate) fn run(args: &ExportArgs) -> Result<Outcome> {
    let hold = if args.is_final { Some(FolderHold::take(&args.data)?) } else { None };
    if hold.is_some() {
        retire(&args.data)?;
    }
    let mut disk = Disk::open(&args.data)?;
    let logs = disk.logs(&args.data)?;
    ensure!(
        logs.faults.is_empty(),
        "the node's database is damaged: {}; save what is whole with `dayshift hub import-node-disk`",
        logs.faults.join("; ")
    );
    let after = if args.all { BTreeMap::new() } else { logs.acked.clone() };
    let (bytes, is_all) = disk.pack(&logs, &after)?;
    ensure!(is_all || !args.all, "the logs do not fit into one file; export without --all, and carry again");
    write(&args.to, &bytes)?;
    let entries: u64 = logs
        .of
        .iter()
        .map(|(vshard, log)| log.head.wseq - after.get(vshard).copied().unwrap_or(0).min(log.head.wseq))
        .sum();
    let more = if is_all { "" } else { "; not all had room: carry again once the answer is imported" };
    output::result(&format!(
        "{entries} entries of node {} for the hub in {}{more}",
        disk.identity.writer,
        args.to.display()
    ));
    Ok(Outcome::Done)
}

/// Closes the logs on the disk itself, so that the node sells nothing when somebody starts it again.
fn retire(data: &Path) -> Result<()> {
    let identity = NodeIdentity::load(data)?;
    let mut store = ShardOptions::new(&data.join(DATABASE)).open().context("open the node's database")?;
    let certificate = identity.log_key_certificate.encode();
    let mut node = EdgeNode::new(identity.writer, &identity.region, &identity.log_key, &certificate, 0);
    store.read(|tx| node.load(tx))?;
    let mut witness = Witness::open(&data.join("witness"))?;
    let own = store.read(|tx| tx.own_heads())?.into_iter().collect();
    ensure!(
        witness.rolled_back(&own).is_none(),
        "the database is older than what was witnessed; it ends nothing"
    );
    let heads = store.transact(|tx| {
        let mut batch = Batch::new(&node, tx, hub::now(), Uplink::Down);
        batch.retire(
            "its last session was carried to the hub by hand",
            &sync_protocol::wire::v1::Interest::default(),
        )?;
        Ok(std::mem::take(&mut batch.heads))
    })?;
    witness.record(&heads).context("write the witness")
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        // Sticks are pulled.
        file.sync_all()
    };
    write().with_context(|| format!("write {}", path.display()))
}
