//! No core names tokio, a clock, a socket, a thread, the disk or a random source: all of it is an argument.
//!
//! sync-store belongs to the heart as well, but owns the disk: for it only tokio and sockets are banned.

use super::Finding;
use super::source::Source;
use super::tree::Tree;

/// A path that must not be named, and what to do instead.
struct Ban {
    path: &'static [&'static str],
    /// Whether the path must stand at the start (a package) or may stand anywhere.
    start: bool,
    fix: &'static str,
}

const fn package(path: &'static [&'static str], fix: &'static str) -> Ban {
    Ban { path, start: true, fix }
}

const fn anywhere(path: &'static [&'static str], fix: &'static str) -> Ban {
    Ban { path, start: false, fix }
}

const SHELL: &str = "move it to the server package; the core is called by it";
const CLOCK: &str = "take the time as argument `now`";
const RANDOM: &str = "take the bytes or the seed as argument";
const THREAD: &str = "return the work to the caller, who owns the threads";
const DISK: &str = "take the bytes as argument, or go through sync-store";

const STORE_BANS: &[Ban] = &[
    package(&["tokio"], SHELL),
    package(&["quinn"], SHELL),
    package(&["hyper"], SHELL),
    package(&["async_std"], SHELL),
    package(&["socket2"], SHELL),
    package(&["std", "net"], SHELL),
    package(&["std", "os", "unix", "net"], SHELL),
    package(&["rustix", "net"], SHELL),
];

const CORE_BANS: &[Ban] = &[
    package(&["std", "fs"], DISK),
    package(&["std", "thread"], THREAD),
    anywhere(&["thread", "spawn"], THREAD),
    package(&["rayon"], THREAD),
    anywhere(&["time", "Instant"], CLOCK),
    anywhere(&["time", "SystemTime"], CLOCK),
    anywhere(&["Instant", "now"], CLOCK),
    anywhere(&["SystemTime", "now"], CLOCK),
    anywhere(&["Timestamp", "now"], CLOCK),
    anywhere(&["Zoned", "now"], CLOCK),
    anywhere(&["Utc", "now"], CLOCK),
    anywhere(&["OffsetDateTime", "now_utc"], CLOCK),
    package(&["rand"], RANDOM),
    package(&["rand_core"], RANDOM),
    package(&["fastrand"], RANDOM),
    package(&["getrandom"], RANDOM),
    anywhere(&["OsRng"], RANDOM),
    anywhere(&["RandomState"], RANDOM),
    anywhere(&["Uuid", "new_v4"], RANDOM),
    anywhere(&["Uuid", "now_v7"], RANDOM),
];

const CORES: [&str; 3] = ["sync-protocol/core/src/", "edge-node/core/src/", "hub/core/src/"];
const STORE: &str = "sync-protocol/store/src/";

/// Finds the names in the sources of the heart, tests apart.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in tree.sources() {
        let core = CORES.iter().any(|folder| path.starts_with(folder));
        if core || path.starts_with(STORE) {
            findings.extend(named(path, source, STORE_BANS));
        }
        if core {
            findings.extend(named(path, source, CORE_BANS));
        }
    }
    findings
}

fn named(path: &str, source: &Source, bans: &[Ban]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, names) in source.paths() {
        let line = source.tokens.get(index).map_or(1, |token| token.line);
        let ban = bans.iter().find(|ban| !source.is_test(index) && ban.matches(&names));
        findings.extend(
            ban.map(|ban| Finding::new(path, line, format!("a core names {}", ban.path.join("::")), ban.fix)),
        );
    }
    findings
}

impl Ban {
    fn matches(&self, names: &[&str]) -> bool {
        if self.start {
            // A lone name is a variable or a field unless it is imported, and then it is used with `::`.
            return names.starts_with(self.path) && (names.len() > 1 || self.path.len() > 1);
        }
        names.windows(self.path.len()).any(|window| window == self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::super::check_rule;

    fn check(path: &str, text: &str, expected: &[&str]) {
        check_rule(super::check, &[(path, text)], expected);
    }

    const CORE: &str = "hub/core/src/a.rs";
    const STORE: &str = "sync-protocol/store/src/a.rs";

    #[test]
    fn a_core_names_nothing_of_the_outside() {
        check(CORE, "use tokio::sync::mpsc;", &["hub/core/src/a.rs:1 a core names tokio"]);
        check(CORE, "use std::{fmt,\n net::IpAddr};", &["hub/core/src/a.rs:2 a core names std::net"]);
        check(CORE, "fn a() { Instant::now() }", &["hub/core/src/a.rs:1 a core names Instant::now"]);
        check(
            CORE,
            "use std::time::{Duration, SystemTime};",
            &["hub/core/src/a.rs:1 a core names time::SystemTime"],
        );
        check(CORE, "use std::thread;", &["hub/core/src/a.rs:1 a core names std::thread"]);
        check(CORE, "fn a() { std::fs::read(b) }", &["hub/core/src/a.rs:1 a core names std::fs"]);
        check(CORE, "fn a() { getrandom::fill(b) }", &["hub/core/src/a.rs:1 a core names getrandom"]);
        check(CORE, "use std::time::Duration; // tokio::spawn\nlet rand = \"std::fs\";", &[]);
    }

    #[test]
    fn tests_of_a_core_and_other_packages_may() {
        check(CORE, "#[cfg(test)] mod tests { use std::fs; }", &[]);
        check("hub/server/src/a.rs", "use tokio::sync::mpsc;", &[]);
    }

    #[test]
    fn the_store_may_use_the_disk_and_no_socket() {
        check(STORE, "use std::{fs, thread};", &[]);
        check(STORE, "use std::net::TcpStream;", &["sync-protocol/store/src/a.rs:1 a core names std::net"]);
    }
}
