//! Every page from example models, checked for structure.
//!
//! With `DAYSHIFT_RENDER_DIR` set, the pages are also written there to be looked at.

use askama::Template;
use sync_store::FenceCause;

use super::view::*;

const PAGE_BYTES_MAX: usize = 60_000;

fn frame() -> Frame {
    Frame { hub: "hub 1 of 3".to_owned(), clock: "17:42:08 UTC".to_owned(), refresh_s: 5, synthetic: true }
}

fn nodes() -> Vec<NodeRow> {
    let regions = [
        "Yuhang",
        "Linping",
        "Gongshu",
        "Xihu",
        "Shangcheng",
        "Qiantang",
        "Binjiang",
        "Xiaoshan",
        "Fuyang",
        "Lin'an",
    ];
    let row = |n: usize| {
        let state = match n {
            27 => State::Behind,
            41 => State::CutOff,
            45 => State::Fenced,
            _ => State::Up,
        };
        let lag_ms = [140, 90, 320, 1_400, 210, 160, 3_200][n % 7];
        NodeRow {
            name: format!("{} {}", regions[n / 5], n % 5 + 1),
            region: regions[n / 5].to_owned(),
            incarnation: if n == 45 { 3 } else { 1 },
            state,
            lag_ms: Some(if n == 27 { 38_000 } else { lag_ms }),
            pending: Some(if n == 27 { 4_120 } else { 3 }),
            held: 27,
            used: 112,
            contact_s: Some(if state.is_bound() { 848 } else { 1 }),
            carried_s: None,
        }
    };
    (0..46).map(row).collect()
}

fn overview() -> OverviewPage {
    let event = |at: &str, text: &str| Event { at: at.to_owned(), text: text.to_owned() };
    OverviewPage {
        frame: frame(),
        nodes: nodes(),
        sign_ups: (0..60).map(|n| 150 + n * 37 % 80 + n).collect(),
        sign_ups_today: 18_406,
        since: "00:00 UTC".to_owned(),
        jobs: 2_096,
        oversold: 0,
        silent: Some(Silent { age_s: 848, node: "Fuyang 2".to_owned(), state: State::CutOff }),
        over: OverCounts { limbo_rights: 3, copied: 1, awaiting: 0 },
        events: vec![
            event("17:20", "node 12.1 joined as Linping 2 in Linping"),
            event("16:58", "node 45.3 fenced: two heads at 88, two machines write under one name <copied>"),
        ],
    }
}

fn job(n: u32) -> JobRow {
    JobRow {
        id: format!("7-3-009{n}"),
        title: ["Warehouse loader", "Sorter", "分拣员 <b>"][n as usize % 3].to_owned(),
        region: "Xiasha".to_owned(),
        start: "tomorrow 07:00".to_owned(),
        cap: 40,
        used: 28,
        pool: 4,
        waiting: 2,
        open: n != 2,
        synthetic: n == 1,
    }
}

fn seats() -> SeatsPage {
    let node = |node: &str, state, granted, returned, used, known_s, note: Option<&str>| NodeSeats {
        node: node.to_owned(),
        state,
        granted,
        returned,
        used,
        known_s: Some(known_s),
        note: note.map(str::to_owned),
    };
    SeatsPage {
        frame: frame(),
        job: job(0),
        nodes: vec![
            node("Qiantang 1", State::Up, 10, 1, 8, 1, None),
            node("Qiantang 2", State::Up, 6, 0, 6, 1, Some("out of rights 17:36, asked, granted 2")),
            node("Qiantang 3", State::Behind, 5, 0, 3, 38, None),
            node("Shangcheng 4", State::Up, 8, 2, 5, 1, None),
            node("Xihu 2", State::Up, 7, 4, 3, 2, None),
            node(
                "Fuyang 2",
                State::CutOff,
                4,
                0,
                1,
                848,
                Some("as reported 14 min ago; may have used all 4"),
            ),
            node("Lin'an 1", State::Fenced, 3, 0, 2, 2_640, Some("copied disk; reports kept as evidence")),
        ],
        oversold: 0,
        above_cap: 2,
        open: true,
        endings: vec![EndingRow {
            sign_up: "s5-1-12".to_owned(),
            holder: "Qiantang 1".to_owned(),
            reason: "the cap was lowered",
            asked_at: "17:40".to_owned(),
            done: false,
        }],
    }
}

