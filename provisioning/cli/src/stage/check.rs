//! `dayshift stage --check`: a written sequence of taps, cuts, power cuts and an old disk, given by the
//! page's own requests and judged by what the stage shows.

use super::play::SEATS;
use super::snapshot::{Snapshot, Standing, Tap, Told};
use crate::demo::api::Api;
use crate::demo::wait::wait_until;
use crate::output;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const SETTLE_TIME_MAX: Duration = Duration::from_secs(30);

type Scene = fn(&Api) -> Result<Value>;

/// The scenes in their order; each begins where the one before ended.
const SCENES: [(&str, Scene); 8] = [
    ("page", page),
    ("cut", cut),
    ("stick", stick),
    ("mend", mend),
    ("plugs", plugs),
    ("cancel", cancel),
    ("old_disk", old_disk),
    ("two_disks", two_disks),
];

/// Plays all scenes; an error says which one failed.
pub(crate) fn run(address: &str) -> Result<()> {
    let stage = Api::new(address);
    for (name, scene) in SCENES {
        let start = Instant::now();
        let outcome = scene(&stage);
        let ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let line = match &outcome {
            Ok(facts) => json!({ "step": name, "ok": true, "ms": ms, "facts": facts }),
            Err(error) => json!({ "step": name, "ok": false, "ms": ms, "error": format!("{error:#}") }),
        };
        output::try_result(&line.to_string()).context("write the step")?;
        outcome.with_context(|| format!("scene {name}"))?;
    }
    Ok(())
}

fn order(stage: &Api, name: &str) -> Result<Snapshot> {
    stage.post(&format!("/do/{name}"), ("dayshift-stage", "check"), &json!({}))
}

fn seen(stage: &Api) -> Result<Snapshot> {
    stage.get("/state", &[])
}

fn twenty_taps(stage: &Api) -> Result<()> {
    for _ in 0..10 {
        order(stage, "tap-1")?;
        order(stage, "tap-2")?;
    }
    Ok(())
}

fn wait_for(stage: &Api, what: &str, holds: impl Fn(&Snapshot) -> bool) -> Result<Snapshot> {
    let found = wait_until(what, SETTLE_TIME_MAX, || {
        let shown = seen(stage)?;
        Ok(holds(&shown).then_some(shown))
    });
    found.with_context(|| format!("the stage shows {:?}", seen(stage)))
}

fn in_step(shown: &Snapshot) -> bool {
    shown.kiosks.iter().all(|kiosk| kiosk.standing == Standing::InStep)
}

/// The page is served in both languages, and nothing was sold.
fn page(stage: &Api) -> Result<Value> {
    let (en, zh) = (stage.page("/?lang=en")?, stage.page("/?lang=zh")?);
    let shown = wait_for(stage, "both kiosks in step", in_step)?;
    let dealt = shown.kiosks.iter().map(|kiosk| kiosk.free).sum::<u64>() + shown.hub.pool;
    ensure!(dealt == SEATS, "{dealt} rights are in sight");
    Ok(json!({ "bytes_en": en, "bytes_zh": zh, "rights": dealt }))
}

/// With one line cut, twenty people tap: ten seats at most are sold here, and twenty beside it.
fn cut(stage: &Api) -> Result<Value> {
    let free = order(stage, "cut-1")?.kiosks[0].free;
    twenty_taps(stage)?;
    let shown = seen(stage)?;
    let here = shown.taps.iter().filter(|tap| tap.kiosk == 0 && tap.told == Told::Confirmed).count() as u64;
    ensure!(here == free, "kiosk 1 held {free} rights and confirmed {here} people");
    ensure!(shown.taps.len() == 20, "{} taps are shown", shown.taps.len());
    let (own, other) = (shown.dayshift, shown.last_write);
    ensure!(own.oversold == 0 && own.confirmed <= SEATS, "{own:?}");
    ensure!(own.sums().0 + own.sums().1 == 20, "{own:?} are not 20 people");
    ensure!(other.confirmed == 20 && other.oversold == 10, "the comparison sold {other:?}");
    Ok(
        json!({ "confirmed": own.confirmed, "waiting": own.waiting, "requested": own.requested, "last_write_oversold": other.oversold }),
    )
}

