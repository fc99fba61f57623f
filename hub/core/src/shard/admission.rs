//! A batch that a session brought: whose it is, whether it still counts, and what its merge means for the session.

use super::{
    Shard,
    bounds::OverLimit,
    merge::{Batch, MergeError, Merged, merge},
};
use ed25519_dalek::VerifyingKey;
use sync_protocol::{
    ids::{TopicId, VshardId, Writer},
    log::LogHead,
    wire::v1::Up,
};
use sync_store::{FenceCause, ShardTx, StoreError};

/// The node at the other end of a session, as its certificate and record say.
pub struct Author<'a> {
    pub writer: Writer,
    /// Unknown where the hub came from a backup that is older than the incarnation's join.
    pub key: Option<&'a VerifyingKey>,
    /// Whether it may touch a topic of the batch's vshard.
    pub allowed: &'a dyn Fn(TopicId) -> bool,
    /// Whether the session that brought the batch is the node's newest, asked inside the transaction.
    pub is_current: bool,
}

impl std::fmt::Debug for Author<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Author").field("writer", &self.writer).finish_non_exhaustive()
    }
}

/// What a batch came to.
#[derive(Debug)]
pub struct Taken {
    /// What was merged of it, also where its author is fenced for the rest.
    pub merged: Option<Merged>,
    pub answer: Answer,
}

/// What a batch means for its session, once the transaction is durable.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// The log is here up to this sequence.
    Acknowledge(u64),
    /// The batch cannot be taken; the session ends and begins anew.
    Refuse(String),
    /// The incarnation has made the hub keep as much as one may.
    OverLimit(OverLimit),
    /// The node must be fenced.
    Fence(FenceCause, String),
    /// The node is over already, and what it brings is not the log that is here.
    Apart(String),
}

const NO_LOG_KEY: &str =
    "the hub does not have this incarnation's log key; bring its log in a file: dayshift sync carry";

/// Merges a session's batch into the vshard that it names.
pub fn take(tx: &mut dyn ShardTx, now: i64, author: &Author<'_>, up: &Up) -> Result<Taken, StoreError> {
    let (vshard, writer) = (VshardId(up.vshard), author.writer);
    let refused = |reason: &str| Ok(Taken { merged: None, answer: Answer::Refuse(reason.to_owned()) });
    let Some(key) = author.key else { return refused(NO_LOG_KEY) };
    // A newer session has said where its log stands; what the older one brings late would go past it.
    if !author.is_current {
        return refused("a newer session of this node stands");
    }
    let signed = |head: &LogHead| head.is_signed(key, writer, vshard, &up.signature);
    let batch =
        Batch { writer, first: up.first, entries: &up.entries, allowed: author.allowed, signed: &signed };
    let is_over = !tx.standing(vshard, writer)?.merges();
    let merged = match merge(&mut Shard { tx, vshard, now }, &batch) {
        Ok(merged) => merged,
        Err(MergeError::Store(error)) => return Err(error),
        Err(MergeError::OverLimit(limit)) => {
            return Ok(Taken { merged: None, answer: Answer::OverLimit(limit) });
        }
        Err(MergeError::WrongSignature) => {
            let reason = format!("its log of vshard {} does not go on from what the hub has", vshard.0);
            let answer = if is_over {
                Answer::Apart(format!("{reason}; nothing of it is taken"))
            } else {
                Answer::Fence(FenceCause::Copied, format!("{reason}: a restored disk or a copy"))
            };
            return Ok(Taken { merged: None, answer });
        }
        Err(error @ MergeError::Gap { .. }) => return refused(&error.to_string()),
    };
    let answer = match &merged.violation {
        Some(reason) => Answer::Fence(FenceCause::Violation, reason.clone()),
        None => Answer::Acknowledge(merged.wseq),
    };
    Ok(Taken { merged: Some(merged), answer })
}
