//! Every route of the hub, and who may call it. The list is held against the routers' sources, and each route that asks for a
//! key or a log-in is called without one.

use crate::hub::Hub;
use std::{collections::BTreeSet, fs, path::Path};

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// Whoever reaches the hub's port, which is on the loopback alone.
    Anyone,
    /// Whoever holds the operators' token.
    Operator,
    /// The same, and a tenant with its key, for what is its own.
    Tenant,
    /// A clerk who is logged in with the tenant's key, for what is the tenant's own.
    Clerk,
}

const ROUTES: &[(&str, &str, Who)] = &[
    ("/", "get", Who::Anyone),
    ("/agency", "get", Who::Clerk),
    ("/agency/end", "get", Who::Clerk),
    ("/agency/end", "post", Who::Clerk),
    ("/agency/gate", "get", Who::Clerk),
    ("/agency/login", "post", Who::Anyone),
    ("/agency/logout", "post", Who::Clerk),
    ("/agency/rows", "post", Who::Clerk),
    ("/agency/seats", "get", Who::Clerk),
    ("/agency/seats", "post", Who::Clerk),
    ("/agency/timesheet", "get", Who::Clerk),
    ("/agency/timesheet.csv", "get", Who::Clerk),
    ("/agency/who", "get", Who::Clerk),
    ("/assets/agency.css", "get", Who::Anyone),
    ("/assets/console.css", "get", Who::Anyone),
    ("/favicon.ico", "get", Who::Anyone),
    ("/incarnations", "get", Who::Anyone),
    ("/jobs", "get", Who::Anyone),
    ("/jobs/{id}", "get", Who::Anyone),
    ("/livez", "get", Who::Anyone),
    ("/metrics", "get", Who::Anyone),
    ("/nodes", "get", Who::Anyone),
    ("/readyz", "get", Who::Anyone),
    ("/sync", "get", Who::Anyone),
    ("/v1/erasures", "get", Who::Anyone),
    ("/v1/jobs", "get", Who::Anyone),
    ("/v1/jobs/{id}", "post", Who::Tenant),
    ("/v1/jobs/{id}/endings", "get", Who::Anyone),
    ("/v1/jobs/{id}/seats", "get", Who::Anyone),
    ("/v1/jobs/{id}/waiting", "get", Who::Anyone),
    ("/v1/jobs:import", "post", Who::Operator),
    ("/v1/limbo", "get", Who::Anyone),
    ("/v1/nodes", "get", Who::Anyone),
    ("/v1/nodes/{node}", "post", Who::Operator),
    ("/v1/seats", "get", Who::Anyone),
    ("/v1/sync/carry", "post", Who::Operator),
    ("/v1/sync/peers", "get", Who::Anyone),
];

/// Routes as the sources of the routers write them: path and method.
fn written() -> BTreeSet<(String, String)> {
    let source = |file: &str| {
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file)).unwrap()
    };
    let view = source("console/view.rs");
    let named = |name: &str| {
        let start = format!("const {name}: &str = \"");
        view.split(&start).nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let mut found = BTreeSet::new();
    for file in ["http.rs", "http/carry.rs", "agency.rs", "../../../pages/src/agency/door.rs"] {
        let source = source(file);
        for route in source.split(".route(").skip(1) {
            let begin = route.strip_prefix("&format!(\"{}/{{id}}\", view::").map(|rest| (rest, "/{id}"));
            let (path, rest) = match (begin, route.strip_prefix("view::")) {
                (Some((rest, more)), _) => {
                    let (name, rest) = rest.split_once(')').unwrap();
                    (named(name) + more, rest)
                }
                (None, Some(rest)) => {
                    let (name, rest) = rest.split_once(',').unwrap();
                    (named(name), rest)
                }
                (None, None) => {
                    let rest = route.trim_start().strip_prefix('"').unwrap();
                    let (path, rest) = rest.split_once('"').unwrap();
                    (path.to_owned(), rest)
                }
            };
            let handlers = rest.trim_start_matches([',', ' ', '\n']);
            let first = handlers.split('(').next().unwrap().to_owned();
            assert!(["get", "post"].contains(&first.as_str()), "{file}: {handlers:.60}");
            // A second method stands on the same line.
            if first == "get" && handlers.lines().next().unwrap().contains(").post(") {
                found.insert((path.clone(), "post".to_owned()));
            }
            found.insert((path, first));
        }
    }
    found
}

#[test]
fn every_route_says_who_may_call_it() {
    let listed: BTreeSet<_> =
        ROUTES.iter().map(|(path, method, _)| ((*path).to_owned(), (*method).to_owned())).collect();
    assert_eq!(listed.len(), ROUTES.len());
    assert_eq!(written(), listed);
}

#[test]
fn no_route_of_operators_or_tenants_opens_without_a_key() {
    let hub = Hub::start();
    let guarded = ROUTES.iter().filter(|(_, _, who)| matches!(who, Who::Operator | Who::Tenant));
    let mut calls = 0;
    for (path, method, _) in guarded {
        let path = path.replace("{id}", "j0-1-1:close").replace("{node}", "1:reclaim");
        let path = path.replace(":import", ":import?region=north&tenant=Acme");
        for key in [None, Some("Bearer guessed"), Some("Basic x")] {
            let mut headers = vec![("Content-Type", "application/json")];
            headers.extend(key.map(|key| ("Authorization", key)));
            let refused = hub.ask(&method.to_uppercase(), &path, &headers, "");
            assert_eq!(
                (refused.status, &refused.json["type"]),
                (401, &"/problems/unauthorized".into()),
                "{path}"
            );
            calls += 1;
        }
    }
    assert_eq!(calls, 12);
}

#[test]
fn no_page_of_an_agency_opens_without_a_login() {
    let hub = Hub::start();
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    for (path, method, _) in ROUTES.iter().filter(|(_, _, who)| *who == Who::Clerk) {
        for cookie in ["a=b", "dayshift_clerk=", "dayshift_clerk=guessed"] {
            let refused = hub.ask(&method.to_uppercase(), path, &[form, ("Cookie", cookie)], "csrf=x");
            assert_eq!(refused.status, 401, "{method} {path} {cookie}");
            assert!(refused.body.contains("action=\"/agency/login\""), "{method} {path}");
        }
    }
}

#[test]
fn a_name_that_another_site_made_to_point_here_opens_nothing() {
    let hub = Hub::start_told(&["--host-name", "jobs.example"]);
    for path in ["/", "/nodes", "/agency", "/v1/jobs", "/v1/nodes", "/docs", "/metrics", "/livez", "/readyz"]
    {
        let asked = |host: &str| hub.ask("GET", path, &[("Host", host), ("Accept", "text/html")], "");
        let refused = asked("rebound.example:7480");
        assert_eq!((refused.status, &refused.json["type"]), (421, &"/problems/misdirected".into()), "{path}");
        assert!(refused.body.contains("--host-name rebound.example"), "{refused:?}");
        for own in ["jobs.example", "localhost:7480", "hub.local", "[::1]:7480"] {
            assert_eq!(asked(own).status, hub.ask("GET", path, &[], "").status, "{own} {path}");
        }
    }
}
