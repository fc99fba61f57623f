//! An agency's day at one node whose line is cut: shifts go out, people come, one does not, hours are agreed.

use crate::node::{Answer, Node, TENANT_KEY, now, sign_up};
use serde_json::{Value, json};

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

/// A clerk's browser.
pub(crate) struct Clerk<'a> {
    node: &'a Node,
    cookie: String,
    csrf: String,
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    let escape = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    pairs
        .iter()
        .map(|(name, value)| format!("{}={}", escape(name), escape(value)))
        .collect::<Vec<_>>()
        .join("&")
}

fn log_in(node: &Node, key: &str) -> Answer {
    node.send("POST", "/agency/login", &[FORM], encoded(&[("key", key), ("lang", "en")]).as_bytes())
}

impl<'a> Clerk<'a> {
    fn of(node: &'a Node) -> Self {
        Self::with_key(node, TENANT_KEY)
    }

    pub(crate) fn with_key(node: &'a Node, key: &str) -> Self {
        let entered = log_in(node, key);
        assert_eq!((entered.status, entered.header("location")), (303, Some("/agency")), "{entered:?}");
        // Names of headers are compared in small letters, and a cookie's value is not.
        let cookie = entered.text.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        for words in ["HttpOnly", "SameSite=Strict", "Path=/agency"] {
            assert!(cookie.contains(words), "{cookie}");
        }
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let page = node.send("GET", "/agency", &[("Cookie", &cookie)], b"");
        assert_eq!(page.status, 200, "{page:?}");
        let csrf = page.field("csrf").to_owned();
        Self { node, cookie, csrf }
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        self.node.send("GET", target, &[("Cookie", &self.cookie)], b"")
    }

    pub(crate) fn post(&self, target: &str, pairs: &[(&str, &str)]) -> Answer {
        let pairs = [&[("csrf", self.csrf.as_str())], pairs].concat();
        self.node.send("POST", target, &[FORM, ("Cookie", &self.cookie)], encoded(&pairs).as_bytes())
    }
}

fn api(node: &Node, method: &str, target: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer {TENANT_KEY}");
    let headers = [("Content-Type", "application/json"), ("Authorization", bearer.as_str())];
    node.send(method, target, &headers, body.to_string().as_bytes())
}

