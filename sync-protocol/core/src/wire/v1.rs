//! Version 1 of the wire: frame types and their bodies. `docs/protocol.md` describes it byte by byte.
//!
//! A frame is type (1 byte), flags (1 byte, bit 0 = body is zstd), dictionary id (2 bytes, 0 = none), body (CBOR map
//! with integer keys). Unknown frame types and unknown keys are passed over, so that later versions can add both.

use crate::{
    command::{Command, Commanded},
    erasure::{EraseOrder, ErasureReceipt},
    ids::{JobId, SignUpId, VshardId, WorkerId, Writer},
    limits::{BODY_BYTES_MAX, FRAME_BYTES_MAX},
    log::{Entry, Head},
};
use minicbor::{Decode, Encode};
use std::cell::RefCell;
use zstd::{
    bulk::{Compressor, Decompressor},
    zstd_safe,
};

const COMPRESSED: u8 = 1;
/// Below this a zstd frame is longer than what it packs.
const COMPRESS_FROM_BYTES: usize = 160;
const ZSTD_LEVEL: i32 = 3;

/// Where a log or a cursor stands.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct UpState {
    #[n(0)]
    pub vshard: u16,
    #[n(1)]
    pub wseq: u64,
    #[n(2)]
    pub head: Head,
}

/// A cursor into a vshard: what the reader has applied durably.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DownState {
    #[n(0)]
    pub vshard: u16,
    #[n(1)]
    pub history: u16,
    #[n(2)]
    pub seq: u64,
}

impl DownState {
    /// Whether who reads by this cursor, if there is one, has heard of a vshard's history; of the first one everybody has.
    #[must_use]
    pub fn knows(cursor: Option<&Self>, history: u16) -> bool {
        cursor.map_or(1, |cursor| cursor.history) == history
    }
}

impl Down {
    /// Tells of a history that has no entry yet: the vshard of a hub that was restored from a backup without any.
    #[must_use]
    pub const fn of_history(vshard: VshardId, history: u16) -> Self {
        Self { vshard: vshard.0, history, upto: 0, entries: Vec::new(), sent_at: 0 }
    }
}

/// First frame of a node.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Hello {
    /// Lowest and highest wire version that the node speaks.
    #[n(0)]
    pub versions: (u16, u16),
    #[cbor(n(1), with = "minicbor::bytes")]
    pub cluster: Vec<u8>,
    #[n(2)]
    pub writer: Writer,
    #[n(3)]
    pub up: Vec<UpState>,
    #[n(4)]
    pub down: Vec<DownState>,
    /// Software version, for the operators' eyes.
    #[n(5)]
    pub build: String,
    /// Number of the latest contact that the node's disk holds, 0 before the first.
    #[cbor(n(6), default)]
    pub contact: u64,
    /// The node gives back its rights and wants no more.
    #[cbor(n(7), default)]
    pub draining: bool,
}

/// A tenant as a node needs it: to show names and to check keys while cut off.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Tenant {
    #[n(0)]
    pub id: u32,
    #[n(1)]
    pub name: String,
    /// BLAKE3 hash of the API key (128 random bits, so that a plain hash is enough).
    #[cbor(n(2), with = "minicbor::bytes")]
    pub key_hash: Vec<u8>,
    /// Ed25519 public keys that sign in its name, the present one first, 32 bytes each. None of a tenant whose key was made by
    /// an earlier version.
    #[cbor(n(3), with = "minicbor::bytes", default)]
    pub sign_keys: Vec<u8>,
}

/// What a node may see: topics with their vshards, and the tenants behind them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Interest {
    /// (topic, tenant, vshard)
    #[n(0)]
    pub topics: Vec<(u64, u32, u16)>,
    #[n(1)]
    pub tenants: Vec<Tenant>,
}

/// How far the hub has durably applied a node's log, and the vshard's history.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct UpAck {
    #[n(0)]
    pub vshard: u16,
    #[n(1)]
    pub wseq: u64,
}

/// The hub's answer to Hello.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Welcome {
    #[n(0)]
    pub version: u16,
    #[n(1)]
    pub interest: Interest,
    #[n(2)]
    pub acked: Vec<UpAck>,
    /// The hub's clock, epoch seconds: a floor for a node whose clock was lost.
    #[n(3)]
    pub time: i64,
    /// The incarnation is fenced: it must use no right any more, close its logs and send them to their end.
    #[n(4)]
    pub retired: Option<String>,
    /// Number of this contact, to be kept and said to be held before anything else is applied. 0: none.
    #[cbor(n(5), default)]
    pub contact: u64,
}

/// Why the hub ends a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Reason {
    #[n(0)]
    Busy,
    #[n(1)]
    WrongCluster,
    /// The incarnation is fenced: its reports are not merged any more.
    #[n(2)]
    Revoked,
    #[n(3)]
    TooOld,
    /// A batch broke the protocol.
    #[n(4)]
    Protocol,
}

