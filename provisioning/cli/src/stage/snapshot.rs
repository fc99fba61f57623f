//! What the stage shows at one moment, as its page and its checks read it.

use serde::{Deserialize, Serialize};

/// The whole stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    /// Seats of the job.
    pub(crate) seats: u64,
    /// Title of the job.
    pub(crate) title: String,
    pub(crate) dayshift: Side,
    pub(crate) last_write: Side,
    pub(crate) hub: HubState,
    /// What the last-write-wins hub believes is left.
    pub(crate) last_write_hub_left: u64,
    pub(crate) kiosks: Vec<Kiosk>,
    pub(crate) taps: Vec<Tap>,
    /// The latest order that failed, in the program's words.
    pub(crate) trouble: Option<String>,
}

/// The figures of one side, counted from what people were told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Side {
    pub(crate) confirmed: u64,
    pub(crate) waiting: u64,
    /// Told that the hub is asked for them, and no place in a line.
    pub(crate) requested: u64,
    /// Confirmed people beyond the seats, or without one that the hub will ever count, whichever are more.
    pub(crate) oversold: u64,
}

impl Side {
    /// Confirmed, in line or asked for, and oversold. Who is asked for is told a place in line as the line moves.
    pub(crate) fn sums(self) -> (u64, u64, u64) {
        (self.confirmed, self.waiting + self.requested, self.oversold)
    }
}

/// The hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HubState {
    pub(crate) runs: bool,
    /// Rights that it has not granted.
    pub(crate) pool: u64,
    /// Confirmed sign-ups that it knows of.
    pub(crate) live: u64,
    /// Its own count of seats sold beyond the cap.
    pub(crate) oversold: u64,
    /// For each kiosk, rights there which the hub does not know to be used.
    pub(crate) unknown: [u64; 2],
}

/// How a kiosk stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    InStep,
    /// Its line is up and something is still to be sent.
    Behind,
    CutOff,
    /// The plug is pulled.
    Off,
    /// The hub has ended this incarnation.
    Fenced,
}

/// One kiosk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kiosk {
    pub(crate) standing: Standing,
    /// The line is cut by the scissors.
    pub(crate) cut: bool,
    /// Seconds since the line was cut or the plug pulled.
    pub(crate) seconds: u64,
    /// Rights which this kiosk can still use.
    pub(crate) free: u64,
    /// Rights that went out to its incarnation and did not come back, as the hub says.
    pub(crate) rights: u64,
    /// It runs on the copy of its disk.
    pub(crate) old_disk: bool,
    /// Why the hub fenced it, in the hub's words.
    pub(crate) reason: Option<String>,
    /// The hub has a session with it and takes no file: after a cut it takes seconds to notice.
    pub(crate) heard: bool,
    /// What its last-write-wins twin believes is left.
    pub(crate) last_write_left: u64,
}

/// What a person was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Told {
    Confirmed,
    /// On the wait list of the hub.
    Waiting,
    /// On the wait list of this kiosk alone.
    WaitingHere,
    /// The hub was asked, and the kiosk has told no answer yet.
    Requested,
    Cancelled,
    Refused,
}

/// One person who tapped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tap {
    /// From 1, in the order of the taps.
    pub(crate) number: u64,
    pub(crate) name: [String; 2],
    /// 0 or 1.
    pub(crate) kiosk: usize,
    pub(crate) told: Told,
    /// The hub counts this person's seat.
    pub(crate) known: bool,
    /// Holds a ticket for a seat that the hub will never count.
    pub(crate) excess: bool,
    /// Holds a ticket within the rights of an incarnation that is over: which disk counts is still open.
    pub(crate) unsettled: bool,
    /// The last-write-wins kiosk said yes.
    pub(crate) last_write: bool,
    /// And sold a seat which it did not have.
    pub(crate) last_write_excess: bool,
}
