//! What the node's HTTP interface holds off: malformed and oversize bodies, keys used twice, guessed ticket digits.

use crate::{
    kiosk::post_job,
    node::{Answer, Node, TENANT_KEY},
};

const JSON: (&str, &str) = ("Content-Type", "application/json");
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
/// The limit of a body, and one byte more.
const TOO_LARGE: usize = (64 << 10) + 1;

fn sign_up(node: &Node, key: &str, body: &[u8]) -> Answer {
    node.send("POST", "/v1/sign_ups", &[JSON, ("Idempotency-Key", key)], body)
}

fn wanted(job: &str, phone: &str) -> Vec<u8> {
    serde_json::json!({ "job": job, "phone": phone }).to_string().into_bytes()
}

#[test]
fn malformed_bodies_end_in_a_problem() {
    let node = Node::start("malformed");
    let deep = "[".repeat(60_000);
    let bodies: [&[u8]; 9] = [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{\"job\":7,\"phone\":[]}",
        b"{\"job\":\"j1-1-1\",\"phone\":\"13905712916\",\"more\":1}",
        b"{\"job\":\"\xff\xfe\",\"phone\":\"1\"}",
        &[0; 512],
        deep.as_bytes(),
    ];
    for body in bodies {
        let posted = node.post_job_text(TENANT_KEY, body);
        for answer in [sign_up(&node, "k", body), posted] {
            assert_eq!((answer.status, answer.problem().as_str()), (400, "/problems/bad-request"));
        }
    }
    assert_eq!(node.get("/livez").status, 200);
}

#[test]
fn a_wrong_job_is_told_all_that_is_wrong_with_it() {
    let node = Node::start("wrong-job");
    let job =
        serde_json::json!({ "title": "分拣员", "currency": "RMB", "pay_unit": "week", "pay_minor": 2_600 });
    let answer = node.post_job(TENANT_KEY, &job);
    assert_eq!((answer.status, answer.problem().as_str()), (400, "/problems/bad-request"));
    let problem: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    let errors = problem["errors"].as_array().unwrap();
    let named: Vec<_> = errors.iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(named, ["start_at", "end_at", "seats", "pay_unit", "currency"]);
    assert!(errors.iter().all(|error| !error["reason"].is_null() && !error["detail"].is_null()), "{problem}");
    assert_eq!(node.get("/v1/jobs").body.matches("\"id\"").count(), 0);
}

#[test]
fn interface_and_page_take_the_same_phone_numbers() {
    let node = Node::start("phones");
    let job = post_job(&node, 9);
    let form = |key: &str, phone: &str| {
        node.post_form("/sign_up?lang=en", &[("job", &job), ("idempotency", key), ("phone", phone)]).status
    };
    for (n, wrong) in ["1390571291", "139057129160", "2125550123", "139"].iter().enumerate() {
        let answer = sign_up(&node, &format!("k{n}"), &wanted(&job, wrong));
        assert_eq!((answer.status, answer.problem().as_str()), (400, "/problems/bad-request"), "{wrong}");
        assert!(
            answer.body.contains("11 digits") && answer.body.contains("\"field\":\"phone\""),
            "{answer:?}"
        );
        assert_eq!(form(&format!("f{n}"), wrong), 422, "{wrong}");
    }
    assert_eq!(sign_up(&node, "k", &wanted(&job, "+86 139 0571 2916")).status, 201);
    assert_eq!(sign_up(&node, "again", &wanted(&job, "13905712916")).status, 409, "the same person");
    assert_eq!(form("form", "139+0571+2917"), 303);
}

#[test]
fn oversize_bodies_are_refused() {
    let node = Node::start("oversize");
    let answer = sign_up(&node, "k", &vec![b' '; TOO_LARGE]);
    assert_eq!((answer.status, answer.problem().as_str()), (413, "/problems/too-large"));
    assert_eq!(node.send("POST", "/sign_up", &[FORM], &vec![b'a'; TOO_LARGE]).status, 413);
    assert_eq!(node.get("/livez").status, 200);
}

#[test]
fn an_unknown_job_is_a_problem() {
    let node = Node::start("unknown");
    let answers = [
        sign_up(&node, "k1", &wanted("j1-1-1", "13905712916")),
        sign_up(&node, "k2", &wanted("no id", "13905712916")),
        node.get("/v1/jobs/j1-1-1"),
        node.get("/v1/jobs/no-id"),
    ];
    for answer in answers {
        assert_eq!((answer.status, answer.problem().as_str()), (404, "/problems/unknown-job"));
    }
}

#[test]
fn a_key_stands_for_one_request() {
    let node = Node::start("keys");
    let (job, other) = (post_job(&node, 5), post_job(&node, 5));
    let missing = node.send("POST", "/v1/sign_ups", &[JSON], &wanted(&job, "13905712916"));
    assert_eq!((missing.status, missing.problem().as_str()), (400, "/problems/key-missing"));
    let long = sign_up(&node, &"k".repeat(129), &wanted(&job, "13905712916"));
    assert_eq!((long.status, long.problem().as_str()), (400, "/problems/bad-request"));

    let first = sign_up(&node, "key", &wanted(&job, "13905712916"));
    assert_eq!(first.status, 201, "{first:?}");
    assert_eq!(sign_up(&node, "key", &wanted(&job, "13905712916")).body, first.body);
    for body in [wanted(&other, "13905712916"), wanted(&job, "13905712917")] {
        let answer = sign_up(&node, "key", &body);
        assert_eq!((answer.status, answer.problem().as_str()), (422, "/problems/key-reused"));
    }
}

#[test]
fn ticket_digits_are_not_guessed() {
    let node = Node::start("guesses");
    let job = post_job(&node, 1);
    let ticket: serde_json::Value =
        serde_json::from_str(&sign_up(&node, "key", &wanted(&job, "13905712916")).body).unwrap();
    let code = ticket["code"].as_str().unwrap();
    let right = format!("/v1/sign_ups?code={code}");
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..30 {
        assert_eq!(node.get(&right).status, 200, "right digits cost nothing");
    }
    let answers: Vec<Answer> = (0..30).map(|_| node.get(&format!("/v1/sign_ups?code={wrong}"))).collect();
    // Thirty requests may take long enough for a try to come back.
    let let_through = answers.iter().filter(|answer| answer.status == 404).count();
    assert!((10..=12).contains(&let_through), "{let_through} tries were let through");
    let refused = answers.iter().find(|answer| answer.status == 429).expect("a refusal");
    assert_eq!(refused.problem(), "/problems/too-many-guesses");
    let wait_s: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=6).contains(&wait_s), "{wait_s}");

    // The pages share the bound, and the right digits wait as well: an answer would tell them apart.
    for (page, said) in [
        (
            node.send("GET", &format!("/ticket/{code}?lang=en"), &[("Forwarded", "for=10.0.0.7")], b""),
            "Please wait a minute",
        ),
        (node.post_form("/mine?lang=zh", &[("code", code)]), "歇一分钟再输"),
    ] {
        assert_eq!((page.status, page.header("content-type")), (429, Some("text/html; charset=utf-8")));
        assert!(page.header("retry-after").is_some() && page.body.contains(said), "{page:?}");
    }
    assert_eq!(node.get("/near?lang=en").status, 200);
}

