//! What can go wrong in storage, told apart by what the caller must do about it.

use rusqlite::{Error, ErrorCode};

/// A transaction or read failed; nothing of it is kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no room: answer 507 or 503, keep serving reads, try again when there is room.
    #[error("the disk is full; free some room under the data folder")]
    Full(#[source] Error),
    /// SQLite itself finds its file damaged.
    #[error("the database file is damaged")]
    Damaged(#[source] Error),
    /// A row does not fit its checksum or its neighbours: it is not what was written.
    #[error("the database is damaged: table {table}, {what}")]
    Corrupt { table: &'static str, what: String },
    #[error("a stored row does not have its form: {0}")]
    BadRow(&'static str),
    #[error(
        "the database was made by a later version ({found}; this one knows up to {known}); install that version"
    )]
    TooNew { found: i64, known: i64 },
    /// The file system or VFS gives no shared memory, without which commits are not what this engine promises.
    #[error("the database cannot use a write-ahead log here (journal mode {0}); keep it on a local disk")]
    NoWal(String),
    #[error("SQLite failed")]
    Sqlite(#[source] Error),
}

impl StoreError {
    /// Whether what is stored cannot be trusted: freeze, delete nothing, and let an operator mend it.
    #[must_use]
    pub const fn is_corrupt(&self) -> bool {
        match self {
            Self::Damaged(_) | Self::Corrupt { .. } | Self::BadRow(_) => true,
            Self::Full(_) | Self::TooNew { .. } | Self::NoWal(_) | Self::Sqlite(_) => false,
        }
    }

    /// Whether there was no room for a write.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    pub(crate) fn corrupt(table: &'static str, what: impl Into<String>) -> Self {
        Self::Corrupt { table, what: what.into() }
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => return Self::Full(error),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => return Self::Damaged(error),
            _ => {}
        }
        let is_form = matches!(
            error,
            Error::IntegralValueOutOfRange(..)
                | Error::InvalidColumnType(..)
                | Error::FromSqlConversionFailure(..)
                | Error::Utf8Error(..)
        );
        if is_form {
            Self::BadRow("a column holds what no version writes there")
        } else {
            Self::Sqlite(error)
        }
    }
}
