//! Change logs, cursors and what was parked.

use super::tx::{SqliteTx, id, signed, unsigned};
use crate::{error::StoreError, shard::Page};
use rusqlite::{Row, params};
use sync_protocol::{
    ids::{DocumentId, NodeId, VshardId, Writer},
    log::{Entry, Head, LogHead},
    wire::v1::{DownState, Sequenced},
};

/// Where the writer of the own logs is kept: their chains begin with it.
const OWN_WRITER: &str = "own_writer";

/// Owner term, history and next sequence.
type Place = (i64, u16, u64);

fn place(tx: &SqliteTx<'_>, vshard: VshardId) -> Result<Option<Place>, StoreError> {
    let sql = "SELECT vshard, owner_term, history, next_seq, sum FROM vshard WHERE vshard = ?1";
    let found =
        tx.one("vshard", sql, [vshard.0], |row| Ok((row.get(1)?, row.get(2)?, unsigned::<u64>(row, 3)?)))?;
    if found.is_none() {
        // A sequence that begins again would give numbers that nodes have passed.
        let sql = "SELECT 1 FROM change WHERE vshard = ?1 LIMIT 1";
        tx.none("vshard", sql, [vshard.0], "the sequence of a vshard with changes")?;
    }
    Ok(found)
}

pub(super) fn head(tx: &SqliteTx<'_>, vshard: VshardId) -> Result<(u16, u64), StoreError> {
    Ok(place(tx, vshard)?.map_or((1, 0), |(_, history, next)| (history, next - 1)))
}

pub(super) fn vshards(tx: &SqliteTx<'_>) -> Result<Vec<VshardId>, StoreError> {
    let sql = "SELECT vshard, owner_term, history, next_seq, sum FROM vshard ORDER BY vshard";
    tx.all("vshard", sql, [], |row| row.get(0).map(VshardId))
}

/// Begins a new history of a vshard whose file came from a backup.
pub(super) fn begin_history(tx: &SqliteTx<'_>, vshard: VshardId) -> Result<u16, StoreError> {
    let (term, history, next) = place(tx, vshard)?.unwrap_or((1, 1, 1));
    let history = history.checked_add(1).ok_or(StoreError::BadRow("history"))?;
    let sql = "INSERT OR REPLACE INTO vshard (vshard, owner_term, history, next_seq, sum)
               VALUES (?1, ?2, ?3, ?4, ?5)";
    tx.put("vshard", sql, params![vshard.0, term, history, signed(next)])?;
    Ok(history)
}

pub(super) fn append(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    audience: Option<NodeId>,
    writer: Writer,
    entry: &Entry,
) -> Result<u64, StoreError> {
    let (term, history, seq) = place(tx, vshard)?.unwrap_or((1, 1, 1));
    let sql = "INSERT OR REPLACE INTO vshard (vshard, owner_term, history, next_seq, sum)
               VALUES (?1, ?2, ?3, ?4, ?5)";
    tx.put("vshard", sql, params![vshard.0, term, history, signed(seq + 1)])?;
    let sql = "INSERT INTO change (vshard, seq, audience, writer, kind, topic, doc, body, sum)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let values = params![
        vshard.0,
        signed(seq),
        audience.map(|n| n.0),
        writer.to_bytes(),
        entry.kind,
        signed(entry.topic),
        entry.doc.to_bytes(),
        entry.body
    ];
    tx.put("change", sql, values)?;
    Ok(seq)
}

fn entry(row: &Row<'_>, from: usize) -> rusqlite::Result<Entry> {
    Ok(Entry {
        kind: row.get(from)?,
        topic: unsigned(row, from + 1)?,
        doc: id(row, from + 2, DocumentId::from_bytes)?,
        body: row.get(from + 3)?,
    })
}

pub(super) fn read_since(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    after: u64,
    limit: usize,
    bytes_max: usize,
) -> Result<Page, StoreError> {
    let sql = "SELECT vshard, seq, audience, writer, kind, topic, doc, body, sum FROM change
               WHERE vshard = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
    let mut page = Page { upto: after, entries: Vec::new() };
    let mut bytes = 0;
    tx.each("change", sql, params![vshard.0, signed(after), signed(limit as u64)], |row| {
        let seq: u64 = unsigned(row, 1)?;
        if seq != page.upto + 1 {
            return Err(StoreError::corrupt("change", missing(vshard, page.upto + 1)));
        }
        let audience: Option<u32> = row.get(2)?;
        let writer = id(row, 3, Writer::from_bytes)?;
        let entry = entry(row, 4)?;
        bytes += entry.weight();
        if bytes > bytes_max && !page.entries.is_empty() {
            return Ok(false);
        }
        page.upto = seq;
        page.entries.push((audience.map(NodeId), Sequenced { seq, writer, entry }));
        Ok(true)
    })?;
    Ok(page)
}

