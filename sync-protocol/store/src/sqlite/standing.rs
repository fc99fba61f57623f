//! Incarnations that are over, evidence of them, and sign-ups that are to end.

use super::tx::{SqliteTx, id, signed, unsigned};
use crate::{
    error::StoreError,
    rows::{EndingRow, FenceCause, LimboRow, StandingRow},
};
use rusqlite::{Row, params};
use sync_protocol::{
    ids::{DocumentId, JobId, SignUpId, VshardId, Writer},
    log::{Entry, Head, LogHead},
    seats::{EndReason, Ending, HubHolding, Standing},
};

const fn code(standing: Standing) -> i64 {
    match standing {
        Standing::Live => 0,
        Standing::Fenced => 1,
        Standing::Settled => 2,
    }
}

fn standing_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Standing> {
    match row.get(column)? {
        0 => Ok(Standing::Live),
        1 => Ok(Standing::Fenced),
        2 => Ok(Standing::Settled),
        other => Err(rusqlite::Error::IntegralValueOutOfRange(column, other)),
    }
}

pub(super) fn row(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    writer: Writer,
) -> Result<Option<StandingRow>, StoreError> {
    let sql = "SELECT standing, cause, detail, at FROM standing WHERE vshard = ?1 AND writer = ?2";
    tx.one(sql, params![vshard.0, writer.to_bytes()], |row| {
        Ok(StandingRow {
            writer,
            standing: standing_of(row, 0)?,
            cause: FenceCause::parse(&row.get::<_, String>(1)?).ok_or(rusqlite::Error::InvalidQuery)?,
            detail: row.get(2)?,
            at: row.get(3)?,
        })
    })
}

pub(super) fn put(tx: &SqliteTx<'_>, vshard: VshardId, row: &StandingRow) -> Result<(), StoreError> {
    // One way: a standing only moves right (I10).
    let sql = "INSERT INTO standing (vshard, writer, standing, cause, detail, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
               ON CONFLICT (vshard, writer) DO UPDATE SET standing = excluded.standing
               WHERE excluded.standing > standing";
    let values = params![
        vshard.0,
        row.writer.to_bytes(),
        code(row.standing),
        row.cause.as_str(),
        row.detail,
        row.at
    ];
    tx.run(sql, values).map(drop)
}

pub(super) fn vshards(tx: &SqliteTx<'_>, writer: Writer) -> Result<Vec<VshardId>, StoreError> {
    let sql = "SELECT vshard FROM origin_cursor WHERE writer = ?1 UNION SELECT vshard FROM holding WHERE writer = ?1
               UNION SELECT vshard FROM standing WHERE writer = ?1 ORDER BY vshard";
    tx.all(sql, [writer.to_bytes()], |row| row.get(0).map(VshardId))
}

pub(super) fn limbo(tx: &SqliteTx<'_>) -> Result<Vec<LimboRow>, StoreError> {
    let sql = "SELECT h.writer, h.job, h.granted, h.returned, h.live FROM standing s
               JOIN holding h ON h.vshard = s.vshard AND h.writer = s.writer
               WHERE s.standing = 1 AND h.granted > h.returned ORDER BY h.writer, h.job";
    tx.all(sql, [], |row| {
        let holding = HubHolding { granted: row.get(2)?, returned: row.get(3)?, live: row.get(4)? };
        Ok(LimboRow {
            writer: id(row, 0, Writer::from_bytes)?,
            job: id(row, 1, JobId::from_bytes)?,
            out: holding.out(),
            live: holding.live,
        })
    })
}

pub(super) fn put_evidence(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    writer: Writer,
    at: LogHead,
    entry: &Entry,
) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO evidence (vshard, writer, wseq, kind, topic, doc, body, head)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let values = params![
        vshard.0,
        writer.to_bytes(),
        signed(at.wseq),
        entry.kind,
        signed(entry.topic),
        entry.doc.to_bytes(),
        entry.body,
        at.head.0
    ];
    tx.run(sql, values).map(drop)
}

