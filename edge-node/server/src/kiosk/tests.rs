//! Every page in every language and size, from example models, checked for structure.
//!
//! With `DAYSHIFT_RENDER_DIR` set, the pages are also written there to be looked at.

mod own;
mod slips;
mod visits;

use askama::Template;
use jiff::civil::{date, time};

use self::{
    slips::print_box,
    visits::{crew, crew_tickets},
};
use super::{
    link::{self, Choice, Link},
    view::*,
};
use crate::phone::PhonePlan;
use pages::Lang;
use sync_protocol::documents::{Demands, WaitRule};

const PAGE_BYTES_MAX: usize = 60_000;
const CODE_BYTES_MAX: usize = 8_000;

fn frame(choice: Choice, here: Link) -> Frame {
    Frame {
        choice,
        home: Lang::ZH,
        here,
        hall: "九堡零工市场".to_owned(),
        kiosk: "3".to_owned(),
        now: date(2026, 11, 22).at(5, 42, 0, 0),
        line: Line::InStep { age_min: 2 },
        frozen: false,
        synthetic: true,
        redated: false,
        idle_s: Some(120),
        listen: choice.big.then(|| "/audio/0123456789abcdef0123456789abcdef.wav".to_owned()),
        idle_to: link::START,
        view: None,
        is_known: false,
    }
}

fn card(title: &str, yuan: u32, seats: (u32, u32, u32), offer: Offer) -> JobCard {
    let night = title == "装卸工";
    let day = date(2026, 11, 22);
    let (start, end) = if night {
        (day.at(22, 0, 0, 0), date(2026, 11, 23).at(6, 0, 0, 0))
    } else {
        (day.at(6, 30, 0, 0), day.at(15, 30, 0, 0))
    };
    JobCard {
        id: format!("7-3-{yuan}"),
        title: title.to_owned(),
        sign: "¥",
        pay: Pay::Shift { amount: yuan, hours: 8 },
        start,
        end,
        away: Some(if night { Away::Ride(24) } else { Away::Walk(yuan / 20) }),
        place: "九堡街道".to_owned(),
        perks: Perks { daily_pay: yuan != 190, meal: !night, bed: night, night },
        redated: false,
        seats: Seats { here: seats.0, elsewhere: seats.1, cap: seats.2, waiting: 2, is_said: true },
        offer,
    }
}

fn cards(lang: Lang) -> Vec<JobCard> {
    let titles = match lang {
        Lang::ZH => ["分拣员", "搬运工", "保洁员", "装卸工", "服务员", "传菜员"],
        _ => ["Sorter", "Porter", "Cleaner", "装卸工", "Waiter", "Food runner"],
    };
    let places = [(7, 3, 20), (3, 0, 12), (5, 1, 6), (9, 2, 140), (0, 4, 10), (0, 0, 4)];
    let offers = [Offer::Here, Offer::Here, Offer::Here, Offer::Here, Offer::AskCentre, Offer::Queue];
    let pays = [240, 260, 180, 320, 190, 170];
    (0..6).map(|n| card(titles[n], pays[n], places[n], offers[n])).collect()
}

fn near(choice: Choice) -> NearPage {
    let filter = Filter { page: 1, ..Filter::default() };
    let jobs: Vec<_> = cards(choice.lang).into_iter().take(near_page_size(choice)).collect();
    NearPage {
        frame: frame(choice, filter.link()),
        filter,
        total: 52,
        here_total: 31,
        pages: 9,
        jobs,
        categories: vec!["分拣".to_owned(), "搬运".to_owned(), "保洁".to_owned()],
        empty: None,
        all_taken: false,
        reach: Some(Reach { shown_km: 5, widened: None }),
    }
}

fn narrowed() -> Filter {
    Filter {
        when: When::Night, here_only: true, kind: "sorting".to_owned(), q: "分 拣".to_owned(), page: 3
    }
}

