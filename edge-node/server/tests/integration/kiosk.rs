//! The kiosk's pages and the interface beside them.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use crate::node::{Node, TENANT_KEY, now};

const PHONE: &str = "139+0571+2916";

fn rfc3339(epoch_s: u64) -> String {
    jiff::Timestamp::from_second(i64::try_from(epoch_s).unwrap()).unwrap().to_string()
}

/// Posts a job that starts in 20 minutes, which may be tomorrow.
pub(crate) fn post_job(node: &Node, seats: u32) -> String {
    post_job_at(node, seats, (30.315, 120.275))
}

fn post_job_at(node: &Node, seats: u32, (lat, lon): (f64, f64)) -> String {
    let start = now() + 20 * 60;
    let body = serde_json::json!({
        "title": "分拣员 (Sorter)", "text": "快递分拣 <不加班>", "place": "九堡街道", "lat": lat, "lon": lon,
        "start_at": rfc3339(start), "end_at": rfc3339(start + 9 * 3600), "pay_minor": 24_000, "currency": "CNY",
        "pay_unit": "shift", "pay_minor_per_hour": 2_666, "seats": seats, "meal": true, "daily_pay": true,
        "requirements": "身份证、雨衣",
    });
    let made = node.post_job(TENANT_KEY, &body);
    assert_eq!(made.status, 201, "{made:?}");
    let made: serde_json::Value = serde_json::from_str(&made.body).unwrap();
    made["id"].as_str().unwrap().to_owned()
}

fn sign_up(node: &Node, job: &str, key: &str, phone: &str) -> String {
    let sent = node.post_form("/sign_up?lang=en", &[("job", job), ("idempotency", key), ("phone", phone)]);
    assert_eq!(sent.status, 303, "{sent:?}");
    sent.header("location").unwrap().to_owned()
}

