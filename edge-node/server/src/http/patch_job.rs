//! `PATCH /v1/jobs/{id}`: a tenant changes a job of its own. Seats and closing are commands of the hub.

use super::{Problem, bookmark, jobs::JobJson, post_job, problem::FieldError, tenant::TenantScope};
use crate::app::App;
use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::HeaderMap,
};
use edge_core::node::{JobEdit, JobView};
use serde_json::{Map, Value, json};
use sync_protocol::{documents::JobFields, ids::JobId};

/// Changes a job: the fields that are given, by the rule of all posted jobs; the others stay. Times change before the start
/// alone.
#[utoipa::path(patch, path = "/v1/jobs/{id}", request_body(content = Object, description = "Any of the fields of `POST /v1/jobs` but `seats`, `reclaim_lost`, `wait_rule` and `draw_before_min`.", example = json!({"title": "Night sorter", "pay_minor": 2800})),
    params(("id" = String, Path, description = "Job id")),
    responses((status = 200, body = JobJson, headers(("Dayshift-Bookmark" = String, description = "See the beginning."))), (status = 400, body = Problem), (status = 401, body = Problem),
    (status = 404, body = Problem), (status = 409, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn change(
    State(app): State<App>,
    scope: TenantScope,
    Path(id): Path<String>,
    body: Result<Json<Value>, JsonRejection>,
) -> Result<(HeaderMap, Json<JobJson>), Problem> {
    let unknown = || Problem::new("unknown-job", format!("no job {id} of this tenant here"));
    let job: JobId = id.parse().map_err(|_| unknown())?;
    let Json(body) = body.map_err(|error| Problem::body(&error))?;
    let read = || app.shared.readers.read(|tx| scope.job(tx, job));
    let view = read()?.ok_or_else(unknown)?;
    let fields = merged(&app, &scope, &view, body)?;
    scope.edit(&app, JobEdit { tenant: scope.tenant, job, fields }).await?;
    Ok((bookmark::header(&app, [job]), Json(JobJson::of(&read()?.ok_or_else(unknown)?, None))))
}

/// The whole job as it is to be, held against the rule.
fn merged(app: &App, scope: &TenantScope, view: &JobView, body: Value) -> Result<JobFields, Problem> {
    let Value::Object(changes) = body else {
        return Err(Problem::fields(vec![FieldError {
            field: "body".to_owned(),
            reason: "wrong_type",
            detail: "is not a JSON object; /openapi.json describes it".to_owned(),
        }]));
    };
    let fixed = ["seats", "reclaim_lost", "wait_rule", "draw_before_min"];
    let fixed = fixed.into_iter().filter(|name| changes.contains_key(*name));
    let fixed: Vec<_> = fixed
        .map(|name| FieldError {
            field: name.to_owned(),
            reason: "unknown",
            detail: "is not changed here; POST /v1/jobs/{id}:set_cap changes the seats, and the rest stays as it was posted"
                .to_owned(),
        })
        .collect();
    if !fixed.is_empty() {
        return Err(Problem::fields(fixed));
    }
    let before = &view.fields;
    let times_stay = !changes.contains_key("start_at") && !changes.contains_key("end_at");
    let whole = Value::Object(overlaid(before, changes));
    // A shift that has begun keeps its times, and its other fields are judged as on the eve of it.
    let now = app.shared.now();
    let now = if times_stay { now.min(before.start_at - 1) } else { now };
    let fields = post_job::judged(scope, &app.shared.region, now, whole)?;
    Ok(JobFields { synthetic: before.synthetic, redated: before.redated, ..fields })
}

/// The job as the body that would post it, with the changes over it.
fn overlaid(before: &JobFields, changes: Map<String, Value>) -> Map<String, Value> {
    let time = super::jobs::rfc3339;
    let degrees = |e6: i32| f64::from(e6) / 1e6;
    let mut whole = Map::new();
    let mut put = |name: &str, value: Value| whole.insert(name.to_owned(), value);
    for (name, text) in [
        ("title", &before.title),
        ("text", &before.text),
        ("category", &before.category),
        ("place", &before.place),
        ("currency", &before.currency),
        ("language", &before.language),
        ("requirements", &before.requirements),
    ] {
        put(name, json!(text));
    }
    for (name, flag) in [("meal", before.meal), ("bed", before.bed), ("daily_pay", before.daily_pay)] {
        put(name, json!(flag));
    }
    put("start_at", json!(time(before.start_at)));
    put("end_at", json!(time(before.end_at)));
    put("pay_minor", json!(before.pay_minor));
    put("pay_unit", json!(before.pay_unit.as_str()));
    put("no_show_after_min", json!(before.no_show_after_min));
    // What an hour pays follows from the pay and the times, unless only other things change.
    if !["pay_minor", "pay_unit", "start_at", "end_at"].iter().any(|name| changes.contains_key(*name)) {
        put("pay_minor_per_hour", json!(before.pay_minor_per_hour));
    }
    if let Some((lat, lon)) = before.position {
        put("lat", json!(degrees(lat)));
        put("lon", json!(degrees(lon)));
    }
    put("seats", json!(1));
    whole.extend(changes);
    whole
}
