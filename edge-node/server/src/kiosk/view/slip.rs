//! What a printer is given: tickets and cards for 58 mm paper, as one HTML document that needs nothing beside itself.
//!
//! It is laid out 384 dots wide, 48 mm at eight dots to the millimetre; every line is a whole number of dots high and every
//! module of a QR code whole dots wide. The paper is as long as what stands on it.

use askama::{Template, filters::Safe};
use jiff::civil::DateTime;

use super::{Answer, Frame, TicketPage, Words, WorkerCardPage, hm, hours};
use crate::kiosk::qr::Qr;
use pages::{Lang, escape};

/// Dots across the paper, of 1/8 mm.
const DOTS: usize = 384;
/// Widest module: a short text needs no larger one.
const MODULE_DOTS_MAX: usize = 8;
/// Modules that stay white around a QR code; at its sides the margins of the paper help.
const QUIET_MODULES: usize = 4;
/// Heights of lines and figures in dots, as in the sheet of `slip.html`.
const TEXT: (usize, usize) = (26, 34);
const STRONG: (usize, usize) = (34, 44);
const TITLE: (usize, usize) = (56, 68);
const CODE: (usize, usize) = (76, 92);
/// White between two lines that say different things.
const LINE_GAP: usize = 8;
/// All that is neither text nor QR code: paddings, frames and gaps of one slip.
const AROUND_DOTS: usize = 136;
/// Where a line breaks a word or two are left over: of a line so much is filled.
const FILLED: f32 = 0.86;

/// A slip or several, to be printed in one go.
#[derive(Debug, Clone)]
pub(crate) struct Slip {
    html: String,
    /// What nobody may read but who holds the slip.
    private: Vec<String>,
}

impl Slip {
    /// The document.
    pub(crate) fn html(&self) -> &str {
        &self.html
    }

    /// Whether words of somebody else tell what stands on the slip.
    pub(crate) fn tells(&self, words: &str) -> bool {
        let is_part = |part: &str| self.html.contains(part);
        let starts = words.char_indices().map(|(at, _)| at);
        // A program may quote a piece of the drawing that is the code of a card.
        let mut pieces = starts.filter_map(|at| words.get(at..at + QUOTED_CHARS));
        is_part(words) || pieces.any(is_part) || self.private.iter().any(|private| words.contains(private))
    }
}

/// So long a piece of the document counts as a quotation of it.
const QUOTED_CHARS: usize = 24;

/// One piece of paper.
struct Piece {
    /// Which frame surrounds the title: `go`, `kept`, `wait` or `ask`; a card has none.
    tone: &'static str,
    /// Place in line.
    place: Option<u32>,
    title: Safe<String>,
    meaning: Option<Safe<String>>,
    /// The job: the first line is its name.
    about: Vec<Safe<String>>,
    qr: Option<Qr>,
    code_label: Safe<String>,
    code: String,
    /// What to do next, and when it was printed.
    lines: Vec<Safe<String>>,
}

impl Piece {
    /// Width of a QR code's module, dots.
    fn module(&self) -> usize {
        self.qr.as_ref().map_or(MODULE_DOTS_MAX, |qr| (DOTS / qr.side).clamp(1, MODULE_DOTS_MAX))
    }

    /// Width of the whole code, dots.
    fn qr_dots(&self) -> usize {
        self.qr.as_ref().map_or(0, |qr| qr.side * self.module())
    }

    /// White above and below it.
    fn quiet_dots(&self) -> usize {
        QUIET_MODULES * self.module()
    }

    /// White at its left: in the middle, at a whole dot.
    fn beside_dots(&self) -> usize {
        DOTS.saturating_sub(self.qr_dots()) / 2
    }

    fn height_dots(&self) -> usize {
        let texts =
            |all: &[Safe<String>], size| all.iter().map(|text| text_dots(&text.0, size)).sum::<usize>();
        let qr = self.qr.as_ref().map_or(0, |_| self.qr_dots() + 2 * self.quiet_dots());
        let place = self.place.map_or(0, |_| CODE.1);
        let (name, about) = self.about.split_at(self.about.len().min(1));
        AROUND_DOTS
            + place
            + text_dots(&self.title.0, TITLE)
            + self.meaning.as_ref().map_or(0, |meaning| text_dots(&meaning.0, TEXT))
            + texts(name, STRONG)
            + texts(about, TEXT)
            + qr
            + TEXT.1
            + text_dots(&self.code, CODE)
            + texts(&self.lines, TEXT)
            + LINE_GAP * self.lines.len()
    }
}

/// Height of a text of a size (letters, line), as a common font breaks it: letters of Chinese are squares, others some two
/// thirds of one at most.
fn text_dots(text: &str, (letter, line): (usize, usize)) -> usize {
    let (mut em, mut is_tag) = (0.0_f32, false);
    for c in text.chars() {
        match c {
            '<' => is_tag = true,
            '>' => is_tag = false,
            _ if is_tag => {}
            c if c.is_ascii() => em += 0.58,
            '\u{a0}'..='\u{2fff}' => em += 0.66,
            _ => em += 1.0,
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "some thousand dots at most")]
    let lines = em * letter as f32 / (DOTS as f32 * FILLED);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number of lines")]
    let lines = lines.ceil().max(1.0) as usize;
    lines * line
}