pub(super) fn missing(vshard: VshardId, number: u64) -> String {
    format!("number {number} of vshard {} is missing", vshard.0)
}

fn log_head(row: &Row<'_>, wseq: usize, head: usize) -> rusqlite::Result<LogHead> {
    let head = id(row, head, |bytes| bytes.try_into().ok().map(Head))?;
    Ok(LogHead { wseq: unsigned(row, wseq)?, head })
}

pub(super) fn origin(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    writer: Writer,
) -> Result<Option<LogHead>, StoreError> {
    let sql = "SELECT vshard, writer, wseq, head, sum FROM origin_cursor WHERE vshard = ?1 AND writer = ?2";
    tx.one("origin_cursor", sql, params![vshard.0, writer.to_bytes()], |row| log_head(row, 2, 3))
}

pub(super) fn origins(tx: &SqliteTx<'_>, writer: Writer) -> Result<Vec<(VshardId, LogHead)>, StoreError> {
    let sql = "SELECT vshard, writer, wseq, head, sum FROM origin_cursor
               WHERE vshard >= 0 AND writer = ?1 ORDER BY vshard";
    tx.all("origin_cursor", sql, [writer.to_bytes()], |row| Ok((VshardId(row.get(0)?), log_head(row, 2, 3)?)))
}

pub(super) fn put_origin(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    writer: Writer,
    head: LogHead,
) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO origin_cursor (vshard, writer, wseq, head, sum)
               VALUES (?1, ?2, ?3, ?4, ?5)";
    let values = params![vshard.0, writer.to_bytes(), signed(head.wseq), head.head.0];
    tx.put("origin_cursor", sql, values)
}

pub(super) fn own_head(tx: &SqliteTx<'_>, vshard: VshardId) -> Result<Option<LogHead>, StoreError> {
    let sql = "SELECT vshard, wseq, kind, topic, doc, body, head, sum FROM log
               WHERE vshard = ?1 ORDER BY wseq DESC LIMIT 1";
    tx.one("log", sql, [vshard.0], |row| log_head(row, 1, 6))
}

pub(super) fn own_heads(tx: &SqliteTx<'_>) -> Result<Vec<(VshardId, LogHead)>, StoreError> {
    // One step of the index for each vshard: a GROUP BY would read the whole log.
    let sql = "SELECT vshard FROM log WHERE vshard > ?1 ORDER BY vshard LIMIT 1";
    let (mut heads, mut after) = (Vec::new(), -1_i64);
    while let Some(vshard) = tx.figures(sql, [after], |row| row.get::<_, u16>(0))?.first().copied() {
        let head = own_head(tx, VshardId(vshard))?;
        heads.extend(head.map(|head| (VshardId(vshard), head)));
        after = i64::from(vshard);
    }
    Ok(heads)
}

pub(super) fn append_own(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    writer: Writer,
    entry: &Entry,
) -> Result<LogHead, StoreError> {
    let before = match own_head(tx, vshard)? {
        Some(head) => head,
        None => begin(tx, vshard, writer)?,
    };
    let after = LogHead { wseq: before.wseq + 1, head: before.head.then(entry) };
    let sql = "INSERT INTO log (vshard, wseq, kind, topic, doc, body, head, sum)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let values = params![
        vshard.0,
        signed(after.wseq),
        entry.kind,
        signed(entry.topic),
        entry.doc.to_bytes(),
        entry.body,
        after.head.0
    ];
    tx.put("log", sql, values)?;
    Ok(after)
}

/// The head before the first entry. All own logs of a file are one writer's.
fn begin(tx: &SqliteTx<'_>, vshard: VshardId, writer: Writer) -> Result<LogHead, StoreError> {
    match tx.meta(OWN_WRITER)? {
        None => tx.put_meta(OWN_WRITER, &writer.to_bytes())?,
        Some(known) if known == writer.to_bytes() => {}
        Some(_) => return Err(StoreError::corrupt("log", "it belongs to another writer")),
    }
    Ok(LogHead { wseq: 0, head: Head::genesis(writer, vshard) })
}

