//! A kiosk that prints: programs of this test as printers, and the pages as a browser without scripts sends them.

use crate::{
    kiosk::post_job,
    node::{Answer, Node, until_written},
    own::enrol,
};
use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

const PHONE: &str = "13905712916";
/// Prints what it gets into a file of its own, named after the number of the slip.
const PRINTS: &str =
    r#"n=$(ls "$1" | grep -c printed); cat > "$1/next" && mv "$1/next" "$1/printed-$n.html""#;
const NO_PAPER: &str = "cat >/dev/null; echo no paper >&2; exit 3";

/// A node with a program as its printer, which gets the node's folder.
fn kiosk(name: &str, script: &str) -> Node {
    let script = format!("#!/bin/sh\n{script}\n");
    Node::start_prepared(name, |folder| {
        let program = folder.join("printer");
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        vec!["--print".to_owned(), format!("{} {}", program.display(), folder.display())]
    })
}

fn slip(node: &Node, n: usize) -> String {
    fs::read_to_string(node.folder().join(format!("printed-{n}.html"))).unwrap()
}

fn slips(node: &Node) -> usize {
    let files = fs::read_dir(node.folder()).unwrap();
    files.filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().starts_with("printed")).count()
}

fn led_to(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{answer:?}");
    answer.header("location").unwrap().to_owned()
}

/// The address of a new ticket.
fn ticket(node: &Node, lang: &str, phone: &str) -> String {
    let job = post_job(node, 3);
    let typed = [("job", job.as_str()), ("idempotency", phone), ("phone", phone)];
    led_to(&node.post_form(&format!("/sign_up?lang={lang}"), &typed))
}

/// The address at which a page's button prints.
fn button(page: &Answer) -> String {
    let buttons =
        page.body.split("action=\"").map(|after| after.split('"').next().unwrap().replace("&#38;", "&"));
    buttons.into_iter().find(|action| action.contains("/print?")).expect("a button that prints")
}

/// Presses the button of a page.
fn press(node: &Node, page: &Answer) -> Answer {
    node.post_form(&button(page), &[("print", page.field("print"))])
}

fn counted(node: &Node, outcome: &str) -> bool {
    let line = format!("dayshift_prints_total{{outcome=\"{outcome}\"}} ");
    node.get("/metrics").body.lines().any(|known| known.starts_with(&line))
}

#[test]
fn a_ticket_is_printed_in_the_workers_language_once_for_each_press() {
    let node = kiosk("print-ticket", PRINTS);
    let address = ticket(&node, "en", PHONE);
    let page = node.get(&address);
    assert!(page.body.contains("Take a photo or print it"), "{}", page.body);
    let pressed = press(&node, &page);
    let back = led_to(&pressed);
    let told = node.get(&back);
    assert!(told.body.contains("It is being printed: take it below"), "{}", told.body);
    assert_eq!(told.header("refresh"), None, "nothing more is waited for");
    let code = address.split(['/', '?']).nth(2).unwrap();
    let grouped = format!("{} {}", &code[..3], &code[3..]);
    let paper = slip(&node, 0);
    for part in [&grouped, "You have it", "<html lang=\"en\"", "Sorter", "size: 58mm", "九堡零工市场"] {
        assert!(paper.contains(part), "{part}: {paper}");
    }
    assert!(!paper.contains(PHONE) && !paper.contains("view="), "the number is not on it");
    assert_eq!(led_to(&press(&node, &page)).split("&view").next(), back.split("&view").next());
    assert!(node.get(&back).status == 200 && slips(&node) == 1, "the same press, and a page loaded again");
    let chinese = node.get(&address.replace("lang=en", "lang=zh"));
    press(&node, &chinese);
    assert!(slip(&node, 1).contains("定了") && slip(&node, 1).contains("<html lang=\"zh-CN\""));
    assert!(counted(&node, "Printed"));
    press(&node, &node.get(&address));
    let often = node.get(&led_to(&press(&node, &node.get(&address))));
    assert!(often.body.contains("printed several times already") && slips(&node) == 3, "{}", often.body);
}

