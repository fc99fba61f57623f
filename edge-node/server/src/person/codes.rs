//! One-time codes that prove a phone number: six digits, five minutes, five tries. They are in memory alone, so a restart
//! ends them, and nothing prints them. Time is an argument: milliseconds of any clock that does not go back.

use crate::limits::{CODE_MS, CODE_TRIES_MAX, CODES_OF_ADDRESS, CODES_OF_ALL, CODES_OF_ONE, CODES_WINDOW_MS};
use pages::{Lang, guesses::whole};
use std::{collections::BTreeMap, fmt, net::IpAddr};
use sync_protocol::ids::WorkerId;

/// Names a code in the outbox, which holds nothing personal.
pub(crate) type CodeId = [u8; 16];
/// Shows for a while that a number was proved, to whoever proved it.
pub(crate) type Pass = [u8; 16];

/// Whether a code can be sent to a phone from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeWay {
    Offered,
    /// There is a sender, and the line is down.
    NoLine,
    /// The operator has named no sender.
    None,
}

/// A code as its message tells it.
#[derive(Clone)]
pub(crate) struct Code {
    pub(crate) phone: String,
    pub(crate) digits: String,
    pub(crate) lang: Lang,
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code")
    }
}

/// What came of the digits that somebody typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typed {
    Right,
    Wrong,
    /// There is no code, or it was tried too often or too late.
    Over,
}

struct Made {
    id: CodeId,
    code: Code,
    at_ms: u64,
    tries: u32,
}

/// When a code was made, and who asked for it.
#[derive(Clone, Copy)]
struct Sent {
    at_ms: u64,
    from: IpAddr,
}

/// What is remembered of one number.
#[derive(Default)]
struct Asked {
    /// The codes of the window, oldest first.
    sent: Vec<Sent>,
    made: Option<Made>,
    /// The hash of a pass, and when it was given.
    passed: Option<([u8; 32], u64)>,
}

/// The codes of a node.
#[derive(Default)]
pub(crate) struct Codes(BTreeMap<WorkerId, Asked>);

impl fmt::Debug for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} numbers with codes", self.0.len())
    }
}

/// Six digits of a random number.
pub(crate) fn six(random: [u8; 8]) -> String {
    format!("{:06}", u64::from_be_bytes(random) % 1_000_000)
}

impl Codes {
    /// Takes a code that is to be sent, in place of the one before; or says after how many seconds there may be one.
    pub(crate) fn make(
        &mut self,
        (worker, from): (WorkerId, IpAddr),
        id: CodeId,
        code: Code,
        now_ms: u64,
    ) -> Result<(), u64> {
        self.forget(now_ms);
        let from = whole(from);
        let of_all = || self.0.values().flat_map(|asked| asked.sent.iter());
        // The box's own screen serves everybody: it has what all have.
        let of_address = of_all().filter(|sent| sent.from == from && !from.is_loopback());
        let of_one = self.0.get(&worker).into_iter().flat_map(|asked| asked.sent.iter());
        let free_at = [
            free_at_ms(of_all(), CODES_OF_ALL),
            free_at_ms(of_address, CODES_OF_ADDRESS),
            free_at_ms(of_one, CODES_OF_ONE),
        ];
        if let Some(free_at_ms) = free_at.into_iter().flatten().max() {
            return Err(free_at_ms.saturating_sub(now_ms).div_ceil(1_000));
        }
        let asked = self.0.entry(worker).or_default();
        asked.sent.push(Sent { at_ms: now_ms, from });
        asked.made = Some(Made { id, code, at_ms: now_ms, tries: 0 });
        Ok(())
    }

    /// The code of an outbox row; `None` once it is used, over, or replaced.
    pub(crate) fn message(&mut self, id: &[u8], now_ms: u64) -> Option<Code> {
        self.forget(now_ms);
        let made = self.0.values().filter_map(|asked| asked.made.as_ref()).find(|made| made.id == id)?;
        Some(made.code.clone())
    }

    /// Compares what was typed. A right code is used up, and the pass holds for as long again.
    pub(crate) fn take(&mut self, worker: WorkerId, typed: &str, pass: &Pass, now_ms: u64) -> Typed {
        self.forget(now_ms);
        let Some(asked) = self.0.get_mut(&worker) else { return Typed::Over };
        let Some(made) = &mut asked.made else { return Typed::Over };
        made.tries += 1;
        let is_right = blake3::hash(typed.as_bytes()) == blake3::hash(made.code.digits.as_bytes());
        if is_right {
            asked.passed = Some((*blake3::hash(pass).as_bytes(), now_ms));
        } else if made.tries < CODE_TRIES_MAX {
            return Typed::Wrong;
        }
        asked.made = None;
        if is_right { Typed::Right } else { Typed::Over }
    }

    /// Whether a pass is the one that a right code of this number gave.
    pub(crate) fn has_passed(&mut self, worker: WorkerId, pass: &Pass, now_ms: u64) -> bool {
        self.forget(now_ms);
        let passed = self.0.get(&worker).and_then(|asked| asked.passed);
        passed.is_some_and(|(hash, _)| blake3::hash(pass) == hash)
    }

