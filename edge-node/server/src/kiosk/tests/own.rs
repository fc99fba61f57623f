//! Pages of a worker's own, from example models.

use std::collections::BTreeSet;

use super::*;
use crate::kiosk::prints::Press;
use crate::person::codes::CodeWay;

fn step(choice: Choice, purpose: Purpose, step: Step, typed: &str, error: Option<StepError>) -> StepPage {
    StepPage {
        frame: frame(choice, Link::to(link::ME)),
        purpose,
        step,
        typed: typed.to_owned(),
        plan: PhonePlan::China,
        kept: vec![("new", "73918264".to_owned())],
        action: Link::to(link::ME),
        back: Link::to(link::NEAR),
        enrol: (purpose == Purpose::LogIn).then(|| Link::to(link::ENROL)),
        code: if choice.big { CodeWay::NoLine } else { CodeWay::Offered },
        by_code: Link::to(link::ME_CODE),
        error,
    }
}

fn shift(choice: Choice, n: usize, answer: Answer, came: Option<&str>) -> Shift {
    Shift {
        code: format!("48291{n}"),
        answer,
        card: cards(choice.lang).remove(n),
        came: came.map(str::to_owned),
        left: None,
        can_cancel: came.is_none(),
    }
}

pub(super) fn me(choice: Choice) -> MePage {
    let waiting = Answer::WaitListed { position: 3, at_this_kiosk: false };
    MePage {
        frame: frame(choice, Link::to(link::ME)),
        name: sparing("欧阳娜娜", "13905712916"),
        shifts: vec![
            shift(choice, 0, Answer::Confirmed, Some("06:21")),
            shift(choice, 3, Answer::Confirmed, None),
            shift(choice, 4, waiting, None),
            shift(choice, 2, kept(), None),
        ],
        done: Some(Done::Pin),
    }
}

fn about(choice: Choice, is_new: bool) -> AboutPage {
    AboutPage {
        frame: frame(choice, Link::to(link::ENROL)),
        is_new,
        name: "欧阳 <娜娜>".to_owned(),
        certificates: BTreeSet::from(["health".to_owned()]),
        languages: BTreeSet::from(["zh".to_owned()]),
        kept: vec![("born", "19900517".to_owned())],
        action: Link::to(link::ENROL),
        back: Link::to(link::NEAR),
    }
}

pub(super) fn card(choice: Choice) -> WorkerCardPage {
    WorkerCardPage {
        frame: frame(choice, Link::to(link::ME_CARD)),
        name: sparing("", "13905712916"),
        text: "dsc1.AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        print: Some(print_box(Thing::Card, choice.big.then_some(Press::Failed))),
    }
}

pub(super) fn pages(choice: Choice) -> Vec<(&'static str, String)> {
    let of = |purpose, at, typed: &str, error| step(choice, purpose, at, typed, error).render().unwrap();
    let new_card = NewCardPage { frame: frame(choice, Link::to(link::ME_CARD)) };
    let erased = ErasedPage { frame: frame(choice, Link::to(link::NEAR)) };
    let none = MePage { shifts: Vec::new(), done: None, ..me(choice) };
    let too_many = Some(StepError::TooMany { wait_min: 4 });
    vec![
        ("own-log-in", of(Purpose::LogIn, Step::Who, "139057", None)),
        ("own-log-in-card", of(Purpose::LogIn, Step::Who, "", Some(StepError::Card))),
        ("own-pin", of(Purpose::Prove, Step::Pin, "7391", Some(StepError::Unproved))),
        ("own-pin-wait", of(Purpose::LogIn, Step::Pin, "", too_many)),
        ("own-enrol", of(Purpose::Enrol, Step::Phone, "", Some(StepError::Phone))),
        ("own-enrol-pin", of(Purpose::Enrol, Step::NewPin, "", Some(StepError::PlainPin))),
        ("own-enrol-again", of(Purpose::Enrol, Step::Again, "", Some(StepError::Again))),
        ("own-enrol-born", of(Purpose::Enrol, Step::Born, "1990", Some(StepError::Born))),
        ("own-enrol-about", about(choice, true).render().unwrap()),
        ("own-new-pin", of(Purpose::ChangePin, Step::NewPin, "", Some(StepError::Pin))),
        ("own-about", about(choice, false).render().unwrap()),
        ("own-erase", of(Purpose::Erase, Step::Pin, "", Some(StepError::TooBusy))),
        ("own-by-code", of(Purpose::ByCode, Step::Phone, "139", None)),
        ("own-code", of(Purpose::ByCode, Step::Code, "4829", Some(StepError::Code))),
        ("own-erased", erased.render().unwrap()),
        ("own-shifts", me(choice).render().unwrap()),
        ("own-no-shifts", none.render().unwrap()),
        ("own-new-card", new_card.render().unwrap()),
        ("own-card", card(choice).render().unwrap()),
    ]
}

#[test]
fn a_pin_is_not_read_from_the_screen_and_a_name_is_not_read_in_full() {
    let choice = Choice { lang: Lang::EN, big: false, visit: None };
    let html = step(choice, Purpose::LogIn, Step::Pin, "7391", None).render().unwrap();
    assert!(html.contains("name=\"pin\" value=\"7391\" type=\"password\""), "{html}");
    let html = me(choice).render().unwrap();
    assert!(html.contains("欧… … 2916") && !html.contains("欧阳"), "{html}");
}

#[test]
fn the_pad_types_what_each_step_takes() {
    let typed = |step: Step, keys: &str| {
        let mut typed = String::new();
        for key in keys.split(' ') {
            step.press(&mut typed, key, PhonePlan::China);
        }
        typed
    };
    assert_eq!(typed(Step::Pin, "7 3 9 1 8 2 6 4 5"), "73918264", "no PIN has nine digits");
    assert_eq!(typed(Step::Who, "1 3 9 0 5 7 1 2 9 1 6 8"), "13905712916");
    assert_eq!(typed(Step::Born, "1 9 9 0 del stay x"), "199");
    assert_eq!(typed(Step::Again, "1 2 clear 9"), "9");
}

#[test]
fn every_address_of_a_workers_visit_carries_it() {
    let visits = crate::kiosk::visit::Visits::new(&[7; 32], 3);
    let visit = crate::kiosk::visit::Visits::begin().unwrap();
    let carried = visits.carried(visit, 1_764_000_000);
    let choice = Choice { lang: Lang::EN, big: true, visit: Some(carried) };
    let known = |frame: Frame| Frame { is_known: true, view: Some(carried.to_string()), ..frame };
    let mut list = near(choice);
    list.frame = known(list.frame);
    let mut one = job(choice, 0);
    one.frame = known(one.frame);
    let view = format!("view={carried}");
    for html in [list.render().unwrap(), one.render().unwrap()] {
        for href in html.split("href=\"").skip(1).filter_map(|after| after.split('"').next()) {
            let fixed = href.starts_with('#') || href == link::SHEET;
            assert!(fixed || href.matches(&view).count() == 1, "{href}");
        }
        assert!(html.contains(&format!("content=\"120;url=/next?{view}\"")), "the wipe ends it");
        assert!(html.contains("href=\"/me?lang=en"), "their own page");
    }
}