#[test]
fn a_printer_that_fails_is_said_on_the_page_and_told_in_the_log() {
    let node = kiosk("print-fails", NO_PAPER);
    let address = ticket(&node, "zh", PHONE);
    for _ in 0..5 {
        let told = node.get(&led_to(&press(&node, &node.get(&address))));
        assert!(told.body.contains("打印机没有打出来。 请拍下这个号。"), "{}", told.body);
    }
    assert!(counted(&node, "Failed"));
    let log = fs::read_to_string(node.folder().join("node.log")).unwrap();
    assert!(log.contains("no paper") && log.contains("exit status: 3"), "{log}");
    let code = address.split(['/', '?']).nth(2).unwrap();
    assert!(!log.contains(code) && !log.contains(&format!("{} {}", &code[..3], &code[3..])), "{log}");
    let missing = Node::start_told("print-missing", &[("DAYSHIFT_PRINT", "no-such-program-here {}")]);
    let told = missing.get(&led_to(&press(&missing, &missing.get(&ticket(&missing, "en", PHONE)))));
    assert!(told.body.contains("The printer did not print"), "{}", told.body);
    assert!(counted(&missing, "Missing"));
}

#[test]
fn only_who_stands_there_and_may_see_a_ticket_prints_it() {
    let node = kiosk("print-who", PRINTS);
    let address = ticket(&node, "en", PHONE);
    let page = node.get(&address);
    let (print, body) = (button(&page), format!("print={}", page.field("print")));
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let send = |to: &str, header| node.send("POST", to, &[form, header], body.as_bytes());
    for foreign in [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://example.org")] {
        assert_eq!(send(&print, foreign).status, 403, "{foreign:?}");
    }
    let phone = ("X-Forwarded-For", "10.0.0.7");
    let plain = address.split('?').next().unwrap();
    let shown = node.send("GET", &format!("{plain}?lang=en"), &[phone], b"");
    assert!(
        shown.status == 200 && !shown.body.contains("/print?"),
        "a phone is nowhere near: {}",
        shown.body
    );
    assert_eq!(send(&print, phone).status, 404);
    let near = ("Sec-Fetch-Site", "same-origin");
    let other = node.get("/mine?lang=en").action();
    let other = other.split("view=").nth(1).unwrap();
    for to in [format!("{plain}/print?lang=en"), format!("{plain}/print?lang=en&view=guessed")] {
        assert!(led_to(&send(&to, near)).starts_with("/mine?lang=en&over=1"), "{to}");
    }
    assert_eq!(
        node.post_form(&format!("/ticket/000000/print?lang=en&view={other}"), &[("print", "x")]).status,
        404
    );
    let codes = plain.trim_start_matches("/ticket/");
    assert_eq!(node.post_form(&format!("/crew/{codes}-000000/print?lang=en&view={other}"), &[]).status, 404);
    node.get(&format!("/next?view={}", print.split("view=").nth(1).unwrap()));
    assert!(led_to(&send(&print, near)).starts_with("/mine?lang=en&over=1"), "the visit is over");
    assert_eq!(node.get(&print).status, 405, "an address alone prints nothing");
    assert_eq!(slips(&node), 0);

    let none = Node::start("print-none");
    let address = ticket(&none, "en", PHONE);
    assert!(!none.get(&address).body.contains("/print?"), "no printer, no button");
    assert_eq!(none.post_form(&address.replace('?', "/print?"), &[("print", "x")]).status, 404);
}

#[test]
fn what_was_given_back_is_not_printed() {
    let node = kiosk("print-back", PRINTS);
    let address = ticket(&node, "en", PHONE);
    let page = node.get(&address);
    node.post_form(&address.replace('?', "/cancel?"), &[("phone", PHONE)]);
    let after = node.get(&led_to(&press(&node, &page)));
    assert!(after.body.contains("Given back") && !after.body.contains("/print?"), "{}", after.body);
    assert_eq!(slips(&node), 0);
}

