//! What the pages read aloud: the sayings of each, spoken ahead of time, and the clips.

use std::{collections::BTreeSet, time::Duration};

use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::header,
    response::{IntoResponse, Response},
};

use super::{
    ask::Ask,
    cards::card,
    find::kinds,
    list::{Wanted, find},
    not_found,
};
use crate::{
    app::App,
    kiosk::{
        link,
        view::{Answer, When, Why, spoken},
    },
    limits::{CLIP_BYTES_MAX, CLIPS_IN_TURN_MAX},
    speech::{Saying, Speech, joined, speak_all},
};
use edge_core::search::{Facets, RADIUS_M_MAX};
use jiff::civil::DateTime;
use pages::Lang;

/// How often the node looks whether something new is to be spoken.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Rest before what failed is tried again; how often that is, is the speaker's.
const AGAIN_AFTER: Duration = Duration::from_secs(60);
/// Jobs of each day whose cards are spoken: the first screens of a list.
const CARDS_OF_A_DAY: usize = 24;
/// Between the names of clips that are read one after the other.
const BETWEEN: &str = "-";
/// Numbers in line that are spoken.
const POSITIONS: u32 = 9;

/// Address of the clip of a saying, where there is one.
pub(super) fn clip(app: &App, lang: Lang, text: String) -> Option<String> {
    let name = app.shared.speech.as_ref()?.clip(&Saying { tag: lang.tag(), text })?;
    Some(format!("{}/{name}.wav", link::AUDIO))
}

/// Address of what reads some sayings one after the other, of which those are read that have a clip.
pub(super) fn clips(app: &App, lang: Lang, texts: impl Iterator<Item = String>) -> Option<String> {
    let speech = app.shared.speech.as_ref()?;
    let names = texts.filter_map(|text| speech.clip(&Saying { tag: lang.tag(), text }));
    let names: Vec<String> = names.take(CLIPS_IN_TURN_MAX).collect();
    (!names.is_empty()).then(|| format!("{}/{}.wav", link::AUDIO, names.join(BETWEEN)))
}

/// Speaks what is new, as long as the node runs.
pub(crate) async fn keep_speaking(app: App) -> anyhow::Result<()> {
    let Some(speech) = app.shared.speech.clone() else { return std::future::pending().await };
    let mut looks = tokio::time::interval(LOOK_EVERY);
    let (mut spoken_of, mut again_at) = (None, None);
    loop {
        let now = looks.tick().await;
        let (generation, day) = (app.shared.generation(), super::cards::local(&app, app.shared.now()).date());
        let is_new = spoken_of.replace((generation, day)) != Some((generation, day));
        if is_new || again_at.is_some_and(|at| at <= now) {
            let lacks = speak_all(&speech, &sayings(&app)).await;
            again_at = lacks.then(|| tokio::time::Instant::now() + AGAIN_AFTER);
        }
    }
}

/// Everything that a page would read aloud now.
fn sayings(app: &App) -> BTreeSet<Saying> {
    let mut all = BTreeSet::new();
    let kinds =
        kinds(&find(app, &Wanted { facets: Facets::CATEGORIES, ..Wanted::on(When::Any) }, RADIUS_M_MAX));
    let hits: BTreeSet<_> = [When::Today, When::Tomorrow, When::Night]
        .into_iter()
        .flat_map(|when| find(app, &Wanted { most: CARDS_OF_A_DAY, ..Wanted::on(when) }, RADIUS_M_MAX).hits)
        .map(|hit| hit.job)
        .collect();
    // Where the database cannot be read the pages that need no job are spoken still.
    let views = app.shared.views(hits).unwrap_or_default();
    for lang in Lang::all() {
        let mut say = |text| all.insert(Saying { tag: lang.tag(), text });
        say(spoken::start(lang));
        say(spoken::help(lang));
        say(spoken::mine(lang));
        say(spoken::find(lang));
        say(spoken::crew(lang));
        for is_known in [true, false] {
            say(spoken::sign_up(lang, is_known));
        }
        for kind in &kinds {
            say(spoken::kind(lang, &kind.name));
        }
        for answer in answers() {
            say(spoken::answer(lang, answer));
        }
        for view in views.iter().flatten() {
            say(spoken::card(lang, &card(app, view, lang)));
        }
    }
    all
}

/// What a ticket can say without a time of its own.
fn answers() -> Vec<Answer> {
    let mut all = vec![
        Answer::Confirmed,
        Answer::Kept { until: DateTime::default() },
        Answer::Requested,
        Answer::GivingBack,
        Answer::Cancelled { was_place: true },
        Answer::Cancelled { was_place: false },
    ];
    all.extend(Why::ALL.map(Answer::Bumped));
    for at_this_kiosk in [true, false] {
        all.extend((1..=POSITIONS).map(|position| Answer::WaitListed { position, at_this_kiosk }));
    }
    all
}

/// What a name of clips says, one after the other.
async fn heard(speech: &Speech, names: &str) -> Option<Vec<u8>> {
    let mut clips = Vec::new();
    for name in names.split(BETWEEN).take(CLIPS_IN_TURN_MAX) {
        clips.push(tokio::fs::read(speech.path(name)?).await.ok()?);
    }
    if clips.len() == 1 { clips.pop() } else { joined(&clips, CLIP_BYTES_MAX) }
}

/// `GET /audio/{name}.wav`, also of several names.
pub(super) async fn audio(
    State(app): State<App>,
    ask: Ask,
    name: Result<Path<String>, PathRejection>,
) -> Response {
    let (Some(speech), Ok(Path(name))) = (&app.shared.speech, name) else { return not_found(&app, &ask) };
    match heard(speech, name.strip_suffix(".wav").unwrap_or_default()).await {
        Some(bytes) => {
            let fixed = [
                (header::CONTENT_TYPE, "audio/wav"),
                // The name is of what the clip says: another text has another name.
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            (fixed, bytes).into_response()
        }
        None => not_found(&app, &ask),
    }
}
