//! Languages as files: what a file must say of itself, how it is checked, and what it lacks.
//!
//! A file that cannot be used is told with its line and left out; the kiosk speaks the others.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::Context;
use fluent_bundle::{FluentArgs, FluentResource, concurrent::FluentBundle};

/// Languages that the start page has room for.
pub const INSTALLED_MAX: usize = 6;
/// Bytes of one file; the English one has 20 KiB.
const FILE_BYTES_MAX: u64 = 256 << 10;
/// Files of the folder that are looked at.
const FILES_MAX: usize = 64;
/// What a language file may write besides words.
const MARKUP: [&str; 5] = ["<b>", "</b>", "<wbr>", "<span class=\"more\">", "</span>"];

const CHINESE: &str = include_str!("../locales/zh.ftl");
const ENGLISH: &str = include_str!("../locales/en.ftl");
/// Words about workers' profiles and what jobs ask of people.
const CHINESE_WORKER: &str = include_str!("../locales/worker.zh.ftl");
const ENGLISH_WORKER: &str = include_str!("../locales/worker.en.ftl");
/// Words of the desk of an agency, at nodes and at the hub; their keys begin with `a-`.
const CHINESE_AGENCY: &str = include_str!("../locales/agency.zh.ftl");
const ENGLISH_AGENCY: &str = include_str!("../locales/agency.en.ftl");

const SPANISH: &str = include_str!("../locales/extra/es.ftl");

type Bundle = FluentBundle<FluentResource>;

/// One language, ready to speak.
pub struct Language {
    /// Its name in addresses: the tag's first part.
    pub code: String,
    /// BCP 47.
    pub tag: String,
    /// What it calls itself.
    pub name: String,
    /// Whether its script runs from right to left.
    pub is_rtl: bool,
    bundle: Bundle,
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Language").field("tag", &self.tag).finish_non_exhaustive()
    }
}

impl Language {
    /// Says a message, where this language has it.
    pub fn say(&self, key: &str, args: &FluentArgs<'_>) -> Option<String> {
        let pattern = self.bundle.get_message(key)?.value()?;
        Some(self.bundle.format_pattern(pattern, Some(args), &mut Vec::new()).into_owned())
    }
}

/// A fault of a file, at one of its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    path: PathBuf,
    line: usize,
    what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path.display(), self.line, self.what)
    }
}

/// What was found in one file.
#[derive(Debug)]
pub struct Found {
    pub path: PathBuf,
    /// The language, or why the file is none.
    pub language: Result<Language, Vec<Fault>>,
    /// Keys that are said in English instead.
    pub missing: Vec<String>,
    /// Keys that no page asks for.
    pub unknown: Vec<String>,
}

/// One message of a file: where it begins, and its text with the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry<'a> {
    line: usize,
    text: &'a str,
}

/// Chinese and English.
pub fn built_in() -> Vec<Language> {
    let own = [
        ("zh.ftl", [CHINESE, CHINESE_WORKER, CHINESE_AGENCY]),
        ("en.ftl", [ENGLISH, ENGLISH_WORKER, ENGLISH_AGENCY]),
    ];
    let whole = own.into_iter().filter_map(|(path, parts)| trusted(path, &parts.join("\n")));
    whole.collect()
}

/// The same, and those that are shipped as files.
pub(crate) fn shipped() -> Vec<Language> {
    let mut all = built_in();
    all.extend(trusted("es.ftl", SPANISH));
    all
}

/// A language that is part of the program; the tests hold it to have no fault.
fn trusted(path: &str, text: &str) -> Option<Language> {
    read(Path::new(path), text).ok()
}

/// All that English says, by which all others are measured.
fn english() -> BTreeMap<&'static str, Entry<'static>> {
    [ENGLISH, ENGLISH_WORKER, ENGLISH_AGENCY].into_iter().flat_map(entries).collect()
}

/// Keys of the kiosk in English.
#[cfg(test)]
pub(crate) fn english_keys() -> Vec<String> {
    entries(ENGLISH).into_keys().map(str::to_owned).collect()
}

/// Keys of the words about workers, which Chinese and English have.
#[cfg(test)]
pub(crate) fn worker_keys() -> Vec<String> {
    entries(ENGLISH_WORKER).into_keys().map(str::to_owned).collect()
}

