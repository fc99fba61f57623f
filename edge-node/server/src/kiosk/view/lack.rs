//! What a job asks of people, in words: on its own page, and where somebody lacks it.

use askama::filters::Safe;
use sync_protocol::documents::{
    Demands,
    demands::{CERTIFICATES, LANGUAGES},
};

use super::{Frame, escape};
use pages::Lang;

/// What keeps a person from a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lack {
    /// The kiosk does not know the person, or whether it is that person.
    Profile,
    Age,
    /// Its code.
    Certificate(String),
    /// Its code.
    Language(String),
    Distance,
}

impl Lack {
    /// The lack that the interface's code and detail name.
    pub(crate) fn of(code: &str, detail: &str) -> Option<Self> {
        Some(match code {
            "profile-needed" => Self::Profile,
            "too-young" => Self::Age,
            "certificate-missing" => Self::Certificate(detail.to_owned()),
            "language-missing" => Self::Language(detail.to_owned()),
            "too-far" => Self::Distance,
            _ => return None,
        })
    }

    /// What is lacking, to the person.
    pub(crate) fn words(&self, frame: &Frame) -> Safe<String> {
        let lang = frame.choice.lang;
        match self {
            Self::Profile => frame.t("lack-profile"),
            Self::Age => frame.t("lack-age"),
            Self::Certificate(code) => frame.t_a("lack-certificate", certificate(code, lang)),
            Self::Language(code) => frame.t_a("lack-language", language(code, lang)),
            Self::Distance => frame.t("lack-distance"),
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
