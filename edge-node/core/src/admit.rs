//! The seam through which plugins say whether a worker may take a job's place.
//!
//! Asked inside the transaction of a sign-up or an offer, after the rules of the node itself. What a plugin is told of a
//! person is when the other shifts are, no more.

use std::fmt;

/// Shifts of a worker that a question names: those nearest to the job.
pub const SHIFTS_MAX: usize = 256;

/// Seconds before and after a job within which other shifts are told.
pub const SHIFTS_WITHIN_S: i64 = 31 * 86_400;

/// Languages of a denial.
pub const DENIAL_LANGUAGES_MAX: usize = 16;

/// Bytes of a denial's words in one language.
pub const DENIAL_BYTES_MAX: usize = 300;

/// Languages that each denial speaks; the last is what everybody else reads.
pub const DENIAL_LANGUAGES: [&str; 2] = ["zh", "en"];

/// What the worker wants at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    SignUp,
    /// A place in line has come up.
    Promotion,
}

/// A shift for which the worker is confirmed. Times are epoch seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    pub start_at: i64,
    pub end_at: i64,
    /// The same number for one employer everywhere.
    pub employer: u64,
}

/// What is asked about one worker and one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question<'a> {
    pub occasion: Occasion,
    pub now: i64,
    pub utc_offset_s: i32,
    pub start_at: i64,
    pub end_at: i64,
    pub employer: u64,
    pub category: &'a str,
    /// Bit 0 meal, 1 housing, 2 paid the same day, 3 night work.
    pub job_flags: u32,
    pub pay_minor_per_hour: u32,
    pub title: &'a str,
    /// Other shifts by start, at most [`SHIFTS_MAX`].
    pub shifts: &'a [Shift],
}

/// Why a worker may not take a place, in the plugin's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// Name of the plugin.
    pub plugin: String,
    /// The plugin's own reason, 1 to 254.
    pub reason: u8,
    /// Language and words; each of [`DENIAL_LANGUAGES`] is there.
    pub words: Vec<(String, String)>,
}

impl Denial {
    /// The words in a language, or in English.
    #[must_use]
    pub fn words(&self, language: &str) -> &str {
        let of = |wanted: &str| self.words.iter().find(|(language, _)| language == wanted);
        let [.., english] = DENIAL_LANGUAGES;
        of(language).or_else(|| of(english)).map_or("", |(_, words)| words)
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words("en"))
    }
}

/// What plugins say to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    Admitted,
    /// The first denial.
    Denied(Denial),
    /// Nobody denied, and the plugin of this name, without which nobody is to be signed up, gave no answer.
    Unanswered(String),
}

/// Decides whether workers may take places.
pub trait Admit: fmt::Debug {
    /// Whether there is nobody to ask: then no facts are gathered.
    fn is_idle(&self) -> bool;

    /// What becomes of one question.
    fn ask(&self, question: &Question<'_>) -> Admission;
}
