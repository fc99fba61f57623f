//! Incarnations that are over, what stays reserved for them, and whom restored vshards wait for: read for the API, the
//! console and the figures.

use crate::{
    app::App,
    clock,
    live::{self, JobSummaryOf},
    shard_workers::ShardError,
};
use hub_core::shard::{self, Shard};
use std::collections::{BTreeMap, BTreeSet};
use sync_protocol::{
    ids::{VshardId, Writer},
    seats::{LossPolicy, Standing},
};
use sync_store::{FenceCause, LimboRow, ShardTx, StandingRow, StoreError};

/// An incarnation that is over.
#[derive(Debug)]
pub(crate) struct Over {
    pub(crate) writer: Writer,
    pub(crate) name: String,
    /// Settled once it is in every vshard.
    pub(crate) standing: Standing,
    pub(crate) cause: FenceCause,
    pub(crate) detail: String,
    /// Epoch seconds of its fence.
    pub(crate) since: i64,
    /// Rights that stay reserved for it.
    pub(crate) reserved: u64,
}

/// Rights to one job that stay reserved for an incarnation.
#[derive(Debug)]
pub(crate) struct Reserved {
    pub(crate) row: LimboRow,
    pub(crate) name: String,
    pub(crate) title: String,
    /// Epoch seconds; from there on nobody could use them.
    pub(crate) start_at: i64,
    pub(crate) policy: LossPolicy,
}

/// A restored vshard that grants nothing yet.
#[derive(Debug)]
pub(crate) struct Awaiting {
    pub(crate) vshard: VshardId,
    pub(crate) history: u16,
    /// Who has to tell what it holds, by name.
    pub(crate) nodes: Vec<(Writer, String)>,
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Incarnations {
    pub(crate) over: Vec<Over>,
    pub(crate) limbo: Vec<Reserved>,
    pub(crate) awaiting: Vec<Awaiting>,
}

impl Incarnations {
    /// Incarnations in limbo, for whatever cause.
    pub(crate) fn fenced(&self) -> u64 {
        self.over.iter().filter(|over| over.standing == Standing::Fenced).count() as u64
    }

    /// Incarnations of which two machines or two pasts have spoken.
    pub(crate) fn copied(&self) -> u64 {
        self.over.iter().filter(|over| over.cause == FenceCause::Copied).count() as u64
    }

    /// Rights that are reserved although nobody can use them.
    pub(crate) fn reserved(&self) -> u64 {
        self.limbo.iter().map(|reserved| u64::from(reserved.row.out)).sum()
    }
}

/// What one file has of it.
struct OfFile {
    standings: Vec<(VshardId, StandingRow)>,
    limbo: Vec<(LimboRow, JobSummaryOf)>,
    awaiting: Vec<(VshardId, u16, BTreeSet<Writer>)>,
}

fn read(tx: &mut dyn ShardTx) -> Result<OfFile, StoreError> {
    let mut limbo = Vec::new();
    for row in tx.limbo()? {
        let Some(vshard) = tx.vshard_of(row.job)? else { continue };
        let summary = tx.job_summary(vshard, row.job)?;
        let policy = tx.hub_job(vshard, row.job)?.map(|seats| seats.policy).unwrap_or_default();
        limbo.extend(summary.map(|summary| (row, JobSummaryOf { summary, policy })));
    }
    let mut awaiting = Vec::new();
    for vshard in tx.vshards()? {
        let nodes = shard::awaited(&mut Shard { tx, vshard, now: clock::now() })?;
        if !nodes.is_empty() {
            awaiting.push((vshard, tx.head(vshard)?.0, nodes));
        }
    }
    Ok(OfFile { standings: tx.standings()?, limbo, awaiting })
}

/// Reads how it stands.
pub(crate) async fn read_all(app: &App) -> Result<Incarnations, ShardError> {
    let mut all = Incarnations::default();
    let mut rows: BTreeMap<Writer, Vec<StandingRow>> = BTreeMap::new();
    for file in app.shards.read_all(read).await? {
        for (_, row) in file.standings {
            rows.entry(row.writer).or_default().push(row);
        }
        all.limbo.extend(file.limbo.into_iter().map(|(row, job)| Reserved {
            name: live::name_of(app, row.writer),
            title: job.summary.title,
            start_at: job.summary.start_at,
            policy: job.policy,
            row,
        }));
        all.awaiting.extend(file.awaiting.into_iter().map(|(vshard, history, nodes)| Awaiting {
            vshard,
            history,
            nodes: nodes.into_iter().map(|writer| (writer, live::name_of(app, writer))).collect(),
        }));
    }
    all.limbo.sort_by_key(|reserved| (reserved.start_at, reserved.row.job, reserved.row.writer));
    all.over = rows.into_values().filter_map(|rows| over(app, &rows, &all.limbo)).collect();
    // What an operator may have to act on comes first.
    all.over.sort_by_key(|over| (over.standing, std::cmp::Reverse(over.since), over.writer));
    Ok(all)
}

/// One incarnation out of what its vshards say.
fn over(app: &App, rows: &[StandingRow], limbo: &[Reserved]) -> Option<Over> {
    let first = rows.iter().min_by_key(|row| row.at)?;
    // A copy that one vshard has noticed is a copy everywhere.
    let told = rows.iter().find(|row| row.cause == FenceCause::Copied).unwrap_or(first);
    let of_writer = limbo.iter().filter(|reserved| reserved.row.writer == first.writer);
    Some(Over {
        writer: first.writer,
        name: live::name_of(app, first.writer),
        standing: rows.iter().map(|row| row.standing).min()?,
        cause: told.cause,
        detail: told.detail.clone(),
        since: first.at,
        reserved: of_writer.map(|reserved| u64::from(reserved.row.out)).sum(),
    })
}
