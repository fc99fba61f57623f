//! Disks of dead boxes, brought to the hub by hand, with real processes: whole ones, a damaged one, and one of two copies.

use crate::town::{Said, Town, until};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use sync_protocol::ids::SignUpId;
use sync_store::OpenOptions;

fn copy(from: &str, to: &str) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) = (entry.unwrap().path(), Path::new(to));
        let to = to.join(from.file_name().unwrap());
        if from.is_dir() {
            copy(from.to_str().unwrap(), to.to_str().unwrap());
        } else {
            fs::copy(from, to).unwrap();
        }
    }
}

/// Turns bits over wherever the database speaks of this sign-up.
fn damage(folder: &str, sign_up: &str) {
    let path = Path::new(folder).join("node.sqlite");
    // Whatever lies in the write-ahead log goes into the database.
    let mut store = OpenOptions::new(&path).open().unwrap();
    store.checkpoint().unwrap();
    drop(store);
    let mut bytes = fs::read(&path).unwrap();
    let id = sign_up.parse::<SignUpId>().unwrap().to_bytes();
    let found: Vec<usize> = (0..bytes.len() - id.len()).filter(|at| bytes[*at..].starts_with(&id)).collect();
    assert!(!found.is_empty(), "{sign_up} is not in the database");
    for at in found {
        bytes[at + id.len() - 1] ^= 0x40;
    }
    fs::write(&path, bytes).unwrap();
}

fn import(town: &Town, node_box: &str, more: &[&str]) -> Said {
    town.order(&[&["hub", "import-node-disk", town.path(node_box).as_str()], more].concat())
}

fn incarnation(town: &Town) -> Value {
    town.hub("/v1/limbo")["incarnations"][0].clone()
}

/// A node with five seats sells one that the hub hears of and two that it does not, and loses its power.
fn cut_off_and_dead(name: &str) -> (Town, String, [String; 2]) {
    let mut town = Town::start(name);
    town.join("hall-1");
    let job = town.post_job(5, "hall-1");
    town.confirm("hall-1", &job);
    until("all five rights are at the node", || {
        let here = town.node("hall-1", &format!("/v1/jobs/{job}"))["seats"]["here"].as_u64()?;
        (here >= 2).then_some(())
    });
    town.seats("one is known", &job, |seats| seats["live"] == 1);
    town.kill_hub();
    let unheard = [(); 2].map(|()| {
        let (id, status) = town.sign_up("hall-1", &job);
        assert_eq!(status, "confirmed", "within the rights that it holds");
        id
    });
    town.kill_node("hall-1");
    town.start_hub();
    assert_eq!(town.hub(&format!("/v1/jobs/{job}/seats"))["live"], 1);
    (town, job, unheard)
}

