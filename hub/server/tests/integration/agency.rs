//! The desk of an agency at the hub: log-in, shifts out of a form, who comes as far as the hub knows, the timesheet.

use crate::{hub::Hub, node::Node, row};
use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
/// A day on which every hour is still to come.
const DAY: &str = "2036-05-01";

/// A clerk who is logged in.
struct Clerk<'h> {
    hub: &'h Hub,
    cookie: String,
}

fn encoded(pairs: &[(String, String)]) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    let text = |text: &str| text.bytes().map(byte).collect::<String>();
    pairs.iter().map(|(name, value)| format!("{}={}", text(name), text(value))).collect::<Vec<_>>().join("&")
}

impl<'h> Clerk<'h> {
    fn log_in(hub: &'h Hub, key: &str) -> Self {
        let told =
            hub.ask("POST", "/agency/login", &[FORM], &format!("lang=en&key={}", key.replace(' ', "+")));
        assert_eq!((told.status, told.header("location")), (303, Some("/agency")), "{told:?}");
        let cookie = told.header("set-cookie").unwrap();
        assert!(cookie.contains("; HttpOnly; SameSite=Strict") && !cookie.contains("Secure"), "{cookie}");
        Self { hub, cookie: cookie.split(';').next().unwrap().to_owned() }
    }

    fn get(&self, path: &str) -> String {
        let answer = self.hub.ask("GET", path, &[("Cookie", &self.cookie)], "");
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.body
    }