fn incarnations() -> IncarnationsPage {
    let over = |name: &str, cause, is_settled, reserved| OverRow {
        name: name.to_owned(),
        node: 45,
        incarnation: 2,
        is_settled,
        cause,
        detail: "two heads at 88 <copied>".to_owned(),
        since: "2026-05-01 17:02".to_owned(),
        reserved,
    };
    IncarnationsPage {
        frame: frame(),
        over: vec![
            over("Lin'an 1", FenceCause::Copied, false, 3),
            over("Fuyang 2", FenceCause::Retired, true, 0),
        ],
        limbo: vec![LimboRow {
            job: "j0-1-1024".to_owned(),
            title: "Sorter".to_owned(),
            start: "2026-05-02 07:00".to_owned(),
            has_started: false,
            holder: "Lin'an 1 (45.2)".to_owned(),
            reserved: 3,
            used: 2,
            needs_a_choice: true,
            can_be_reclaimed: true,
        }],
        awaiting: vec![AwaitingRow { vshard: 88, history: 2, nodes: vec!["Fuyang 2 (44.1)".to_owned()] }],
    }
}

fn sync() -> SyncPage {
    let peer = |node: NodeRow| PeerRow {
        sent: if node.state == State::Up { 90_412 } else { 86_292 },
        head: 90_412,
        received: 4_120,
        bytes_out: 12_400_000,
        bytes_in: 812_000,
        batches: 18_220,
        name: node.name,
        state: node.state,
        lag_ms: node.lag_ms,
        contact_s: node.contact_s,
        carried_s: node.carried_s,
    };
    SyncPage {
        frame: frame(),
        peers: nodes().into_iter().map(peer).collect(),
        median_ms: Some(140),
        max_ms: Some(13_000),
    }
}

fn pages() -> Vec<(&'static str, String)> {
    let mut fresh = overview();
    fresh.nodes.clear();
    fresh.events.clear();
    fresh.silent = None;
    fresh.over = OverCounts::default();
    let quiet = IncarnationsPage { over: vec![], limbo: vec![], awaiting: vec![], ..incarnations() };
    let mut bad = overview();
    bad.oversold = 1;
    let nodes_page = NodesPage { frame: frame(), nodes: nodes() };
    let jobs = JobsPage {
        frame: frame(),
        q: "load\"er".to_owned(),
        with_past: true,
        total: 1_204,
        jobs: (0..9).map(job).collect(),
        next: Some(format!("{JOBS}?page=2")),
    };
    let unknown = ProblemPage {
        frame: frame(),
        title: "Not found".to_owned(),
        detail: "there is nothing at this address".to_owned(),
    };
    vec![
        ("problem", unknown.render().unwrap()),
        ("overview", overview().render().unwrap()),
        ("overview-empty", fresh.render().unwrap()),
        ("overview-oversold", bad.render().unwrap()),
        ("nodes", nodes_page.render().unwrap()),
        ("sync", sync().render().unwrap()),
        ("jobs", jobs.render().unwrap()),
        ("seats", seats().render().unwrap()),
        ("incarnations", incarnations().render().unwrap()),
        ("incarnations-none", quiet.render().unwrap()),
    ]
}

fn check_balanced(name: &str, html: &str) {
    const VOID: [&str; 5] = ["meta", "link", "input", "br", "wbr"];
    let mut open = Vec::new();
    for tag in html.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap();
        let word: String = tag.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '/').collect();
        if let Some(closed) = word.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(closed), "{name}: </{closed}>");
        } else if !tag.starts_with('!') && !tag.ends_with('/') && !VOID.contains(&word.as_str()) {
            open.push(word);
        }
    }
    assert!(open.is_empty(), "{name}: left open: {open:?}");
}

