//! A worker's own pages at the kiosk, over HTTP as a browser without scripts sends them: enrolling, the card, the PIN, the
//! shifts, and the end.

use crate::node::{Answer, Node, TENANT_KEY, small_job};
use serde_json::json;

const PHONE: &str = "13905712916";
const PIN: &str = "73918264";

fn led_to(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{answer:?}");
    answer.header("location").unwrap().to_owned()
}

/// The token of a visit in an address.
fn view(address: &str) -> &str {
    address.split("view=").nth(1).unwrap().split('&').next().unwrap()
}

/// Sends the form of a page.
fn fill(node: &Node, page: &Answer, pairs: &[(&str, &str)]) -> Answer {
    node.post_form(&page.action(), pairs)
}

/// Enrols through all steps; the page of the card.
pub(crate) fn enrol(node: &Node) -> Answer {
    let page = node.get("/enrol?lang=en");
    let page = fill(node, &page, &[("at", "phone"), ("phone", PHONE)]);
    let steps = [("phone", PHONE), ("new", PIN)];
    let page = fill(node, &page, &[("at", "new"), steps[0], steps[1]]);
    assert!(page.body.contains("The same PIN again"), "{}", page.body);
    let page = fill(node, &page, &[("at", "again"), steps[0], steps[1], ("again", PIN)]);
    assert!(page.body.contains("Day of birth"), "{}", page.body);
    let page = fill(node, &page, &[("at", "born"), steps[0], steps[1], ("born", "1990")]);
    assert!(page.body.contains("I agree, enrol me"), "{}", page.body);
    let about =
        [("at", "about"), steps[0], steps[1], ("born", "1990"), ("name", "Ann"), ("certificate", "health")];
    let page = fill(node, &page, &about);
    assert!(page.status == 200 && page.body.contains("Your worker card"), "{page:?}");
    page
}

/// Holds a card to the scanner at the first page.
pub(crate) fn scan(node: &Node, card: &str) -> Answer {
    node.post_form("/me?lang=en", &[("at", "start"), ("who", card)])
}

/// The operator ends the PIN of a number; the answer, and the digits in it.
fn reset_pin(node: &Node, phone: &str) -> (serde_json::Value, String) {
    let (name, value) = node.owner();
    let told = node.post("/v1/workers:reset_pin", (name, &value), &json!({ "phone": phone }));
    assert_eq!(told.status, 200, "{told:?}");
    let told: serde_json::Value = serde_json::from_str(&told.body).unwrap();
    let digits = told["pin"].as_str().unwrap().to_owned();
    assert!(digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit()), "{told}");
    (told, digits)
}

/// Logs in by number and PIN; where that leads.
fn log_in(node: &Node, pin: &str) -> Answer {
    let page = node.get("/me?lang=en");
    let page = fill(node, &page, &[("at", "who"), ("who", PHONE)]);
    assert!(page.body.contains("Your PIN"), "{}", page.body);
    fill(node, &page, &[("at", "pin"), ("who", PHONE), ("pin", pin)])
}

fn take(node: &Node, job: &str, view: &str) -> Answer {
    let form = node.get(&format!("/sign_up?lang=en&job={job}&view={view}"));
    assert!(
        form.body.contains("no number to type") && !form.body.contains("name=\"phone\""),
        "{}",
        form.body
    );
    let key = form.field("idempotency").to_owned();
    fill(node, &form, &[("job", job), ("idempotency", &key)])
}

