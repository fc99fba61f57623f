//! Workers at a node: what a job asks of them, holds, their own profile, and their erasure.

use crate::node::{Answer, Node, TENANT_KEY, sign_up, small_job};
use serde_json::{Value, json};
use std::{fs, path::Path};

const NAME: &str = "欧阳娜娜娜";
const PHONE: &str = "13905712916";
const PIN: &str = "73918264";
const BORN: &str = "1990-05-17";

fn body(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

/// Posts a job with more than the usual.
fn job_with(node: &Node, more: &Value) -> String {
    let mut job = json!({
        "title": "分拣员", "start_at": "2099-01-01T06:00:00Z", "end_at": "2099-01-01T14:00:00Z",
        "pay_minor": 20_000, "currency": "CNY", "pay_unit": "day", "seats": 3
    });
    for (name, value) in more.as_object().unwrap() {
        job[name] = value.clone();
    }
    let created = node.post_job(TENANT_KEY, &job);
    assert_eq!(created.status, 201, "{created:?}");
    body(&created)["id"].as_str().unwrap().to_owned()
}

fn enrol(node: &Node, more: &Value) -> Answer {
    let mut profile = json!({ "phone": PHONE, "pin": PIN, "name": NAME, "born": BORN });
    for (name, value) in more.as_object().unwrap() {
        profile[name] = value.clone();
    }
    node.post("/v1/workers/me", ("Accept", "application/json"), &profile)
}

fn session(answer: &Answer) -> String {
    format!("Bearer {}", body(answer)["session"].as_str().unwrap())
}

fn as_worker(node: &Node, method: &str, target: &str, session: &str, sent: &Value) -> Answer {
    let headers =
        [("Content-Type", "application/json"), ("Authorization", session), ("Idempotency-Key", target)];
    node.send(method, target, &headers, sent.to_string().as_bytes())
}

fn log_in(node: &Node, proof: &Value) -> Answer {
    node.post("/v1/sessions", ("Accept", "application/json"), proof)
}

#[test]
fn two_shifts_at_one_time_are_one_too_many() {
    let node = Node::start("overlap");
    let (first, second) = (small_job(&node, 2), small_job(&node, 2));
    let later =
        job_with(&node, &json!({ "start_at": "2099-01-01T14:00:00Z", "end_at": "2099-01-01T20:00:00Z" }));
    let placed = body(&sign_up(&node, &first, 1));
    let (ticket, code) = (placed["id"].as_str().unwrap(), placed["code"].as_str().unwrap());
    let again = |job: &str, key: &str| {
        node.post("/v1/sign_ups", ("Idempotency-Key", key), &json!({ "job": job, "phone": "13900000001" }))
    };
    let refused = again(&second, "k1");
    assert_eq!((refused.status, refused.problem().as_str()), (409, "/problems/overlap"));
    assert!(!refused.body.contains(ticket), "a number alone learns nothing of that ticket");
    assert_eq!(again(&later, "k2").status, 201, "one shift after the other");

    let page = node.post_form(
        "/sign_up?lang=en",
        &[("job", &second), ("idempotency", "form"), ("phone", "13900000001")],
    );
    assert_eq!(page.status, 409);
    assert!(page.body.contains("You already have a job at this time"), "{}", page.body);
    assert!(!page.body.contains(code) && page.body.contains("href=\"/mine?"), "its digits are asked for");
    let cancel = format!("/v1/sign_ups/{ticket}:cancel");
    let phone = "13900000001";
    for proof in [
        json!({}),
        json!({ "phone": phone }),
        json!({ "code": code }),
        json!({ "phone": "13900000002", "code": code }),
        json!({ "phone": phone, "code": "000000" }),
    ] {
        let refused = node.post(&cancel, ("Idempotency-Key", "c"), &proof);
        assert_eq!((refused.status, refused.problem().as_str()), (403, "/problems/not-yours"));
    }
    let cancelled = node.post(&cancel, ("Idempotency-Key", "c"), &json!({ "phone": phone, "code": code }));
    assert_eq!(cancelled.status, 200);
    assert_eq!(again(&second, "k3").status, 201, "the other one was given back");
}

#[test]
fn a_job_that_asks_for_people_takes_those_who_proved_it() {
    let node = Node::start("demands");
    let asks = json!({ "min_age": 18, "certificates": ["health"], "languages": ["zh"] });
    let job = job_with(&node, &asks);
    let shown = body(&node.get(&format!("/v1/jobs/{job}")));
    assert_eq!(
        (&shown["min_age"], &shown["certificates"], &shown["languages"]),
        (&asks["min_age"], &asks["certificates"], &asks["languages"])
    );
    let page = node.get(&format!("/job/{job}?lang=en")).body;
    for words in ["18 years or older", "health certificate", "speaks Mandarin"] {
        assert!(page.contains(words), "{words}");
    }
    let by_phone =
        node.post("/v1/sign_ups", ("Idempotency-Key", "p"), &json!({ "job": job, "phone": PHONE }));
    assert_eq!((by_phone.status, by_phone.problem().as_str()), (409, "/problems/profile-needed"));

    let enrolled = enrol(&node, &json!({}));
    assert_eq!(enrolled.status, 201, "{enrolled:?}");
    let session = session(&enrolled);
    let try_it = |key: &str| {
        let headers = [("Content-Type", "application/json"), ("Authorization", session.as_str())];
        let headers = [headers[0], headers[1], ("Idempotency-Key", key)];
        node.send("POST", "/v1/sign_ups", &headers, json!({ "job": job }).to_string().as_bytes())
    };
    let refused = try_it("a");
    assert_eq!(refused.problem(), "/problems/certificate-missing");
    assert_eq!(body(&refused)["detail"], "health");
    let update = |change: &Value| as_worker(&node, "PATCH", "/v1/workers/me", &session, change).status;
    assert_eq!(update(&json!({ "certificates": ["Health"] })), 200);
    assert_eq!(try_it("b").problem(), "/problems/language-missing");
    assert_eq!(update(&json!({ "languages": ["zh"], "born": "2085" })), 200);
    assert_eq!(try_it("c").problem(), "/problems/too-young");
    assert_eq!(update(&json!({ "born": BORN })), 200);
    assert_eq!(try_it("d").status, 201);
    let wrong = as_worker(&node, "PATCH", "/v1/workers/me", &session, &json!({ "certificates": ["heath"] }));
    assert_eq!((wrong.status, wrong.problem().as_str()), (400, "/problems/bad-request"));
}

#[test]
fn a_hold_keeps_the_last_place_for_its_worker() {
    let node = Node::start("holds");
    let job = small_job(&node, 1);
    let hold =
        |phone: &str| node.post("/v1/holds", ("Accept", "*/*"), &json!({ "job": job, "phone": phone }));
    let held = hold("13900000001");
    assert_eq!(held.status, 201, "{held:?}");
    assert!(body(&held)["expires_at"].as_str().is_some_and(|at| at.ends_with('Z')), "{held:?}");
    let refused = hold("13900000002");
    assert_eq!((refused.status, refused.problem().as_str()), (409, "/problems/nothing-free"));
    assert_eq!(body(&node.get(&format!("/v1/jobs/{job}")))["confirmable_here"], json!(false));
    assert_eq!(sign_up(&node, &job, 2).status, 202, "the place is set aside");
    assert_eq!(sign_up(&node, &job, 1).status, 201, "its holder uses it");

    let job = small_job(&node, 1);
    let held = node.post("/v1/holds", ("Accept", "*/*"), &json!({ "job": job, "phone": "13900000003" }));
    let id = body(&held)["id"].as_str().unwrap().to_owned();
    assert_eq!(sign_up(&node, &job, 4).status, 202);
    let end = || node.send("DELETE", &format!("/v1/holds/{id}"), &[], b"").status;
    assert_eq!((end(), end()), (204, 404));
    let waited = sign_up(&node, &job, 4);
    assert_eq!(body(&waited)["status"], "confirmed", "who waited behind it");
    assert_eq!(node.send("DELETE", "/v1/holds/nonsense", &[], b"").problem(), "/problems/unknown-hold");
}

#[test]
fn the_sign_up_form_holds_a_place_while_it_is_open() {
    let node = Node::start("form-holds");
    let job = small_job(&node, 1);
    let form = node.get(&format!("/sign_up?lang=en&job={job}"));
    assert!(form.body.contains("Place kept for you until"), "{}", form.body);
    assert_eq!(sign_up(&node, &job, 2).status, 202, "the place is the form's");
    let key = form.field("idempotency").to_owned();
    let sent = [("job", job.as_str()), ("idempotency", key.as_str()), ("phone", "13900000001")];
    let ticket = node.post_form("/sign_up?lang=en", &sent);
    assert_eq!(ticket.status, 303, "{ticket:?}");
    let ticket = node.get(ticket.header("location").unwrap());
    assert!(ticket.body.contains("You have it"), "{}", ticket.body);
}

#[test]
fn pages_of_other_origins_write_nothing() {
    let node = Node::start("origins-write");
    let job = small_job(&node, 1);
    let body = format!("{{\"job\":\"{job}\",\"phone\":\"{PHONE}\"}}");
    let send = |extra: &[(&str, &str)]| {
        let headers = [&[("content-type", "application/json"), ("idempotency-key", "o")][..], extra].concat();
        node.send("POST", "/v1/sign_ups", &headers, body.as_bytes())
    };
    for foreign in [("origin", "http://evil.example"), ("sec-fetch-site", "cross-site")] {
        let refused = send(&[foreign]);
        assert_eq!((refused.status, refused.problem().as_str()), (403, "/problems/foreign-origin"));
    }
    assert_eq!(send(&[]).status, 201, "a program sends no origin");
}

#[test]
fn unknown_and_wrong_are_one_answer_and_guessing_is_slowed_down() {
    let node = Node::start("pins");
    assert_eq!(enrol(&node, &json!({})).status, 201);
    let proof = |phone: &str, pin: &str| log_in(&node, &json!({ "phone": phone, "pin": pin }));
    let (wrong, unknown) = (proof(PHONE, "7391"), proof("13900000009", "7391"));
    assert_eq!((wrong.status, wrong.problem().as_str()), (401, "/problems/unproved"));
    assert_eq!((wrong.status, &wrong.body), (unknown.status, &unknown.body));
    let card = log_in(&node, &json!({ "card": "dsc1.AAAAAAAAAAAAAAAAAAAAAA", "pin": PIN }));
    assert_eq!((card.status, &card.body), (wrong.status, &wrong.body), "a card that nobody has");
    let again = enrol(&node, &json!({ "pin": "82915" }));
    assert_eq!(again.status, 401, "nobody enrols another's number anew: {again:?}");

    for phone in [PHONE, "13900000009"] {
        let mut statuses = (0..6).map(|_| proof(phone, "7391").status).collect::<Vec<_>>();
        statuses.dedup();
        assert_eq!(statuses, [401, 429], "{phone}");
    }
    let slowed = proof(PHONE, PIN);
    assert_eq!((slowed.status, slowed.problem().as_str()), (429, "/problems/too-many-tries"));
    let wait: u64 = slowed.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
}

#[test]
fn a_new_card_takes_the_place_of_a_lost_one() {
    let node = Node::start("cards");
    let enrolled = enrol(&node, &json!({}));
    let lost = body(&enrolled)["card"].as_str().unwrap().to_owned();
    let by_card = |card: &str| log_in(&node, &json!({ "card": card, "pin": PIN }));
    let logged_in = by_card(&lost);
    assert_eq!(logged_in.status, 201, "{logged_in:?}");
    let session = session(&logged_in);
    let fresh = as_worker(&node, "PATCH", "/v1/workers/me", &session, &json!({ "new_card": true }));
    let fresh = body(&fresh)["card"].as_str().unwrap().to_owned();
    assert_eq!((by_card(&lost).status, by_card(&fresh).status), (401, 201));
    let profile = as_worker(&node, "GET", "/v1/workers/me", &session, &json!({}));
    let profile = body(&profile);
    assert_eq!(
        (&profile["name"], &profile["phone"], &profile["born"]),
        (&json!(NAME), &json!(PHONE), &json!(BORN))
    );
    assert!(profile.get("card").is_none(), "it is shown once");

    let out = node.send("DELETE", "/v1/sessions", &[("Authorization", &session)], b"");
    assert_eq!(out.status, 204);
    assert_eq!(as_worker(&node, "GET", "/v1/workers/me", &session, &json!({})).status, 401);
}

/// Every file below a folder that has one of these texts in it.
fn files_with(folder: &Path, planted: &[&[u8]]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, planted));
        } else if let Ok(bytes) = fs::read(&path) {
            let has = planted.iter().any(|text| bytes.windows(text.len()).any(|window| window == *text));
            found.extend(has.then(|| path.display().to_string()));
        }
    }
    found
}

