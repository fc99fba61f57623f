//! Orders to erase a person, and which nodes have signed that they did.

use super::ControlStore;
use crate::error::StoreError;
use rusqlite::{OptionalExtension, Row, params};
use sync_protocol::{
    erasure::EraseOrder,
    ids::{WorkerId, Writer},
};

/// An order as the hub heard of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureRecord {
    pub order: EraseOrder,
    pub region: String,
    /// Epoch seconds by the hub's clock.
    pub heard_at: i64,
    /// Number of the node that told first.
    pub heard_from: u32,
}

/// A node's receipt for an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureAnswer {
    pub writer: Writer,
    pub receipt: Vec<u8>,
    pub heard_at: i64,
}

fn record(row: &Row<'_>) -> rusqlite::Result<ErasureRecord> {
    let (id, worker) = (row.get(0)?, WorkerId(row.get(2)?));
    let order = EraseOrder { id, worker, at: row.get(3)? };
    Ok(ErasureRecord { order, region: row.get(1)?, heard_at: row.get(4)?, heard_from: row.get(5)? })
}

impl ControlStore {
    /// Stores a node's receipt, and its order where it is new. False where the region has as many orders as it may.
    pub fn add_erasure(
        &mut self,
        region: &str,
        order: &EraseOrder,
        answer: &ErasureAnswer,
        orders_max: u64,
    ) -> Result<bool, StoreError> {
        let tx = self.connection.transaction()?;
        let known = "SELECT region FROM erasure WHERE id = ?1";
        let known: Option<String> = tx.query_row(known, [order.id], |row| row.get(0)).optional()?;
        match known {
            Some(of) if of != region => return Ok(false),
            Some(_) => {}
            None => {
                let count = "SELECT count(*) FROM erasure WHERE region = ?1";
                let count: i64 = tx.query_row(count, [region], |row| row.get(0))?;
                if count.unsigned_abs() >= orders_max {
                    return Ok(false);
                }
                let sql = "INSERT INTO erasure (id, region, worker, at, heard_at, heard_from) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
                let from = answer.writer.node.0;
                tx.execute(sql, params![order.id, region, order.worker.0, order.at, answer.heard_at, from])?;
            }
        }
        let sql = "INSERT INTO erasure_receipt (id, node, incarnation, receipt, heard_at) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT DO NOTHING";
        let writer = answer.writer;
        let values = params![order.id, writer.node.0, writer.incarnation.0, answer.receipt, answer.heard_at];
        tx.execute(sql, values)?;
        tx.commit()?;
        Ok(true)
    }

    /// Orders of a region that were heard from `since` on and that a node has not answered, oldest first.
    pub fn erasures_owed(
        &self,
        region: &str,
        node: u32,
        since: i64,
        limit: usize,
    ) -> Result<Vec<EraseOrder>, StoreError> {
        let sql = "SELECT id, region, worker, at, heard_at, heard_from FROM erasure
                   WHERE region = ?1 AND heard_at >= ?3
                     AND NOT EXISTS (SELECT 1 FROM erasure_receipt r WHERE r.id = erasure.id AND r.node = ?2)
                   ORDER BY heard_at, id LIMIT ?4";
        let mut statement = self.connection.prepare(sql)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement.query_map(params![region, node, since, limit], record)?;
        Ok(rows.map(|row| row.map(|row| row.order)).collect::<Result<_, _>>()?)
    }

    /// The latest orders, newest first, each with its answers.
    pub fn erasures(&self, limit: u32) -> Result<Vec<(ErasureRecord, Vec<ErasureAnswer>)>, StoreError> {
        let sql = "SELECT id, region, worker, at, heard_at, heard_from FROM erasure ORDER BY heard_at DESC, id LIMIT ?1";
        let mut statement = self.connection.prepare(sql)?;
        let orders = statement.query_map([limit], record)?.collect::<Result<Vec<_>, _>>()?;
        let sql =
            "SELECT node, incarnation, receipt, heard_at FROM erasure_receipt WHERE id = ?1 ORDER BY node";
        let mut statement = self.connection.prepare(sql)?;
        let mut all = Vec::new();
        for order in orders {
            let answers = statement.query_map([order.order.id], |row| {
                let writer = Writer::new(row.get(0)?, row.get(1)?);
                Ok(ErasureAnswer { writer, receipt: row.get(2)?, heard_at: row.get(3)? })
            })?;
            let answers = answers.collect::<Result<_, _>>()?;
            all.push((order, answers));
        }
        Ok(all)
    }
}
