//! A whole day of two halls, with planted values of their workers: none leaves the region in a frame or a file, and an
//! erasure destroys the keys at every node, with receipts, while the hub names who still owes one.
//!
//! Real programs and real lines; [`tap::Tap`] lies on the lines, and what is looked for is in [`search::Search`].

mod search;
mod tap;

use crate::town::{Town, say, until};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::VerifyingKey;
use enrolment::{Authority, LogKeyCertificate};
use rusqlite::{Connection, OpenFlags};
use search::{Found, Search};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};
use sync_protocol::erasure::ErasureReceipt;
use tap::{Line, Tap, Way};

const HALLS: [&str; 2] = ["hall-1", "hall-2"];
/// What everybody may read: that it is found shows that it was looked for there.
const FROM_HUB: &str = "Planted title from the hub";
const FROM_HALL: &str = "Planted title from the hall";
/// Where messages to workers go: in the hall, readable by its operator alone.
const MESSAGES: [&str; 2] = ["hall-1/messages.ndjson", "hall-2/sms.ndjson"];

/// Of a worker what must stay in the region.
#[derive(Clone, Copy)]
struct Person {
    who: &'static str,
    phone: &'static str,
    pin: &'static str,
    name: &'static str,
}

const fn person(who: &'static str, phone: &'static str, pin: &'static str, name: &'static str) -> Person {
    Person { who, phone, pin, name }
}

const ADA: Person = person("ada", "13905710461", "73918264", "阿依达 Plantowska");
const BEN: Person = person("ben", "13905710572", "58203917", "Ben Plantagenet-Ó Súilleabháin");
const CLEO: Person = person("cleo", "13905710683", "94618203", "欧阳植入三");
const DAI: Person = person("dai", "13905710794", "60482917", "戴植入四");
const EVA: Person = person("eva", "13905710835", "82915036", "Eva Implantová");
const FINN: Person = person("finn", "13905710946", "", "");
const GUS: Person = person("gus", "13905711057", "37059182", "Gus Plantinga");
const HANA: Person = person("hana", "13905711168", "", "");
const ALL: [Person; 8] = [ADA, BEN, CLEO, DAI, EVA, FINN, GUS, HANA];

const BORN: &str = "1987-06-05";
const BORN_CBOR: [u8; 7] = [0x82, 0x19, 0x07, 0xc3, 0x82, 0x06, 0x05];
const LANGUAGES: [&str; 3] = ["aym", "grn", "que"];
const HOME: (f64, f64) = (30.241_987, 120.155_731);
const CERTIFICATE: &str = "elderly-care";

fn planted() -> Search {
    let mut search = Search::default();
    for of in ALL {
        search.digits(&format!("phone of {}", of.who), of.phone);
        if !of.pin.is_empty() {
            search.digits(&format!("PIN of {}", of.who), of.pin);
            search.text(&format!("name of {}", of.who), of.name);
        }
    }
    search.text("born", BORN);
    search.digits("born", &BORN.replace('-', ""));
    search.bytes("born", "CBOR", BORN_CBOR.to_vec());
    search.text("certificate", CERTIFICATE);
    for between in [",", ", ", "\",\"", "+"] {
        search.text("languages", &LANGUAGES.join(between));
    }
    search.bytes("languages", "CBOR", minicbor::to_vec(LANGUAGES).unwrap());
    search.text("home", "30.241987");
    search.text("home", "120.155731");
    search.bytes("home", "CBOR", minicbor::to_vec((30_241_987, 120_155_731)).unwrap());
    search.text("public", FROM_HUB);
    search.text("public", FROM_HALL);
    search
}

struct Day {
    town: Town,
    tap: Tap,
    lines: BTreeMap<&'static str, Line>,
    search: Search,
    sessions: BTreeMap<(&'static str, &'static str), String>,
    asked: u32,
}