/// The hub ends the session.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Refuse {
    #[n(0)]
    pub reason: Reason,
    #[n(1)]
    pub detail: String,
    #[n(2)]
    pub retry_after_ms: u32,
}

/// Entries of a node's log, in order, the first numbered `first`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Up {
    #[n(0)]
    pub vshard: u16,
    #[n(1)]
    pub first: u64,
    #[n(2)]
    pub entries: Vec<Entry>,
    /// Signature by the node's log key over the head after the last entry.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub signature: Vec<u8>,
}

/// One entry of a vshard's sequence.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Sequenced {
    #[n(0)]
    pub seq: u64,
    #[n(1)]
    pub writer: Writer,
    #[n(2)]
    pub entry: Entry,
}

/// Entries of a vshard for this node; its cursor moves to `upto` also where nothing matched.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Down {
    #[n(0)]
    pub vshard: u16,
    #[n(1)]
    pub history: u16,
    #[n(2)]
    pub upto: u64,
    #[n(3)]
    pub entries: Vec<Sequenced>,
    /// When it was read for sending, epoch seconds by the hub's clock: whether an offer is late is judged by one clock. 0 in
    /// carried files, where nobody knows when they arrive.
    #[cbor(n(4), default)]
    pub sent_at: i64,
}

/// A node without a free right asks for one.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Ask {
    #[n(0)]
    pub job: JobId,
    #[n(1)]
    pub sign_up: SignUpId,
    #[n(2)]
    pub worker: WorkerId,
    #[n(3)]
    pub topic: u64,
}

/// The hub's answer to an Ask.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Verdict {
    #[n(0)]
    pub sign_up: SignUpId,
    #[n(1)]
    pub job: JobId,
    #[n(2)]
    pub outcome: Outcome,
}

/// What the hub decided about an Ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Outcome {
    /// A right is on its way in the vshard's sequence, at `granted` in all.
    #[n(0)]
    Granted {
        #[n(0)]
        granted: u32,
    },
    /// No right is free: the sign-up is at this place of the wait list, from 1.
    #[n(1)]
    WaitListed {
        #[n(0)]
        position: u32,
    },
    /// The job is closed or unknown.
    #[n(2)]
    Closed,
}

/// A node asks for its lease to be renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Renew {
    /// When it was sent, by the node's clock that runs from boot, in milliseconds.
    #[n(0)]
    pub sent_ms: u64,
}

/// The hub renews a lease; it runs from the sending of the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Lease {
    /// As in the question.
    #[n(0)]
    pub sent_ms: u64,
    #[n(1)]
    pub duration_ms: u64,
}

/// The node holds the number of this contact durably.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Held {
    #[n(0)]
    pub contact: u64,
}

/// What a node has erased: each receipt names its order, which every node of the region is to follow.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Erased {
    #[n(0)]
    pub receipts: Vec<ErasureReceipt>,
}

/// Whom a node has to erase, and which of its own receipts the hub has stored.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Erase {
    #[n(0)]
    pub orders: Vec<EraseOrder>,
    #[n(1)]
    pub heard: Vec<EraseOrder>,
}

/// Any frame of version 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    Hello(Hello),
    Welcome(Welcome),
    Refuse(Refuse),
    Up(Up),
    UpAck(UpAck),
    Down(Down),
    DownAck(DownState),
    Ask(Ask),
    Verdict(Verdict),
    Interest(Interest),
    Renew(Renew),
    Lease(Lease),
    Held(Held),
    Erased(Erased),
    Erase(Erase),
    Command(Command),
    Commanded(Commanded),
    /// A type that this build does not know.
    Unknown(u8),
}

/// The bytes are not a frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("frame of {0} bytes; at most {FRAME_BYTES_MAX} are allowed")]
    TooLong(usize),
    #[error("frame is shorter than its header")]
    Truncated,
    #[error("frame needs dictionary {0}, which is not here")]
    UnknownDictionary(u16),
    #[error("frame body does not unpack to at most {BODY_BYTES_MAX} bytes")]
    Unpack,
    #[error("body of frame type {0} is malformed")]
    Malformed(u8),
}

impl Frame {
    fn type_byte(&self) -> u8 {
        match self {
            Self::Hello(_) => 1,
            Self::Welcome(_) => 2,
            Self::Refuse(_) => 3,
            Self::Up(_) => 4,
            Self::UpAck(_) => 5,
            Self::Down(_) => 6,
            Self::DownAck(_) => 7,
            Self::Ask(_) => 8,
            Self::Verdict(_) => 9,
            Self::Interest(_) => 10,
            Self::Renew(_) => 11,
            Self::Lease(_) => 12,
            Self::Held(_) => 13,
            Self::Erased(_) => 14,
            Self::Erase(_) => 15,
            Self::Command(_) => 16,
            Self::Commanded(_) => 17,
            Self::Unknown(byte) => *byte,
        }
    }