fn read(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

/// The board of the day on which a job starts that was posted to start in so many minutes: near midnight that is tomorrow's.
fn board_of(job: &str, minutes: u64) -> String {
    let start = jiff::Timestamp::from_second(i64::try_from(now() + minutes * 60).unwrap()).unwrap();
    let day = start.in_tz("Asia/Shanghai").unwrap().date();
    format!("/agency?shift={job}&day={day}")
}

/// Posts a job that starts in so many minutes.
fn job(node: &Node, minutes: u64, seats: u32) -> String {
    let time = |at: u64| jiff::Timestamp::from_second(i64::try_from(at).unwrap()).unwrap().to_string();
    let start = now() + minutes * 60;
    let body = json!({
        "title": "分拣员", "place": "九堡", "start_at": time(start), "end_at": time(start + 9 * 3600),
        "pay_minor": 24_000, "currency": "CNY", "pay_unit": "shift", "seats": seats,
    });
    let made = node.post_job(TENANT_KEY, &body);
    assert_eq!(made.status, 201, "{made:?}");
    read(&made)["id"].as_str().unwrap().to_owned()
}

/// Ids and codes of people who signed up.
fn people(node: &Node, job: &str, count: u32) -> Vec<(String, String)> {
    let told = (1..=count).map(|n| read(&sign_up(node, job, n)));
    told.map(|told| (told["id"].as_str().unwrap().to_owned(), told["code"].as_str().unwrap().to_owned()))
        .collect()
}

#[test]
fn a_door_opens_to_the_key_alone() {
    let node = Node::start("door");
    let shut = node.get("/agency?lang=en");
    assert!(shut.status == 401 && shut.body.contains("Agency log-in"), "{shut:?}");
    assert_eq!(shut.header("cache-control"), Some("no-store"));
    assert_eq!(log_in(&node, "not-the-key").status, 401);
    let clerk = Clerk::of(&node);
    assert!(clerk.get("/agency").body.contains("Post shifts"));
    assert!(clerk.get("/agency?lang=zh").body.contains("<html lang=\"zh-CN\""));
    assert!(clerk.get("/agency/gate").body.contains("<html lang=\"zh-CN\""), "the language is kept");
    let cookie = [FORM, ("Cookie", clerk.cookie.as_str())];
    assert_eq!(
        node.send("POST", "/agency/rows", &cookie, b"do=check").status,
        403,
        "a form without its token"
    );
    let foreign = [FORM, ("Cookie", clerk.cookie.as_str()), ("Sec-Fetch-Site", "cross-site")];
    let body = encoded(&[("csrf", &clerk.csrf)]);
    assert_eq!(node.send("POST", "/agency/logout", &foreign, body.as_bytes()).status, 403);
    let out = clerk.post("/agency/logout", &[]);
    assert!(out.status == 303 && out.head.contains("Max-Age=0"), "{out:?}");
    assert_eq!(clerk.get("/agency").status, 401);
}

#[test]
fn thirty_shifts_are_pasted_and_the_doubtful_one_stays() {
    let node = Node::start("paste");
    let clerk = Clerk::of(&node);
    let tomorrow = jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::get("Asia/Shanghai").unwrap());
    let day = tomorrow.date().tomorrow().unwrap().to_string();
    let mut table = "工种\t地点\t开始\t结束\t工钱\t人数\t日结\n".to_owned();
    for n in 0..29 {
        table.push_str(&format!("分拣员{n}\t九堡\t6:30\t15:30\t240\t{}\t是\n", n + 1));
    }
    table.push_str("装卸工\t乔司冷库\t22:00\t6:00\t320\t15\t\n");
    let read =
        clerk.post("/agency/rows", &[("way", "paste"), ("day", &day), ("table", &table), ("do", "read")]);
    assert!(read.body.contains("30 rows read") && read.body.contains("Send 29 shifts"), "{read:?}");
    assert!(read.body.contains("06:00 is not after 22:00"), "{read:?}");
    let form = fields(&read.body);
    let press = |form: &[(String, String)], button: &str| {
        let mut pairs: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        pairs.push(("do", button));
        clerk.post("/agency/rows", &pairs)
    };
    let sent = press(&form, "send");
    assert!(sent.body.contains("29 shifts are out") && sent.body.contains("乔司冷库"), "{sent:?}");
    let again = press(&form, "send");
    assert!(again.body.contains("29 shifts are out"), "sent twice it is the same: {again:?}");
    let answered = press(&fields(&sent.body), "answer_0_next_day");
    assert!(
        answered.body.contains("ends the next day") && answered.body.contains("Send 1 shift"),
        "{answered:?}"
    );
    let last = press(&fields(&answered.body), "send");
    assert!(last.body.contains("1 shift is out"), "{last:?}");
    // A table says where a shift is by name alone: the hall's own kiosk shows it all the same.
    assert!(node.get("/near?lang=zh&when=any&q=%E5%88%86%E6%8B%A3%E5%91%987").body.contains("分拣员7"));
    let search: Value = serde_json::from_str(&node.get("/v1/jobs?page_size=50").body).unwrap();
    assert_eq!(search["total"], 30);
    let board = clerk.get(&format!("/agency?day={day}")).body;
    let list = board.split("<div class=\"list\"").nth(1).unwrap();
    assert!(list.starts_with(" tabindex=\"0\" role=\"region\""), "it is scrolled by keyboard");
    assert!(board.contains("All 30 shifts of the day are in this list"), "and says that there are more");
    // The same table once more: each row is asked about and nothing goes out.
    let twice =
        clerk.post("/agency/rows", &[("way", "paste"), ("day", &day), ("table", &table), ("do", "read")]);
    assert!(
        twice.body.contains("The same shift is there already") && twice.body.contains("No shift is ready")
    );
    // On the day after it they are copied.
    let after = tomorrow.date().tomorrow().unwrap().tomorrow().unwrap().to_string();
    let copied = clerk.get(&format!("/agency?day={after}"));
    assert!(
        copied.body.contains("30 rows copied from yesterday") && copied.body.contains("Send 30 shifts"),
        "{copied:?}"
    );
    let mut form = fields(&copied.body);
    let seats = form.iter_mut().find(|(name, _)| name == "seats_3").unwrap();
    seats.1 = "99".to_owned();
    let changed = press(&form, "check");
    assert!(
        changed.body.contains("Not as yesterday: 分拣员3") && changed.body.contains("class=\"cell new\""),
        "{changed:?}"
    );
}

/// The fields of the page's form of rows, as a browser would send them.
fn fields(page: &str) -> Vec<(String, String)> {
    let form = page.split("<form class=\"post\"").nth(1).unwrap().split("</form>").next().unwrap();
    let mut found = Vec::new();
    for input in form.split("<input ").skip(1) {
        let input = input.split('>').next().unwrap();
        let part =
            |name: &str| Some(input.split(&format!("{name}=\"")).nth(1)?.split('"').next()?.to_owned());
        let (Some(name), Some(value)) = (part("name"), part("value")) else { continue };
        if !input.contains("checkbox") || input.contains(" checked") {
            found.push((name, value.replace("&#38;", "&").replace("&#31;", "\u{1f}")));
        }
    }
    found.retain(|(name, _)| name != "csrf");
    found
}