#[test]
fn a_dead_boxs_disk_settles_what_it_sold_unheard() {
    let (town, job, unheard) = cut_off_and_dead("disk-whole");
    let said = town.order(&["node", "fence", "hall-1", "--reason", "drowned", "--yes"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let before = town.hub(&format!("/v1/jobs/{job}/seats"));
    assert!(before["limbo"].as_u64().unwrap() >= 3, "{before}");
    let told = town.order(&["jobs", "seats", &job]);
    assert!(told.out.contains("in limbo until its log comes or the job starts"), "{}", told.out);

    let said = import(&town, "hall-1", &["--json"]);
    let account: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, &account["whole"], &account["settled"]), (Some(0), &json!(true), &json!(true)));
    let mut saved: Vec<&str> =
        account["saved"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    saved.sort_unstable();
    assert_eq!(saved, unheard, "{}", said.out);
    let seats = town.seats("three stand and two are free", &job, |seats| seats["pool"] == 2);
    assert_eq!((&seats["live"], &seats["limbo"], &seats["oversold"]), (&json!(3), &json!(0), &json!(0)));
    assert_eq!(incarnation(&town)["standing"], "settled");
    let told = town.order(&["jobs", "seats", &job]);
    assert!(
        told.out.contains("5 seats, open, 3 confirmed") && told.out.contains("0 of them in limbo"),
        "{}",
        told.out
    );

    let again = import(&town, "hall-1", &["--json"]);
    let account: Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!(
        (again.code, &account["saved"]),
        (Some(0), &json!([])),
        "once more changes nothing: {}",
        again.err
    );
    let said = import(&town, "hub", &[]);
    assert!(said.code == Some(1) && said.err.contains("it is the hub's own"), "{}", said.err);
}

#[test]
fn of_a_damaged_disk_comes_what_can_be_read_and_the_rest_stays_reserved() {
    let (town, job, unheard) = cut_off_and_dead("disk-damaged");
    let damaged = town.path("damaged");
    copy(&town.path("hall-1"), &damaged);
    damage(&damaged, &unheard[1]);

    let said = import(&town, "damaged", &["--all"]);
    assert_eq!(said.code, Some(2), "{}\n{}", said.out, said.err);
    assert!(said.err.contains("damaged:") && said.err.contains("its rights stay reserved"), "{}", said.err);
    assert!(said.out.contains(&format!("saved     {} for {job}", unheard[0])), "{}", said.out);
    assert!(!said.out.contains(&unheard[1]), "{}", said.out);
    let seats = town.seats("what could be read is known", &job, |seats| seats["live"] == 2);
    assert_eq!(incarnation(&town)["standing"], "fenced");
    let (limbo, pool) = (seats["limbo"].as_u64().unwrap(), seats["pool"].as_u64().unwrap());
    assert!(limbo >= 3 && limbo + pool == 5, "what is missing may have used them: {seats}");

    // The undamaged disk turns up.
    let said = import(&town, "hall-1", &[]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    assert!(said.out.contains("the incarnation is settled"), "{}", said.out);
    let seats = town.seats("three stand and two are free", &job, |seats| seats["pool"] == 2);
    assert_eq!((&seats["live"], &seats["limbo"]), (&json!(3), &json!(0)), "{seats}");
}

#[test]
fn of_two_copies_the_operators_word_says_which_counts() {
    let mut town = Town::start("disk-copies");
    town.join("hall-1");
    let job = town.post_job(5, "hall-1");
    town.confirm("hall-1", &job);
    town.seats("one is known", &job, |seats| seats["live"] == 1);
    town.kill_hub();
    town.kill_node("hall-1");
    copy(&town.path("hall-1"), &town.path("twin"));
    let [first, second] = ["hall-1", "twin"].map(|node_box| {
        town.start_node(node_box);
        let sold = town.confirm(node_box, &job);
        town.kill_node(node_box);
        sold
    });
    assert_eq!(first, second, "two people hold one number");
    town.start_hub();
    town.start_node("hall-1");
    town.seats("the first is known", &job, |seats| seats["live"] == 2);
    town.kill_node("hall-1");
    town.start_node("twin");
    until("the copy is noticed", || (incarnation(&town)["cause"] == "copied").then_some(()));
    town.kill_node("twin");
    // The hub takes no file of a node whose line has just gone: it does not know yet that it has.
    town.kill_hub();
    town.start_hub();

    let said = import(&town, "hall-1", &[]);
    assert_eq!(said.code, Some(2), "{}", said.err);
    assert!(said.err.contains("--this-is-the-one"), "{}", said.err);
    assert_eq!(incarnation(&town)["standing"], "fenced", "nobody has said which one counts");
    let said = import(&town, "hall-1", &["--this-is-the-one", "--json"]);
    let account: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&account["settled"], &account["strangers"]), (&json!(true), &json!([])), "{}", said.err);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let seats = town.seats("two stand and three are free", &job, |seats| seats["pool"] == 3);
    assert_eq!((&seats["live"], &seats["limbo"], &seats["oversold"]), (&json!(2), &json!(0), &json!(0)));
    assert_eq!(incarnation(&town)["standing"], "settled");
}
