//! Pages that read themselves aloud: clips that a command speaks ahead of time, in the background, kept on disk.
//!
//! A clip is named by its text, its language and the command, so that what changes is another clip. A page offers a clip
//! only where it is there: nothing is spoken while somebody waits.

mod in_turn;

pub(crate) use in_turn::joined;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError, RwLock, mpsc},
    time::SystemTime,
};

use anyhow::{Context, bail, ensure};

use crate::limits::{CLIP_BYTES_MAX, CLIP_WAIT, CLIPS_BYTES_MAX, CLIPS_LEAVE_BYTES};

/// What speaks unless the operator names something else.
const USUAL: &str = "espeak-ng -v {voice} --stdin --stdout";
/// A command is heard out once: who waits for it takes one clip, or has given up.
const HEARD_MAX: usize = 1;
/// A clip that failed so often is left until the node starts again.
const TRIES_MAX: u32 = 3;
/// Clips of one language that fail one after the other before the rest of it waits for the next round.
const IN_A_ROW_MAX: u32 = 3;
/// Bytes of the hash that names a clip.
const NAME_BYTES: usize = 16;

/// Something to say, in a language by its BCP 47 tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Saying {
    pub(crate) tag: &'static str,
    pub(crate) text: String,
}

/// The speaking command and the clips that it has made.
#[derive(Debug)]
pub(crate) struct Speech {
    folder: PathBuf,
    /// The program and its arguments, in which `{voice}` and `{lang}` stand for the language.
    command: Vec<String>,
    /// Names of the clips that are on disk, with their bytes.
    ready: RwLock<BTreeMap<String, u64>>,
    /// Languages in which something was not spoken, by their tags.
    failing: Mutex<BTreeMap<&'static str, Failing>>,
}

/// What failed of a language.
#[derive(Debug, Default)]
struct Failing {
    /// How often each clip was tried in vain.
    tries: BTreeMap<String, u32>,
    /// Failures since the last clip that was spoken.
    in_a_row: u32,
}

