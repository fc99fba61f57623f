//! Incarnations that are over: fence, settle, reclaim, in every vshard and in the directory.
//!
//! Each vshard in which the incarnation may hold rights is fenced first: from there on nothing is granted to it or merged
//! from it. Then the directory ends its session. A hub that stopped in between finishes at its next start.

use crate::{app::App, clock, shard_workers::ShardError};
use anyhow::Result;
use hub_core::{
    hello,
    shard::{self, Reclaimed, Shard},
};
use std::collections::BTreeSet;
use sync_protocol::{
    ids::{JobId, TopicId, VshardId, Writer},
    log::LogHead,
};
use sync_store::{FenceCause, ShardTx, StandingRow, StoreError};

/// Fences an incarnation everywhere: one way.
pub(crate) async fn fence(app: &App, writer: Writer, cause: FenceCause, reason: &str) -> Result<()> {
    fence_shards(app, writer, cause, reason).await?;
    app.directory.fence(writer, cause, reason).await
}

async fn fence_shards(app: &App, writer: Writer, cause: FenceCause, reason: &str) -> Result<(), ShardError> {
    for vshard in vshards(app, writer).await? {
        let detail = reason.to_owned();
        let work = move |tx: &mut dyn ShardTx| -> Result<Vec<JobId>, StoreError> {
            let mut shard = Shard { tx, vshard, now: clock::now() };
            shard::fence(&mut shard, writer, cause, &detail)?;
            Ok(shard.tx.holdings_of(vshard, writer)?.into_iter().map(|(job, _)| job).collect())
        };
        let jobs = app.shards.write(vshard, work).await?;
        app.scheduler.mark(vshard, jobs);
    }
    Ok(())
}

/// Finishes fences that the hub's last stop interrupted, and those of incarnations that were replaced.
pub(crate) async fn finish(app: &App) -> Result<()> {
    let picture = app.directory.picture();
    for node in picture.nodes.values() {
        for incarnation in 1..node.writer.incarnation.0 {
            let former = Writer::new(node.writer.node.0, incarnation);
            fence_shards(app, former, FenceCause::Replaced, "it joined again").await?;
        }
        if let Some((_, row)) = standings(app, node.writer).await?.into_iter().next() {
            fence(app, node.writer, row.cause, &row.detail).await?;
        }
    }
    Ok(())
}

/// Where an incarnation may hold rights: where it has written, and where its region's topics are.
async fn vshards(app: &App, writer: Writer) -> Result<BTreeSet<VshardId>, ShardError> {
    let written = app.shards.read_all(move |tx| tx.vshards_of_writer(writer)).await?;
    let mut all: BTreeSet<_> = written.into_iter().flatten().collect();
    let picture = app.directory.picture();
    if let Some(node) = picture.nodes.get(&writer.node) {
        all.extend(crate::directory::vshards(&picture.interest(&node.region)));
    }
    Ok(all)
}

/// Where an incarnation stands, in each vshard in which it does not simply live.
pub(crate) async fn standings(app: &App, writer: Writer) -> Result<Vec<(VshardId, StandingRow)>, ShardError> {
    let read = move |tx: &mut dyn ShardTx| hello::standings(tx, writer);
    Ok(app.shards.read_all(read).await?.into_iter().flatten().collect())
}

/// Whether the log of a fenced incarnation is still wanted, because all of it would settle it.
pub(crate) async fn awaits_log(app: &App, writer: Writer) -> Result<bool, ShardError> {
    let rows = standings(app, writer).await?;
    Ok(hello::awaits_log(rows.iter().map(|(_, row)| row)))
}

/// How far the log of a fenced incarnation is here, merged or kept as evidence.
pub(crate) async fn log_heads(app: &App, writer: Writer) -> Result<Vec<(VshardId, LogHead)>, ShardError> {
    let read = move |tx: &mut dyn ShardTx| hello::kept_logs(tx, writer);
    Ok(app.shards.read_all(read).await?.into_iter().flatten().collect())
}

/// Takes back what a fenced incarnation held of jobs whose policy allows it. Returns the jobs with the rights that came back.
/// With `Rehearsal` it says what would come back, and changes nothing.
pub(crate) async fn reclaim(
    app: &App,
    writer: Writer,
    mode: Reclaim,
) -> Result<Vec<(JobId, u32)>, ShardError> {
    let lease_is_over = app.board.lease_is_over(writer);
    let mut all = Vec::new();
    for (vshard, _) in standings(app, writer).await? {
        let picture = app.directory.picture();
        let region = picture.nodes.get(&writer.node).map(|node| node.region.clone()).unwrap_or_default();
        let work = move |tx: &mut dyn ShardTx| {
            let allowed = |topic: TopicId| {
                picture.is_in(topic, &region)
                    && picture.topics.get(&topic).is_some_and(|known| known.vshard == vshard)
            };
            shard::know_tenants(tx, &picture.sign_keys(vshard))?;
            let mut shard = Shard { tx, vshard, now: clock::now() };
            shard::reclaim(&mut shard, writer, lease_is_over, &allowed)
        };
        let Reclaimed { jobs, told } = match mode {
            Reclaim::Rehearsal => app.shards.rehearse(vshard, work).await?,
            Reclaim::ForGood => {
                let done = app.shards.write(vshard, work).await?;
                app.scheduler.mark(vshard, done.jobs.iter().map(|(job, _)| *job).chain(done.told.clone()));
                done
            }
        };
        tracing::debug!(%writer, vshard = vshard.0, evidence = told.len(), "reclaimed");
        all.extend(jobs);
    }
    Ok(all)
}

/// Whether a reclaim is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reclaim {
    Rehearsal,
    ForGood,
}
