//! A vshard that was restored from a backup: a new history, and no grant before each node has told what it holds.
//!
//! The backup lacks what was granted, used and returned after it. The nodes know their own part: they send again what the
//! hub lost of their logs, and state the grants that they have seen. Until all have done so nothing is granted, because
//! the pool is not known.

use super::Shard;
use std::collections::BTreeSet;
use sync_protocol::{
    ids::{JobId, Writer},
    seats::{HubJob, LossPolicy, Standing, Violation},
};
use sync_store::StoreError;

const WRITER_BYTES: usize = 6;

/// What a node states of a job in a former history.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    pub(super) granted: u32,
    pub(super) version: u32,
    pub(super) cap: u32,
    pub(super) open: bool,
}

const AWAITED: &str = "awaited";
const GIVEN_UP: &str = "given_up";

fn writers(shard: &mut Shard<'_>, list: &str) -> Result<BTreeSet<Writer>, StoreError> {
    let key = format!("{list}/{}", shard.vshard.0);
    let Some(bytes) = shard.tx.meta(&key)? else { return Ok(BTreeSet::new()) };
    let writers: Option<_> = bytes.chunks(WRITER_BYTES).map(Writer::from_bytes).collect();
    writers.ok_or(StoreError::BadRow("list of writers"))
}

fn put_writers(shard: &mut Shard<'_>, list: &str, writers: &BTreeSet<Writer>) -> Result<(), StoreError> {
    let bytes: Vec<u8> = writers.iter().flat_map(|writer| writer.to_bytes()).collect();
    shard.tx.put_meta(&format!("{list}/{}", shard.vshard.0), &bytes)
}

/// The incarnations that this vshard still waits for before it grants anything.
pub fn awaited(shard: &mut Shard<'_>) -> Result<BTreeSet<Writer>, StoreError> {
    writers(shard, AWAITED)
}

pub(super) fn is_awaited(shard: &mut Shard<'_>, writer: Writer) -> Result<bool, StoreError> {
    Ok(awaited(shard)?.contains(&writer))
}

/// Begins a new history of the vshard, with a number above those that nodes may have heard of. `writers` are the
/// incarnations that may hold rights in it.
pub fn begin_history(shard: &mut Shard<'_>, writers: &[Writer], heard_of: u16) -> Result<u16, StoreError> {
    let mut history = shard.tx.begin_history(shard.vshard)?;
    while history <= heard_of {
        history = shard.tx.begin_history(shard.vshard)?;
    }
    let mut awaited = BTreeSet::new();
    for writer in writers {
        if shard.tx.standing(shard.vshard, *writer)? == Standing::Live {
            awaited.insert(*writer);
        }
    }
    put_writers(shard, AWAITED, &awaited)?;
    Ok(history)
}

/// Stops waiting for an incarnation that is fenced. What it was granted after the backup is not known: once nobody else is
/// awaited, all that is left of each job's pool is reserved for it.
pub(super) fn give_up(shard: &mut Shard<'_>, writer: Writer) -> Result<(), StoreError> {
    if !is_awaited(shard, writer)? {
        return Ok(());
    }
    let mut given_up = writers(shard, GIVEN_UP)?;
    given_up.insert(writer);
    put_writers(shard, GIVEN_UP, &given_up)?;
    no_longer_awaited(shard, writer).map(drop)
}

/// True where nobody is awaited any more.
fn no_longer_awaited(shard: &mut Shard<'_>, writer: Writer) -> Result<bool, StoreError> {
    let mut awaited = awaited(shard)?;
    if !awaited.remove(&writer) {
        return Ok(false);
    }
    put_writers(shard, AWAITED, &awaited)?;
    if awaited.is_empty() {
        reserve_for_given_up(shard)?;
    }
    Ok(awaited.is_empty())
}

fn reserve_for_given_up(shard: &mut Shard<'_>) -> Result<(), StoreError> {
    let Some(writer) = writers(shard, GIVEN_UP)?.into_iter().next() else { return Ok(()) };
    for (vshard, summary) in shard.tx.jobs_after(shard.now)? {
        let Some(seats) = shard.tx.hub_job(vshard, summary.job)?.filter(|_| vshard == shard.vshard) else {
            continue;
        };
        let pool = u32::try_from(seats.pool(shard.out_total(summary.job)?)).unwrap_or(0);
        if pool > 0 {
            let mut holding = shard.tx.holding(vshard, summary.job, writer)?;
            holding.granted += pool;
            shard.tx.put_holding(vshard, summary.job, writer, &holding)?;
        }
    }
    put_writers(shard, GIVEN_UP, &BTreeSet::new())
}

pub(super) fn told(
    shard: &mut Shard<'_>,
    writer: Writer,
    job: JobId,
    told: Told,
) -> Result<Result<(), Violation>, StoreError> {
    let mut holding = shard.tx.holding(shard.vshard, job, writer)?;
    if !is_awaited(shard, writer)? {
        let known = told.granted <= holding.granted;
        return Ok(if known { Ok(()) } else { Err(Violation::Overspent) });
    }
    let mut seats = match shard.tx.hub_job(shard.vshard, job)? {
        Some(seats) => seats,
        // The job itself was made after the backup: its seats are kept exact, its text is lost with the backup.
        None => HubJob { version: 0, ..HubJob::new(told.cap, LossPolicy::WriteOff) },
    };
    if let Err(violation) =
        holding.seen(told.granted).and_then(|()| seats.seen(told.version, told.cap, told.open))
    {
        return Ok(Err(violation));
    }
    shard.tx.put_holding(shard.vshard, job, writer, &holding)?;
    shard.tx.put_hub_job(shard.vshard, job, &seats)?;
    Ok(Ok(()))
}

/// A node has told all. Returns the jobs that grants are possible for again, once it was the last.
pub(super) fn told_all(
    shard: &mut Shard<'_>,
    writer: Writer,
    history: u16,
) -> Result<BTreeSet<JobId>, StoreError> {
    if shard.tx.head(shard.vshard)?.0 != history {
        return Ok(BTreeSet::new());
    }
    if !no_longer_awaited(shard, writer)? {
        return Ok(BTreeSet::new());
    }
    let jobs = shard.tx.jobs_after(shard.now)?;
    Ok(jobs.into_iter().filter(|(vshard, _)| *vshard == shard.vshard).map(|(_, job)| job.job).collect())
}
