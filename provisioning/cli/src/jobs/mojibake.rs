//! Repair of UTF-8 text that was once read as Windows-1252 ("â€™" for an apostrophe), and that
//! code page itself. Only what can be undone exactly is touched: a run of non-ASCII characters is
//! replaced when its Windows-1252 bytes are valid UTF-8, and stays as it is otherwise.

use std::borrow::Cow;

/// Text that was damaged more than twice is left as found.
const PASSES_MAX: usize = 2;

/// Windows-1252 for the bytes 0x80 to 0x9F; the five unused bytes are the control characters of
/// the same number (WHATWG Encoding Standard, index windows-1252).
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// The character of a Windows-1252 byte.
pub(crate) fn decode_byte(byte: u8) -> char {
    match byte {
        0x80..=0x9F => HIGH[usize::from(byte) - 0x80],
        _ => char::from(byte),
    }
}

/// The Windows-1252 byte of a character, where there is one.
fn encode_char(character: char) -> Option<u8> {
    if let Some(at) = HIGH.iter().position(|&high| high == character) {
        return u8::try_from(0x80 + at).ok();
    }
    match u8::try_from(u32::from(character)) {
        Ok(byte) if !(0x80..=0x9F).contains(&byte) => Some(byte),
        Ok(_) | Err(_) => None,
    }
}

/// Repairs `text`; borrowed when there was nothing to repair.
pub(crate) fn repair(text: &str) -> Cow<'_, str> {
    let mut repaired = Cow::Borrowed(text);
    for _ in 0..PASSES_MAX {
        match repair_once(&repaired) {
            Some(better) => repaired = Cow::Owned(better),
            None => break,
        }
    }
    repaired
}

fn repair_once(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut changed = false;
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| !c.is_ascii()) {
        let (ascii, from_run) = rest.split_at(start);
        let (run, after) = from_run.split_at(from_run.find(|c: char| c.is_ascii()).unwrap_or(from_run.len()));
        out.push_str(ascii);
        match repair_run(run) {
            Some(better) => {
                out.push_str(&better);
                changed = true;
            }
            None => out.push_str(run),
        }
        rest = after;
    }
    out.push_str(rest);
    changed.then_some(out)
}

/// The repaired run, or nothing when it is sound or cannot be undone exactly.
fn repair_run(run: &str) -> Option<String> {
    let bytes: Vec<u8> = run.chars().map(encode_char).collect::<Option<_>>()?;
    // A lone pair such as "É»" can be honest French; only the pairs of Latin-1 are typical damage.
    if bytes.len() == 2 && !matches!(bytes[0], 0xC2 | 0xC3) {
        return None;
    }
    let better = String::from_utf8(bytes).ok()?;
    (suspicious(&better) < suspicious(run)).then_some(better)
}

/// Characters that begin or continue damaged UTF-8, control characters among them.
fn suspicious(text: &str) -> usize {
    text.chars().filter(|&c| encode_char(c).is_some_and(|byte| byte >= 0x80)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn damage(text: &str) -> String {
        text.bytes().map(decode_byte).collect()
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(repair(text), expected);
    }

    #[test]
    fn repairs_only_damage() {
        check("plain", "plain");
        check("Engineerâ€™s", "Engineer’s");
        check("â€œ1â€\u{9d}", "“1”");
        check("Ã¢â‚¬Â¢ twice", "• twice");
        check("cafÃ© Â§ 3", "café § 3");
        check("cut â€", "cut â€");
        check("café – “sound”", "café – “sound”");
        check("CAFÉ»", "CAFÉ»");
        check("服务员", "服务员");
        check(&damage("服务员 • café"), "服务员 • café");
    }

    proptest! {
        /// Sound text of the alphabets that occur comes back from damage.
        #[test]
        fn undoes_damage(text in "[a-z0-9 ,éèüñß§½·•–—‘’“”服务员搬运工]{0,24}") {
            prop_assume!(repair(&text) == text);
            prop_assert_eq!(repair(&damage(&text)).into_owned(), text);
        }

        /// Whatever comes in, each pass can be undone: the ASCII frame stays, and every changed
        /// run is the damaged form of what replaced it.
        #[test]
        fn each_pass_can_be_undone(text in "[a-cÂâÃÉ€™¢•œ\u{9d}é服]{0,16}") {
            if let Some(better) = repair_once(&text) {
                let frame = |s: &str| s.chars().filter(char::is_ascii).collect::<String>();
                prop_assert_eq!(frame(&better), frame(&text));
                prop_assert!(better.chars().count() < text.chars().count());
                let mut rest = text.as_str();
                for part in better.split_inclusive(|_: char| true) {
                    let damaged = damage(part);
                    rest = match rest.strip_prefix(damaged.as_str()) {
                        Some(after) => after,
                        None => rest.strip_prefix(part).expect("kept as it was"),
                    };
                }
                prop_assert!(rest.is_empty());
            }
        }
    }
}
