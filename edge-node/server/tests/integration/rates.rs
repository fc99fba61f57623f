//! Who asks too often waits, and nobody else: tenants, devices and phone numbers are counted apart. The node's clock decides
//! nothing here: each bucket is emptied within a moment, and fills in minutes.

use crate::node::{Answer, Node, TENANT_KEY, small_job};
use serde_json::json;

/// How many requests it takes until one is refused for its rate, and that refusal.
fn let_through(ask: impl Fn(u32) -> Answer) -> (u32, Answer) {
    let refused = |n| Some((n, ask(n))).filter(|(_, told)| told.status == 429);
    (0..50).find_map(refused).expect("a refusal")
}

fn check(refused: &Answer, whose: &str, wait_s: std::ops::RangeInclusive<u64>) {
    assert_eq!(refused.problem(), "/problems/too-many-requests", "{refused:?}");
    assert!(refused.body.contains(whose), "{refused:?}");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!(wait_s.contains(&wait), "{refused:?}");
}

fn sign_up(node: &Node, job: &str, phone: &str, key: &str) -> Answer {
    node.post("/v1/sign_ups", ("Idempotency-Key", key), &json!({ "job": job, "phone": phone }))
}

#[test]
fn a_device_that_writes_too_often_is_told_when_to_come_again() {
    let node = Node::start_told("device-rate", &[("DAYSHIFT_DEVICE_WRITES_PER_MINUTE", "5")]);
    let job = small_job(&node, 1);
    let guess = |n| node.post("/v1/holds", ("Authorization", &format!("Bearer guess-{n}")), &json!({}));
    let (count, refused) = let_through(guess);
    assert_eq!(count, 5, "keys that nobody has make no new devices");
    check(&refused, "from this device", 1..=12);
    let large = node.post("/v1/sign_ups", ("Idempotency-Key", "a"), &json!({ "job": "x".repeat(60_000) }));
    check(&large, "from this device", 1..=12);
    assert_eq!(node.get("/v1/jobs").status, 200, "reading goes on");
    small_job(&node, 1);
    let (count, page) = let_through(|_| {
        let form = ("Content-Type", "application/x-www-form-urlencoded");
        let body = format!("job={job}&key=1");
        node.send("POST", "/sign_up?lang=en", &[form, ("Accept", "text/html")], body.as_bytes())
    });
    assert_eq!(count, 5, "the kiosk's pages have a bucket of their own");
    assert!(page.body.contains("</html>") && page.header("retry-after").is_some(), "{page:?}");
    let metrics = node.get("/metrics").body;
    assert!(metrics.contains("dayshift_rate_limited_total{by=\"Device\"} 3"), "{metrics}");
    let explained = node.get("/problems/too-many-requests");
    assert!(
        explained.status == 200 && explained.body.contains("--device-writes-per-minute"),
        "{explained:?}"
    );
}

#[test]
fn a_tenant_has_one_rate_for_its_programs_and_its_clerks() {
    let node = Node::start_told("tenant-rate", &[("DAYSHIFT_TENANT_WRITES_PER_MINUTE", "4")]);
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let entered = node.send("POST", "/agency/login", &[form], format!("key={TENANT_KEY}").as_bytes());
    let cookie = entered.text.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    small_job(&node, 1);
    small_job(&node, 1);
    let (count, page) =
        let_through(|_| node.send("POST", "/agency/rows", &[form, ("Cookie", &cookie)], b"csrf=x"));
    assert_eq!(count, 2, "{page:?}");
    let refused = node.post_job(TENANT_KEY, &json!({}));
    check(&refused, "of this tenant", 1..=15);
    assert_eq!(node.post_job("x", &json!({})).status, 401, "others go on");
}

#[test]
fn a_phone_number_is_counted_wherever_it_is_typed_and_a_retry_is_not() {
    let node = Node::start_told("phone-rate", &[("DAYSHIFT_PHONE_REQUESTS_PER_HOUR", "3")]);
    let job = small_job(&node, 9);
    let (own, other) = ("13900000001", "13900000002");
    for _ in 0..9 {
        assert_eq!(sign_up(&node, &job, own, "the same").status, 201, "a retry");
    }
    let (count, refused) = let_through(|n| sign_up(&node, &job, own, &format!("again {n}")));
    assert_eq!(count, 2, "{refused:?}");
    check(&refused, "this phone number", 1..=1_200);
    let hold = node.post("/v1/holds", ("Accept", "*/*"), &json!({ "job": job, "phone": own }));
    check(&hold, "this phone number", 1..=1_200);
    let crew = json!({ "job": job, "phones": [other, own] });
    check(&node.post("/v1/crews", ("Idempotency-Key", "crew"), &crew), "this phone number", 1..=1_200);
    assert_eq!(sign_up(&node, &job, other, "first").status, 201, "the crew's other member lost nothing");
    assert!(node.get("/metrics").body.contains("dayshift_rate_limited_total{by=\"Phone\"} 3"));
}
