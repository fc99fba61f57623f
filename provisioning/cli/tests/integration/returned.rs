//! A box that was given up returns, while another one has its name, with real processes.

use crate::town::{Town, until};
use serde_json::{Value, json};

fn incarnation(town: &Town) -> Value {
    town.hub("/v1/limbo")["incarnations"][0].clone()
}

/// Sessions that the newest incarnation has had.
fn sessions(town: &Town) -> u64 {
    let peers = town.hub("/v1/sync/peers");
    let newest = &peers["peers"][0];
    assert_eq!((&newest["name"], &newest["incarnation"]), (&json!("hall-1"), &json!(2)), "{peers}");
    newest["rounds"].as_u64().unwrap()
}

#[test]
fn an_old_box_returns_and_is_settled_while_the_new_one_goes_on() {
    let mut town = Town::start("returned");
    town.join("hall-1");
    let job = town.post_job(6, "hall-1");
    town.confirm("hall-1", &job);
    town.seats("one is known", &job, |seats| seats["live"] == 1);
    until("the line's figures are those of now", || {
        let node = town.node("hall-1", "/v1/node");
        let later = node["last_contact_at"].as_u64()? > node["link_since"].as_u64()?;
        (later && node["bytes_sent"].as_u64()? > 0 && node["bytes_received"].as_u64()? > 0).then_some(())
    });
    // What it confirms here the hub does not hear before it is given up.
    town.kill_hub();
    let (unheard, status) = town.sign_up("hall-1", &job);
    assert_eq!(status, "confirmed");
    town.kill_node("hall-1");
    town.start_hub();
    let said = town.order(&["node", "fence", "hall-1", "--reason", "stolen", "--yes"]);
    assert_eq!(said.code, Some(0), "{}", said.err);

    town.join_as("new-box", "hall-1");
    town.ready("new-box", &job);
    assert_eq!(town.node("new-box", "/v1/node")["incarnation"], 2);
    assert_eq!((incarnation(&town)["standing"].clone(), sessions(&town)), (json!("fenced"), 1));

    town.start_node("hall-1");
    until("the old box's log settles its incarnation", || {
        (incarnation(&town)["standing"] == "settled").then_some(())
    });
    until("the old box says why it signs nobody up", || {
        town.node("hall-1", "/v1/node")["frozen"].as_str().map(drop)
    });
    let over = incarnation(&town);
    assert_eq!((&over["incarnation"], &over["cause"]), (&json!(1), &json!("retired")), "{over}");
    let seats = town.seats("both of its sign-ups stand", &job, |seats| seats["live"] == 2);
    let known = seats["sign_ups"].as_array().unwrap().iter().any(|seat| seat["id"] == json!(unheard));
    assert!(known, "{seats}");

    for _ in 0..4 {
        town.confirm("new-box", &job);
    }
    let seats = town.seats("six of six", &job, |seats| seats["live"] == 6);
    assert_eq!(seats["oversold"], 0);
    assert_eq!(sessions(&town), 1, "the new box kept its session");
    let events = town.page("/");
    assert!(events.contains("node 1.1 fenced: stolen"), "{events}");
    assert!(events.contains("node 1.1 settled: its whole log is here"), "{events}");
    assert!(
        !events.contains("copy") && !events.contains("forgery") && !events.contains("times; "),
        "{events}"
    );
    assert!(town.page("/metrics").contains("dayshift_copied_incarnations 0"));
}
