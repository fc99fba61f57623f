//! A session that came in a file: judged, merged and answered as one over a line, by the same functions.
//!
//! A file is a picture of the past: that a log is shorter in it than here says nothing of its node. That the log differs
//! at the same number does, and the file is signed, so that nobody but the node's key can have written it.

use super::{
    hello::{lanes, standing},
    work::{Node, read_down},
};
use crate::{
    app::App, clock, fencing, limits::CARRY_ANSWER_BYTES_MAX, shard_workers::ShardError, signer::Signer,
};
use anyhow::{Context, Result};
use ed25519_dalek::VerifyingKey;
use enrolment::LogKeyCertificate;
use hub_core::shard::{self, Author, CarriedAnswer, OverLimit, Stranger};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use sync_protocol::{
    carry::{Carry, CarryError, CarryWriter, Header},
    ids::{JobId, SignUpId, TopicId, VSHARDS, VshardId, Writer},
    limits::{BATCH_ENTRIES_MAX, TOPICS_MAX},
    seats::Standing,
    wire::{
        LATEST,
        v1::{Down, DownState, Frame, Hello, Interest, Up, UpAck, Welcome},
    },
};
use sync_store::{FenceCause, ShardTx};

/// What the operator who brings a file says of its node.
#[derive(Debug, Clone, Default)]
pub(crate) struct Word {
    /// Ends the incarnation before its file is read.
    pub(crate) retire: Option<String>,
    /// Of two machines with one name, this is the one whose log counts.
    pub(crate) is_the_one: bool,
}

/// What became of a file.
#[derive(Debug, Default)]
pub(crate) struct Account {
    pub(crate) node: Option<Writer>,
    /// Entries that were new here.
    pub(crate) merged: u64,
    pub(crate) parked: u32,
    pub(crate) saved: Vec<(JobId, SignUpId)>,
    pub(crate) back: BTreeMap<JobId, u32>,
    /// Confirmed sign-ups of a log that does not count.
    pub(crate) strangers: BTreeSet<Stranger>,
    /// Why the incarnation is over, where it is.
    pub(crate) retired: Option<String>,
    pub(crate) settled: bool,
    pub(crate) acked: Vec<UpAck>,
    /// The file for the node.
    pub(crate) answer: Vec<u8>,
    /// More waits for the node than the answer holds.
    pub(crate) more: bool,
}

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(transparent)]
    File(#[from] CarryError),
    #[error("the file is of another cluster")]
    WrongCluster,
    #[error("the file is the hub's own, for node {0}; import it there")]
    NotANode(Writer),
    #[error("the hub's root has not certified the key that signed the file")]
    WrongKey,
    #[error("the hub knows no node of this name: {0}")]
    Unknown(Writer),
    #[error("it breaks the protocol: {0}")]
    Protocol(&'static str),
    #[error(
        "the node has a line at this moment, which is quicker than a file; or wait {} s and try again, if its line has \
         just gone",
        sync_quic::limits::IDLE_TIMEOUT.as_secs()
    )]
    Connected,
    #[error(
        "the file begins at {found} in vshard {vshard}, and the hub has that log up to {known}; export again with --all"
    )]
    Gap { vshard: u16, found: u64, known: u64 },
    #[error(transparent)]
    OverLimit(OverLimit),
    #[error("the hub could not do it")]
    Failed(#[from] anyhow::Error),
}

impl From<ShardError> for Refusal {
    fn from(error: ShardError) -> Self {
        Self::Failed(error.into())
    }
}

struct Checked {
    node: Node,
    key: VerifyingKey,
    hello: Hello,
}

/// Reads a node's file, merges it and makes the answer. Doing it again changes nothing.
pub(crate) async fn import(app: &Arc<App>, bytes: &[u8], word: &Word) -> Result<Account, Refusal> {
    let carry = Carry::decode(bytes)?;
    let checked = check(app, &carry)?;
    let writer = checked.node.writer;
    if app.board.is_connected(writer) {
        return Err(Refusal::Connected);
    }
    if let Some(reason) = &word.retire
        && fencing::standings(app, writer).await?.is_empty()
    {
        fencing::fence(app, writer, FenceCause::Retired, reason).await?;
    }
    let mut account = Account { node: Some(writer), ..Account::default() };
    if let Some(reason) = gone_apart(app, &checked).await?
        && fencing::standings(app, writer).await?.is_empty()
    {
        fencing::fence(app, writer, FenceCause::Copied, &reason).await?;
    }
    for frame in carry.frames().skip(1) {
        let Frame::Up(up) = frame? else { return Err(Refusal::Protocol("a frame that is not a node's log")) };
        if up.entries.is_empty() || up.entries.len() > BATCH_ENTRIES_MAX {
            return Err(Refusal::Protocol("a batch is empty or too long"));
        }
        if up.vshard >= VSHARDS {
            return Err(Refusal::Protocol("there is no such vshard"));
        }
        merge(app, &checked, up, word.is_the_one, &mut account).await?;
    }
    close(app, &checked, &mut account).await?;
    answer(app, &checked, &mut account).await?;
    app.board.carried(writer);
    Ok(account)
}

