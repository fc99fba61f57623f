//! The words of pages as they are read aloud: the same messages, without markup, as sentences.

use super::{Answer, JobCard, Words, find::kind_words, ticket};
use pages::Lang;

/// The start page.
pub(crate) fn start(lang: Lang) -> String {
    sentences(Words(lang), &["start-title", "start-touch"])
}

/// The help page.
pub(crate) fn help(lang: Lang) -> String {
    let keys =
        ["help-title", "help-here", "help-ask", "help-queue", "help-cut", "help-cut-means", "help-lost"];
    let more = ["help-lost-means", "help-privacy", "help-privacy-means"];
    sentences(Words(lang), &[&keys[..], &more].concat())
}

/// The page that finds a ticket.
pub(crate) fn mine(lang: Lang) -> String {
    sentences(Words(lang), &["mine-title", "mine-ask"])
}

/// The tiles that find work; each kind of work is read by [`kind`].
pub(crate) fn find(lang: Lang) -> String {
    sentences(Words(lang), &["find-title"])
}

/// A kind of work.
pub(crate) fn kind(lang: Lang, kind: &str) -> String {
    joined(Words(lang), std::iter::once(kind_words(Words(lang), kind).0))
}

/// The form that signs up, by number or of somebody who is known.
pub(crate) fn sign_up(lang: Lang, is_known: bool) -> String {
    let ask: &[&str] = if is_known { &["signup-known"] } else { &["signup-phone", "signup-why"] };
    sentences(Words(lang), &[&["signup-title"], ask].concat())
}

/// The list of a crew.
pub(crate) fn crew(lang: Lang) -> String {
    sentences(Words(lang), &["crew-title", "crew-who", "crew-why"])
}

/// A ticket: what was answered, and what it means.
pub(crate) fn answer(lang: Lang, answer: Answer) -> String {
    let words = Words(lang);
    let meaning = if matches!(answer, Answer::Kept { .. }) {
        // It is spoken ahead of time, when nobody knows until when.
        words.t("ticket-provisional-said")
    } else {
        ticket::meaning(words, answer)
    };
    joined(words, [ticket::title(words, answer).0, meaning.0].into_iter())
}

/// A job: what the card says that stays as it is until the job changes.
pub(crate) fn card(lang: Lang, card: &JobCard) -> String {
    let words = Words(lang);
    let mut parts = vec![
        card.title.clone(),
        format!("{}{} {}", card.sign, card.pay.major(), card.pay.said_per(words).0),
        words.date(card.start.date()),
        super::hours(words, &card.start, &card.end).0,
        card.place.clone(),
    ];
    parts.extend(card.away.map(|away| away.said(words).0));
    let perks = &card.perks;
    let given = [
        (perks.daily_pay, "perk-pay"),
        (perks.meal, "perk-meal"),
        (perks.bed, "perk-bed"),
        (perks.night, "perk-night"),
    ];
    parts.extend(given.iter().filter(|(is_given, _)| *is_given).map(|(_, key)| words.t(key).0));
    joined(words, parts.into_iter())
}

fn sentences(words: Words, keys: &[&str]) -> String {
    joined(words, keys.iter().map(|key| words.t(key).0))
}

fn joined(words: Words, parts: impl Iterator<Item = String>) -> String {
    let stop = if words.0 == Lang::ZH { "。" } else { ". " };
    parts.map(|part| plain(&part)).collect::<Vec<_>>().join(stop)
}

/// Text without its markup.
fn plain(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut is_tag = false;
    for c in html.chars() {
        match c {
            '<' => is_tag = true,
            '>' => is_tag = false,
            c if !is_tag => out.push(c),
            _ => {}
        }
    }
    let named = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    let out = named.into_iter().fold(out, |out, (name, sign)| out.replace(name, sign));
    out.trim_end_matches(['.', '。', ' ']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spoken_has_no_markup() {
        assert_eq!(plain("Touch <b>Mine</b> &amp; wait."), "Touch Mine & wait");
        assert_eq!(answer(Lang::EN, Answer::Confirmed), "You have it. This place is yours");
        assert_eq!(answer(Lang::ZH, Answer::Confirmed), "定了。这个位子是您的");
        let kept = Answer::Kept { until: jiff::civil::DateTime::default() };
        assert_eq!(
            answer(Lang::EN, kept),
            "Kept for you, not final yet. Yours only once the centre has heard of it"
        );
        let third = Answer::WaitListed { position: 3, at_this_kiosk: false };
        assert!(answer(Lang::EN, third).contains("You are number 3"));
        assert!(help(Lang::EN).contains("Touch Mine and enter your 6 digits"));
    }
}
