//! The clerk's first page at the hub, shifts to post on the left and who comes on the right; and who comes alone, which
//! keeps itself up to date.

use super::{
    Clerk, day_of, post,
    scope::{Shift, Shifts},
    view::{AsOf, BoardPage, GatePage, Held, Known, WhoPage},
};
use crate::{
    clock,
    http::Problem,
    live::{self, NodeView},
    peers::PeerState,
};
use axum::{http::StatusCode, response::Response};
use jiff::civil::Date;
use pages::{
    agency::{
        Frame,
        view::{Chosen, Day, Left, ShiftLine, done, show as show_page},
        who::{self, Showing},
    },
    hm,
};
use sync_protocol::{
    ids::{JobId, Writer},
    seats::HubHolding,
};

/// Seconds after which who comes is asked for again.
const REFRESH_S: u32 = 10;

/// `GET /agency`.
pub(super) async fn show(clerk: Clerk) -> Response {
    let day = day_of(&clerk, &clerk.query, "day");
    let f = clerk.frame("/agency");
    match post::fresh(&clerk, &f, day).await {
        Ok(left) => {
            let (chosen, all) = (clerk.query.get("shift"), clerk.query.get("all") == "1");
            page(&clerk, f, left, day, chosen, all).await
        }
        Err(problem) => clerk.explain(&problem),
    }
}

/// The whole page around its left side.
pub(super) async fn page(
    clerk: &Clerk,
    f: Frame,
    mut left: Left,
    day: Date,
    chosen: &str,
    all: bool,
) -> Response {
    let way = format!("&way={}", left.way);
    match right(clerk, &f, day, chosen, Address { path: "/agency", more: &way }, all).await {
        Ok((right, known)) => {
            left.shift = right.chosen.as_ref().map_or_else(String::new, |chosen| chosen.line.id.clone());
            show_page(StatusCode::OK, &BoardPage { f, left, right, known })
        }
        Err(problem) => clerk.explain(&problem),
    }
}

/// `GET /agency/who`.
pub(super) async fn who(clerk: Clerk) -> Response {
    let day = day_of(&clerk, &clerk.query, "day");
    let refresh_s = (clerk.query.get("still") != "1").then_some(REFRESH_S);
    let f = Frame { refresh_s, ..clerk.frame("/agency/who") };
    let (chosen, all) = (clerk.query.get("shift"), clerk.query.get("all") == "1");
    match right(&clerk, &f, day, chosen, Address { path: "/agency/who", more: "" }, all).await {
        Ok((right, known)) => show_page(StatusCode::OK, &WhoPage { f, right, known }),
        Err(problem) => clerk.explain(&problem),
    }
}

/// `GET /agency/gate`: it is at the halls, and which those are.
pub(super) async fn gate(clerk: Clerk) -> Response {
    match live::nodes(&clerk.app).await {
        Ok(nodes) => {
            let of_region = nodes.iter().filter(|node| node.record.region == clerk.scope.region.name);
            let halls: Vec<&str> = of_region.map(|node| node.record.name.as_str()).collect();
            show_page(StatusCode::OK, &GatePage { f: clerk.frame("/agency/gate"), halls: halls.join(", ") })
        }
        Err(problem) => clerk.explain(&Problem::from(problem)),
    }
}

/// Where the links of the right side lead.
#[derive(Debug, Clone, Copy)]
struct Address<'a> {
    path: &'static str,
    /// What each carries on besides shift, day and region.
    more: &'a str,
}

impl Address<'_> {
    fn of(self, clerk: &Clerk, pairs: &str) -> String {
        format!("{}?{pairs}&region={}{}", self.path, clerk.scope.region.name, self.more)
    }
}

