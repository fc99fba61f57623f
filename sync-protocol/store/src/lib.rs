//! Durable state of hub and node: the only package that names SQLite.
//!
//! [`ShardStore`] is a whole store and [`ShardTx`] what one transaction of it can do; [`SqliteShard`] is the engine, over
//! one file. Hub and node use the same tables; every key of data begins with `vshard`, and every row has a checksum that
//! is verified when the row is read. [`ControlStore`] holds what the hub knows about nodes, tenants, tokens and topics.
//! [`Witness`] notices a database that was rolled back. [`back_up`] copies a file that is in use.

mod backup;
mod control;
mod error;
mod person;
mod rows;
mod seniority;
mod shard;
mod sqlite;
mod store;
mod witness;

/// SQLite's C interface, for the simulator's disk that injects faults; nothing else may use it.
pub use rusqlite::ffi;

pub use backup::{BackupError, FolderLock, back_up};
pub use control::{
    ControlStore, ErasureAnswer, ErasureRecord, EventRow, NodeRecord, TenantRecord, TokenRow, TopicRecord,
};
pub use error::StoreError;
pub use person::{ErasureRow, Kept, PersonTx};
pub use rows::{
    EndingRow, FenceCause, HoldingTotals, JobSummary, LimboRow, MessageKind, MessageRow, SeatRow, SeatTotals,
    SignUpRow, StandingRow, Stored, WaitRow,
};
pub use seniority::{first_worked, seniority};
pub use shard::{HubSaid, Page, ShardTx};
pub use sqlite::{OpenOptions, SqliteShard};
pub use store::{OpenStore, ShardStore, Work};
pub use witness::{Witness, WitnessError, WitnessFile};