impl Day {
    fn begin() -> Self {
        let (mut town, tap, mut lines) = (Town::start("residency"), Tap::new(), BTreeMap::new());
        for hall in HALLS {
            town.admit(hall, hall);
            let (hub, node) = (town.data(), town.path(hall));
            lines.insert(hall, tap.lay(Path::new(&hub), town.quic().parse().unwrap(), Path::new(&node)));
        }
        fs::write(town.path("hall-2/senders.toml"), "[workers]\nfile = 'sms.ndjson'\n").unwrap();
        for hall in HALLS {
            town.start_node(hall);
            until("its line is up", || (town.node(hall, "/v1/node")["link"] == "up").then_some(()));
        }
        Self { town, tap, lines, search: planted(), sessions: BTreeMap::new(), asked: 0 }
    }

    fn call(
        &self,
        hall: &str,
        method: &str,
        path: &str,
        head: &[(&str, &str)],
        body: &Value,
    ) -> (u16, Value) {
        self.town.call(hall, method, path, head, body)
    }

    /// Enrols a worker through the interface, and looks for his card from then on.
    fn enrol(&mut self, hall: &'static str, of: Person) {
        let told = json!({
            "phone": of.phone, "pin": of.pin, "name": of.name, "born": BORN, "languages": LANGUAGES,
            "certificates": [CERTIFICATE], "lat": HOME.0, "lon": HOME.1, "distance_m_max": 73_219,
        });
        let (mut status, mut profile) = self.call(hall, "POST", "/v1/workers/me", &[], &told);
        if profile["type"] == "/problems/code-needed" {
            let mut told = told;
            told["code"] = self.code_sent(hall, of).into();
            (status, profile) = self.call(hall, "POST", "/v1/workers/me", &[], &told);
        }
        assert_eq!(status, 201, "{profile}");
        let session = profile["session"].as_str().unwrap();
        self.plant_token("log-in", session);
        self.plant_token("card", profile["card"].as_str().unwrap());
        self.sessions.insert((of.who, hall), format!("Bearer {session}"));
    }

    /// The code that a hall's sender was handed for a worker last.
    fn code_sent(&self, hall: &str, of: Person) -> String {
        until("a code is sent", || {
            let lines = fs::read_to_string(self.town.path(&format!("{hall}/sms.ndjson"))).ok()?;
            let lines = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let mut codes = lines.filter(|line| line["kind"] == "code" && line["to"] == of.phone);
            codes.next_back()?["code"].as_str().map(str::to_owned)
        })
    }

    fn plant_token(&mut self, what: &str, text: &str) {
        self.search.text(what, text);
        let token = text.strip_prefix("dsc1.").unwrap_or(text);
        self.search.bytes(what, "raw", URL_SAFE_NO_PAD.decode(token).unwrap());
    }

    /// Enrols a worker at the kiosk, page by page.
    fn enrol_at_kiosk(&self, hall: &str, of: Person) {
        let (phone, pin) = (("phone", of.phone), ("new", of.pin));
        let born = BORN.replace('-', "");
        let steps: [&[(&str, &str)]; 5] = [
            &[("at", "phone"), phone],
            &[("at", "new"), phone, pin],
            &[("at", "again"), phone, pin, ("again", of.pin)],
            &[("at", "born"), phone, pin, ("born", &born)],
            &[
                ("at", "about"),
                phone,
                pin,
                ("born", &born),
                ("name", of.name),
                ("certificate", CERTIFICATE),
                ("language", LANGUAGES[0]),
            ],
        ];
        let (_, mut page) = self.town.visit(hall, "/enrol?lang=en", &[]);
        for step in steps {
            let answer = self.town.visit(hall, &action(&page), step);
            assert_eq!(answer.0, 200, "{step:?}: {}", answer.1);
            page = answer.1;
        }
        assert!(page.contains("Your worker card"), "{page}");
    }

    /// A request for a place, with what the worker is told.
    fn sign_up(&mut self, hall: &'static str, job: &str, of: Person) -> Value {
        self.asked += 1;
        let key = format!("request-{}", self.asked);
        let session = self.sessions.get(&(of.who, hall)).cloned();
        let head = session.iter().map(|session| ("Authorization", session.as_str()));
        let head: Vec<_> = head.chain([("Idempotency-Key", key.as_str())]).collect();
        let body = match session {
            Some(_) => json!({ "job": job }),
            None => json!({ "job": job, "phone": of.phone }),
        };
        let (status, answer) = self.call(hall, "POST", "/v1/sign_ups", &head, &body);
        assert!(matches!(status, 201 | 202), "{answer}");
        answer
    }

