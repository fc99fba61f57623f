//! One pass over the jobs at hand: promote who waits, plan, execute, tell the nodes.

use crate::{
    app::App,
    clock,
    directory::Picture,
    limits::{ANNOUNCE_EVERY, SCHEDULER_CHUNK},
    shard_workers::ShardError,
};
use hub_core::{
    scheduler::plan,
    shard::{Shard, SignReceipt, announce, enforce, execute, first_row, promote, sign_receipts, snapshot},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Instant,
};
use sync_protocol::{
    ids::{JobId, TopicId, VshardId, Writer},
    receipt::ReceiptBody,
    seats::JobRow,
};
use sync_store::{ShardTx, StoreError};

/// What the nodes were told of each job, and what they are still to be told.
#[derive(Debug, Default)]
pub(super) struct Told {
    rows: BTreeMap<JobId, (JobRow, Instant)>,
    due: BTreeMap<VshardId, BTreeSet<JobId>>,
}

/// One job of a chunk.
#[derive(Debug, Clone)]
struct Item {
    job: JobId,
    /// Something happened to it; else it is only to be told of.
    plan: bool,
    /// `None` where it is too early to tell of it again.
    tell: Option<Option<JobRow>>,
}

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
pub(super) async fn run(
    app: &App,
    dirty: &BTreeMap<VshardId, BTreeSet<JobId>>,
    told: &mut Told,
) -> Result<(), ShardError> {
    let picture = app.directory.picture();
    let nodes = Arc::new(weights(app, &picture));
    let vshards: BTreeSet<VshardId> = dirty.keys().chain(told.due.keys()).copied().collect();
    for vshard in vshards {
        let changed = dirty.get(&vshard);
        let mut jobs: BTreeMap<JobId, bool> = changed.into_iter().flatten().map(|job| (*job, true)).collect();
        for job in told.due.remove(&vshard).unwrap_or_default() {
            jobs.entry(job).or_insert(false);
        }
        let jobs: Vec<_> = jobs.into_iter().collect();
        for chunk in jobs.chunks(SCHEDULER_CHUNK) {
            let items = told.items(chunk);
            let rows = handle(app, vshard, items.clone(), Arc::clone(&picture), Arc::clone(&nodes)).await?;
            told.note(vshard, &items, rows);
        }
    }
    Ok(())
}

type Weights = BTreeMap<String, BTreeMap<Writer, f64>>;

/// The nodes of each region that may be granted rights, with their demand.
fn weights(app: &App, picture: &Picture) -> Weights {
    let regions: BTreeSet<&String> = picture.topics.values().map(|topic| &topic.region).collect();
    let now = Instant::now();
    let weigh = |region: &String| {
        let eligible = app.board.eligible(picture, region);
        let agenda = app.scheduler.lock();
        let nodes = eligible.into_iter().map(|writer| (writer, agenda.demand.at(writer.node, now))).collect();
        (region.clone(), nodes)
    };
    regions.into_iter().map(weigh).collect()
}

async fn handle(
    app: &App,
    vshard: VshardId,
    items: Vec<Item>,
    picture: Arc<Picture>,
    nodes: Arc<Weights>,
) -> Result<Vec<JobRow>, ShardError> {
    let region_of = move |topic: TopicId| picture.topics.get(&topic).map(|topic| topic.region.clone());
    let signer = app.signer.clone();
    let work = move |tx: &mut dyn ShardTx| {
        let sign = |body: &ReceiptBody| signer.receipt(body);
        let mut rows = Vec::new();
        for item in &items {
            rows.extend(handle_one(tx, vshard, item, &region_of, &nodes, &sign)?);
        }
        Ok(rows)
    };
    app.shards.write(vshard, work).await
}

fn handle_one(
    tx: &mut dyn ShardTx,
    vshard: VshardId,
    item: &Item,
    region_of: &impl Fn(TopicId) -> Option<String>,
    nodes: &Weights,
    sign: &SignReceipt<'_>,
) -> Result<Option<JobRow>, StoreError> {
    let Some(summary) = tx.job_summary(vshard, item.job)? else { return Ok(None) };
    let now = clock::now();
    let mut shard = Shard { tx, vshard, now };
    if item.plan {
        enforce(&mut shard, item.job)?;
        promote(&mut shard, item.job)?;
        sign_receipts(&mut shard, item.job, sign)?;
        let eligible = region_of(summary.topic).and_then(|region| nodes.get(&region));
        // Rights to a job that is over would be of no use to anybody.
        if let Some(eligible) = eligible.filter(|_| summary.end_at > now)
            && let Some(picture) = snapshot(&mut shard, item.job, eligible)?
        {
            for step in plan(&picture) {
                execute(&mut shard, &step)?;
            }
        }
    }
    let Some(last) = &item.tell else { return Ok(None) };
    let first = first_row(&mut shard, item.job)?;
    announce(&mut shard, item.job, last.as_ref().or(first.as_ref()))
}

impl Told {
    fn items(&self, jobs: &[(JobId, bool)]) -> Vec<Item> {
        let item = |(job, plan): &(JobId, bool)| {
            let last = self.rows.get(job);
            let early = last.is_some_and(|(_, at)| at.elapsed() < ANNOUNCE_EVERY);
            Item { job: *job, plan: *plan, tell: (!early).then(|| last.map(|(row, _)| row.clone())) }
        };
        jobs.iter().map(item).collect()
    }

    fn note(&mut self, vshard: VshardId, items: &[Item], rows: Vec<JobRow>) {
        let now = Instant::now();
        for row in rows {
            self.rows.insert(row.job, (row, now));
        }
        let early = items.iter().filter(|item| item.tell.is_none()).map(|item| item.job);
        let mut early = early.peekable();
        if early.peek().is_some() {
            self.due.entry(vshard).or_default().extend(early);
        }
    }
}