    /// Presses a button of the post form of a page, with some of its fields typed over.
    fn press(&self, page: &str, button: &str, typed: &[(&str, &str)]) -> String {
        let form = page.split("<form class=\"post\"").nth(1).unwrap().split("</form>").next().unwrap();
        let mut fields = BTreeMap::new();
        for input in form.split("<input ").skip(1) {
            let attribute = |name: &str| {
                let rest = input.split('>').next().unwrap().split(&format!("{name}=\"")).nth(1)?;
                rest.split('"').next().map(str::to_owned)
            };
            let is_off = attribute("type").as_deref() == Some("checkbox") && !input.contains(" checked");
            if let (false, Some(name)) = (is_off, attribute("name")) {
                fields.insert(name, attribute("value").unwrap_or_default());
            }
        }
        fields.extend(typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        fields.insert("do".to_owned(), button.to_owned());
        let body = encoded(&fields.into_iter().collect::<Vec<_>>());
        let action = form.split("action=\"").nth(1).unwrap().split('"').next().unwrap();
        let answer = self.hub.ask("POST", action, &[FORM, ("Cookie", &self.cookie)], &body);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    fn paste(&self, table: &str) -> String {
        let page = self.get(&format!("/agency?way=paste&day={DAY}"));
        self.press(&page, "read", &[("table", table)])
    }
}

/// Thirty shifts; the last one runs past midnight, which is asked about.
fn table() -> String {
    let day = (1..30).map(|n| format!("Picker {n}\tHall {n}\t09:{n:02}\t17:00\t150\t{n}\n"));
    day.chain(["Guard\tGate\t22:00\t6:00\t320\t2\n".to_owned()]).collect()
}

#[test]
fn thirty_pasted_shifts_go_out_and_the_row_in_doubt_stays_and_asks() {
    let hub = Hub::start();
    let clerk = Clerk::log_in(&hub, "key");
    let read = clerk.paste(&table());
    assert!(read.contains("30 rows read") && read.matches("<tr class=\"msg\">").count() == 1, "{read}");
    let sent = clerk.press(&read, "send", &[]);
    assert!(sent.contains("29 shifts are out") && sent.contains("value=\"Guard\""), "{sent}");
    let jobs = || hub.get("/v1/jobs?page_size=50").json;
    assert_eq!(jobs()["total"], 29);
    let again = clerk.press(&read, "send", &[]);
    assert_eq!(jobs()["total"], 29, "a form that is sent twice posts once: {again}");
    let answered = clerk.press(&sent, "answer_0_next_day", &[]);
    let sent = clerk.press(&answered, "send", &[]);
    assert!(sent.contains("1 shift is out"), "{sent}");
    let guard = &hub.get("/v1/jobs?q=guard").json["jobs"][0];
    assert_eq!((&guard["tenant"], &guard["cap"]), (&"Acme".into(), &2.into()), "{guard}");
    assert_eq!(guard["start_at"], format!("{DAY}T22:00:00Z"));
    let copied = clerk.get("/agency?day=2036-05-02");
    assert!(copied.contains("30 rows copied from yesterday") && copied.contains("value=\"Picker 29\""));
}

#[test]
fn what_is_wrong_with_a_row_stands_beside_it_and_nothing_is_lost() {
    let hub = Hub::start();
    let clerk = Clerk::log_in(&hub, "key");
    let page = clerk.get(&format!("/agency?way=rows&day={DAY}"));
    let typed = [
        ("title_0", "Cook"),
        ("start_0", "morning"),
        ("end_0", "17:00"),
        ("pay_0", "150"),
        ("seats_0", "2"),
        ("title_1", "Porter"),
        ("place_1", "Yard"),
        ("start_1", "9"),
        ("end_1", "17:00"),
        ("pay_1", "150"),
        ("seats_1", "20000"),
    ];
    let sent = clerk.press(&page, "send", &typed);
    for part in [
        "value=\"morning\"",
        "What time?",
        "value=\"Porter\"",
        "value=\"20000\"",
        "20000 seats; a job has 1 to",
    ] {
        assert!(sent.contains(part), "{part}: {sent}");
    }
    assert_eq!(hub.get("/v1/jobs").json["total"], 0);
    let mended = clerk.press(&sent, "send", &[("start_0", "8:30"), ("seats_1", "20")]);
    assert!(mended.contains("2 shifts are out"), "{mended}");
    assert_eq!(hub.get("/v1/jobs").json["total"], 2);
}

#[test]
fn an_agency_sees_its_own_shifts_alone() {
    let hub = Hub::start();
    hub.add_tenant("Other", "another key", "north");
    // An import looks for tenants that were made a moment ago.
    let path = "/v1/jobs:import?region=north&tenant=Other&dry_run=true";
    assert_eq!(hub.import(path, &row("a", "Porter", 1)).status, 200);
    let (own, other) = (Clerk::log_in(&hub, "key"), Clerk::log_in(&hub, "another key"));
    let read = own.paste("Cook\tKitchen\t9\t17\t150\t3\n");
    own.press(&read, "send", &[]);
    let job = hub.get("/v1/jobs").json["jobs"][0]["id"].as_str().unwrap().to_owned();
    for path in ["/agency", "/agency/who"] {
        let path = format!("{path}?day={DAY}&shift={job}");
        assert!(own.get(&path).contains("Cook 09:00"), "{path}");
        let foreign = other.get(&path);
        assert!(!foreign.contains("Cook") && !foreign.contains(&job), "{path}: {foreign}");
    }
    let copied = other.get("/agency?way=yesterday&day=2036-05-02");
    assert!(!copied.contains("Cook"), "{copied}");
    // A row that says it is a copy of another tenant's job takes nothing over from it.
    let page = other.paste("Waiter\tKitchen\t9\t17\t150\t3\n");
    other.press(&page, "send", &[("from_0", &job)]);
    assert!(hub.get("/v1/jobs?q=waiter").json["jobs"][0]["tenant"] == "Other");
    for path in ["/agency?region=south", "/agency/who?region=south"] {
        let answer = hub.ask("GET", path, &[("Cookie", &own.cookie)], "");
        assert_eq!(answer.status, 401, "a region without a right: {answer:?}");
    }
}

#[test]
fn seats_are_changed_and_a_shift_is_closed_by_its_own_agency_alone() {
    let hub = Hub::start();
    hub.add_tenant("Other", "another key", "north");
    let path = "/v1/jobs:import?region=north&tenant=Other&dry_run=true";
    assert_eq!(hub.import(path, &row("a", "Porter", 1)).status, 200);
    let (own, other) = (Clerk::log_in(&hub, "key"), Clerk::log_in(&hub, "another key"));
    let read = own.paste("Cook\tKitchen\t9\t17\t150\t3\n");
    own.press(&read, "send", &[]);
    let job = hub.get("/v1/jobs").json["jobs"][0]["id"].as_str().unwrap().to_owned();
    let page = format!("/agency/seats?shift={job}&day={DAY}");
    assert!(own.get(&page).contains("value=\"3\""));
    let foreign = hub.ask("GET", &page, &[("Cookie", &other.cookie)], "");
    assert!(foreign.status == 404 && !foreign.body.contains("Cook"), "{foreign:?}");
    let order = |clerk: &Clerk<'_>, what: &str| {
        let board = clerk.get("/agency");
        let csrf = board.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let body = format!("csrf={csrf}&shift={job}&day={DAY}&{what}");
        hub.ask("POST", "/agency/seats", &[FORM, ("Cookie", &clerk.cookie)], &body)
    };
    let state = || hub.get(&format!("/v1/jobs/{job}/seats")).json;
    for what in ["do=cap&cap=9", "do=close"] {
        assert_eq!(order(&other, what).status, 404, "{what}");
    }
    assert_eq!((&state()["cap"], &state()["open"]), (&3.into(), &true.into()));
    for (what, said) in
        [("do=cap&cap=0", "Write a number from 1"), ("do=cap&cap=many", "Write a number from 1")]
    {
        let refused = order(&own, what);
        assert!(refused.status == 400 && refused.body.contains(said), "{what}: {refused:?}");
    }
    let done = |what: &str| {
        let sent = order(&own, what);
        assert_eq!(sent.status, 303, "{sent:?}");
        own.get(sent.header("location").unwrap())
    };
    let said =
        |page: &str| page.split("role=\"status\">").nth(1).unwrap().split("</p>").next().unwrap().to_owned();
    let page = done("do=cap&cap=7");
    assert!(said(&page).contains("the shift has 7 places now"), "{page}");
    assert_eq!(state()["cap"], 7);
    let page = done("do=close");
    assert!(said(&page).contains("the shift is closed, and everybody on it is told"), "{page}");
    assert_eq!(state()["open"], false);
    for unsaid in ["", "&done=", "&done=0", "&done=many", "&done=10001"] {
        let page = own.get(&format!("/agency?shift={job}&day={DAY}{unsaid}"));
        assert!(!page.contains("Done: "), "{unsaid}");
    }
    let closed = order(&own, "do=cap&cap=8");
    assert!(closed.status == 409 && closed.body.contains("This shift is closed"), "{closed:?}");
}

#[test]
fn who_comes_says_as_of_when_each_kiosk_is_known() {
    let hub = Hub::start();
    let clerk = Clerk::log_in(&hub, "key");
    let read = clerk.paste("Cook\tKitchen\t9\t17\t150\t8\n");
    clerk.press(&read, "send", &[]);
    let who = || clerk.get(&format!("/agency/who?day={DAY}"));
    assert!(who().contains("Nobody has signed up yet") && who().contains("http-equiv=\"refresh\""));
    let node = Node::join(&hub, "north", "kiosk-1");
    let (_, granted) = node.sync_until_granted(&hub);
    drop(node);
    let began = Instant::now();
    let page = loop {
        let page = who();
        if page.contains("not heard since") || began.elapsed() > Duration::from_secs(90) {
            break page;
        }
        thread::park_timeout(Duration::from_millis(50));
    };
    assert!(page.contains("kiosk-1: not heard since"), "{page}");
    assert!(page.contains(&format!("≤ {granted}")), "{page}");
    assert!(page.contains(&format!("At most {granted} more p")), "{page}");
}

#[test]
fn the_hub_says_where_the_gate_is() {
    let hub = Hub::start();
    Node::join(&hub, "north", "kiosk-1");
    let clerk = Clerk::log_in(&hub, "key");
    let page = clerk.get("/agency/gate");
    assert!(
        page.contains("The gate is at the halls") && page.contains("Halls of this region: kiosk-1"),
        "{page}"
    );
    assert!(page.contains("action=\"/agency/logout\""), "it is the agency's page: {page}");
}

#[test]
fn timesheets_of_the_hub_are_sealed() {
    let hub = Hub::start();
    let clerk = Clerk::log_in(&hub, "key");
    assert!(clerk.get(&format!("/agency/timesheet?date={DAY}")).contains("Nobody was checked in"));
    let file = clerk.get(&format!("/agency/timesheet.csv?date={DAY}"));
    let lines: Vec<&str> = file.lines().collect();
    assert!(lines.len() == 2 && lines[0].starts_with("date,job,") && lines[1].starts_with("seal,"), "{file}");
}

#[test]
fn the_door_holds_guesses_and_other_sites_off() {
    let hub = Hub::start();
    let from = |address: &'static str| [FORM, ("X-Forwarded-For", address), ("X-Forwarded-Proto", "https")];
    for n in 0..10 {
        let wrong = hub.ask("POST", "/agency/login", &from("10.0.0.1"), "lang=en&key=wrong");
        assert!(wrong.status == 401 && wrong.body.contains("This key is wrong"), "{n}: {wrong:?}");
    }
    let refused = hub.ask("POST", "/agency/login", &from("10.0.0.1"), "lang=en&key=key");
    assert_eq!((refused.status, refused.header("retry-after").is_some()), (429, true), "{refused:?}");
    assert!(refused.body.contains("Too many wrong keys"), "{refused:?}");
    let other = hub.ask("POST", "/agency/login", &from("10.0.0.2"), "lang=en&key=key");
    assert!(other.status == 303 && other.header("set-cookie").unwrap().ends_with("; Secure"), "{other:?}");
    let foreign = [FORM, ("Sec-Fetch-Site", "cross-site")];
    let refused = hub.ask("POST", "/agency/login", &foreign, "lang=en&key=key");
    assert!(refused.status == 403 && refused.header("set-cookie").is_none(), "{refused:?}");
    let clerk = Clerk::log_in(&hub, "key");
    let cookie = ("Cookie", clerk.cookie.as_str());
    for (headers, body) in
        [(vec![FORM, cookie], "csrf=x&do=send"), (vec![FORM, cookie, foreign[1]], "do=send")]
    {
        let refused = hub.ask("POST", "/agency/rows", &headers, body);
        assert!(refused.status == 403 && refused.body.contains("out of date"), "{refused:?}");
    }
    let page = clerk.get("/agency");
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(hub.ask("POST", "/agency/logout", &[FORM, cookie], &format!("csrf={csrf}")).status, 303);
    assert_eq!(hub.ask("GET", "/agency", &[cookie], "").status, 401);
    assert!(hub.ask("GET", "/agency?lang=zh", &[], "").body.contains("招工方登录"));
}
