//! How far a client has seen documents: nobody reads older than what he wrote or read, also after moving to another node.
//!
//! A bookmark is a list of marks. One names a document, somebody who has written it, and how many changes of that writer it had
//! when the client was answered; or a job and the version of the hub's row about its seats. A node has caught up once it has
//! as many, and as late a version, of each.

use std::{fmt, str::FromStr};
use sync_protocol::{
    ids::{DocumentId, DocumentKind, JobId, VshardId, Writer},
    mutant::{self, Mutant},
};
use sync_store::{ShardTx, StoreError};

/// Marks that a bookmark holds; the oldest go where there are more. A crew's are ten.
pub const MARKS_MAX: usize = 16;

/// A place in a history, as text `s3-1-42@3.1:2` or `j3-1-42@hub:7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// So many changes of a writer are in the document.
    Changes(DocumentId, Writer, u64),
    /// The hub's row about a job's seats has this version.
    Seats(JobId, u32),
}

/// The text is no bookmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a bookmark: expected at most {MARKS_MAX} marks such as s3-1-42@3.1:2 or j3-1-42@hub:7, separated by commas"
)]
pub struct InvalidBookmark;

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changes(doc, writer, changes) => write!(f, "{doc}@{writer}:{changes}"),
            Self::Seats(job, version) => write!(f, "{job}@hub:{version}"),
        }
    }
}

impl Mark {
    fn parse(text: &str) -> Option<Self> {
        let (doc, rest) = text.split_once('@')?;
        let (writer, count) = rest.split_once(':')?;
        let doc: DocumentId = doc.parse().ok()?;
        if writer == "hub" {
            return (doc.kind == DocumentKind::Job).then_some(Self::Seats(doc, count.parse().ok()?));
        }
        let (node, incarnation) = writer.split_once('.')?;
        let writer = Writer::new(node.parse().ok()?, incarnation.parse().ok()?);
        Some(Self::Changes(doc, writer, count.parse().ok()?))
    }

    /// The later one of two marks of one history; `None` of two histories.
    fn later(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Changes(doc, writer, count), Self::Changes(of, by, other)) => {
                (doc == of && writer == by).then(|| Self::Changes(doc, writer, count.max(other)))
            }
            (Self::Seats(job, version), Self::Seats(of, other)) => {
                (job == of).then(|| Self::Seats(job, version.max(other)))
            }
            (Self::Changes(..), Self::Seats(..)) | (Self::Seats(..), Self::Changes(..)) => None,
        }
    }

    /// Whether this node has what it names.
    fn is_reached(self, tx: &mut dyn ShardTx) -> Result<bool, StoreError> {
        match self {
            Self::Changes(doc, writer, needed) => {
                let Some(vshard) = vshard_of(tx, doc)? else { return Ok(false) };
                let stored = tx.document(vshard, doc)?;
                Ok(stored.is_some_and(|stored| stored.document.changes_of(writer) >= needed))
            }
            Self::Seats(job, needed) => {
                let Some(vshard) = tx.vshard_of(job)? else { return Ok(false) };
                Ok(tx.node_job(vshard, job)?.is_some_and(|(_, said)| said.version >= needed))
            }
        }
    }
}

fn vshard_of(tx: &mut dyn ShardTx, doc: DocumentId) -> Result<Option<VshardId>, StoreError> {
    match doc.kind {
        DocumentKind::Job => tx.vshard_of(doc),
        DocumentKind::SignUp => Ok(tx.sign_up(doc)?.map(|row| row.vshard)),
    }
}

/// Marks, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bookmark(Vec<Mark>);

impl fmt::Display for Bookmark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let marks: Vec<String> = self.0.iter().map(Mark::to_string).collect();
        f.write_str(&marks.join(","))
    }
}

impl FromStr for Bookmark {
    type Err = InvalidBookmark;

    fn from_str(text: &str) -> Result<Self, InvalidBookmark> {
        // Read no further than what may be in it.
        let marks = text.splitn(MARKS_MAX + 1, ',').map(Mark::parse).collect::<Option<Vec<_>>>();
        marks.filter(|marks| marks.len() <= MARKS_MAX).map(Self).ok_or(InvalidBookmark)
    }
}

