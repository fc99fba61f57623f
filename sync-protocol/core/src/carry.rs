//! A sync session as a file, for a node without a line: written on one side, carried by hand, read on the other.
//!
//! The frames are those of the wire. A node's file begins with its Hello and goes on with its Up frames; the hub's begins
//! with its Welcome and goes on with Down frames. Counters are cumulative and changes idempotent, so that a file may be
//! read twice, late, or beside a line that works. `docs/protocol.md` describes the bytes.
//!
//! Each block has a checksum that chains to the one before, and the author's log key signs the last: nobody on the way
//! can change, cut or mix files. Nothing of a file is used before [`Carry::verify`].

use crate::{
    ids::Writer,
    limits::{CARRY_BYTES_MAX, CARRY_FRAMES_MAX, FRAME_BYTES_MAX},
    wire::v1::{DownState, Frame, FrameError},
};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use minicbor::{Decode, Encode};

const MAGIC: [u8; 8] = *b"dscarry\n";
const VERSION: u8 = 1;
const LENGTH_BYTES: usize = 4;
const SUM_BYTES: usize = 8;
const SIGNATURE_BYTES: usize = 64;
/// Length zero, whether there is more, checksum, signature.
const END_BYTES: usize = LENGTH_BYTES + 1 + SUM_BYTES + SIGNATURE_BYTES;
/// A header names up to [`crate::limits::TOPICS_MAX`] cursors of at most 20 bytes.
const HEADER_BYTES_MAX: usize = 128 << 10;

/// Whose session a file carries, and who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Header {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub cluster: Vec<u8>,
    /// Who wrote and signed it: the node, or the hub.
    #[n(1)]
    pub author: Writer,
    /// The node whose session it is.
    #[n(2)]
    pub node: Writer,
    /// The certificate of the author's log key, opaque here: whoever reads checks it against the root key.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub certificate: Vec<u8>,
    /// In a file of the hub: the cursors from which its Down frames go on.
    #[n(4)]
    pub after: Vec<DownState>,
}

/// Why a file is not a carried session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CarryError {
    #[error("this is not a carried session")]
    NotOne,
    #[error("it has format version {0}, which this program does not know")]
    Version(u8),
    #[error("it has {0} bytes; at most {CARRY_BYTES_MAX} are allowed")]
    TooLong(usize),
    #[error("it has more than {CARRY_FRAMES_MAX} frames")]
    TooManyFrames,
    #[error("it is torn: it ends in block {block}, before its end mark; copy it again")]
    Torn { block: usize },
    #[error("it is damaged in block {block}; copy it again")]
    Damaged { block: usize },
    #[error("something follows its end mark")]
    Trailing,
    #[error("its header is malformed")]
    Header,
    #[error("it is not signed by the key that it names")]
    WrongSignature,
    #[error("it begins with another frame than its author's first")]
    FirstFrame,
    #[error("frame {number} of it cannot be read")]
    Frame { number: usize, source: FrameError },
}

/// A file under way.
#[derive(Debug)]
pub struct CarryWriter {
    bytes: Vec<u8>,
    sum: [u8; 32],
    frames: usize,
    bytes_max: usize,
}

impl CarryWriter {
    /// Begins a file of at most `bytes_max` bytes, and at most [`CARRY_BYTES_MAX`].
    #[must_use]
    pub fn new(header: &Header, bytes_max: usize) -> Self {
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        let mut writer = Self { bytes, sum: start(), frames: 0, bytes_max: bytes_max.min(CARRY_BYTES_MAX) };
        writer.block(&minicbor::to_vec(header).expect("writing to a Vec cannot fail"));
        writer
    }

    /// Adds a frame; false where it has no room any more, and then nothing was added.
    #[must_use]
    pub fn push(&mut self, frame: &Frame) -> bool {
        let frame = frame.encode();
        let room = self.bytes_max.saturating_sub(self.bytes.len() + END_BYTES + LENGTH_BYTES + SUM_BYTES);
        // The first frame says whose logs stand where: without it the file says nothing.
        if self.frames == CARRY_FRAMES_MAX || (frame.len() > room && self.frames > 0) {
            return false;
        }
        self.block(&frame);
        self.frames += 1;
        true
    }

    /// Ends and signs the file. `more` says that its author has more to tell than had room.
    #[must_use]
    pub fn finish(mut self, more: bool, key: &SigningKey) -> Vec<u8> {
        let end = [0, 0, 0, 0, u8::from(more)];
        self.sum = next(&self.sum, &end);
        self.bytes.extend_from_slice(&end);
        self.bytes.extend_from_slice(&self.sum[..SUM_BYTES]);
        self.bytes.extend_from_slice(&key.sign(&signed(&self.sum)).to_bytes());
        self.bytes
    }