/// Reads every `*.ftl` file of a folder in the order of their names; a folder that is not there holds none.
///
/// # Errors
/// The folder cannot be listed.
pub fn read_folder(folder: &Path) -> anyhow::Result<Vec<Found>> {
    let listed = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed.with_context(|| format!("cannot list {}", folder.display()))?,
    };
    let mut paths = Vec::new();
    for entry in listed.take(FILES_MAX) {
        let path = entry.with_context(|| format!("cannot list {}", folder.display()))?.path();
        if path.extension().is_some_and(|extension| extension == "ftl") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut taken: BTreeMap<String, PathBuf> = BTreeMap::new();
    for language in built_in() {
        taken.insert(language.code, PathBuf::from("the program"));
    }
    let mut found: Vec<Found> = Vec::new();
    for path in paths {
        let mut one = read_file(&path);
        if let Ok(language) = &one.language {
            if let Some(by) = taken.get(&language.code) {
                let what = format!("language {} is there already, by {}", language.code, by.display());
                one.language = Err(vec![Fault { path, line: 1, what }]);
            } else if taken.len() >= INSTALLED_MAX {
                let what = format!("there is room for {INSTALLED_MAX} languages");
                one.language = Err(vec![Fault { path, line: 1, what }]);
            } else {
                taken.insert(language.code.clone(), path);
            }
        }
        found.push(one);
    }
    Ok(found)
}

/// Installs the languages of a folder; of what cannot be used and of what is missing the log says it.
///
/// # Errors
/// The folder is there and cannot be listed.
pub fn start(folder: &Path) -> anyhow::Result<()> {
    let mut added = Vec::new();
    for found in read_folder(folder)? {
        let file = found.path.display().to_string();
        match found.language {
            Ok(language) => {
                tracing::info!(file, name = language.name, tag = language.tag, "a language");
                if !found.missing.is_empty() {
                    tracing::warn!(file, missing = found.missing.join(" "), "said in English instead");
                }
                added.push(language);
            }
            Err(faults) => {
                for fault in faults {
                    tracing::error!("{fault}; the language is left out");
                }
            }
        }
    }
    crate::lang::install(added);
    Ok(())
}

/// Prints what a folder's files are worth.
///
/// # Errors
/// A file cannot be used, or the folder cannot be listed.
pub fn check(folder: &Path, out: &mut dyn Write) -> anyhow::Result<()> {
    anyhow::ensure!(folder.is_dir(), "{} is no folder", folder.display());
    let all = english().len();
    let mut broken = 0;
    for found in read_folder(folder)? {
        let file = found.path.display();
        match found.language {
            Ok(language) => {
                let direction = if language.is_rtl { "right to left" } else { "left to right" };
                let has = all - found.missing.len();
                writeln!(
                    out,
                    "{file}: {} ({}, {direction}), {has} of {all} messages",
                    language.name, language.tag
                )?;
                for (what, keys) in [("in English", &found.missing), ("not asked for", &found.unknown)] {
                    if !keys.is_empty() {
                        writeln!(out, "  {what}: {}", keys.join(" "))?;
                    }
                }
            }
            Err(faults) => {
                broken += 1;
                for fault in faults {
                    writeln!(out, "{fault}")?;
                }
            }
        }
    }
    anyhow::ensure!(broken == 0, "{broken} of the files cannot be used");
    Ok(())
}

fn read_file(path: &Path) -> Found {
    let broken = |what: String| Found {
        path: path.to_owned(),
        language: Err(vec![Fault { path: path.to_owned(), line: 1, what }]),
        missing: Vec::new(),
        unknown: Vec::new(),
    };
    let size = match fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) => return broken(format!("cannot be read: {error}")),
    };
    if size > FILE_BYTES_MAX {
        return broken(format!("{size} bytes are more than {FILE_BYTES_MAX}"));
    }
    let text = match fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(error)) => {
            return broken(format!("is not UTF-8 from byte {}", error.utf8_error().valid_up_to()));
        }
        Err(error) => return broken(format!("cannot be read: {error}")),
    };
    let (own, english) = (entries(&text), english());
    let only = |a: &BTreeMap<&str, Entry<'_>>, b: &BTreeMap<&str, Entry<'_>>| {
        a.keys().filter(|key| !b.contains_key(*key)).map(|key| (*key).to_owned()).collect::<Vec<_>>()
    };
    let (missing, unknown) = (only(&english, &own), only(&own, &english));
    Found { path: path.to_owned(), language: read(path, &text), missing, unknown }
}

