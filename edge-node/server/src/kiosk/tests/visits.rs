//! Pages that belong to one person, and the way to a job in words.

use super::*;

#[test]
fn leaving_a_personal_page_ends_its_visit() {
    let choice = Choice { lang: Lang::EN, big: false };
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
        let html = job(Choice { lang, big: false }, 0).render().unwrap();
        for words in ["From the hall to the east, 700 m", "从市场往东，700 米", "<title id=\"map-name\">"]
        {
            assert!(html.contains(words), "{words}");
        }
        assert_eq!(html.matches("<circle cx=\"420\"").count(), 3, "rings");
    }
}
