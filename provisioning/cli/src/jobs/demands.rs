//! What a row of a file asks of workers: an age, certificates, languages.

use super::dates::excerpt;
use super::fields::Fields;
use super::map::ColumnRules;
use super::verdict::{Place, Reason, Refusal};
use sync_protocol::documents::{Demands, demands::CERTIFICATES};

/// What the row asks of workers; certificates by code or by either name.
pub(super) fn read_demands(fields: &Fields, rules: &ColumnRules) -> Result<Demands, Refusal> {
    let column =
        |columns: &[String]| fields.first(columns).map(|(name, text)| (name.to_owned(), text.to_owned()));
    let (age, certificates) = (column(&rules.fields.min_age), column(&rules.fields.certificates));
    let languages = column(&rules.fields.languages);
    let refuse = |at: &Option<(String, String)>, reason, message: String| {
        let place = at.as_ref().map_or_else(|| Place::at_line(fields.line()), |(name, _)| fields.place(name));
        Refusal::new(place, reason, message)
    };
    let min_age = match &age {
        None => None,
        Some((_, text)) => Some(text.parse::<i64>().map_err(|_| {
            refuse(
                &age,
                Reason::NotANumber,
                format!("min_age: `{}` is not a whole number of years", excerpt(text)),
            )
        })?),
    };
    let codes = |given: &Option<(String, String)>| -> Vec<String> {
        let text = given.as_ref().map_or("", |(_, text)| text.as_str());
        let parts =
            text.split([',', ';', '，', '、', '；', '|']).map(str::trim).filter(|part| !part.is_empty());
        parts.map(certificate_code).collect()
    };
    Demands::check(min_age, &codes(&certificates), &codes(&languages)).map_err(|faults| {
        let (field, fault) = faults.into_iter().next().unwrap_or_default();
        let at = match field {
            "min_age" => &age,
            "certificates" => &certificates,
            _ => &languages,
        };
        refuse(at, Reason::DemandWrong, format!("{field}: {fault}"))
    })
}

/// The code of a certificate that is given by its Chinese or English name; what is no such name stays as it is.
fn certificate_code(given: &str) -> String {
    let known = CERTIFICATES.iter().find(|known| known.zh == given || known.en.eq_ignore_ascii_case(given));
    known.map_or(given, |known| known.code).to_owned()
}
