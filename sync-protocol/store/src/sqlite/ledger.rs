//! Seat counters, sign-ups in the ledger, wait lists.

use super::tx::{SqliteTx, id, unsigned};
use crate::{
    error::StoreError,
    rows::{HoldingTotals, SeatRow, SeatTotals, WaitRow},
    shard::HubSaid,
};
use rusqlite::{Row, params};
use sync_protocol::{
    ids::{JobId, SignUpId, VshardId, WorkerId, Writer},
    seats::{Excess, HubHolding, HubJob, LossPolicy, NodeJob, Seal, SeatState},
};

pub(super) fn node_job(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
) -> Result<Option<(NodeJob, HubSaid)>, StoreError> {
    let sql = "SELECT vshard, job, granted, returned, live, closed, cap, version, free, waiting, policy, rights_seal, seats_seal,
                      sum FROM node_seats
               WHERE vshard = ?1 AND job = ?2";
    let found = tx
        .one("node_seats", sql, params![vshard.0, job.to_bytes()], node_row)?
        .map(|(_, seats, said)| (seats, said));
    if found.is_none() {
        // Counters that begin again would count every live sign-up as a free right.
        let sql = "SELECT 1 FROM seat WHERE vshard = ?1 AND job = ?2 LIMIT 1";
        tx.none("node_seats", sql, params![vshard.0, job.to_bytes()], "the counters of a job with sign-ups")?;
    }
    Ok(found)
}

fn node_row(row: &Row<'_>) -> rusqlite::Result<(JobId, NodeJob, HubSaid)> {
    let seats = NodeJob {
        granted: row.get(2)?,
        returned: row.get(3)?,
        live: row.get(4)?,
        closed: row.get(5)?,
        policy: policy(row, 10)?,
    };
    let said = HubSaid {
        cap: row.get(6)?,
        version: row.get(7)?,
        free: row.get(8)?,
        waiting: row.get(9)?,
        rights: row.get::<_, Option<[u8; 32]>>(11)?.map(Seal),
        seats: row.get::<_, Option<[u8; 32]>>(12)?.map(Seal),
    };
    Ok((id(row, 1, JobId::from_bytes)?, seats, said))
}

pub(super) fn node_jobs(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
) -> Result<Vec<(JobId, NodeJob, HubSaid)>, StoreError> {
    let sql = "SELECT vshard, job, granted, returned, live, closed, cap, version, free, waiting, policy, rights_seal, seats_seal,
                      sum FROM node_seats
               WHERE vshard = ?1 ORDER BY job";
    tx.all("node_seats", sql, [vshard.0], node_row)
}

const fn policy_code(policy: LossPolicy) -> i64 {
    match policy {
        LossPolicy::WriteOff => 0,
        LossPolicy::Reclaim => 1,
    }
}

fn policy(row: &Row<'_>, column: usize) -> rusqlite::Result<LossPolicy> {
    match row.get(column)? {
        0 => Ok(LossPolicy::WriteOff),
        1 => Ok(LossPolicy::Reclaim),
        other => Err(rusqlite::Error::IntegralValueOutOfRange(column, other)),
    }
}

pub(super) fn put_node_job(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
    seats: &NodeJob,
    said: &HubSaid,
) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO node_seats
                 (vshard, job, granted, returned, live, closed, cap, version, free, waiting, policy, rights_seal,
                  seats_seal, sum)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    let values = params![
        vshard.0,
        job.to_bytes(),
        seats.granted,
        seats.returned,
        seats.live,
        seats.closed,
        said.cap,
        said.version,
        said.free,
        said.waiting,
        policy_code(seats.policy),
        said.rights.map(|seal| seal.0),
        said.seats.map(|seal| seal.0)
    ];
    tx.put("node_seats", sql, values)
}

pub(super) fn hub_job(tx: &SqliteTx<'_>, vshard: VshardId, job: JobId) -> Result<Option<HubJob>, StoreError> {
    let sql = "SELECT vshard, job, cap, open, version, policy, excess, bound, sum FROM hub_seats
               WHERE vshard = ?1 AND job = ?2";
    tx.one("hub_seats", sql, params![vshard.0, job.to_bytes()], |row| {
        let excess = if row.get(6)? { Excess::BumpLatest } else { Excess::Keep };
        Ok(HubJob {
            cap: row.get(2)?,
            open: row.get(3)?,
            version: row.get(4)?,
            policy: policy(row, 5)?,
            excess,
            bound: row.get(7)?,
        })
    })
}

pub(super) fn put_hub_job(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
    seats: &HubJob,
) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO hub_seats (vshard, job, cap, open, version, policy, excess, bound, sum)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let values = params![
        vshard.0,
        job.to_bytes(),
        seats.cap,
        seats.open,
        seats.version,
        policy_code(seats.policy),
        seats.excess == Excess::BumpLatest,
        seats.bound
    ];
    tx.put("hub_seats", sql, values)
}