fn check(app: &App, carry: &Carry<'_>) -> Result<Checked, Refusal> {
    let header = &carry.header;
    if header.cluster != app.cluster.0 {
        return Err(Refusal::WrongCluster);
    }
    if header.author.is_hub() {
        return Err(Refusal::NotANode(header.node));
    }
    let certificate = LogKeyCertificate::decode(&header.certificate).map_err(|_| Refusal::WrongKey)?;
    certificate.verify(&app.authority.root_public_key()).map_err(|_| Refusal::WrongKey)?;
    let key = VerifyingKey::from_bytes(&certificate.key).map_err(|_| Refusal::WrongKey)?;
    if certificate.writer != header.author || header.author != header.node {
        return Err(Refusal::WrongKey);
    }
    carry.verify(&key)?;
    let writer = header.node;
    // An incarnation that was replaced has no record of its own any more: its name lives on in the one that followed.
    let picture = app.directory.picture();
    let record = picture.nodes.get(&writer.node).filter(|node| writer.incarnation <= node.writer.incarnation);
    let record = record.ok_or(Refusal::Unknown(writer))?;
    let Some(Ok(Frame::Hello(hello))) = carry.frames().next() else {
        return Err(CarryError::FirstFrame.into());
    };
    if hello.writer != writer || hello.cluster != header.cluster {
        return Err(Refusal::Protocol("its Hello names another node"));
    }
    if hello.up.len() > TOPICS_MAX || hello.down.len() > TOPICS_MAX {
        return Err(Refusal::Protocol("its Hello names too many vshards"));
    }
    if hello.versions.0 > LATEST || hello.versions.1 < 1 {
        return Err(Refusal::Protocol("no wire version in common"));
    }
    let node = Node { writer, region: record.region.clone(), log_key: Some(certificate.key.to_vec()) };
    Ok(Checked { node, key, hello })
}

/// Why the file's logs are not those that the hub has merged.
async fn gone_apart(app: &App, checked: &Checked) -> Result<Option<String>> {
    let known = fencing::log_heads(app, checked.node.writer).await?;
    Ok(shard::gone_apart(&known, &checked.hello))
}

async fn merge(
    app: &Arc<App>,
    checked: &Checked,
    up: Up,
    is_the_one: bool,
    account: &mut Account,
) -> Result<(), Refusal> {
    let (vshard, writer) = (VshardId(up.vshard), checked.node.writer);
    let known = known(app, vshard, writer).await?;
    let (this, picture, first) = (Arc::clone(app), app.directory.picture(), up.first);
    let (key, region) = (checked.key, checked.node.region.clone());
    let work = move |tx: &mut dyn ShardTx| {
        let allowed = |topic: TopicId| {
            picture.is_in(topic, &region)
                && picture.topics.get(&topic).is_some_and(|known| known.vshard == vshard)
        };
        let is_current = !this.board.is_connected(writer);
        shard::know_tenants(tx, &picture.sign_keys(vshard))?;
        let author = Author { writer, key: Some(&key), allowed: &allowed, is_current };
        shard::take_carried(tx, clock::now(), &author, &up, is_the_one)
    };
    let (answer, strangers) = app.shards.write(vshard, work).await.context("merge")?;
    match answer {
        CarriedAnswer::Connected => return Err(Refusal::Connected),
        CarriedAnswer::Gap { found, known } => {
            return Err(Refusal::Gap { vshard: vshard.0, found, known });
        }
        CarriedAnswer::OverLimit(limit) => {
            app.over_limits.count(limit);
            return Err(Refusal::OverLimit(limit));
        }
        CarriedAnswer::Apart => {
            tracing::warn!(%writer, first, "a carried log does not go on from what is here");
            let reason = format!(
                "a carried log of vshard {} does not go on from what the hub has: a restored disk or a copy",
                vshard.0
            );
            fencing::fence(app, writer, FenceCause::Copied, &reason).await?;
        }
        CarriedAnswer::Merged(carried) => {
            app.scheduler.reported(vshard, writer.node, &carried.merged);
            if let Some(reason) = &carried.merged.violation {
                fencing::fence(app, writer, FenceCause::Violation, reason).await?;
            }
            account.merged += carried.merged.wseq.saturating_sub(known);
            account.parked += carried.merged.parked;
            account.saved.extend(carried.saved);
            for (job, rights) in carried.back {
                *account.back.entry(job).or_default() += rights;
            }
        }
    }
    account.strangers.extend(strangers);
    Ok(())
}

