//! What a session asks of the shards: merging what a node reports, reading what it may see, answering its asks.

use crate::{app::App, clock, shard_workers::ShardError};
use ed25519_dalek::VerifyingKey;
use hub_core::shard::{self, Author, Shard, Taken};
use std::sync::Arc;
use sync_protocol::{
    ids::{NodeId, TopicId, VshardId, Writer},
    limits::{BATCH_BYTES_MAX, BATCH_ENTRIES_MAX},
    wire::v1::{Ask, Outcome, Sequenced, Up, Verdict},
};
use sync_store::{ShardTx, StoreError};

/// The node at the other end, as its certificate and record say.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) writer: Writer,
    pub(super) region: String,
    /// Unknown where the hub came from a backup that is older than the incarnation's join.
    pub(super) log_key: Option<Vec<u8>>,
}

/// Merges a batch durably and tells the scheduler.
pub(super) async fn merge(app: &Arc<App>, node: &Node, session: u64, up: Up) -> Result<Taken, ShardError> {
    let vshard = VshardId(up.vshard);
    let (picture, region, writer) = (app.directory.picture(), node.region.clone(), node.writer);
    let key = node.log_key.as_deref().and_then(|key| VerifyingKey::from_bytes(key.try_into().ok()?).ok());
    let this = Arc::clone(app);
    let work = move |tx: &mut dyn ShardTx| {
        let allowed = |topic: TopicId| {
            picture.is_in(topic, &region)
                && picture.topics.get(&topic).is_some_and(|known| known.vshard == vshard)
        };
        shard::know_tenants(tx, &picture.sign_keys(vshard))?;
        let is_current = this.board.is_current(writer, session);
        let author = Author { writer, key: key.as_ref(), allowed: &allowed, is_current };
        shard::take(tx, clock::now(), &author, &up)
    };
    let taken = app.shards.write(vshard, work).await?;
    if let Some(merged) = &taken.merged {
        app.scheduler.reported(vshard, node.writer.node, merged);
    }
    Ok(taken)
}

/// Reads the vshard behind `after` as the node may see it, with the sequence up to which it was read.
pub(super) async fn read_down(
    app: &App,
    node: &Node,
    vshard: VshardId,
    after: u64,
) -> Result<(u64, Vec<Sequenced>), ShardError> {
    let read = move |tx: &mut dyn ShardTx| tx.read_since(vshard, after, BATCH_ENTRIES_MAX, BATCH_BYTES_MAX);
    let page = app.shards.read(vshard, read).await?;
    // Loaded after the read: a topic is in the directory before its first entry is written.
    let picture = app.directory.picture();
    let is_for = |audience: Option<NodeId>, entry: &Sequenced| {
        audience.is_none_or(|only| only == node.writer.node)
            && entry.writer != node.writer
            && picture.is_in(entry.entry.topic(), &node.region)
    };
    let entries = page.entries.into_iter().filter(|(audience, entry)| is_for(*audience, entry));
    Ok((page.upto, entries.map(|(_, entry)| entry).collect()))
}

/// Decides an ask.
pub(super) async fn ask(app: &App, node: &Node, ask: Ask) -> Result<Verdict, ShardError> {
    let picture = app.directory.picture();
    let topic = TopicId(ask.topic);
    let (sign_up, job, writer) = (ask.sign_up, ask.job, node.writer);
    let vshard =
        picture.topics.get(&topic).filter(|known| known.region == node.region).map(|known| known.vshard);
    // A node asks for its own sign-ups, in its own region; anything else is as unknown to it as a closed job.
    let Some(vshard) = vshard.filter(|_| sign_up.writer == writer) else {
        return Ok(Verdict { sign_up, job, outcome: Outcome::Closed });
    };
    let outcome = app
        .shards
        .write(vshard, move |tx| -> Result<Outcome, StoreError> {
            if tx.job_summary(vshard, job)?.is_none_or(|summary| summary.topic != topic) {
                return Ok(Outcome::Closed);
            }
            shard::ask(&mut Shard { tx, vshard, now: clock::now() }, writer, &ask)
        })
        .await?;
    app.scheduler.mark(vshard, [job]);
    Ok(Verdict { sign_up, job, outcome })
}
