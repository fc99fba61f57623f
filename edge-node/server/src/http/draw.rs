//! `GET /v1/jobs/{id}/draw`: what anybody needs to check the draw of a job's wait list.

use super::{Problem, jobs::rfc3339, sign_ups::job_of};
use crate::app::App;
use axum::{
    Json,
    extract::{Path, State},
};
use edge_core::node::JobView;
use serde::Serialize;

/// A public draw. The order of two sign-ups is that of BLAKE3 over the seed and the 15 bytes of the id: kind (2), node
/// (4 bytes), incarnation (2), counter (8), big endian.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct DrawJson {
    job: String,
    /// When it is held, or was.
    draw_at: String,
    /// BLAKE3 hash of the seed, in hex, which the hub publishes when it first hears of the job; none before that.
    commitment: Option<String>,
    /// The seed in hex, published with the draw; none before it.
    seed: Option<String>,
    /// How many were drawn.
    count: u32,
    /// Sign-ups in the order in which they were drawn, the first 1,000.
    drawn: Vec<String>,
}

fn hex(bytes: [u8; 32]) -> String {
    blake3::Hash::from_bytes(bytes).to_hex().to_string()
}

impl DrawJson {
    /// `None` where nothing is drawn.
    fn of(view: &JobView) -> Option<Self> {
        let draw = &view.draw;
        Some(Self {
            job: view.job.to_string(),
            draw_at: rfc3339(view.fields.draw_at()?),
            commitment: draw.commitment.map(hex),
            seed: draw.seed.map(hex),
            count: draw.count,
            drawn: draw.drawn.iter().map(ToString::to_string).collect(),
        })
    }
}

/// Reads the draw of a job, for `dayshift jobs draw verify` or a check of one's own.
#[utoipa::path(get, path = "/v1/jobs/{id}/draw",
    params(("id" = String, Path, description = "A job's id.", example = "j0-1-1024")),
    responses((status = 200, body = DrawJson),
        (status = 404, body = Problem, description = "`unknown-job`, also where nothing is drawn.")))]
pub(crate) async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Json<DrawJson>, Problem> {
    let unknown = || Problem::new("unknown-job", format!("no job {id} here"));
    let view = app.shared.views([job_of(&id)?])?.pop().flatten().ok_or_else(unknown)?;
    let undrawn = || Problem::new("unknown-job", format!("the wait list of {id} is not drawn"));
    DrawJson::of(&view).map(Json).ok_or_else(undrawn)
}