#[test]
fn nothing_personal_lies_in_the_clear_and_an_erased_worker_is_gone() {
    let mut node = Node::start("erased");
    let enrolled = enrol(&node, &json!({ "certificates": ["elderly-care"] }));
    let session = session(&enrolled);
    let card = body(&enrolled)["card"].as_str().unwrap().to_owned();
    let planted = [NAME.as_bytes(), PHONE.as_bytes(), PIN.as_bytes(), BORN.as_bytes(), b"elderly-care"];
    let planted: Vec<&[u8]> = planted.into_iter().chain([card.as_bytes()]).collect();
    assert_eq!(files_with(node.folder(), &planted), Vec::<String>::new());

    let wrapped = stored_key(&node);
    assert_eq!(files_with(node.folder(), &[&wrapped]).len(), 1, "the sealed key is in one file");
    let job = small_job(&node, 1);
    let kept = as_worker(&node, "POST", "/v1/sign_ups", &session, &json!({ "job": job }));
    assert_eq!(kept.status, 201, "{kept:?}");
    let erased = as_worker(&node, "DELETE", "/v1/workers/me", &session, &json!({}));
    assert_eq!(erased.status, 200, "{erased:?}");
    assert!(body(&erased)["receipt"].as_str().is_some_and(|receipt| receipt.len() > 200));
    assert_eq!(files_with(node.folder(), &[&wrapped]), Vec::<String>::new(), "the key is overwritten");
    assert_eq!(as_worker(&node, "GET", "/v1/workers/me", &session, &json!({})).status, 401, "logged out");
    assert_eq!(log_in(&node, &json!({ "phone": PHONE, "pin": PIN })).status, 401, "nobody is known");
    assert_eq!(log_in(&node, &json!({ "card": card, "pin": PIN })).status, 401);
    let ticket = body(&kept)["id"].as_str().unwrap().to_owned();
    assert_eq!(body(&node.get(&format!("/v1/sign_ups/{ticket}")))["status"], "confirmed", "the seat is kept");

    node.halt();
    node.restart();
    assert_eq!(log_in(&node, &json!({ "phone": PHONE, "pin": PIN })).status, 401);
    assert_eq!(enrol(&node, &json!({})).status, 201, "who comes back enrols anew");
    assert_eq!(files_with(node.folder(), &planted), Vec::<String>::new());
}

/// The wrapped data key of the worker as the node stores it, without its nonce.
fn stored_key(node: &Node) -> Vec<u8> {
    let mut store = sync_store::OpenOptions::new(&node.folder().join("node.sqlite")).open_to_read().unwrap();
    let worker = sync_protocol::ids::WorkerId::of_phone(&[5; 32], PHONE);
    let kept = store.read(|tx| tx.person_key(worker)).unwrap();
    let Some(sync_store::Kept::Whole(wrapped)) = kept else { panic!("{kept:?}") };
    wrapped[24..].to_vec()
}
