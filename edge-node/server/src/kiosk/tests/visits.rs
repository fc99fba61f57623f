//! Pages that belong to one person, and the way to a job in words.

use super::*;
use crate::kiosk::prints::Press;

#[test]
fn leaving_a_personal_page_ends_its_visit() {
    let choice = Choice { lang: Lang::EN, big: false, visit: None };
    let mut page = ticket(choice, Answer::Confirmed);
    page.frame.view = Some("T0ken".to_owned());
    page.frame.idle_s = Some(30);
    let html = page.render().unwrap().replace("&#38;", "&");
    assert!(html.contains("content=\"30;url=/next?view=T0ken\""), "{html}");
    assert!(html.contains("href=\"/next?view=T0ken\">Next person"), "{html}");
    assert!(
        html.contains("/ticket/482916/cancel?lang=en&view=T0ken\""),
        "the step that gives it back is of the visit"
    );
    assert!(!html.contains("href=\"/\""), "every way home ends the visit");
    let mut mine = MinePage { frame: page.frame, code: String::new(), error: Some(MineError::Over) };
    assert!(mine.render().unwrap().replace("&#38;", "&").contains("action=\"/mine?lang=en&view=T0ken\""));
    mine.frame.view = None;
    assert!(mine.render().unwrap().contains("That ticket was closed here"));
}

#[test]
fn the_sketch_is_told_in_words_of_both_languages() {
    for lang in [Lang::ZH, Lang::EN] {
        let html = job(Choice { lang, big: false, visit: None }, 0).render().unwrap();
        for words in ["From the hall to the east, 700 m", "从市场往东，700 米", "<title id=\"map-name\">"]
        {
            assert!(html.contains(words), "{words}");
        }
        assert_eq!(html.matches("<circle cx=\"420\"").count(), 3, "rings");
    }
}

fn member(n: u32) -> Member {
    match n {
        0 => Member::Known,
        1 => Member::Card("dsc1.AAAAAAAAAAAAAAAAAAAAAA".to_owned()),
        n => Member::Phone(format!("1390571291{n}")),
    }
}

pub(super) fn crew(choice: Choice, members: u32, error: Option<CrewError>) -> CrewPage {
    CrewPage {
        frame: frame(choice, Link::to(link::CREW).with("job", "7-3-240")),
        card: cards(choice.lang).remove(0),
        idempotency: "5b0c".to_owned(),
        typed: typed(Asked::Member, ""),
        members: (0..members).map(member).collect(),
        error,
        trail: Trail(Some(narrowed())),
    }
}

pub(super) fn crew_tickets(choice: Choice) -> CrewTicketsPage {
    let tickets = vec![ticket(choice, Answer::Confirmed), ticket(choice, Answer::Requested)];
    let print = Some(print_box(Thing::Crew, choice.big.then_some(Press::Failed)));
    CrewTicketsPage { frame: frame(choice, Link::below(link::CREW, "482916-482917")), tickets, print }
}

#[test]
fn places_that_are_not_final_are_never_called_a_crews_own() {
    let choice = Choice { lang: Lang::EN, big: false, visit: None };
    let of = |answers: &[Answer]| {
        let tickets = answers.iter().map(|answer| ticket(choice, *answer)).collect();
        CrewTicketsPage { tickets, ..crew_tickets(choice) }.render().unwrap()
    };
    let (own, mixed) = (of(&[Answer::Confirmed; 2]), of(&[Answer::Confirmed, kept()]));
    assert!(own.contains("All 2 have a place") && own.matches("class=\"t-go\"").count() == 2, "{own}");
    assert!(mixed.contains("2 places are kept for you, not final yet"), "{mixed}");
    assert!(!mixed.contains("have a place") && mixed.matches("class=\"t-kept\"").count() == 1, "{mixed}");
    let waiting = of(&[kept(), Answer::Requested]);
    assert!(waiting.contains("2 tickets: please look at each"), "{waiting}");
}

#[test]
fn old_postings_with_a_made_day_are_called_so() {
    for (lang, mark, long) in [
        (Lang::ZH, "旧招工", "以前的真招工，不是现在的"),
        (Lang::EN, "Old posting", "An old real posting, not an offer of today"),
    ] {
        let choice = Choice { lang, big: false, visit: None };
        assert!(!near(choice).render().unwrap().contains(mark));
        let mut list = near(choice);
        list.jobs[1].redated = true;
        assert_eq!(list.render().unwrap().matches(mark).count(), 1, "the one that is");
        let mut one = job(choice, 0);
        assert!(!one.render().unwrap().contains(long));
        one.frame.redated = true;
        assert!(one.render().unwrap().contains(long));
    }
}

#[test]
fn answers_differ_in_word_and_shape_and_colour() {
    let choice = Choice { lang: Lang::EN, big: false, visit: None };
    let said = |answer, word: &str, icon: &str, tone: &str| {
        let html = ticket(choice, answer).render().unwrap();
        for part in [word, icon, tone] {
            assert!(html.contains(part), "{answer:?}: {part}");
        }
    };
    let wait = Answer::WaitListed { position: 3, at_this_kiosk: false };
    said(
        Answer::Confirmed,
        "You have it",
        "<div class=\"mark\"><svg class=\"i\" aria-hidden=\"true\"><use href=\"#tick\"",
        "t-go",
    );
    let kept_mark = "<div class=\"mark\"><svg class=\"i\" aria-hidden=\"true\"><use href=\"#tick\"";
    said(kept(), "Yours only once the centre has heard of it, by 05:44", kept_mark, "t-kept");
    let html = ticket(choice, kept()).render().unwrap();
    assert!(!html.contains("t-go") && !html.contains("You have it") && html.contains("not final yet"));
    said(wait, "You are number 3", "<div class=\"mark\">3</div>", "t-wait");
    said(Answer::Requested, "Waiting for the answer", "#glass", "t-ask");
    said(Answer::Cancelled { was_place: true }, "Someone else can have the place", "#back", "t-off");
    said(Answer::Cancelled { was_place: false }, "no number in line is kept", "#back", "t-off");
    said(Answer::GivingBack, "is being told", "#back", "t-off");
    said(Answer::Bumped(Why::Fewer), "cut the shift", "#warn", "t-stop");
    said(Answer::Bumped(Why::Closed), "called this job off", "#warn", "t-stop");
    said(Answer::Bumped(Why::Twice), "another place at that time", "#warn", "t-stop");
    said(Answer::Bumped(Why::Void), "was lost", "#warn", "t-stop");
    said(Answer::Bumped(Why::Rule), "a rule keeps you from this job", "#warn", "t-stop");
    said(Answer::Bumped(Why::Unfit), "asks for something that you do not have", "#warn", "t-stop");
}
