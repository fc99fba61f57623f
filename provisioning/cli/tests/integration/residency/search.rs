//! Looks for planted values in frames and files, in every form in which a program may have written them.
//!
//! What is packed is unpacked first: zstd wherever its magic stands, and each value of each row of an SQLite file, because a
//! long value lies there in pieces. A packed part that cannot be read here is itself a finding.

use base64::{Engine, engine::general_purpose};
use rusqlite::{Connection, OpenFlags, types::ValueRef};
use std::{
    collections::{BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
};
use zstd::zstd_safe;

/// Shorter forms stand in random bytes by chance.
const BYTES_MIN: usize = 5;
const START: usize = 4;
const UNPACKED_BYTES_MAX: usize = 16 << 20;
const NESTED_MAX: u32 = 3;
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// An Automerge chunk, its checksum, and the type of one that is deflated, or a whole document with columns that are.
const AUTOMERGE: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
const AUTOMERGE_TYPE: usize = 8;
const AUTOMERGE_PLAIN: u8 = 1;

/// A value that was found where it was looked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    pub(crate) place: String,
    pub(crate) what: String,
    pub(crate) form: &'static str,
    /// It lay in a packed part.
    pub(crate) is_packed: bool,
}

struct Needle {
    what: String,
    form: &'static str,
    bytes: Vec<u8>,
}

/// What is looked for.
#[derive(Default)]
pub(crate) struct Search {
    needles: Vec<Needle>,
    starts: HashMap<[u8; START], Vec<usize>>,
}

impl Search {
    /// Looks for these very bytes as well.
    pub(crate) fn bytes(&mut self, what: &str, form: &'static str, bytes: Vec<u8>) {
        if bytes.len() < BYTES_MIN {
            return;
        }
        let start = *bytes.first_chunk().unwrap();
        self.starts.entry(start).or_default().push(self.needles.len());
        self.needles.push(Needle { what: what.to_owned(), form, bytes });
    }

    /// Looks for a text as well.
    pub(crate) fn text(&mut self, what: &str, text: &str) {
        for (form, bytes) in forms_of(text) {
            self.bytes(what, form, bytes);
        }
    }

    /// Looks for digits as well: as text, in groups, and as a number.
    pub(crate) fn digits(&mut self, what: &str, digits: &str) {
        self.text(what, digits);
        for separator in [" ", "-"] {
            let (first, rest) = digits.split_at(3);
            let groups = [first, &rest[..rest.len().min(4)], &rest[rest.len().min(4)..]];
            self.text(what, groups.join(separator).trim_end_matches(separator));
        }
        for (form, bytes) in forms_of_number(digits) {
            self.bytes(what, form, bytes);
        }
    }

    /// Looks in bytes that are called `place`.
    pub(crate) fn look(&self, place: &str, bytes: &[u8], found: &mut BTreeSet<Found>) {
        self.look_in(place, bytes, 0, found);
    }

    fn look_in(&self, place: &str, bytes: &[u8], depth: u32, found: &mut BTreeSet<Found>) {
        let mut add = |what: &str, form| {
            let (place, what) = (place.to_owned(), what.to_owned());
            found.insert(Found { place, what, form, is_packed: depth > 0 });
        };
        let mut packed = Vec::new();
        for at in 0..bytes.len().saturating_sub(START - 1) {
            let rest = &bytes[at..];
            let start = *rest.first_chunk::<START>().unwrap();
            for needle in self.starts.get(&start).into_iter().flatten().map(|n| &self.needles[*n]) {
                if rest.starts_with(&needle.bytes) {
                    add(&needle.what, needle.form);
                }
            }
            if start == ZSTD {
                packed.push(at);
            }
            if start == AUTOMERGE && rest.get(AUTOMERGE_TYPE).is_some_and(|kind| *kind != AUTOMERGE_PLAIN) {
                add("unknown", "a deflated Automerge chunk");
            }
        }
        for at in packed {
            match unpack(&bytes[at..]).filter(|_| depth < NESTED_MAX) {
                Some(unpacked) => self.look_in(place, &unpacked, depth + 1, found),
                None => {
                    let (place, what) = (place.to_owned(), "unknown".to_owned());
                    found.insert(Found { place, what, form: "zstd that cannot be read", is_packed: true });
                }
            }
        }
    }

    /// Looks in every file below a folder. Places are paths from there.
    pub(crate) fn look_below(&self, folder: &Path, found: &mut BTreeSet<Found>) {
        let mut files = Vec::new();
        files_below(folder, &mut files);
        for path in files {
            // A write-ahead log or a `.tmp` may be gone by now, and what was in it lies elsewhere.
            let Ok(bytes) = fs::read(&path) else { continue };
            let place = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            self.look(&place, &bytes, found);
            if bytes.starts_with(b"SQLite format 3\0") {
                self.look_in_rows(&place, &path, found);
            }
        }
    }

