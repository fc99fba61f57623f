//! Every route of the node, and who may call it. The list is held against the routers' sources, and each route of a tenant
//! is called without a key, with a wrong one and with another tenant's: the list of routes without such a test is empty.

use crate::{
    agency::Clerk,
    node::{Node, OTHER_TENANT_KEY, sign_up, small_job},
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, path::Path};

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// Anybody who can reach the node.
    Anyone,
    /// Whoever knows a ticket's digits; what changes it needs the phone number as well.
    Ticket,
    /// A tenant with its key, for what is its own.
    Tenant,
    /// The same, and nobody names anything: what comes back is the asker's own.
    OwnTenant,
    /// A clerk who is logged in with the tenant's key.
    Clerk,
    /// A worker with a log-in, for what is his own.
    Worker,
    /// A worker who is logged in on this visit at the screen, for what is his own; all others are led to the log-in.
    Visitor,
    /// The box itself: a token that lies beside the database.
    Box,
}

const ROUTES: &[(&str, &str, Who)] = &[
    ("/", "get", Who::Anyone),
    ("/agency", "get", Who::Clerk),
    ("/agency/end", "get", Who::Clerk),
    ("/agency/end", "post", Who::Clerk),
    ("/agency/seats", "get", Who::Clerk),
    ("/agency/seats", "post", Who::Clerk),
    ("/agency/gate", "get", Who::Clerk),
    ("/agency/gate", "post", Who::Clerk),
    ("/agency/login", "post", Who::Anyone),
    ("/agency/logout", "post", Who::Clerk),
    ("/agency/rows", "post", Who::Clerk),
    ("/agency/rule", "post", Who::Clerk),
    ("/agency/timesheet", "get", Who::Clerk),
    ("/agency/timesheet", "post", Who::Clerk),
    ("/agency/timesheet.csv", "get", Who::Clerk),
    ("/assets/agency.css", "get", Who::Anyone),
    ("/assets/kiosk.css", "get", Who::Anyone),
    ("/favicon.ico", "get", Who::Anyone),
    ("/help", "get", Who::Anyone),
    ("/job/{id}", "get", Who::Anyone),
    ("/livez", "get", Who::Anyone),
    ("/metrics", "get", Who::Anyone),
    ("/enrol", "get", Who::Anyone),
    ("/enrol", "post", Who::Anyone),
    // Without a log-in it is the way to one.
    ("/me", "get", Who::Anyone),
    ("/me", "post", Who::Anyone),
    ("/me/about", "get", Who::Visitor),
    ("/me/about", "post", Who::Visitor),
    ("/me/card", "get", Who::Visitor),
    ("/me/card", "post", Who::Visitor),
    ("/me/card/print", "post", Who::Visitor),
    ("/me/code", "get", Who::Anyone),
    ("/me/code", "post", Who::Anyone),
    ("/me/erase", "get", Who::Visitor),
    ("/me/erase", "post", Who::Visitor),
    ("/me/pin", "get", Who::Visitor),
    ("/me/pin", "post", Who::Visitor),
    ("/mine", "get", Who::Anyone),
    ("/mine", "post", Who::Ticket),
    ("/near", "get", Who::Anyone),
    ("/readyz", "get", Who::Anyone),
    ("/sign_up", "get", Who::Anyone),
    ("/sign_up", "post", Who::Anyone),
    ("/ticket/{code}", "get", Who::Ticket),
    ("/ticket/{code}/cancel", "get", Who::Ticket),
    ("/ticket/{code}/cancel", "post", Who::Ticket),
    ("/ticket/{code}/hours", "get", Who::Ticket),
    ("/ticket/{code}/hours", "post", Who::Ticket),
    ("/ticket/{code}/print", "post", Who::Ticket),
    ("/attract", "get", Who::Anyone),
    ("/audio/{name}", "get", Who::Anyone),
    ("/crew", "get", Who::Anyone),
    ("/crew", "post", Who::Anyone),
    ("/crew/{codes}", "get", Who::Ticket),
    ("/crew/{codes}/print", "post", Who::Ticket),
    ("/find", "get", Who::Anyone),
    ("/next", "get", Who::Anyone),
    ("/v1/crews", "post", Who::Anyone),
    ("/v1/holds", "post", Who::Anyone),
    ("/v1/holds/{id}", "delete", Who::Anyone),
    ("/v1/messages", "get", Who::Box),
    ("/v1/messages/{id}", "post", Who::Box),
    ("/v1/node:drain", "post", Who::Box),
    ("/v1/node:resume", "post", Who::Box),
    ("/v1/node:resync", "post", Who::Box),
    ("/v1/sessions", "post", Who::Anyone),
    ("/v1/sessions", "delete", Who::Anyone),
    ("/v1/sync/carry", "post", Who::Box),
    ("/v1/workers:reset_pin", "post", Who::Box),
    ("/v1/workers/me", "post", Who::Anyone),
    ("/v1/workers/me", "get", Who::Worker),
    ("/v1/workers/me", "patch", Who::Worker),
    ("/v1/workers/me", "delete", Who::Worker),
    ("/v1/events", "get", Who::Anyone),
    ("/v1/jobs", "get", Who::Anyone),
    ("/v1/jobs", "post", Who::OwnTenant),
    ("/v1/jobs/{id}", "get", Who::Anyone),
    ("/v1/jobs/{id}", "patch", Who::Tenant),
    // `:set_cap` and `:close`, each tested below by its name.
    ("/v1/jobs/{id}", "post", Who::Tenant),
    ("/v1/jobs/{id}/draw", "get", Who::Anyone),
    ("/v1/jobs/{id}/roster", "get", Who::Tenant),
    ("/v1/node", "get", Who::Anyone),
    ("/v1/categories", "get", Who::Anyone),
    ("/v1/regions", "get", Who::Anyone),
    ("/v1/sign_ups", "get", Who::Ticket),
    ("/v1/sign_ups", "post", Who::Anyone),
    ("/v1/sign_ups/{id}", "get", Who::Ticket),
    // `:cancel` is the worker's; the other commands are tested below, each by its name.
    ("/v1/sign_ups/{id}", "post", Who::Ticket),
    ("/v1/timesheet", "get", Who::OwnTenant),
];

