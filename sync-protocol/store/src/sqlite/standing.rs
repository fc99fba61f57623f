//! Incarnations: their contacts, those that are over, evidence of them, and sign-ups that are to end.

use super::tx::{SqliteTx, id, signed, unsigned};
use crate::{
    error::StoreError,
    rows::{EndingRow, FenceCause, LimboRow, StandingRow},
};
use rusqlite::{Row, params};
use sync_protocol::{
    contact::Contacts,
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
    let sql = "SELECT vshard, writer, standing, cause, detail, at, sum FROM standing
               WHERE vshard = ?1 AND writer = ?2";
    tx.one("standing", sql, params![vshard.0, writer.to_bytes()], standing_row)
}

fn standing_row(row: &Row<'_>) -> rusqlite::Result<StandingRow> {
    Ok(StandingRow {
        writer: id(row, 1, Writer::from_bytes)?,
        standing: standing_of(row, 2)?,
        cause: text(row, 3, FenceCause::parse)?,
        detail: row.get(4)?,
        at: row.get(5)?,
    })
}

pub(super) fn all(tx: &SqliteTx<'_>) -> Result<Vec<(VshardId, StandingRow)>, StoreError> {
    let sql = "SELECT vshard, writer, standing, cause, detail, at, sum FROM standing ORDER BY writer, vshard";
    tx.all("standing", sql, [], |row| Ok((VshardId(row.get(0)?), standing_row(row)?)))
}

pub(super) fn put(tx: &SqliteTx<'_>, vshard: VshardId, row: &StandingRow) -> Result<(), StoreError> {
    // One way: a standing only moves right (I10), and its cause stays.
    let known = self::row(tx, vshard, row.writer)?;
    if known.as_ref().is_some_and(|known| known.standing >= row.standing) {
        return Ok(());
    }
    let first = known.as_ref().unwrap_or(row);
    let sql = "INSERT OR REPLACE INTO standing (vshard, writer, standing, cause, detail, at, sum)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let values = params![
        vshard.0,
        row.writer.to_bytes(),
        code(row.standing),
        first.cause.as_str(),
        first.detail,
        first.at
    ];
    tx.put("standing", sql, values)
}

/// Reads a word that stands for a value.
fn text<T>(row: &Row<'_>, column: usize, parse: impl Fn(&str) -> Option<T>) -> rusqlite::Result<T> {
    let word: String = row.get(column)?;
    parse(&word).ok_or_else(|| rusqlite::Error::InvalidColumnType(column, word, rusqlite::types::Type::Text))
}

pub(super) fn vshards(tx: &SqliteTx<'_>, writer: Writer) -> Result<Vec<VshardId>, StoreError> {
    let sql = "SELECT vshard FROM origin_cursor WHERE vshard >= 0 AND writer = ?1
               UNION SELECT vshard FROM holding WHERE vshard >= 0 AND writer = ?1
               UNION SELECT vshard FROM standing WHERE vshard >= 0 AND writer = ?1 ORDER BY vshard";
    tx.figures(sql, [writer.to_bytes()], |row| row.get(0).map(VshardId))
}