fn job(choice: Choice, n: usize) -> JobPage {
    let card = cards(choice.lang).remove(n);
    JobPage {
        frame: frame(choice, Link::below(link::JOB, &card.id)),
        card,
        words: "快递分拣 <不加班>".to_owned(),
        starts_in_min: Some(48),
        address: "九堡快递分拨中心".to_owned(),
        sketch: Some(Sketch { bearing_deg: 71.0, distance_m: 698 }),
        bring: vec![Bring::IdCard, Bring::Shoes, Bring::Water],
        demands: Demands::default(),
        employer: "顺达劳务".to_owned(),
        wait_rule: WaitRule::Arrival,
        draw_at: None,
        closed: false,
        trail: Trail(Some(narrowed())),
    }
}

fn sign_up(choice: Choice, phone: &str, error: Option<SignUpError>) -> SignUpPage {
    SignUpPage {
        frame: frame(choice, Link::to(link::SIGN_UP).with("job", "7-3-240")),
        card: cards(choice.lang).remove(0),
        idempotency: "5b0c".to_owned(),
        typed: typed(Asked::New, phone),
        is_known: false,
        hold_until: Some(time(5, 44, 0, 0)),
        error,
        trail: Trail(Some(narrowed())),
    }
}

fn typed(asked: Asked, phone: &str) -> Typed {
    Typed { asked, phone: phone.to_owned(), plan: PhonePlan::China }
}

fn give_back(choice: Choice, phone: &str, error: Option<GiveBackError>) -> GiveBackPage {
    GiveBackPage {
        frame: frame(choice, link::cancel("482916")),
        code: "482916".to_owned(),
        card: cards(choice.lang).remove(0),
        typed: typed(Asked::Same, phone),
        is_proved: false,
        error,
    }
}

fn ticket(choice: Choice, answer: Answer) -> TicketPage {
    TicketPage {
        frame: frame(choice, Link::below(link::TICKET, "482916")),
        by_seniority: false,
        answer,
        code: "482916".to_owned(),
        qr: "DS1.482916.7-3-240.c.0123456789abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUV"
            .to_owned(),
        card: cards(choice.lang).remove(0),
        address: "九堡快递分拨中心".to_owned(),
        early_min: 10,
        here_total: 30,
        print: answer.holds_something().then(|| print_box(Thing::Ticket, None)),
        can_cancel: true,
        hours: None,
    }
}

fn kept() -> Answer {
    Answer::Kept { until: date(2026, 11, 22).at(5, 44, 0, 0) }
}

fn tickets(choice: Choice) -> Vec<(&'static str, TicketPage)> {
    let wait = |at_this_kiosk| Answer::WaitListed { position: 3, at_this_kiosk };
    vec![
        ("ticket-confirmed", ticket(choice, Answer::Confirmed)),
        ("ticket-provisional", ticket(choice, kept())),
        ("ticket-waiting", ticket(choice, wait(false))),
        ("ticket-waiting-here", ticket(choice, wait(true))),
        ("ticket-seniority", TicketPage { by_seniority: true, ..ticket(choice, wait(false)) }),
        ("ticket-in-line", ticket(choice, Answer::InLine)),
        ("ticket-draw", ticket(choice, Answer::InDraw { at: date(2026, 11, 23).at(5, 0, 0, 0) })),
        ("ticket-requested", ticket(choice, Answer::Requested)),
        ("ticket-cancelled", ticket(choice, Answer::Cancelled { was_place: true })),
        ("ticket-left-line", ticket(choice, Answer::Cancelled { was_place: false })),
        ("ticket-bumped", ticket(choice, Answer::Bumped(Why::Fewer))),
        ("ticket-giving-back", ticket(choice, Answer::GivingBack)),
        ("ticket-void", ticket(choice, Answer::Bumped(Why::Void))),
        ("ticket-not-there", ticket(choice, Answer::Bumped(Why::NotThere))),
        ("ticket-employer", ticket(choice, Answer::Bumped(Why::Employer))),
        ("ticket-rule", ticket(choice, Answer::Bumped(Why::Rule))),
        ("ticket-unfit", ticket(choice, Answer::Bumped(Why::Unfit))),
        (
            "ticket-hours",
            TicketPage {
                can_cancel: false,
                hours: Some(Hours { told: 543, said: Some(570) }),
                ..ticket(choice, Answer::Confirmed)
            },
        ),
    ]
}

