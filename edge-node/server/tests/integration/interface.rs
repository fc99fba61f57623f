//! The interface as programs meet it: its description, what there is here, refusals in one form, other origins, traces.

use crate::node::{APP_ORIGIN, Answer, Node, TENANT_KEY, sign_up, small_job};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn json(answer: &Answer) -> serde_json::Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

#[test]
fn the_page_of_the_description_names_every_route() {
    let node = Node::start("docs");
    let description = json(&node.get("/openapi.json"));
    let page = node.get("/docs");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self'"), "{policy}");
    assert_eq!(node.get("/docs.css").header("content-type"), Some("text/css; charset=utf-8"));
    for (path, methods) in description["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let heading = format!("{}</b> <span>{path}</span>", method.to_uppercase());
            assert_eq!(page.body.matches(&heading).count(), 2, "{heading}");
        }
    }
    let tag = page.header("etag").unwrap();
    assert_eq!(node.send("GET", "/docs", &[("If-None-Match", tag)], b"").status, 304);
}

#[test]
fn every_problem_of_the_page_is_explained() {
    let node = Node::start("problems");
    let page = node.get("/docs").body;
    let codes: Vec<_> =
        page.split("<dt><a href=\"/problems/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(
        codes.contains(&"timeout") && codes.contains(&"internal") && codes.contains(&"key-reused"),
        "{codes:?}"
    );
    for code in codes {
        let explained = node.get(&format!("/problems/{code}"));
        assert!(explained.status == 200 && explained.body.starts_with(code), "{explained:?}");
    }
    assert_eq!(node.get("/problems/none").problem(), "/problems/unknown-route");
}

#[test]
fn regions_and_categories_are_counted_and_tagged() {
    let node = Node::start("counts");
    let region = json(&node.get("/v1/regions"))["regions"][0].clone();
    assert_eq!(
        (region["name"].as_str(), region["time_zone"].as_str(), region["open"].as_u64()),
        (Some("hangzhou"), Some("Asia/Shanghai"), Some(0))
    );
    let empty = node.get("/v1/categories");
    assert_eq!(json(&empty)["categories"], serde_json::json!([]));
    let tag = empty.header("etag").unwrap();

    small_job(&node, 1);
    assert_eq!(
        node.send("GET", "/v1/categories", &[("If-None-Match", tag)], b"").status,
        200,
        "one job more"
    );
    let counted = node.get("/v1/categories");
    assert_eq!(json(&counted)["categories"], serde_json::json!([{ "name": "", "jobs": 1, "open": 1 }]));
    assert_eq!(json(&node.get("/v1/regions"))["regions"][0]["open"], 1);
    let tag = counted.header("etag").unwrap();
    assert_ne!(Some(tag), node.get("/v1/regions").header("etag"));
}

#[test]
fn whatever_is_refused_is_a_problem() {
    let node = Node::start("refused");
    let check =
        |method: &str, target: &str, headers: &[(&str, &str)], body: &[u8], status: u16, code: &str| {
            let answer = node.send(method, target, headers, body);
            assert_eq!(
                (answer.status, answer.problem()),
                (status, format!("/problems/{code}")),
                "{method} {target}"
            );
            answer
        };
    check("GET", "/v1", &[], b"", 404, "unknown-route");
    check("GET", "/v1/nothing", &[], b"", 404, "unknown-route");
    check("DELETE", "/v1/nothing", &[], b"", 404, "unknown-route");
    check("GET", "/v1/jobs/%FF", &[], b"", 400, "bad-request");
    check("GET", "/v1/sign_ups", &[], b"", 400, "bad-request");
    check("GET", "/v1/sign_ups?code=1&more=2", &[], b"", 400, "bad-request");
    check("GET", "/v1/jobs?radius_m=500", &[], b"", 400, "bad-query");
    check("GET", "/v1/jobs?date=tomorrow", &[], b"", 400, "bad-query");
    check("GET", "/v1/jobs?date=2026-05-01&start_after=1", &[], b"", 400, "bad-query");
    check("GET", "/problems/%FF", &[], b"", 400, "bad-request");
    let wrong = check("DELETE", "/v1/jobs", &[("Accept", "text/html")], b"", 405, "method-not-allowed");
    assert_eq!(wrong.header("allow"), Some("GET,HEAD,POST"));
    check("PUT", "/v1/sync/carry", &[], b"", 405, "method-not-allowed");
    let key = ("Idempotency-Key", "k");
    check("POST", "/v1/sign_ups", &[key], b"{}", 415, "unsupported-media-type");
    check(
        "POST",
        "/v1/sign_ups",
        &[key, ("Content-Type", "text/plain")],
        b"{}",
        415,
        "unsupported-media-type",
    );
    let json = ("Content-Type", "application/json");
    check("POST", "/v1/sign_ups", &[key, json], &[b' '; (64 << 10) + 1], 413, "too-large");
    let unauthorised = check("POST", "/v1/jobs", &[json], b"{}", 401, "unauthorised");
    assert_eq!(unauthorised.header("www-authenticate"), Some("Bearer"));
}