    fn block(&mut self, content: &[u8]) {
        let length = u32::try_from(content.len()).expect("a block is shorter than 4 GiB").to_be_bytes();
        self.sum = next(&self.sum, &[&length, content].concat());
        self.bytes.extend_from_slice(&length);
        self.bytes.extend_from_slice(content);
        self.bytes.extend_from_slice(&self.sum[..SUM_BYTES]);
    }
}

fn start() -> [u8; 32] {
    *blake3::Hasher::new_derive_key("dayshift carry v1").update(&[VERSION]).finalize().as_bytes()
}

fn next(sum: &[u8; 32], bytes: &[u8]) -> [u8; 32] {
    *blake3::keyed_hash(sum, bytes).as_bytes()
}

fn signed(sum: &[u8; 32]) -> Vec<u8> {
    [b"dayshift carry v1".as_slice(), sum].concat()
}

/// A whole file, its checksums right. Its frames are unpacked one at a time, so that they take no more memory than one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carry<'a> {
    pub header: Header,
    /// Whether the author had more to tell than had room.
    pub more: bool,
    frames: Vec<&'a [u8]>,
    sum: [u8; 32],
    signature: [u8; SIGNATURE_BYTES],
}

impl<'a> Carry<'a> {
    /// Reads a file; every length is checked before memory is taken.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, CarryError> {
        if bytes.len() > CARRY_BYTES_MAX {
            return Err(CarryError::TooLong(bytes.len()));
        }
        let rest = bytes.strip_prefix(&MAGIC).ok_or(CarryError::NotOne)?;
        let (version, rest) = rest.split_first().ok_or(CarryError::Torn { block: 0 })?;
        if *version != VERSION {
            return Err(CarryError::Version(*version));
        }
        let mut blocks = Blocks { rest, sum: start(), number: 0 };
        let header = blocks.next(HEADER_BYTES_MAX)?.ok_or(CarryError::Header)?;
        let header = minicbor::decode(header).map_err(|_| CarryError::Header)?;
        let mut frames = Vec::new();
        while let Some(frame) = blocks.next(FRAME_BYTES_MAX)? {
            if frames.len() == CARRY_FRAMES_MAX {
                return Err(CarryError::TooManyFrames);
            }
            frames.push(frame);
        }
        let (more, signature) = blocks.end()?;
        Ok(Self { header, more, frames, sum: blocks.sum, signature })
    }

    /// Checks the author's signature. The caller has checked that `key` is certified for the header's author.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), CarryError> {
        let signature = Signature::from_bytes(&self.signature);
        key.verify_strict(&signed(&self.sum), &signature).map_err(|_| CarryError::WrongSignature)
    }

    /// The frames in order, each unpacked as it is asked for.
    pub fn frames(&self) -> impl Iterator<Item = Result<Frame, CarryError>> + '_ {
        self.frames.iter().zip(1..).map(|(frame, number)| {
            Frame::decode(frame).map_err(|source| CarryError::Frame { number, source })
        })
    }
}

struct Blocks<'a> {
    rest: &'a [u8],
    sum: [u8; 32],
    number: usize,
}

impl<'a> Blocks<'a> {
    fn take(&mut self, bytes: usize) -> Result<&'a [u8], CarryError> {
        let (taken, rest) =
            self.rest.split_at_checked(bytes).ok_or(CarryError::Torn { block: self.number })?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next block's content; `None` at the end mark, of which nothing but the length is taken.
    fn next(&mut self, bytes_max: usize) -> Result<Option<&'a [u8]>, CarryError> {
        let before = self.rest;
        let length = u32::from_be_bytes(self.take(LENGTH_BYTES)?.try_into().unwrap_or_default()) as usize;
        if length == 0 {
            return Ok(None);
        }
        if length > bytes_max {
            return Err(CarryError::Damaged { block: self.number });
        }
        let content = self.take(length)?;
        self.check(&before[..LENGTH_BYTES + length])?;
        self.number += 1;
        Ok(Some(content))
    }

    fn check(&mut self, covered: &[u8]) -> Result<(), CarryError> {
        self.sum = next(&self.sum, covered);
        if self.take(SUM_BYTES)? != &self.sum[..SUM_BYTES] {
            return Err(CarryError::Damaged { block: self.number });
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(bool, [u8; SIGNATURE_BYTES]), CarryError> {
        let more = self.take(1)?;
        self.check(&[&[0; LENGTH_BYTES], more].concat())?;
        let signature = self.take(SIGNATURE_BYTES)?;
        let signature = signature.try_into().map_err(|_| CarryError::Torn { block: self.number })?;
        if !self.rest.is_empty() {
            return Err(CarryError::Trailing);
        }
        match more {
            [0] => Ok((false, signature)),
            [1] => Ok((true, signature)),
            _ => Err(CarryError::Damaged { block: self.number }),
        }
    }
}
