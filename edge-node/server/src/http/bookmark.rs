//! `Dayshift-Bookmark`: nobody reads older than what he wrote or read, also after moving to another node.
//!
//! What a bookmark says is [`edge_core::bookmark`]'s. Answers about documents carry one; a read that shows one waits for what it
//! names until this node's index shows it as well, and the answer's own names that too.

use super::Problem;
use crate::{app::App, limits::BOOKMARK_WAIT};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method},
    middleware::Next,
    response::{IntoResponse, Response},
};
use edge_core::bookmark::Bookmark;
use sync_protocol::ids::{DocumentId, JobId};
use sync_store::StoreError;
use tokio::time::timeout;

const NAME: HeaderName = HeaderName::from_static("dayshift-bookmark");

fn read(headers: &HeaderMap) -> Option<Bookmark> {
    headers.get(&NAME)?.to_str().ok()?.parse().ok()
}

fn headers_of(bookmark: &Bookmark) -> HeaderMap {
    let value = (!bookmark.is_empty()).then(|| HeaderValue::try_from(bookmark.to_string()).ok()).flatten();
    value.map(|value| (NAME, value)).into_iter().collect()
}

/// The header of an answer about documents: read behind the answer itself, so that it names no less.
pub(super) fn header(app: &App, docs: impl IntoIterator<Item = DocumentId>) -> HeaderMap {
    let docs: Vec<DocumentId> = docs.into_iter().collect();
    let here = app.shared.readers.read(|tx| {
        let mut all = Bookmark::default();
        for doc in &docs {
            let mut one = Bookmark::of(tx, *doc)?;
            one.join(&all);
            all = one;
        }
        Ok::<_, StoreError>(all)
    });
    headers_of(&here.unwrap_or_default())
}

/// The header of an answer to a command that the hub carried out.
pub(super) fn of_seats(job: JobId, version: u32) -> HeaderMap {
    headers_of(&Bookmark::of_seats(job, version))
}

/// Lets a read with a bookmark wait until this node has what it names, and keeps in the answer's what the client has seen.
pub(super) async fn keep(State(app): State<App>, request: Request, next: Next) -> Response {
    if !request.headers().contains_key(&NAME) {
        return next.run(request).await;
    }
    let Some(given) = read(request.headers()) else {
        let detail = "Dayshift-Bookmark: send it as the node gave it, or leave it out";
        return Problem::new("bad-request", detail).into_response();
    };
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        match timeout(BOOKMARK_WAIT, caught_up(&app, &given)).await {
            Ok(Ok(())) => {}
            Ok(Err(problem)) => return problem.into_response(),
            Err(_) => {
                let detail = format!(
                    "this node has not heard of {given} yet; ask again, or at the node that wrote it"
                );
                return Problem::new("behind", detail).into_response();
            }
        }
    }
    let mut response = next.run(request).await;
    if let Some(mut bookmark) = read(response.headers()) {
        bookmark.join(&given);
        response.headers_mut().extend(headers_of(&bookmark));
    }
    response
}

/// Waits until the node has all of it, and its index shows what it has.
async fn caught_up(app: &App, bookmark: &Bookmark) -> Result<(), Problem> {
    let mut batches = app.shared.batches();
    let gone = || Problem::new("busy", "the node is stopping");
    loop {
        batches.mark_unchanged();
        if app.shared.readers.read(|tx| bookmark.is_reached(tx))? {
            // What was read may be of a batch that is committed and not published.
            let begun = app.shared.batches_begun();
            return batches.wait_for(|done| *done >= begun).await.map(drop).map_err(|_| gone());
        }
        batches.changed().await.map_err(|_| gone())?;
    }
}
