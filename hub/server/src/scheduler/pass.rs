//! One pass over the jobs at hand, each chunk in a transaction of its vshard's file.

use crate::{app::App, clock, directory::Picture, shard_workers::ShardError};
use hub_core::agenda::{Chunk, Passed, Secrets};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use sync_protocol::{
    ids::{TopicId, Writer},
    receipt::ReceiptBody,
};
use sync_store::ShardTx;

/// Marks all jobs of some regions.
pub(super) async fn mark_jobs_of(app: &App, regions: &BTreeSet<String>) -> Result<(), ShardError> {
    let now = clock::now();
    let picture = app.directory.picture();
    for (vshard, summary) in app.shards.read_all(move |tx| tx.jobs_after(now)).await?.into_iter().flatten() {
        let topic = picture.topics.get(&summary.topic);
        if topic.is_some_and(|topic| regions.contains(&topic.region)) {
            app.scheduler.mark(vshard, [summary.job]);
        }
    }
    Ok(())
}

/// Looks at all jobs that something happened to, and tells of those that are due.
pub(super) async fn run(app: &App) {
    let picture = app.directory.picture();
    let mut chunks = {
        let mut agenda = app.scheduler.lock();
        if agenda.jobs.wake(clock::now()) {
            tracing::warn!("the clock went back: all jobs are looked at");
            agenda.regions.extend(picture.topics.values().map(|topic| topic.region.clone()));
        }
        agenda.jobs.round(app.scheduler.now())
    };
    if chunks.is_empty() {
        return;
    }
    let nodes = Arc::new(weights(app, &picture));
    while let Some(chunk) = chunks.pop_front() {
        let done = handle(app, &chunk, Arc::clone(&picture), Arc::clone(&nodes)).await;
        match done {
            Ok(passed) => app.scheduler.lock().jobs.done(&chunk, passed, app.scheduler.now()),
            Err(error) => {
                tracing::error!(vshard = chunk.vshard.0, %error, "a part of the scheduler's pass failed");
                app.scheduler.failures.inc();
                let stored = match &error {
                    ShardError::Store(error) => Some(error),
                    ShardError::Gone => None,
                };
                let now = app.scheduler.now();
                chunks.extend(app.scheduler.lock().jobs.failed(chunk, stored, now));
            }
        }
    }
}

type Weights = BTreeMap<String, BTreeMap<Writer, f64>>;

/// The nodes of each region that may be granted rights, with their demand.
fn weights(app: &App, picture: &Picture) -> Weights {
    let regions: BTreeSet<&String> = picture.topics.values().map(|topic| &topic.region).collect();
    let now = app.scheduler.now();
    let weigh = |region: &String| {
        let eligible = app.board.eligible(picture, region);
        let agenda = app.scheduler.lock();
        let weight = |writer: Writer| (writer, agenda.jobs.demand_at(writer.node, now));
        (region.clone(), eligible.into_iter().map(weight).collect())
    };
    regions.into_iter().map(weigh).collect()
}

async fn handle(
    app: &App,
    chunk: &Chunk,
    picture: Arc<Picture>,
    nodes: Arc<Weights>,
) -> Result<Passed, ShardError> {
    let (chunk, signer) = (chunk.clone(), app.signer.clone());
    let vshard = chunk.vshard;
    let work = move |tx: &mut dyn ShardTx| {
        let sign = |body: &ReceiptBody| signer.receipt(body);
        let eligible = |topic: TopicId| nodes.get(&picture.topics.get(&topic)?.region);
        let secrets = Secrets { sign: &sign, seed: &|job| signer.draw_seed(job) };
        chunk.carry_out(tx, clock::now(), &eligible, &secrets)
    };
    app.shards.write(vshard, work).await
}