#[test]
fn a_card_takes_a_place_without_a_number_and_opens_nothing_else() {
    let node = Node::start("own-card");
    let job = small_job(&node, 3);
    let card = enrol(&node).field("card").to_owned();
    assert_eq!(scan(&node, "dsc1.AAAAAAAAAAAAAAAAAAAAAA").status, 422, "nobody's card");
    let list = led_to(&scan(&node, &format!("139 0{card}")));
    assert!(list.starts_with("/near?lang=en&view="), "{list}");
    let visit = view(&list).to_owned();
    let ticket = led_to(&take(&node, &job, &visit));
    let shown = node.get(&ticket);
    assert!(shown.body.contains("You have it"), "{}", shown.body);
    let code = ticket.split('/').nth(2).unwrap().split('?').next().unwrap().to_owned();

    let own = node.get(&format!("/me?lang=en&view={visit}"));
    assert!(own.body.contains("name=\"pin\"") && !own.body.contains(&code), "the card alone: {}", own.body);
    let cancel = node.get(&format!("/ticket/{code}/cancel?lang=en&view={visit}"));
    assert!(cancel.body.contains("name=\"phone\""), "the card alone gives nothing back");
    let led = fill(&node, &own, &[("at", "pin"), ("pin", PIN)]);
    let own = node.get(&led_to(&led));
    assert!(own.body.contains(&format!("/ticket/{code}")) && own.body.contains("A… … 2916"), "{}", own.body);

    let opened = view(&led_to(&led)).to_owned();
    assert_ne!(opened, visit);
    assert!(
        node.get(&format!("/me?lang=en&view={visit}")).body.contains("name=\"who\""),
        "another visit by now"
    );
    node.get(&format!("/next?view={opened}"));
    for address in [format!("/me?lang=en&view={opened}"), format!("/sign_up?lang=en&job={job}&view={opened}")]
    {
        let page = node.get(&address);
        assert!(
            page.status == 200 && !page.body.contains(&code) && !page.body.contains("2916"),
            "{}",
            page.body
        );
    }
    let sent = node.post_form(&format!("/me/card?lang=en&view={opened}"), &[("card", &card)]);
    assert!(led_to(&sent).starts_with("/me?lang=en"));
}

#[test]
fn the_pin_opens_what_is_a_workers_own() {
    let node = Node::start("own-pin");
    let job = small_job(&node, 3);
    let first = enrol(&node).field("card").to_owned();
    assert_eq!(log_in(&node, "9182").status, 401);
    let visit = view(&led_to(&log_in(&node, PIN))).to_owned();
    let at = |path: &str| format!("{path}?lang=en&view={visit}");
    let ticket = led_to(&take(&node, &job, &visit));
    let code = ticket.split('/').nth(2).unwrap().split('?').next().unwrap().to_owned();
    let form = node.get(&at(&format!("/ticket/{code}/cancel")));
    assert!(!form.body.contains("name=\"phone\""), "{}", form.body);
    let back = node.get(&led_to(&fill(&node, &form, &[])));
    assert!(back.body.contains("Given back"), "{}", back.body);
    assert!(node.get(&at("/me")).body.contains("You have no shift now"));

    let page = node.get(&at("/me/about"));
    let page = fill(&node, &page, &[("at", "born"), ("born", "19900517")]);
    assert!(page.body.contains("value=\"health\" checked"), "{}", page.body);
    let kept =
        fill(&node, &page, &[("at", "about"), ("born", "19900517"), ("language", "zh"), ("name", "Bo")]);
    let own = node.get(&led_to(&kept));
    assert!(own.body.contains("Kept") && own.body.contains("B… … 2916"), "{}", own.body);

    let second = node.post_form(&at("/me/card"), &[]).field("card").to_owned();
    let again = node.post_form(&at("/me/card"), &[("card", &second)]);
    assert_eq!(again.field("card"), second, "who needs longer sees the same card");
    assert_eq!(node.post_form(&at("/me/card"), &[("card", &first)]).status, 404, "which is void now");
    assert_eq!((scan(&node, &first).status, scan(&node, &second).status), (422, 303));

    let page = node.get(&at("/me/pin"));
    for (new, again) in [("1234", "1234"), ("4837", "4838")] {
        let page = fill(&node, &page, &[("at", "new"), ("new", new)]);
        let refused = fill(&node, &page, &[("at", "again"), ("new", new), ("again", again)]);
        assert_eq!(refused.status, 422);
    }
    let changed = fill(&node, &page, &[("at", "again"), ("new", "4837"), ("again", "4837")]);
    assert!(node.get(&led_to(&changed)).body.contains("Your PIN is changed"));
    assert_eq!((log_in(&node, PIN).status, log_in(&node, "4837").status), (401, 303));
    for _ in 0..5 {
        log_in(&node, PIN);
    }
    let waits = log_in(&node, "4837");
    assert_eq!(waits.status, 429);
    assert!(
        waits.header("retry-after").is_some() && waits.body.contains("Too many wrong tries"),
        "{waits:?}"
    );
}