fn plain_pages(choice: Choice) -> Vec<(&'static str, String)> {
    let at = |path: &str| frame(choice, Link::to(path));
    let sample = Some(("分拣员".to_owned(), "¥240".to_owned()));
    let idle = Frame { idle_to: link::ATTRACT, ..at(link::START) };
    let start = StartPage { frame: idle, here_total: 31, sample };
    let mine = MinePage { frame: at(link::MINE), code: "4829".to_owned(), error: None };
    let often = MinePage { code: "482917".to_owned(), error: Some(MineError::TooMany), ..mine.clone() };
    let unknown = MinePage { code: "482917".to_owned(), error: Some(MineError::Unknown), ..mine.clone() };
    let call = Some("0571 8690 0000".to_owned());
    let desk = Some("服务台，东门".to_owned());
    let help = HelpPage { frame: at(link::HELP), call: call.clone(), desk: desk.clone() };
    let broken = OutOfOrderPage {
        frame: at(link::START),
        can_list: true,
        can_find: true,
        call,
        desk,
        reason: Some("<its disk>".to_owned()),
    };
    let error = ErrorPage { frame: at(link::NEAR), trouble: Trouble::Broken };
    let lost = ErrorPage { trouble: Trouble::NotFound, ..error.clone() };
    let busy = ErrorPage { trouble: Trouble::TooBusy, ..error.clone() };
    let foreign = ErrorPage { trouble: Trouble::Foreign, ..error.clone() };
    vec![
        ("start", start.render().unwrap()),
        ("attract", attract(choice).render().unwrap()),
        ("find", find(choice).render().unwrap()),
        ("mine", mine.render().unwrap()),
        ("mine-unknown", unknown.render().unwrap()),
        ("mine-often", often.render().unwrap()),
        ("help", help.render().unwrap()),
        ("out-of-order", broken.render().unwrap()),
        ("error", error.render().unwrap()),
        ("not-found", lost.render().unwrap()),
        ("busy", busy.render().unwrap()),
        ("foreign", foreign.render().unwrap()),
    ]
}

fn attract(choice: Choice) -> AttractPage {
    let mut cards = cards(choice.lang);
    let facts = vec![
        Fact::Here { total: 31 },
        Fact::Best(cards.remove(3)),
        Fact::Next(cards.remove(0)),
        Fact::Promise,
    ];
    AttractPage { frame: Frame { idle_to: link::ATTRACT, ..frame(choice, Link::to(link::ATTRACT)) }, facts }
}

fn find(choice: Choice) -> FindPage {
    let filter = Filter { here_only: true, page: 1, ..Filter::default() };
    let tile = |name: &str, total| Tile { name: name.to_owned(), total };
    FindPage {
        frame: frame(choice, filter.tiles()),
        filter,
        total: 52,
        kinds: vec![tile("sorting", 20), tile("<steel>", 9), tile("kitchen", 3)],
        words: vec![tile("分拣员", 7), tile("洗碗工", 2)],
    }
}