/// Reads one language.
fn read(path: &Path, text: &str) -> Result<Language, Vec<Fault>> {
    let at = |(line, what): (usize, String)| Fault { path: path.to_owned(), line, what };
    let resource = FluentResource::try_new(text.to_owned()).map_err(|(_, errors)| {
        let told = errors.iter().map(|error| (line_of(text, error.pos.start), error.kind.to_string()));
        told.map(at).collect::<Vec<_>>()
    })?;
    let mut faults: Vec<(usize, String)> = wrong_words(text);
    let all = entries(text);
    // What a file says of itself is one plain line.
    let head = |key: &str| {
        let entry = all.get(key)?;
        let said = entry.text.split_once('=')?.1.trim();
        (!said.is_empty() && !said.contains(['\n', '{'])).then(|| (entry.line, said.to_owned()))
    };
    let [name, tag] = ["language-name", "language-tag"].map(|key| {
        let said = head(key);
        if said.is_none() {
            faults.push((1, format!("the file does not say its {key}")));
        }
        said
    });
    let bundle = tag.as_ref().and_then(|(line, tag)| {
        let bundle = bundle_of(tag, resource);
        if bundle.is_none() {
            faults.push((*line, format!("language-tag {tag} is no language tag, such as es or zh-CN")));
        }
        bundle
    });
    let direction = head("language-direction").unwrap_or_else(|| (1, "ltr".to_owned()));
    if !["ltr", "rtl"].contains(&direction.1.as_str()) {
        faults.push((direction.0, format!("language-direction {} is neither ltr nor rtl", direction.1)));
    }
    match (name, tag, bundle) {
        (Some((_, name)), Some((_, tag)), Some(bundle)) if faults.is_empty() => {
            let code = tag.split('-').next().unwrap_or_default().to_lowercase();
            Ok(Language { code, tag, name, is_rtl: direction.1 == "rtl", bundle })
        }
        _ => Err(faults.into_iter().map(at).collect()),
    }
}

fn bundle_of(tag: &str, resource: FluentResource) -> Option<Bundle> {
    let mut bundle = Bundle::new_concurrent(vec![tag.parse().ok()?]);
    // Isolation marks would show as boxes on the thermal printer and break text search.
    bundle.set_use_isolating(false);
    bundle.add_resource_overriding(resource);
    Some(bundle)
}

fn line_of(text: &str, position: usize) -> usize {
    text.bytes().take(position).filter(|byte| *byte == b'\n').count() + 1
}

/// The messages of a file, each with the lines that belong to it.
fn entries(text: &str) -> BTreeMap<&str, Entry<'_>> {
    let mut edges = Vec::new();
    let mut at = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let begins = line.starts_with(|c: char| c.is_ascii_alphabetic());
        if begins || line.starts_with('#') {
            edges.push((at, begins.then_some(number + 1)));
        }
        at += line.len();
    }
    edges.push((at, None));
    edges
        .windows(2)
        .filter_map(|pair| {
            let [(start, line), (end, _)] = pair else { return None };
            let text = text.get(*start..*end)?.trim_end();
            Some((text.split_once('=')?.0.trim(), Entry { line: (*line)?, text }))
        })
        .collect()
}

/// Arguments that no page gives, and markup that is not for words.
fn wrong_words(text: &str) -> Vec<(usize, String)> {
    let english = english();
    let mut wrong = Vec::new();
    for (key, entry) in entries(text) {
        let given = english.get(key).map(|entry| variables(entry.text));
        for name in variables(entry.text) {
            if given.as_ref().is_some_and(|given| !given.contains(name)) {
                wrong.push((entry.line, format!("{key} has ${name}, which the pages do not give it")));
            }
        }
        for (start, _) in entry.text.match_indices('<') {
            let rest = &entry.text[start..];
            if !MARKUP.iter().any(|allowed| rest.starts_with(allowed)) {
                let line = entry.line + line_of(entry.text, start) - 1;
                wrong.push((line, format!("{key} has markup other than {}", MARKUP.join(" "))));
            }
        }
    }
    wrong
}