#[test]
fn who_comes_is_scanned_and_a_missed_place_goes_to_the_next() {
    let node = Node::start("gate");
    let clerk = Clerk::of(&node);
    let shift = job(&node, 20, 2);
    let board = board_of(&shift, 20);
    let people = people(&node, &shift, 3);
    let (first, second, third) = (&people[0], &people[1], &people[2]);
    let scan = |ticket: &str| clerk.post("/agency/gate", &[("ticket", ticket)]);
    assert!(scan(&third.1).body.contains("Still in line"));
    assert!(
        scan("000000").body.contains("No such ticket") || people.iter().any(|(_, code)| code == "000000")
    );
    assert!(scan("gibberish").body.contains("Cannot be read"));
    let good = scan(&format!("{} {}", &first.1[..3], &first.1[3..]));
    assert!(good.body.contains("May come in") && good.body.contains("v-go"), "{good:?}");
    let receipt = read(&node.get(&format!("/v1/sign_ups/{}?code={}", first.0, first.1)))["receipt"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(scan(&receipt).body.contains("May come in"), "the receipt says the same");
    let forged =
        format!("{}{}", &receipt[..receipt.len() - 2], if receipt.ends_with('A') { "BB" } else { "AA" });
    assert!(scan(&forged).body.contains("Cannot be read"));
    let entered = clerk.post("/agency/gate", &[("sign_up", &first.0), ("do", "in")]);
    assert!(entered.body.contains("Arrived ") && entered.body.contains("1 / 2"), "{entered:?}");

    let shown = clerk.get(&board);
    assert!(
        shown.body.contains("No-show / cancel") && shown.body.contains("Gets the next free place"),
        "{shown:?}"
    );
    let ask = clerk.get(&format!("/agency/end?sign_up={}", second.0));
    assert!(ask.body.contains("The place goes to the one person in line"), "{ask:?}");
    let ended = clerk.post("/agency/end", &[("sign_up", &second.0), ("shift", &shift), ("do", "no_show")]);
    assert_eq!(ended.status, 303, "{ended:?}");
    let ticket = |(_, code): &(String, String)| node.get(&visit_of(&node, code)).body;
    assert!(ticket(second).contains("not there in time"), "the ticket says why");
    assert!(ticket(third).contains("You have it"), "the next in line has the place");
    assert_eq!(clerk.post("/agency/end", &[("sign_up", &first.0), ("do", "dismiss")]).status, 409, "he came");
    let moved = clerk.post("/agency/rule", &[("shift", &shift), ("minutes", "15")]);
    assert_eq!(moved.status, 303, "{moved:?}");
    assert!(clerk.get(&board).body.contains("the place goes to the next in line"));
    for minutes in ["4", "121", "soon"] {
        assert_eq!(clerk.post("/agency/rule", &[("shift", &shift), ("minutes", minutes)]).status, 400);
    }
    let roster = read(&api(&node, "GET", &format!("/v1/jobs/{shift}/roster"), &Value::Null));
    assert_eq!((&roster["cap"], &roster["confirmed"], &roster["arrived"]), (&2.into(), &2.into(), &1.into()));
    assert_eq!(roster["no_show_after_min"], 15);
    let order: Vec<&str> =
        roster["people"].as_array().unwrap().iter().map(|p| p["sign_up"].as_str().unwrap()).collect();
    assert_eq!(order, [&third.0, &first.0, &second.0], "to call first");
}

#[test]
fn hours_are_measured_confirmed_by_both_sides_and_sealed() {
    let node = Node::start("hours");
    let clerk = Clerk::of(&node);
    let shift = job(&node, 20, 1);
    let (id, code) = people(&node, &shift, 1).remove(0);
    let command = |name: &str, body: Value| api(&node, "POST", &format!("/v1/sign_ups/{id}:{name}"), &body);
    assert_eq!(command("check_out", json!({})).problem(), "/problems/not-in");
    assert_eq!(read(&command("check_in", json!({})))["status"], "confirmed");
    let left = clerk.post("/agency/gate", &[("sign_up", &id), ("do", "out")]);
    assert!(left.body.contains("Left "), "{left:?}");
    let ticket = visit_of(&node, &code);
    assert!(node.get(&ticket).body.contains("Hours 0:00: press to confirm"), "{:?}", node.get(&ticket));
    assert_eq!(command("confirm_minutes", json!({ "minutes": 540 })).status, 200);
    assert_eq!(command("confirm_minutes", json!({ "minutes": 9999 })).status, 400);
    assert_eq!(command("confirm_minutes", json!({ "hours": 9 })).status, 400);
    let hours = ticket.replacen(&code, &format!("{code}/hours"), 1);
    let more = node.post_form(&hours, &[("minutes", "540"), ("key", "more")]);
    assert_eq!((more.status, more.field("minutes")), (200, "555"));
    assert_eq!(
        node.post_form(&hours, &[("minutes", "555"), ("phone", "13900009999")]).status,
        422,
        "another's phone"
    );
    let said = |minutes: &str| {
        let sent = node.post_form(&hours, &[("minutes", minutes), ("phone", "13900000001")]);
        assert_eq!(sent.status, 303, "{sent:?}");
        node.get(&ticket).body
    };
    assert!(said("555").contains("You wrote 9:15 hours, the agency 9:00"));
    let sheet = clerk.get("/agency/timesheet");
    let day = sheet.field("date").to_owned();
    let day = if sheet.body.contains(&id) { day } else { tomorrow(&day) };
    let sheet = || clerk.get(&format!("/agency/timesheet?date={day}")).body;
    assert!(sheet().contains("Not the same"), "{}", sheet());
    let confirmed =
        clerk.post("/agency/timesheet", &[("date", &day), (&format!("minutes_{id}"), "9:15"), ("do", "all")]);
    assert!(confirmed.body.contains("Agreed"), "{confirmed:?}");
    assert!(said("555").contains("you confirmed them"));

    let json = read(&api(&node, "GET", &format!("/v1/timesheet?date={day}"), &Value::Null));
    let line = &json["lines"][0];
    assert_eq!(
        (&line["agency_minutes"], &line["worker_minutes"], &line["agreed"]),
        (&555.into(), &555.into(), &true.into())
    );
    let file = api(&node, "GET", &format!("/v1/timesheet?date={day}&format=csv"), &Value::Null).body;
    assert_eq!(file, clerk.get(&format!("/agency/timesheet.csv?date={day}")).body);
    let (sheet, seal) = file.split_at(file.rfind("seal,").unwrap());
    assert!(sheet.lines().nth(1).unwrap().ends_with(",555,555,true"), "{file}");
    let seal = base64::Engine::decode(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD,
        seal.trim_end().strip_prefix("seal,").unwrap(),
    );
    let seal = sync_protocol::timesheet::Seal::from_bytes(&seal.unwrap()).unwrap();
    let key = ed25519_dalek::SigningKey::from_bytes(&[3; 32]).verifying_key();
    seal.verify(sheet.as_bytes(), &key).unwrap();
    seal.verify(sheet.replace(",555,", ",556,").as_bytes(), &key).unwrap_err();
    assert_eq!(api(&node, "GET", "/v1/timesheet?date=2001-01-01", &Value::Null).status, 400);
    assert_eq!(api(&node, "GET", &format!("/v1/timesheet?date={day}&format=xls"), &Value::Null).status, 400);
}

/// The address of a ticket. On the shared screen it belongs to the visit that its digits begin.
fn visit_of(node: &Node, code: &str) -> String {
    let visit = node.post_form("/mine?lang=en", &[("code", code)]);
    visit.header("location").unwrap().to_owned()
}

fn tomorrow(day: &str) -> String {
    day.parse::<jiff::civil::Date>().unwrap().tomorrow().unwrap().to_string()
}

#[test]
fn a_job_is_changed_field_by_field_and_judged_whole() {
    let node = Node::start("patch");
    let shift = job(&node, 60, 2);
    let change = |body: Value| api(&node, "PATCH", &format!("/v1/jobs/{shift}"), &body);
    let changed =
        change(json!({ "title": "Sorter", "meal": true, "pay_minor": 27_000, "no_show_after_min": 15 }));
    let told = read(&changed);
    assert_eq!(
        (changed.status, &told["title"], &told["meal"], &told["pay_minor_per_hour"]),
        (200, &"Sorter".into(), &true.into(), &3_000.into()),
        "{changed:?}"
    );
    assert_eq!((&told["place"], &told["seats"]["here"]), (&"九堡".into(), &2.into()), "the rest stays");
    let search: Value = serde_json::from_str(&node.get("/v1/jobs?q=sorter").body).unwrap();
    assert_eq!(search["total"], 1, "it is found by its new name");
    let wrong = change(json!({ "title": "", "currency": "yuan", "end_at": "2001-01-01T00:00:00Z" }));
    let problem = read(&wrong);
    let fields: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["title", "end_at", "currency"], "all at once");
    assert_eq!(change(json!({ "seats": 9 })).status, 400);
    assert_eq!(change(json!([])).status, 400);
    let unknown = api(&node, "PATCH", "/v1/jobs/j1-1-999", &json!({}));
    assert_eq!(unknown.problem(), "/problems/unknown-job");
}