#[test]
fn console_pages_are_sound() {
    let shown = std::env::var("DAYSHIFT_RENDER_DIR").ok();
    for (name, html) in pages() {
        check_balanced(name, &html);
        assert!(html.contains("<html lang=\"en\""), "{name}: no lang");
        for banned in ["<script", "<style", " style=", " onclick", "http://", "https://"] {
            assert!(!html.contains(banned), "{name}: {banned}");
        }
        let bytes = html.len() + SHEET.len();
        assert!(bytes < PAGE_BYTES_MAX, "{name}: {bytes} bytes");
        for path in [OVERVIEW, NODES, SYNC, INCARNATIONS, JOBS, SHEET_PATH] {
            assert!(html.contains(&format!("href=\"{path}\"")), "{name}: no link to {path}");
        }
        if let Some(dir) = &shown {
            let local = html.replace(SHEET_PATH, "console.css");
            std::fs::write(format!("{dir}/console-{name}.html"), local).unwrap();
            std::fs::write(format!("{dir}/console.css"), SHEET).unwrap();
        }
    }
}

#[test]
fn the_bar_has_one_cell_for_each_place() {
    let page = seats();
    let html = page.render().unwrap();
    let bar = html.split("<svg class=\"bar\"").nth(1).unwrap();
    let bar = bar.split("</svg>").next().unwrap();
    assert_eq!(bar.matches("<rect").count(), 40);
    assert!(html.contains("cap 40 = pool 4 + out 36"));
    assert!(html.contains("28 of 40 confirmed as known here, 32 at most"));
}

#[test]
fn made_up_jobs_are_called_so() {
    let said = "demo data: a program made up their shifts";
    let mut page = seats();
    page.job.synthetic = true;
    let html = page.render().unwrap();
    assert!(html.contains(said) && html.contains("· synthetic"));
    page.frame.synthetic = false;
    assert!(!page.render().unwrap().contains(said));
}

#[test]
fn what_was_not_heard_is_not_called_fresh() {
    let mut page = seats();
    page.nodes[0].known_s = None;
    assert!(page.render().unwrap().contains("before this hub began"));
    let mut page = NodesPage { frame: frame(), nodes: nodes() };
    page.nodes.truncate(1);
    (page.nodes[0].pending, page.nodes[0].lag_ms) = (None, None);
    assert_eq!(page.render().unwrap().matches("not known").count(), 2);
}

#[test]
fn a_settled_incarnation_has_exact_figures() {
    let mut page = seats();
    page.nodes.truncate(1);
    let node = &mut page.nodes[0];
    (node.state, node.known_s) = (State::Settled, None);
    (node.granted, node.returned, node.used) = (5, 2, 3);
    let html = page.render().unwrap();
    assert!(html.contains("settled") && html.contains("exactly"));
    assert!(!html.contains("≥") && !html.contains("≤") && !html.contains("before this hub began"));
    page.nodes[0].state = State::Fenced;
    assert!(page.render().unwrap().contains("≥ 3"));
}

#[test]
fn a_carried_file_is_heard_of() {
    let mut page = NodesPage { frame: frame(), nodes: nodes() };
    page.nodes.truncate(1);
    (page.nodes[0].contact_s, page.nodes[0].carried_s) = (None, Some(848));
    assert!(page.render().unwrap().contains("not since this hub began, by file 14 min ago"));
}

#[test]
fn the_overview_says_how_things_are() {
    let html = overview().render().unwrap();
    assert!(html.contains("43 of 46 nodes are in step."));
    assert!(html.contains("18,406 since 00:00 UTC") && html.contains("As of 17:42:08 UTC"));
    assert!(html.contains("No job is oversold."));
    assert_eq!(html.matches("<polygon").count(), 46);
    let mut bad = overview();
    bad.oversold = 1;
    let html = bad.render().unwrap();
    assert!(html.contains("1 job is oversold.") && !html.contains("No job is oversold."));
}

#[test]
fn a_copied_disk_is_an_alarm_and_says_what_to_do() {
    let html = incarnations().render().unwrap();
    assert!(html.contains("<b class=\"cut\">1 disk was copied or put back.</b>"));
    assert!(html.contains("1 of 2 incarnations that are over is not settled"));
    assert_eq!(html.matches("dayshift node reclaim 45").count(), 1);
    assert_eq!(html.matches("dayshift hub import-node-disk FOLDER --this-is-the-one").count(), 1);
    assert!(html.contains("with the disk that counts, by reclaim, or with the start"));
    assert!(!html.contains("with the log"), "no log of a copy settles it by itself");
    assert!(html.contains("1 restored vshard grants nothing yet") && html.contains("Fuyang 2 (44.1)"));
    let html = overview().render().unwrap();
    assert!(html.contains("3 rights in limbo") && html.contains("1 disk was copied"));
}