fn holding_row(row: &Row<'_>) -> rusqlite::Result<(Writer, HubHolding)> {
    let holding = HubHolding { granted: row.get(3)?, returned: row.get(4)?, live: row.get(5)? };
    Ok((id(row, 2, Writer::from_bytes)?, holding))
}

pub(super) fn holding(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
    writer: Writer,
) -> Result<HubHolding, StoreError> {
    let sql = "SELECT vshard, job, writer, granted, returned, live, sum FROM holding
               WHERE vshard = ?1 AND job = ?2 AND writer = ?3";
    let values = params![vshard.0, job.to_bytes(), writer.to_bytes()];
    Ok(tx.one("holding", sql, values, holding_row)?.map(|(_, holding)| holding).unwrap_or_default())
}

pub(super) fn put_holding(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
    writer: Writer,
    holding: &HubHolding,
) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO holding (vshard, job, writer, granted, returned, live, sum)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let values =
        params![vshard.0, job.to_bytes(), writer.to_bytes(), holding.granted, holding.returned, holding.live];
    tx.put("holding", sql, values)
}

pub(super) fn holdings(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
) -> Result<Vec<(Writer, HubHolding)>, StoreError> {
    let sql = "SELECT vshard, job, writer, granted, returned, live, sum FROM holding
               WHERE vshard = ?1 AND job = ?2 ORDER BY writer";
    tx.all("holding", sql, params![vshard.0, job.to_bytes()], holding_row)
}

fn seat_row(row: &Row<'_>) -> rusqlite::Result<SeatRow> {
    Ok(SeatRow {
        sign_up: id(row, 2, SignUpId::from_bytes)?,
        holder: id(row, 3, Writer::from_bytes)?,
        worker: id(row, 4, WorkerId::from_bytes)?,
        state: SeatState::from_i64(row.get(5)?)
            .ok_or(rusqlite::Error::IntegralValueOutOfRange(5, row.get(5)?))?,
    })
}

pub(super) fn seat(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
    sign_up: SignUpId,
) -> Result<Option<SeatRow>, StoreError> {
    let sql = "SELECT vshard, job, sign_up, holder, worker, state, sum FROM seat
               WHERE vshard = ?1 AND job = ?2 AND sign_up = ?3";
    tx.one("seat", sql, params![vshard.0, job.to_bytes(), sign_up.to_bytes()], seat_row)
}

pub(super) fn put_seat(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
    seat: &SeatRow,
) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO seat (vshard, job, sign_up, holder, worker, state, sum)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let values = params![
        vshard.0,
        job.to_bytes(),
        seat.sign_up.to_bytes(),
        seat.holder.to_bytes(),
        seat.worker.0,
        seat.state.to_i64()
    ];
    tx.put("seat", sql, values)
}

pub(super) fn seats(tx: &SqliteTx<'_>, vshard: VshardId, job: JobId) -> Result<Vec<SeatRow>, StoreError> {
    let sql = "SELECT vshard, job, sign_up, holder, worker, state, sum FROM seat
               WHERE vshard = ?1 AND job = ?2 ORDER BY sign_up";
    tx.all("seat", sql, params![vshard.0, job.to_bytes()], seat_row)
}

pub(super) fn seats_of_worker(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    worker: WorkerId,
) -> Result<Vec<(JobId, SeatRow)>, StoreError> {
    let sql = "SELECT vshard, job, sign_up, holder, worker, state, sum FROM seat INDEXED BY seat_worker
               WHERE vshard = ?1 AND worker = ?2 AND state = 0 ORDER BY job, sign_up";
    tx.all("seat", sql, params![vshard.0, worker.0], job_and_seat)
}

pub(super) fn seats_held_by(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    holder: Writer,
) -> Result<Vec<(JobId, SeatRow)>, StoreError> {
    let sql = "SELECT vshard, job, sign_up, holder, worker, state, sum FROM seat INDEXED BY seat_holder
               WHERE vshard = ?1 AND holder = ?2 ORDER BY job, sign_up";
    tx.all("seat", sql, params![vshard.0, holder.to_bytes()], job_and_seat)
}

fn job_and_seat(row: &Row<'_>) -> rusqlite::Result<(JobId, SeatRow)> {
    Ok((id(row, 1, JobId::from_bytes)?, seat_row(row)?))
}

pub(super) fn holdings_of(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    writer: Writer,
) -> Result<Vec<(JobId, HubHolding)>, StoreError> {
    let sql =
        "SELECT vshard, job, writer, granted, returned, live, sum FROM holding INDEXED BY holding_writer
               WHERE vshard = ?1 AND writer = ?2 ORDER BY job";
    tx.all("holding", sql, params![vshard.0, writer.to_bytes()], |row| {
        Ok((id(row, 1, JobId::from_bytes)?, holding_row(row)?.1))
    })
}

