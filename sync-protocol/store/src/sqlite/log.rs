//! Change logs, cursors and what was parked.

use super::tx::{SqliteTx, id, signed, unsigned};
use crate::{error::StoreError, shard::Page};
use rusqlite::{Row, params};
use sync_protocol::{
    ids::{DocumentId, NodeId, VshardId, Writer},
    log::{Entry, Head, LogHead},
    wire::v1::Sequenced,
};

pub(super) fn head(tx: &SqliteTx<'_>, vshard: VshardId) -> Result<(u16, u64), StoreError> {
    let found = tx.one("SELECT history, next_seq FROM vshard WHERE vshard = ?1", [vshard.0], |row| {
        Ok((row.get(0)?, unsigned::<u64>(row, 1)? - 1))
    })?;
    Ok(found.unwrap_or((1, 0)))
}

pub(super) fn append(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    audience: Option<NodeId>,
    writer: Writer,
    entry: &Entry,
) -> Result<u64, StoreError> {
    let sql = "INSERT INTO vshard (vshard, next_seq) VALUES (?1, 2)
               ON CONFLICT (vshard) DO UPDATE SET next_seq = next_seq + 1 RETURNING next_seq - 1";
    let seq: u64 = tx.one(sql, [vshard.0], |row| unsigned(row, 0))?.ok_or(StoreError::BadRow("vshard"))?;
    let sql = "INSERT INTO change (vshard, seq, audience, writer, kind, topic, doc, body, checksum)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    tx.run(
        sql,
        params![
            vshard.0,
            signed(seq),
            audience.map(|n| n.0),
            writer.to_bytes(),
            entry.kind,
            signed(entry.topic),
            entry.doc.to_bytes(),
            entry.body,
            checksum(seq, writer, entry)
        ],
    )?;
    Ok(seq)
}

fn checksum(seq: u64, writer: Writer, entry: &Entry) -> i64 {
    let place = Head::genesis(writer, VshardId(0)).then(entry);
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seq.to_be_bytes());
    hasher.update(&place.0);
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    i64::from_be_bytes(first)
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
    let sql = "SELECT seq, audience, writer, kind, topic, doc, body, checksum FROM change
               WHERE vshard = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
    let mut statement = tx.connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![vshard.0, signed(after), signed(limit as u64)])?;
    let mut page = Page { upto: after, entries: Vec::new() };
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let seq = unsigned(row, 0)?;
        let audience: Option<u32> = row.get(1)?;
        let writer = id(row, 2, Writer::from_bytes)?;
        let entry = entry(row, 3)?;
        if row.get::<_, i64>(7)? != checksum(seq, writer, &entry) {
            return Err(StoreError::BadRow("change"));
        }
        bytes += entry.weight();
        if bytes > bytes_max && !page.entries.is_empty() {
            break;
        }
        page.upto = seq;
        page.entries.push((audience.map(NodeId), Sequenced { seq, writer, entry }));
    }
    Ok(page)
}

fn log_head(row: &Row<'_>, from: usize) -> rusqlite::Result<LogHead> {
    let head = id(row, from + 1, |bytes| bytes.try_into().ok().map(Head))?;
    Ok(LogHead { wseq: unsigned(row, from)?, head })
}

pub(super) fn origin(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    writer: Writer,
) -> Result<Option<LogHead>, StoreError> {
    let sql = "SELECT wseq, head FROM origin_cursor WHERE vshard = ?1 AND writer = ?2";
    tx.one(sql, params![vshard.0, writer.to_bytes()], |row| log_head(row, 0))
}

pub(super) fn origins(tx: &SqliteTx<'_>, writer: Writer) -> Result<Vec<(VshardId, LogHead)>, StoreError> {
    let sql =
        "SELECT vshard, wseq, head FROM origin_cursor WHERE vshard >= 0 AND writer = ?1 ORDER BY vshard";
    tx.all(sql, [writer.to_bytes()], |row| Ok((VshardId(row.get(0)?), log_head(row, 1)?)))
}

pub(super) fn put_origin(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    writer: Writer,
    head: LogHead,
) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO origin_cursor (vshard, writer, wseq, head) VALUES (?1, ?2, ?3, ?4)";
    tx.run(sql, params![vshard.0, writer.to_bytes(), signed(head.wseq), head.head.0]).map(drop)
}

pub(super) fn own_head(tx: &SqliteTx<'_>, vshard: VshardId) -> Result<Option<LogHead>, StoreError> {
    tx.one("SELECT wseq, head FROM log WHERE vshard = ?1 ORDER BY wseq DESC LIMIT 1", [vshard.0], |row| {
        log_head(row, 0)
    })
}

pub(super) fn own_heads(tx: &SqliteTx<'_>) -> Result<Vec<(VshardId, LogHead)>, StoreError> {
    let sql = "SELECT vshard, max(wseq), head FROM log GROUP BY vshard ORDER BY vshard";
    tx.all(sql, [], |row| Ok((VshardId(row.get(0)?), log_head(row, 1)?)))
}

pub(super) fn append_own(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    writer: Writer,
    entry: &Entry,
) -> Result<LogHead, StoreError> {
    let before =
        own_head(tx, vshard)?.unwrap_or_else(|| LogHead { wseq: 0, head: Head::genesis(writer, vshard) });
    let after = LogHead { wseq: before.wseq + 1, head: before.head.then(entry) };
    let sql =
        "INSERT INTO log (vshard, wseq, kind, topic, doc, body, head) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    tx.run(
        sql,
        params![
            vshard.0,
            signed(after.wseq),
            entry.kind,
            signed(entry.topic),
            entry.doc.to_bytes(),
            entry.body,
            after.head.0
        ],
    )?;
    Ok(after)
}

pub(super) fn read_own(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    after: u64,
    limit: usize,
    bytes_max: usize,
) -> Result<(Vec<Entry>, Option<LogHead>), StoreError> {
    let sql = "SELECT kind, topic, doc, body, wseq, head FROM log WHERE vshard = ?1 AND wseq > ?2 ORDER BY wseq LIMIT ?3";
    let mut statement = tx.connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![vshard.0, signed(after), signed(limit as u64)])?;
    let (mut entries, mut head, mut bytes) = (Vec::new(), None::<LogHead>, 0);
    while let Some(row) = rows.next()? {
        let entry = entry(row, 0)?;
        let stands = log_head(row, 4)?;
        // The first row's predecessor is not read: its chaining is checked by the hub.
        if head.is_some_and(|before| before.head.then(&entry) != stands.head) {
            return Err(StoreError::BadRow("log"));
        }
        bytes += entry.weight();
        if bytes > bytes_max && !entries.is_empty() {
            break;
        }
        entries.push(entry);
        head = Some(stands);
    }
    Ok((entries, head))
}

pub(super) fn park(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    writer: Writer,
    entry: &Entry,
    reason: &str,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO parked (vshard, n, writer, kind, topic, doc, body, reason)
               SELECT ?1, coalesce(max(n), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7 FROM parked WHERE vshard = ?1";
    let values = params![
        vshard.0,
        writer.to_bytes(),
        entry.kind,
        signed(entry.topic),
        entry.doc.to_bytes(),
        entry.body,
        reason
    ];
    tx.run(sql, values).map(drop)
}