#[test]
fn a_crew_has_all_its_tickets_with_one_press() {
    let node = kiosk("print-crew", PRINTS);
    let job = post_job(&node, 3);
    let members = [("member", "13905712916"), ("member", "13905712917"), ("member", "13905712918")];
    let typed = [&[("job", job.as_str()), ("go", "1"), ("idempotency", "crew")][..], &members].concat();
    let address = led_to(&node.post_form("/crew?lang=en", &typed));
    let page = node.get(&address);
    assert!(page.body.contains("Print all"), "{}", page.body);
    let told = node.get(&led_to(&press(&node, &page)));
    assert!(told.body.contains("Please photograph each number"), "{}", told.body);
    let paper = slip(&node, 0);
    assert_eq!((slips(&node), paper.matches("<section").count()), (1, 3));
    for code in address.split(['/', '?']).nth(2).unwrap().split('-') {
        assert!(paper.contains(&format!("{} {}", &code[..3], &code[3..])), "{code}");
    }
}

#[test]
fn a_new_card_is_printed_for_who_made_it_and_kept_nowhere() {
    let node = kiosk("print-card", PRINTS);
    let page = enrol(&node);
    let (card, id) = (page.field("card").to_owned(), page.field("print").to_owned());
    let print = button(&page);
    let press = |to: &str, card: &str| node.post_form(to, &[("print", &id), ("card", card)]);
    assert_eq!(press(&print, "dsc1.AAAAAAAAAAAAAAAAAAAAAA").status, 404, "nobody's card");
    let stranger = node.get("/mine?lang=en").action();
    let stranger = format!("/me/card/print?lang=en&view={}", stranger.split("view=").nth(1).unwrap());
    assert!(led_to(&press(&stranger, &card)).starts_with("/me?lang=en"), "another visit");
    for _ in 0..2 {
        let told = press(&print, &card);
        assert!(told.status == 200 && told.body.contains("photograph this card"), "{told:?}");
        assert_eq!(told.field("card"), card, "it is still there to be photographed");
        assert_eq!(slips(&node), 1, "sent again it prints nothing more");
    }
    let paper = slip(&node, 0);
    assert!(
        paper.contains("Your worker card") && paper.contains("A… … 2916") && !paper.contains(&card),
        "{paper}"
    );
    let is_in = |folder: &Path| {
        let found = Command::new("grep")
            .args(["-rlF", "--exclude=printed-0.html", &card])
            .arg(folder)
            .output()
            .unwrap();
        String::from_utf8(found.stdout).unwrap()
    };
    assert_eq!(is_in(node.folder()), "", "neither a log nor a file holds it");
}

#[test]
fn a_slip_that_takes_long_is_under_way_and_its_page_looks_again() {
    // It waits until the test lets it go on.
    let node = kiosk("print-long", r#"mkfifo "$1/gate"; touch "$1/began"; cat "$1/gate"; exit 4"#);
    let address = ticket(&node, "en", PHONE);
    let page = node.get(&address);
    let began = node.folder().join("began");
    let pressed = until_written(&began, || press(&node, &page));
    let back = led_to(&pressed);
    let told = node.get(&back);
    assert!(told.body.contains("It is being printed") && told.header("refresh") == Some("2"), "{told:?}");
    fs::write(node.folder().join("gate"), "").unwrap();
    while node.get(&back).header("refresh").is_some() {}
    assert!(node.get(&back).body.contains("The printer did not print"), "what came of it is said after all");
}

/// What `edge-node printer test` says, and its exit code.
fn test_print(print: &str) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_edge-node"));
    let output = command.args(["printer", "test", "--print", print]).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn an_operator_tries_the_printer_and_is_told_what_it_says() {
    let (code, said) = test_print("grep -o Sample {}");
    assert!(code == Some(0) && said.contains("it says: Sample") && said.contains("ended with 0"), "{said}");
    let (code, said) = test_print("ls /no/such/file");
    assert!(code == Some(1) && said.contains("it says: ls:") && said.contains("exit status: 2"), "{said}");
    let (code, said) = test_print("no-such-program-here");
    assert!(code == Some(1) && said.contains("no-such-program-here does not start"), "{said}");
    let (code, said) = test_print(" ");
    assert!(code == Some(1) && said.contains("--print is empty"), "{said}");
}