fn variables(text: &str) -> BTreeSet<&str> {
    let is_name = |c: char| c.is_ascii_alphanumeric();
    text.split('$').skip(1).filter_map(|after| after.split(|c| !is_name(c)).next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "language-name = Test\nlanguage-tag = qx\n";

    /// What is wrong with a file of these lines behind its head.
    fn faults(lines: &str) -> Vec<String> {
        let read = read(Path::new("qx.ftl"), &format!("{HEAD}{lines}"));
        read.err().into_iter().flatten().map(|fault| fault.to_string()).collect()
    }

    #[test]
    fn the_shipped_files_are_whole_and_without_fault() {
        let chinese = [CHINESE, CHINESE_WORKER, CHINESE_AGENCY].join("\n");
        for (path, text) in [("zh.ftl", chinese.as_str()), ("es.ftl", SPANISH)] {
            let language = read(Path::new(path), text).unwrap();
            assert!(path.starts_with(&language.code));
            let (own, english) = (entries(text), english());
            assert_eq!(own.keys().collect::<Vec<_>>(), english.keys().collect::<Vec<_>>(), "{path}");
            for (key, entry) in own {
                assert_eq!(variables(entry.text), variables(english[key].text), "{path} {key}");
            }
        }
    }

    #[test]
    fn every_key_of_the_agency_is_used_and_every_used_key_exists() {
        let here = env!("CARGO_MANIFEST_DIR");
        let mut used = BTreeSet::new();
        let dirs = ["templates/agency", "src/agency"];
        for dir in ["", "../edge-node/server/", "../hub/server/"]
            .map(|at| dirs.map(|dir| format!("{at}{dir}")))
            .concat()
        {
            for entry in fs::read_dir(format!("{here}/{dir}")).unwrap() {
                let text = fs::read_to_string(entry.unwrap().path()).unwrap();
                let quoted = text.split('"').filter(|part| part.starts_with("a-") && !part.contains(' '));
                used.extend(quoted.map(str::to_owned));
            }
        }
        let (chinese, english) = (entries(CHINESE_AGENCY), entries(ENGLISH_AGENCY));
        assert_eq!(chinese.keys().collect::<Vec<_>>(), english.keys().collect::<Vec<_>>());
        for (key, entry) in &chinese {
            assert!(key.starts_with("a-"), "{key}");
            assert_eq!(variables(entry.text), variables(english[key].text), "{key}");
        }
        let known: BTreeSet<String> = chinese.into_keys().map(str::to_owned).collect();
        assert_eq!(used, known);
    }

    #[test]
    fn a_broken_file_is_told_by_its_line() {
        assert_eq!(faults("back = Zurück\n"), [""; 0]);
        for (lines, said) in [
            ("back = {\n", "qx.ftl:4: "),
            ("back\n", "qx.ftl:3: "),
            ("back = a\nwalk = { $m } min\n", "qx.ftl:4: walk has $m, which the pages do not give it"),
            ("walk = x\n    <script src=1>\n", "qx.ftl:4: walk has markup other than <b>"),
            ("language-direction = up\n", "qx.ftl:3: language-direction up is neither ltr nor rtl"),
        ] {
            let told = faults(lines);
            assert!(told.len() == 1 && told[0].starts_with(said), "{lines:?}: {told:?}");
        }
        let nameless = read(Path::new("x.ftl"), "back = a\n").unwrap_err();
        let told: Vec<_> = nameless.iter().map(Fault::to_string).collect();
        assert_eq!(
            told,
            [
                "x.ftl:1: the file does not say its language-name",
                "x.ftl:1: the file does not say its language-tag"
            ]
        );
        let tag = read(Path::new("x.ftl"), "language-name = X\nlanguage-tag = not a tag\n").unwrap_err();
        assert!(tag[0].to_string().starts_with("x.ftl:2: language-tag not a tag"), "{tag:?}");
    }

    #[test]
    fn a_folder_is_read_in_order_and_what_is_broken_is_left_out() {
        let folder = std::env::temp_dir().join(format!("dayshift-languages-{}", std::process::id()));
        assert!(read_folder(&folder).unwrap().is_empty(), "no folder holds no language");
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in [
            ("a.ftl", format!("{HEAD}back = 1\n")),
            ("b.ftl", format!("{HEAD}back = 2\n")),
            ("c.ftl", "language-name = English\nlanguage-tag = en\n".to_owned()),
            ("d.ftl", "language-name = ئۇيغۇرچە\nlanguage-tag = ug\nlanguage-direction = rtl\n".to_owned()),
            ("e.ftl", "x".repeat(300 << 10)),
            ("f.txt", String::new()),
        ] {
            fs::write(folder.join(name), text).unwrap();
        }
        let found = read_folder(&folder).unwrap();
        let told = |at: usize| found[at].language.as_ref().unwrap_err()[0].to_string();
        assert_eq!(found.len(), 5);
        assert_eq!(found[0].language.as_ref().unwrap().code, "qx");
        assert!(
            found[0].missing.contains(&"walk".to_owned()) && !found[0].missing.contains(&"back".to_owned())
        );
        assert!(told(1).contains("language qx is there already"), "{}", told(1));
        assert!(told(2).contains("by the program"), "{}", told(2));
        assert!(found[3].language.as_ref().unwrap().is_rtl);
        assert!(told(4).contains("307200 bytes are more than 262144"), "{}", told(4));
        fs::remove_dir_all(&folder).unwrap();
    }
}