/// The right side: a day's shifts and the people of one, with as of when each figure is known.
async fn right(
    clerk: &Clerk,
    f: &Frame,
    day: Date,
    chosen: &str,
    address: Address<'_>,
    all: bool,
) -> Result<(Day, Known), Problem> {
    let Shifts { shown, left_out } = shifts(clerk, day).await?;
    let nodes = live::nodes(&clerk.app).await?;
    let id: Option<JobId> = chosen.parse().ok();
    let at = shown.iter().position(|shift| Some(shift.job()) == id);
    let at = at.or_else(|| next(&shown)).or_else(|| (!shown.is_empty()).then_some(0));
    let href = |shift: &Shift| address.of(clerk, &format!("shift={}&day={day}", shift.job()));
    let line_of = |(n, shift)| line(clerk, shift, href(shift), at == Some(n));
    let today = clerk.scope.region.now().date();
    let days = [today.yesterday().unwrap_or(today), today, today.tomorrow().unwrap_or(today)]
        .into_iter()
        .zip(["a-yesterday", "a-today", "a-tomorrow"])
        .map(|(of, key)| (address.of(clerk, &format!("day={of}")), f.t(key), of == day))
        .collect();
    let chosen = at.and_then(|n| shown.get(n)).map(|shift| {
        let has_begun = shift.fields.start_at <= clock::now();
        let how = Showing { zone: &clerk.scope.region.zone, has_begun, may_end: true, all };
        let (guests, folded) = who::lines(f, &shift.people, how);
        let all_href = format!("{}&all=1", href(shift));
        let wait = who::turn(f, &shift.fields, shift.view.draw_at, &clerk.scope.region.zone);
        (shift, Chosen { line: line(clerk, shift, href(shift), true), guests, folded, all_href, wait })
    });
    let known = Known {
        left_out: u32::try_from(left_out).unwrap_or(u32::MAX),
        held: chosen.as_ref().map_or_else(Vec::new, |(shift, _)| held(clerk, shift, &nodes)),
        ..region(clerk, &nodes)
    };
    let title = if day == today { f.t("a-who-today") } else { f.t_a("a-who-day", day.to_string()) };
    let shifts = shown.iter().enumerate().map(line_of).collect();
    let day = day.to_string();
    let (done, chosen) = (done(f, &clerk.query), chosen.map(|(_, chosen)| chosen));
    Ok((Day { done, title, days, day, shifts, chosen }, known))
}

/// The shifts of a day, and those of the day before that are still going on.
async fn shifts(clerk: &Clerk, day: Date) -> Result<Shifts, Problem> {
    let region = &clerk.scope.region;
    let (begins, ends) = region.bounds(day);
    let mut found = clerk.scope.shifts(&clerk.app, begins, ends, i64::MIN).await?;
    if day == clerk.scope.region.now().date() {
        let (before, _) = region.bounds(day.yesterday().unwrap_or(day));
        let going_on = clerk.scope.shifts(&clerk.app, before, begins, clock::now()).await?;
        found.shown.splice(0..0, going_on.shown);
        found.left_out += going_on.left_out;
    }
    Ok(found)
}

/// The shift that a clerk looks at next: the one that begins next or goes on.
fn next(shifts: &[Shift]) -> Option<usize> {
    let now = clock::now();
    shifts.iter().position(|shift| shift.fields.end_at > now)
}

pub(super) fn line(clerk: &Clerk, shift: &Shift, href: String, is_chosen: bool) -> ShiftLine {
    ShiftLine {
        id: shift.job().to_string(),
        href,
        start: hm(&clerk.scope.region.local(shift.fields.start_at)),
        title: shift.fields.title.clone(),
        place: shift.fields.place.clone(),
        is_chosen,
        is_open: shift.view.seats.open,
        cap: shift.view.seats.cap,
        confirmed: shift.confirmed(),
        arrived: shift.arrived(),
        waiting: shift.waiting(),
    }
}

/// Which nodes of the region are not heard: what happened there since is in no list.
pub(super) fn region(clerk: &Clerk, nodes: &[NodeView]) -> Known {
    let of_region = nodes.iter().filter(|node| node.record.region == clerk.scope.region.name);
    let silent = of_region.filter(|node| is_silent(node));
    let silent = silent.map(|node| (node.record.name.clone(), as_of(clerk, node))).collect();
    Known { silent, ..Known::default() }
}

/// Whether a node has no line.
pub(super) const fn is_silent(node: &NodeView) -> bool {
    matches!(node.state, PeerState::CutOff | PeerState::Never)
}

/// As of when the hub knows a node.
fn as_of(clerk: &Clerk, node: &NodeView) -> AsOf {
    if matches!(node.state, PeerState::Up | PeerState::Behind) {
        return AsOf::Now;
    }
    let heard = node.contact.as_ref().map(|contact| contact.last_contact_at).max(node.carried_at);
    let Some(heard) = heard else { return AsOf::BeforeStart };
    let (at, now) = (clerk.scope.region.local(heard), clerk.scope.region.now());
    let day = if at.date() == now.date() { String::new() } else { format!("{} ", at.date()) };
    AsOf::Since(format!("{day}{}", hm(&at)))
}

/// Where the places of a shift are, as the hub knows it.
fn held(clerk: &Clerk, shift: &Shift, nodes: &[NodeView]) -> Vec<Held> {
    let of_holder = |(writer, holding): &(Writer, HubHolding)| {
        let node = nodes.iter().find(|node| node.record.writer == *writer);
        Held {
            node: live::name_of(&clerk.app, *writer),
            as_of: match node {
                Some(node) => as_of(clerk, node),
                None if writer.is_hub() => AsOf::Now,
                None => AsOf::Over,
            },
            confirmed: holding.live,
            free: holding.granted.saturating_sub(holding.returned + holding.live),
        }
    };
    shift.view.holdings.iter().map(of_holder).collect()
}
