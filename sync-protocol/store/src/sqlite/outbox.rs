//! Messages that wait to leave the node.

use super::tx::{SqliteTx, signed, unsigned};
use crate::{
    error::StoreError,
    rows::{MessageKind, MessageRow},
};
use rusqlite::{Row, params};
use sync_protocol::ids::VshardId;

pub(super) fn put(tx: &SqliteTx<'_>, message: &MessageRow) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO outbox (vshard, n, kind, subject, at, tries, next_at, error, dead, sum)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let values = params![
        message.vshard.0,
        signed(message.n),
        message.kind as u8,
        message.subject,
        message.at,
        message.tries,
        message.next_at,
        message.error,
        message.is_dead
    ];
    tx.put("outbox", sql, values)
}

pub(super) fn remove(tx: &SqliteTx<'_>, vshard: VshardId, n: u64) -> Result<(), StoreError> {
    tx.run("DELETE FROM outbox WHERE vshard = ?1 AND n = ?2", params![vshard.0, signed(n)]).map(drop)
}

pub(super) fn one(tx: &SqliteTx<'_>, vshard: VshardId, n: u64) -> Result<Option<MessageRow>, StoreError> {
    let sql = "SELECT vshard, n, kind, subject, at, tries, next_at, error, dead, sum FROM outbox
               WHERE vshard = ?1 AND n = ?2";
    tx.one("outbox", sql, params![vshard.0, signed(n)], read)
}

pub(super) fn list(tx: &SqliteTx<'_>, is_dead: bool, limit: usize) -> Result<Vec<MessageRow>, StoreError> {
    let sql = "SELECT vshard, n, kind, subject, at, tries, next_at, error, dead, sum FROM outbox
               WHERE dead = ?1 ORDER BY next_at, n LIMIT ?2";
    tx.all("outbox", sql, params![is_dead, i64::try_from(limit).unwrap_or(i64::MAX)], read)
}

pub(super) fn count(tx: &SqliteTx<'_>) -> Result<(u64, u64), StoreError> {
    let sql = "SELECT count(*), coalesce(sum(dead), 0) FROM outbox";
    let counts = tx.figures(sql, [], |row| Ok((unsigned::<u64>(row, 0)?, unsigned::<u64>(row, 1)?)))?;
    let (all, dead) = counts.first().copied().unwrap_or_default();
    Ok((all.saturating_sub(dead), dead))
}

fn read(row: &Row<'_>) -> rusqlite::Result<MessageRow> {
    Ok(MessageRow {
        vshard: VshardId(row.get(0)?),
        n: unsigned(row, 1)?,
        kind: kind(row)?,
        subject: row.get(3)?,
        at: row.get(4)?,
        tries: row.get(5)?,
        next_at: row.get(6)?,
        error: row.get(7)?,
        is_dead: row.get(8)?,
    })
}

fn kind(row: &Row<'_>) -> rusqlite::Result<MessageKind> {
    let number: u8 = row.get(2)?;
    MessageKind::from_u8(number).ok_or(rusqlite::Error::IntegralValueOutOfRange(2, i64::from(number)))
}