pub(super) fn evidence(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    writer: Writer,
) -> Result<(Vec<Entry>, Option<LogHead>), StoreError> {
    let sql = "SELECT wseq, kind, topic, doc, body, head FROM evidence WHERE vshard = ?1 AND writer = ?2 ORDER BY wseq";
    let rows = tx.all(sql, params![vshard.0, writer.to_bytes()], |row| {
        let entry = Entry {
            kind: row.get(1)?,
            topic: unsigned(row, 2)?,
            doc: id(row, 3, DocumentId::from_bytes)?,
            body: row.get(4)?,
        };
        let head = id(row, 5, |bytes| bytes.try_into().ok().map(Head))?;
        Ok((entry, LogHead { wseq: unsigned(row, 0)?, head }))
    })?;
    let last = rows.last().map(|(_, head)| *head);
    Ok((rows.into_iter().map(|(entry, _)| entry).collect(), last))
}

fn ending_row(row: &Row<'_>) -> rusqlite::Result<EndingRow> {
    let reason = EndReason::parse(&row.get::<_, String>(2)?).ok_or(rusqlite::Error::InvalidQuery)?;
    Ok(EndingRow {
        job: id(row, 0, JobId::from_bytes)?,
        ending: Ending { sign_up: id(row, 1, SignUpId::from_bytes)?, reason },
        at: row.get(3)?,
        done: row.get(4)?,
    })
}

pub(super) fn ending(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
    sign_up: SignUpId,
) -> Result<Option<EndingRow>, StoreError> {
    let sql =
        "SELECT job, sign_up, reason, at, done FROM ending WHERE vshard = ?1 AND job = ?2 AND sign_up = ?3";
    tx.one(sql, params![vshard.0, job.to_bytes(), sign_up.to_bytes()], ending_row)
}

pub(super) fn put_ending(tx: &SqliteTx<'_>, vshard: VshardId, row: &EndingRow) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO ending (vshard, job, sign_up, reason, at, done) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let (sign_up, reason) = (row.ending.sign_up.to_bytes(), row.ending.reason.as_str());
    tx.run(sql, params![vshard.0, row.job.to_bytes(), sign_up, reason, row.at, row.done]).map(drop)
}

pub(super) fn endings(tx: &SqliteTx<'_>, vshard: VshardId, job: JobId) -> Result<Vec<EndingRow>, StoreError> {
    let sql = "SELECT job, sign_up, reason, at, done FROM ending WHERE vshard = ?1 AND job = ?2 ORDER BY sign_up";
    tx.all(sql, params![vshard.0, job.to_bytes()], ending_row)
}

pub(super) fn recall(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
    writer: Writer,
) -> Result<Option<(u32, u32)>, StoreError> {
    let sql = "SELECT granted, keep FROM recall WHERE vshard = ?1 AND job = ?2 AND writer = ?3";
    tx.one(sql, params![vshard.0, job.to_bytes(), writer.to_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
}

pub(super) fn put_recall(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
    writer: Writer,
    (granted, keep): (u32, u32),
) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO recall (vshard, job, writer, granted, keep) VALUES (?1, ?2, ?3, ?4, ?5)";
    tx.run(sql, params![vshard.0, job.to_bytes(), writer.to_bytes(), granted, keep]).map(drop)
}

pub(super) fn is_reclaimed(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
    writer: Writer,
) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM reclaimed WHERE vshard = ?1 AND job = ?2 AND writer = ?3";
    Ok(tx.one(sql, params![vshard.0, job.to_bytes(), writer.to_bytes()], |_| Ok(()))?.is_some())
}

pub(super) fn put_reclaimed(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
    writer: Writer,
    at: i64,
) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO reclaimed (vshard, job, writer, at) VALUES (?1, ?2, ?3, ?4)";
    tx.run(sql, params![vshard.0, job.to_bytes(), writer.to_bytes(), at]).map(drop)
}

pub(super) fn begin_history(tx: &SqliteTx<'_>, vshard: VshardId) -> Result<u16, StoreError> {
    let sql = "INSERT INTO vshard (vshard, history) VALUES (?1, 2)
               ON CONFLICT (vshard) DO UPDATE SET history = history + 1 RETURNING history";
    tx.one(sql, [vshard.0], |row| row.get(0))?.ok_or(StoreError::BadRow("vshard"))
}
