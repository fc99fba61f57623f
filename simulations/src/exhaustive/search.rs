//! Breadth-first through all states of an instance, level by level, in several threads.

use super::{
    action::{Action, actions},
    instance::Instance,
    pack::{Packer, pack, unpack},
    seen::Seen,
    state::State,
    step::{Broken, step},
};
use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Once,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
};

/// Packed states that are handed to a thread at once, in bytes.
const BLOCK_BYTES: usize = 64 << 10;

/// How far a walk has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub states: u64,
    pub transitions: u64,
    /// Steps from the beginning.
    pub depth: u32,
    /// Bytes of states that wait for their successors.
    pub frontier_bytes: usize,
}

/// What a walk found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walked {
    pub progress: Progress,
    /// No state was left out.
    pub exhausted: bool,
    /// A step broke a promise; which one tells [`shortest`](super::trace::shortest).
    pub broken: bool,
}

thread_local! {
    static SILENT: Cell<bool> = const { Cell::new(false) };
}

/// Carries out a step; an assert of the production code counts as a broken promise.
pub(super) fn attempt(state: &State, instance: &Instance, action: Action) -> Result<Option<State>, Broken> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !SILENT.get() {
                usual(panic);
            }
        }));
    });
    SILENT.set(true);
    let done = catch_unwind(AssertUnwindSafe(|| step(state, instance, action)));
    SILENT.set(false);
    done.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words");
        Err(Broken { invariant: "panic", what: text.to_owned() })
    })
}

/// Walks until every state was met, `bound` states were met, or a promise is broken.
pub fn walk(instance: &Instance, bound: u64, threads: usize, mut tell: impl FnMut(Progress)) -> Walked {
    let seen = Seen::with_room_for(bound);
    let first = pack(&State::initial(instance), instance.nodes);
    seen.insert(first.fingerprint());
    let mut block = Vec::new();
    first.write(&mut block);
    let mut frontier = vec![block];
    let mut progress = Progress { states: 1, ..Progress::default() };
    loop {
        let level = Level {
            instance,
            seen: &seen,
            frontier: &frontier,
            next: AtomicUsize::new(0),
            states: AtomicU64::new(progress.states),
            bound: bound.min(seen.room()),
            stopped: AtomicBool::new(false),
            broken: AtomicBool::new(false),
        };
        let results: Vec<(Vec<Vec<u8>>, u64)> = thread::scope(|scope| {
            let helpers: Vec<_> = (1..threads).map(|_| scope.spawn(|| level.run())).collect();
            let mut all = vec![level.run()];
            all.extend(helpers.into_iter().filter_map(|helper| helper.join().ok()));
            all
        });
        progress.states = level.states.load(Ordering::Relaxed);
        progress.depth += 1;
        let (broken, stopped) = (level.broken.into_inner(), level.stopped.into_inner());
        let mut blocks = Vec::new();
        for (more, transitions) in results {
            blocks.extend(more);
            progress.transitions += transitions;
        }
        progress.frontier_bytes = blocks.iter().map(Vec::len).sum();
        tell(progress);
        if broken || stopped || blocks.is_empty() {
            return Walked { progress, exhausted: !broken && !stopped, broken };
        }
        frontier = blocks;
    }
}

/// One level of a walk, shared by its threads.
struct Level<'a> {
    instance: &'a Instance,
    seen: &'a Seen,
    frontier: &'a [Vec<u8>],
    next: AtomicUsize,
    states: AtomicU64,
    bound: u64,
    stopped: AtomicBool,
    broken: AtomicBool,
}

impl Level<'_> {
    fn run(&self) -> (Vec<Vec<u8>>, u64) {
        let mut out = Output { blocks: Vec::new(), open: Vec::new(), transitions: 0, choices: Vec::new() };
        while let Some(block) = self.frontier.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            let mut rest = block.as_slice();
            while !rest.is_empty() {
                if self.broken.load(Ordering::Relaxed) {
                    break;
                }
                if self.states.load(Ordering::Relaxed) >= self.bound {
                    self.stopped.store(true, Ordering::Relaxed);
                    break;
                }
                let (state, others) = unpack(rest, self.instance);
                rest = others;
                self.expand(&state, &mut out);
            }
        }
        out.blocks.push(out.open);
        out.blocks.retain(|block| !block.is_empty());
        (out.blocks, out.transitions)
    }

    fn expand(&self, state: &State, out: &mut Output) {
        let mut choices = std::mem::take(&mut out.choices);
        actions(state, self.instance, &mut choices);
        let packer = Packer::new(state, self.instance.nodes);
        for action in &choices {
            match attempt(state, self.instance, *action) {
                Ok(None) => {}
                Ok(Some(after)) => {
                    out.transitions += 1;
                    let packed = packer.pack(&after);
                    if self.seen.insert(packed.fingerprint()) {
                        self.states.fetch_add(1, Ordering::Relaxed);
                        packed.write(&mut out.open);
                    }
                }
                Err(_) => self.broken.store(true, Ordering::Relaxed),
            }
        }
        out.choices = choices;
        if out.open.len() >= BLOCK_BYTES {
            out.blocks.push(std::mem::take(&mut out.open));
        }
    }
}

/// What one thread gathers.
struct Output {
    blocks: Vec<Vec<u8>>,
    open: Vec<u8>,
    transitions: u64,
    choices: Vec<Action>,
}