#[test]
fn seats_are_the_centres_and_without_a_line_nothing_is_changed() {
    let node = Node::start("seats");
    let clerk = Clerk::of(&node);
    let shift = job(&node, 60, 2);
    people(&node, &shift, 1);
    let keyed = |command: &str, body: &[u8], key: Option<&str>| {
        let bearer = format!("Bearer {TENANT_KEY}");
        let mut headers = vec![("Content-Type", "application/json"), ("Authorization", bearer.as_str())];
        headers.extend(key.map(|key| ("Idempotency-Key", key)));
        node.send("POST", &format!("/v1/jobs/{shift}:{command}"), &headers, body)
    };
    for (command, body, key, status, problem) in [
        ("set_cap", &b"{\"cap\":3}"[..], Some("a"), 503, "no-line"),
        ("set_cap", b"{\"cap\":3,\"excess\":\"bump_latest\"}", Some("a"), 503, "no-line"),
        ("close", b"", Some("a"), 503, "no-line"),
        ("close", b"", None, 400, "key-missing"),
        ("close", b"{}", Some("a"), 400, "bad-request"),
        ("set_cap", b"{\"cap\":0}", Some("a"), 400, "bad-request"),
        ("set_cap", b"{\"cap\":10001}", Some("a"), 400, "bad-request"),
        ("set_cap", b"{\"cap\":3,\"why\":1}", Some("a"), 400, "bad-request"),
        ("set_cap", b"{\"cap\":3,\"excess\":\"all\"}", Some("a"), 400, "bad-request"),
        ("set_cap", b"", Some("a"), 400, "bad-request"),
        ("reopen", b"", Some("a"), 404, "unknown-route"),
    ] {
        let told = keyed(command, body, key);
        assert_eq!((told.status, told.problem()), (status, format!("/problems/{problem}")), "{told:?}");
    }
    let told = read(&keyed("close", b"", Some("a")));
    assert!(told["detail"].as_str().unwrap().contains("nothing was changed"), "{told}");
    let page = clerk.get(&format!("/agency/seats?shift={shift}"));
    let words = "needs the line to the centre; nothing was changed";
    assert!(page.status == 200 && page.body.contains(words), "{page:?}");
    assert!(page.body.contains("At least 1") && page.body.contains("1 confirmed, 0 in line"), "{page:?}");
    for (pairs, status, said) in [
        ([("do", "cap"), ("cap", "5")], 503, words),
        ([("do", "close"), ("cap", "")], 503, words),
        ([("do", "cap"), ("cap", "many")], 400, "Write a number from 1 to"),
        ([("do", "cap"), ("cap", "0")], 400, "Write a number from 1 to"),
    ] {
        let sent = clerk.post("/agency/seats", &[&pairs[..], &[("shift", &shift), ("key", "k")]].concat());
        assert!(sent.status == status && sent.body.contains(said), "{pairs:?} {sent:?}");
    }
    let sent = clerk.post("/agency/seats", &[("do", "close"), ("shift", "j9-9-9"), ("key", "k")]);
    assert_eq!(sent.status, 404, "{sent:?}");
    let told = read(&node.get(&format!("/v1/jobs/{shift}")));
    assert_eq!((&told["open"], &told["seats"]["cap"]), (&true.into(), &2.into()), "it stands as it stood");
}

#[test]
fn a_day_is_the_halls_own() {
    let node = Node::start("day");
    let hours = 10 * 60;
    let (near, far) = (job(&node, hours, 1), job(&node, hours + 48 * 60, 1));
    let start = |job: &str| -> jiff::Timestamp {
        read(&node.get(&format!("/v1/jobs/{job}")))["start_at"].as_str().unwrap().parse().unwrap()
    };
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
    let found = |job: &str| {
        let day = start(job).to_zoned(zone.clone()).date();
        let answer = read(&node.get(&format!("/v1/jobs?date={day}")));
        answer["jobs"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().to_owned()).collect()
    };
    let (first, second): (Vec<String>, Vec<String>) = (found(&near), found(&far));
    assert_eq!((first, second), (vec![near], vec![far]));
}
