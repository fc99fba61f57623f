//! Addresses of the kiosk pages; language and size travel in the query of every link.

use std::fmt::Write;

use super::visit::Carried;
use pages::Lang;

/// Address of the start page.
pub(crate) const START: &str = "/";
/// Address of the list of jobs near the hall.
pub(crate) const NEAR: &str = "/near";
/// Address of one job; its id follows after a slash.
pub(crate) const JOB: &str = "/job";
/// Address of the sign-up form (GET with `job`) and of its submission (POST).
pub(crate) const SIGN_UP: &str = "/sign_up";
/// Address of one ticket; its code follows after a slash.
pub(crate) const TICKET: &str = "/ticket";
/// Address of the page that finds a ticket by its code.
pub(crate) const MINE: &str = "/mine";
/// Address of the tiles that find work without a keyboard.
pub(crate) const FIND: &str = "/find";
/// Address of the page that an idle start page turns into.
pub(crate) const ATTRACT: &str = "/attract";
/// Address that ends the visit in `view` and leads to the start page.
pub(crate) const LEAVE: &str = "/next";
/// Address of the list of a crew (GET with `job`), of its submission (POST), and of its tickets, whose codes follow after
/// a slash.
pub(crate) const CREW: &str = "/crew";
/// Clips of speech; a clip's name follows after a slash.
pub(crate) const AUDIO: &str = "/audio";
/// Address of a worker's own page: who logs in here sees their shifts; below it what else is theirs alone.
pub(crate) const ME: &str = "/me";
/// Address of a worker's new card.
pub(crate) const ME_CARD: &str = "/me/card";
/// Address at which a worker changes the PIN.
pub(crate) const ME_PIN: &str = "/me/pin";
/// Address at which a worker tells what jobs ask of people.
pub(crate) const ME_ABOUT: &str = "/me/about";
/// Address at which a code to the phone takes the place of card and PIN.
pub(crate) const ME_CODE: &str = "/me/code";
/// Address at which a worker is erased.
pub(crate) const ME_ERASE: &str = "/me/erase";
/// Address at which a worker enrols.
pub(crate) const ENROL: &str = "/enrol";
/// Address of the help page.
pub(crate) const HELP: &str = "/help";
/// Address at which the style sheet is served.
pub(crate) const SHEET: &str = "/assets/kiosk.css";

/// The page that gives the ticket of a code back, and its submission.
pub(crate) fn cancel(code: &str) -> Link {
    Link::to(&format!("{}/cancel", Link::below(TICKET, code).path))
}

/// The page that confirms the hours of a ticket, and its submission.
pub(crate) fn hours(code: &str) -> Link {
    Link::to(&format!("{}/hours", Link::below(TICKET, code).path))
}

/// Address at which browsers ask for the icon of a page.
pub(crate) const ICON: &str = "/favicon.ico";

/// What a reader chose on the start page and carries from page to page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The language of every page.
    pub(crate) lang: Lang,
    /// Whether the letters are large.
    pub(crate) big: bool,
    /// The visit of a worker who is known by card or log-in: every address of it carries its token.
    pub(crate) visit: Option<Carried>,
}

/// An address being put together: a path and its query pairs, without the reader's choice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Link {
    path: String,
    pairs: Vec<(&'static str, String)>,
}

impl Link {
    /// Starts a link to a page.
    pub(crate) fn to(path: &str) -> Self {
        Self { path: path.to_owned(), pairs: Vec::new() }
    }

    /// Starts a link to one thing below a page, such as a job below [`JOB`].
    pub(crate) fn below(path: &str, id: &str) -> Self {
        let mut full = format!("{path}/");
        escape(id, &mut full);
        Self { path: full, pairs: Vec::new() }
    }

    /// Adds a query pair, replacing an earlier one of the same name.
    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.pairs.retain(|(known, _)| *known != name);
        self.pairs.push((name, value.to_string()));
        self
    }

    /// The address that prints what this page shows.
    pub(crate) fn print(&self) -> Self {
        Self::to(&format!("{}/print", self.path))
    }

    /// Returns the path alone.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Returns the address under `choice`.
    pub(crate) fn href(&self, choice: Choice) -> String {
        let mut out = format!("{}?lang={}", self.path, choice.lang.code());
        if choice.big {
            out.push_str("&big=1");
        }
        if let Some(visit) = choice.visit.filter(|_| self.pairs.iter().all(|(name, _)| *name != "view")) {
            // Writing to a String cannot fail.
            let _ = write!(out, "&view={visit}");
        }
        for (name, value) in &self.pairs {
            out.push('&');
            out.push_str(name);
            out.push('=');
            escape(value, &mut out);
        }
        out
    }
}

fn escape(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_carry_the_choice_and_escape_values() {
        let choice = Choice { lang: Lang::EN, big: true, visit: None };
        let link = Link::to(NEAR).with("q", "分 &").with("page", 1).with("page", 2);
        assert_eq!(link.href(choice), "/near?lang=en&big=1&q=%E5%88%86%20%26&page=2");
        let job = Link::below(JOB, "7/3").href(Choice::default());
        assert_eq!(job, "/job/7%2F3?lang=zh");
    }
}