/// Reads a row of an own log, which must continue the chain.
pub(super) fn follow(
    row: &Row<'_>,
    vshard: VshardId,
    before: &LogHead,
) -> Result<(LogHead, Entry), StoreError> {
    let (stands, entry) = (log_head(row, 1, 6)?, entry(row, 2)?);
    if stands.wseq != before.wseq + 1 {
        return Err(StoreError::corrupt("log", missing(vshard, before.wseq + 1)));
    }
    if before.head.then(&entry) != stands.head {
        let what = format!("the chain of vshard {} breaks at number {}", vshard.0, stands.wseq);
        return Err(StoreError::corrupt("log", what));
    }
    Ok((stands, entry))
}

/// The head at `wseq`, which an entry behind it continues.
pub(super) fn own_head_at(tx: &SqliteTx<'_>, vshard: VshardId, wseq: u64) -> Result<Head, StoreError> {
    if wseq == 0 {
        let writer = tx.meta(OWN_WRITER)?.and_then(|bytes| Writer::from_bytes(&bytes));
        let writer = writer.ok_or_else(|| StoreError::corrupt("log", "its writer is missing"))?;
        return Ok(Head::genesis(writer, vshard));
    }
    let sql =
        "SELECT vshard, wseq, kind, topic, doc, body, head, sum FROM log WHERE vshard = ?1 AND wseq = ?2";
    let found = tx.one("log", sql, params![vshard.0, signed(wseq)], |row| log_head(row, 1, 6))?;
    found.map(|found| found.head).ok_or_else(|| StoreError::corrupt("log", missing(vshard, wseq)))
}

pub(super) fn read_own(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    after: u64,
    limit: usize,
    bytes_max: usize,
) -> Result<(Vec<Entry>, Option<LogHead>), StoreError> {
    let sql = "SELECT vshard, wseq, kind, topic, doc, body, head, sum FROM log
               WHERE vshard = ?1 AND wseq > ?2 ORDER BY wseq LIMIT ?3";
    let (mut entries, mut last, mut bytes) = (Vec::new(), None::<LogHead>, 0);
    tx.each("log", sql, params![vshard.0, signed(after), signed(limit as u64)], |row| {
        let before = match last {
            Some(last) => last,
            None => LogHead { wseq: after, head: own_head_at(tx, vshard, after)? },
        };
        let (stands, entry) = follow(row, vshard, &before)?;
        bytes += entry.weight();
        if bytes > bytes_max && !entries.is_empty() {
            return Ok(false);
        }
        entries.push(entry);
        last = Some(stands);
        Ok(true)
    })?;
    Ok((entries, last))
}

pub(super) fn acked(tx: &SqliteTx<'_>, vshard: VshardId) -> Result<u64, StoreError> {
    let sql = "SELECT vshard, wseq, sum FROM acked WHERE vshard = ?1";
    Ok(tx.one("acked", sql, [vshard.0], |row| unsigned(row, 1))?.unwrap_or(0))
}

pub(super) fn put_acked(tx: &SqliteTx<'_>, vshard: VshardId, wseq: u64) -> Result<(), StoreError> {
    let wseq = acked(tx, vshard)?.max(wseq);
    let sql = "INSERT OR REPLACE INTO acked (vshard, wseq, sum) VALUES (?1, ?2, ?3)";
    tx.put("acked", sql, params![vshard.0, signed(wseq)])
}

pub(super) fn cursors(tx: &SqliteTx<'_>) -> Result<Vec<DownState>, StoreError> {
    let sql = "SELECT vshard, history, seq, sum FROM node_cursor ORDER BY vshard";
    tx.all("node_cursor", sql, [], |row| {
        Ok(DownState { vshard: row.get(0)?, history: row.get(1)?, seq: unsigned(row, 2)? })
    })
}

pub(super) fn put_cursor(tx: &SqliteTx<'_>, cursor: DownState) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO node_cursor (vshard, history, seq, sum) VALUES (?1, ?2, ?3, ?4)";
    tx.put("node_cursor", sql, params![cursor.vshard, cursor.history, signed(cursor.seq)])
}

pub(super) fn park(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    writer: Writer,
    entry: &Entry,
    reason: &str,
) -> Result<(), StoreError> {
    let sql = "SELECT coalesce(max(n), 0) + 1 FROM parked WHERE vshard = ?1";
    let n = tx.figures(sql, [vshard.0], |row| row.get::<_, i64>(0))?.first().copied().unwrap_or(1);
    let sql = "INSERT INTO parked (vshard, n, writer, kind, topic, doc, body, reason, sum)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let values = params![
        vshard.0,
        n,
        writer.to_bytes(),
        entry.kind,
        signed(entry.topic),
        entry.doc.to_bytes(),
        entry.body,
        reason
    ];
    tx.put("parked", sql, values)
}