pub(super) fn limbo(tx: &SqliteTx<'_>) -> Result<Vec<LimboRow>, StoreError> {
    let sql = "SELECT h.writer, h.job, h.granted, h.returned, h.live FROM standing s
               JOIN holding h ON h.vshard = s.vshard AND h.writer = s.writer
               WHERE s.vshard >= 0 AND s.standing = 1 AND h.granted > h.returned ORDER BY h.writer, h.job";
    tx.figures(sql, [], |row| {
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
    let sql = "INSERT OR REPLACE INTO evidence (vshard, writer, wseq, kind, topic, doc, body, head, sum)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
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
    tx.put("evidence", sql, values)
}

pub(super) fn evidence(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    writer: Writer,
) -> Result<(Vec<Entry>, Option<LogHead>), StoreError> {
    let sql = "SELECT vshard, writer, wseq, kind, topic, doc, body, head, sum FROM evidence
               WHERE vshard = ?1 AND writer = ?2 ORDER BY wseq";
    let rows = tx.all("evidence", sql, params![vshard.0, writer.to_bytes()], |row| {
        let entry = Entry {
            kind: row.get(3)?,
            topic: unsigned(row, 4)?,
            doc: id(row, 5, DocumentId::from_bytes)?,
            body: row.get(6)?,
        };
        let head = id(row, 7, |bytes| bytes.try_into().ok().map(Head))?;
        Ok((entry, LogHead { wseq: unsigned(row, 2)?, head }))
    })?;
    let last = rows.last().map(|(_, head)| *head);
    Ok((rows.into_iter().map(|(entry, _)| entry).collect(), last))
}

pub(super) fn evidence_head(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    writer: Writer,
) -> Result<Option<LogHead>, StoreError> {
    let sql = "SELECT vshard, writer, wseq, kind, topic, doc, body, head, sum FROM evidence
               WHERE vshard = ?1 AND writer = ?2 ORDER BY wseq DESC LIMIT 1";
    tx.one("evidence", sql, params![vshard.0, writer.to_bytes()], |row| {
        let head = id(row, 7, |bytes| bytes.try_into().ok().map(Head))?;
        Ok(LogHead { wseq: unsigned(row, 2)?, head })
    })
}

fn ending_row(row: &Row<'_>) -> rusqlite::Result<EndingRow> {
    Ok(EndingRow {
        job: id(row, 1, JobId::from_bytes)?,
        ending: Ending {
            sign_up: id(row, 2, SignUpId::from_bytes)?,
            reason: text(row, 3, EndReason::parse)?,
        },
        at: row.get(4)?,
        done: row.get(5)?,
    })
}

pub(super) fn ending(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
    sign_up: SignUpId,
) -> Result<Option<EndingRow>, StoreError> {
    let sql = "SELECT vshard, job, sign_up, reason, at, done, sum FROM ending
               WHERE vshard = ?1 AND job = ?2 AND sign_up = ?3";
    tx.one("ending", sql, params![vshard.0, job.to_bytes(), sign_up.to_bytes()], ending_row)
}

pub(super) fn put_ending(tx: &SqliteTx<'_>, vshard: VshardId, row: &EndingRow) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO ending (vshard, job, sign_up, reason, at, done, sum)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let (sign_up, reason) = (row.ending.sign_up.to_bytes(), row.ending.reason.as_str());
    tx.put("ending", sql, params![vshard.0, row.job.to_bytes(), sign_up, reason, row.at, row.done])
}

pub(super) fn endings(tx: &SqliteTx<'_>, vshard: VshardId, job: JobId) -> Result<Vec<EndingRow>, StoreError> {
    let sql = "SELECT vshard, job, sign_up, reason, at, done, sum FROM ending
               WHERE vshard = ?1 AND job = ?2 ORDER BY sign_up";
    tx.all("ending", sql, params![vshard.0, job.to_bytes()], ending_row)
}

pub(super) fn endings_for(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
    reason: EndReason,
) -> Result<Vec<EndingRow>, StoreError> {
    let sql = "SELECT vshard, job, sign_up, reason, at, done, sum FROM ending
               WHERE vshard = ?1 AND job = ?2 AND reason = ?3 ORDER BY sign_up";
    tx.all("ending", sql, params![vshard.0, job.to_bytes(), reason.as_str()], ending_row)
}

pub(super) fn endings_open(tx: &SqliteTx<'_>) -> Result<u64, StoreError> {
    let open = tx.figures("SELECT count(*) FROM ending WHERE NOT done", [], |row| unsigned(row, 0))?;
    Ok(open.first().copied().unwrap_or(0))
}

pub(super) fn recall(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
    writer: Writer,
) -> Result<Option<(u32, u32)>, StoreError> {
    let sql = "SELECT vshard, job, writer, granted, keep, sum FROM recall
               WHERE vshard = ?1 AND job = ?2 AND writer = ?3";
    let values = params![vshard.0, job.to_bytes(), writer.to_bytes()];
    tx.one("recall", sql, values, |row| Ok((row.get(3)?, row.get(4)?)))
}

pub(super) fn put_recall(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
    writer: Writer,
    (granted, keep): (u32, u32),
) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO recall (vshard, job, writer, granted, keep, sum)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    tx.put("recall", sql, params![vshard.0, job.to_bytes(), writer.to_bytes(), granted, keep])
}

pub(super) fn is_reclaimed(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
    writer: Writer,
) -> Result<bool, StoreError> {
    let sql =
        "SELECT vshard, job, writer, at, sum FROM reclaimed WHERE vshard = ?1 AND job = ?2 AND writer = ?3";
    let values = params![vshard.0, job.to_bytes(), writer.to_bytes()];
    Ok(tx.one("reclaimed", sql, values, |_| Ok(()))?.is_some())
}

pub(super) fn put_reclaimed(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
    writer: Writer,
    at: i64,
) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO reclaimed (vshard, job, writer, at, sum) VALUES (?1, ?2, ?3, ?4, ?5)";
    tx.put("reclaimed", sql, params![vshard.0, job.to_bytes(), writer.to_bytes(), at])
}

pub(super) fn contacts(tx: &SqliteTx<'_>, vshard: VshardId, writer: Writer) -> Result<Contacts, StoreError> {
    let sql = "SELECT vshard, writer, held, given, sum FROM contact WHERE vshard = ?1 AND writer = ?2";
    let found = tx.one("contact", sql, params![vshard.0, writer.to_bytes()], |row| {
        Ok(Contacts { held: unsigned(row, 2)?, given: unsigned(row, 3)? })
    })?;
    Ok(found.unwrap_or_default())
}

pub(super) fn put_contacts(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    writer: Writer,
    contacts: Contacts,
) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO contact (vshard, writer, held, given, sum) VALUES (?1, ?2, ?3, ?4, ?5)";
    let (held, given) = (signed(contacts.held), signed(contacts.given));
    tx.put("contact", sql, params![vshard.0, writer.to_bytes(), held, given])
}