fn near_states(choice: Choice) -> Vec<(&'static str, String)> {
    let normal = near(choice);
    let mut cut = normal.clone();
    cut.frame.line = Line::CutOff { since_min: 6 };
    let mut stale = normal.clone();
    stale.frame.line = Line::InStep { age_min: 14 };
    let widened = Some(Widened { asked_km: 5, found: 3 });
    stale.reach = Some(Reach { shown_km: 25, widened });
    let mut empty = normal.clone();
    empty.jobs.clear();
    empty.filter.q = "焊工 \"><script>".to_owned();
    empty.empty = Some(Empty::Narrowed);
    let next = Some(date(2026, 11, 23).at(6, 30, 0, 0));
    let without = |why| NearPage { jobs: Vec::new(), empty: Some(why), ..normal.clone() };
    let soonest = NearPage { reach: None, ..normal.clone() };
    let full = NearPage { all_taken: true, here_total: 0, ..normal.clone() };
    vec![
        ("near", normal.render().unwrap()),
        ("near-cut", cut.render().unwrap()),
        ("near-stale", stale.render().unwrap()),
        ("near-empty", empty.render().unwrap()),
        ("near-none", without(Empty::NoShift { next }).render().unwrap()),
        ("near-none-ahead", without(Empty::NoShift { next: None }).render().unwrap()),
        ("near-none-here", without(Empty::NoneHere { others: 3 }).render().unwrap()),
        ("near-full", full.render().unwrap()),
        ("near-soonest", soonest.render().unwrap()),
    ]
}

/// Pages of a kiosk that signs nobody up.
fn frozen_pages(choice: Choice) -> Vec<(&'static str, String)> {
    let freeze = |frame: &mut Frame| frame.frozen = true;
    let closed = |card: &mut JobCard| {
        card.offer = Offer::Nothing;
        card.seats.here = 0;
    };
    let mut list = near(choice);
    freeze(&mut list.frame);
    list.here_total = 0;
    list.jobs.iter_mut().for_each(closed);
    let mut one = job(choice, 0);
    freeze(&mut one.frame);
    closed(&mut one.card);
    let mut help = HelpPage { frame: frame(choice, Link::to(link::HELP)), call: None, desk: None };
    freeze(&mut help.frame);
    let mut held = ticket(choice, Answer::Confirmed);
    let mut waiting = ticket(choice, Answer::WaitListed { position: 3, at_this_kiosk: false });
    for page in [&mut held, &mut waiting] {
        freeze(&mut page.frame);
        page.here_total = 0;
        page.print = None;
    }
    vec![
        ("frozen-near", list.render().unwrap()),
        ("frozen-job", one.render().unwrap()),
        ("frozen-help", help.render().unwrap()),
        ("frozen-ticket", held.render().unwrap()),
        ("frozen-ticket-waiting", waiting.render().unwrap()),
    ]
}

fn pages(choice: Choice) -> Vec<(&'static str, String)> {
    let typed = "13905712916";
    let again = SignUpError::Again { ticket: Link::below(link::TICKET, "482916") };
    let mut closed = job(choice, 0);
    closed.closed = true;
    let mut all = vec![
        ("job", job(choice, 0).render().unwrap()),
        ("job-ask", job(choice, 4).render().unwrap()),
        ("job-queue", job(choice, 5).render().unwrap()),
        ("job-closed", closed.render().unwrap()),
        ("sign-up", sign_up(choice, "1390571", None).render().unwrap()),
        ("sign-up-ready", sign_up(choice, typed, None).render().unwrap()),
        ("sign-up-wrong", sign_up(choice, "12905712916", Some(SignUpError::Phone)).render().unwrap()),
        ("sign-up-again", sign_up(choice, typed, Some(again)).render().unwrap()),
    ];
    let short = Some(CrewError::Short { confirmable: 3 });
    all.extend([
        ("crew", crew(choice, 0, None).render().unwrap()),
        ("crew-short", crew(choice, 4, short).render().unwrap()),
        ("crew-tickets", crew_tickets(choice).render().unwrap()),
    ]);
    let wrong = Some(GiveBackError::Other);
    all.extend([
        ("give-back", give_back(choice, "1390571", None).render().unwrap()),
        ("give-back-wrong", give_back(choice, typed, wrong).render().unwrap()),
    ]);
    all.extend(near_states(choice));
    all.extend(frozen_pages(choice));
    all.extend(plain_pages(choice));
    all.extend(own::pages(choice));
    all.extend(slips::pages(choice));
    all.extend(tickets(choice).into_iter().map(|(name, page)| (name, page.render().unwrap())));
    all
}

