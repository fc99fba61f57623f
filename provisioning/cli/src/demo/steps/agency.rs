//! An agency posts a job at a node whose line is cut, and the job fills up there.

use crate::demo::cluster::Who;
use crate::demo::story::{Step, Story};
use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Created {
    id: String,
}

/// Posts a job with few seats at jiubao and signs people up until one has to wait.
pub(crate) fn run(story: &mut Story) -> Result<Step> {
    let seats = u64::from(story.people.between(2, 5));
    let start = Timestamp::from_second(Timestamp::now().as_second())? + SignedDuration::from_hours(24);
    let end = start + SignedDuration::from_hours(8);
    let body = json!({
        "title": "临时搬运 (loading, posted without a line)", "text": "示例 synthetic", "category": "loading",
        "place": "杭州市上城区九堡街道", "lat": 30.312, "lon": 120.272, "start_at": start.to_string(),
        "end_at": end.to_string(), "pay_minor": 2600, "currency": "CNY", "pay_unit": "hour",
        "pay_minor_per_hour": 2600, "seats": seats, "meal": true, "bed": false, "daily_pay": true,
        "language": "zh", "requirements": "",
    });
    let bearer = format!("Bearer {}", story.tenant_key);
    let api = story.cluster.node(Who::Jiubao).api()?;
    let headers = [("Authorization", bearer.as_str()), ("Idempotency-Key", "demo-job")];
    let Created { id } = api.post_with("/v1/jobs", &headers, &body).context("post a job")?;
    let confirmed = story.fill(Who::Jiubao, &id, seats)?;
    ensure!(confirmed == seats, "{confirmed} of {seats} seats were confirmed at the node that made them");
    let unknown = story.cluster.hub()?.seats(&id).is_err();
    ensure!(unknown, "the hub knows a job that was made behind a cut line");
    story.tell(&format!(
        "Meanwhile an agency posted a new job with {seats} seats at jiubao, its line still cut: \
         {confirmed} people were confirmed, the next one waits."
    ));
    Ok(Step::new().fact("seats", seats).fact("confirmed", confirmed))
}