#[test]
fn an_empty_node_has_pages_and_problems() {
    let node = Node::start("empty");
    for probe in ["/livez", "/readyz"] {
        assert_eq!(node.get(probe).status, 200, "{probe}");
    }
    let search: serde_json::Value = serde_json::from_str(&node.get("/v1/jobs").body).unwrap();
    assert_eq!(search["total"], 0);
    let start = node.get("/");
    assert_eq!(start.status, 200);
    for words in ["找今天的活", "Find work for today", "还没和中心连上"] {
        assert!(start.body.contains(words), "{words}");
    }
    assert_eq!(start.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(start.header("referrer-policy"), Some("no-referrer"));
    assert!(
        start.header("content-security-policy").unwrap().starts_with("default-src 'none'; style-src 'self'")
    );
    assert!(node.get("/near?lang=zh").body.contains("<html lang=\"zh-CN\""));
    assert!(node.get("/near?lang=en&big=1").body.contains("<html lang=\"en\" class=\"big\""));
    let icon = node.get("/favicon.ico");
    assert_eq!((icon.status, icon.header("content-type")), (200, Some("image/svg+xml")));
    let sheet = node.get("/assets/kiosk.css");
    assert_eq!(sheet.header("content-type"), Some("text/css; charset=utf-8"));
    let tag = sheet.header("etag").unwrap();
    assert_eq!(node.send("GET", "/assets/kiosk.css", &[("If-None-Match", tag)], b"").status, 304);
}

#[test]
fn bad_input_is_explained_and_never_breaks_a_page() {
    let node = Node::start("bad");
    for target in [
        "/job/x",
        "/job/j1-1-999",
        "/job/s1-1-1",
        "/job/%ff%fe",
        "/job/j99999999999-1-1",
        "/nowhere",
        "/sign_up",
        "/sign_up?job=j1-1-1",
        "/job/",
        "/a/b/c?lang=en",
    ] {
        let page = node.get(target);
        assert_eq!(
            (page.status, page.header("content-type")),
            (404, Some("text/html; charset=utf-8")),
            "{target}"
        );
    }
    for target in [
        "/near?page=4294967295&when=never&lang=xx&here=7",
        "/near?q=%00%ff&lang=en",
        "/near?&&&=&page=-1",
        "/?lang=",
        "/near?q=a+b+c+d+e+f+g+h+i+j+k+l+m+n+o+p+q+r+s+t",
        "/near?q=%E5%88%86%E6%8B%A3&q=2",
        "/mine",
        "/help?big=1",
    ] {
        assert_eq!(node.get(target).status, 200, "{target}");
    }
    for code in ["000000", "abc", "1234567"] {
        let closed = node.get(&format!("/ticket/{code}"));
        assert_eq!(closed.status, 303, "a shared screen asks for the digits");
        let phone = node.send("GET", &format!("/ticket/{code}"), &[("X-Forwarded-For", "10.0.0.7")], b"");
        assert_eq!(phone.status, 404, "a phone looks {code} up");
    }
    let sent = node.post_form("/sign_up?lang=en", &[("job", "j1-1-1"), ("phone", PHONE)]);
    assert_eq!(sent.status, 404);
    assert!(sent.body.contains("<html lang=\"en\""));
    assert_eq!(node.post_form("/mine", &[("code", "12")]).status, 422);
    assert_eq!(node.post_form("/mine", &[("code", "123+456")]).status, 404);
    assert_eq!(node.post_form("/mine", &[("code", "12"), ("key", "3")]).status, 200);
    assert_eq!(node.send("POST", "/", &[], b"").status, 405);
    assert_eq!(node.send("POST", "/sign_up", &[("Content-Type", "text/plain")], b"job=1").status, 415);
}

#[test]
fn a_worker_signs_up_finds_the_ticket_and_gives_it_back() {
    let node = Node::start("worker");
    let job = post_job(&node, 1);
    let list = node.get("/near?lang=en&when=night&here=1&q=sorter").body;
    // The job starts in twenty minutes, by the clocks of Hangzhou.
    let hour = ((now() + 20 * 60) / 3_600 + 8) % 24;
    assert_eq!(list.contains("/job/"), !(5..18).contains(&hour), "a day shift is no night shift");
    let list = node.get("/near?lang=en&here=1&q=sorter").body;
    let kept = "when=any&#38;here=1&#38;q=sorter";
    assert!(list.contains(&format!("/job/{job}?lang=en&#38;{kept}")), "{list}");
    let shown = node.get(&format!("/job/{job}?lang=en&when=any&here=1&q=sorter")).body;
    assert!(shown.contains(&format!("/near?lang=en&#38;{kept}")), "{shown}");
    assert!(node.get("/near?lang=en").body.contains(&format!("/job/{job}?lang=en")));
    let page = node.get(&format!("/job/{job}?lang=zh")).body;
    for words in ["<h1>分拣员</h1>", "&#60;不加班&#62;", "240", "雨衣"] {
        assert!(
            page.contains(words) || page.contains(&words.replace("&#60;", "&lt;").replace("&#62;", "&gt;")),
            "{words}"
        );
    }
    let form = node.get(&format!("/sign_up?job={job}&lang=en"));
    assert_eq!(form.header("cache-control"), Some("no-store"));
    let key = form.field("idempotency").to_owned();
    let pressed =
        node.post_form("/sign_up", &[("job", &job), ("idempotency", &key), ("phone", "1390"), ("key", "5")]);
    assert_eq!((pressed.field("phone"), pressed.field("idempotency")), ("139 05", key.as_str()));
    let wrong = node.post_form("/sign_up", &[("job", &job), ("idempotency", &key), ("phone", "23905712916")]);
    assert_eq!(wrong.status, 422);
    let ticket = sign_up(&node, &job, &key, PHONE);
    let same = |a: &str, b: &str| assert_eq!(a.split("&view=").next(), b.split("&view=").next());
    same(&ticket, &sign_up(&node, &job, &key, PHONE));
    let shown = node.get(&ticket);
    assert!(shown.body.contains("You have it") && shown.body.contains("class=\"qr\""), "{shown:?}");
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    let other_key = node.get(&format!("/sign_up?job={job}&lang=en")).field("idempotency").to_owned();
    let again =
        node.post_form("/sign_up?lang=en", &[("job", &job), ("idempotency", &other_key), ("phone", PHONE)]);
    assert_eq!(again.status, 409);
    assert!(again.body.contains("signed up for this job already"));
    let second = sign_up(&node, &job, &other_key, "13905712917");
    assert!(node.get(&second).body.contains("Number 1 at this kiosk"));
    let code = ticket.split(['/', '?']).nth(2).unwrap();
    same(&ticket, node.post_form("/mine?lang=en", &[("code", code)]).header("location").unwrap());
    let view = |ticket: &str| ticket.split("&view=").nth(1).unwrap().to_owned();
    let cancel = format!("/ticket/{code}/cancel?lang=en&view={}", view(&ticket));
    let step = node.get(&cancel);
    assert!(step.status == 200 && step.body.contains("class=\"pad\""), "{step:?}");
    assert!(node.get(&ticket).body.contains(&format!("href=\"/ticket/{code}/cancel?")));
    let pressed = node.post_form(&cancel, &[("phone", "1390"), ("key", "5")]);
    assert_eq!((pressed.status, pressed.field("phone")), (200, "139 05"));
    for (typed, said) in [("", "it has 11 digits"), ("13905712918", "not the number you signed up with")] {
        let refused = node.post_form(&cancel, &[("phone", typed)]);
        assert!(refused.status == 422 && refused.body.contains(said), "{typed}: {refused:?}");
    }
    // The one in line goes first: with the place free it would be theirs.
    let leave = second.replace("?", "/cancel?");
    assert_eq!(node.post_form(&leave, &[("phone", "13905712917")]).status, 303);
    let left = node.get(&second).body;
    assert!(left.contains("no number in line is kept") && !left.contains("Someone else"), "{left}");
    assert_eq!(node.post_form(&cancel, &[("phone", PHONE)]).status, 303);
    let given = node.get(&ticket).body;
    assert!(given.contains("Given back") && given.contains("Someone else can have the place"), "{given}");
    same(&ticket, node.get(&cancel).header("location").unwrap());
}

#[test]
fn numbers_are_not_tried_through_behind_the_digits() {
    let node = Node::start("kiosk-guess");
    let job = post_job(&node, 1);
    let ticket = sign_up(&node, &job, "guess", PHONE);
    let cancel = ticket.replace('?', "/cancel?");
    let guess = |n: u32| node.post_form(&cancel, &[("phone", &format!("1390571{n:04}"))]).status;
    assert_eq!((0..12).map(guess).filter(|status| *status == 422).count(), 10);
    assert_eq!(guess(13), 429);
}

#[test]
fn what_one_person_opened_is_closed_to_the_next() {
    let node = Node::start("visits");
    let job = post_job(&node, 2);
    let form = node.get(&format!("/sign_up?job={job}&lang=en"));
    let action = form.action();
    let typed = [("job", job.as_str()), ("idempotency", form.field("idempotency")), ("phone", PHONE)];
    let pressed = node.post_form(&action, &[&typed[..], &[("key", "stay")]].concat());
    assert_eq!(pressed.field("phone"), "139 0571 2916");
    let ticket = node.post_form(&action, &typed).header("location").unwrap().to_owned();
    let shown = node.get(&ticket);
    assert!(shown.body.contains("You have it") && shown.body.contains("content=\"30;url=/next?view="));
    let leave = shown.body.split("href=\"/next").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let left = node.get(&format!("/next{leave}"));
    assert_eq!((left.status, left.header("location")), (303, Some("/")));

    let again = node.get(&ticket);
    assert_eq!((again.status, again.header("location")), (303, Some("/mine?lang=en&over=1")));
    let asked = node.get("/mine?lang=en&over=1").body;
    assert!(asked.contains("That ticket was closed here") && !asked.contains("You have it"), "{asked}");
    // Sent once more from the browser's history: neither the digits typed nor the ticket come back.
    for key in [&[("key", "stay")][..], &[]] {
        let again = node.post_form(&action, &[&typed[..], key].concat());
        assert_eq!(again.status, 303, "{again:?}");
        let to = again.header("location").unwrap();
        assert!(to.starts_with("/sign_up?") && node.get(to).field("phone").is_empty(), "{to}");
    }
    let cancel = ticket.replace('?', "/cancel?");
    assert_eq!(node.get(&cancel).header("location"), Some("/mine?lang=en&over=1"));
    let phone = node.send("GET", ticket.split('?').next().unwrap(), &[("X-Forwarded-For", "10.0.0.7")], b"");
    assert!(
        phone.status == 200 && phone.body.contains("482") || phone.body.contains("class=\"code\""),
        "own phone"
    );
    assert!(!phone.body.contains("http-equiv=\"refresh\""), "a phone is nobody else's screen");
}

#[test]
fn tiles_find_work_without_a_keyboard() {
    let node = Node::start("tiles");
    assert!(node.get("/find?lang=en").body.contains("Nothing at this time"));
    let job = post_job(&node, 2);
    let tiles = node.get("/find?lang=en&when=any&here=1").body.replace("&#38;", "&");
    let word = "/near?lang=en&when=any&here=1&q=sorter";
    assert!(tiles.contains(&format!("href=\"{word}\"")), "{tiles}");
    assert!(node.get(word).body.contains(&job));
    assert!(node.get("/near?lang=en").body.contains("href=\"/find?lang=en"));
    let none = node.get("/near?lang=en&kind=kitchen").body;
    assert!(none.contains("Nothing here") && none.contains("Show all jobs"), "{none}");
    assert!(node.get("/attract?lang=en").body.contains("Touch to begin"));
}

#[test]
fn a_language_file_alone_makes_every_page_speak_it() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../pages/locales/extra");
    let node = Node::start_told("spanish", &[("DAYSHIFT_LANGUAGES", folder)]);
    let job = post_job(&node, 1);
    let start = node.get("/").body;
    assert!(start.contains("Español") && start.contains("href=\"/near?lang=es\""), "{start}");
    let form = node.get(&format!("/sign_up?job={job}&lang=es"));
    let typed = [("job", job.as_str()), ("idempotency", form.field("idempotency")), ("phone", PHONE)];
    let ticket = node.post_form(&form.action(), &typed).header("location").unwrap().to_owned();
    for (target, said) in [
        ("/near?lang=es", "Cerca de mí"),
        ("/find?lang=es", "¿Qué trabajo busca?"),
        (&format!("/job/{job}?lang=es"), "Hacer fila"),
        (&format!("/sign_up?job={job}&lang=es"), "Número de teléfono"),
        (ticket.as_str(), "Este puesto es suyo"),
        (&ticket.replace('?', "/cancel?"), "No puedo ir"),
        ("/mine?lang=es", "Mi boleto"),
        ("/help?lang=es", "Cómo funciona"),
        ("/nowhere?lang=es", "No existe esa página"),
        ("/attract?lang=es", "Toque para empezar"),
        ("/agency?lang=es", "Entrada de la agencia"),
    ] {
        let page = node.get(target);
        assert!(page.body.contains("<html lang=\"es\"") && page.body.contains(said), "{target}: {page:?}");
    }
    assert!(Node::start("two").get("/near?lang=es").body.contains("<html lang=\"zh-CN\""));
}

