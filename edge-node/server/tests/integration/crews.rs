//! Crews over HTTP: all or none, never more than there are, and the same answer to a retry.

use crate::{
    node::{Answer, Node, sign_up, small_job},
    own::{enrol, scan},
};
use serde_json::Value;

fn crew(node: &Node, job: &str, key: &str, members: std::ops::Range<u32>) -> Answer {
    let phones: Vec<String> = members.map(|n| format!("1390000{n:04}")).collect();
    node.post("/v1/crews", ("Idempotency-Key", key), &serde_json::json!({ "job": job, "phones": phones }))
}

fn codes(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 201, "{answer:?}");
    let told: Value = serde_json::from_str(&answer.body).unwrap();
    let each = told["sign_ups"].as_array().unwrap();
    assert!(each.iter().all(|one| one["status"] == "confirmed" && one["receipt"].is_string()), "{told}");
    each.iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect()
}

fn refused(answer: &Answer, status: u16, problem: &str, said: &str) {
    assert_eq!((answer.status, answer.problem()), (status, format!("/problems/{problem}")), "{answer:?}");
    assert!(answer.body.contains(said), "{answer:?}");
}

#[test]
fn a_crew_gets_all_its_places_or_none() {
    let mut node = Node::start("crews");
    let job = small_job(&node, 5);
    let first = codes(&crew(&node, &job, "a", 0..3));
    assert_eq!(first.len(), 3);
    assert_eq!(codes(&crew(&node, &job, "a", 0..3)), first, "a retry has the same places");
    refused(&crew(&node, &job, "a", 0..4), 422, "key-reused", "key");
    refused(&crew(&node, &job, "b", 2..4), 409, "already-signed-up", "member 1");
    refused(&crew(&node, &job, "c", 10..13), 409, "crew-short", "2 of 3 can be confirmed");
    refused(&crew(&node, &job, "d", 10..11), 400, "bad-request", "2 to 10 members");
    refused(&crew(&node, &job, "d", 10..21), 400, "bad-request", "2 to 10 members");
    refused(&crew(&node, "j1-1-999", "d", 10..13), 404, "unknown-job", "");
    let twice = serde_json::json!({ "job": job, "phones": ["13900000050", "139 0000 0050"] });
    refused(&node.post("/v1/crews", ("Idempotency-Key", "e"), &twice), 400, "bad-request", "phone_twice");
    node.halt();
    node.restart();
    assert_eq!(codes(&crew(&node, &job, "a", 0..3)), first, "also after a power cut");
    // What was refused took nothing: two places are left, for two.
    assert_eq!(codes(&crew(&node, &job, "c", 10..12)).len(), 2);
    refused(&crew(&node, &job, "f", 20..22), 409, "crew-short", "0 of 2");
}

#[test]
fn a_crew_is_not_told_which_ticket_of_a_member_is_in_the_way() {
    let node = Node::start("crew-overlap");
    let (first, second) = (small_job(&node, 5), small_job(&node, 5));
    let taken: Value = serde_json::from_str(&sign_up(&node, &first, 1).body).unwrap();
    let ticket = taken["id"].as_str().unwrap();
    let both = ["13900000002", "13900000001"];
    let ask = |job: &str, key: &str| {
        let body = serde_json::json!({ "job": job, "phones": both });
        node.post("/v1/crews", ("Idempotency-Key", key), &body)
    };
    let overlap = ask(&second, "a");
    refused(&overlap, 409, "overlap", "member 2 may not take this place");
    let again = ask(&first, "b");
    refused(&again, 409, "already-signed-up", "member 2");
    for answer in [overlap, again] {
        assert!(!answer.body.contains(ticket) && !answer.head.contains(ticket), "{answer:?}");
    }
}

#[test]
fn crews_that_come_at_once_never_oversell() {
    const SEATS: u32 = 20;
    let node = Node::start("crowd");
    let job = small_job(&node, SEATS);
    let taken: usize = std::thread::scope(|scope| {
        let crews: Vec<_> = (0..12u32)
            .map(|n| {
                let (node, job) = (&node, &job);
                scope.spawn(move || {
                    let (size, first) = (2 + n % 4, 100 * n);
                    let once = crew(node, job, &format!("crew-{n}"), first..first + size);
                    let again = crew(node, job, &format!("crew-{n}"), first..first + size);
                    if once.status == 201 {
                        assert_eq!(codes(&once), codes(&again));
                        return codes(&once).len();
                    }
                    refused(&once, 409, "crew-short", "nothing was taken");
                    0
                })
            })
            .collect();
        crews.into_iter().map(|crew| crew.join().unwrap()).sum()
    });
    let seats = usize::try_from(SEATS).unwrap();
    assert!(taken <= seats && taken > seats - 5, "{taken} of {seats} places");
    let shown: Value = serde_json::from_str(&node.get(&format!("/v1/jobs/{job}")).body).unwrap();
    assert!(shown.to_string().contains(&format!("{}", seats - taken)), "{shown}");
}