    /// Forgets what is over: so the memory is bounded by the codes of one window.
    fn forget(&mut self, now_ms: u64) {
        let since = |at_ms: u64, for_ms| now_ms.saturating_sub(at_ms) < for_ms;
        for asked in self.0.values_mut() {
            asked.sent.retain(|sent| since(sent.at_ms, CODES_WINDOW_MS));
            asked.made = asked.made.take().filter(|made| since(made.at_ms, CODE_MS));
            asked.passed = asked.passed.filter(|(_, at_ms)| since(*at_ms, CODE_MS));
        }
        self.0.retain(|_, asked| !asked.sent.is_empty() || asked.passed.is_some());
    }
}

/// When there is room for one more, of which there may be so many within the window; `None` where there is now.
fn free_at_ms<'a>(sent: impl Iterator<Item = &'a Sent>, most: usize) -> Option<u64> {
    let mut sent: Vec<u64> = sent.map(|sent| sent.at_ms).collect();
    sent.sort_unstable();
    let over = sent.len().checked_sub(most)?;
    sent.get(over).map(|at_ms| at_ms + CODES_WINDOW_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCREEN: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    const PASS: Pass = [9; 16];

    fn worker(n: u16) -> WorkerId {
        let mut id = [0; 16];
        id[..2].copy_from_slice(&n.to_be_bytes());
        WorkerId(id)
    }

    fn code(digits: &str) -> Code {
        Code { phone: "13905712916".to_owned(), digits: digits.to_owned(), lang: Lang::ZH }
    }

    fn with_one(at_ms: u64) -> Codes {
        let mut codes = Codes::default();
        codes.make((worker(1), SCREEN), [1; 16], code("482916"), at_ms).unwrap();
        codes
    }

    #[test]
    fn a_right_code_is_used_up_and_its_pass_is_of_its_number() {
        let mut codes = with_one(0);
        assert_eq!(codes.message(&[1; 16], 1).unwrap().digits, "482916");
        assert_eq!(codes.take(worker(2), "482916", &PASS, 1), Typed::Over, "another number");
        assert_eq!(codes.take(worker(1), "482917", &PASS, 1), Typed::Wrong);
        assert!(!codes.has_passed(worker(1), &PASS, 1));
        assert_eq!(codes.take(worker(1), "482916", &PASS, 1), Typed::Right);
        assert_eq!(codes.take(worker(1), "482916", &PASS, 1), Typed::Over);
        assert!(codes.message(&[1; 16], 1).is_none(), "what waits to be sent again is not");
        assert!(codes.has_passed(worker(1), &PASS, CODE_MS));
        assert!(!codes.has_passed(worker(1), &[8; 16], 1) && !codes.has_passed(worker(2), &PASS, 1));
        assert!(!codes.has_passed(worker(1), &PASS, CODE_MS + 1));
    }

    #[test]
    fn five_tries_and_five_minutes() {
        let mut codes = with_one(0);
        for _ in 1..CODE_TRIES_MAX {
            assert_eq!(codes.take(worker(1), "000000", &PASS, 1), Typed::Wrong);
        }
        assert_eq!(codes.take(worker(1), "000000", &PASS, 1), Typed::Over);
        assert_eq!(codes.take(worker(1), "482916", &PASS, 1), Typed::Over);
        let mut codes = with_one(0);
        assert_eq!(codes.take(worker(1), "482916", &PASS, CODE_MS), Typed::Over);
        assert!(with_one(0).message(&[1; 16], CODE_MS).is_none());
    }

    #[test]
    fn a_number_and_the_node_get_so_many_and_no_more() {
        let mut codes = Codes::default();
        let one = (worker(1), SCREEN);
        for n in 0..CODES_OF_ONE {
            assert_eq!(codes.make(one, [1; 16], code("111111"), u64::try_from(n).unwrap()), Ok(()));
        }
        assert_eq!(codes.make(one, [1; 16], code("111111"), 1_000), Err(CODES_WINDOW_MS / 1_000 - 1));
        for n in 2..1_000 {
            let _refused = codes.make((worker(n), SCREEN), [2; 16], code("222222"), 2_000);
        }
        assert_eq!(codes.0.len(), CODES_OF_ALL - CODES_OF_ONE + 1);
        assert_eq!(codes.make(one, [3; 16], code("333333"), CODES_WINDOW_MS), Ok(()));
        codes.forget(9 * CODES_WINDOW_MS);
        assert!(codes.0.is_empty());
        assert!(!format!("{:?} {codes:?}", code("482916")).contains("4829"));
        assert_eq!((six([0; 8]).as_str(), six([255; 8]).len()), ("000000", 6));
    }

    #[test]
    fn one_address_does_not_use_up_the_codes_of_all() {
        let mut codes = Codes::default();
        let of_network = |n: u16| format!("2001:db8::{n:x}").parse().unwrap();
        let sent = (0..500)
            .filter(|n| codes.make((worker(*n), of_network(*n)), [1; 16], code("111111"), 1_000).is_ok());
        assert_eq!(sent.count(), CODES_OF_ADDRESS);
        assert_eq!(
            codes.make((worker(600), of_network(7)), [2; 16], code("222222"), 2_000),
            Err(CODES_WINDOW_MS / 1_000 - 1)
        );
        assert_eq!(codes.make((worker(600), SCREEN), [2; 16], code("222222"), 2_000), Ok(()));
    }
}
