//! Who gets a freed place, as interface and pages tell it at a node whose line is cut.

use crate::node::{Answer, Node, TENANT_KEY, now, sign_up};
use serde_json::{Value, json};

fn api(node: &Node, method: &str, target: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer {TENANT_KEY}");
    let headers = [("Content-Type", "application/json"), ("Authorization", bearer.as_str())];
    node.send(method, target, &headers, body.to_string().as_bytes())
}

fn read(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

/// Posts a job of one seat that starts in `hours`, by a rule.
fn post(node: &Node, hours: u64, rule: &Value) -> Answer {
    let at = |hours: u64| {
        jiff::Timestamp::from_second(i64::try_from(now() + hours * 3_600).unwrap()).unwrap().to_string()
    };
    let mut job = json!({
        "title": "Sorter", "start_at": at(hours), "end_at": at(hours + 8), "pay_minor": 2_600,
        "currency": "CNY", "pay_unit": "hour", "seats": 1,
    });
    job.as_object_mut().unwrap().extend(rule.as_object().unwrap().clone());
    node.post_job(TENANT_KEY, &job)
}

#[test]
fn whoever_waits_for_a_draw_is_told_when_it_is_and_nothing_else() {
    let node = Node::start("draw");
    let posted = post(&node, 24, &json!({ "wait_rule": "lottery", "draw_before_min": 90 }));
    assert_eq!(posted.status, 201, "{posted:?}");
    let job = read(&posted)["id"].as_str().unwrap().to_owned();
    let shown = read(&node.get(&format!("/v1/jobs/{job}")));
    let draw_at = shown["draw_at"].as_str().unwrap().to_owned();
    let seconds = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_second();
    assert_eq!(seconds(shown["start_at"].as_str().unwrap()) - seconds(&draw_at), 90 * 60);
    assert_eq!(shown["wait_rule"], "lottery");

    assert_eq!(sign_up(&node, &job, 1).status, 201);
    let second = sign_up(&node, &job, 2);
    let told = read(&second);
    assert_eq!(
        (second.status, &told["position"], &told["wait_rule"]),
        (202, &Value::Null, &"lottery".into())
    );
    assert_eq!(told["draw_at"], draw_at.as_str());
    let code = told["code"].as_str().unwrap();
    let ticket = node.post_form("/mine?lang=en", &[("code", code)]);
    let page = node.get(ticket.header("location").unwrap());
    assert!(page.body.contains("In the draw") && page.body.contains("Places are drawn on"), "{page:?}");

    let draw = node.get(&format!("/v1/jobs/{job}/draw"));
    let draw = read(&draw);
    assert_eq!((&draw["draw_at"], &draw["seed"], &draw["count"]), (&draw_at.into(), &Value::Null, &0.into()));
    let roster = read(&api(&node, "GET", &format!("/v1/jobs/{job}/roster"), &json!({})));
    assert_eq!((&roster["wait_rule"], &roster["people"][1]["position"]), (&"lottery".into(), &Value::Null));

    let changed = api(&node, "PATCH", &format!("/v1/jobs/{job}"), &json!({ "wait_rule": "arrival" }));
    assert_eq!((changed.status, &read(&changed)["errors"][0]["field"]), (400, &"wait_rule".into()));
    let renamed = api(&node, "PATCH", &format!("/v1/jobs/{job}"), &json!({ "title": "Loader" }));
    assert_eq!((renamed.status, &read(&renamed)["wait_rule"]), (200, &"lottery".into()));
}

#[test]
fn a_job_that_is_not_drawn_has_no_draw() {
    let node = Node::start("undrawn");
    let posted = post(&node, 24, &json!({ "wait_rule": "seniority" }));
    let job = read(&posted)["id"].as_str().unwrap().to_owned();
    assert_eq!(node.get(&format!("/v1/jobs/{job}/draw")).problem(), "/problems/unknown-job");
    assert_eq!(node.get("/v1/jobs/j9-9-9/draw").problem(), "/problems/unknown-job");
    sign_up(&node, &job, 1);
    let told = read(&sign_up(&node, &job, 2));
    assert_eq!(
        (&told["position"], &told["wait_rule"], &told["draw_at"]),
        (&1.into(), &"seniority".into(), &Value::Null)
    );
    let late = post(&node, 1, &json!({ "wait_rule": "lottery", "draw_before_min": 90 }));
    assert_eq!((late.status, &read(&late)["errors"][0]["reason"]), (400, &"draw_wrong".into()));
    let soon = post(&node, 1, &json!({ "wait_rule": "lottery" }));
    assert_eq!(soon.status, 201, "halfway to the start: {soon:?}");
}