fn choices() -> Vec<Choice> {
    let of = |lang| [false, true].map(|big| Choice { lang, big, visit: None });
    Lang::all().flat_map(of).collect()
}

fn check_balanced(name: &str, html: &str) {
    const VOID: [&str; 5] = ["meta", "link", "input", "br", "wbr"];
    let mut open = Vec::new();
    for tag in html.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap();
        let word: String = tag.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '/').collect();
        if let Some(closed) = word.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(closed), "{name}: </{closed}>");
        } else if !tag.starts_with('!') && !tag.ends_with('/') && !VOID.contains(&word.as_str()) {
            open.push(word);
        }
    }
    assert!(open.is_empty(), "{name}: left open: {open:?}");
}

fn check_page(name: &str, choice: Choice, html: &str) {
    check_balanced(name, html);
    let lang = format!("<html lang=\"{}\"", choice.lang.tag());
    assert!(html.contains(&lang), "{name}: no lang");
    for banned in ["<script", "<style", " style=", " onclick", "http://", "https://"] {
        assert!(!html.contains(banned), "{name}: {banned}");
    }
    // A page of many tickets has a QR code for each.
    let codes = html.matches("class=\"qr\"").count().saturating_sub(1);
    let bytes = html.len() + SHEET.len();
    assert!(bytes < PAGE_BYTES_MAX + codes * CODE_BYTES_MAX, "{name}: {bytes} bytes");
    for href in html.split("href=\"").skip(1).filter_map(|after| after.split('"').next()) {
        let leaves = href.starts_with(&format!("{}?view=", link::LEAVE));
        let fixed = href.starts_with('#') || href == link::SHEET || href == link::START || leaves;
        let carries = href.contains("lang=");
        assert!(fixed || carries, "{name}: {href} forgets the language");
        if let Some(symbol) = href.strip_prefix('#') {
            assert!(html.contains(&format!("id=\"{symbol}\"")), "{name}: no #{symbol}");
        }
    }
}

#[test]
fn kiosk_pages_are_sound_in_every_language_and_size() {
    let shown = std::env::var("DAYSHIFT_RENDER_DIR").ok();
    for choice in choices() {
        for (name, html) in pages(choice) {
            check_page(name, choice, &html);
            if let Some(dir) = &shown {
                let size = if choice.big { "-big" } else { "" };
                let file = format!("{dir}/kiosk-{name}-{}{size}.html", choice.lang.code());
                let local = html.replace(link::SHEET, "kiosk.css");
                std::fs::write(file, local).unwrap();
                std::fs::write(format!("{dir}/kiosk.css"), SHEET.as_bytes()).unwrap();
            }
        }
    }
}

#[test]
fn the_pages_of_a_job_keep_the_list_that_the_reader_came_from() {
    let choice = Choice { lang: Lang::EN, big: true, visit: None };
    let kept = "when=night&#38;here=1&#38;kind=sorting&#38;q=%E5%88%86%20%E6%8B%A3&#38;page=3";
    let has = |html: &str, address: &str| {
        let html = html.replace("&amp;", "&#38;");
        assert!(html.contains(&format!("\"{address}{kept}\"")), "{address}\n{html}");
    };
    let html = job(choice, 0).render().unwrap();
    has(&html, "/near?lang=en&#38;big=1&#38;");
    has(&html, "/sign_up?lang=en&#38;big=1&#38;job=7-3-240&#38;");
    let html = sign_up(choice, "", None).render().unwrap();
    has(&html, "/job/7-3-240?lang=en&#38;big=1&#38;");
    has(&html, "/sign_up?lang=en&#38;big=1&#38;job=7-3-240&#38;");
    let mut list = near(choice);
    list.filter = narrowed();
    has(&list.render().unwrap(), "/job/7-3-240?lang=en&#38;big=1&#38;");
    let mut fresh = job(choice, 0);
    fresh.trail = Trail::default();
    assert!(fresh.render().unwrap().contains("href=\"/near?lang=en&#38;big=1\""));
}

