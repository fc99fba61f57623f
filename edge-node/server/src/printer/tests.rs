//! Real programs as printers: one that prints into a file, one that fails, one that hangs.

use super::*;
use std::{os::unix::fs::PermissionsExt, time::Instant};

/// More than any of these programs needs.
const LONG: Duration = Duration::from_secs(30);

/// A folder of a test's own, with programs in it.
struct Desk(PathBuf);

impl Desk {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("dayshift-print-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// Writes a program; its path.
    fn program(&self, name: &str, script: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        path.display().to_string()
    }

    fn printer(&self, command: &str, wait: Duration) -> Printer {
        Printer::open(&self.0.join("printing"), Some(command), wait).unwrap().unwrap()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn slip() -> Slip {
    sample_slip(&jiff::civil::date(2026, 11, 22).at(5, 42, 0, 0)).unwrap()
}

#[tokio::test]
async fn a_program_gets_the_slip_on_its_input_and_as_a_private_file() {
    let desk = Desk::new("both");
    let program = desk.program(
        "prints",
        "cat > \"$1/input\"; cp \"$2\" \"$1/copy\"; stat -c '%a' \"$2\" \"${2%/*}\" > \"$1/mode\"; touch \"${2%/*}/more\"; echo request 7",
    );
    let printer = desk.printer(&format!("{program} {} {{}}", desk.0.display()), LONG);
    for _ in 0..2 {
        let printed = printer.print(&slip()).await;
        assert!(printed.result.is_ok(), "{printed:?}");
        assert_eq!(printed.said(&slip()), "request 7");
        assert_eq!(
            (desk.read("input"), desk.read("copy")),
            (slip().html().to_owned(), slip().html().to_owned())
        );
        assert_eq!(desk.read("mode"), "600\n700\n");
        assert!(!desk.0.join("printing").exists(), "nothing is kept, nor what the program put beside it");
    }
}

#[tokio::test]
async fn what_a_power_cut_left_is_gone_with_the_next_start() {
    let desk = Desk::new("left");
    let folder = desk.0.join("printing");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("slip.html"), "a card").unwrap();
    assert!(Printer::open(&folder, None, LONG).unwrap().is_none());
    assert!(!folder.exists(), "also where nothing prints any more");
    assert!(Printer::open(&folder, Some("  "), LONG).unwrap().is_none(), "an empty command prints nothing");
}

#[tokio::test]
async fn a_program_that_fails_is_heard_and_tells_nothing_of_the_slip() {
    let desk = Desk::new("fails");
    let program = desk.program("echoes", "cat >&2; exit 3");
    let printed = desk.printer(&program, LONG).print(&slip()).await;
    assert_eq!(printed.said(&slip()), "…", "nothing of the slip is logged");
    assert!(
        matches!(printed.result, Err(PrintError::Failed(status)) if status.code() == Some(3)),
        "{printed:?}"
    );
    let short = desk.program("short", "echo number 000 000 refused >&2; echo no paper; exit 3");
    let printed = desk.printer(&short, LONG).print(&slip()).await;
    assert_eq!(printed.said(&slip()), "… | no paper");
    let endless =
        desk.program("talks", "head -c 1000000 /dev/zero | tr '\\0' x; echo; echo no paper; exit 1");
    let printed = desk.printer(&endless, LONG).print(&slip()).await;
    assert_eq!(
        (printed.said.len(), &*printed.said(&slip())),
        (PRINT_SAID_BYTES_MAX, "no paper"),
        "the end of it"
    );
}

#[tokio::test]
async fn a_program_that_hangs_is_ended_with_all_that_it_started() {
    let desk = Desk::new("hangs");
    let program = desk.program("hangs", "sleep 600 & echo $! > \"$1/child\"; echo began; sleep 600");
    let wait = Duration::from_secs(2);
    let printed = desk.printer(&format!("{program} {} {{}}", desk.0.display()), wait).print(&slip()).await;
    assert!(matches!(printed.result, Err(PrintError::Late(late)) if late == wait), "{printed:?}");
    assert_eq!(printed.said(&slip()), "began");
    let child = format!("/proc/{}/stat", desk.read("child").trim());
    // Who takes orphans in may not have looked yet: it is dead, or gone.
    let is_dead = |stat: String| [") Z ", ") X "].iter().any(|state| stat.contains(state));
    let deadline = Instant::now() + LONG;
    while !fs::read_to_string(&child).map_or(true, is_dead) {
        assert!(Instant::now() < deadline, "it lives on");
    }
    assert!(!desk.0.join("printing").exists(), "its file is gone as well");
}

#[tokio::test]
async fn a_program_that_leaves_somebody_behind_has_ended() {
    let desk = Desk::new("leaves");
    let program = desk.program("leaves", "sleep 600 & echo $! > \"$1/child\"; echo done");
    let printed = desk.printer(&format!("{program} {}", desk.0.display()), LONG).print(&slip()).await;
    assert!(printed.result.is_ok() && printed.said(&slip()) == "done", "{printed:?}");
    let child: i32 = desk.read("child").trim().parse().unwrap();
    rustix::process::kill_process(Pid::from_raw(child).unwrap(), Signal::KILL).unwrap();
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let desk = Desk::new("missing");
    let printed = desk.printer("no-such-printer-here {}", LONG).print(&slip()).await;
    let error = printed.result.unwrap_err();
    assert!(matches!(error, PrintError::Missing { .. }));
    assert!(error.to_string().contains("no-such-printer-here does not start"), "{error}");
    assert!(!desk.0.join("printing").exists());
}

#[test]
fn the_path_of_a_slip_is_whole_wherever_the_node_was_started() {
    let printer = Printer::open(Path::new("no-such-hall/printing"), Some("cat {}"), LONG).unwrap().unwrap();
    assert!(printer.folder.is_absolute() && printer.folder.ends_with("no-such-hall/printing"), "{printer:?}");
}
