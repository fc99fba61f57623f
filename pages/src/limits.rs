//! Every limit of shared pages, with its consequence.

use std::time::Duration;

/// Wrong ticket digits from one address within [`GUESS_WINDOW_MS`]; more are answered 429. A person mistypes a few.
pub const GUESSES_OF_ONE: u64 = 10;
/// Wrong ticket digits from all addresses within [`GUESS_WINDOW_MS`]: with 1,000 live tickets of a million numbers, who
/// guesses from everywhere finds one in about seventeen minutes, and needs the phone number as well to give it back.
pub const GUESSES_OF_ALL: u64 = 60;
/// In which an empty bucket of tries fills again.
pub const GUESS_WINDOW_MS: u64 = 60_000;
/// Addresses whose tries are remembered: 64 KiB at most. Above it the one seen longest ago is forgotten.
pub const GUESSERS_MAX: usize = 1_024;
/// Clerks logged in at a time, at one server: above it the log-in used longest ago ends.
pub const CLERKS_MAX: usize = 256;
/// Of them one tenant's.
pub const CLERKS_OF_ONE_MAX: usize = 32;
/// A log-in of a clerk ends after so long: one working day.
pub const CLERK_WAIT: Duration = Duration::from_secs(12 * 3_600);
/// Body of a clerk's form: [`ROWS_MAX`] rows as people fill them in, Chinese taking nine bytes a letter in a form.
pub const FORM_BYTES_MAX: usize = 512 << 10;
/// Shifts that one form posts: bounds the page that shows them again.
pub const ROWS_MAX: usize = 200;

const _: () = assert!(GUESSES_OF_ONE < GUESSES_OF_ALL && GUESS_WINDOW_MS.is_multiple_of(GUESSES_OF_ALL));
