//! What programs read: pages of a search and its figures, answers that they have already, their own writes, and JSON-LD.

use crate::node::{Answer, Node, TENANT_KEY, sign_up, small_job};
use serde_json::{Value, json};

const JSON: (&str, &str) = ("Content-Type", "application/json");
const BOOKMARK: &str = "dayshift-bookmark";

fn told(answer: &Answer) -> Value {
    assert!((200..300).contains(&answer.status), "{answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

/// Posts a job with more than the usual; its id.
fn post(node: &Node, more: &Value) -> String {
    let mut job = json!({
        "title": "Picker", "start_at": "2099-01-01T06:00:00Z", "end_at": "2099-01-01T14:00:00Z",
        "pay_minor": 2_000, "currency": "CNY", "pay_unit": "hour", "seats": 3, "place": "Gate 3",
    });
    job.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    told(&node.post_job(TENANT_KEY, &job))["id"].as_str().unwrap().to_owned()
}

fn titles(found: &Value) -> Vec<&str> {
    found["jobs"].as_array().unwrap().iter().map(|job| job["title"].as_str().unwrap()).collect()
}

#[test]
fn a_search_is_sorted_narrowed_counted_and_read_page_by_page() {
    let node = Node::start("search");
    post(&node, &json!({ "title": "Packer", "pay_minor": 3_000, "category": "warehouse", "language": "zh" }));
    post(
        &node,
        &json!({ "title": "Waiter", "pay_minor": 1_500, "category": "kitchen", "language": "en", "meal": true }),
    );
    post(
        &node,
        &json!({ "title": "Cook", "pay_minor": 2_500, "category": "kitchen", "start_at": "2098-12-31T06:00:00Z", "end_at": "2098-12-31T14:00:00Z" }),
    );
    let search = |query: &str| told(&node.get(&format!("/v1/jobs?{query}")));
    assert_eq!(titles(&search("sort=pay")), ["Packer", "Cook", "Waiter"]);
    assert_eq!(titles(&search("sort=start&page_size=1")), ["Cook"]);
    assert_eq!(titles(&search("sort=pay&pay_min=2001")), ["Packer", "Cook"]);
    assert_eq!(titles(&search("language=en")), ["Waiter"]);
    assert_eq!(titles(&search("category=kitchen&sort=pay")), ["Cook", "Waiter"]);
    assert_eq!(titles(&search("flags=meal")), ["Waiter"]);
    let figures = search("facets=categories,languages,flags,days")["facets"].clone();
    assert_eq!(figures["categories"], json!({ "kitchen": 2, "warehouse": 1 }));
    assert_eq!((&figures["languages"]["zh"], &figures["languages"]["en"]), (&json!(1), &json!(1)));
    assert_eq!(figures["flags"]["meal"], 1);
    assert_eq!(figures["days"].as_object().unwrap().len(), 2, "{figures}");
    assert_eq!(search("sort=pay")["facets"], Value::Null, "only where they are asked for");

    let (mut read, mut token) = (Vec::new(), String::new());
    loop {
        let page = search(&format!("sort=pay&page_size=2{token}"));
        assert_eq!(page["total"], 3);
        read.extend(titles(&page).into_iter().map(str::to_owned));
        let Some(next) = page["next_page_token"].as_str() else { break };
        token = format!("&page_token={next}");
    }
    assert_eq!(read, ["Packer", "Cook", "Waiter"], "each once");
    for wrong in ["page_token=nonsense".to_owned(), format!("q=cook&sort=start{token}")] {
        let refused = node.get(&format!("/v1/jobs?{wrong}"));
        assert_eq!(refused.status, 400, "{wrong}: {refused:?}");
    }
    assert_eq!(node.get("/v1/jobs?page_token=nonsense").problem(), "/problems/bad-page-token");
    assert_eq!(node.get("/v1/jobs?sort=best").problem(), "/problems/bad-query");
    assert_eq!(node.get("/v1/jobs?facets=colours").problem(), "/problems/bad-query");
}

#[test]
fn whoever_has_an_answer_is_not_sent_it_again() {
    let node = Node::start("tags");
    let job = small_job(&node, 1);
    let of_job = format!("/v1/jobs/{job}");
    for target in ["/v1/jobs", "/v1/regions", "/v1/categories", &of_job] {
        // A tag changes with the minute: then it is read once more.
        let known = |write: fn(&str) -> String| {
            (0..2).any(|_| {
                let tag = node.get(target).header("etag").unwrap().to_owned();
                let again = node.send("GET", target, &[("If-None-Match", &write(&tag))], b"");
                assert!(again.status == 200 || again.body.is_empty(), "{again:?}");
                again.status == 304 && again.header("etag") == Some(tag.as_str())
            })
        };
        assert!(known(str::to_owned), "{target}");
        assert!(known(|tag| tag.trim_start_matches("W/").to_owned()), "{target}: compared weakly");
        assert!(known(|tag| format!("\"x,y\", W/\"z\", {tag}")), "{target}: in a list");
        assert!(known(|_| "*".to_owned()), "{target}: anything");
        let other = node.send("GET", target, &[("If-None-Match", "\"x\", W/\"y\"")], b"");
        assert_eq!(other.status, 200, "{target}");
    }
    let tag = node.get(&of_job).header("etag").unwrap().to_owned();
    assert_eq!(sign_up(&node, &job, 1).status, 201);
    assert_eq!(
        node.send("GET", &of_job, &[("If-None-Match", &tag)], b"").status,
        200,
        "its seats are others"
    );
    assert_eq!(
        node.send("GET", "/v1/jobs/j9-9-9", &[("If-None-Match", "*")], b"").status,
        404,
        "there is none"
    );
}

#[test]
fn a_job_is_told_as_json_ld_to_who_would_rather_have_it() {
    let node = Node::start("posting-ld");
    let job = post(&node, &json!({ "lat": 30.315, "lon": 120.275, "pay_minor": 2_650, "text": "By hand." }));
    let target = format!("/v1/jobs/{job}");
    let plain = node.get(&target);
    assert_eq!(plain.header("content-type"), Some("application/json"));
    assert!(plain.text.contains("vary: accept\r\n"), "{plain:?}");
    let linked = node.send("GET", &target, &[("Accept", "application/ld+json")], b"");
    assert_eq!(linked.header("content-type"), Some("application/ld+json"));
    assert_ne!(linked.header("etag"), plain.header("etag"), "one tag for each form");
    let posting = told(&linked);
    assert!(posting["datePosted"].as_str().is_some_and(|day| day.len() == 10), "{posting}");
    for (pointer, expected) in [
        ("/@context", json!("https://schema.org")),
        ("/@type", json!("JobPosting")),
        ("/identifier/value", json!(job)),
        ("/title", json!("Picker")),
        ("/description", json!("By hand.")),
        ("/validThrough", json!("2099-01-01T06:00:00Z")),
        ("/employmentType", json!("TEMPORARY")),
        ("/hiringOrganization/name", json!("顺达劳务")),
        ("/jobLocation/address/streetAddress", json!("Gate 3")),
        ("/jobLocation/address/addressRegion", json!("hangzhou")),
        ("/jobLocation/address/addressCountry", json!("CN")),
        ("/jobLocation/geo/latitude", json!(30.315)),
        ("/jobLocation/geo/longitude", json!(120.275)),
        ("/baseSalary/currency", json!("CNY")),
        ("/baseSalary/value/value", json!(26.5)),
        ("/baseSalary/value/unitText", json!("HOUR")),
    ] {
        assert_eq!(posting.pointer(pointer), Some(&expected), "{pointer} of {posting}");
    }
    assert_eq!(node.send("GET", "/v1/jobs/j9-9-9", &[("Accept", "application/ld+json")], b"").status, 404);
}

#[test]
fn every_write_of_a_document_is_answered_with_a_bookmark() {
    let node = Node::start("bookmarks");
    let bearer = format!("Bearer {TENANT_KEY}");
    let own = |method: &str, target: &str, body: &Value| {
        let headers = [JSON, ("Authorization", bearer.as_str()), ("Idempotency-Key", "k")];
        node.send(method, target, &headers, body.to_string().as_bytes())
    };
    let marked = |answer: &Answer, doc: &str| {
        let mark = answer.header(BOOKMARK).unwrap_or_else(|| panic!("no bookmark: {answer:?}")).to_owned();
        assert!(mark.contains(doc), "{doc} is not in {mark}");
        mark
    };
    let at = json!({
        "title": "Picker", "start_at": "2099-01-01T06:00:00Z", "end_at": "2099-01-01T14:00:00Z",
        "pay_minor": 2_000, "currency": "CNY", "pay_unit": "hour", "seats": 9,
    });
    let posted = own("POST", "/v1/jobs", &at);
    let job = told(&posted)["id"].as_str().unwrap().to_owned();
    let first = marked(&posted, &job);
    let changed = own("PATCH", &format!("/v1/jobs/{job}"), &json!({ "title": "Packer" }));
    let second = marked(&changed, &job);
    assert_ne!(first, second, "one change more");
    let taken = sign_up(&node, &job, 1);
    let id = told(&taken)["id"].as_str().unwrap().to_owned();
    marked(&taken, &id);
    let crew = json!({ "job": job, "phones": ["13900000002", "13900000003"] });
    let crew = node.post("/v1/crews", ("Idempotency-Key", "crew"), &crew);
    for one in told(&crew)["sign_ups"].as_array().unwrap() {
        marked(&crew, one["id"].as_str().unwrap());
    }
    let proof = json!({ "phone": "13900000001", "code": told(&taken)["code"] });
    let ended = node.post(&format!("/v1/sign_ups/{id}:cancel"), (BOOKMARK, &second), &proof);
    let both = marked(&ended, &id);
    assert!(both.starts_with(&second), "{both} covers the write before as well");
    assert_eq!(node.send("GET", "/v1/jobs", &[(BOOKMARK, &both)], b"").status, 200);
}

#[test]
fn a_read_is_never_older_than_its_bookmark() {
    let node = Node::start("behind");
    let job = small_job(&node, 1);
    let read = |mark: &str| node.send("GET", "/v1/jobs", &[(BOOKMARK, mark)], b"");
    for unheard in [format!("{job}@7.1:9999"), format!("{job}@hub:1"), "s8-1-1@8.1:1".to_owned()] {
        let behind = read(&unheard);
        assert_eq!((behind.status, behind.problem().as_str()), (503, "/problems/behind"), "{unheard}");
    }
    assert_eq!(read("nonsense").problem(), "/problems/bad-request");
    // Each is found by a search as soon as its bookmark is reached.
    for n in 0..40 {
        let posted = node.post_job(TENANT_KEY, &json!({
            "title": format!("Number {n}"), "start_at": "2099-01-01T06:00:00Z", "end_at": "2099-01-01T14:00:00Z",
            "pay_minor": 2_000, "currency": "CNY", "pay_unit": "hour", "seats": 1,
        }));
        let found = told(&read(posted.header(BOOKMARK).unwrap()));
        assert_eq!(found["total"], 2 + n);
    }
}
