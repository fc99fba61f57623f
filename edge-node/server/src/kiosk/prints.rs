//! Presses of the button that prints: each is printed once, one after the other, and pages ask what became of it.

use crate::{
    app::App,
    kiosk::view::Slip,
    limits::{PRINT_WAIT, PRINTS_KNOWN_MAX, PRINTS_PER_HOUR, PRINTS_WAITING_MAX, RATED_MAX},
    printer::{PrintError, Printer},
    telemetry::{PrintLabel, PrintOutcome},
};
use http_face::{Rate, Rates};
use std::{
    collections::VecDeque,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{mpsc, watch};

/// A hash: of a press, or of what may be printed so often.
pub(crate) type Name = [u8; 16];

/// The name of what its parts say, each of them told from the next.
pub(crate) fn name(parts: &[&[u8]]) -> Name {
    let mut hasher = blake3::Hasher::new_derive_key("dayshift press of a print button v1");
    for part in parts {
        hasher.update(&(part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let mut name = Name::default();
    name.copy_from_slice(&hasher.finalize().as_bytes()[..size_of::<Name>()]);
    name
}

/// What became of a press.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Press {
    /// It waits for its turn, or is being printed.
    UnderWay,
    Done,
    /// Nothing came of it.
    Failed,
    /// It was printed often enough.
    Often,
}

/// A slip on its way.
#[derive(Debug)]
pub(crate) struct Job {
    slip: Slip,
    /// What it takes from, and gives back where nothing comes of it.
    things: Vec<Name>,
    told: watch::Sender<Press>,
}

/// The presses of a node that has a printer.
#[derive(Debug)]
pub(crate) struct Prints {
    jobs: mpsc::Sender<Job>,
    /// The latest ones, oldest first.
    known: Mutex<VecDeque<(Name, watch::Receiver<Press>)>>,
    /// How often each ticket and each worker's card was printed.
    spent: Mutex<Rates<Name>>,
}

impl Prints {
    /// The presses, and where their slips come out.
    fn new() -> (Self, mpsc::Receiver<Job>) {
        let (jobs, waiting) = mpsc::channel(PRINTS_WAITING_MAX);
        let spent = Mutex::new(Rates::new(Rate::per_hour(PRINTS_PER_HOUR), RATED_MAX));
        (Self { jobs, known: Mutex::default(), spent }, waiting)
    }

    /// A press that was made.
    pub(crate) fn find(&self, press: &Name) -> Option<watch::Receiver<Press>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(name, _)| name == press).map(|(_, told)| told.clone())
    }

    /// Makes a press: `things` are what the slip shows, each of which may be printed some times in an hour. A press that was
    /// made already prints nothing more.
    pub(crate) fn make(
        &self,
        press: Name,
        mut things: Vec<Name>,
        slip: Slip,
        now_ms: u64,
        refuse: impl FnOnce(),
    ) -> watch::Receiver<Press> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, told)) = known.iter().find(|(name, _)| *name == press) {
            return told.clone();
        }
        things.sort_unstable();
        things.dedup();
        let (told, tells) = watch::channel(Press::UnderWay);
        if self.spent().take_each(&things, now_ms).is_err() {
            told.send_replace(Press::Often);
        } else if let Err(full) = self.jobs.try_send(Job { slip, things, told }) {
            let job = full.into_inner();
            self.give_back(&job);
            job.told.send_replace(Press::Failed);
            refuse();
        }
        if known.len() >= PRINTS_KNOWN_MAX {
            known.pop_front();
        }
        known.push_back((press, tells.clone()));
        tells
    }

    /// The program says that nothing came out: the press does not count.
    fn give_back(&self, job: &Job) {
        let mut spent = self.spent();
        job.things.iter().for_each(|thing| spent.give_back(*thing));
    }

    fn spent(&self) -> MutexGuard<'_, Rates<Name>> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The program that prints, and the slips that wait for it.
type Desk = (Printer, mpsc::Receiver<Job>);

/// The presses of a node whose operator named a program that prints, and what prints them.
///
/// # Errors
/// The folder of the slips' files cannot be cleared or made.
pub(crate) fn open(folder: &Path, command: Option<&str>) -> anyhow::Result<(Option<Prints>, Option<Desk>)> {
    let Some(printer) = Printer::open(folder, command, PRINT_WAIT)? else { return Ok((None, None)) };
    let (prints, waiting) = Prints::new();
    Ok((Some(prints), Some((printer, waiting))))
}

/// Counts what became of a slip.
pub(crate) fn count(app: &App, outcome: PrintOutcome) {
    app.shared.metrics.prints.get_or_create(&PrintLabel { outcome }).inc();
}