    fn look_in_rows(&self, place: &str, path: &Path, found: &mut BTreeSet<Found>) {
        let store = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let mut tables = store.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
        let tables = tables.query_map([], |row| row.get::<_, String>(0)).unwrap();
        for table in tables.map(Result::unwrap) {
            let mut rows = store.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
            let columns = rows.column_count();
            let mut rows = rows.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                for column in 0..columns {
                    match row.get_ref(column).unwrap() {
                        ValueRef::Null => {}
                        ValueRef::Integer(number) => self.look(place, number.to_string().as_bytes(), found),
                        ValueRef::Real(number) => self.look(place, number.to_string().as_bytes(), found),
                        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => self.look(place, bytes, found),
                    }
                }
            }
        }
    }
}

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn unpack(bytes: &[u8]) -> Option<Vec<u8>> {
    let length = zstd_safe::find_frame_compressed_size(bytes).ok()?;
    let told = zstd_safe::get_frame_content_size(bytes).ok()?;
    let room = told.map_or(UNPACKED_BYTES_MAX, |told| usize::try_from(told).unwrap_or(usize::MAX));
    zstd::bulk::decompress(&bytes[..length], Some(room).filter(|room| *room <= UNPACKED_BYTES_MAX)?).ok()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn forms_of(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let utf8 = text.as_bytes();
    let mut forms = vec![
        ("UTF-8", utf8.to_vec()),
        ("UTF-16LE", text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("UTF-16BE", text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ("hex", hex(utf8).into_bytes()),
        ("hex", hex(utf8).to_uppercase().into_bytes()),
    ];
    for ahead in 0..3 {
        let whole = [&[0; 2][..ahead], utf8].concat();
        // What neighbours change is left out: two or three characters before, and the one that is shared after.
        let from = [0, 2, 3][ahead];
        let to = whole.len() / 3 * 4 + whole.len() % 3;
        for engine in [&general_purpose::STANDARD_NO_PAD, &general_purpose::URL_SAFE_NO_PAD] {
            forms.push(("base64", engine.encode(&whole).as_bytes()[from..to].to_vec()));
        }
    }
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    if !utf8.iter().all(is_plain) {
        let percent: String = utf8
            .iter()
            .map(|byte| if is_plain(byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") })
            .collect();
        forms.push(("percent", percent.replace("%20", "+").into_bytes()));
        forms.push(("percent", percent.to_lowercase().into_bytes()));
        forms.push(("percent", percent.into_bytes()));
    }
    if !text.is_ascii() {
        let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        forms.push(("JSON escapes", escaped.into_bytes()));
    }
    forms
}

fn forms_of_number(digits: &str) -> Vec<(&'static str, Vec<u8>)> {
    let number: u64 = digits.parse().unwrap();
    let (big, little) = (number.to_be_bytes(), number.to_le_bytes());
    let zeros = usize::try_from(number.leading_zeros() / 8).unwrap();
    #[expect(clippy::cast_precision_loss, reason = "eleven digits fit")]
    let float = number as f64;
    let cbor = minicbor::to_vec(number).unwrap();
    let mut varint = Vec::new();
    let mut rest = number;
    while rest > 0x7f {
        varint.push(u8::try_from(rest & 0x7f).unwrap() | 0x80);
        rest >>= 7;
    }
    varint.push(u8::try_from(rest).unwrap());
    let nibbles: Vec<u8> = digits.bytes().map(|digit| digit - b'0').collect();
    let bcd = |nibbles: &[u8]| nibbles.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect::<Vec<u8>>();
    let odd = nibbles.len() % 2;
    let before = [&[0; 1][..odd], &nibbles].concat();
    let after = [&nibbles, &[0xf; 1][..odd]].concat();
    let swapped: Vec<u8> = after.chunks(2).flat_map(|pair| [pair[1], pair[0]]).collect();
    vec![
        ("big-endian", big.to_vec()),
        ("big-endian", big[zeros..].to_vec()),
        ("little-endian", little.to_vec()),
        ("little-endian", little[..8 - zeros].to_vec()),
        ("float", float.to_be_bytes().to_vec()),
        ("float", float.to_le_bytes().to_vec()),
        ("CBOR", cbor),
        ("varint", varint),
        ("BCD", bcd(&before)),
        ("BCD", bcd(&after)),
        ("BCD", bcd(&swapped)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_protocol::wire::v1::{Frame, Reason, Refuse};

    const PHONE: &str = "13905712916";
    const NAME: &str = "王植入 Zbigniew";

    fn search() -> Search {
        let mut search = Search::default();
        search.digits("phone", PHONE);
        search.text("name", NAME);
        search
    }

    fn check(bytes: &[u8], expected: &[(&str, &str)]) {
        let mut found = BTreeSet::new();
        search().look("here", bytes, &mut found);
        let found: BTreeSet<_> = found.iter().map(|found| (found.what.as_str(), found.form)).collect();
        assert_eq!(found, expected.iter().copied().collect(), "{}", String::from_utf8_lossy(bytes));
    }

    #[test]
    fn a_value_is_found_in_every_form() {
        let among = |bytes: &[u8]| [b"\x01before".as_slice(), bytes, b"after\xff"].concat();
        check(&among(b"nothing"), &[]);
        check(&among(PHONE.as_bytes()), &[("phone", "UTF-8")]);
        check(&among(b"139-0571-2916"), &[("phone", "UTF-8")]);
        check(&among(b"3133393035373132393136"), &[("phone", "hex")]);
        check(&among(&13_905_712_916_u64.to_be_bytes()[2..]), &[("phone", "big-endian")]);
        check(&among(&13_905_712_916_u64.to_le_bytes()[..5]), &[("phone", "little-endian")]);
        check(&among(&[0x13, 0x90, 0x57, 0x12, 0x91, 0x6f]), &[("phone", "BCD")]);
        check(&among(&[0x31, 0x09, 0x75, 0x21, 0x19, 0xf6]), &[("phone", "BCD")]);
        let utf16: Vec<u8> = NAME.encode_utf16().flat_map(u16::to_le_bytes).collect();
        check(&among(&utf16), &[("name", "UTF-16LE")]);
        check(&among(b"%E7%8E%8B%E6%A4%8D%E5%85%A5%20Zbigniew"), &[("name", "percent")]);
        for ahead in ["", "x", "xy"] {
            let text = format!("{ahead}{PHONE}and more");
            let packed = general_purpose::STANDARD.encode(&text);
            check(&among(packed.as_bytes()), &[("phone", "base64")]);
        }
    }

    #[test]
    fn a_value_is_found_in_a_packed_frame() {
        // Digits among digits: none of them stands as it is in what comes out.
        let digits: String = (1..90_u64).map(|n| (n * n * 2_654_435_761 % 99_991).to_string()).collect();
        let detail = format!("{digits}{PHONE}{digits}");
        let frame = Frame::Refuse(Refuse { reason: Reason::Busy, detail, retry_after_ms: 0 }).encode();
        assert_eq!(frame[1], 1, "it is packed");
        assert!(!frame.windows(PHONE.len()).any(|window| window == PHONE.as_bytes()));
        check(&frame, &[("phone", "UTF-8")]);
        // As a file carries it, and packed once more.
        check(&[b"dscarry\n\x01", &frame[..], b"\0\0\0\0"].concat(), &[("phone", "UTF-8")]);
        check(&zstd::bulk::compress(&frame, 3).unwrap(), &[("phone", "UTF-8")]);
        check(&frame[..frame.len() - 1], &[("unknown", "zstd that cannot be read")]);
        let deflated = [&AUTOMERGE[..], &[0; 4], &[2]].concat();
        check(&deflated, &[("unknown", "a deflated Automerge chunk")]);
    }

    #[test]
    fn a_value_is_found_that_lies_in_pieces_in_a_file() {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("search-{}", std::process::id()));
        let _absent = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("a.sqlite");
        let store = Connection::open(&path).unwrap();
        store.execute_batch("PRAGMA page_size = 512; CREATE TABLE t (a)").unwrap();
        let mut search = Search::default();
        // The numbers of some rows lie across the ends of pages.
        for n in 0..120 {
            let phone = format!("139{n:08}");
            search.digits(&phone, &phone);
            let row = "x".repeat(n * 5) + &phone + &"y".repeat(1_500 - n * 5);
            store.execute("INSERT INTO t VALUES (?1)", [row]).unwrap();
        }
        drop(store);
        let values = |found: &BTreeSet<Found>| {
            found.iter().map(|found| found.what.clone()).collect::<BTreeSet<_>>().len()
        };
        let (mut raw, mut found) = (BTreeSet::new(), BTreeSet::new());
        search.look("a.sqlite", &fs::read(&path).unwrap(), &mut raw);
        search.look_below(&folder, &mut found);
        assert!(values(&raw) < 120, "some are in pieces");
        assert_eq!(values(&found), 120);
        fs::remove_dir_all(&folder).unwrap();
    }
}
