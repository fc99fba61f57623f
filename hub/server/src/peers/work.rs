//! What a session asks of the shards: merging what a node reports, reading what it may see, answering its asks.

use crate::{app::App, clock, shard_workers::ShardError};
use ed25519_dalek::{Signature, VerifyingKey};
use hub_core::shard::{self, Batch, MergeError, Merged, OverLimit, Shard};
use std::sync::Arc;
use sync_protocol::{
    ids::{NodeId, TopicId, VshardId, Writer},
    limits::{BATCH_BYTES_MAX, BATCH_ENTRIES_MAX},
    log::LogHead,
    wire::v1::{Ask, Outcome, Sequenced, Up, Verdict},
};
use sync_store::{FenceCause, StoreError};

/// The node at the other end, as its certificate and record say.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) writer: Writer,
    pub(super) region: String,
    /// Unknown where the hub came from a backup that is older than the incarnation's join.
    pub(super) log_key: Option<Vec<u8>>,
}

/// How a merge ended.
pub(super) enum MergeOutcome {
    Merged(Merged),
    /// The batch cannot be taken; the session ends and begins anew.
    Refused(String),
    /// The incarnation has made the hub keep as much as one may.
    OverLimit(OverLimit),
    /// The node must be fenced; what came before is merged.
    Over(FenceCause, String),
    /// The node is over already, and what it brings is not the log that the hub has.
    Apart(String),
}

const NO_LOG_KEY: &str =
    "the hub does not have this incarnation's log key; bring its log in a file: dayshift sync carry";

/// Merges a batch durably and tells the scheduler.
pub(super) async fn merge(
    app: &Arc<App>,
    node: &Node,
    session: u64,
    up: Up,
) -> Result<MergeOutcome, ShardError> {
    let vshard = VshardId(up.vshard);
    let (picture, region, writer) = (app.directory.picture(), node.region.clone(), node.writer);
    let key = node.log_key.as_deref().and_then(|key| VerifyingKey::from_bytes(key.try_into().ok()?).ok());
    if key.is_none() {
        return Ok(MergeOutcome::Refused(NO_LOG_KEY.to_owned()));
    }
    let up = Arc::new(up);
    let this = Arc::clone(app);
    let merged = app
        .shards
        .write(vshard, move |tx| {
            // A newer session has said where its log stands; what the older one brings late would go past it.
            if !this.board.is_current(writer, session) {
                return Ok(None);
            }
            let allowed = |topic: TopicId| {
                picture.is_in(topic, &region)
                    && picture.topics.get(&topic).is_some_and(|known| known.vshard == vshard)
            };
            let signed = |head: &LogHead| is_signed(key.as_ref(), writer, vshard, head, &up.signature);
            let batch =
                Batch { writer, first: up.first, entries: &up.entries, allowed: &allowed, signed: &signed };
            let is_over = !tx.standing(vshard, writer)?.merges();
            match shard::merge(&mut Shard { tx, vshard, now: clock::now() }, &batch) {
                Ok(merged) => Ok(Some((Ok(merged), is_over))),
                Err(MergeError::Store(error)) => Err(error),
                Err(
                    error @ (MergeError::Gap { .. } | MergeError::WrongSignature | MergeError::OverLimit(_)),
                ) => Ok(Some((Err(error), is_over))),
            }
        })
        .await?;
    let Some((merged, is_over)) = merged else {
        return Ok(MergeOutcome::Refused("a newer session of this node stands".to_owned()));
    };
    Ok(match merged {
        Err(MergeError::WrongSignature) => {
            let reason = format!("its log of vshard {} does not go on from what the hub has", vshard.0);
            if is_over {
                MergeOutcome::Apart(format!("{reason}; nothing of it is taken"))
            } else {
                MergeOutcome::Over(FenceCause::Copied, format!("{reason}: a restored disk or a copy"))
            }
        }
        Err(MergeError::OverLimit(limit)) => MergeOutcome::OverLimit(limit),
        Err(error) => MergeOutcome::Refused(error.to_string()),
        Ok(merged) => {
            app.scheduler.reported(vshard, node.writer.node, &merged);
            match merged.violation {
                Some(reason) => MergeOutcome::Over(FenceCause::Violation, reason),
                None => MergeOutcome::Merged(merged),
            }
        }
    })
}

/// Whether the node's log key signed this head.
pub(super) fn is_signed(
    key: Option<&VerifyingKey>,
    writer: Writer,
    vshard: VshardId,
    head: &LogHead,
    signature: &[u8],
) -> bool {
    let (Some(key), Ok(signature)) = (key, Signature::from_slice(signature)) else { return false };
    key.verify_strict(&head.head.signed_bytes(writer, vshard, head.wseq), &signature).is_ok()
}

/// Reads the vshard behind `after` as the node may see it, with the sequence up to which it was read.
pub(super) async fn read_down(
    app: &App,
    node: &Node,
    vshard: VshardId,
    after: u64,
) -> Result<(u64, Vec<Sequenced>), ShardError> {
    let read = move |tx: &mut dyn sync_store::ShardTx| {
        tx.read_since(vshard, after, BATCH_ENTRIES_MAX, BATCH_BYTES_MAX)
    };
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
