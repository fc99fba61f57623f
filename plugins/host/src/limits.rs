//! Every limit that a plugin runs under.

use std::time::Duration;

/// Bytes of a component; compiling one of this size takes about a second of one core.
pub const COMPONENT_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of linear memory of one instance; growing beyond fails inside the guest.
pub const MEMORY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Elements of an instance's table of functions.
pub const TABLE_ELEMENTS_MAX: usize = 4_096;

/// Bytes of stack that a guest may use; deeper recursion traps.
pub const STACK_BYTES_MAX: usize = 256 * 1024;

/// Calls that may run at once; one more is skipped. Each slot reserves address space, not memory.
pub const INSTANCES_MAX: u32 = 32;

/// What a chain may take for one page when the node's configuration does not say.
pub const CHAIN_DEADLINE: Duration = Duration::from_millis(5);

/// What all admission plugins together may take for one question. Longer than a page has: an answer that is missing may keep
/// a worker from a place, and a busy machine can stop any thread for some milliseconds.
pub const ADMISSION_DEADLINE: Duration = Duration::from_millis(25);

/// What one canned query or the description may take while a plugin is loaded.
pub const LOAD_DEADLINE: Duration = Duration::from_millis(50);

/// The ticker's sleep; with the usual lateness of a timer one tick takes about a millisecond.
pub const TICK_SLEEP: Duration = Duration::from_micros(900);

/// What a tick counts for when a deadline is turned into ticks.
pub const TICK: Duration = Duration::from_millis(1);

/// Ticks without a call after which the ticker sleeps until the next one.
pub const IDLE_TICKS_MAX: u32 = 250;

/// Failures among the last [`BREAKER_WINDOW_CALLS`] calls that open a plugin's breaker.
pub const BREAKER_FAILURES: u32 = 3;

/// Calls over which failures are counted; three of sixty are five in a hundred.
pub const BREAKER_WINDOW_CALLS: u32 = 60;

/// How long an open breaker leaves its plugin out before it tries one call.
pub const BREAKER_OPEN: Duration = Duration::from_secs(30);

/// Bytes of a file of settings.
pub const SETTINGS_BYTES_MAX: usize = 16 * 1024;

/// Settings of one plugin.
pub const SETTINGS_MAX: usize = 64;

/// Bytes of a setting's name, and of a language's.
pub const SETTING_NAME_BYTES_MAX: usize = 64;

/// Bytes of a plugin's name and of its version.
pub const NAME_BYTES_MAX: usize = 64;

/// Fuel of one call where it is metered; far above what the deadline allows.
pub const METERED_FUEL: u64 = 10_000_000_000;

const _: () = assert!(BREAKER_WINDOW_CALLS < u64::BITS);
const _: () = assert!(edge_core::filter::PAGE_TITLE_BYTES_MAX * 8 <= MEMORY_BYTES_MAX);