#[test]
fn places_elsewhere_are_dated() {
    for (lang, line, said) in [
        (Lang::EN, Line::InStep { age_min: 2 }, "as of 05:40"),
        (Lang::ZH, Line::InStep { age_min: 2 }, "05:40 的数"),
        (Lang::EN, Line::CutOff { since_min: 400 }, "as of Sat 21 Nov 23:02"),
        (Lang::ZH, Line::CutOff { since_min: 6 }, "05:36 的数"),
        (Lang::EN, Line::Alone, "as last heard"),
        (Lang::ZH, Line::Alone, "上次听说的数"),
    ] {
        let choice = Choice { lang, big: false, visit: None };
        let mut list = near(choice);
        list.frame.line = line;
        assert_eq!(list.render().unwrap().matches(said).count(), 6, "{said}");
        let mut one = job(choice, 4);
        one.frame.line = line;
        assert!(one.render().unwrap().contains(said), "{said}");
    }
}

#[test]
fn a_widened_list_says_how_far_it_reaches() {
    for (lang, found, said) in [
        (
            Lang::EN,
            0,
            ["Nothing within 5 km", "Widened to 25 km: 52 found", "within 25 km, or place not said"],
        ),
        (
            Lang::EN,
            3,
            ["Only 3 jobs within 5 km", "Widened to 25 km: 52 found", "within 25 km, or place not said"],
        ),
        (Lang::ZH, 0, ["5 公里内没有", "已经放宽到 25 公里，有 52 个", "（25 公里内，或没标位置）"]),
        (Lang::ZH, 3, ["5 公里内只有 3 个", "已经放宽到 25 公里，有 52 个", "（25 公里内，或没标位置）"]),
    ] {
        let mut list = near(Choice { lang, big: false, visit: None });
        assert!(!list.render().unwrap().contains(said[0]));
        list.reach = Some(Reach { shown_km: 25, widened: Some(Widened { asked_km: 5, found }) });
        let html = list.render().unwrap();
        for words in said {
            assert!(html.contains(words), "{words}");
        }
    }
}

#[test]
fn made_up_shifts_are_called_so() {
    for choice in choices() {
        let word = match choice.lang {
            Lang::ZH => "演示数据，由程序生成",
            Lang::EN => "ynthetic demo data",
            _ => "atos de demostración",
        };
        assert!(near(choice).render().unwrap().contains(word));
        assert!(job(choice, 0).render().unwrap().contains("演示数据") || choice.lang != Lang::ZH);
        let mut real = near(choice);
        real.frame.synthetic = false;
        assert!(!real.render().unwrap().contains(word));
    }
}

#[test]
fn the_pad_fills_the_number_and_walks_back() {
    let mut field = typed(Asked::New, "139 0571 291");
    for key in ["6", "1", "x", "stay"] {
        field.press(key);
    }
    assert_eq!(field.phone, "13905712916");
    field.press("del");
    assert_eq!(field.phone, "1390571291");
    field.press("clear");
    assert!(field.phone.is_empty());
    let mut code = "48291".to_owned();
    for key in ["6", "7", "del", "x"] {
        press_code(&mut code, key);
    }
    assert_eq!(code, "48291");
}

#[test]
fn a_sign_up_sends_its_three_fields() {
    let html = sign_up(Choice::default(), "13905712916", None).render().unwrap();
    for field in ["name=\"job\"", "name=\"phone\"", "name=\"idempotency\""] {
        assert!(html.contains(field), "{field}");
    }
    assert!(html.contains("value=\"139 0571 2916\""));
}

