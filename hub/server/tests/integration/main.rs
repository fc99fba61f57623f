//! The binary from outside: a hub in a temporary folder, its API over plain HTTP, and a node over QUIC.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod agency;
mod carry;
mod held_off;
mod hub;
mod node;
mod routes;

use hub::Hub;
use node::Node;
use serde_json::json;

fn row(key: &str, title: &str, seats: u32) -> String {
    json!({
        "key": key, "line": 1, "title": title, "category": "kitchen", "start_at": "2036-05-01T08:00:00Z",
        "end_at": "2036-05-01T16:00:00Z", "pay_minor": 2000, "currency": "CNY", "pay_unit": "hour",
        "pay_minor_per_hour": 2000, "seats": seats, "lat": 30.25, "lon": 120.16,
    })
    .to_string()
}

const IMPORT: &str = "/v1/jobs:import?region=north&tenant=Acme";

#[test]
fn imports_can_be_repeated() {
    let hub = Hub::start();
    let body = format!("{}\n{}\n", row("a", "Cook", 3), row("b", "Waiter", 0));
    let rehearsed = hub.import(&format!("{IMPORT}&dry_run=true"), &body);
    assert_eq!((rehearsed.status, &rehearsed.json["created"]), (200, &json!(1)));
    assert_eq!(hub.get("/v1/jobs").json["total"], 0);
    let first = hub.import(IMPORT, &body);
    assert_eq!((first.status, &first.json["created"]), (200, &json!(1)), "{first:?}");
    assert_eq!(first.json["refused"][0]["line"], 1);
    let again = hub.import(IMPORT, &row("a", "Cook", 3));
    assert_eq!(again.json["unchanged"], 1, "{again:?}");
    let edited = hub.import(IMPORT, &row("a", "Head cook", 4));
    assert_eq!(edited.json["updated"], 1, "{edited:?}");
    let jobs = hub.get("/v1/jobs?q=head%20COOK&page_size=1").json;
    assert_eq!(jobs["jobs"][0]["tenant"], "Acme");
    let id = jobs["jobs"][0]["id"].as_str().unwrap();
    let seats = hub.get(&format!("/v1/jobs/{id}/seats"));
    assert_eq!((seats.status, &seats.json["cap"], &seats.json["pool"]), (200, &json!(4), &json!(4)));
    let totals = hub.get("/v1/seats").json;
    let endings = hub.get(&format!("/v1/jobs/{id}/endings"));
    assert_eq!((endings.status, &endings.json["endings"]), (200, &json!([])));
    let waiting = hub.get(&format!("/v1/jobs/{id}/waiting"));
    assert_eq!((waiting.status, &waiting.json["waiting"]), (200, &json!([])));
    assert_eq!(hub.get("/v1/jobs/j0-1-99/waiting").status, 404);
    assert_eq!((&seats.json["limbo"], &seats.json["policy"]), (&json!(0), &json!("write_off")));
    let limbo = hub.get("/v1/limbo").json;
    assert_eq!(
        (&limbo["incarnations"], &limbo["rights"], &limbo["awaited"]),
        (&json!([]), &json!([]), &json!([]))
    );
    assert_eq!((&totals["jobs"], &totals["cap"], &totals["oversold"]), (&json!(1), &json!(4), &json!(0)));
    for page in ["/", "/nodes", "/jobs", "/sync", "/incarnations", &format!("/jobs/{id}")] {
        assert_eq!(hub.get(page).status, 200, "{page}");
    }
}

