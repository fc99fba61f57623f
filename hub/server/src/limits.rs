//! Every limit of the hub's server, with its consequence.

use std::time::Duration;

/// Orders to erase that a region may have in all; more are refused, and said in the log. A few hundred bytes each.
pub(crate) const ERASURES_OF_REGION_MAX: u64 = 100_000;
/// Requests of one tenant that write, in a minute, where the operator says nothing: a cap or a close each tenth of a second.
pub(crate) const TENANT_WRITES_PER_MINUTE: u32 = 600;
/// The same with the operators' token: an import sends up to [`IMPORT_ROWS_MAX`] rows with each.
pub(crate) const OPERATOR_WRITES_PER_MINUTE: u32 = 6_000;
/// Tenants whose rates are remembered: 256 KiB at most. Above it the one seen longest ago is forgotten.
pub(crate) const RATED_MAX: usize = 4_096;
/// Commands that may wait for one shard file. A full queue makes peers wait, and the HTTP API with them, at most
/// [`REQUEST_TIME_MAX`]; each command holds one batch of a node at most.
pub(crate) const SHARD_QUEUE_MAX: usize = 256;

/// Commands of one transaction. Larger groups save few syncs more and make the first of them wait.
pub(crate) const GROUP_MAX: usize = 64;

/// Pause after which the write-ahead logs are moved into their files.
pub(crate) const CHECKPOINT_EVERY: Duration = Duration::from_secs(15);

/// How often the control file is looked at for changes by the command line.
pub(crate) const DIRECTORY_POLL: Duration = Duration::from_millis(500);

/// Longest body of an HTTP request.
pub(crate) const REQUEST_BYTES_MAX: usize = 1 << 20;

/// Carried files that are read at a time; more wait. Each is held in memory whole.
pub(crate) const CARRIES_MAX: usize = 2;

/// Longest file that the hub gives a node to carry back; the next one goes on from there.
pub(crate) const CARRY_ANSWER_BYTES_MAX: usize = 32 << 20;

/// Time of one carried file, which may hold the log of months.
pub(crate) const CARRY_TIME_MAX: Duration = Duration::from_secs(300);

/// Rows of one import request.
pub(crate) const IMPORT_ROWS_MAX: usize = 500;

/// Rows of an import that share a transaction, so that merges wait for a part of the import only.
pub(crate) const IMPORT_CHUNK: usize = 100;

/// Shifts of one day that an agency's page shows; of more it says how many.
pub(crate) const DESK_JOBS_MAX: usize = 500;

/// Longest text of one field of an imported job.
pub(crate) const FIELD_CHARS_MAX: usize = 16_000;

/// Time of one HTTP request, whatever it waits for; 503 beyond.
pub(crate) const REQUEST_TIME_MAX: Duration = Duration::from_secs(30);

/// Jobs of one page when the request does not say.
pub(crate) const PAGE_SIZE_DEFAULT: usize = 50;

/// Jobs of one page at most.
pub(crate) const PAGE_SIZE_MAX: usize = 500;

/// Latest events that the console shows.
pub(crate) const CONSOLE_EVENTS: u32 = 20;

/// Minutes for which reported sign-ups are counted.
pub(crate) const SIGN_UP_MINUTES: usize = 60;

/// Joins and renewals that are answered at a time; more wait for these, within the handshake's time.
pub(crate) const EXCHANGES_MAX: usize = 16;

/// Time that a refused peer has to read why.
pub(crate) const REFUSAL_TIME_MAX: Duration = Duration::from_secs(2);

/// How often a session looks at its link's figures.
pub(crate) const PEER_TICK: Duration = Duration::from_secs(1);

/// A connected node with something unacknowledged for this long is called behind.
pub(crate) const BEHIND_MS: u64 = 5_000;

/// A node that was connected within this time still gets rights.
pub(crate) const ELIGIBLE_FOR: Duration = Duration::from_secs(30);

/// How often the scheduler looks for work.
pub(crate) const SCHEDULER_TICK: Duration = Duration::from_millis(200);

/// All jobs of a region are planned anew at most this often, whoever connects meanwhile.
pub(crate) const REGION_EVERY: Duration = Duration::from_secs(2);

/// Time that open requests and sessions have to end after the signal.
pub(crate) const DRAIN_TIME_MAX: Duration = Duration::from_secs(10);

const _: () = assert!(IMPORT_CHUNK <= IMPORT_ROWS_MAX);
const _: () = assert!(CARRY_ANSWER_BYTES_MAX <= sync_protocol::limits::CARRY_BYTES_MAX);
const _: () = assert!(PAGE_SIZE_DEFAULT <= PAGE_SIZE_MAX);
const _: () = assert!(GROUP_MAX <= SHARD_QUEUE_MAX);
const _: () = assert!(SCHEDULER_TICK.as_millis() < hub_core::agenda::ANNOUNCE_EVERY_MS as u128);