#[test]
fn the_form_tells_the_rule_of_its_place() {
    for (plan, hint, wrong, missing) in [
        (PhonePlan::China, "11 digits", "it has 11 digits and begins with 1", "4 digits to go"),
        (PhonePlan::NorthAmerica, "10 digits", "it has 10 digits", "3 digits to go"),
        (
            PhonePlan::International,
            "7 to 15 digits, with the country code",
            "it has 7 to 15 digits",
            "Fill in",
        ),
    ] {
        let choice = Choice { lang: Lang::EN, big: false, visit: None };
        let field = |asked| Typed { asked, phone: "1390571".to_owned(), plan };
        let new = sign_up(choice, "", Some(SignUpError::Phone));
        let same = give_back(choice, "", Some(GiveBackError::Phone));
        let pages = [
            SignUpPage { typed: field(Asked::New), ..new }.render().unwrap(),
            GiveBackPage { typed: field(Asked::Same), ..same }.render().unwrap(),
        ];
        for html in pages {
            for said in [hint, wrong, missing, plan.pattern()] {
                assert!(html.contains(said), "{plan:?} {said}");
            }
            assert_eq!(html.matches("<button").count(), html.matches("formnovalidate").count(), "{html}");
        }
    }
}

#[test]
fn a_frozen_kiosk_offers_nothing_and_says_where_to_go() {
    for (lang, said) in [
        (
            Lang::EN,
            [
                "No sign-ups at this kiosk now",
                "another kiosk of this hall",
                "<b>No sign-ups</b>",
                "Use another kiosk",
            ],
        ),
        (Lang::ZH, ["这台机器现在不能报名", "大厅里别的机器", "这里不能报名", "请用别的机器"]),
    ] {
        for (name, html) in frozen_pages(Choice { lang, big: false, visit: None }) {
            for words in said {
                assert!(html.contains(words), "{name}, banner and footer: {words}");
            }
            for banned in [
                "/sign_up",
                "/cancel",
                "job--go",
                "t-go",
                "chip--go",
                "btn--main\"",
                "n the spot",
                "当场",
                "Green",
            ] {
                let body = html.split("</head>").nth(1).unwrap();
                assert!(!body.contains(banned), "{name}: {banned}");
            }
        }
    }
}

#[test]
fn no_page_is_a_dead_end() {
    for choice in choices() {
        for (name, html) in pages(choice) {
            let home = html.matches(&format!("href=\"{}\"", link::START)).count();
            assert!(home > 0 || ["start", "attract"].contains(&name), "{name}: no way home");
            let list = format!("href=\"{}?", link::NEAR);
            assert!(
                html.contains(&list)
                    || html.contains("/job/")
                    || html.contains("href=\"/ticket/")
                    || html.contains("cover")
                    || html.contains("href=\"/me?"),
                "{name}: no way back to the jobs"
            );
        }
    }
}

#[test]
fn an_empty_list_says_why_and_leads_on() {
    let choice = Choice { lang: Lang::EN, big: false, visit: None };
    let states = near_states(choice);
    let page = |name: &str| states.iter().find(|(known, _)| *known == name).unwrap().1.replace("&#38;", "&");
    let has = |name: &str, said: &[&str]| {
        for words in said {
            assert!(page(name).contains(words), "{name}: {words}\n{}", page(name));
        }
    };
    has(
        "near-none",
        &["No more jobs today", "Tomorrow 06:30", "when=tomorrow", "/near?lang=en&when=any", "See all days"],
    );
    has("near-none-ahead", &["No more jobs today", "None later either"]);
    has("near-none-here", &["None on the spot now", "3 other jobs"]);
    has("near-full", &["All places are taken", "See tomorrow"]);
    has("near-soonest", &["Soonest jobs", "does not know where it stands"]);
    assert!(!page("near-none").contains("taken") && !page("near").contains("taken"));
    assert!(!page("near-soonest").contains("Near me"));
}