#[derive(Template)]
#[template(path = "kiosk/slip.html")]
struct Slips<'a> {
    lang: Lang,
    hall: &'a str,
    kiosk: &'a str,
    words: Words,
    pieces: Vec<Piece>,
}

impl Slips<'_> {
    /// Length of each page, millimetres.
    fn length_mm(&self) -> usize {
        self.pieces.iter().map(Piece::height_dots).max().unwrap_or_default().div_ceil(8)
    }

    fn into_slip(self, private: Vec<String>) -> askama::Result<Slip> {
        let mut html = String::new();
        self.render_into(&mut html)?;
        Ok(Slip { html, private })
    }
}

/// When a slip is printed, and where what comes later is read.
fn printed(words: Words, now: &DateTime) -> Safe<String> {
    words.t_a("slip-printed", format!("{} {}", words.date(now.date()), hm(now)))
}

fn of_ticket(page: &TicketPage) -> Piece {
    let (frame, card) = (&page.frame, &page.card);
    let words = frame.words();
    let pay = format!("{}{} {}", card.sign, card.pay.major(), card.pay.said_per(words).0);
    // Paper is read on other days as well: no word such as "today".
    let when = format!("{} {}", words.date(card.start.date()), hours(words, &card.start, &card.end).0);
    let mut about = vec![Safe(escape(&card.title)), Safe(pay), Safe(when), Safe(escape(&page.address))];
    about.retain(|line| !line.0.trim().is_empty());
    // What else is free at this moment is of no use on paper.
    let next = page.next().into_iter().filter(|(icon, _)| *icon != "tick");
    let mut lines: Vec<_> = next.map(|(_, line)| line).collect();
    if frame.synthetic {
        lines.push(words.t("synthetic-short"));
    }
    lines.extend([printed(words, &frame.now), words.t("slip-look")]);
    let place = match page.answer {
        Answer::WaitListed { position, .. } => Some(position),
        Answer::Confirmed
        | Answer::Kept { .. }
        | Answer::InLine
        | Answer::InDraw { .. }
        | Answer::Requested
        | Answer::GivingBack
        | Answer::Cancelled { .. }
        | Answer::Bumped(_) => None,
    };
    Piece {
        tone: page.tone(),
        place,
        title: page.title(),
        meaning: Some(page.meaning()),
        about,
        qr: page.drawn(),
        code_label: words.t("ticket-code"),
        code: page.code_grouped(),
        lines,
    }
}

/// Tickets that are printed in one go, each on a piece of its own.
///
/// # Errors
/// The template fails.
pub(crate) fn ticket_slip(frame: &Frame, tickets: &[TicketPage]) -> askama::Result<Slip> {
    let private = tickets.iter().flat_map(|ticket| [ticket.code.clone(), ticket.code_grouped()]).collect();
    slips(frame, tickets.iter().map(of_ticket).collect()).into_slip(private)
}

/// A worker's new card.
///
/// # Errors
/// The template fails.
pub(crate) fn card_slip(page: &WorkerCardPage) -> askama::Result<Slip> {
    let words = page.frame.words();
    let piece = Piece {
        tone: "card",
        place: None,
        title: words.t("card-title"),
        meaning: None,
        about: Vec::new(),
        qr: page.drawn(),
        code_label: Safe(String::new()),
        code: page.name.clone(),
        lines: vec![
            words.t("card-use"),
            words.t("card-says"),
            words.t("card-lost"),
            printed(words, &page.frame.now),
        ],
    };
    slips(&page.frame, vec![piece]).into_slip(vec![page.text.clone(), page.name.clone()])
}

fn slips(frame: &Frame, pieces: Vec<Piece>) -> Slips<'_> {
    Slips { lang: frame.choice.lang, hall: &frame.hall, kiosk: &frame.kiosk, words: frame.words(), pieces }
}

/// What tries a printer out: it looks like a ticket, and is worth nothing.
///
/// # Errors
/// The template fails.
pub(crate) fn sample_slip(now: &DateTime) -> askama::Result<Slip> {
    const CODE: &str = "000 000";
    let (chinese, english) = (Words(Lang::ZH), Words(Lang::EN));
    let both = |said: fn(Words) -> Safe<String>| Safe(format!("{} {}", said(chinese).0, said(english).0));
    let piece = Piece {
        tone: "go",
        place: None,
        title: both(|words| words.t("slip-sample")),
        meaning: Some(both(|words| words.t("slip-sample-means"))),
        about: vec![both(|words| words.t("slip-sample-about"))],
        qr: Qr::draw(&format!("dayshift sample {CODE}")),
        code_label: both(|words| words.t("ticket-code")),
        code: CODE.to_owned(),
        lines: vec![printed(chinese, now), printed(english, now)],
    };
    let slips = Slips { lang: Lang::ZH, hall: "Dayshift", kiosk: "0", words: chinese, pieces: vec![piece] };
    slips.into_slip(vec![CODE.to_owned()])
}
