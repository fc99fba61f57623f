//! Workers at halls with a line: a number is proved by a code where one can be sent, and a forgotten PIN is ended where it was
//! chosen.

use crate::town::{Town, until};
use serde_json::{Value, json};
use std::{
    fs,
    io::Write,
    process::{Command, Stdio},
};

const PHONE: &str = "13905712916";
const PIN: &str = "73918264";

fn enrol(town: &Town, hall: &str, more: &Value) -> (u16, Value) {
    let mut told = json!({ "phone": PHONE, "pin": PIN });
    told.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    town.call(hall, "POST", "/v1/workers/me", &[], &told)
}

fn log_in(town: &Town, hall: &str, pin: &str) -> u16 {
    town.call(hall, "POST", "/v1/sessions", &[], &json!({ "phone": PHONE, "pin": pin })).0
}

fn until_the_line_is_up(town: &Town, hall: &str) {
    until("its line is up", || (town.node(hall, "/v1/node")["link"] == "up").then_some(()));
}

#[test]
fn a_number_is_proved_by_a_code_where_one_can_be_sent() {
    let mut town = Town::start("codes");
    for hall in ["hall-1", "hall-2"] {
        town.admit(hall, hall);
    }
    fs::write(town.path("hall-1/senders.toml"), "[workers]\nfile = 'sms.ndjson'\n").unwrap();
    for hall in ["hall-1", "hall-2"] {
        town.start_node(hall);
        until_the_line_is_up(&town, hall);
    }
    assert_eq!(enrol(&town, "hall-2", &json!({})).0, 201, "without a sender a number is taken at its word");
    let sent = |count: usize| {
        until("the code is sent", || {
            let lines = fs::read_to_string(town.path("hall-1/sms.ndjson")).ok()?;
            let lines: Vec<Value> =
                lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
            Some(lines.get(count - 1)?["code"].as_str()?.to_owned())
        })
    };
    let refused = |more: Value, status: u16, code: &str| {
        let told = enrol(&town, "hall-1", &more);
        assert_eq!(
            (told.0, &told.1["type"]),
            (status, &json!(format!("/problems/{code}"))),
            "{more} {}",
            told.1
        );
    };
    refused(json!({ "pin": "1234" }), 400, "bad-request");
    assert!(!fs::exists(town.path("hall-1/sms.ndjson")).unwrap(), "nothing is sent for what cannot be taken");
    refused(json!({}), 409, "code-needed");
    let code = sent(1);
    let wrong = if code == "482916" { "482917" } else { "482916" };
    refused(json!({ "code": wrong }), 401, "unproved");
    let (status, enrolled) = enrol(&town, "hall-1", &json!({ "code": code }));
    assert!(status == 201 && enrolled["card"].is_string(), "{enrolled}");
    refused(json!({ "code": code }), 409, "code-needed");
    refused(json!({}), 409, "code-needed");
    // Who is enrolled and proves the number needs no PIN, as at the kiosk.
    let (status, again) = enrol(&town, "hall-1", &json!({ "code": sent(2), "pin": "48375926" }));
    assert!(status == 200 && again["session"].is_string() && again["card"].is_null(), "{again}");
    assert_eq!(log_in(&town, "hall-1", PIN), 201, "nothing was changed");
}

#[test]
fn a_forgotten_pin_is_ended_at_the_hall_where_it_was_chosen() {
    let mut town = Town::start("forgotten");
    for hall in ["hall-1", "hall-2"] {
        town.join(hall);
        until_the_line_is_up(&town, hall);
        assert_eq!(enrol(&town, hall, &json!({})).0, 201);
    }
    let reset = |typed: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dayshift"));
        command.args(["worker", "reset-pin", "--data", &town.path("hall-1")]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, out, err) = reset(&format!("{PHONE}\n"));
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let digits: String = out.lines().next().unwrap().split(' ').collect();
    assert!(digits.len() == 6 && !out.contains(PHONE), "{out}");
    let (code, of_nobody, _) = reset("13905712917\n");
    let words = |out: &str| out.lines().nth(1).unwrap().split("Until").next().unwrap().to_owned();
    assert_eq!((code, words(&of_nobody)), (Some(0), words(&out)), "the same for a number that nobody has");
    let (code, _, err) = reset("\n");
    assert!(code == Some(1) && err.contains("first line of standard input"), "{err}");
    assert_eq!(reset("not a number\n").0, Some(1));

    assert_eq!((log_in(&town, "hall-1", PIN), log_in(&town, "hall-2", PIN)), (401, 201));
    assert_eq!(log_in(&town, "hall-1", &digits), 401, "the digits are for the kiosk's page alone");
    // It is over after a restart as well.
    town.kill_node("hall-1");
    town.start_node("hall-1");
    assert_eq!(log_in(&town, "hall-1", PIN), 401);
}
