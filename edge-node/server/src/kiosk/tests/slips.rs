//! Printing: the pages beside a printer, and what stands on paper, in every language.

use super::*;
use crate::kiosk::{prints::Press, qr::Qr};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::SigningKey;
use sync_protocol::{
    ids::{JobId, SignUpId, VSHARDS, WorkerId, Writer},
    log::Head,
    receipt::{Receipt, ReceiptBody},
    seats::LossPolicy,
};

pub(super) fn print_box(thing: Thing, told: Option<Press>) -> PrintBox {
    let (path, card) = match thing {
        Thing::Ticket => ("/ticket/482916/print", None),
        Thing::Crew => ("/crew/482916-482917/print", None),
        Thing::Card => ("/me/card/print", Some("dsc1.AAAAAAAAAAAAAAAAAAAAAA".to_owned())),
    };
    PrintBox { thing, action: Link::to(path), card, id: "5b0c".to_owned(), told }
}

fn pressed(choice: Choice, told: Press) -> TicketPage {
    TicketPage { print: Some(print_box(Thing::Ticket, Some(told))), ..ticket(choice, Answer::Confirmed) }
}

/// Tickets beside a printer, and without one.
pub(super) fn pages(choice: Choice) -> Vec<(&'static str, String)> {
    let none = TicketPage { print: None, ..ticket(choice, Answer::Confirmed) };
    vec![
        ("ticket-no-printer", none.render().unwrap()),
        ("ticket-printed", pressed(choice, Press::UnderWay).render().unwrap()),
        ("ticket-not-printed", pressed(choice, Press::Failed).render().unwrap()),
        ("ticket-printed-often", pressed(choice, Press::Often).render().unwrap()),
    ]
}

/// What every slip is held to.
fn check_slip(name: &str, slip: &Slip) {
    let html = slip.html();
    check_balanced(name, html);
    for banned in ["<script", " src=", "http", "url(", "<link", "<img", "href="] {
        assert!(!html.contains(banned), "{name}: {banned}");
    }
    let length: u32 = html.split("size: 58mm ").nth(1).unwrap().split("mm").next().unwrap().parse().unwrap();
    assert!((60..260).contains(&length), "{name}: {length} mm");
    if let Ok(dir) = std::env::var("DAYSHIFT_RENDER_DIR") {
        std::fs::write(format!("{dir}/slip-{name}.html"), html).unwrap();
    }
}

/// The slip of one ticket whose QR code is as long as a receipt's.
fn slip_of(page: &TicketPage) -> Slip {
    let page = TicketPage { qr: "r".repeat(550), ..page.clone() };
    ticket_slip(&page.frame, std::slice::from_ref(&page)).unwrap()
}

#[test]
fn every_ticket_that_holds_something_is_whole_on_paper() {
    for choice in choices() {
        for (name, page) in tickets(choice).into_iter().filter(|(_, page)| page.answer.holds_something()) {
            let slip = slip_of(&page);
            check_slip(&format!("{name}-{}", choice.lang.code()), &slip);
            for part in ["482 916", "九堡快递分拨中心", "九堡零工市场", "240", &page.card.title]
            {
                assert!(slip.html().contains(part), "{name}: {part}");
            }
            for word in ["today", "今天", "tomorrow", "明天"] {
                assert!(!slip.html().contains(word), "{name}: paper is read on other days as well: {word}");
            }
        }
    }
}

#[test]
fn answers_differ_on_paper_by_their_frame_and_the_place_in_line() {
    let choice = Choice { lang: Lang::EN, big: false, visit: None };
    let wait = Answer::WaitListed { position: 3, at_this_kiosk: false };
    for (answer, parts) in [
        (Answer::Confirmed, ["<section class=\"go\">", "You have it", "Be there by 06:20"]),
        (kept(), ["<section class=\"kept\">", "not final yet", "look at this ticket again"]),
        (wait, ["<section class=\"wait\">", "<p class=\"place\">3</p>", "You are number 3"]),
        (Answer::Requested, ["<section class=\"ask\">", "Waiting for the answer", "No need to ask twice"]),
    ] {
        let slip = slip_of(&ticket(choice, answer));
        for part in parts {
            assert!(slip.html().replace("<b>", "").contains(part), "{answer:?}: {part}");
        }
        assert!(!slip.html().contains("30 other"), "what is free at this moment is of no use on paper");
    }
}

#[test]
fn the_modules_of_a_code_are_whole_dots_within_the_width() {
    for (text, dots) in [("482916", 8), (&*"r".repeat(300), 5), (&"r".repeat(550), 4)] {
        let page = TicketPage { qr: text.to_owned(), ..ticket(Choice::default(), Answer::Confirmed) };
        let slip = ticket_slip(&page.frame, std::slice::from_ref(&page)).unwrap();
        let side = Qr::draw(text).unwrap().side;
        assert!(side * dots <= 384, "{side}");
        assert!(
            slip.html().contains(&format!("width:calc({} * var(--dot))", side * dots)),
            "{side}: {}",
            slip.html()
        );
    }
}

/// The longest receipt that there can be.
fn longest_receipt(class: Option<LossPolicy>) -> String {
    let writer = Writer::new(u32::MAX, u16::MAX);
    let body = ReceiptBody {
        job: JobId::job(writer, u64::MAX),
        sign_up: SignUpId::sign_up(writer, u64::MAX),
        worker: WorkerId([0xff; 16]),
        writer,
        vshard: VSHARDS - 1,
        wseq: u64::MAX,
        head: Head([0xff; 32]),
        issued_at: 4_000_000_000,
        class,
        final_by: class.map(|_| 4_000_000_120),
    };
    let receipt = Receipt::sign(&body, &SigningKey::from_bytes(&[1; 32]), &[0xff; 102]);
    URL_SAFE_NO_PAD.encode(receipt.to_bytes())
}

#[test]
fn a_provisional_receipt_is_no_larger_on_paper_than_a_final_one() {
    let [long, longest] = [None, Some(LossPolicy::Reclaim)].map(longest_receipt);
    assert!(long.len() < longest.len() && longest.len() <= 412, "{} characters", longest.len());
    let sides = [long, longest].map(|text| Qr::draw(&text).unwrap().side);
    assert!(sides[0] == sides[1] && sides[1] * 4 <= 384, "{sides:?} modules of four dots");
}

#[test]
fn a_crew_gets_a_piece_of_paper_for_each() {
    let page = crew_tickets(Choice::default());
    let slip = ticket_slip(&page.frame, &page.tickets).unwrap();
    check_slip("crew", &slip);
    assert_eq!((slip.html().matches("<section").count(), slip.html().matches("<svg").count()), (2, 2));
}

#[test]
fn a_card_tells_its_secret_in_its_code_alone() {
    for choice in choices() {
        let card = own::card(choice);
        let slip = card_slip(&card).unwrap();
        check_slip(&format!("card-{}", choice.lang.code()), &slip);
        assert!(
            slip.html().contains("<svg") && slip.html().contains("… 2916") && !slip.html().contains("dsc1.")
        );
        assert!(slip.tells("cannot print dsc1.AAAAAAAAAAAAAAAAAAAAAA") && !slip.tells("no paper"));
    }
}

#[test]
fn the_sample_is_no_ticket() {
    let slip = sample_slip(&date(2026, 11, 22).at(5, 42, 0, 0)).unwrap();
    check_slip("sample", &slip);
    assert!(slip.html().contains("样张 Sample") && slip.html().contains("worth nothing"));
}
