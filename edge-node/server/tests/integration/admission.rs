//! Plugins that say who may take a place, in the folder of a running node.

use crate::{
    admitting::hostile_admitter,
    node::{Answer, Node, TENANT_KEY},
};
use serde_json::{Value, json};
use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugins/shipped/rest-hours.wasm");
const SPANISH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../pages/locales/extra/es.ftl");
/// The job about which the plugins of these tests misbehave pays so much.
const BAD_PAY: u32 = 13;

fn told(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

/// Starts a node that has these files among its plugins.
fn start(name: &str, put: impl FnOnce(&Path)) -> Node {
    Node::start_prepared(name, |folder| {
        let plugins = folder.join("plugins");
        fs::create_dir_all(&plugins).unwrap();
        put(&plugins);
        Vec::new()
    })
}

fn start_with_rest_hours(name: &str) -> Node {
    start(name, |plugins| {
        fs::copy(SHIPPED, plugins.join("rest-hours.wasm")).unwrap();
    })
}

/// Posts a job of one day of 2099 from one hour to another; its id.
fn job(node: &Node, (day, from, to): (u32, u32, u32), seats: u32, pay: u32) -> String {
    let at = |hour: u32| format!("2099-01-{day:02}T{hour:02}:00:00Z");
    let job = json!({
        "title": "分拣员", "start_at": at(from), "end_at": at(to), "pay_minor": pay, "currency": "CNY",
        "pay_unit": "hour", "pay_minor_per_hour": pay, "seats": seats, "lat": 30.315, "lon": 120.275
    });
    let made = node.post_job(TENANT_KEY, &job);
    assert_eq!(made.status, 201, "{made:?}");
    told(&made)["id"].as_str().unwrap().to_owned()
}

fn sign_up(node: &Node, job: &str, n: u32) -> Answer {
    let body = json!({ "job": job, "phone": format!("1390000{n:04}") });
    node.post("/v1/sign_ups", ("Idempotency-Key", &format!("{job} {n}")), &body)
}

fn id(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{answer:?}");
    told(answer)["id"].as_str().unwrap().to_owned()
}

fn refused(answer: &Answer, status: u16, problem: &str) {
    assert_eq!((answer.status, answer.problem()), (status, format!("/problems/{problem}")), "{answer:?}");
}

/// The value of a metric's line.
fn metric(node: &Node, line: &str) -> u64 {
    let page = node.get("/metrics").body;
    let value = page.lines().find_map(|found| found.strip_prefix(line));
    value.map_or(0, |value| value.trim().parse().unwrap())
}

/// Asks until the node shows its plugins as expected.
fn until_plugins(node: &Node, expected: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let shown = told(&node.get("/v1/node"));
        let plugins = shown["plugins"].as_array().unwrap();
        if expected(plugins) {
            return plugins.clone();
        }
        assert!(Instant::now() < end, "{plugins:?}");
    }
}

#[test]
fn hours_of_rest_are_asked_for_from_the_first_sign_up_on_and_said_in_the_workers_language() {
    let mut node = start("rest-hours", |plugins| {
        fs::copy(SHIPPED, plugins.join("rest-hours.wasm")).unwrap();
        let languages = plugins.with_file_name("languages");
        fs::create_dir_all(&languages).unwrap();
        fs::copy(SPANISH, languages.join("es.ftl")).unwrap();
    });
    let (day, next) = (job(&node, (1, 6, 14), 2, 2_500), job(&node, (1, 20, 23), 9, 2_500));
    let later = job(&node, (2, 2, 9), 2, 2_500);
    id(&sign_up(&node, &day, 1), 201);
    // Also right after a power cut: nobody is signed up before the folder was read.
    node.halt();
    node.restart();
    let denied = sign_up(&node, &next, 1);
    refused(&denied, 409, "not-admitted");
    let problem = told(&denied);
    let words = "There must be 11 hours of rest between this job and another that you have";
    assert_eq!(problem["detail"], words);
    assert_eq!((&problem["rule"]["plugin"], &problem["rule"]["reason"]), (&json!("rest-hours"), &json!(1)));
    assert_eq!(problem["rule"]["words"]["en"], words);
    for (lang, said) in [("en", words), ("zh", "休息不足 11 小时"), ("es", "11 horas de descanso")] {
        let form = [("job", next.as_str()), ("idempotency", lang), ("phone", "13900000001")];
        let page = node.post_form(&format!("/sign_up?lang={lang}"), &form);
        assert!(page.status == 409 && page.body.contains(said), "{lang}: {page:?}");
    }
    id(&sign_up(&node, &later, 1), 201);
    id(&sign_up(&node, &next, 2), 201);
    assert_eq!(metric(&node, "dayshift_admissions_total{outcome=\"Denied\"}"), 4);
    assert_eq!(metric(&node, "dayshift_admission_failures_total{plugin=\"rest-hours\"}"), 0);
    let problem = node.get("/problems/not-admitted");
    assert!(problem.status == 200 && problem.body.contains("rule says why"), "{problem:?}");
}

