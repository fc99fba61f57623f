//! The pages around the jobs: start, mine, help, out of order, and errors.

use askama::{Template, filters::Safe};

use super::{Frame, Line, Words, grouped};
use crate::{
    kiosk::link::{self, Choice, Link},
    phone::digits,
};
use pages::Lang;

/// Digits of a ticket's code.
const CODE_DIGITS: usize = 6;

/// The start page: how many jobs there are now, size, language.
#[derive(Debug, Clone, Template)]
#[template(path = "kiosk/start.html")]
pub(crate) struct StartPage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
    /// Jobs that can be confirmed at this kiosk right now.
    pub(crate) here_total: u32,
    /// Title and pay of a real job, to show the two sizes on.
    pub(crate) sample: Option<(String, String)>,
}

impl StartPage {
    fn here(&self) -> Words {
        self.frame.words()
    }

    fn also(&self) -> Words {
        Words(self.frame.other_lang())
    }

    fn langs(&self) -> Vec<Lang> {
        Lang::all().collect()
    }

    fn lang_href(&self, lang: &Lang) -> String {
        Link::to(link::NEAR).href(Choice { lang: *lang, ..self.frame.choice })
    }

    fn in_lang(&self, lang: &Lang) -> Words {
        Words(*lang)
    }

    fn line_icon(&self) -> Safe<String> {
        match self.frame.line {
            Line::InStep { .. } => super::icon("tick"),
            Line::CutOff { .. } | Line::Alone => super::icon("cut"),
        }
    }

    fn line_words(&self, words: Words) -> Safe<String> {
        match self.frame.line {
            Line::InStep { age_min } => words.t_n("foot-in-step", age_min),
            Line::CutOff { since_min } => words.t_n("foot-cut", since_min),
            Line::Alone => words.t("foot-alone"),
        }
    }
}

/// Why no ticket is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MineError {
    /// The ticket was open here, and its visit is over.
    Over,
    /// Fewer than six digits.
    Short,
    /// This kiosk does not know the code.
    Unknown,
    /// Wrong codes were tried too often; wait a little.
    TooMany,
}

/// Applies a key of the pad (`0` to `9`, `del`, `clear`) to the digits of a code.
pub(crate) fn press_code(code: &mut String, key: &str) {
    *code = digits(code);
    match key {
        "clear" => code.clear(),
        "del" => {
            code.pop();
        }
        digit if digit.len() == 1 && code.len() < CODE_DIGITS => code.push_str(&digits(digit)),
        _ => {}
    }
}

/// The page that finds a ticket by its code (POST `code`, or `key` from the pad).
#[derive(Debug, Clone, Template)]
#[template(path = "kiosk/mine.html")]
pub(crate) struct MinePage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
    /// Digits typed so far.
    pub(crate) code: String,
    /// Why the last attempt found nothing.
    pub(crate) error: Option<MineError>,
}

impl MinePage {
    fn action(&self) -> String {
        self.frame.on_visit(Link::to(link::MINE)).href(self.frame.choice)
    }

    fn code_grouped(&self) -> String {
        grouped(&digits(&self.code), &[3, 3])
    }

    fn missing(&self) -> u32 {
        u32::try_from(CODE_DIGITS.saturating_sub(self.code.len())).unwrap_or_default()
    }

    fn error_words(&self) -> Option<Safe<String>> {
        Some(match self.error? {
            MineError::Over => self.frame.t("mine-over"),
            MineError::Short => self.frame.t("mine-short"),
            MineError::Unknown => self.frame.t("mine-unknown"),
            MineError::TooMany => self.frame.t("too-many-guesses"),
        })
    }
}

/// The help page.
#[derive(Debug, Clone, Template)]
#[template(path = "kiosk/help.html")]
pub(crate) struct HelpPage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
    /// Number to call for help.
    pub(crate) call: Option<String>,
    /// Where in the hall a person helps.
    pub(crate) desk: Option<String>,
}

/// The page shown while this kiosk takes no sign-ups.
#[derive(Debug, Clone, Template)]
#[template(path = "kiosk/out_of_order.html")]
pub(crate) struct OutOfOrderPage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
    /// Whether the list of jobs still works.
    pub(crate) can_list: bool,
    /// Whether tickets can still be looked up.
    pub(crate) can_find: bool,
    /// Number to call.
    pub(crate) call: Option<String>,
    /// Where in the hall a person helps.
    pub(crate) desk: Option<String>,
    /// What the operator must know.
    pub(crate) reason: Option<String>,
}

/// What went wrong, as far as the reader is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// There is nothing at this address.
    NotFound,
    /// The job takes nobody any more.
    JobClosed,
    /// The kiosk has too much to do, or the reader tried too often.
    TooBusy,
    /// Wrong ticket codes were tried too often.
    TooManyGuesses,
    /// Two tickets have the digits.
    SharedDigits,
    /// A form came from another site's page.
    Foreign,
    /// Something broke inside.
    Broken,
}

/// A page that says what went wrong and what to do.
#[derive(Debug, Clone, Template)]
#[template(path = "kiosk/error.html")]
pub(crate) struct ErrorPage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
    /// What went wrong.
    pub(crate) trouble: Trouble,
}

impl ErrorPage {
    fn title(&self) -> Safe<String> {
        match self.trouble {
            Trouble::NotFound => self.frame.t("error-not-found"),
            Trouble::JobClosed => self.frame.t("error-closed"),
            Trouble::TooBusy | Trouble::TooManyGuesses => self.frame.t("error-busy"),
            Trouble::SharedDigits => self.frame.t("error-shared-digits"),
            Trouble::Foreign => self.frame.t("error-foreign"),
            Trouble::Broken => self.frame.t("error-broken"),
        }
    }

    fn advice(&self) -> Safe<String> {
        match self.trouble {
            Trouble::NotFound => self.frame.t("error-not-found-do"),
            Trouble::JobClosed => self.frame.t("error-closed-do"),
            Trouble::TooBusy => self.frame.t("too-many"),
            Trouble::TooManyGuesses => self.frame.t("too-many-guesses"),
            Trouble::SharedDigits => self.frame.t("error-shared-digits-do"),
            Trouble::Foreign => self.frame.t("error-foreign-do"),
            Trouble::Broken if self.frame.frozen => self.frame.t("broken-safe"),
            Trouble::Broken => self.frame.t("error-broken-do"),
        }
    }
}
