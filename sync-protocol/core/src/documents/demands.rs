//! What a job asks of whoever takes it: an age, certificates, languages. Read by nodes before they give a place.
//!
//! In the document these are optional fields, written only where set: an older reader passes over them.

use super::{Document, Value};
use std::collections::BTreeSet;

/// Lowest and highest age that a job may ask for.
pub const AGES: std::ops::RangeInclusive<u8> = 14..=99;
/// Certificates or languages that one job may ask for, and one worker may have.
pub const CODES_MAX: usize = 16;
/// Characters of one code.
pub const CODE_CHARS_MAX: usize = 24;

/// A certificate that jobs ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Certificate {
    pub code: &'static str,
    pub zh: &'static str,
    pub en: &'static str,
}

const fn certificate(code: &'static str, zh: &'static str, en: &'static str) -> Certificate {
    Certificate { code, zh, en }
}

/// Every certificate that can be asked for here. A code of a later version is kept and shown as it is.
pub const CERTIFICATES: [Certificate; 8] = [
    certificate("health", "健康证", "health certificate"),
    certificate("forklift", "叉车证", "forklift licence"),
    certificate("electrician", "电工证", "electrician's licence"),
    certificate("welder", "焊工证", "welder's licence"),
    certificate("height", "高处作业证", "work-at-height licence"),
    certificate("driver-c", "C 类驾驶证", "car driving licence"),
    certificate("security", "保安员证", "security guard licence"),
    certificate("elderly-care", "养老护理员证", "care worker's certificate"),
];

/// Languages that have a name here; any other code of two or three letters may be asked for as well.
pub const LANGUAGES: [(&str, &str, &str); 6] = [
    ("zh", "普通话", "Mandarin"),
    ("yue", "粤语", "Cantonese"),
    ("wuu", "吴语", "Wu Chinese"),
    ("en", "英语", "English"),
    ("es", "西班牙语", "Spanish"),
    ("ug", "维吾尔语", "Uyghur"),
];

/// What a job asks of a worker; nothing by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demands {
    /// Years at the start of the shift.
    pub min_age: Option<u8>,
    /// Codes, such as those of [`CERTIFICATES`].
    pub certificates: BTreeSet<String>,
    /// Codes of two or three letters (ISO 639).
    pub languages: BTreeSet<String>,
}

const MIN_AGE: &str = "min_age";
const CERTIFICATES_FIELD: &str = "certificates";
const LANGUAGES_FIELD: &str = "languages";

/// Why demands are refused: the field, and what to write.
pub type Fault = (&'static str, String);

impl Demands {
    /// Whether the job takes anybody.
    #[must_use]
    pub fn are_none(&self) -> bool {
        *self == Self::default()
    }

    /// Checks what a poster gave. Codes may be written in any case; an unknown certificate is a slip of the keyboard.
    pub fn check(
        min_age: Option<i64>,
        certificates: &[String],
        languages: &[String],
    ) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let age = min_age.map(|age| u8::try_from(age).ok().filter(|age| AGES.contains(age)));
        if age == Some(None) {
            faults.push((MIN_AGE, format!("write {} to {} years", AGES.start(), AGES.end())));
        }
        let mut take = |field, codes: &[String], check: fn(&str) -> Result<(), String>| {
            let codes: BTreeSet<String> = codes.iter().map(|code| code.trim().to_lowercase()).collect();
            if codes.len() > CODES_MAX {
                faults.push((field, format!("write {CODES_MAX} codes at most")));
            } else if let Some(fault) = codes.iter().find_map(|code| check(code).err()) {
                faults.push((field, fault));
            }
            codes
        };
        let certificates = take(CERTIFICATES_FIELD, certificates, check_certificate);
        let languages = take(LANGUAGES_FIELD, languages, check_language);
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self { min_age: age.flatten(), certificates, languages })
    }

    /// Names and values of what is set; of what `before` had and is not asked any more, Null.
    pub(super) fn to_fields(&self) -> Vec<(&'static str, Value)> {
        let mut fields = Vec::new();
        if let Some(age) = self.min_age {
            fields.push((MIN_AGE, Value::Int(i64::from(age))));
        }
        for (name, codes) in [(CERTIFICATES_FIELD, &self.certificates), (LANGUAGES_FIELD, &self.languages)] {
            if !codes.is_empty() {
                let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
                fields.push((name, Value::Text(codes.join(" "))));
            }
        }
        fields
    }

    /// What must be written so that a document which asks `self` asks `next` instead: Null where nothing is asked any more.
    #[must_use]
    pub fn dropped_by(&self, next: &Self) -> Vec<(&'static str, Value)> {
        let kept: Vec<&str> = next.to_fields().into_iter().map(|(name, _)| name).collect();
        let gone = self.to_fields().into_iter().filter(|(name, _)| !kept.contains(name));
        gone.map(|(name, _)| (name, Value::Null)).collect()
    }

    pub(super) fn read(document: &Document) -> Self {
        let codes = |field| {
            let text = document.text(field);
            let codes = text.split_whitespace().filter(|code| code.len() <= CODE_CHARS_MAX);
            codes.take(CODES_MAX).map(str::to_owned).collect()
        };
        let min_age = document.int(MIN_AGE).and_then(|age| u8::try_from(age).ok());
        Self {
            min_age: min_age.filter(|age| *age > 0),
            certificates: codes(CERTIFICATES_FIELD),
            languages: codes(LANGUAGES_FIELD),
        }
    }
}

/// Whether a certificate's code is one of the table.
pub fn check_certificate(code: &str) -> Result<(), String> {
    if CERTIFICATES.iter().any(|known| known.code == code) {
        return Ok(());
    }
    let known: Vec<&str> = CERTIFICATES.iter().map(|known| known.code).collect();
    Err(format!(
        "`{}` is not one of {}",
        code.chars().take(CODE_CHARS_MAX).collect::<String>(),
        known.join(", ")
    ))
}

/// Whether a language's code has the form of ISO 639.
pub fn check_language(code: &str) -> Result<(), String> {
    let is_code = (2..=3).contains(&code.len()) && code.bytes().all(|letter| letter.is_ascii_lowercase());
    let told: String = code.chars().take(CODE_CHARS_MAX).collect();
    if is_code {
        Ok(())
    } else {
        Err(format!("`{told}` is no language code of two or three letters, such as zh"))
    }
}