/// Commands on a sign-up that are an agency's.
const COMMANDS: [&str; 5] = ["check_in", "check_out", "confirm_minutes", "no_show", "dismiss"];

/// Routes as the sources of the routers write them: path and method.
fn written() -> BTreeSet<(String, String)> {
    let source = |file: &str| {
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file)).unwrap()
    };
    let link = source("kiosk/link.rs");
    let named = |name: &str| {
        let start = format!("const {name}: &str = \"");
        link.split(&start).nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let mut found = BTreeSet::new();
    for file in
        ["http.rs", "http/carry.rs", "kiosk/routes.rs", "agency.rs", "../../../pages/src/agency/door.rs"]
    {
        let source = source(file);
        for route in source.split(".route(").skip(1) {
            let (path, rest) = split_argument(route);
            let path = match path.strip_prefix("&below(") {
                Some(below) => {
                    let (constant, rest) = below.split_once(", ").unwrap();
                    let name = constant.strip_prefix("link::").unwrap();
                    format!("{}/{}", named(name), rest.trim_end_matches(')').trim_matches('"'))
                }
                None => path.strip_prefix("link::").map_or_else(|| path.trim_matches('"').to_owned(), named),
            };
            let handlers = rest.split_at(end_of_call(rest)).0;
            for method in ["get", "post", "patch", "put", "delete"] {
                if handlers.trim_start().starts_with(&format!("{method}("))
                    || handlers.contains(&format!(".{method}("))
                {
                    found.insert((path.clone(), method.to_owned()));
                }
            }
        }
    }
    found
}

/// The first argument of a call, and what follows it.
fn split_argument(call: &str) -> (&str, &str) {
    let mut depth = 0;
    let at = call.find(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    });
    let (first, rest) = call.split_at(at.unwrap());
    (first.trim(), rest.trim_start_matches(','))
}

/// Where the parenthesis closes that was opened before a text.
fn end_of_call(text: &str) -> usize {
    let mut depth = 1;
    let at = text.find(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0
    });
    at.unwrap()
}

#[test]
fn every_route_says_who_may_call_it() {
    let listed: BTreeSet<_> =
        ROUTES.iter().map(|(path, method, _)| ((*path).to_owned(), (*method).to_owned())).collect();
    assert_eq!(listed.len(), ROUTES.len());
    assert_eq!(written(), listed);
    let commands =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/attendance.rs")).unwrap();
    assert!(commands.contains(&format!("COMMANDS: [&str; 5] = {COMMANDS:?}")));
}

