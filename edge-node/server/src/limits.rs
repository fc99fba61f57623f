//! Limits of the node's server, each with its consequence.

use std::time::Duration;

/// Requests waiting for the event loop. When it is full, a sign-up is answered 503 with Retry-After.
pub(crate) const EVENTS_MAX: usize = 1024;
/// Events of one transaction: bounds how long the first of them waits for the last.
pub(crate) const BATCH_EVENTS_MAX: usize = 256;
/// Questions to the hub waiting for the uplink task.
pub(crate) const ASKS_MAX: usize = 256;
/// How long the hub may take to answer a question before the worker is told "requested".
pub(crate) const ASK_WAIT: Duration = Duration::from_millis(800);
/// How long the hub may take to decide an order of a tenant before its agency is told that no answer came: less than
/// [`REQUEST_WAIT`], so that it is told so.
pub(crate) const ORDER_WAIT: Duration = Duration::from_secs(5);
/// Orders under way to the hub at a time; the next one is refused, with nothing changed.
pub(crate) const ORDERS_IN_FLIGHT_MAX: usize = 16;
/// Body of a request.
pub(crate) const BODY_BYTES_MAX: usize = 64 << 10;
/// Whole time of a carried session, which may hold the changes of months.
pub(crate) const CARRY_WAIT: Duration = Duration::from_secs(300);
/// Before a control file for which there was no room is written again.
pub(crate) const CONTROL_FILE_AGAIN: Duration = Duration::from_secs(2);
/// Connections of a door at a time; more wait in the system's queue.
pub(crate) const CONNECTIONS_MAX: usize = 1_024;
/// Connections of one address; more are closed at once. A browser opens six.
pub(crate) const CONNECTIONS_OF_ONE: usize = 64;
/// For the head of a request, from the connection's first moment or the answer before; slower callers are cut off.
pub(crate) const HEAD_WAIT: Duration = Duration::from_secs(30);
/// How long an answer may wait for a caller that reads nothing of it.
pub(crate) const READ_WAIT: Duration = Duration::from_secs(20);
/// Whole time of a request.
pub(crate) const REQUEST_WAIT: Duration = Duration::from_secs(10);
/// Reader connections kept open; more are opened and closed again under load.
pub(crate) const READERS_KEPT: usize = 4;
/// Events that a slow listener of the event stream may be behind before it must begin again.
pub(crate) const STREAM_EVENTS_MAX: usize = 1024;
/// Listeners of the event stream at a time.
pub(crate) const STREAMS_MAX: usize = 256;
/// Running requests get this long to end when the node stops.
pub(crate) const DRAIN_WAIT: Duration = Duration::from_secs(2);
/// Rows moved by one step of the index merge between two batches.
pub(crate) const MERGE_BUDGET: usize = 2_000;
/// All plugins of the chain together, for one page of candidates.
pub(crate) const CHAIN_DEADLINE: Duration = Duration::from_millis(5);
/// All admission plugins together, for the sign-ups of one batch: no batch waits longer for them, and what is asked beyond it
/// has no answer.
pub(crate) const ADMISSION_OF_BATCH: Duration = Duration::from_millis(250);
/// Longest idempotency key.
pub(crate) const KEY_CHARS_MAX: usize = 128;
/// One clip of speech: about two minutes. What a command says beyond it is thrown away.
pub(crate) const CLIP_BYTES_MAX: usize = 6 << 20;
/// Clips that one page reads one after the other.
pub(crate) const CLIPS_IN_TURN_MAX: usize = 16;
/// All clips on disk; above half of it those that no page reads any more make room, at it nothing more is spoken.
pub(crate) const CLIPS_BYTES_MAX: u64 = 256 << 20;
/// What clips leave of the disk to sign-ups.
pub(crate) const CLIPS_LEAVE_BYTES: u64 = 256 << 20;
/// How long a command may speak one clip.
pub(crate) const CLIP_WAIT: Duration = Duration::from_secs(10);
/// A slip, or those of one crew, from the start of the program that prints them to its end. A browser that makes a PDF takes
/// some three seconds on a small box and ten where it starts cold; after twenty nobody stands before the printer any more.
pub(crate) const PRINT_WAIT: Duration = Duration::from_secs(20);
/// How long a pressed button waits to be told; then its page says that it is being printed, and looks again.
pub(crate) const PRINT_ANSWER_WAIT: Duration = Duration::from_secs(3);
/// Seconds, as a page's head says them, after which it looks again.
pub(crate) const PRINT_LOOK_S: &str = "2";
/// What a program that has ended is still heard for, where somebody holds its output open.
pub(crate) const PRINT_LAST_WORDS_WAIT: Duration = Duration::from_millis(200);
/// What is kept of all that it says, for the log.
pub(crate) const PRINT_SAID_BYTES_MAX: usize = 4 << 10;
/// Slips that wait for the one that is printed: a screen has one person. When all wait, a press is told that nothing comes.
pub(crate) const PRINTS_WAITING_MAX: usize = 4;
/// How often one ticket, and one worker's card, is printed in an hour, whoever asks: a slip that was torn and one for the family.
pub(crate) const PRINTS_PER_HOUR: u32 = 3;
/// Presses whose outcome pages may still ask: 16 KiB. Above it the oldest is forgotten.
pub(crate) const PRINTS_KNOWN_MAX: usize = 128;
/// Visits at the screen that were ended and whose addresses could still be opened: 64 KiB at most. Above it the one that
/// ends first by itself is forgotten.
pub(crate) const ENDED_VISITS_MAX: usize = 1_024;
/// Writes of one tenant in a minute, where the operator says nothing: forty of a clerk's forms with thirty shifts each.
pub(crate) const TENANT_WRITES_PER_MINUTE: u32 = 1_200;
/// Writes of one device in a minute, where the operator says nothing. One screen makes some sixty, each key of its pad being
/// one; a proxy that stands before the node makes those of a whole hall.
pub(crate) const DEVICE_WRITES_PER_MINUTE: u32 = 1_200;
/// Devices behind one address that may write as much each, once they are logged in: the phones of a hall behind one router.
pub(crate) const CROWD: u32 = 8;
/// Looks at one place in line that ask the hub, in a minute.
pub(crate) const PLACE_LOOKS_PER_MINUTE: u32 = 12;
/// Requests in the name of one phone number in an hour, where the operator says nothing: who looks for work signs up for a
/// handful of jobs, and for as many again after giving places back.
pub(crate) const PHONE_REQUESTS_PER_HOUR: u32 = 60;
/// Tenants, devices and phone numbers whose rates are remembered: 512 KiB of each at most. Above it the one seen longest ago
/// is forgotten.
pub(crate) const RATED_MAX: usize = 4_096;
/// How long a read waits for the write that its bookmark names.
pub(crate) const BOOKMARK_WAIT: Duration = Duration::from_millis(800);
/// Wrong PINs of one worker in a row; then each further try waits twice as long as the one before.
pub(crate) const PIN_TRIES_MAX: u32 = 5;
/// Wrong PINs from one address, whoever is meant; the box's own screen is not counted.
pub(crate) const PIN_TRIES_OF_ADDRESS_MAX: u32 = 20;
/// The first wait after too many wrong PINs, and the longest: four digits take a year at one try an hour.
pub(crate) const PIN_WAIT_FIRST_MS: u64 = 30_000;
pub(crate) const PIN_WAIT_MS_MAX: u64 = 3_600_000;
/// Workers and addresses whose wrong PINs are remembered; above it the one with the fewest and oldest is forgotten.
pub(crate) const TRIERS_MAX: usize = 4_096;
/// Memory and passes of Argon2id: less than RFC 9106 recommends, because a node is small. About 20 ms each.
pub(crate) const PIN_MEMORY_KIB: u32 = 12 * 1_024;
pub(crate) const PIN_PASSES: u32 = 3;
/// PINs that are checked at a time: bounds what they take together to 24 MiB for a moment.
pub(crate) const PIN_CHECKS_MAX: usize = 2;
/// Log-ins of workers at a time, and after which time without a request one ends.
pub(crate) const LOG_INS_MAX: usize = 1_024;
/// Of them one worker's.
pub(crate) const LOG_INS_OF_ONE_MAX: usize = 4;
pub(crate) const LOG_IN_IDLE_MS: u64 = 120_000;
/// Seconds for which a PIN that the operator gave is good for choosing another.
pub(crate) const GIVEN_PIN_S: i64 = 3_600;
/// How long a one-time code is good, and after it the proof that it gave.
pub(crate) const CODE_MS: u64 = 300_000;
/// Tries at one code; after them it is over.
pub(crate) const CODE_TRIES_MAX: u32 = 5;
/// Codes for one number, for one address in the hall, and for all of a node, within [`CODES_WINDOW_MS`]: each is a message
/// that somebody pays for, and it disturbs a phone.
pub(crate) const CODES_OF_ONE: usize = 3;
pub(crate) const CODES_OF_ADDRESS: usize = 30;
pub(crate) const CODES_OF_ALL: usize = 120;
pub(crate) const CODES_WINDOW_MS: u64 = 900_000;
/// One attempt to reach the hub.
pub(crate) const CONNECT_WAIT: Duration = Duration::from_millis(1_000);
/// Back-off between attempts: first, and largest once a cut lasts longer than [`SHORT_CUT`].
pub(crate) const BACK_OFF_FIRST: Duration = Duration::from_millis(100);
pub(crate) const BACK_OFF_SHORT_MAX: Duration = Duration::from_millis(800);
pub(crate) const BACK_OFF_LONG_MAX: Duration = Duration::from_secs(30);
/// Back-off of a node whose incarnation is over: at once where it has delivered everything, else reached by doubling.
pub(crate) const BACK_OFF_OVER_MAX: Duration = Duration::from_secs(300);
/// How often a session looks whether something has come from the hub: what `last_contact_at` may be behind by.
pub(crate) const LISTEN_EVERY: Duration = Duration::from_secs(1);
/// Cuts up to this heal within 3 s of the line's return.
pub(crate) const SHORT_CUT: Duration = Duration::from_secs(75);

