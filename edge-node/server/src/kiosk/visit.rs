//! Visits: what one person at the screen has opened, until they leave, are gone, or a time is over.
//!
//! Addresses of personal pages carry the token of a visit. "Next person" and the wipe of an idle page end it, so that
//! the same address opened from the browser's history shows nothing of the one before. A token is signed and dated: only
//! visits that were ended before their time are kept in memory.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{limits::ENDED_VISITS_MAX, person::Token};

const ID_BYTES: usize = 8;
const UNTIL_BYTES: usize = 8;
const TAG_BYTES: usize = 12;
const TOKEN_BYTES: usize = ID_BYTES + UNTIL_BYTES + TAG_BYTES;
/// Characters of a token, six bits each.
const TOKEN_CHARS: usize = (TOKEN_BYTES * 8).div_ceil(6);

/// One person's time at the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Visit([u8; ID_BYTES]);

/// The text of a token, as every address of a worker's visit carries it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Carried([u8; TOKEN_CHARS]);

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{}", char::from(*byte)))
    }
}

impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Carried")
    }
}

/// What an address says of the visit that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It names none.
    None,
    /// A visit that goes on.
    Live(Visit),
    /// A visit that is over, or a token that nobody here gave out.
    Over,
}

/// The visits of a node.
#[derive(Debug)]
pub(crate) struct Visits {
    key: [u8; 32],
    /// Visits that were ended, each until its last token has expired by itself (epoch seconds).
    ended: Mutex<BTreeMap<[u8; ID_BYTES], i64>>,
}

impl Visits {
    /// Visits whose tokens a restarted node still knows.
    pub(crate) fn new(region_key: &[u8; 32], node: u32) -> Self {
        let mut material = region_key.to_vec();
        material.extend(node.to_be_bytes());
        Self { key: blake3::derive_key("dayshift kiosk visit v1", &material), ended: Mutex::default() }
    }

    /// Begins a visit; fails where the machine has no random bytes.
    pub(crate) fn begin() -> Result<Visit, getrandom::Error> {
        let mut id = [0; ID_BYTES];
        getrandom::fill(&mut id)?;
        Ok(Visit(id))
    }

    /// Text that shows until `until` (epoch seconds) that its holder is on this visit.
    pub(crate) fn token(&self, visit: Visit, until: i64) -> String {
        let mut bytes = visit.0.to_vec();
        bytes.extend(until.to_be_bytes());
        bytes.extend(self.tag(&bytes));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The same text, in a form that is copied from address to address.
    pub(crate) fn carried(&self, visit: Visit, until: i64) -> Carried {
        let mut text = [0; TOKEN_CHARS];
        for (to, from) in text.iter_mut().zip(self.token(visit, until).bytes()) {
            *to = from;
        }
        Carried(text)
    }

    /// The log-in that belongs to a visit. It follows from this node's key, so that an address does not tell it.
    pub(crate) fn log_in(&self, visit: Visit) -> Token {
        let mut said = b"log-in ".to_vec();
        said.extend(visit.0);
        *blake3::keyed_hash(&self.key, &said).as_bytes()
    }

    /// Reads a token at `now` (epoch seconds); an empty text names no visit.
    pub(crate) fn read(&self, token: &str, now: i64) -> Seen {
        if token.is_empty() {
            return Seen::None;
        }
        match self.open(token) {
            Some((visit, until)) if now < until && !self.lock().contains_key(&visit.0) => Seen::Live(visit),
            Some(_) | None => Seen::Over,
        }
    }

    /// Ends the visit of a token that still runs; any other text changes nothing.
    pub(crate) fn end(&self, token: &str, now: i64, longest_s: i64) {
        if let Seen::Live(visit) = self.read(token, now) {
            let mut ended = self.lock();
            ended.retain(|_, until| now < *until);
            if ended.len() >= ENDED_VISITS_MAX
                && let Some(oldest) = ended.iter().min_by_key(|(_, until)| **until).map(|(id, _)| *id)
            {
                ended.remove(&oldest);
            }
            ended.insert(visit.0, now.saturating_add(longest_s));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<[u8; ID_BYTES], i64>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tag(&self, bytes: &[u8]) -> [u8; TAG_BYTES] {
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&blake3::keyed_hash(&self.key, bytes).as_bytes()[..TAG_BYTES]);
        tag
    }

    fn open(&self, token: &str) -> Option<(Visit, i64)> {
        let bytes: [u8; TOKEN_BYTES] = URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
        let (said, tag) = bytes.split_at(ID_BYTES + UNTIL_BYTES);
        let (id, until) = said.split_at(ID_BYTES);
        // Nobody can try out tags faster than over HTTP: a comparison of unequal length of time tells nothing of use.
        (self.tag(said) == *tag)
            .then_some((Visit(id.try_into().ok()?), i64::from_be_bytes(until.try_into().ok()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_764_000_000;

    fn visits() -> Visits {
        Visits::new(&[7; 32], 3)
    }

    #[test]
    fn a_visit_lives_until_its_time_or_its_end() {
        let visits = visits();
        let visit = Visits::begin().unwrap();
        let token = visits.token(visit, NOW + 45);
        assert_eq!(visits.read(&token, NOW), Seen::Live(visit));
        assert_eq!(visits.read(&token, NOW + 45), Seen::Over);
        assert_eq!(visits.carried(visit, NOW + 45).to_string(), token);
        assert_ne!(visits.log_in(visit), visits.log_in(Visits::begin().unwrap()));
        let later = visits.token(visit, NOW + 90);
        assert_eq!(visits.read(&later, NOW + 45), Seen::Live(visit), "who stays goes on");
        visits.end(&token, NOW + 1, 150);
        assert_eq!(visits.read(&later, NOW + 2), Seen::Over, "every token of the visit ends with it");
    }

    #[test]
    fn only_this_nodes_tokens_count() {
        let visits = visits();
        let visit = Visits::begin().unwrap();
        let token = visits.token(visit, NOW + 45);
        let other = Visits::new(&[7; 32], 4);
        assert_eq!(other.read(&token, NOW), Seen::Over);
        assert_eq!(Visits::new(&[7; 32], 3).read(&token, NOW), Seen::Live(visit), "after a restart");
        assert_eq!(visits.read("", NOW), Seen::None);
        for forged in ["x", "%", &token[1..], &format!("{token}A"), &token.replace(&token[..1], "-_")] {
            assert_eq!(visits.read(forged, NOW), Seen::Over, "{forged}");
            visits.end(forged, NOW, 150);
        }
        assert!(visits.lock().is_empty());
    }

    #[test]
    fn the_memory_of_ended_visits_is_bounded() {
        let visits = visits();
        for n in 0..ENDED_VISITS_MAX + 10 {
            let visit = Visit(u64::try_from(n).unwrap().to_be_bytes());
            let now = NOW + i64::try_from(n / 100).unwrap();
            visits.end(&visits.token(visit, now + 45), now, 150);
        }
        assert!(visits.lock().len() <= ENDED_VISITS_MAX);
        let last = Visits::begin().unwrap();
        visits.end(&visits.token(last, NOW + 1_045), NOW + 1_000, 150);
        assert_eq!(visits.lock().len(), 1, "what has expired by itself is forgotten");
    }
}
