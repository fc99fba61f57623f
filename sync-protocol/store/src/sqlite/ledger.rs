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
    seats::{Excess, HubHolding, HubJob, LossPolicy, NodeJob, SeatState},
};

pub(super) fn node_job(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
) -> Result<Option<(NodeJob, HubSaid)>, StoreError> {
    let sql = "SELECT granted, returned, live, closed, cap, version, free, waiting, policy FROM node_seats
               WHERE vshard = ?1 AND job = ?2";
    tx.one(sql, params![vshard.0, job.to_bytes()], |row| node_row(row, 0))
}

fn node_row(row: &Row<'_>, from: usize) -> rusqlite::Result<(NodeJob, HubSaid)> {
    let seats = NodeJob {
        granted: row.get(from)?,
        returned: row.get(from + 1)?,
        live: row.get(from + 2)?,
        closed: row.get(from + 3)?,
        policy: policy(row, from + 8)?,
    };
    let said = HubSaid {
        cap: row.get(from + 4)?,
        version: row.get(from + 5)?,
        free: row.get(from + 6)?,
        waiting: row.get(from + 7)?,
    };
    Ok((seats, said))
}

pub(super) fn node_jobs(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
) -> Result<Vec<(JobId, NodeJob, HubSaid)>, StoreError> {
    let sql = "SELECT job, granted, returned, live, closed, cap, version, free, waiting, policy FROM node_seats
               WHERE vshard = ?1 ORDER BY job";
    tx.all(sql, [vshard.0], |row| {
        let (seats, said) = node_row(row, 1)?;
        Ok((id(row, 0, JobId::from_bytes)?, seats, said))
    })
}

pub(super) fn put_node_job(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
    seats: &NodeJob,
    said: &HubSaid,
) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO node_seats (vshard, job, granted, returned, live, closed, cap, version, free, waiting, policy)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
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
        policy_code(seats.policy)
    ];
    tx.run(sql, values).map(drop)
}

pub(super) fn hub_job(tx: &SqliteTx<'_>, vshard: VshardId, job: JobId) -> Result<Option<HubJob>, StoreError> {
    let sql = "SELECT cap, open, version, policy, excess, bound FROM hub_seats WHERE vshard = ?1 AND job = ?2";
    tx.one(sql, params![vshard.0, job.to_bytes()], |row| {
        let excess = if row.get(4)? { Excess::BumpLatest } else { Excess::Keep };
        Ok(HubJob {
            cap: row.get(0)?,
            open: row.get(1)?,
            version: row.get(2)?,
            policy: policy(row, 3)?,
            excess,
            bound: row.get(5)?,
        })
    })
}

pub(super) fn put_hub_job(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
    seats: &HubJob,
) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO hub_seats (vshard, job, cap, open, version, policy, excess, bound)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
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
    tx.run(sql, values).map(drop)
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

fn counters(row: &Row<'_>, from: usize) -> rusqlite::Result<HubHolding> {
    Ok(HubHolding { granted: row.get(from)?, returned: row.get(from + 1)?, live: row.get(from + 2)? })
}

pub(super) fn holding(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
    writer: Writer,
) -> Result<HubHolding, StoreError> {
    let sql = "SELECT granted, returned, live FROM holding WHERE vshard = ?1 AND job = ?2 AND writer = ?3";
    Ok(tx
        .one(sql, params![vshard.0, job.to_bytes(), writer.to_bytes()], |row| counters(row, 0))?
        .unwrap_or_default())
}

pub(super) fn put_holding(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
    writer: Writer,
    holding: &HubHolding,
) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO holding (vshard, job, writer, granted, returned, live) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let values =
        params![vshard.0, job.to_bytes(), writer.to_bytes(), holding.granted, holding.returned, holding.live];
    tx.run(sql, values).map(drop)
}

pub(super) fn holdings(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
) -> Result<Vec<(Writer, HubHolding)>, StoreError> {
    let sql =
        "SELECT writer, granted, returned, live FROM holding WHERE vshard = ?1 AND job = ?2 ORDER BY writer";
    tx.all(sql, params![vshard.0, job.to_bytes()], |row| {
        Ok((id(row, 0, Writer::from_bytes)?, counters(row, 1)?))
    })
}

fn seat_row(row: &Row<'_>) -> rusqlite::Result<SeatRow> {
    Ok(SeatRow {
        sign_up: id(row, 0, SignUpId::from_bytes)?,
        holder: id(row, 1, Writer::from_bytes)?,
        worker: id(row, 2, WorkerId::from_bytes)?,
        state: SeatState::from_i64(row.get(3)?)
            .ok_or(rusqlite::Error::IntegralValueOutOfRange(3, row.get(3)?))?,
    })
}

pub(super) fn seat(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
    sign_up: SignUpId,
) -> Result<Option<SeatRow>, StoreError> {
    let sql =
        "SELECT sign_up, holder, worker, state FROM seat WHERE vshard = ?1 AND job = ?2 AND sign_up = ?3";
    tx.one(sql, params![vshard.0, job.to_bytes(), sign_up.to_bytes()], seat_row)
}

