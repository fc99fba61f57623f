//! Reading everything: a damaged row that nobody asks for is found before somebody does.

use super::{
    log::{self, missing},
    tx::SqliteTx,
};
use crate::error::StoreError;
use rusqlite::{Row, params};
use sync_protocol::{ids::VshardId, log::LogHead};

/// Every table but those of persons, whose damage is each person's own matter; in the order of the schema, with the
/// statement that reads all of it.
const TABLES: [(&str, &str); 25] = [
    ("vshard", "SELECT * FROM vshard"),
    ("change", "SELECT * FROM change ORDER BY vshard, seq"),
    ("origin_cursor", "SELECT * FROM origin_cursor"),
    ("log", "SELECT * FROM log ORDER BY vshard, wseq"),
    ("acked", "SELECT * FROM acked"),
    ("node_cursor", "SELECT * FROM node_cursor"),
    ("doc", "SELECT * FROM doc"),
    ("job", "SELECT * FROM job"),
    ("sign_up", "SELECT * FROM sign_up"),
    ("node_seats", "SELECT * FROM node_seats"),
    ("hub_seats", "SELECT * FROM hub_seats"),
    ("holding", "SELECT * FROM holding"),
    ("seat", "SELECT * FROM seat"),
    ("standing", "SELECT * FROM standing"),
    ("evidence", "SELECT * FROM evidence"),
    ("ending", "SELECT * FROM ending"),
    ("recall", "SELECT * FROM recall"),
    ("reclaimed", "SELECT * FROM reclaimed"),
    ("contact", "SELECT * FROM contact"),
    ("waiting", "SELECT * FROM waiting"),
    ("receipt", "SELECT * FROM receipt"),
    ("parked", "SELECT * FROM parked"),
    ("outbox", "SELECT * FROM outbox"),
    ("meta", "SELECT * FROM meta"),
    ("erasure", "SELECT * FROM erasure"),
];

/// Verifies every row, that sequences have no gaps, and the chains of the own logs.
pub(super) fn all(tx: &SqliteTx<'_>) -> Result<(), StoreError> {
    for (table, sql) in TABLES {
        match table {
            "change" => dense(tx, table, sql)?,
            "log" => chains(tx, table, sql)?,
            _ => tx.each(table, sql, [], |_| Ok(true))?,
        }
    }
    heads(tx)
}

/// Follows the chain of each own log.
fn chains(tx: &SqliteTx<'_>, table: &'static str, sql: &str) -> Result<(), StoreError> {
    let mut last = None::<(VshardId, LogHead)>;
    tx.each(table, sql, [], |row| {
        let vshard = VshardId(row.get(0)?);
        let before = match last {
            Some((of, head)) if of == vshard => head,
            Some(_) | None => LogHead { wseq: 0, head: log::own_head_at(tx, vshard, 0)? },
        };
        last = Some((vshard, log::follow(row, vshard, &before)?.0));
        Ok(true)
    })
}

/// Reads a sequence from its first number on.
fn dense(tx: &SqliteTx<'_>, table: &'static str, sql: &str) -> Result<(), StoreError> {
    let mut last = (0, 0);
    tx.each(table, sql, [], |row: &Row<'_>| {
        let (vshard, number): (u16, i64) = (row.get(0)?, row.get(1)?);
        let expected = if vshard == last.0 { last.1 + 1 } else { 1 };
        if number != expected {
            return Err(StoreError::corrupt(table, missing(VshardId(vshard), expected.unsigned_abs())));
        }
        last = (vshard, number);
        Ok(true)
    })
}

/// Each vshard's sequence ends where it says.
fn heads(tx: &SqliteTx<'_>) -> Result<(), StoreError> {
    let sql = "SELECT vshard, max(seq) FROM change GROUP BY vshard";
    let lasts = tx.figures(sql, params![], |row| Ok((row.get::<_, u16>(0)?, row.get::<_, i64>(1)?)))?;
    for (vshard, last) in lasts {
        let (_, head) = log::head(tx, VshardId(vshard))?;
        if head != last.unsigned_abs() {
            let what = format!("vshard {vshard} ends at {last}, not at {head}");
            return Err(StoreError::corrupt("vshard", what));
        }
    }
    Ok(())
}
