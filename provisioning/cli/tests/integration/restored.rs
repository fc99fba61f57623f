//! A hub whose disk is put back to a backup, with real processes: nothing is oversold, no confirmed sign-up is lost.

use crate::town::{Town, say, until};
use serde_json::Value;
use std::collections::BTreeSet;

const SEATS: u32 = 6;

/// Names of the nodes that restored vshards wait for.
fn awaited(town: &Town) -> Option<BTreeSet<String>> {
    let limbo = town.hub("/v1/limbo");
    let vshards = limbo["awaited"].as_array()?;
    let nodes = vshards.iter().flat_map(|vshard| vshard["nodes"].as_array().into_iter().flatten());
    Some(nodes.filter_map(|node| node["name"].as_str().map(str::to_owned)).collect())
}

fn live(seats: &Value) -> BTreeSet<&str> {
    let sign_ups = seats["sign_ups"].as_array().into_iter().flatten();
    sign_ups.filter(|seat| seat["state"] == "live").filter_map(|seat| seat["id"].as_str()).collect()
}

/// Signs people up until one is not confirmed.
fn fill(town: &mut Town, node: &str, job: &str, confirmed: &mut BTreeSet<String>) {
    for _ in 0..=SEATS {
        let (id, status) = town.sign_up(node, job);
        if status != "confirmed" {
            return;
        }
        confirmed.insert(id);
    }
    panic!("{node} confirmed more than {SEATS} people");
}

#[test]
fn a_restored_hub_is_told_what_it_lost_before_it_grants() {
    let mut town = Town::start("restore");
    town.join("hall-1");
    town.join("hall-2");
    let job = town.post_job(SEATS, "hall-1");
    town.ready("hall-2", &job);
    let mut confirmed = BTreeSet::new();
    confirmed.insert(town.confirm("hall-1", &job));
    town.seats("one is known", &job, |seats| seats["live"] == 1);

    let (data, backup) = (town.data(), town.path("backup"));
    let said = say(&["hub", "backup", "--data", &data, "--to", &backup]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let again = say(&["hub", "backup", "--data", &data, "--to", &backup]);
    assert!(again.err.contains("a backup is made in a new folder"), "{}", again.err);
    let restore = ["hub", "restore", "--data", data.as_str(), "--from", backup.as_str()];
    let refused = say(&restore);
    assert_eq!((refused.code, refused.err.contains("stop it first")), (Some(1), true), "{}", refused.err);

    for node in ["hall-1", "hall-2", "hall-2"] {
        confirmed.insert(town.confirm(node, &job));
    }
    town.seats("four are known", &job, |seats| seats["live"] == 4);
    town.kill_node("hall-2");
    town.kill_hub();
    // The kiosk goes on, and notices by what is not acknowledged that its line is gone.
    confirmed.insert(town.confirm("hall-1", &job));
    let said = say(&restore);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.contains("wait for 2 nodes"), "{}", said.out);
    town.start_hub();

    // One of two has told: nothing is granted, because the other may hold what the backup does not know.
    until("hall-1 has told", || (awaited(&town)? == BTreeSet::from(["hall-2".to_owned()])).then_some(()));
    assert!(town.page("/incarnations").contains("hall-2"));
    let said = town.order(&["node", "limbo"]);
    assert!(said.out.contains("before it has heard of hall-2"), "{}", said.out);
    town.ready("hall-1", &job);
    fill(&mut town, "hall-1", &job, &mut confirmed);
    town.start_node("hall-2");
    until("both have told", || awaited(&town)?.is_empty().then_some(()));
    town.ready("hall-2", &job);
    for node in ["hall-2", "hall-1"] {
        fill(&mut town, node, &job, &mut confirmed);
    }
    let full = |seats: &Value| seats["live"] == SEATS && seats["pool"] == 0;
    let seats = town.seats("every seat is taken", &job, full);
    assert_eq!(seats["oversold"], 0);
    let live = live(&seats);
    assert!(confirmed.iter().all(|id| live.contains(id.as_str())), "{confirmed:?} of {seats}");

    // The same backup once more: the history is another one, so that every node tells again.
    town.kill_hub();
    for node in ["hall-1", "hall-2"] {
        assert_ne!(town.sign_up(node, &job).1, "confirmed");
    }
    let said = say(&restore);
    assert_eq!(said.code, Some(0), "{}", said.err);
    town.start_hub();
    until("both have told again", || awaited(&town)?.is_empty().then_some(()));
    let seats = town.seats("every seat is known again", &job, full);
    assert_eq!(seats["oversold"], 0);
}