pub(super) fn put_seat(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
    seat: &SeatRow,
) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO seat (vshard, job, sign_up, holder, worker, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let values = params![
        vshard.0,
        job.to_bytes(),
        seat.sign_up.to_bytes(),
        seat.holder.to_bytes(),
        seat.worker.0,
        seat.state.to_i64()
    ];
    tx.run(sql, values).map(drop)
}

pub(super) fn seats(tx: &SqliteTx<'_>, vshard: VshardId, job: JobId) -> Result<Vec<SeatRow>, StoreError> {
    let sql =
        "SELECT sign_up, holder, worker, state FROM seat WHERE vshard = ?1 AND job = ?2 ORDER BY sign_up";
    tx.all(sql, params![vshard.0, job.to_bytes()], seat_row)
}

/// `condition` is over ?2; ?1 is the vshard.
pub(super) fn seats_where(
    tx: &SqliteTx<'_>,
    condition: &str,
    values: impl rusqlite::Params,
) -> Result<Vec<(JobId, SeatRow)>, StoreError> {
    let sql = format!(
        "SELECT sign_up, holder, worker, state, job FROM seat WHERE vshard = ?1 AND {condition} ORDER BY job, sign_up"
    );
    tx.all(&sql, values, |row| Ok((id(row, 4, JobId::from_bytes)?, seat_row(row)?)))
}

pub(super) fn holdings_of(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    writer: Writer,
) -> Result<Vec<(JobId, HubHolding)>, StoreError> {
    let sql =
        "SELECT job, granted, returned, live FROM holding WHERE vshard = ?1 AND writer = ?2 ORDER BY job";
    tx.all(sql, params![vshard.0, writer.to_bytes()], |row| {
        Ok((id(row, 0, JobId::from_bytes)?, counters(row, 1)?))
    })
}

pub(super) fn waiting(tx: &SqliteTx<'_>, vshard: VshardId, job: JobId) -> Result<Vec<WaitRow>, StoreError> {
    let sql = "SELECT sign_up, holder, worker, promoted, position FROM waiting WHERE vshard = ?1 AND job = ?2 ORDER BY place";
    tx.all(sql, params![vshard.0, job.to_bytes()], |row| {
        Ok(WaitRow {
            sign_up: id(row, 0, SignUpId::from_bytes)?,
            holder: id(row, 1, Writer::from_bytes)?,
            worker: id(row, 2, WorkerId::from_bytes)?,
            promoted: row.get(3)?,
            position: row.get(4)?,
        })
    })
}

pub(super) fn put_waiting(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
    wait: &WaitRow,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO waiting (vshard, job, place, sign_up, holder, worker, promoted, position)
               SELECT ?1, ?2, coalesce(max(place), 0) + 1, ?3, ?4, ?5, ?6, ?7 FROM waiting WHERE vshard = ?1 AND job = ?2
               ON CONFLICT (vshard, job, sign_up) DO UPDATE SET holder = excluded.holder, promoted = excluded.promoted, position = excluded.position";
    let values = params![
        vshard.0,
        job.to_bytes(),
        wait.sign_up.to_bytes(),
        wait.holder.to_bytes(),
        wait.worker.0,
        wait.promoted,
        wait.position
    ];
    tx.run(sql, values).map(drop)
}

pub(super) fn seat_totals(tx: &SqliteTx<'_>) -> Result<SeatTotals, StoreError> {
    let sql = "SELECT count(*), coalesce(sum(cap), 0), coalesce(sum(live), 0), coalesce(sum(max(0, live - bound)), 0),
                 (SELECT count(*) FROM waiting WHERE vshard >= 0)
               FROM (SELECT s.cap AS cap, max(s.cap, s.bound) AS bound,
                       (SELECT coalesce(sum(h.live), 0) FROM holding h WHERE h.vshard = s.vshard AND h.job = s.job) AS live
                     FROM hub_seats s WHERE s.vshard >= 0)";
    let totals = tx.one(sql, [], |row| {
        Ok(SeatTotals {
            jobs: unsigned(row, 0)?,
            cap: unsigned(row, 1)?,
            live: unsigned(row, 2)?,
            oversold: unsigned(row, 3)?,
            waiting: unsigned(row, 4)?,
        })
    })?;
    Ok(totals.unwrap_or_default())
}

pub(super) fn holding_totals(tx: &SqliteTx<'_>) -> Result<Vec<HoldingTotals>, StoreError> {
    let sql = "SELECT writer, sum(granted), sum(returned), sum(live) FROM holding WHERE vshard >= 0 GROUP BY writer";
    tx.all(sql, [], |row| {
        Ok(HoldingTotals {
            writer: id(row, 0, Writer::from_bytes)?,
            granted: unsigned(row, 1)?,
            returned: unsigned(row, 2)?,
            live: unsigned(row, 3)?,
        })
    })
}