#[test]
fn only_pages_of_the_named_origins_may_call() {
    let node = Node::start("origins");
    let allowed = |target: &str, origin: &str| {
        let answer = node.send("GET", target, &[("Origin", origin)], b"");
        answer.header("access-control-allow-origin").map(str::to_owned)
    };
    assert_eq!(allowed("/v1/jobs", APP_ORIGIN).as_deref(), Some(APP_ORIGIN));
    assert_eq!(allowed("/readyz", APP_ORIGIN).as_deref(), Some(APP_ORIGIN));
    assert_eq!(allowed("/v1/jobs", "http://127.0.0.1:8001"), None);
    assert_eq!(allowed("/near", APP_ORIGIN), None, "the kiosk's pages are not the interface");

    let asks = [
        ("Origin", APP_ORIGIN),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "content-type,idempotency-key"),
    ];
    let preflight = node.send("OPTIONS", "/v1/sign_ups", &asks, b"");
    assert_eq!(preflight.status, 200, "{preflight:?}");
    for header in ["idempotency-key", "last-event-id", "dayshift-bookmark"] {
        let allowed = preflight.header("access-control-allow-headers").unwrap();
        assert!(allowed.contains(header), "{header} is not in {allowed}");
    }
    assert_eq!(preflight.header("access-control-allow-credentials"), None);
    for (path, method, header) in [
        ("/v1/workers/me", "PATCH", "authorization"),
        ("/v1/workers/me", "DELETE", "authorization"),
        ("/v1/holds/x", "DELETE", "content-type"),
        ("/v1/jobs/j1-1-1", "PATCH", "authorization"),
    ] {
        let asks = [
            ("Origin", APP_ORIGIN),
            ("Access-Control-Request-Method", method),
            ("Access-Control-Request-Headers", header),
        ];
        let preflight = node.send("OPTIONS", path, &asks, b"");
        assert!(preflight.header("access-control-allow-methods").unwrap().contains(method), "{preflight:?}");
        assert!(preflight.header("access-control-allow-headers").unwrap().contains(header), "{preflight:?}");
    }
    let exposed = node.send("GET", "/v1/jobs", &[("Origin", APP_ORIGIN)], b"");
    for header in ["retry-after", "etag", "dayshift-bookmark", "www-authenticate"] {
        let named = exposed.header("access-control-expose-headers").unwrap();
        assert!(named.contains(header), "{header} is not in {named}");
    }
}

#[test]
fn a_read_gives_a_bookmark_and_keeps_what_its_client_had_seen_before() {
    let node = Node::start("bookmarks");
    let job = small_job(&node, 2);
    let ticket = sign_up(&node, &job, 1);
    let id = serde_json::from_str::<serde_json::Value>(&ticket.body).unwrap()["id"].clone();
    for (path, written) in [
        (format!("/v1/jobs/{job}"), None),
        (format!("/v1/sign_ups/{}", id.as_str().unwrap()), ticket.header("dayshift-bookmark")),
    ] {
        let read = |mark: &str| node.send("GET", &path, &[("Dayshift-Bookmark", mark)], b"");
        let mark = node.get(&path).header("dayshift-bookmark").unwrap().to_owned();
        assert!(written.is_none_or(|written| written == mark), "{mark}");
        assert_eq!(read(&mark).header("dayshift-bookmark"), Some(mark.as_str()));
        // Somebody else's change, seen at a node that this one has not heard from.
        let subject = mark.split('@').next().unwrap();
        let behind = read(&format!("{mark},{subject}@99.1:1"));
        assert_eq!((behind.status, behind.problem().as_str()), (503, "/problems/behind"), "{behind:?}");
        let elsewhere = node.send("GET", &format!("/v1/jobs/{job}"), &[("Dayshift-Bookmark", &mark)], b"");
        assert!(elsewhere.header("dayshift-bookmark").unwrap().starts_with(&mark), "{elsewhere:?}");
    }
}