#[test]
fn a_place_that_comes_up_is_given_to_the_next_whom_the_rule_admits_and_the_ticket_says_why() {
    let node = start_with_rest_hours("rest-line");
    let (wanted, other) = (job(&node, (1, 6, 14), 1, 2_500), job(&node, (1, 20, 23), 2, 2_500));
    let held = sign_up(&node, &wanted, 1);
    let holder = id(&held, 201);
    let waiting = sign_up(&node, &wanted, 2);
    let (waits, waiting) = (id(&waiting, 202), told(&waiting));
    let next = id(&sign_up(&node, &wanted, 3), 202);
    id(&sign_up(&node, &other, 2), 201);
    let proof = json!({ "phone": "13900000001", "code": told(&held)["code"] });
    assert_eq!(node.post(&format!("/v1/sign_ups/{holder}:cancel"), ("Accept", "*/*"), &proof).status, 200);
    let stands = |id: &str| told(&node.get(&format!("/v1/sign_ups/{id}")));
    let ended = stands(&waits);
    assert_eq!(
        (&ended["status"], &ended["reason"]),
        (&json!("cancelled"), &json!("not-admitted")),
        "{ended}"
    );
    assert_eq!(stands(&next)["status"], "confirmed");
    let code = waiting["code"].as_str().unwrap();
    let find = node.post_form("/mine?lang=en", &[("code", code)]);
    let ticket = node.get(find.header("location").unwrap()).body;
    assert!(ticket.contains("a rule keeps you from this job"), "{ticket}");
}

#[test]
fn a_crew_learns_which_of_its_members_is_kept_out() {
    let node = start_with_rest_hours("rest-crew");
    let (wanted, other) = (job(&node, (1, 6, 14), 3, 2_500), job(&node, (1, 20, 23), 2, 2_500));
    id(&sign_up(&node, &other, 2), 201);
    let phones = ["13900000001", "13900000002"];
    let crew = json!({ "job": wanted, "phones": phones });
    let denied = node.post("/v1/crews", ("Idempotency-Key", "crew"), &crew);
    refused(&denied, 409, "not-admitted");
    let problem = told(&denied);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.starts_with("member 2 may not take this place: There must be 11 hours"), "{detail}");
    assert_eq!(problem["rule"]["plugin"], "rest-hours");
    let form = node.get(&format!("/crew?job={wanted}&lang=en"));
    let key = form.field("idempotency").to_owned();
    let list =
        [("job", wanted.as_str()), ("idempotency", &key), ("member", phones[0]), ("member", phones[1])];
    for press in ["go", "alone"] {
        let page = node.post_form(&form.action(), &[&list[..], &[(press, "1")]].concat());
        let said = "Number 2 on the list: There must be 11 hours of rest";
        assert!(page.status == 409 && page.body.contains(said), "{press}: {page:?}");
    }
}

#[test]
fn an_operator_sets_the_hours_while_the_node_runs_and_a_slip_changes_nothing() {
    let node = start_with_rest_hours("rest-settings");
    let (day, next) = (job(&node, (1, 6, 14), 9, 2_500), job(&node, (1, 20, 23), 9, 2_500));
    id(&sign_up(&node, &day, 1), 201);
    let settings = node.folder().join("plugins/rest-hours.toml");
    fs::write(&settings, "hours = 1000").unwrap();
    let plugins = until_plugins(&node, |plugins| plugins.len() == 2);
    let refusal = plugins.iter().find(|plugin| plugin["state"] == "refused").unwrap();
    let reason = refusal["reason"].as_str().unwrap();
    assert!(reason.contains("hours is 1000: write a whole number from 1 to 72"), "{reason}");
    refused(&sign_up(&node, &next, 1), 409, "not-admitted");
    fs::write(&settings, "hours = 6").unwrap();
    until_plugins(&node, |plugins| plugins.len() == 1 && plugins[0]["state"] == "active");
    id(&sign_up(&node, &next, 1), 201);
}

#[test]
fn a_plugin_that_fails_is_counted_and_shown_and_does_as_it_said() {
    for (name, body, on_failure) in
        [("traps", "unreachable", 1), ("hangs", "(loop (br 0))", 1), ("traps-open", "unreachable", 0)]
    {
        let node = start(&format!("rule-{name}"), |plugins| {
            fs::write(plugins.join("hostile.wasm"), hostile_admitter(body, on_failure)).unwrap();
        });
        let (bad, good) = (job(&node, (1, 6, 14), 9, BAD_PAY), job(&node, (1, 6, 14), 9, 2_500));
        id(&sign_up(&node, &good, 20), 201);
        for n in 1..=3 {
            let answer = sign_up(&node, &bad, n);
            if on_failure == 0 {
                id(&answer, 201);
                continue;
            }
            refused(&answer, 503, "rule-unanswered");
            assert_eq!(answer.header("retry-after"), Some("5"));
            assert!(told(&answer)["detail"].as_str().unwrap().contains("the rule hostile"), "{answer:?}");
        }
        assert_eq!(metric(&node, "dayshift_admission_failures_total{plugin=\"hostile\"}"), 3, "{name}");
        let unanswered = metric(&node, "dayshift_admissions_total{outcome=\"Unanswered\"}");
        assert_eq!(unanswered, if on_failure == 0 { 0 } else { 3 }, "{name}");
        until_plugins(&node, |plugins| plugins[0]["state"] == "failing");
        // Left out: what it would have answered is not known any more, and nobody waits for it.
        let begin = Instant::now();
        let answer = sign_up(&node, &good, 21);
        assert!(begin.elapsed() < Duration::from_secs(5));
        if on_failure == 0 {
            id(&answer, 201);
            continue;
        }
        refused(&answer, 503, "rule-unanswered");
        let form = [("job", good.as_str()), ("idempotency", "form"), ("phone", "13900000021")];
        let page = node.post_form("/sign_up?lang=en", &form);
        assert!(page.status == 503 && page.body.contains("cannot check a rule just now"), "{page:?}");
        // The operator takes it out.
        fs::remove_file(node.folder().join("plugins/hostile.wasm")).unwrap();
        until_plugins(&node, <[Value]>::is_empty);
        id(&sign_up(&node, &good, 21), 201);
    }
}
