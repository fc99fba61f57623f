//! A node's log as the model writes it: up to 16 events, four bits each.
//!
//! Only what lies behind the part that all sides agree on is kept: the hash chain head is left out of a state, and two logs
//! go on from one another exactly where one is a prefix of the other.

use sync_protocol::{
    ids::{SignUpId, WorkerId, Writer},
    log::{Head, LogHead},
    seats::NodeEvent,
};

/// One event; the number is the slot of the sign-up at its node, or how many rights went back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Accept(u8),
    Cancel(u8),
    /// A live sign-up was ended as the hub asked; its right went back.
    Bump(u8),
    /// One that was not live.
    BumpIdle(u8),
    Return(u8),
    Birth,
    Final,
    /// Accepted after the disk went back: the same id, another worker.
    AcceptAgain(u8),
}

impl Event {
    const fn code(self) -> u64 {
        match self {
            Self::Accept(slot) => 1 + slot as u64,
            Self::Cancel(slot) => 3 + slot as u64,
            Self::Bump(slot) => 5 + slot as u64,
            Self::BumpIdle(slot) => 7 + slot as u64,
            Self::Return(count) => 8 + count as u64,
            Self::Birth => 12,
            Self::Final => 13,
            Self::AcceptAgain(slot) => 14 + slot as u64,
        }
    }

    fn from_code(code: u64) -> Self {
        let low = |first: u64| u8::try_from(code - first).unwrap_or(0);
        match code {
            1 | 2 => Self::Accept(low(1)),
            3 | 4 => Self::Cancel(low(3)),
            5 | 6 => Self::Bump(low(5)),
            7 | 8 => Self::BumpIdle(low(7)),
            9..=11 => Self::Return(low(8)),
            12 => Self::Birth,
            13 => Self::Final,
            _ => Self::AcceptAgain(low(14)),
        }
    }

    /// Rights that this event gives back.
    pub const fn gives_back(self) -> u8 {
        match self {
            Self::Bump(_) => 1,
            Self::Return(count) => count,
            Self::Accept(_)
            | Self::Cancel(_)
            | Self::BumpIdle(_)
            | Self::Birth
            | Self::Final
            | Self::AcceptAgain(_) => 0,
        }
    }

    /// The sign-up that it is about.
    pub const fn slot(self) -> Option<u8> {
        match self {
            Self::Accept(slot)
            | Self::Cancel(slot)
            | Self::Bump(slot)
            | Self::BumpIdle(slot)
            | Self::AcceptAgain(slot) => Some(slot),
            Self::Return(_) | Self::Birth | Self::Final => None,
        }
    }

    /// The production row; `returned` is cumulative up to and including this event.
    pub fn row(self, cap: u32, returned: u32) -> NodeEvent {
        let sign_up = SignUpId::sign_up(Writer::new(1, 1), u64::from(self.slot().unwrap_or(0)));
        match self {
            Self::Accept(_) | Self::AcceptAgain(_) => {
                NodeEvent::Accept { sign_up, worker: WorkerId([0; 16]) }
            }
            Self::Cancel(_) => NodeEvent::Cancel { sign_up },
            Self::Bump(_) | Self::BumpIdle(_) => NodeEvent::Bump { sign_up, returned },
            Self::Return(_) => NodeEvent::Return { returned },
            Self::Birth => NodeEvent::Birth { cap, policy: None },
            Self::Final => NodeEvent::Final,
        }
    }
}

/// Events in order, the oldest in the lowest four bits; no event has the code 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Log(u64);

/// Codes with the two slots of a node exchanged.
const SWAPPED: [u64; 16] = [0, 2, 1, 4, 3, 6, 5, 8, 7, 9, 10, 11, 12, 13, 15, 14];

impl Log {
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub const fn bits(self) -> u64 {
        self.0
    }

    pub const fn len(self) -> u32 {
        (64 - self.0.leading_zeros()).div_ceil(4)
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn push(&mut self, event: Event) {
        assert!(self.len() < 16, "an instance writes at most 16 events ahead of what is known");
        self.0 |= event.code() << (4 * self.len());
    }

    pub const fn prefix(self, len: u32) -> Self {
        if len >= 16 { self } else { Self(self.0 & ((1 << (4 * len)) - 1)) }
    }

    pub const fn after(self, len: u32) -> Self {
        if len >= 16 { Self(0) } else { Self(self.0 >> (4 * len)) }
    }

    /// How many events from the start on are the same.
    pub fn common(self, other: Self) -> u32 {
        ((self.0 ^ other.0).trailing_zeros() / 4).min(self.len()).min(other.len())
    }

    pub fn events(self) -> impl Iterator<Item = Event> {
        (0..self.len()).map(move |at| Event::from_code((self.0 >> (4 * at)) & 15))
    }

    pub fn gives_back(self) -> u8 {
        self.events().map(Event::gives_back).sum()
    }

    pub fn swapped(self) -> Self {
        let mut bits = 0;
        for at in 0..self.len() {
            bits |= SWAPPED[usize::try_from((self.0 >> (4 * at)) & 15).unwrap_or(0)] << (4 * at);
        }
        Self(bits)
    }

    /// The place at which this log ends. Its head is the log itself, which is as good as a hash.
    pub fn head(self) -> LogHead {
        let mut head = [0; 32];
        head[..8].copy_from_slice(&self.0.to_le_bytes());
        LogHead { wseq: u64::from(self.len()), head: Head(head) }
    }
}