    fn of_agency(&self, hall: &str, sign_up: &Value, command: &str, body: &Value) -> Value {
        let bearer = format!("Bearer {}", self.town.key);
        let path = format!("/v1/sign_ups/{}:{command}", sign_up["id"].as_str().unwrap());
        let (status, answer) = self.call(hall, "POST", &path, &[("Authorization", &bearer)], body);
        assert_eq!(status, 200, "{command}: {answer}");
        answer
    }

    fn status(&self, hall: &str, sign_up: &Value) -> Value {
        let path = format!("/v1/sign_ups/{}", sign_up["id"].as_str().unwrap());
        self.town.node(hall, &path)["status"].clone()
    }

    /// What was found in the frames so far and in every file of the town.
    fn found(&self) -> BTreeSet<Found> {
        let mut found = BTreeSet::new();
        for (way, frame) in self.tap.frames() {
            let place = if way == Way::ToHub { "frame to the hub" } else { "frame to a node" };
            self.search.look(place, &frame, &mut found);
        }
        self.search.look_below(Path::new(&self.town.path("")), &mut found);
        found
    }
}

/// Where a page's form leads.
fn action(page: &str) -> String {
    let form = page.split("<form").find(|form| form.contains("method=\"post\"")).unwrap();
    let address = form.split("action=\"").nth(1).unwrap().split('"').next().unwrap();
    address.replace("&#38;", "&").replace("&amp;", "&")
}

fn in_minutes(minutes: i64) -> String {
    (jiff::Timestamp::now() + jiff::SignedDuration::from_mins(minutes)).to_string()
}

fn shift(title: &str, seats: u32) -> Value {
    json!({
        "title": title, "category": "kitchen", "start_at": in_minutes(20), "end_at": in_minutes(320),
        "pay_minor": 2000, "currency": "CNY", "pay_unit": "hour", "pay_minor_per_hour": 2000, "seats": seats,
        "lat": 30.25, "lon": 120.16,
    })
}