/// Flags of a node that speaks: every clip is the same few samples.
fn speaks(folder: &Path) -> Vec<String> {
    const VOICE: &[u8] = b"RIFF\x28\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x22\x56\0\0\x44\xac\0\0\x02\0\x10\0data\x04\0\0\0\x01\x02\x03\x04";
    let wav = folder.join("voice.wav");
    std::fs::write(&wav, VOICE).unwrap();
    vec!["--speak-command".to_owned(), format!("cat {}", wav.display())]
}

/// A page once there is a clip for it.
fn read_aloud(node: &Node, target: &str) -> String {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let page = node.get(target).body;
        if page.contains("<audio") || Instant::now() > deadline {
            return page;
        }
    }
}

#[test]
fn pages_are_read_aloud_where_something_speaks() {
    let node = Node::start_prepared("aloud", speaks);
    let page = read_aloud(&node, "/help?lang=en");
    let clip = page.split(" src=\"").nth(1).expect("the clip").split('"').next().unwrap();
    let heard = node.get(clip);
    assert_eq!((heard.status, heard.header("content-type")), (200, Some("audio/wav")));
    assert!(heard.header("cache-control").unwrap().contains("immutable"));
    assert!(heard.header("content-security-policy").unwrap().contains("media-src 'self'"));
    for none in ["00000000000000000000000000000000.wav", "..%2f..%2fnode.sqlite", "x"] {
        assert_eq!(node.get(&format!("/audio/{none}")).status, 404, "{none}");
    }
    let silent = Node::start_told("silent", &[("DAYSHIFT_SPEAK_COMMAND", "no-such-program-here")]);
    assert!(!silent.get("/help?lang=en").body.contains("<audio"), "no dead button");
}