/// A row of the wait list with its place.
fn wait_row(row: &Row<'_>) -> rusqlite::Result<(i64, WaitRow)> {
    let wait = WaitRow {
        sign_up: id(row, 3, SignUpId::from_bytes)?,
        holder: id(row, 4, Writer::from_bytes)?,
        worker: id(row, 5, WorkerId::from_bytes)?,
        promoted: row.get(6)?,
        position: row.get(7)?,
    };
    Ok((row.get(2)?, wait))
}

pub(super) fn waiting(tx: &SqliteTx<'_>, vshard: VshardId, job: JobId) -> Result<Vec<WaitRow>, StoreError> {
    let sql = "SELECT vshard, job, place, sign_up, holder, worker, promoted, position, sum FROM waiting
               WHERE vshard = ?1 AND job = ?2 ORDER BY place";
    tx.all("waiting", sql, params![vshard.0, job.to_bytes()], |row| Ok(wait_row(row)?.1))
}

/// A sign-up's entry with its place.
pub(super) fn wait(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
    sign_up: SignUpId,
) -> Result<Option<(i64, WaitRow)>, StoreError> {
    let sql = "SELECT vshard, job, place, sign_up, holder, worker, promoted, position, sum FROM waiting
               WHERE vshard = ?1 AND job = ?2 AND sign_up = ?3";
    tx.one("waiting", sql, params![vshard.0, job.to_bytes(), sign_up.to_bytes()], wait_row)
}

pub(super) fn first_waiting(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
) -> Result<Option<WaitRow>, StoreError> {
    let sql = "SELECT vshard, job, place, sign_up, holder, worker, promoted, position, sum FROM waiting
               WHERE vshard = ?1 AND job = ?2 AND NOT promoted ORDER BY place LIMIT 1";
    tx.one("waiting", sql, params![vshard.0, job.to_bytes()], |row| Ok(wait_row(row)?.1))
}

pub(super) fn place_in_line(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
    sign_up: SignUpId,
) -> Result<u32, StoreError> {
    let sql = "SELECT count(*) FROM waiting WHERE vshard = ?1 AND job = ?2 AND place <=
                 (SELECT place FROM waiting WHERE vshard = ?1 AND job = ?2 AND sign_up = ?3)";
    let values = params![vshard.0, job.to_bytes(), sign_up.to_bytes()];
    Ok(tx.figures(sql, values, |row| row.get(0))?.first().copied().unwrap_or(0))
}

pub(super) fn put_waiting(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
    wait: &WaitRow,
) -> Result<(), StoreError> {
    let (place, worker) = match self::wait(tx, vshard, job, wait.sign_up)? {
        Some((place, known)) => (place, known.worker),
        None => {
            let sql =
                "SELECT vshard, job, place, sign_up, holder, worker, promoted, position, sum FROM waiting
                       WHERE vshard = ?1 AND job = ?2 ORDER BY place DESC LIMIT 1";
            let last = tx.one("waiting", sql, params![vshard.0, job.to_bytes()], wait_row)?;
            (last.map_or(0, |(place, _)| place) + 1, wait.worker)
        }
    };
    let sql = "INSERT OR REPLACE INTO waiting
                 (vshard, job, place, sign_up, holder, worker, promoted, position, sum)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let values = params![
        vshard.0,
        job.to_bytes(),
        place,
        wait.sign_up.to_bytes(),
        wait.holder.to_bytes(),
        worker.0,
        wait.promoted,
        wait.position
    ];
    tx.put("waiting", sql, values)
}

pub(super) fn seat_totals(tx: &SqliteTx<'_>) -> Result<SeatTotals, StoreError> {
    let sql = "SELECT count(*), coalesce(sum(cap), 0), coalesce(sum(live), 0), coalesce(sum(max(0, live - bound)), 0),
                 (SELECT count(*) FROM waiting WHERE vshard >= 0)
               FROM (SELECT s.cap AS cap, max(s.cap, s.bound) AS bound,
                       (SELECT coalesce(sum(h.live), 0) FROM holding h WHERE h.vshard = s.vshard AND h.job = s.job) AS live
                     FROM hub_seats s WHERE s.vshard >= 0)";
    let totals = tx.figures(sql, [], |row| {
        Ok(SeatTotals {
            jobs: unsigned(row, 0)?,
            cap: unsigned(row, 1)?,
            live: unsigned(row, 2)?,
            oversold: unsigned(row, 3)?,
            waiting: unsigned(row, 4)?,
        })
    })?;
    Ok(totals.into_iter().next().unwrap_or_default())
}

pub(super) fn holding_totals(tx: &SqliteTx<'_>) -> Result<Vec<HoldingTotals>, StoreError> {
    let sql = "SELECT writer, sum(granted), sum(returned), sum(live) FROM holding WHERE vshard >= 0 GROUP BY writer";
    tx.figures(sql, [], |row| {
        Ok(HoldingTotals {
            writer: id(row, 0, Writer::from_bytes)?,
            granted: unsigned(row, 1)?,
            returned: unsigned(row, 2)?,
            live: unsigned(row, 3)?,
        })
    })
}