/// Imports a shift at the hub.
fn import(day: &Day, key: &str, seats: u32) {
    let mut row = shift(FROM_HUB, seats);
    (row["key"], row["line"]) = (json!(key), json!(1));
    let file = day.town.path("jobs.ndjson");
    fs::write(&file, format!("{row}\n")).unwrap();
    let said = day.town.order(&["jobs", "import", &file, "--region", "north", "--tenant", "agency"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
}

/// Posts a shift at a hall; its id.
fn post_at(day: &Day, hall: &str) -> String {
    let bearer = format!("Bearer {}", day.town.key);
    let headers = [("Authorization", bearer.as_str()), ("Idempotency-Key", hall)];
    let (status, made) = day.call(hall, "POST", "/v1/jobs", &headers, &shift(FROM_HALL, 1));
    assert_eq!(status, 201, "{made}");
    made["id"].as_str().unwrap().to_owned()
}

/// Posts the day's shifts: one at the hub, with places at both halls, and one of a single place at the first hall.
fn post(day: &Day) -> (String, String) {
    import(day, "a", 12);
    let big = day.town.hub("/v1/jobs")["jobs"][0]["id"].as_str().unwrap().to_owned();
    for hall in HALLS {
        until("rights are at the hall", || {
            (day.town.node(hall, &format!("/v1/jobs/{big}"))["seats"]["here"].as_u64()? > 3).then_some(())
        });
    }
    let small = post_at(day, "hall-1");
    until("its place is at the hall", || {
        (day.town.node("hall-1", &format!("/v1/jobs/{small}"))["seats"]["here"] == 1).then_some(())
    });
    (big, small)
}

/// What people do by mistake: values where they do not belong.
fn mistakes(day: &Day, job: &str) {
    let (phone, name) = (BEN.phone, CLEO.name);
    for path in [
        format!("/v1/jobs?q={phone}"),
        format!("/near?q={phone}"),
        format!("/ticket/{phone}"),
        format!("/v1/sign_ups/{phone}"),
        format!("/v1/sign_ups?code={phone}"),
        format!("/sign_up?job={phone}&phone={phone}"),
        format!("/{phone}"),
    ] {
        day.town.visit("hall-1", &path, &[]);
    }
    let key = [("Idempotency-Key", phone)];
    for (path, body) in [
        ("/v1/sign_ups", json!({ "job": phone, "phone": job })),
        ("/v1/sign_ups", json!({ "job": job, "phone": phone, "name": name })),
        ("/v1/sign_ups", json!({ "job": job, "phone": format!("{phone}{phone}") })),
        ("/v1/crews", json!({ "job": job, "phones": [phone, phone] })),
        ("/v1/workers/me", json!({ "phone": phone, "pin": "1111", "name": name.repeat(20), "born": name })),
        ("/v1/sessions", json!({ "phone": phone, "pin": ADA.pin })),
        ("/v1/sessions", json!({ "card": phone, "pin": phone })),
    ] {
        let (status, answer) = day.call("hall-1", "POST", path, &key, &body);
        assert!((400..500).contains(&status), "{path} {body}: {status} {answer}");
    }
}

/// Sign-ups, the gate and those who do not come: all that a hall does with people.
fn work(day: &mut Day, big: &str, small: &str) {
    let ada = day.sign_up("hall-1", big, ADA);
    let ben = day.sign_up("hall-1", big, BEN);
    let crew = json!({ "job": big, "phones": [CLEO.phone, FINN.phone] });
    let (status, crew) = day.call("hall-1", "POST", "/v1/crews", &[("Idempotency-Key", "crew")], &crew);
    assert_eq!(status, 201, "{crew}");
    let finn = crew["sign_ups"][1].clone();
    let path = format!("/v1/sign_ups/{}:cancel", finn["id"].as_str().unwrap());
    let proof = json!({ "phone": FINN.phone, "code": finn["code"] });
    assert_eq!(day.call("hall-1", "POST", &path, &[], &proof).0, 200);
    day.of_agency("hall-1", &ada, "check_in", &Value::Null);
    day.of_agency("hall-1", &ada, "check_out", &Value::Null);
    day.of_agency("hall-1", &ada, "confirm_minutes", &json!({ "minutes": 300 }));
    let hours = format!("/ticket/{}/hours?lang=en", ada["code"].as_str().unwrap());
    day.town.visit("hall-1", &hours, &[("phone", ADA.phone), ("minutes", "300"), ("do", "agree")]);

    // Who does not come makes room for the next in line; both are told by a message.
    let gus = day.sign_up("hall-1", small, GUS);
    assert_eq!(gus["status"], "confirmed", "{gus}");
    let (_, form) = day.town.visit("hall-1", &format!("/sign_up?lang=en&job={small}"), &[]);
    let pairs = [("job", small), ("idempotency", "from the kiosk"), ("phone", DAI.phone)];
    let (status, ticket) = day.town.visit("hall-1", &action(&form), &pairs);
    assert_eq!(status, 200, "{ticket}");
    day.of_agency("hall-1", &gus, "no_show", &Value::Null);
    until("both are told", || {
        let told = fs::read_to_string(day.town.path(MESSAGES[0])).ok()?;
        (told.contains(GUS.phone) && told.contains(DAI.phone)).then_some(())
    });
    let eva = day.sign_up("hall-2", big, EVA);
    assert_eq!(eva["status"], "confirmed", "{eva}");
    day.of_agency("hall-2", &eva, "dismiss", &Value::Null);
    until("she is told", || {
        let told = fs::read_to_string(day.town.path(MESSAGES[1])).ok()?;
        told.contains(EVA.phone).then_some(())
    });
    assert_eq!(day.status("hall-1", &ben), "confirmed");
}

/// A hall whose line is cut goes on, and its session is carried in files.
fn carry(day: &mut Day, big: &str) {
    // Each side has a text that the other has not heard of.
    post_at(day, "hall-2");
    import(day, "b", 2);
    let hana = day.sign_up("hall-2", big, HANA);
    assert_eq!(hana["status"], "confirmed", "{hana}");
    let (data, stick, answer) =
        (day.town.path("hall-2"), day.town.path("stick.dsc"), day.town.path("stick.answer"));
    let said = say(&["sync", "carry", "export", "--data", &data, "--to", &stick]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let said = day.town.order(&["sync", "carry", "import", &stick, "--answer", &answer]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let said = say(&["sync", "carry", "import", &answer, "--data", &data]);
    assert_eq!(said.code, Some(0), "{}", said.err);
}

/// The wrapped data keys at a hall, by the worker's pseudonym in hexadecimal digits.
fn keys(day: &Day, hall: &str) -> BTreeMap<String, Vec<u8>> {
    let path = day.town.path(&format!("{hall}/node.sqlite"));
    let store = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut rows = store.prepare("SELECT lower(hex(worker)), wrapped FROM person_key").unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// Halls in which a wrapped key still stands in a file.
fn with_key(day: &Day, wrapped: &[u8]) -> BTreeSet<String> {
    let mut search = Search::default();
    search.bytes("key", "raw", wrapped.to_vec());
    let mut found = BTreeSet::new();
    search.look_below(Path::new(&day.town.path("")), &mut found);
    found.iter().map(|found| found.place.split('/').next().unwrap().to_owned()).collect()
}

/// How each hall stands with the only order, checked against the root's key where it has signed.
fn receipts(day: &Day) -> (String, BTreeMap<String, String>) {
    let order = day.town.hub("/v1/erasures")["erasures"][0].clone();
    let root = Authority::open(&Path::new(&day.town.data()).join("authority")).unwrap().root_public_key();
    let worker = order["worker"].as_str().unwrap().to_owned();
    let mut states = BTreeMap::new();
    for node in order["nodes"].as_array().unwrap() {
        let state = node["state"].as_str().unwrap();
        if state == "erased" {
            let digits = node["receipt"].as_str().unwrap().as_bytes().chunks(2);
            let bytes =
                digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
            let receipt = ErasureReceipt::from_bytes(&bytes.collect::<Vec<_>>()).unwrap();
            let certificate = LogKeyCertificate::decode(&receipt.certificate).unwrap();
            certificate.verify(&root).unwrap();
            let body = receipt.verify(&VerifyingKey::from_bytes(&certificate.key).unwrap()).unwrap();
            assert_eq!((body.writer, body.had), (certificate.writer, true));
            assert_eq!(body.writer.node.0, u32::try_from(node["node"].as_u64().unwrap()).unwrap());
        }
        states.insert(node["name"].as_str().unwrap().to_owned(), state.to_owned());
    }
    (worker, states)
}

/// Erases a worker who is known at both halls while the line of one is cut, with the hub's backup in between.
fn erase(day: &Day) {
    let before = HALLS.map(|hall| keys(day, hall));
    let session = day.sessions[&("ada", "hall-1")].as_str();
    let (status, erased) =
        day.call("hall-1", "DELETE", "/v1/workers/me", &[("Authorization", session)], &json!({}));
    assert_eq!(status, 200, "{erased}");
    let listed = until("the hub names who owes it", || {
        let said = day.town.order(&["erasure", "list"]);
        (said.code == Some(2) && said.out.contains("hall-1")).then_some(said.out)
    });
    let owing = listed.lines().find(|line| line.contains("hall-2")).unwrap();
    assert!(owing.contains("follows at its next contact"), "{listed}");
    let (worker, states) = receipts(day);
    let stand = |second: &str| {
        BTreeMap::from([("hall-1".to_owned(), "erased".to_owned()), ("hall-2".to_owned(), second.to_owned())])
    };
    assert_eq!(states, stand("owes"));
    let [first, second] = before.map(|keys| keys[&worker].clone());
    let second_alone = BTreeSet::from(["hall-2".to_owned()]);
    assert_eq!((with_key(day, &first), with_key(day, &second)), (BTreeSet::new(), second_alone));

    let (data, backup) = (day.town.data(), day.town.path("backup"));
    let said = say(&["hub", "backup", "--data", &data, "--to", &backup]);
    assert_eq!(said.code, Some(0), "{}", said.err);

    day.lines["hall-2"].heal();
    until("the other hall has followed", || (receipts(day).1 == stand("erased")).then_some(()));
    let said = day.town.order(&["erasure", "list"]);
    assert_eq!((said.code, said.out.contains("all signed")), (Some(0), true), "{}", said.out);
    let (list, root) = (day.town.path("erasures.json"), day.town.path("root.der"));
    fs::write(&list, day.town.order(&["erasure", "list", "--json"]).out).unwrap();
    let authority = Authority::open(&Path::new(&data).join("authority")).unwrap();
    fs::write(&root, authority.root_certificate()).unwrap();
    let said = say(&["erasure", "verify", &list, "--root", &root]);
    assert_eq!((said.code, said.out.lines().count()), (Some(0), 2), "{}", said.err);
    assert!(said.out.lines().all(|line| line.contains(&worker)), "{}", said.out);
    assert_eq!((with_key(day, &first), with_key(day, &second)), (BTreeSet::new(), BTreeSet::new()));
    assert!(keys(day, "hall-1").len() > 2, "those of the others stay");
}

/// All that was found of workers lies in the two files of messages: the numbers that they are for.
fn check(day: &Day) {
    let found = day.found();
    let (public, private): (Vec<_>, Vec<_>) = found.iter().partition(|found| found.what == "public");
    let expected =
        [(MESSAGES[0], "phone of dai"), (MESSAGES[0], "phone of gus"), (MESSAGES[1], "phone of eva")];
    let private: BTreeSet<_> =
        private.iter().map(|found| (found.place.as_str(), found.what.as_str(), found.form)).collect();
    assert_eq!(private, expected.map(|(place, what)| (place, what, "UTF-8")).into());
    let places: BTreeSet<_> = public.iter().map(|found| found.place.split('/').next().unwrap()).collect();
    for place in [
        "frame to the hub",
        "frame to a node",
        "hub",
        "hall-1",
        "hall-2",
        "backup",
        "stick.dsc",
        "stick.answer",
    ] {
        assert!(places.contains(place), "{place} was not read: {places:?}");
    }
    assert!(
        public.iter().any(|found| found.is_packed && found.place.starts_with("frame")),
        "nothing was packed"
    );
}

#[test]
fn nothing_of_a_worker_leaves_the_region_in_a_whole_day() {
    let mut day = Day::begin();
    let (big, small) = post(&day);
    for of in [ADA, BEN, CLEO, GUS] {
        day.enrol("hall-1", of);
    }
    day.enrol("hall-2", ADA);
    day.enrol("hall-2", EVA);
    day.enrol_at_kiosk("hall-1", DAI);
    mistakes(&day, &big);
    work(&mut day, &big, &small);
    day.lines["hall-2"].cut();
    until("the line is cut", || (day.town.node("hall-2", "/v1/node")["link"] == "down").then_some(()));
    carry(&mut day, &big);
    erase(&day);
    check(&day);

    // The power goes everywhere, and the night's start reads all of it again.
    for hall in HALLS {
        day.town.kill_node(hall);
    }
    day.town.kill_hub();
    day.town.start_hub();
    for hall in HALLS {
        day.town.start_node(hall);
        until("its line is up", || (day.town.node(hall, "/v1/node")["link"] == "up").then_some(()));
    }
    let log_in = |of: Person| json!({ "phone": of.phone, "pin": of.pin });
    assert_eq!(day.call("hall-1", "POST", "/v1/sessions", &[], &log_in(ADA)).0, 401, "she is erased");
    assert_eq!(day.call("hall-1", "POST", "/v1/sessions", &[], &log_in(BEN)).0, 201);
    day.sessions.clear();
    for hall in HALLS {
        day.town.kill_node(hall);
    }
    day.town.kill_hub();
    check(&day);
}