/// Prints what waits, one slip at a time, as long as the node runs.
pub(crate) async fn keep_printing(app: App, desk: Option<Desk>) -> anyhow::Result<()> {
    let (Some((printer, mut waiting)), Some(prints)) = (desk, &app.shared.prints) else {
        return std::future::pending().await;
    };
    while let Some(job) = waiting.recv().await {
        let printed = printer.print(&job.slip).await;
        let outcome = match &printed.result {
            Ok(()) => PrintOutcome::Printed,
            Err(PrintError::Missing { .. }) => PrintOutcome::Missing,
            Err(PrintError::Late(_)) => PrintOutcome::Late,
            Err(PrintError::Failed(_) | PrintError::Lost(_)) => PrintOutcome::Failed,
        };
        count(&app, outcome);
        match &printed.result {
            Ok(()) => drop(job.told.send_replace(Press::Done)),
            Err(error) => {
                let said = printed.said(&job.slip);
                tracing::error!(%error, said, "a slip was not printed; `edge-node printer test` tries the program");
                // Of a program that was ended nobody knows what it had sent to the printer.
                if !matches!(error, PrintError::Late(_)) {
                    prints.give_back(&job);
                }
                job.told.send_replace(Press::Failed);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kiosk::view::sample_slip;

    fn slip() -> Slip {
        sample_slip(&jiff::civil::date(2026, 11, 22).at(5, 42, 0, 0)).unwrap()
    }

    fn of(n: u64) -> Name {
        name(&[&n.to_be_bytes()])
    }

    /// Presses once for things, and says what became of it at once.
    fn press(prints: &Prints, n: u64, things: &[u64]) -> Press {
        let told = prints.make(of(n), things.iter().map(|thing| of(*thing)).collect(), slip(), 0, || {});
        *told.borrow()
    }

    #[test]
    fn a_press_is_printed_once_however_often_it_is_sent() {
        let (prints, mut waiting) = Prints::new();
        assert!(prints.find(&of(1)).is_none());
        assert_eq!([press(&prints, 1, &[7]), press(&prints, 1, &[7])], [Press::UnderWay; 2]);
        let job = waiting.try_recv().unwrap();
        assert!(waiting.try_recv().is_err(), "one slip");
        job.told.send_replace(Press::Done);
        assert_eq!(
            (press(&prints, 1, &[7]), *prints.find(&of(1)).unwrap().borrow()),
            (Press::Done, Press::Done)
        );
    }

    #[test]
    fn nobody_empties_the_roll_with_one_ticket() {
        let (prints, mut waiting) = Prints::new();
        for n in 0..u64::from(PRINTS_PER_HOUR) {
            assert_eq!(press(&prints, n, &[7]), Press::UnderWay);
            waiting.try_recv().unwrap();
        }
        assert_eq!(press(&prints, 10, &[7]), Press::Often);
        assert_eq!(press(&prints, 11, &[8, 7, 8]), Press::Often, "nor with a crew that it is of");
        assert_eq!(press(&prints, 12, &[8, 8]), Press::UnderWay, "another ticket");
    }

    #[test]
    fn what_was_not_printed_may_be_tried_again() {
        let (prints, mut waiting) = Prints::new();
        for n in 0..3 * u64::from(PRINTS_PER_HOUR) {
            assert_eq!(press(&prints, n, &[7]), Press::UnderWay);
            prints.give_back(&waiting.try_recv().unwrap());
        }
    }

    #[test]
    fn a_queue_that_is_full_says_so_at_once() {
        let (prints, mut waiting) = Prints::new();
        let most = PRINTS_WAITING_MAX as u64;
        assert!((0..most).all(|n| press(&prints, n, &[n]) == Press::UnderWay));
        let mut refused = false;
        let told = prints.make(of(most), vec![of(most)], slip(), 0, || refused = true);
        assert!(*told.borrow() == Press::Failed && refused);
        waiting.try_recv().unwrap();
        assert_eq!(press(&prints, most + 1, &[most]), Press::UnderWay, "a later press has its turn");
    }

    #[test]
    fn the_memory_of_presses_is_bounded() {
        let (prints, mut waiting) = Prints::new();
        for n in 0..PRINTS_KNOWN_MAX as u64 + 5 {
            press(&prints, n, &[n]);
            drop(waiting.try_recv());
        }
        assert_eq!(prints.known.lock().unwrap().len(), PRINTS_KNOWN_MAX);
        assert!(prints.find(&of(0)).is_none() && prints.find(&of(6)).is_some());
    }
}
