//! The commands that run a cluster of their own: the programs of the hub and of the node stand beside `dayshift`.

use super::dayshift;
use serde_json::Value;

fn lines(arguments: &[&str]) -> Vec<Value> {
    let output = dayshift(arguments);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(0), "{out}\n{err}");
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_stage_shows_what_its_processes_do() {
    let steps = lines(&["stage", "--check"]);
    let names: Vec<&str> = steps.iter().filter_map(|step| step["step"].as_str()).collect();
    assert_eq!(names, ["page", "cut", "stick", "mend", "plugs", "cancel", "old_disk", "two_disks"]);
    assert!(steps.iter().all(|step| step["ok"] == true), "{steps:?}");
    assert_eq!(steps[1]["facts"]["last_write_oversold"], 10);
}

#[test]
fn ten_kills_lose_nothing_and_oversell_nothing() {
    let result = lines(&["live", "--kills", "10", "--seed", "3", "--json"]).pop().unwrap();
    assert_eq!((&result["kills"], &result["lost"], &result["oversold"]), (&10.into(), &0.into(), &0.into()));
    assert!(result["sign_ups"].as_u64().unwrap() > 50, "{result}");
    let receipts = &result["receipts"];
    assert_eq!(
        (&receipts["oversold"], &receipts["wrong"]),
        (&0.into(), &serde_json::json!([])),
        "{receipts}"
    );
    assert!(
        receipts["live"].as_u64().unwrap() > 30 && receipts["receipts"].as_u64() > receipts["live"].as_u64()
    );
}