#[test]
fn an_import_says_who_gets_a_freed_place() {
    let hub = Hub::start();
    let with = |key: &str, more: &str| row(key, "Cook", 2).replace("\"key\"", &format!("{more},\"key\""));
    let rows = [
        with("a", r#""wait_rule":"seniority""#),
        with("b", r#""wait_rule":"lottery","draw_before_min":30"#),
        with("c", r#""wait_rule":"by the moon""#),
        with("d", r#""wait_rule":"seniority","draw_before_min":30"#),
        with("e", r#""wait_rule":"lottery","draw_before_min":4"#),
    ];
    let imported = hub.import(IMPORT, &rows.join("\n"));
    assert_eq!(imported.json["created"], 2, "{imported:?}");
    for said in [
        "wait_rule: `by the moon` is no rule; write arrival, seniority or lottery",
        "draw_before_min: is of a draw alone",
        "draw_before_min: is outside 5 to 10080 minutes",
    ] {
        assert!(imported.body.contains(said), "{said}: {imported:?}");
    }
}

#[test]
fn the_console_finds_jobs_and_says_which_are_made_up() {
    let hub = Hub::start();
    let made_up = row("b", "Waiter", 2).replace("\"key\"", "\"synthetic\":true,\"key\"");
    let ended = row("c", "Porter", 2).replace("2036", "2016");
    let imported = hub.import(IMPORT, &format!("{}\n{made_up}\n{ended}\n", row("a", "Cook", 3)));
    assert_eq!(imported.json["created"], 3, "{imported:?}");
    for (query, found, footer) in [
        ("", vec!["Cook", "Waiter"], true),
        ("?q=cook", vec!["Cook"], false),
        ("?q=NORTH+waiter", vec!["Waiter"], true),
        ("?q=porter", vec![], false),
        ("?q=porter&past=1", vec!["Porter"], false),
        ("?past=1", vec!["Cook", "Porter", "Waiter"], true),
        ("?q=south", vec![], false),
    ] {
        let page = hub.get(&format!("/jobs{query}")).body;
        let listed: Vec<_> = ["Cook", "Porter", "Waiter"]
            .into_iter()
            .filter(|title| page.contains(&format!(">{title}</a>")))
            .collect();
        assert_eq!(listed, found, "{query}");
        assert_eq!(page.contains("are demo data"), footer, "{query}");
    }
}

#[test]
fn what_is_wrong_is_said() {
    let hub = Hub::start();
    let check = |path: &str, token: &str, body: &str, status, problem: &str| {
        let answer = hub.post(path, token, body);
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.json["type"], format!("/problems/{problem}"));
    };
    check(IMPORT, "wrong", &row("a", "Cook", 1), 401, "unauthorized");
    check(IMPORT, "", &row("a", "Cook", 1), 401, "unauthorized");
    check(IMPORT, &hub.token, "{\"key\":", 400, "bad-request");
    check(IMPORT, &hub.token, "", 400, "bad-request");
    check("/v1/jobs:import?region=north", &hub.token, "{}", 400, "bad-request");
    check(
        "/v1/jobs:import?region=north&tenant=Nobody",
        &hub.token,
        &row("a", "Cook", 1),
        404,
        "unknown-tenant",
    );
    check(
        "/v1/jobs:import?region=nroth&tenant=Acme",
        &hub.token,
        &row("a", "Cook", 1),
        403,
        "no-right-to-region",
    );
    check(IMPORT, &hub.token, &"x".repeat((1 << 20) + 1), 413, "too-large");
    assert_eq!(hub.get("/v1/jobs/j0-1-1/seats").status, 404);
    assert_eq!(hub.get("/v1/jobs/j0-1-1/endings").status, 404);
    check("/v1/jobs/j0-1-1:cap", "wrong", "{\"cap\":2}", 401, "unauthorized");
    check("/v1/nodes/9:fence", "key", "{\"reason\":\"gone\"}", 401, "unauthorized");
    check("/v1/nodes/9:fence", &hub.token, "{\"reason\":\"gone\"}", 404, "not-found");
    assert_eq!(hub.get("/v1/jobs?page_size=0").status, 400);
    assert_eq!(hub.get("/nowhere").status, 404);
    assert_eq!(hub.get("/nowhere").json["type"], "/problems/not-found");
    for path in ["/nowhere", "/jobs/j9-9-9"] {
        let page = hub.browse(path);
        assert!(page.status >= 400 && page.body.contains("</html>"), "{path}: {page:?}");
    }
    assert!(hub.get("/metrics").body.contains("dayshift_oversold_total 0"));
    assert_eq!(hub.get("/openapi.json").json["openapi"], "3.1.0");
    check("/v1/jobs", "", "", 405, "method-not-allowed");
    check("/v1/nodes/%FF", &hub.token, "", 400, "bad-request");
    check("/v1/jobs/j0-1-1:close", &hub.token, "{\"cap\":2}", 400, "bad-request");
    let bare = hub.post_bytes("/v1/jobs/j0-1-1:cap", &hub.token, b"{\"cap\":2}");
    assert_eq!((bare.status, &bare.json["type"]), (415, &json!("/problems/unsupported-media-type")));
}

#[test]
fn the_page_of_the_description_names_every_route_and_problem() {
    let hub = Hub::start();
    let page = hub.get("/docs").body;
    for path in hub.get("/openapi.json").json["paths"].as_object().unwrap().keys() {
        assert!(page.contains(&format!("<span>{path}</span>")), "{path}");
    }
    let codes: Vec<_> =
        page.split("<dt><a href=\"/problems/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(codes.len() > 15, "{codes:?}");
    for code in codes {
        let explained = hub.get(&format!("/problems/{code}"));
        assert!(explained.status == 200 && explained.body.starts_with(code), "{explained:?}");
    }
    assert_eq!(hub.get("/problems/none").json["type"], "/problems/not-found");
}

#[test]
fn a_node_joins_and_is_sent_its_jobs_and_rights() {
    let hub = Hub::start();
    assert_eq!(hub.import(IMPORT, &row("a", "Cook", 10)).status, 200);
    let node = Node::join(&hub, "north", "kiosk-1");
    let (changes, granted) = node.sync_until_granted(&hub);
    assert!(changes > 0 && granted > 0);
    let id = hub.get("/v1/jobs").json["jobs"][0]["id"].as_str().unwrap().to_owned();
    let seats = hub.get(&format!("/v1/jobs/{id}/seats")).json;
    assert_eq!(seats["holders"][0]["name"], "kiosk-1");
    assert_eq!(seats["holders"][0]["granted"], granted);
    let nodes = hub.get("/v1/nodes").json;
    assert_eq!(nodes["nodes"][0]["name"], "kiosk-1");
    assert_ne!(nodes["nodes"][0]["state"], "never");
}

#[test]
fn a_region_without_a_right_is_refused_before_any_row() {
    let hub = Hub::start();
    for dry_run in ["", "&dry_run=true"] {
        let answer =
            hub.import(&format!("/v1/jobs:import?region=nroth&tenant=Acme{dry_run}"), &row("a", "Cook", 3));
        assert_eq!(answer.status, 403, "{answer:?}");
        let detail = answer.json["detail"].as_str().unwrap();
        assert!(detail.contains("its regions are: north") && detail.contains("tenant allow"), "{detail}");
    }
    assert_eq!(hub.get("/v1/jobs").json["total"], 0);
}

#[test]
fn a_tenant_changes_its_own_jobs_and_no_others() {
    let hub = Hub::start();
    hub.add_tenant("Other", "another key", "north");
    for tenant in ["Acme", "Other"] {
        let path = format!("/v1/jobs:import?region=north&tenant={tenant}");
        assert_eq!(hub.import(&path, &row("a", tenant, 3)).json["created"], 1, "{tenant}");
    }
    let id = |title: &str| {
        hub.get(&format!("/v1/jobs?q={title}")).json["jobs"][0]["id"].as_str().unwrap().to_owned()
    };
    let (own, other) = (id("Acme"), id("Other"));
    let order = |job: &str, command: &str, body: &str| {
        let answer = hub.post(&format!("/v1/jobs/{job}:{command}"), "key", body);
        (answer.status, answer.json)
    };
    let (status, state) = order(&own, "cap", "{\"cap\":2}");
    assert_eq!((status, &state["cap"]), (200, &json!(2)), "{state}");
    for (command, body) in [("cap", "{\"cap\":2}"), ("close", "")] {
        let (foreign, unknown) = (order(&other, command, body), order("j9-9-9", command, body));
        assert_eq!((foreign.0, unknown.0), (404, 404));
        let told = |answer: &serde_json::Value, id: &str| answer.to_string().replace(id, "JOB");
        assert_eq!(told(&foreign.1, &other), told(&unknown.1, "j9-9-9"), "as if there were no such job");
    }
    let (status, state) = order(&own, "close", "");
    assert_eq!((status, &state["open"]), (200, &json!(false)), "{state}");
    let seats = hub.get(&format!("/v1/jobs/{other}/seats")).json;
    assert_eq!((&seats["cap"], &seats["open"]), (&json!(3), &json!(true)));
    assert_eq!(hub.import(IMPORT, &row("b", "Cook", 3)).status, 200);
    assert_eq!(hub.post(IMPORT, "key", &row("c", "Cook", 3)).status, 401, "imports are the operators'");
}

#[test]
fn who_writes_too_often_waits_and_nobody_else() {
    let hub = Hub::start_told(&["--tenant-writes-per-minute", "3", "--operator-writes-per-minute", "4"]);
    assert_eq!(hub.import(IMPORT, &row("a", "Cook", 3)).status, 200);
    let id = hub.get("/v1/jobs").json["jobs"][0]["id"].as_str().unwrap().to_owned();
    let cap = |token: &str| hub.post(&format!("/v1/jobs/{id}:cap"), token, "{\"cap\":5}");
    let until_refused = |token: &str| {
        let refused = |n| Some((n, cap(token))).filter(|(_, told)| told.status == 429);
        (0..20).find_map(refused).expect("a refusal")
    };
    for (token, count, wait_s) in [("key", 3, 20), (&hub.token, 3, 15)] {
        let (told, refused) = until_refused(token);
        assert_eq!(
            (told, &refused.json["type"]),
            (count, &json!("/problems/too-many-requests")),
            "{refused:?}"
        );
        let wait = refused.header("retry-after").unwrap();
        assert!((1..=wait_s).contains(&wait.parse::<u64>().unwrap()), "{refused:?}");
    }
    assert_eq!(cap("guessed").status, 401, "a wrong key is told so");
    assert_eq!(hub.get("/v1/jobs").status, 200, "reading goes on");
    let metrics = hub.get("/metrics").body;
    for by in ["Tenant", "Operator"] {
        assert!(metrics.contains(&format!("dayshift_rate_limited_total{{by=\"{by}\"}} 1")), "{metrics}");
    }
    assert_eq!(hub.get("/problems/too-many-requests").status, 200);
}

#[test]
fn long_data_is_packed_and_pages_are_not() {
    let hub = Hub::start();
    let taken = [("Accept-Encoding", "gzip")];
    for path in ["/openapi.json", "/docs", "/assets/console.css"] {
        let packed = hub.ask("GET", path, &taken, "");
        assert_eq!((packed.status, packed.header("content-encoding")), (200, Some("gzip")), "{path}");
        assert_eq!(packed.header("vary"), Some("accept-encoding"), "{path}");
        assert_eq!(hub.get(path).header("content-encoding"), None, "{path}");
    }
    for path in ["/", "/nodes", "/jobs", "/sync", "/agency", "/livez"] {
        assert_eq!(hub.ask("GET", path, &taken, "").header("content-encoding"), None, "{path}");
    }
}

#[test]
fn readiness_lists_its_checks_to_who_asks() {
    let hub = Hub::start();
    assert_eq!(hub.get("/readyz").body, "ready\n");
    assert_eq!(hub.get("/readyz?verbose").body, "ok running\nok shards\nok storage\nready\n");
}