/// How far a log is here, merged or kept.
async fn known(app: &App, vshard: VshardId, writer: Writer) -> Result<u64> {
    let read = move |tx: &mut dyn ShardTx| {
        let kept = tx.evidence_head(vshard, writer)?;
        Ok(if kept.is_some() { kept } else { tx.origin(vshard, writer)? })
    };
    Ok(app.shards.read(vshard, read).await?.map_or(0, |head| head.wseq))
}

/// Once all logs of a fenced incarnation are here it has nothing more to say.
async fn close(app: &App, checked: &Checked, account: &mut Account) -> Result<()> {
    let writer = checked.node.writer;
    let rows = fencing::standings(app, writer).await?;
    account.settled = !rows.is_empty() && rows.iter().all(|(_, row)| row.standing != Standing::Fenced);
    if account.settled {
        // What the log of a copy confirmed and the settlement took over is nobody's stranger.
        account.strangers.clear();
        fence_in_directory(app, writer).await?;
    }
    account.retired = standing(app, writer, &checked.node.region);
    let heads = fencing::log_heads(app, writer).await?;
    account.acked = heads.iter().map(|(vshard, head)| UpAck { vshard: vshard.0, wseq: head.wseq }).collect();
    Ok(())
}

/// The directory tells it at each contact; saying it again would only add an event.
async fn fence_in_directory(app: &App, writer: Writer) -> Result<()> {
    let stands = app.directory.picture().node(writer).is_some_and(|node| node.fenced.is_none());
    if !stands {
        return Ok(());
    }
    app.directory.fence(writer, FenceCause::Retired, "settled: its whole log is here").await
}

/// Writes what the node has not seen behind its cursors.
async fn answer(app: &App, checked: &Checked, account: &mut Account) -> Result<()> {
    let (node, hello) = (&checked.node, &checked.hello);
    let interest = app.directory.picture().interest(&node.region);
    // Whoever is retired is told which logs it has to close, and nothing of what is in them.
    let (interest, lanes) = if account.retired.is_some() {
        (Interest { tenants: Vec::new(), ..interest }, Vec::new())
    } else {
        let lanes = lanes(app, &interest).await?;
        (interest, lanes)
    };
    let after = shard::begins_after(&lanes, hello);
    let header = Header {
        cluster: app.cluster.0.to_vec(),
        author: Signer::WRITER,
        node: node.writer,
        certificate: app.signer.certificate.clone(),
        after: after.clone(),
    };
    let mut file = CarryWriter::new(&header, CARRY_ANSWER_BYTES_MAX);
    let version = hello.versions.1.min(LATEST);
    let (acked, retired) = (account.acked.clone(), account.retired.clone());
    let welcome = Welcome { version, interest, acked, time: clock::now(), retired, contact: 0 };
    let mut room = file.push(&Frame::Welcome(welcome));
    for ((vshard, history, head), after) in lanes.into_iter().zip(after) {
        let mut at = after.seq;
        let cursor = hello.down.iter().find(|cursor| cursor.vshard == vshard.0);
        if head == 0 && !DownState::knows(cursor, history) {
            room = room && file.push(&Frame::Down(Down::of_history(vshard, history)));
        }
        while room && at < head {
            let (upto, entries) = read_down(app, node, vshard, at).await?;
            room = file.push(&Frame::Down(Down { vshard: vshard.0, history, upto, entries, sent_at: 0 }));
            at = upto;
        }
    }
    account.more = !room;
    account.answer = file.finish(!room, &app.signer.key);
    Ok(())
}