#[test]
fn a_forgotten_pin_is_ended_by_the_operator_and_another_is_chosen_by_its_worker() {
    let node = Node::start("own-forgotten");
    let job = small_job(&node, 3);
    enrol(&node);
    let visit = view(&led_to(&log_in(&node, PIN))).to_owned();
    let ticket = led_to(&take(&node, &job, &visit));
    let code = ticket.split('/').nth(2).unwrap().split('?').next().unwrap().to_owned();
    for _ in 0..6 {
        log_in(&node, "9182");
    }
    assert_eq!(log_in(&node, PIN).status, 429, "whoever forgot it has tried");

    let (told, given) = reset_pin(&node, PHONE);
    let (unknown, of_nobody) = reset_pin(&node, "13905712917");
    let names = |told: &serde_json::Value| told.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&told), names(&unknown), "the answer does not say who is enrolled");
    assert_ne!(given, of_nobody);
    assert_eq!(log_in(&node, PIN).status, 401, "the PIN of before is over");
    assert!(node.get(&format!("/me?lang=en&view={visit}")).body.contains("name=\"who\""), "and its log-ins");
    let proof = json!({ "phone": PHONE, "pin": given });
    assert_eq!(node.post("/v1/sessions", ("Accept", "application/json"), &proof).status, 401);

    let page = log_in(&node, &given);
    assert!(
        page.status == 200 && page.body.contains("Choose a PIN") && !page.body.contains(&code),
        "{page:?}"
    );
    let first = |new: &str| {
        fill(&node, &page, &[("who", PHONE), ("pin", given.as_str()), ("at", "new"), ("new", new)])
    };
    assert!(first("48375926").body.contains("The same PIN again"));
    let again = |given: &str, new: &str| {
        let pairs = [("who", PHONE), ("pin", given), ("at", "again"), ("new", new), ("again", new)];
        fill(&node, &page, &pairs)
    };
    assert_eq!(again(&given, &given).status, 422, "the operator knows that one");
    let guessed = if given == "482916" { "482917" } else { "482916" };
    assert_eq!(again(guessed, "48375926").status, 401, "the number alone chooses nothing");
    let own = node.get(&led_to(&again(&given, "48375926")));
    assert!(own.body.contains(&format!("/ticket/{code}")), "{}", own.body);
    assert_eq!(log_in(&node, &given).status, 401, "it was good once");
    assert_eq!(log_in(&node, "48375926").status, 303);
    let said = std::fs::read_to_string(node.folder().join("node.log")).unwrap();
    assert!(!said.contains(PHONE) && !said.contains(&given), "{said}");
}