    /// The bytes of a frame, without the link's length prefix.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let body = match self {
            Self::Hello(body) => minicbor::to_vec(body),
            Self::Welcome(body) => minicbor::to_vec(body),
            Self::Refuse(body) => minicbor::to_vec(body),
            Self::Up(body) => minicbor::to_vec(body),
            Self::UpAck(body) => minicbor::to_vec(body),
            Self::Down(body) => minicbor::to_vec(body),
            Self::DownAck(body) => minicbor::to_vec(body),
            Self::Ask(body) => minicbor::to_vec(body),
            Self::Verdict(body) => minicbor::to_vec(body),
            Self::Interest(body) => minicbor::to_vec(body),
            Self::Renew(body) => minicbor::to_vec(body),
            Self::Lease(body) => minicbor::to_vec(body),
            Self::Held(body) => minicbor::to_vec(body),
            Self::Erased(body) => minicbor::to_vec(body),
            Self::Erase(body) => minicbor::to_vec(body),
            Self::Command(body) => minicbor::to_vec(body),
            Self::Commanded(body) => minicbor::to_vec(body),
            Self::Unknown(_) => Ok(Vec::new()),
        }
        .expect("writing to a Vec cannot fail");
        let mut frame = vec![self.type_byte(), 0, 0, 0];
        if body.len() >= COMPRESS_FROM_BYTES
            && let Some(packed) = pack(&body)
            && packed.len() < body.len()
        {
            frame[1] = COMPRESSED;
            frame.extend_from_slice(&packed);
        } else {
            frame.extend_from_slice(&body);
        }
        frame
    }

    /// Reads a frame; every length is checked before memory is taken.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        if bytes.len() > FRAME_BYTES_MAX {
            return Err(FrameError::TooLong(bytes.len()));
        }
        let [kind, flags, d0, d1, body @ ..] = bytes else {
            return Err(FrameError::Truncated);
        };
        let dictionary = u16::from_be_bytes([*d0, *d1]);
        if dictionary != 0 {
            return Err(FrameError::UnknownDictionary(dictionary));
        }
        let unpacked;
        let body = if flags & COMPRESSED == 0 {
            body
        } else {
            unpacked = unpack(body)?;
            &unpacked
        };
        let malformed = |_| FrameError::Malformed(*kind);
        Ok(match kind {
            1 => Self::Hello(minicbor::decode(body).map_err(malformed)?),
            2 => Self::Welcome(minicbor::decode(body).map_err(malformed)?),
            3 => Self::Refuse(minicbor::decode(body).map_err(malformed)?),
            4 => Self::Up(minicbor::decode(body).map_err(malformed)?),
            5 => Self::UpAck(minicbor::decode(body).map_err(malformed)?),
            6 => Self::Down(minicbor::decode(body).map_err(malformed)?),
            7 => Self::DownAck(minicbor::decode(body).map_err(malformed)?),
            8 => Self::Ask(minicbor::decode(body).map_err(malformed)?),
            9 => Self::Verdict(minicbor::decode(body).map_err(malformed)?),
            10 => Self::Interest(minicbor::decode(body).map_err(malformed)?),
            11 => Self::Renew(minicbor::decode(body).map_err(malformed)?),
            12 => Self::Lease(minicbor::decode(body).map_err(malformed)?),
            13 => Self::Held(minicbor::decode(body).map_err(malformed)?),
            14 => Self::Erased(minicbor::decode(body).map_err(malformed)?),
            15 => Self::Erase(minicbor::decode(body).map_err(malformed)?),
            16 => Self::Command(minicbor::decode(body).map_err(malformed)?),
            17 => Self::Commanded(minicbor::decode(body).map_err(malformed)?),
            other => Self::Unknown(*other),
        })
    }
}

thread_local! {
    // Contexts are large: made for each frame, they cost more than the packing of a small one.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = RefCell::new(Compressor::new(ZSTD_LEVEL).ok());
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = RefCell::new(Decompressor::new().ok());
}

fn pack(body: &[u8]) -> Option<Vec<u8>> {
    COMPRESSOR.with(|compressor| compressor.borrow_mut().as_mut()?.compress(body).ok())
}

fn unpack(body: &[u8]) -> Result<Vec<u8>, FrameError> {
    // A frame that does not tell how long it becomes gets all the room that one may take.
    let told = zstd_safe::get_frame_content_size(body).map_err(|_| FrameError::Unpack)?;
    let bytes = told.map_or(Ok(BODY_BYTES_MAX), usize::try_from).map_err(|_| FrameError::Unpack)?;
    if bytes > BODY_BYTES_MAX {
        return Err(FrameError::Unpack);
    }
    let unpacked =
        DECOMPRESSOR.with(|decompressor| Some(decompressor.borrow_mut().as_mut()?.decompress(body, bytes)));
    unpacked.and_then(Result::ok).ok_or(FrameError::Unpack)
}
