//! What a job may ask of people, as posters write it: a row a case.

use sync_protocol::documents::Demands;

/// Codes of a case, separated by commas.
fn codes(text: &str) -> Vec<String> {
    text.split(',').filter(|code| !code.is_empty()).map(str::to_owned).collect()
}

/// What comes of age, certificates and languages: `ok`, or the fields at fault.
fn check(age: Option<i64>, certificates: &str, languages: &str) -> String {
    match Demands::check(age, &codes(certificates), &codes(languages)) {
        Ok(_) => "ok".to_owned(),
        Err(faults) => faults.iter().map(|(field, _)| *field).collect::<Vec<_>>().join(" "),
    }
}

#[test]
fn a_slip_of_the_keyboard_is_named_with_its_field() {
    let many: String = (b'a'..=b'z').map(|letter| format!("a{},", char::from(letter))).collect();
    for (age, certificates, languages, expected) in [
        (None, "", "", "ok"),
        (Some(18), "health,forklift", "zh,yue", "ok"),
        (Some(18), " Health ", "ZH", "ok"),
        (Some(13), "", "", "min_age"),
        (Some(100), "", "", "min_age"),
        (Some(-1), "heath", "", "min_age certificates"),
        (None, "", "mandarin", "languages"),
        (None, "", "z9", "languages"),
        (None, "", many.as_str(), "languages"),
    ] {
        assert_eq!(check(age, certificates, languages), expected, "{age:?} {certificates} {languages}");
    }
    let told = Demands::check(None, &codes("heath"), &[]).unwrap_err();
    assert!(told[0].1.contains("`heath` is not one of health, forklift"), "{told:?}");
}

#[test]
fn what_is_not_asked_any_more_is_written_over() {
    let asked = Demands::check(Some(18), &codes("health"), &codes("zh")).unwrap();
    let fewer = Demands::check(None, &codes("health"), &[]).unwrap();
    let dropped = |before: &Demands, next: &Demands| {
        before.dropped_by(next).into_iter().map(|(field, _)| field).collect::<Vec<_>>()
    };
    assert_eq!(dropped(&asked, &fewer), ["min_age", "languages"]);
    assert!(dropped(&fewer, &asked).is_empty() && !asked.are_none());
    assert!(Demands::default().are_none() && dropped(&asked, &Demands::default()).len() == 3);
}