#[test]
fn what_the_operator_gave_is_exchanged_once_however_many_hold_it() {
    let node = Node::start("own-exchanged");
    enrol(&node);
    let (_, given) = reset_pin(&node, PHONE);
    let page = log_in(&node, &given);
    let wanted = ["48375926", "58375926", "68375926"];
    let (node, page, given) = (&node, &page, given.as_str());
    let exchange = |new: &'static str| {
        let pairs = [("who", PHONE), ("pin", given), ("at", "again"), ("new", new), ("again", new)];
        fill(node, page, &pairs).status == 303
    };
    let chosen: Vec<bool> = std::thread::scope(|scope| {
        let asked: Vec<_> = wanted.iter().map(|new| scope.spawn(move || exchange(new))).collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    assert_eq!(chosen.iter().filter(|chosen| **chosen).count(), 1, "{chosen:?}");
    for (new, chosen) in wanted.iter().zip(chosen) {
        assert_eq!(log_in(node, new).status == 303, chosen, "{new}");
    }
}

#[test]
fn a_card_brings_its_workers_language_and_what_was_wanted() {
    let node = Node::start("own-wanted");
    let card = enrol(&node).field("card").to_owned();
    let at = |at: &str| led_to(&node.post_form("/me?lang=zh", &[("at", at), ("who", &card)]));
    assert!(at("start").starts_with("/near?lang=en&view="), "who enrolled in English looks for work");
    let own = at("who");
    assert!(own.starts_with("/me?lang=en&view="), "whoever asked for the own page gets there: {own}");
    assert!(node.get(&own).body.contains("Your PIN"));
    // A worker of the interface has said no language, until one is said.
    let card_of = |more: serde_json::Value| {
        let mut profile = json!({ "phone": "13905712918", "pin": PIN });
        profile.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        node.post("/v1/workers/me", ("Accept", "application/json"), &profile)
    };
    assert_eq!(card_of(json!({ "lang": "tlh" })).status, 400);
    let told: serde_json::Value = serde_json::from_str(&card_of(json!({ "lang": "zh" })).body).unwrap();
    assert_eq!(told["lang"], "zh");
    let list = led_to(&scan(&node, told["card"].as_str().unwrap()));
    assert!(list.starts_with("/near?lang=zh&view="), "{list}");
}

#[test]
fn who_is_erased_is_known_no_more() {
    let node = Node::start("own-erase");
    let card = enrol(&node).field("card").to_owned();
    let visit = view(&led_to(&log_in(&node, PIN))).to_owned();
    let page = node.get(&format!("/me/erase?lang=en&view={visit}"));
    assert!(page.body.contains("It cannot be undone") && page.body.contains("under a code without a name"));
    assert_eq!(
        fill(&node, &page, &[("at", "pin"), ("pin", "9182")]).status,
        401,
        "not by whoever finds it open"
    );
    let erased = fill(&node, &page, &[("at", "pin"), ("pin", PIN)]);
    assert!(erased.status == 200 && erased.body.contains("is gone"), "{erased:?}");
    assert_eq!(scan(&node, &card).status, 422);
    assert_eq!(log_in(&node, PIN).status, 401);
    assert!(node.get(&format!("/me?lang=en&view={visit}")).body.contains("name=\"who\""));
    enrol(&node);
}

#[test]
fn a_job_that_asks_for_people_waits_for_who_says_so() {
    let node = Node::start("own-job");
    let job = json!({
        "title": "分拣员", "start_at": "2099-01-01T06:00:00Z", "end_at": "2099-01-01T14:00:00Z", "pay_minor": 20_000,
        "currency": "CNY", "pay_unit": "day", "seats": 3, "certificates": ["health"],
    });
    let made = node.post_job(TENANT_KEY, &job);
    let made: serde_json::Value = serde_json::from_str(&made.body).unwrap();
    let job = made["id"].as_str().unwrap();
    let card = enrol(&node).field("card").to_owned();
    let refused = node.post_form("/sign_up?lang=en", &[("job", job), ("idempotency", "k"), ("phone", PHONE)]);
    assert!(refused.body.contains("Say who I am"), "{}", refused.body);
    assert!(
        refused.body.replace("&#38;", "&").contains(&format!("/me?lang=en&job={job}\"")),
        "{}",
        refused.body
    );
    let form = led_to(&node.post_form(&format!("/me?lang=en&job={job}"), &[("at", "who"), ("who", &card)]));
    let by_card = take(&node, job, view(&form));
    assert!(by_card.status == 409 && by_card.body.contains("Say who I am"), "{by_card:?}");
    let page = node.get(&format!("/me?lang=en&job={job}&view={}", view(&form)));
    let form = led_to(&fill(&node, &page, &[("at", "pin"), ("pin", PIN)]));
    assert!(form.starts_with("/sign_up?lang=en"), "{form}");
    let ticket = led_to(&take(&node, job, view(&form)));
    assert!(node.get(&ticket).body.contains("You have it"));
}

#[test]
fn without_a_line_no_code_is_sent_and_the_page_says_so() {
    let mut node = Node::start("own-code");
    assert!(!node.get("/me?lang=en").body.contains("no code can be sent"), "no sender: no word of codes");
    node.halt();
    std::fs::write(node.folder().join("senders.toml"), "[workers]\nfile = 'sms.ndjson'\n").unwrap();
    node.restart();
    let page = node.get("/me?lang=en");
    assert!(
        page.body.contains("no code can be sent now") && !page.body.contains("/me/code"),
        "{}",
        page.body
    );
    let refused = node.get("/me/code?lang=en");
    assert!(
        refused.status == 503 && refused.body.contains("name=\"who\""),
        "card and PIN instead: {refused:?}"
    );
    let refused = node.post_form("/me/code?lang=en", &[("at", "phone"), ("phone", PHONE)]);
    assert!(refused.status == 422 && refused.body.contains("no code can be sent now"), "{refused:?}");
    enrol(&node);
    assert!(!node.folder().join("sms.ndjson").exists());
}