impl Speech {
    /// Speech by `command`, or by the usual one; `None` where its program is not on this machine or the command is empty.
    ///
    /// # Errors
    /// The folder cannot be made or listed.
    pub(crate) fn open(folder: &Path, command: Option<&str>) -> anyhow::Result<Option<Self>> {
        let words: Vec<String> = command.unwrap_or(USUAL).split_whitespace().map(str::to_owned).collect();
        let Some(program) = words.first() else { return Ok(None) };
        if !is_program(program) {
            if command.is_some() {
                tracing::warn!(program, "not on this machine: the pages are not read aloud");
            }
            return Ok(None);
        }
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let mut ready = BTreeMap::new();
        for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Some(name) = name.strip_suffix(".wav").filter(|name| is_name(name)) {
                ready.insert(name.to_owned(), entry.metadata().map_or(0, |metadata| metadata.len()));
            }
        }
        let (ready, failing) = (RwLock::new(ready), Mutex::default());
        Ok(Some(Self { folder: folder.to_owned(), command: words, ready, failing }))
    }

    /// The name of a clip, where it is there.
    pub(crate) fn clip(&self, saying: &Saying) -> Option<String> {
        let name = self.name(saying);
        self.ready.read().unwrap_or_else(PoisonError::into_inner).contains_key(&name).then_some(name)
    }

    /// Where the clip of a name lies; `None` where there is none.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        let ready = self.ready.read().unwrap_or_else(PoisonError::into_inner);
        ready.contains_key(name).then(|| self.file(name))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.wav"))
    }

    fn name(&self, saying: &Saying) -> String {
        let mut hasher = blake3::Hasher::new_derive_key("dayshift clip v1");
        for part in self.command.iter().map(String::as_str).chain([saying.tag, saying.text.as_str()]) {
            hasher.update(&(part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.finalize().to_hex()[..2 * NAME_BYTES].to_owned()
    }

    /// Which of the sayings have no clip yet and are worth a try, what failed least first; clips of none of them make room
    /// where all would be too much.
    pub(crate) fn lacking(&self, wanted: &BTreeSet<Saying>) -> Vec<Saying> {
        let names: BTreeSet<String> = wanted.iter().map(|saying| self.name(saying)).collect();
        let mut ready = self.ready.write().unwrap_or_else(PoisonError::into_inner);
        let mut bytes: u64 = ready.values().sum();
        let mut others: Vec<(SystemTime, String)> = Vec::new();
        if bytes > CLIPS_BYTES_MAX / 2 {
            let other = ready.keys().filter(|name| !names.contains(*name));
            others = other.map(|name| (made_at(&self.file(name)), name.clone())).collect();
            others.sort();
        }
        for (_, name) in others {
            if bytes <= CLIPS_BYTES_MAX / 2 {
                break;
            }
            bytes -= ready.remove(&name).unwrap_or_default();
            drop(fs::remove_file(self.file(&name)));
        }
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        failing.values_mut().for_each(|of| of.tries.retain(|name, _| names.contains(name)));
        let failed = |saying: &Saying| {
            let of = failing.get(saying.tag)?;
            Some((of.in_a_row, of.tries.get(&self.name(saying)).copied().unwrap_or_default()))
        };
        let lacking = wanted.iter().filter(|saying| !ready.contains_key(&self.name(saying)));
        let mut lacking: Vec<_> =
            lacking.map(|saying| (failed(saying).unwrap_or_default(), saying)).collect();
        lacking.retain(|((_, tries), _)| *tries < TRIES_MAX);
        lacking.sort_by_key(|(failed, _)| *failed);
        lacking.into_iter().map(|(_, saying)| saying.clone()).collect()
    }

    /// Remembers what became of a try. The log says once of a language that something of it is not read.
    fn tried(&self, saying: &Saying, spoken: &anyhow::Result<bool>) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        match spoken {
            Ok(_) => {
                if let Some(of) = failing.get_mut(saying.tag) {
                    of.in_a_row = 0;
                }
            }
            Err(error) => {
                if !failing.contains_key(saying.tag) {
                    tracing::warn!(language = saying.tag, "not all pages are read aloud: {error:#}");
                }
                let of = failing.entry(saying.tag).or_default();
                of.in_a_row = of.in_a_row.saturating_add(1);
                *of.tries.entry(self.name(saying)).or_default() += 1;
            }
        }
    }

    /// Speaks one saying to disk. Returns false where the disk's share of clips is full.
    ///
    /// # Errors
    /// The command fails, takes too long, or gives no WAV; or the disk refuses the clip.
    pub(crate) fn speak(&self, saying: &Saying) -> anyhow::Result<bool> {
        let taken: u64 = self.ready.read().unwrap_or_else(PoisonError::into_inner).values().sum();
        if taken > CLIPS_BYTES_MAX || self.left()? < CLIPS_LEAVE_BYTES {
            return Ok(false);
        }
        let said = with_lengths(self.run(saying)?)?;
        let name = self.name(saying);
        let path = self.file(&name);
        let next = path.with_extension("next");
        fs::write(&next, &said).with_context(|| format!("cannot write {}", next.display()))?;
        fs::rename(&next, &path).with_context(|| format!("cannot write {}", path.display()))?;
        let mut ready = self.ready.write().unwrap_or_else(PoisonError::into_inner);
        ready.insert(name, said.len() as u64);
        Ok(true)
    }

    /// Bytes that the disk has left.
    fn left(&self) -> anyhow::Result<u64> {
        let disk = rustix::fs::statvfs(&self.folder).context("the disk of the clips cannot be asked")?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    /// What the command says, at the lowest priority.
    fn run(&self, saying: &Saying) -> anyhow::Result<Vec<u8>> {
        let voice = voice(saying.tag);
        let words =
            self.command.iter().map(|word| word.replace("{voice}", voice).replace("{lang}", saying.tag));
        let mut child = Command::new("nice")
            .args(["-n", "19"])
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("the speaking command does not start")?;
        let heard = listen(&mut child, &saying.text);
        // It has said all, or too much, or nothing in time: in each case there is nothing more to wait for.
        drop(child.kill());
        let ended = child.wait().context("the speaking command is lost")?;
        let heard = heard?;
        ensure!(heard.len() <= CLIP_BYTES_MAX, "the speaking command says more than {CLIP_BYTES_MAX} bytes");
        ensure!(!heard.is_empty(), "the speaking command says nothing ({ended})");
        Ok(heard)
    }
}

/// Gives a process its text and takes what it says until it ends its output.
fn listen(child: &mut Child, text: &str) -> anyhow::Result<Vec<u8>> {
    let (mut input, output) =
        (child.stdin.take().context("no input")?, child.stdout.take().context("no output")?);
    let (sender, receiver) = mpsc::sync_channel(HEARD_MAX);
    let text = text.to_owned();
    std::thread::Builder::new().name("speech".to_owned()).spawn(move || {
        let mut heard = Vec::new();
        // A command that takes no text still may say something; what it says is judged.
        drop(input.write_all(text.as_bytes()));
        drop(input);
        let read = output.take(CLIP_BYTES_MAX as u64 + 1).read_to_end(&mut heard).map(|_| heard);
        drop(sender.send(read));
    })?;
    match receiver.recv_timeout(CLIP_WAIT) {
        Ok(read) => read.context("the speaking command cannot be heard"),
        Err(_) => bail!("the speaking command takes longer than {} s", CLIP_WAIT.as_secs()),
    }
}

/// Checks that it is a WAV of samples, and writes the lengths that a command did not know when it began to speak.
fn with_lengths(mut wav: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    const HEAD: usize = 12;
    ensure!(
        wav.starts_with(b"RIFF") && wav.get(8..HEAD) == Some(b"WAVE"),
        "the speaking command gives no WAV"
    );
    let whole = u32::try_from(wav.len() - 8)?;
    let mut at = HEAD;
    while let Some((kind, length)) = wav.get(at..at + 8).map(|head| head.split_at(4)) {
        if kind == b"data" {
            let samples = u32::try_from(wav.len() - at - 8)?;
            ensure!(samples > 0, "the WAV holds no sound");
            wav[at + 4..at + 8].copy_from_slice(&samples.to_le_bytes());
            wav[4..8].copy_from_slice(&whole.to_le_bytes());
            return Ok(wav);
        }
        let length = usize::try_from(u32::from_le_bytes(length.try_into()?))?;
        // Chunks begin at even places.
        at = at.saturating_add(8).saturating_add(length).saturating_add(length % 2);
    }
    bail!("the WAV holds no sound")
}

/// The speaker's name of a language.
fn voice(tag: &str) -> &str {
    match tag.split('-').next() {
        Some("zh") => "cmn",
        Some(code) => code,
        None => tag,
    }
}

fn made_at(path: &Path) -> SystemTime {
    fs::metadata(path).and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}

fn is_name(name: &str) -> bool {
    name.len() == 2 * NAME_BYTES && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a program of this name is on this machine.
pub(crate) fn is_program(program: &str) -> bool {
    if program.contains('/') {
        return Path::new(program).is_file();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Speaks what is wanted and has no clip yet, one after the other. What fails is passed over, and a language without a voice
/// silences no other one. Returns whether another round may bring more.
pub(crate) async fn speak_all(speech: &Arc<Speech>, wanted: &BTreeSet<Saying>) -> bool {
    let mut in_a_row: BTreeMap<&str, u32> = BTreeMap::new();
    for saying in speech.lacking(wanted) {
        let failed = in_a_row.entry(saying.tag).or_default();
        if *failed == IN_A_ROW_MAX {
            continue;
        }
        let speaker = speech.clone();
        let spoken = tokio::task::spawn_blocking(move || {
            let spoken = speaker.speak(&saying);
            speaker.tried(&saying, &spoken);
            spoken
        });
        match spoken.await {
            Ok(Ok(true)) => *failed = 0,
            Ok(Err(_)) => *failed += 1,
            // The disk has no room for clips, or the node ends.
            Ok(Ok(false)) | Err(_) => return true,
        }
    }
    !speech.lacking(wanted).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clip of eight samples whose lengths are unknown, as a command writes it to a pipe.
    const UNKNOWN: &[u8] = b"RIFF\xff\xff\xff\x7fWAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x22\x56\x00\x00\x44\xac\x00\x00\x02\x00\x10\x00data\xff\xff\xff\x7f\x01\x02\x03\x04";

    #[test]
    fn lengths_are_made_true_and_anything_else_is_refused() {
        let said = with_lengths(UNKNOWN.to_vec()).unwrap();
        assert_eq!((&said[4..8], &said[40..44]), (&40u32.to_le_bytes()[..], &4u32.to_le_bytes()[..]));
        let silent = &UNKNOWN[..44];
        let endless = b"RIFF....WAVEfmt \xff\xff\xff\xff";
        for wrong in [&b""[..], b"ID3", b"RIFF....WAVE", silent, endless] {
            assert!(with_lengths(wrong.to_vec()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_clip_is_named_by_text_language_and_command() {
        let folder = std::env::temp_dir().join(format!("dayshift-speech-{}", std::process::id()));
        let open = |command| Speech::open(&folder, Some(command)).unwrap();
        assert!(open("").is_none() && open("no-such-program-here {voice}").is_none());
        let saying = |tag, text: &str| Saying { tag, text: text.to_owned() };
        let (cat, echo) = (open("cat").unwrap(), open("cat -").unwrap());
        let names: BTreeSet<String> = [
            cat.name(&saying("en", "a")),
            cat.name(&saying("zh-CN", "a")),
            cat.name(&saying("en", "b")),
            echo.name(&saying("en", "a")),
        ]
        .into();
        assert_eq!(names.len(), 4);
        assert!(names.iter().all(|name| is_name(name)));
        assert_eq!((voice("zh-CN"), voice("es")), ("cmn", "es"));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[tokio::test]
    async fn a_language_without_a_voice_silences_no_other_one() {
        let folder = std::env::temp_dir().join(format!("dayshift-voices-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (sample, script, calls) = (folder.join("sample"), folder.join("speak"), folder.join("calls"));
        fs::write(&sample, UNKNOWN).unwrap();
        // Like a speaker that has no voice for bo, and that stumbles over one text of en.
        fs::write(&script, "text=$(cat); echo \"$1\" >> $2; [ $1 != bo ] && [ \"$text\" != odd ] && cat $3")
            .unwrap();
        let [script, sample, told] = [&script, &sample, &calls].map(|path| path.display().to_string());
        let command = format!("sh {script} {{lang}} {told} {sample}");
        let speech = Arc::new(Speech::open(&folder.join("clips"), Some(&command)).unwrap().unwrap());
        let saying = |tag, text: &str| Saying { tag, text: text.to_owned() };
        let mut wanted: BTreeSet<Saying> = (0..9).map(|n| saying("bo", &n.to_string())).collect();
        let heard = [saying("en", "a"), saying("en", "z"), saying("zh-CN", "a")];
        wanted.extend(heard.iter().cloned().chain([saying("en", "odd")]));
        let called =
            |tag: &str| fs::read_to_string(&calls).unwrap().lines().filter(|line| *line == tag).count();
        assert!(speak_all(&speech, &wanted).await, "another round may bring more");
        assert!(heard.iter().all(|saying| speech.clip(saying).is_some()));
        assert_eq!((called("bo"), called("en"), called("zh-CN")), (3, 3, 1));
        assert_eq!(speech.lacking(&wanted)[0], saying("en", "odd"), "a language without a voice comes last");
        let mut rounds = 1;
        while speak_all(&speech, &wanted).await {
            rounds += 1;
            assert!(rounds < 20);
        }
        assert_eq!((called("bo"), called("en")), (9 * 3, 2 + 3), "each clip is tried three times");
        wanted.insert(saying("en", "new"));
        assert!(!speak_all(&speech, &wanted).await);
        assert!(speech.clip(&saying("en", "new")).is_some(), "what is new is spoken");
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_a_command_says_is_kept_and_what_it_does_wrong_is_told() {
        let folder = std::env::temp_dir().join(format!("dayshift-said-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let sample = folder.join("sample");
        fs::write(&sample, UNKNOWN).unwrap();
        let clips = folder.join("clips");
        let hello = Saying { tag: "en", text: "hello".to_owned() };
        let by = |command: String| Speech::open(&clips, Some(&command)).unwrap().unwrap();
        let speech = by(format!("cat {}", sample.display()));
        assert_eq!(speech.clip(&hello), None);
        assert_eq!(speech.lacking(&[hello.clone()].into()), std::slice::from_ref(&hello));
        assert!(speech.speak(&hello).unwrap());
        let name = speech.clip(&hello).unwrap();
        assert_eq!(fs::read(speech.path(&name).unwrap()).unwrap(), with_lengths(UNKNOWN.to_vec()).unwrap());
        assert!(speech.lacking(&[hello.clone()].into()).is_empty());
        assert_eq!(by(format!("cat {}", sample.display())).clip(&hello), Some(name), "after a restart");
        for (command, said) in [("cat", "gives no WAV"), ("true", "says nothing"), ("false", "says nothing")]
        {
            let error = format!("{:#}", by(command.to_owned()).speak(&hello).unwrap_err());
            assert!(error.contains(said), "{command}: {error}");
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
