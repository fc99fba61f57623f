//! Identities of nodes, documents, workers, tenants, topics and vshards.
//!
//! Every package names things by these types. An id never carries a region: a job may move.

use std::{fmt, num::ParseIntError, str::FromStr};

/// A node as the hub numbered it at its first join; 0 is the hub itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// One life of a node: given by the hub at join or rejoin, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(pub u16);

/// Who writes a log: a node in one of its incarnations. Its 6 bytes are the Automerge actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Writer {
    pub node: NodeId,
    pub incarnation: Incarnation,
}

impl Writer {
    /// The hub's own writer, in the given history of the vshard that it writes.
    #[must_use]
    pub const fn hub(history: u16) -> Self {
        Self { node: NodeId(0), incarnation: Incarnation(history) }
    }

    #[must_use]
    pub const fn new(node: u32, incarnation: u16) -> Self {
        Self { node: NodeId(node), incarnation: Incarnation(incarnation) }
    }

    #[must_use]
    pub const fn is_hub(self) -> bool {
        self.node.0 == 0
    }

    /// Node u32 and incarnation u16, big endian.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 6] {
        let n = self.node.0.to_be_bytes();
        let i = self.incarnation.0.to_be_bytes();
        [n[0], n[1], n[2], n[3], i[0], i[1]]
    }

    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; 6] = bytes.try_into().ok()?;
        Some(Self::new(
            u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]),
            u16::from_be_bytes([bytes[4], bytes[5]]),
        ))
    }
}

impl fmt::Display for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.node.0, self.incarnation.0)
    }
}

/// What a document describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentKind {
    Job,
    SignUp,
}

impl DocumentKind {
    const fn letter(self) -> char {
        match self {
            Self::Job => 'j',
            Self::SignUp => 's',
        }
    }

    const fn to_byte(self) -> u8 {
        match self {
            Self::Job => 1,
            Self::SignUp => 2,
        }
    }
}

/// Kind, the writer that minted it, and that writer's counter. As text `j3-1-42`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentId {
    pub kind: DocumentKind,
    pub writer: Writer,
    pub counter: u64,
}

/// A job: one shift with one cap.
pub type JobId = DocumentId;
/// A sign-up of one worker for one job.
pub type SignUpId = DocumentId;

impl DocumentId {
    #[must_use]
    pub const fn job(writer: Writer, counter: u64) -> Self {
        Self { kind: DocumentKind::Job, writer, counter }
    }

    #[must_use]
    pub const fn sign_up(writer: Writer, counter: u64) -> Self {
        Self { kind: DocumentKind::SignUp, writer, counter }
    }

    /// 15 bytes: kind, writer, counter, big endian, so that byte order is id order.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 15] {
        let mut bytes = [0; 15];
        bytes[0] = self.kind.to_byte();
        bytes[1..7].copy_from_slice(&self.writer.to_bytes());
        bytes[7..].copy_from_slice(&self.counter.to_be_bytes());
        bytes
    }

    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; 15] = bytes.try_into().ok()?;
        let kind = match bytes[0] {
            1 => DocumentKind::Job,
            2 => DocumentKind::SignUp,
            _ => return None,
        };
        let writer = Writer::from_bytes(&bytes[1..7])?;
        let counter = u64::from_be_bytes(bytes[7..].try_into().ok()?);
        Some(Self { kind, writer, counter })
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Writer { node, incarnation } = self.writer;
        write!(f, "{}{}-{}-{}", self.kind.letter(), node.0, incarnation.0, self.counter)
    }
}

/// The text is not an id such as `j3-1-42`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id: expected a letter and three numbers, as in j3-1-42")]
pub struct InvalidId;

impl From<ParseIntError> for InvalidId {
    fn from(_: ParseIntError) -> Self {
        Self
    }
}

impl FromStr for DocumentId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let (kind, rest) = if let Some(rest) = text.strip_prefix('j') {
            (DocumentKind::Job, rest)
        } else {
            (DocumentKind::SignUp, text.strip_prefix('s').ok_or(InvalidId)?)
        };
        let mut parts = rest.splitn(3, '-');
        let mut part = || parts.next().ok_or(InvalidId);
        let writer = Writer::new(part()?.parse()?, part()?.parse()?);
        let counter = part()?.parse()?;
        Ok(Self { kind, writer, counter })
    }
}

/// A worker's pseudonym: 128-bit keyed hash of the normalised phone or card number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerId(pub [u8; 16]);

/// An employer or agency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(pub u32);

/// The unit of interest: (tenant, region, bucket), hashed to 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(pub u64);

impl TopicId {
    /// The first 8 bytes of the BLAKE3 hash over the three parts.
    #[must_use]
    pub fn of(tenant: TenantId, region: &str, bucket: u16) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("dayshift topic v1");
        hasher.update(&tenant.0.to_be_bytes());
        hasher.update(&bucket.to_be_bytes());
        hasher.update(region.as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        // SQLite integers are signed: keep the top bit clear so that order and text agree.
        Self(u64::from_be_bytes(first) >> 1)
    }
}

/// Number of virtual shards of the hub's key space.
pub const VSHARDS: u16 = 1024;

/// The unit of storage and sequence at the hub, below [`VSHARDS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VshardId(pub u16);

impl VshardId {
    /// Where a topic lives when the directory does not say otherwise.
    #[must_use]
    pub const fn of(topic: TopicId) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "the remainder is below 1024")]
        Self((topic.0 % VSHARDS as u64) as u16)
    }

    /// Where the hub keeps what concerns a node and no topic.
    #[must_use]
    pub const fn of_node(node: NodeId) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "the remainder is below 1024")]
        Self((node.0 % VSHARDS as u32) as u16)
    }
}

macro_rules! cbor_as_bytes {
    ($type:ty, $from:expr) => {
        impl<C> minicbor::Encode<C> for $type {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.bytes(&self.to_bytes())?.ok()
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $type {
            fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
                $from(d.bytes()?).ok_or_else(|| minicbor::decode::Error::message("not an id"))
            }
        }
    };
}

impl WorkerId {
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.try_into().ok()?))
    }

    /// The pseudonym of a phone or card number: keyed BLAKE3 under the region key, over the digits alone.
    #[must_use]
    pub fn of_phone(region_key: &[u8; 32], phone: &str) -> Self {
        let digits: Vec<u8> = phone.bytes().filter(u8::is_ascii_digit).collect();
        let mut id = [0; 16];
        id.copy_from_slice(&blake3::keyed_hash(region_key, &digits).as_bytes()[..16]);
        Self(id)
    }
}

cbor_as_bytes!(Writer, Writer::from_bytes);
cbor_as_bytes!(DocumentId, DocumentId::from_bytes);
cbor_as_bytes!(WorkerId, WorkerId::from_bytes);