#[test]
fn no_route_of_a_tenant_opens_without_its_key() {
    let node = Node::start("keys");
    let job = small_job(&node, 1);
    let sign_up: Value = serde_json::from_str(&sign_up(&node, &job, 1).body).unwrap();
    let sign_up = sign_up["id"].as_str().unwrap();
    let of_tenants = ROUTES.iter().filter(|(_, _, who)| matches!(who, Who::Tenant | Who::OwnTenant));
    let mut calls: Vec<(String, String, bool)> = of_tenants
        .map(|(path, method, who)| {
            let path = path.replace("{id}", &job).replace("/v1/timesheet", "/v1/timesheet?date=2026-11-23");
            (method.to_uppercase(), path, *who == Who::Tenant)
        })
        .collect();
    calls.extend(COMMANDS.map(|name| ("POST".to_owned(), format!("/v1/sign_ups/{sign_up}:{name}"), true)));
    calls
        .extend(["set_cap", "close"].map(|name| ("POST".to_owned(), format!("/v1/jobs/{job}:{name}"), true)));
    assert_eq!(calls.len(), 12);
    let json = ("Content-Type", "application/json");
    let body = json!({ "minutes": 1 }).to_string();
    for (method, path, names_something) in calls {
        let call = |headers: &[(&str, &str)]| node.send(&method, &path, headers, body.as_bytes());
        for headers in [
            vec![json],
            vec![json, ("Authorization", "Bearer guessed")],
            vec![json, ("Authorization", "Basic x")],
        ] {
            let refused = call(&headers);
            assert_eq!(
                (refused.status, refused.problem().as_str()),
                (401, "/problems/unauthorised"),
                "{method} {path}"
            );
        }
        let bearer = format!("Bearer {OTHER_TENANT_KEY}");
        let foreign = call(&[json, ("Authorization", &bearer)]);
        if names_something {
            assert_eq!(foreign.status, 404, "{method} {path}: {foreign:?}");
        } else {
            assert!(
                !foreign.body.contains(&job) && !foreign.body.contains(sign_up),
                "{method} {path}: {foreign:?}"
            );
        }
    }
}

#[test]
fn no_route_of_a_worker_or_of_the_box_opens_without_a_proof() {
    let node = Node::start("proofs");
    let guarded = ROUTES.iter().filter(|(_, _, who)| matches!(who, Who::Worker | Who::Box));
    let mut calls = 0;
    for (path, method, who) in guarded {
        for headers in [vec![], vec![("Authorization", "Bearer guessed")]] {
            let refused =
                node.send(&method.to_uppercase(), &path.replace("{id}", "1-1:retry"), &headers, b"{}");
            let code = if *who == Who::Worker { "/problems/unproved" } else { "/problems/unauthorised" };
            assert_eq!((refused.status, refused.problem().as_str()), (401, code), "{method} {path}");
            calls += 1;
        }
    }
    assert_eq!(calls, 20);
}

#[test]
fn no_page_of_a_workers_own_opens_without_a_log_in() {
    let node = Node::start("own-pages");
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let anonymous = node.get("/mine?lang=en").action();
    let view = anonymous.split("view=").nth(1).unwrap();
    let pages = ROUTES.iter().filter(|(_, _, who)| *who == Who::Visitor);
    let mut calls = 0;
    for (path, method, _) in pages {
        for query in
            ["?lang=en".to_owned(), "?lang=en&view=guessed".to_owned(), format!("?lang=en&view={view}")]
        {
            let led =
                node.send(&method.to_uppercase(), &format!("{path}{query}"), &[form], b"at=pin&pin=7391");
            assert_eq!(led.status, 303, "{method} {path}{query}");
            assert!(led.header("location").unwrap().starts_with("/me?lang=en"), "{method} {path}{query}");
            calls += 1;
        }
    }
    assert_eq!(calls, 27);
}

#[test]
fn no_page_of_an_agency_opens_without_a_login() {
    let node = Node::start("pages");
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let pages = ROUTES.iter().filter(|(_, _, who)| *who == Who::Clerk);
    for (path, method, _) in pages {
        for cookie in ["a=b", "dayshift_clerk=", "dayshift_clerk=guessed"] {
            let refused = node.send(&method.to_uppercase(), path, &[form, ("Cookie", cookie)], b"csrf=x");
            assert_eq!(refused.status, 401, "{method} {path} {cookie}");
            assert!(refused.body.contains("action=\"/agency/login\""), "{method} {path}");
        }
    }
}