/// A stick is carried while the line stays cut: the hub knows every seat, and kiosk 1's waiting have their place in its line.
fn stick(stage: &Api) -> Result<Value> {
    let before = seen(stage)?;
    ensure!(
        before.hub.live < before.dayshift.confirmed,
        "the hub knows all over a cut line: {:?}",
        before.hub
    );
    if before.kiosks[0].heard {
        let refused = order(stage, "carry-1").err().map(|error| error.to_string()).unwrap_or_default();
        // The hub may have noticed since.
        ensure!(refused.is_empty() || refused.contains("still believes"), "{refused}");
    }
    wait_for(stage, "the hub has noticed the cut", |shown| !shown.kiosks[0].heard)?;
    order(stage, "carry-1")?;
    let shown = wait_for(stage, "seats that the hub knows of by the stick", |shown| {
        shown.hub.live >= before.dayshift.confirmed && shown.kiosks[0].standing == Standing::CutOff
    })?;
    ensure!(shown.dayshift.oversold == 0 && shown.hub.oversold == 0, "{:?}", shown.dayshift);
    Ok(json!({ "hub_knew": before.hub.live, "hub_knows": shown.hub.live }))
}

/// The line comes back: the ten seats are filled, everybody else waits, and the hub knows it.
fn mend(stage: &Api) -> Result<Value> {
    order(stage, "mend-1")?;
    let listed = |shown: &Snapshot| shown.taps.iter().all(|tap| tap.told != Told::WaitingHere);
    let full = |shown: &Snapshot| {
        let seated = shown.dayshift.confirmed == SEATS && shown.hub.live == SEATS;
        in_step(shown) && listed(shown) && seated
    };
    let shown = wait_for(stage, "ten seats that the hub knows of", full)?;
    ensure!(shown.dayshift.oversold == 0 && shown.hub.oversold == 0, "{:?}", shown.dayshift);
    ensure!(shown.dayshift.sums() == (SEATS, 10, 0), "{:?}", shown.dayshift);
    ensure!(shown.last_write.oversold == 10, "the comparison healed by itself");
    Ok(json!({ "confirmed": shown.dayshift.confirmed, "waiting": shown.dayshift.waiting }))
}

/// Every plug is pulled and put back; nobody's place is lost.
fn plugs(stage: &Api) -> Result<Value> {
    let before = seen(stage)?.dayshift;
    for machine in ["hub", "1", "2"] {
        order(stage, &format!("pull-{machine}"))?;
    }
    ensure!(order(stage, "tap-1").is_err(), "a kiosk without power took a tap");
    for machine in ["1", "hub", "2"] {
        order(stage, &format!("plug-{machine}"))?;
    }
    let shown = wait_for(stage, "all in step after the power cuts", |shown| {
        in_step(shown) && shown.hub.live == SEATS
    })?;
    ensure!(shown.dayshift.sums() == before.sums(), "{before:?} became {:?}", shown.dayshift);
    Ok(json!({ "confirmed": before.confirmed, "waiting": before.waiting }))
}

/// A confirmed person gives the seat back, and the next in line has it.
fn cancel(stage: &Api) -> Result<Value> {
    let before = seen(stage)?;
    let confirmed = |shown: &Snapshot| -> Vec<u64> {
        let sure = shown.taps.iter().filter(|tap| tap.told == Told::Confirmed);
        sure.map(|tap| tap.number).collect()
    };
    let mut left = before.taps.len();
    // The latest at a kiosk may be waiting; those go first until a seat is given back.
    while confirmed(&before).iter().all(|number| seen(stage).is_ok_and(|s| confirmed(&s).contains(number))) {
        ensure!(left > 0, "nobody gave a seat back");
        left -= 1;
        order(stage, "cancel-1")?;
    }
    let shown = wait_for(stage, "the next in line has the seat", |shown| {
        shown.dayshift.confirmed == SEATS && shown.hub.live == SEATS
    })?;
    let promoted = confirmed(&shown).iter().filter(|number| !confirmed(&before).contains(number)).count();
    ensure!(promoted > 0, "nobody was promoted");
    ensure!(shown.dayshift.oversold == 0, "{:?}", shown.dayshift);
    Ok(json!({ "promoted": promoted }))
}

