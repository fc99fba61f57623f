//! What a job asks of people, in words: on its own page, and where somebody lacks it.

use askama::filters::Safe;
use sync_protocol::documents::{
    Demands,
    demands::{CERTIFICATES, LANGUAGES},
};

use super::{Frame, escape};
use crate::http::{Problem, Rule};
use pages::Lang;

/// What keeps a person from a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lack {
    /// Another place at that time.
    Overlap,
    /// The kiosk does not know the person, or whether it is that person.
    Profile,
    Age,
    /// The job asks for an age, and no day of birth is known.
    Born,
    /// Its code.
    Certificate(String),
    /// Its code.
    Language(String),
    Distance,
    /// A plugin's rule, in its own words.
    Rule(Rule),
    /// A rule that could not be asked.
    RuleUnanswered,
}

impl Lack {
    /// The lack that the interface names.
    pub(crate) fn of(problem: &Problem) -> Option<Self> {
        let detail = &problem.detail;
        Some(match problem.code {
            "overlap" => Self::Overlap,
            "profile-needed" => Self::Profile,
            "too-young" => Self::Age,
            "age-unknown" => Self::Born,
            "certificate-missing" => Self::Certificate(detail.clone()),
            "language-missing" => Self::Language(detail.clone()),
            "too-far" => Self::Distance,
            "not-admitted" => Self::Rule(problem.rule.as_deref()?.clone()),
            "rule-unanswered" => Self::RuleUnanswered,
            _ => return None,
        })
    }

    /// What is lacking, to the person.
    pub(crate) fn words(&self, frame: &Frame) -> Safe<String> {
        let lang = frame.choice.lang;
        match self {
            Self::Overlap => frame.t("lack-overlap"),
            Self::Profile => frame.t("lack-profile"),
            Self::Age => frame.t("lack-age"),
            Self::Born => frame.t("lack-born"),
            Self::Certificate(code) => frame.t_a("lack-certificate", certificate(code, lang)),
            Self::Language(code) => frame.t_a("lack-language", language(code, lang)),
            Self::Distance => frame.t("lack-distance"),
            Self::Rule(rule) => Safe(escape(rule.words(lang.code()))),
            Self::RuleUnanswered => frame.t("lack-rule-unanswered"),
        }
    }
}

pub(super) fn certificate(code: &str, lang: Lang) -> &str {
    let known = CERTIFICATES.iter().find(|known| known.code == code);
    known.map_or(code, |known| if lang == Lang::ZH { known.zh } else { known.en })
}

pub(super) fn language(code: &str, lang: Lang) -> &str {
    let known = LANGUAGES.iter().find(|known| known.0 == code);
    known.map_or(code, |known| if lang == Lang::ZH { known.1 } else { known.2 })
}

/// What a job asks, a phrase each.
pub(crate) fn demanded(frame: &Frame, demands: &Demands) -> Vec<Safe<String>> {
    let lang = frame.choice.lang;
    let age = demands.min_age.map(|age| frame.t_n("demand-age", u32::from(age)));
    let certificates = demands.certificates.iter().map(|code| Safe(escape(certificate(code, lang))));
    let languages = demands.languages.iter().map(|code| frame.t_a("demand-language", language(code, lang)));
    age.into_iter().chain(certificates).chain(languages).collect()
}