#[test]
fn a_clerk_of_another_agency_sees_and_changes_nothing() {
    let node = Node::start("other-clerk");
    let job = small_job(&node, 2);
    let taken: Value = serde_json::from_str(&sign_up(&node, &job, 1).body).unwrap();
    let told = |name: &str| taken[name].as_str().unwrap();
    let clerk = Clerk::with_key(&node, OTHER_TENANT_KEY);
    let (id, code, receipt) = (told("id"), told("code"), told("receipt"));
    let one = format!("one_{id}");
    let orders = ["", "no_show", "dismiss", "close", "cap", "bump", "in", "out", "send", &one];
    let day = "2099-01-01";
    let mut calls = 0;
    for (path, method, _) in ROUTES.iter().filter(|(_, _, who)| *who == Who::Clerk) {
        if *path == "/agency/logout" {
            continue;
        }
        let mut answers = Vec::new();
        if *method == "get" {
            answers.push(
                clerk.get(&format!("{path}?shift={job}&sign_up={id}&day={day}&date={day}&way=same&all=1")),
            );
        } else {
            for (order, ticket) in orders.iter().flat_map(|order| [(*order, code), (*order, receipt)]) {
                let pairs = [
                    ("shift", job.as_str()),
                    ("sign_up", id),
                    ("ticket", ticket),
                    ("day", day),
                    ("date", day),
                    ("do", order),
                    ("cap", "1"),
                    ("minutes", "15"),
                    ("key", "k"),
                ];
                answers.push(clerk.post(path, &pairs));
            }
        }
        for answer in answers {
            assert_ne!(answer.status, 401, "the clerk is logged in: {method} {path}");
            assert!(!answer.body.contains("分拣员"), "{method} {path}: {answer:?}");
            calls += 1;
        }
    }
    assert_eq!(calls, 6 + 20 * 6);
    let stands: Value = serde_json::from_str(&node.get(&format!("/v1/sign_ups/{id}")).body).unwrap();
    assert_eq!(stands["status"], "confirmed");
    let shown: Value = serde_json::from_str(&node.get(&format!("/v1/jobs/{job}")).body).unwrap();
    assert_eq!((&shown["open"], &shown["seats"]["here"]), (&json!(true), &json!(1)));
}

#[test]
fn what_a_ticket_opens_stays_shut_without_its_digits() {
    let node = Node::start("tickets");
    let job = small_job(&node, 1);
    let taken: Value = serde_json::from_str(&sign_up(&node, &job, 1).body).unwrap();
    let (id, code) = (taken["id"].as_str().unwrap(), taken["code"].as_str().unwrap());
    let wrong = if code == "123456" { "123457" } else { "123456" };
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let body = format!("code={wrong}&phone=13900000001&sure=1");
    let mut calls = 0;
    for (path, method, _) in ROUTES.iter().filter(|(_, _, who)| *who == Who::Ticket) {
        let path = path.replace("{codes}", wrong).replace("{code}", wrong);
        let path = match path.as_str() {
            "/v1/sign_ups" => format!("/v1/sign_ups?code={wrong}"),
            "/v1/sign_ups/{id}" if *method == "get" => format!("/v1/sign_ups/{id}?code={wrong}"),
            "/v1/sign_ups/{id}" => format!("/v1/sign_ups/{id}:cancel"),
            _ => format!("{path}?lang=en"),
        };
        let json = ("Content-Type", "application/json");
        let (kind, sent) = if path.starts_with("/v1") {
            (json, format!("{{\"phone\":\"13900000001\",\"code\":\"{wrong}\"}}"))
        } else {
            (form, body.clone())
        };
        let answer = node.send(&method.to_uppercase(), &path, &[kind], sent.as_bytes());
        assert_ne!(answer.status, 200, "{method} {path}: {answer:?}");
        assert!(
            !answer.body.contains(code) && !answer.body.contains("分拣员"),
            "{method} {path}: {answer:?}"
        );
        calls += 1;
    }
    assert_eq!(calls, ROUTES.iter().filter(|(_, _, who)| *who == Who::Ticket).count());
    let stands: Value = serde_json::from_str(&node.get(&format!("/v1/sign_ups/{id}")).body).unwrap();
    assert_eq!(stands["status"], "confirmed", "and nothing was given back");
}