/// How often the gate looks whether something is due: what a no-show may be declared late by.
pub(crate) const GATE_EVERY: Duration = Duration::from_secs(5);
/// Days before and after today of which an agency may ask the timesheet.
pub(crate) const TIMESHEET_DAYS_MAX: i32 = 400;
/// Messages under way to their senders at a time.
pub(crate) const MESSAGES_AT_ONCE: usize = 8;
/// How often the outbox is looked through for messages whose time to be tried again has come.
pub(crate) const OUTBOX_EVERY: Duration = Duration::from_secs(1);
/// One try to send a message.
pub(crate) const MESSAGE_WAIT: Duration = Duration::from_secs(5);
/// The file of messages that is kept whole; it is put aside when it is longer, and the one before it goes.
pub(crate) const MESSAGE_FILE_BYTES_MAX: u64 = 64 << 20;
/// The file that names the senders.
pub(crate) const SENDERS_BYTES_MAX: u64 = 64 << 10;

/// A session that stood for so long was a line in order: after it the first attempts come quickly again.
pub(crate) const STEADY: Duration = Duration::from_secs(10);

const _: () = assert!(ORDER_WAIT.as_millis() + BOOKMARK_WAIT.as_millis() < REQUEST_WAIT.as_millis());
const _: () = assert!(PRINT_ANSWER_WAIT.as_millis() < REQUEST_WAIT.as_millis());
const _: () = assert!(BATCH_EVENTS_MAX <= EVENTS_MAX);
const _: () = assert!(CONNECT_WAIT.as_millis() + BACK_OFF_SHORT_MAX.as_millis() < 2_000);
