//! The opaque text by which a client asks for the next page.
//!
//! It holds the rank key of the last candidate seen, so that inserts and removals never shift a page, the widening that the
//! first page needed, and a hash of the query that it belongs to.

use super::{rank::RankKey, run::Widened};
use std::{fmt, str::FromStr};
use sync_protocol::ids::JobId;

const BYTES: usize = 45;
const VERSION: u8 = 1;
const ANY_TERM: u8 = 1;
const RADIUS: u8 = 2;

/// Where a page ended, bound to its query; parsed from and displayed as opaque text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PageToken {
    pub(super) query_hash: u64,
    pub(super) widened: Option<Widened>,
    pub(super) after: RankKey,
}

/// The text is not a page token that any node gave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a page token")]
pub struct InvalidPageToken;

impl fmt::Display for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Widened { radius_m, any_term } = self.widened.unwrap_or_default();
        let radius = radius_m.map_or(0, |_| RADIUS);
        write!(f, "{VERSION:02x}{:02x}", radius | if any_term { ANY_TERM } else { 0 })?;
        write!(f, "{:08x}{:016x}", radius_m.unwrap_or(0), self.query_hash)?;
        write!(f, "{:016x}{:016x}", self.after.first, self.after.second)?;
        self.after.job.to_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for PageToken {
    type Err = InvalidPageToken;

    fn from_str(text: &str) -> Result<Self, InvalidPageToken> {
        parse(text).ok_or(InvalidPageToken)
    }
}

fn parse(text: &str) -> Option<PageToken> {
    let bytes = unhex(text)?;
    let (head, job) = bytes.split_at(BYTES - 15);
    let number = |from: usize| head.get(from..from + 8)?.try_into().ok().map(u64::from_be_bytes);
    let (version, flags) = (head[0], head[1]);
    if version != VERSION || flags > (ANY_TERM | RADIUS) {
        return None;
    }
    let radius_m = u32::from_be_bytes(head.get(2..6)?.try_into().ok()?);
    if flags & RADIUS == 0 && radius_m != 0 {
        return None;
    }
    let widened = (flags != 0).then_some(Widened {
        radius_m: (flags & RADIUS != 0).then_some(radius_m),
        any_term: flags & ANY_TERM != 0,
    });
    let after = RankKey { first: number(14)?, second: number(22)?, job: JobId::from_bytes(job)? };
    Some(PageToken { query_hash: number(6)?, widened, after })
}

fn unhex(text: &str) -> Option<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    if text.len() != 2 * BYTES {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

fn nibble(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'f' => Some(letter - b'a' + 10),
        _ => None,
    }
}
