//! Persons' tables. `secure_delete` is on: what is deleted is overwritten in its page; the write-ahead log keeps the old
//! page until the next checkpoint, which is why whoever erases asks for one.

use super::tx::{SqliteTx, id, signed};
use crate::{
    error::StoreError,
    person::{ErasureRow, Kept, PersonTx},
};
use rusqlite::{Row, params};
use sync_protocol::ids::WorkerId;

/// A damaged row of a person is an answer, not an end.
fn kept(found: Result<Option<Vec<u8>>, StoreError>) -> Result<Option<Kept>, StoreError> {
    match found {
        Ok(found) => Ok(found.map(Kept::Whole)),
        Err(StoreError::Corrupt { .. } | StoreError::BadRow(_)) => Ok(Some(Kept::Damaged)),
        Err(error) => Err(error),
    }
}

fn erasure(row: &Row<'_>) -> rusqlite::Result<ErasureRow> {
    Ok(ErasureRow {
        id: row.get(0)?,
        worker: id(row, 1, WorkerId::from_bytes)?,
        at: row.get(2)?,
        receipt: row.get(3)?,
        told: row.get(4)?,
    })
}

impl PersonTx for SqliteTx<'_> {
    fn person_key(&mut self, worker: WorkerId) -> Result<Option<Kept>, StoreError> {
        let sql = "SELECT worker, wrapped, sum FROM person_key WHERE worker = ?1";
        kept(self.one("person_key", sql, [worker.0], |row| row.get(1)))
    }
    fn put_person_key(&mut self, worker: WorkerId, wrapped: &[u8]) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO person_key (worker, wrapped, sum) VALUES (?1, ?2, ?3)";
        self.put("person_key", sql, params![worker.0, wrapped])
    }
    fn person(&mut self, worker: WorkerId, class: u8) -> Result<Option<Kept>, StoreError> {
        let sql = "SELECT worker, class, sealed, sum FROM person WHERE worker = ?1 AND class = ?2";
        kept(self.one("person", sql, params![worker.0, class], |row| row.get(2)))
    }
    fn put_person(&mut self, worker: WorkerId, class: u8, sealed: &[u8]) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO person (worker, class, sealed, sum) VALUES (?1, ?2, ?3, ?4)";
        self.put("person", sql, params![worker.0, class, sealed])
    }
    fn card(&mut self, token: &[u8; 32]) -> Result<Option<WorkerId>, StoreError> {
        let sql = "SELECT token, worker, sum FROM card WHERE token = ?1";
        match self.one("card", sql, [token], |row| id(row, 1, WorkerId::from_bytes)) {
            Err(StoreError::Corrupt { .. } | StoreError::BadRow(_)) => Ok(None),
            found => found,
        }
    }
    fn put_card(&mut self, token: &[u8; 32], worker: WorkerId) -> Result<(), StoreError> {
        self.run("DELETE FROM card WHERE worker = ?1", [worker.0])?;
        let sql = "INSERT OR REPLACE INTO card (token, worker, sum) VALUES (?1, ?2, ?3)";
        self.put("card", sql, params![token, worker.0])
    }
    fn erase_person(&mut self, worker: WorkerId) -> Result<bool, StoreError> {
        let mut gone = self.run("DELETE FROM person_key WHERE worker = ?1", [worker.0])?;
        gone += self.run("DELETE FROM person WHERE worker = ?1", [worker.0])?;
        gone += self.run("DELETE FROM card WHERE worker = ?1", [worker.0])?;
        Ok(gone > 0)
    }
    fn erasure(&mut self, id: &[u8; 16]) -> Result<Option<ErasureRow>, StoreError> {
        let sql = "SELECT id, worker, at, receipt, told, sum FROM erasure WHERE id = ?1";
        self.one("erasure", sql, [id], erasure)
    }
    fn put_erasure(&mut self, row: &ErasureRow) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO erasure (id, worker, at, receipt, told, sum)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let values = params![row.id, row.worker.0, row.at, row.receipt, row.told];
        self.put("erasure", sql, values)
    }
    fn erasures_untold(&mut self, limit: usize) -> Result<Vec<ErasureRow>, StoreError> {
        let sql = "SELECT id, worker, at, receipt, told, sum FROM erasure
                   WHERE told = 0 ORDER BY id LIMIT ?1";
        self.all("erasure", sql, [signed(limit as u64)], erasure)
    }
}