#[test]
fn a_crew_at_the_screen_gets_its_tickets_on_one_page() {
    let node = Node::start("crew-pages");
    let job = small_job(&node, 3);
    let form = node.get(&format!("/crew?job={job}&lang=en"));
    let (action, key) = (form.action(), form.field("idempotency").to_owned());
    let base = [("job", job.as_str()), ("idempotency", key.as_str())];
    let list = |phones: &[&'static str]| phones.iter().map(|phone| ("member", *phone)).collect::<Vec<_>>();
    let press = |phones: &[&'static str], more: &[(&str, &str)]| {
        node.post_form(&action, &[&base[..], &list(phones), more].concat())
    };
    let (a, b, c, d) = ("13900000001", "13900000002", "13900000003", "13900000004");
    let added = press(&[], &[("phone", a), ("add", "1")]).body;
    assert!(
        added.contains("value=\"13900000001\"")
            && added.contains("… 0001")
            && added.contains("2 people at least")
    );
    for (phones, more, said) in [
        (&[a][..], &[("phone", a), ("add", "1")][..], "on the list already"),
        (&[a], &[("phone", "12"), ("add", "1")], "Not a mobile number"),
        (&[a], &[("go", "1")], "A crew has 2 to 10 people"),
    ] {
        let refused = press(phones, more);
        assert!(refused.status == 422 && refused.body.contains(said), "{said}: {refused:?}");
    }
    assert!(!press(&[a, b], &[("drop", "0")]).body.contains(a));
    let short = press(&[a, b, c, d], &[("go", "1")]);
    assert!(
        short.status == 409 && short.body.contains("Only 3 of the 4 can be confirmed here now"),
        "{short:?}"
    );
    // The last number is still in its field when the list is confirmed.
    let sent = press(&[a, b], &[("phone", c), ("go", "1")]);
    let tickets = sent.header("location").unwrap().to_owned();
    let again = press(&[a, b], &[("phone", c), ("go", "1")]);
    let codes = |address: &str| address.split('?').next().unwrap().to_owned();
    assert_eq!(
        codes(again.header("location").unwrap()),
        codes(&tickets),
        "a second press gives the same places"
    );
    let page = node.get(&tickets).body;
    assert!(page.contains("All 3 have a place") && page.matches("class=\"qr\"").count() == 3, "{page}");
    assert!(page.contains("http-equiv=\"refresh\" content=\"30;"), "as long as one ticket: {page}");
    assert_eq!(
        node.get(&codes(&tickets)).header("location"),
        Some("/mine?lang=zh&over=1"),
        "without its visit"
    );
    let other = node.get(&format!("/crew?job={job}&lang=en"));
    let alone =
        [&base[..1], &[("idempotency", "other")], &list(&[d, "13900000005"]), &[("alone", "1")]].concat();
    let alone = node.post_form(&other.action(), &alone).header("location").unwrap().to_owned();
    let page = node.get(&alone).body;
    assert!(
        page.contains("2 tickets: please look at each") && page.contains("Number 2 at this kiosk"),
        "{page}"
    );
}

#[test]
fn cards_are_put_on_a_crews_list_and_the_one_who_is_known_leads_it() {
    let node = Node::start("crew-cards");
    let job = small_job(&node, 4);
    let card = enrol(&node).field("card").to_owned();
    let form = node.get(&format!("/crew?job={job}&lang=en"));
    assert!(form.body.contains("autofocus") && form.body.contains("Card to the scanner"), "{}", form.body);
    let (action, key) = (form.action(), form.field("idempotency").to_owned());
    let base = [("job", job.as_str()), ("idempotency", key.as_str())];
    let press = |action: &str, more: &[(&str, &str)]| node.post_form(action, &[&base[..], more].concat());
    // A scanner ends its line, and digits may have stood in the field before.
    let scanned = format!("139 0{card}%0D%0A");
    let added = press(&action, &[("phone", &scanned)]);
    assert!(added.body.contains(&format!("name=\"member\" value=\"{card}\"")), "{}", added.body);
    assert!(
        added.body.contains("By card") && !added.body.contains("2916"),
        "a card names nobody: {}",
        added.body
    );
    let nobody = press(&action, &[("phone", "dsc1.AAAAAAAAAAAAAAAAAAAAAA")]);
    assert!(nobody.status == 422 && nobody.body.contains("does not know that card"), "{}", nobody.body);
    // The card's worker, by his number.
    let twice = press(&action, &[("member", &card), ("phone", "13905712916"), ("add", "1")]);
    assert!(twice.status == 422 && twice.body.contains("on the list already"), "{}", twice.body);

    let visit = scan(&node, &card).header("location").unwrap().to_owned();
    let view = visit.split("view=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let led = node.get(&format!("/crew?job={job}&lang=en&view={view}"));
    assert!(led.body.contains("name=\"member\" value=\"known\""), "{}", led.body);
    let sent = press(&led.action(), &[("member", "known"), ("phone", "13900000009"), ("go", "1")]);
    let tickets = node.get(sent.header("location").expect("tickets"));
    assert!(tickets.body.contains("All 2 have a place"), "{}", tickets.body);
    let again = press(&led.action(), &[("member", &card), ("member", "13900000009"), ("go", "1")]);
    assert_eq!(again.status, 303, "the same people are the same crew, by card as well: {again:?}");
    let strangers = press(&action, &[("member", "known"), ("phone", "13900000008"), ("go", "1")]);
    assert!(strangers.status == 422 && strangers.body.contains("2 to 10"), "nobody is known: {strangers:?}");
    let alone = press(&action, &[("member", &card), ("phone", "13900000007"), ("alone", "1")]);
    assert_eq!((alone.status, alone.body.contains("Number 1 on the list")), (409, true), "{alone:?}");
}