#[test]
fn a_form_that_is_only_read_takes_no_place() {
    let node = Node::start("read-only");
    let job = post_job(&node, 2);
    let here = || {
        let told: serde_json::Value =
            serde_json::from_str(&node.get(&format!("/v1/jobs/{job}")).body).unwrap();
        told["seats"]["here"].as_u64().unwrap()
    };
    let target = format!("/sign_up?job={job}&lang=en");
    let phone = ("X-Forwarded-For", "192.0.2.7");
    let form = node.send("GET", &target, &[phone], b"");
    assert_eq!(form.status, 200);
    for _ in 0..30 {
        assert_eq!(node.send("GET", &target, &[phone], b"").status, 200);
    }
    assert_eq!(here(), 2, "thirty phones that read");
    let key = form.field("idempotency");
    let pressed = format!("job={job}&idempotency={key}&phone=1390&key=5");
    for _ in 0..3 {
        assert_eq!(node.send("POST", "/sign_up?lang=en", &[FORM, phone], pressed.as_bytes()).status, 200);
        assert_eq!(here(), 1, "one that types holds one place, however often it presses");
    }
    assert_eq!(node.get(&target).status, 200);
    assert_eq!(here(), 0, "who stands at the screen has his place while he types");
    assert!(node.get("/metrics").body.contains("dayshift_holds 2"), "two forms hold a place each");
}
