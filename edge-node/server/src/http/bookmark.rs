//! `Dayshift-Bookmark`: nobody reads older than what he wrote, also after moving to another node.
//!
//! A bookmark names a document, the node that wrote it last for this client, and how many changes of that node it then had.
//! Another node has caught up once its copy has as many.

use super::Problem;
use crate::{app::App, limits::BOOKMARK_WAIT};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::fmt;
use sync_protocol::ids::{DocumentId, DocumentKind, VshardId, Writer};
use sync_store::{ShardTx, StoreError};
use tokio::time::timeout;

const NAME: HeaderName = HeaderName::from_static("dayshift-bookmark");

/// A place in the history of a document, as text `s3-1-42@3.1:2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bookmark {
    doc: DocumentId,
    writer: Writer,
    changes: u64,
}

impl fmt::Display for Bookmark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}:{}", self.doc, self.writer, self.changes)
    }
}

impl Bookmark {
    fn parse(text: &str) -> Option<Self> {
        let (doc, rest) = text.split_once('@')?;
        let (writer, changes) = rest.split_once(':')?;
        let (node, incarnation) = writer.split_once('.')?;
        let writer = Writer::new(node.parse().ok()?, incarnation.parse().ok()?);
        Some(Self { doc: doc.parse().ok()?, writer, changes: changes.parse().ok()? })
    }
}

fn vshard_of(tx: &mut dyn ShardTx, doc: DocumentId) -> Result<Option<VshardId>, StoreError> {
    match doc.kind {
        DocumentKind::Job => tx.vshard_of(doc),
        DocumentKind::SignUp => Ok(tx.sign_up(doc)?.map(|row| row.vshard)),
    }
}

/// How many changes of a writer this node has of a document.
fn changes(tx: &mut dyn ShardTx, doc: DocumentId, writer: Writer) -> Result<u64, StoreError> {
    let Some(vshard) = vshard_of(tx, doc)? else { return Ok(0) };
    Ok(tx.document(vshard, doc)?.map_or(0, |stored| stored.document.changes_of(writer)))
}

/// The header of an answer to a write; none where this node wrote nothing of the document itself.
pub(super) fn header(app: &App, doc: DocumentId) -> HeaderMap {
    let writer = app.shared.writer();
    let changes = app.shared.readers.read(|tx| changes(tx, doc, writer)).unwrap_or(0);
    let text = Bookmark { doc, writer, changes }.to_string();
    let value = (changes > 0).then(|| HeaderValue::try_from(text).ok()).flatten();
    value.map(|value| (NAME, value)).into_iter().collect()
}

/// Lets a read with a bookmark wait until this node has what it names.
pub(super) async fn wait(State(app): State<App>, request: Request, next: Next) -> Response {
    let given = request.headers().get(&NAME).filter(|_| request.method() == Method::GET);
    let Some(given) = given else { return next.run(request).await };
    let Some(bookmark) = given.to_str().ok().and_then(Bookmark::parse) else {
        let detail = "Dayshift-Bookmark: send it as the node gave it, or leave it out";
        return Problem::new("bad-request", detail).into_response();
    };
    match timeout(BOOKMARK_WAIT, caught_up(&app, bookmark)).await {
        Ok(Ok(())) => next.run(request).await,
        Ok(Err(problem)) => problem.into_response(),
        Err(_) => {
            let detail =
                format!("this node has not heard of {bookmark} yet; ask again, or at the node that wrote it");
            Problem::new("behind", detail).into_response()
        }
    }
}

async fn caught_up(app: &App, bookmark: Bookmark) -> Result<(), Problem> {
    let Bookmark { doc, writer, changes: needed } = bookmark;
    let mut batches = app.shared.batches();
    loop {
        batches.mark_unchanged();
        if app.shared.readers.read(|tx| changes(tx, doc, writer))? >= needed {
            return Ok(());
        }
        if batches.changed().await.is_err() {
            return Err(Problem::new("busy", "the node is stopping"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bookmark_is_read_as_it_was_written() {
        let bookmark = Bookmark {
            doc: DocumentId::sign_up(Writer::new(3, 1), 42),
            writer: Writer::new(3, 1),
            changes: 2,
        };
        assert_eq!(bookmark.to_string(), "s3-1-42@3.1:2");
        assert_eq!(Bookmark::parse("s3-1-42@3.1:2"), Some(bookmark));
        for wrong in [
            "",
            "s3-1-42",
            "s3-1-42@3.1",
            "s3-1-42@3:2",
            "x3-1-42@3.1:2",
            "s3-1-42@3.1:-2",
            "s3-1-42@3.99999:2",
        ] {
            assert_eq!(Bookmark::parse(wrong), None, "{wrong}");
        }
    }
}
