//! Workers who are known here: the PIN that proves one, log-ins, tries, and the sealed record.

pub(crate) mod card;
pub(crate) mod codes;
mod pin;
pub(crate) mod record;
mod sessions;
mod tries;

use codes::Codes;
pub(crate) use pin::Pin;
use pin::Pins;
use sessions::Sessions;
pub(crate) use sessions::{Known, Token};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tries::Tries;

/// What the node remembers of workers between requests, and forgets at a restart.
#[derive(Debug, Default)]
pub(crate) struct Persons {
    tries: Mutex<Tries>,
    sessions: Mutex<Sessions>,
    codes: Mutex<Codes>,
    pub(crate) pins: Pins,
}

impl Persons {
    /// The wrong PINs so far.
    pub(crate) fn tries(&self) -> MutexGuard<'_, Tries> {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one-time codes that were sent.
    pub(crate) fn codes(&self) -> MutexGuard<'_, Codes> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The log-ins of workers.
    pub(crate) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