#[test]
fn a_name_that_another_site_made_to_point_here_opens_nothing() {
    let node = Node::start_prepared("hosts", |_| vec!["--host-name".to_owned(), "jobs.example".to_owned()]);
    for path in [
        "/", "/near", "/agency", "/v1/jobs", "/v1/node", "/docs", "/metrics", "/livez", "/readyz", "/nothing",
    ] {
        let asked = |host: &str| node.send_to(host, "GET", path, &[("Accept", "text/html")], b"");
        let refused = asked("rebound.example:7080");
        assert_eq!((refused.status, refused.problem().as_str()), (421, "/problems/misdirected"), "{path}");
        assert!(refused.body.contains("--host-name rebound.example"), "{refused:?}");
        for own in ["jobs.example", "localhost:7080", "hall-3.local", "192.0.2.7:7080", "[::1]"] {
            assert_eq!(asked(own).status, node.get(path).status, "{own} {path}");
        }
    }
    let json = ("Content-Type", "application/json");
    assert_eq!(node.send_to("rebound.example", "POST", "/v1/sign_ups", &[json], b"{}").status, 421);
    assert_eq!(node.get("/problems/misdirected").status, 200);
}

#[test]
fn a_callers_trace_comes_back() {
    let node = Node::start("trace");
    let traced = |trace: &str| {
        node.send("GET", "/v1/node", &[("traceparent", trace)], b"").header("traceparent").map(str::to_owned)
    };
    assert_eq!(traced(TRACE).as_deref(), Some(TRACE));
    assert_eq!(traced("00-nonsense"), None);
}

#[test]
fn a_key_stands_for_one_posted_job() {
    let node = Node::start("job-keys");
    let job = |title: &str| {
        serde_json::json!({
            "title": title, "start_at": "2099-01-01T06:00:00Z", "end_at": "2099-01-01T14:00:00Z",
            "pay_minor": 20_000, "currency": "CNY", "pay_unit": "day", "seats": 1
        })
    };
    let bearer = format!("Bearer {TENANT_KEY}");
    let without = node.post("/v1/jobs", ("Authorization", &bearer), &job("分拣员"));
    assert_eq!((without.status, without.problem().as_str()), (400, "/problems/key-missing"));
    let post_under = |key: &str, title: &str| {
        let headers =
            [("Content-Type", "application/json"), ("Authorization", &*bearer), ("Idempotency-Key", key)];
        node.send("POST", "/v1/jobs", &headers, job(title).to_string().as_bytes())
    };
    let post = |title: &str| post_under("one", title);
    let first = post("分拣员");
    assert_eq!((first.status, post("分拣员").body), (201, first.body));
    let other = post("装卸工");
    assert_eq!((other.status, other.problem().as_str()), (422, "/problems/key-reused"));
    assert_eq!(post_under("", "分拣员").status, 400, "an empty key would stand for everybody's job");
}

#[test]
fn readiness_lists_its_checks_to_who_asks() {
    let node = Node::start("ready");
    assert_eq!(node.get("/readyz").body, "ok\n");
    let listed = node.get("/readyz?verbose");
    assert_eq!(
        (listed.status, listed.body.as_str()),
        (200, "ok storage\nok event loop\nok takes people\nok\n")
    );
    let owner = node.owner();
    let drained = node.send("POST", "/v1/node:drain", &[(owner.0, &owner.1)], b"");
    assert_eq!(drained.status, 200, "{drained:?}");
    let listed = node.get("/readyz?verbose");
    assert_eq!(listed.status, 503);
    assert!(
        listed.body.contains("ok storage\n") && listed.body.contains("failed takes people: draining"),
        "{listed:?}"
    );
}