impl Bookmark {
    /// How far a document has come here; empty where nothing of it is here.
    ///
    /// # Errors
    /// The store's.
    pub fn of(tx: &mut dyn ShardTx, doc: DocumentId) -> Result<Self, StoreError> {
        let Some(vshard) = vshard_of(tx, doc)? else { return Ok(Self::default()) };
        let Some(stored) = tx.document(vshard, doc)? else { return Ok(Self::default()) };
        let writers = stored.document.writers().rev().take(MARKS_MAX);
        let mut marks: Vec<_> = writers.map(|(writer, count)| Mark::Changes(doc, writer, count)).collect();
        marks.reverse();
        Ok(Self(marks))
    }

    /// The hub's row about a job's seats has this version.
    #[must_use]
    pub fn of_seats(job: JobId, version: u32) -> Self {
        Self(vec![Mark::Seats(job, version)])
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this node has all that it names.
    ///
    /// # Errors
    /// The store's.
    pub fn is_reached(&self, tx: &mut dyn ShardTx) -> Result<bool, StoreError> {
        for mark in &self.0 {
            if !mutant::is(Mutant::BookmarkUnread) && !mark.is_reached(tx)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Names also what an earlier one named: what is given to its client in the place of that one.
    pub fn join(&mut self, earlier: &Self) {
        let mut older = earlier.0.clone();
        for mark in &mut self.0 {
            older.retain(|other| match mark.later(*other) {
                Some(later) => {
                    *mark = later;
                    false
                }
                None => true,
            });
        }
        older.append(&mut self.0);
        older.drain(..older.len().saturating_sub(MARKS_MAX));
        self.0 = older;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bookmark_is_read_as_it_was_written() {
        for text in ["s3-1-42@3.1:2", "s3-1-42@0.1:1,s3-1-42@3.1:2", "s3-1-42@3.1:2,j3-1-7@hub:5"] {
            assert_eq!(text.parse::<Bookmark>().unwrap().to_string(), text);
        }
        let too_many = vec!["s3-1-42@3.1:2"; MARKS_MAX + 1].join(",");
        for wrong in [
            "",
            "s3-1-42",
            "s3-1-42@",
            "s3-1-42@3.1",
            "s3-1-42@3:2",
            "x3-1-42@3.1:2",
            "s3-1-42@3.1:-2",
            "s3-1-42@3.99999:2",
            "s3-1-42@hub:2",
            "s3-1-42@3.1:2,",
            &too_many,
        ] {
            assert_eq!(wrong.parse::<Bookmark>(), Err(InvalidBookmark), "{wrong}");
        }
    }

    fn check(earlier: &str, later: &str, both: &str) {
        let mut joined: Bookmark = later.parse().unwrap();
        joined.join(&earlier.parse().unwrap());
        assert_eq!(joined.to_string(), both, "{earlier} and {later}");
    }

    #[test]
    fn what_a_client_had_seen_before_stays_in_its_bookmark() {
        check("s3-1-1@3.1:1", "s3-1-2@3.1:1", "s3-1-1@3.1:1,s3-1-2@3.1:1");
        check("s3-1-1@3.1:1,s3-1-2@3.1:1", "s3-1-1@3.1:2", "s3-1-2@3.1:1,s3-1-1@3.1:2");
        check("s3-1-1@3.1:5", "s3-1-1@3.1:2", "s3-1-1@3.1:5");
        check("s3-1-1@3.1:1", "s3-1-1@4.1:1", "s3-1-1@3.1:1,s3-1-1@4.1:1");
        check("j3-1-1@3.1:1", "j3-1-1@hub:4", "j3-1-1@3.1:1,j3-1-1@hub:4");
        check("j3-1-1@hub:3", "j3-1-1@hub:4", "j3-1-1@hub:4");
        let many: Vec<String> = (0..MARKS_MAX).map(|n| format!("s3-1-{n}@3.1:1")).collect();
        check(&many.join(","), "s3-1-99@3.1:1", &format!("{},s3-1-99@3.1:1", many[1..].join(",")));
    }
}