#[test]
fn a_list_that_fills_no_screen_reaches_farther() {
    let node = Node::start("far");
    post_job(&node, 1);
    assert!(node.get("/near?lang=en").body.contains("within 5 km"));
    let far = post_job_at(&node, 1, (30.31, 120.52));
    for (lang, said) in [("en", "Only 1 job within 5 km"), ("zh", "已经放宽到 25 公里，有 2 个")] {
        let page = node.get(&format!("/near?lang={lang}&q=sorter")).body;
        assert!(page.contains(said) && page.contains(&far), "{page}");
    }
    assert!(node.get("/near?lang=en&q=sorter").body.contains("<b>25</b> km away"));
}

#[test]
fn forms_of_other_sites_are_refused() {
    let node = Node::start("foreign");
    for header in [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://example.org"), ("Origin", "null")] {
        let headers = [("Content-Type", "application/x-www-form-urlencoded"), header];
        let answer = node.send("POST", "/mine?lang=en", &headers, b"code=123456");
        assert_eq!(answer.status, 403, "{header:?}");
        assert!(answer.body.contains("use the pages of this kiosk") && answer.body.contains("href=\"/near"));
    }
}

#[test]
fn a_posting_that_is_not_taken_says_what_is_wrong() {
    let node = Node::start("posting");
    let own = format!("Bearer {TENANT_KEY}");
    let json = ("Content-Type", "application/json");
    for (body, field, reason) in [("{\"title\":", "body", "malformed"), ("[]", "body", "wrong_type")] {
        let refused = node.post_job_text(TENANT_KEY, body.as_bytes());
        assert_eq!((refused.status, refused.problem().as_str()), (400, "/problems/bad-request"));
        let problem: serde_json::Value = serde_json::from_str(&refused.body).unwrap();
        assert_eq!(
            (&problem["errors"][0]["field"], &problem["errors"][0]["reason"]),
            (&field.into(), &reason.into())
        );
    }
    let keyless = node.send("POST", "/v1/jobs", &[json, ("Authorization", own.as_str())], b"{}");
    assert_eq!((keyless.status, keyless.problem().as_str()), (400, "/problems/key-missing"));
    let key = ("Idempotency-Key", "k");
    let unnamed = node.send("POST", "/v1/jobs", &[key, ("Authorization", own.as_str())], b"{}");
    assert_eq!((unnamed.status, unnamed.problem().as_str()), (415, "/problems/unsupported-media-type"));
    let other = node.send("POST", "/v1/jobs", &[json, ("Authorization", "Bearer of-another-region")], b"{}");
    assert_eq!((other.status, other.problem().as_str()), (401, "/problems/unauthorised"));
    assert!(other.body.contains("no tenant that may post in hangzhou has this key"), "{other:?}");
}
