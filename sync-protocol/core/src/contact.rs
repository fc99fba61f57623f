//! Numbers of contacts: what tells a node's disk from an older copy of it that has written nothing.
//!
//! The hub gives a number with each Welcome. The node keeps it durably before it applies anything else of that session,
//! shows it in its next Hello, and says that it holds it. Whoever shows a lower number than one that was held has an
//! older disk: a restored one, or one of two. A log needs a sign-up to differ; a number differs after one contact.

use crate::mutant::{self, Mutant};

/// What the hub remembers of an incarnation's contacts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contacts {
    /// The highest number that the node is known to hold.
    pub held: u64,
    /// The highest number that was given.
    pub given: u64,
}

/// The disk that says hello is older than one that was here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its disk is of contact {shown}, and one of contact {held} was here: a restored disk or a copy")]
pub struct OlderDisk {
    pub shown: u64,
    pub held: u64,
}

impl Contacts {
    /// The node shows the number that its disk holds, 0 where none was given; `given` of the answer is its next one.
    ///
    /// A number that was not given comes from before the hub's own restore: it is taken as it is.
    pub fn meet(self, shown: u64) -> Result<Self, OlderDisk> {
        if shown < self.held && !mutant::is(Mutant::RestoredUnnoticed) {
            return Err(OlderDisk { shown, held: self.held });
        }
        Ok(Self { held: shown.max(self.held), given: self.given.max(shown).saturating_add(1) })
    }

    /// The node holds a number durably. One that was not given says nothing.
    #[must_use]
    pub fn holds(self, number: u64) -> Self {
        if number > self.given { self } else { Self { held: self.held.max(number), ..self } }
    }
}
