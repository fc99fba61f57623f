//! What can go wrong in storage, told apart by what the caller must do about it.

use rusqlite::{Error, ErrorCode};

/// A transaction or read failed; nothing of it is kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no room: answer 507 or 503, keep serving reads, try again when there is room.
    #[error("the disk is full; free some room under the data folder")]
    Full(#[source] Error),
    /// The file is damaged: freeze and restore.
    #[error("the database is damaged; restore this node from the hub under a new incarnation")]
    Corrupt(#[source] Error),
    #[error("a stored row does not fit its checksum or form: {0}")]
    BadRow(&'static str),
    #[error(
        "the database was made by a later version ({found}; this one knows up to {known}); install that version"
    )]
    TooNew { found: i64, known: i64 },
    #[error("SQLite failed")]
    Sqlite(#[source] Error),
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full(error),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt(error),
            _ => Self::Sqlite(error),
        }
    }
}
