//! What operators order, with real processes: caps, closing, the end of an incarnation and its settlement.

use crate::town::{Town, say, until};
use serde_json::{Value, json};

#[test]
fn a_cap_goes_up_and_down_and_a_job_closes() {
    let mut town = Town::start("orders");
    town.join("hall-1");
    let job = town.post_job(4, "hall-1");
    let people: Vec<_> = (0..3).map(|_| town.confirm("hall-1", &job)).collect();
    town.seats("three are known", &job, |seats| seats["live"] == 3);

    let said = town.order(&["jobs", "cap", &job, "6"]);
    assert_eq!((said.code, said.out.contains("6 seats, it had 4")), (Some(0), true), "{}", said.err);
    let said = town.order(&["jobs", "cap", &job, "2"]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("the smallest cap without ending one of them is 3"), "{}", said.err);
    assert!(said.err.contains("--bump-latest"), "{}", said.err);
    assert_eq!(town.order(&["jobs", "cap", &job, "3"]).code, Some(0));
    let said = town.order(&["jobs", "cap", &job, "2", "--bump-latest"]);
    assert_eq!((said.code, said.err.contains("give --yes")), (Some(1), true), "{}", said.err);
    let said = town.order(&["jobs", "cap", &job, "2", "--bump-latest", "--yes", "--json"]);
    assert_eq!((said.code, said.out.contains(r#""cap":2"#)), (Some(0), true), "{}", said.err);

    let seats = town.seats("the latest has ended", &job, |seats| seats["live"] == 2);
    assert_eq!((&seats["cap"], &seats["oversold"]), (&json!(2), &json!(0)));
    let endings = town.hub(&format!("/v1/jobs/{job}/endings"))["endings"].clone();
    assert_eq!(endings.as_array().unwrap().len(), 1, "{endings}");
    assert_eq!(
        (&endings[0]["sign_up"], &endings[0]["reason"], &endings[0]["done"]),
        (&json!(people[2]), &json!("cap_lowered"), &json!(true))
    );
    let ended = town.node("hall-1", &format!("/v1/sign_ups/{}", people[2]));
    assert_eq!(ended["status"], "bumped", "{ended}");
    let told = town.order(&["jobs", "endings", &job]);
    assert!(told.out.contains(&people[2]) && told.out.contains("done: the cap was lowered"), "{}", told.out);
    let told = town.order(&["jobs", "seats", &job]);
    assert!(
        told.out.contains("Cook: 2 seats, open, 2 confirmed") && told.out.contains("hall-1"),
        "{}",
        told.out
    );
    let waits = until("nobody else gets a place", || {
        let (id, status) = town.sign_up("hall-1", &job);
        (status != "confirmed").then_some(id)
    });
    let told = until("the hub knows who waits", || {
        Some(town.order(&["jobs", "waiting", &job])).filter(|told| told.out.contains(&waits))
    });
    assert!(told.out.trim_start().starts_with("1  "), "{}", told.out);
    let told = town.order(&["jobs", "waiting", &job, "--json"]);
    let list: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(
        (&list["waiting"][0]["sign_up"], &list["waiting"][0]["offered"]),
        (&json!(waits), &json!(false))
    );
    let said = town.order(&["jobs", "waiting", "j0-1-9999"]);
    assert!(said.code == Some(1) && said.err.contains("there is no job j0-1-9999"), "{}", said.err);
    let said = town.order(&["sync", "peers", "--all"]);
    assert!(said.out.contains("hall-1") && said.out.contains("own log merged to"), "{}", said.out);
    let page = town.page(&format!("/jobs/{job}"));
    assert!(page.contains("the cap was lowered") && page.contains(&people[2]));

    let said = town.order(&["jobs", "close", &job, "--yes"]);
    assert_eq!((said.code, said.out.contains("closed")), (Some(0), true), "{}", said.err);
    let seats = town.seats("all have ended", &job, |seats| seats["live"] == 0);
    assert_eq!(seats["open"], false);
    until("nobody waits for an end", || {
        town.page("/metrics").contains("dayshift_endings_open 0").then_some(())
    });
    let said = town.order(&["jobs", "cap", &job, "9"]);
    assert!(said.err.contains("a closed job stays closed"), "{}", said.err);
    assert_eq!(town.sign_up("hall-1", &job).1, "409");
}

#[test]
fn an_agency_changes_seats_and_closes_at_its_own_node() {
    let mut town = Town::start("desk-orders");
    town.join("hall-1");
    let job = town.post_job(4, "hall-1");
    let _people: Vec<_> = (0..3).map(|_| town.confirm("hall-1", &job)).collect();
    town.seats("three are known", &job, |seats| seats["live"] == 3);
    let bearer = format!("Bearer {}", town.key);
    let order = |town: &Town, command: &str, key: &str, body: Value| {
        let headers = [("Authorization", bearer.as_str()), ("Idempotency-Key", key)];
        town.call("hall-1", "POST", &format!("/v1/jobs/{job}:{command}"), &headers, &body)
    };
    let raised = order(&town, "set_cap", "a", json!({ "cap": 6 }));
    assert_eq!((raised.0, &raised.1["cap"], &raised.1["open"]), (200, &json!(6), &json!(true)), "{raised:?}");
    let here = town.node("hall-1", &format!("/v1/jobs/{job}"));
    assert_eq!(here["seats"]["cap"], 6, "the node has heard of it when it answers");
    // The bookmark of such a write names the version of the hub's row.
    let read = |version: u64| {
        let mark = format!("{job}@hub:{version}");
        let headers = [("Dayshift-Bookmark", mark.as_str())];
        town.call("hall-1", "GET", &format!("/v1/jobs/{job}"), &headers, &Value::Null).0
    };
    let version = raised.1["version"].as_u64().unwrap();
    assert_eq!((read(version), read(version + 1_000)), (200, 503));
    let below = order(&town, "set_cap", "b", json!({ "cap": 2 }));
    assert_eq!((below.0, &below.1["type"]), (409, &json!("/problems/below-confirmed")), "{below:?}");
    assert_eq!(below.1["smallest_cap"], 3);
    let lowered = order(&town, "set_cap", "c", json!({ "cap": 3 }));
    assert_eq!((lowered.0, &lowered.1["cap"]), (200, &json!(3)), "{lowered:?}");
    assert_eq!(order(&town, "set_cap", "a", json!({ "cap": 6 })), raised, "a retry changes nothing again");
    assert_eq!(town.hub(&format!("/v1/jobs/{job}/seats"))["cap"], 3);
    assert_eq!(order(&town, "set_cap", "a", json!({ "cap": 7 })).1["type"], "/problems/key-reused");

    town.kill_hub();
    // The node may not have noticed yet: then it says that nobody answered.
    let cut = order(&town, "close", "d", Value::Null);
    let said = cut.1["type"].as_str().unwrap();
    assert!(cut.0 == 503 && ["/problems/no-line", "/problems/no-answer"].contains(&said), "{cut:?}");
    town.start_hub();
    town.ready("hall-1", &job);
    assert_eq!(town.hub(&format!("/v1/jobs/{job}/seats"))["open"], true, "nothing was changed");
    let again = until("the hub answers again", || {
        Some(order(&town, "set_cap", "a", json!({ "cap": 6 }))).filter(|told| told.0 == 200)
    });
    assert_eq!(again, raised, "remembered on the hub's disk");

    let closed = order(&town, "close", "d", Value::Null);
    assert_eq!(
        (closed.0, &closed.1["open"], &closed.1["ended"]),
        (200, &json!(false), &json!(3)),
        "{closed:?}"
    );
    assert_eq!(town.node("hall-1", &format!("/v1/jobs/{job}"))["open"], false);
    town.seats("all have ended", &job, |seats| seats["live"] == 0);
    let late = order(&town, "set_cap", "e", json!({ "cap": 9 }));
    assert_eq!((late.0, &late.1["type"]), (409, &json!("/problems/closed")), "{late:?}");
}

fn incarnation(town: &Town) -> Value {
    town.hub("/v1/limbo")["incarnations"][0].clone()
}

#[test]
fn a_fenced_node_is_settled_by_its_log_and_the_hall_goes_on() {
    let mut town = Town::start("fence");
    town.join("hall-1");
    let job = town.post_job(5, "hall-1");
    for _ in 0..2 {
        town.confirm("hall-1", &job);
    }
    town.seats("two are known", &job, |seats| seats["live"] == 2);
    let said = town.order(&["node", "list"]);
    assert!(said.out.contains("hall-1") && said.out.contains("1.1"), "{}", said.out);
    let said = town.order(&["node", "reclaim", "hall-1", "--yes"]);
    assert_eq!((said.code, said.err.contains("fence it first")), (Some(1), true), "{}", said.err);
    let said = town.order(&["node", "fence", "hall-9", "--reason", "gone", "--yes"]);
    assert!(said.err.contains("there are: hall-1 (1)"), "{}", said.err);

    // Its power is gone: what it holds stays reserved, whatever is asked.
    town.kill_node("hall-1");
    let said = town.order(&["node", "fence", "hall-1", "--reason", "flooded", "--yes"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let over = incarnation(&town);
    assert_eq!((&over["standing"], &over["cause"]), (&json!("fenced"), &json!("retired")), "{over}");
    assert!(over["reserved"].as_u64().unwrap() >= 2, "{over}");
    let said = town.order(&["node", "limbo"]);
    assert!(said.out.contains("flooded") && said.out.contains("Cook"), "{}", said.out);
    let said = town.order(&["node", "limbo", "--all"]);
    assert!(said.out.contains("hall-1, life 1"), "{}", said.out);
    // Nobody waits for a lease after which nothing comes back: its job has the policy to be written off.
    let said = town.order(&["node", "reclaim", "hall-1"]);
    assert_eq!((said.code, said.out.contains("nothing to reclaim")), (Some(0), true), "{}", said.err);
    let said = town.order(&["node", "fence", "hall-1", "--reason", "again"]);
    assert!(said.out.contains("is fenced already, since") && said.out.contains("flooded"), "{}", said.err);
    assert!(town.page("/incarnations").contains("dayshift node reclaim 1"));
    let metrics = town.page("/metrics");
    assert!(metrics.contains("dayshift_fenced_incarnations 1"), "{metrics}");
    assert!(metrics.contains("dayshift_duplicate_sign_ups_total 0"), "{metrics}");

    // The box is found and started once more: it hears that it is over, and its whole log settles it.
    town.start_node("hall-1");
    until("the incarnation is settled", || (incarnation(&town)["standing"] == "settled").then_some(()));
    until("the node says why it signs nobody up", || {
        town.node("hall-1", "/v1/node")["frozen"].as_str()?.contains("flooded").then_some(())
    });
    assert_eq!(town.sign_up("hall-1", &job).1, "503");
    let log = town.log("hall-1");
    assert!(log.contains("signs nobody up") && !log.contains('\u{1b}'), "no colours in a file: {log}");
    let seats = town.seats("the hub holds its seats", &job, |seats| seats["pool"] == 3);
    assert_eq!((&seats["live"], &town.hub("/v1/limbo")["rights"]), (&json!(2), &json!([])));
    let hub = seats["holders"].as_array().unwrap().iter().find(|holder| holder["name"] == "hub").unwrap();
    assert_eq!(hub["live"], 2, "{seats}");

    town.kill_node("hall-1");
    town.join("hall-1");
    assert_eq!(town.node("hall-1", "/v1/node")["incarnation"], 2);
    town.ready("hall-1", &job);
    for _ in 0..3 {
        town.confirm("hall-1", &job);
    }
    assert_ne!(town.sign_up("hall-1", &job).1, "confirmed");
    let seats = town.seats("all five are known", &job, |seats| seats["live"] == 5);
    assert_eq!(seats["oversold"], 0);
}

#[test]
fn a_drained_node_hands_its_rights_to_the_others_and_keeps_its_people() {
    let mut town = Town::start("drain");
    town.join("hall-1");
    town.join("hall-2");
    let job = town.post_job(6, "hall-1");
    town.ready("hall-2", &job);
    let first = town.confirm("hall-1", &job);
    let proof = town.proof("hall-1", &job);
    let data = town.path("hall-1");
    let drained = say(&["edge", "drain", "--data", &data, "--json"]);
    assert_eq!(
        (drained.code, drained.out.contains(r#""idle_rights":0"#)),
        (Some(0), true),
        "{}",
        drained.err
    );
    assert_eq!(town.sign_up("hall-1", &job).1, "503");
    let (status, page) = town.visit("hall-1", "/?lang=en", &[]);
    assert!(status == 503 && page.contains("No sign-ups at this kiosk now"), "{page}");
    assert_eq!(town.visit("hall-1", "/readyz", &[]).0, 503);

    // All that is left can be had at the other hall, and the hub gives the drained one nothing back.
    for _ in 0..5 {
        let (id, status) = town.sign_up("hall-2", &job);
        assert!(!id.is_empty(), "{status}");
    }
    town.seats("whoever came to the other hall has a place", &job, |seats| seats["live"] == 6);
    until("the hub knows that it drains", || {
        town.order(&["node", "list"])
            .out
            .lines()
            .any(|line| line.contains("hall-1") && line.contains("draining"))
            .then_some(())
    });

    // It holds over a restart, and who has a place may give it back here.
    town.kill_node("hall-1");
    town.start_node("hall-1");
    town.ready("hall-1", &job);
    assert_eq!(say(&["edge", "status", "--data", &data]).code, Some(2));
    let given_back = town.call("hall-1", "POST", &format!("/v1/sign_ups/{first}:cancel"), &[], &proof);
    assert_eq!((given_back.0, &given_back.1["status"]), (200, &json!("cancelled")), "{given_back:?}");
    let sessions = |town: &Town| town.log("hall-1").matches("in step with the hub from here on").count();
    let before = sessions(&town);
    assert_eq!(say(&["edge", "resync", "--data", &data]).code, Some(0));
    until("a new session has begun", || (sessions(&town) > before).then_some(()));

    assert_eq!(say(&["edge", "resume", "--data", &data]).code, Some(0));
    until("it takes people again", || (town.visit("hall-1", "/readyz", &[]).0 == 200).then_some(()));
    let more = town.order(&["jobs", "cap", &job, "12"]);
    assert_eq!(more.code, Some(0), "{}", more.err);
    let _confirmed = town.confirm("hall-1", &job);
    let seats = town.seats("all of it is known", &job, |seats| seats["live"].as_u64() >= Some(6));
    assert_eq!(seats["oversold"], 0);
}

#[test]
fn of_one_workers_places_at_two_cut_nodes_the_first_that_the_hub_hears_of_stays() {
    let mut town = Town::start("duplicate");
    for name in ["hall-1", "hall-2"] {
        town.join(name);
    }
    let job = town.post_job(8, "hall-1");
    town.ready("hall-2", &job);
    for name in ["hall-1", "hall-2"] {
        until("a right is at each node", || {
            (town.node(name, &format!("/v1/jobs/{job}"))["seats"]["here"].as_u64()? > 0).then_some(())
        });
    }
    assert!(town.page("/metrics").contains("dayshift_duplicate_sign_ups_total 0"));
    town.kill_hub();
    let tickets = ["hall-1", "hall-2"].map(|name| {
        let body = json!({ "job": job, "phone": "13905712916" });
        let (status, answer) = town.call(name, "POST", "/v1/sign_ups", &[("Idempotency-Key", name)], &body);
        assert_eq!((status, &answer["status"]), (201, &json!("confirmed")), "{answer}");
        (name, format!("/v1/sign_ups/{}", answer["id"].as_str().unwrap()))
    });
    town.start_hub();
    until("the hub has found the second place", || {
        town.page("/metrics").contains("dayshift_duplicate_sign_ups_total 1").then_some(())
    });
    until("its holder has ended it", || {
        let states = tickets.each_ref().map(|(name, path)| town.node(name, path)["status"].clone());
        let left = states.iter().filter(|status| **status == "confirmed").count();
        (left == 1 && states.contains(&json!("bumped"))).then_some(())
    });
    let seats = town.seats("one place is held", &job, |seats| seats["live"] == 1);
    assert_eq!(seats["oversold"], 0, "{seats}");
    assert!(town.page("/metrics").contains("dayshift_duplicate_sign_ups_total 1"), "counted once");
}