/// A copy of kiosk 1's disk sells again behind a cut line; the hub fences it and each excess person has a name.
fn old_disk(stage: &Api) -> Result<Value> {
    order(stage, "start-over")?;
    let free = wait_for(stage, "a new start in step", in_step)?.kiosks[0].free;
    for _ in 0..free {
        order(stage, "tap-1")?;
    }
    wait_for(stage, "seats that the hub knows of", |shown| in_step(shown) && shown.hub.live == free)?;
    order(stage, "cut-1")?;
    order(stage, "old-disk-1")?;
    for _ in 0..free {
        order(stage, "tap-1")?;
    }
    let twice = seen(stage)?.dayshift.confirmed;
    ensure!(twice == 2 * free, "the copy confirmed {} people", twice - free);
    order(stage, "mend-1")?;
    let shown = wait_for(stage, "kiosk 1 is fenced", |shown| shown.kiosks[0].standing == Standing::Fenced)?;
    // A kiosk that had sold out may have been granted more before its line was cut.
    let sold_again = twice.saturating_sub(shown.kiosks[0].rights);
    let named: Vec<&str> =
        shown.taps.iter().filter(|tap| tap.excess).map(|tap| tap.name[0].as_str()).collect();
    ensure!(sold_again > 0, "{} rights for {twice} people", shown.kiosks[0].rights);
    ensure!(named.len() as u64 == sold_again, "{named:?} are named, and {sold_again} seats were sold again");
    ensure!(shown.dayshift.oversold == sold_again, "{:?} hides them", shown.dayshift);
    ensure!(shown.hub.oversold == 0 && shown.hub.live == free, "the hub counts {:?}", shown.hub);
    Ok(json!({ "sold_again": sold_again, "named": named }))
}

/// Both disks of kiosk 1 sell behind a cut line: only what goes beyond its rights is oversold, the others are open.
fn two_disks(stage: &Api) -> Result<Value> {
    order(stage, "start-over")?;
    let free = wait_for(stage, "a new start in step", in_step)?.kiosks[0].free;
    order(stage, "cut-1")?;
    for _ in 1..free {
        order(stage, "tap-1")?;
    }
    order(stage, "old-disk-1")?;
    for _ in 0..free {
        order(stage, "tap-1")?;
    }
    order(stage, "mend-1")?;
    let shown = wait_for(stage, "kiosk 1 is fenced", |shown| shown.kiosks[0].standing == Standing::Fenced)?;
    let numbers = |of: fn(&Tap) -> bool| -> Vec<u64> {
        shown.taps.iter().filter(|tap| of(tap)).map(|tap| tap.number).collect()
    };
    let (excess, open) = (numbers(|tap| tap.excess), numbers(|tap| tap.unsettled));
    let (sold, rights) = (2 * free - 1, shown.kiosks[0].rights);
    ensure!(rights < sold, "{rights} rights for {sold} people");
    ensure!(shown.dayshift.oversold == sold - rights, "{:?}, with {rights} rights", shown.dayshift);
    ensure!(excess == (rights + 1..=sold).collect::<Vec<u64>>(), "{excess:?} are named");
    ensure!(open == (1..=rights).collect::<Vec<u64>>(), "{open:?} are not settled");
    ensure!(order(stage, "tap-1").is_err(), "a fenced kiosk took a tap");
    ensure!(order(stage, "cancel-1").is_err(), "a fenced kiosk took a cancellation");
    Ok(json!({ "rights": rights, "sold_on_both": sold, "named": excess, "not_settled": open }))
}
