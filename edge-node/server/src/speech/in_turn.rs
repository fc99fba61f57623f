//! Clips one after the other as one clip: a page of many cards is read in the order in which it shows them.

/// Silence between two clips, milliseconds.
const PAUSE_MS: usize = 700;
const HEAD: usize = 12;

/// A WAV taken apart.
struct Parts<'a> {
    format: &'a [u8],
    samples: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(wav: &'a [u8]) -> Option<Self> {
        let (mut format, mut samples) = (None, None);
        let mut rest = wav.get(HEAD..)?;
        while let Some((head, after)) = rest.split_at_checked(8) {
            let length = usize::try_from(u32::from_le_bytes(head[4..].try_into().ok()?)).ok()?;
            let (chunk, next) = after.split_at_checked(length)?;
            match &head[..4] {
                b"fmt " => format = Some(chunk),
                b"data" => samples = Some(chunk),
                _ => {}
            }
            // Chunks begin at even places.
            rest = next.get(length % 2..).unwrap_or_default();
        }
        Some(Self { format: format.filter(|format| format.len() >= 16)?, samples: samples? })
    }

    fn number(&self, at: usize, bytes: usize) -> usize {
        self.format[at..at + bytes].iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte))
    }

    /// A pause in this format, in whole frames.
    fn pause(&self) -> Vec<u8> {
        let (rate, frame, bits) = (self.number(8, 4), self.number(12, 2).max(1), self.number(14, 2));
        let bytes = rate / 1_000 * PAUSE_MS / frame * frame;
        // Samples of eight bits have no sign: their silence is in the middle.
        vec![if bits == 8 { 0x80 } else { 0 }; bytes]
    }
}

/// Joins clips of one format, up to `most` bytes of sound; what is of another format, or no WAV, is left out. `None` where
/// nothing is left.
pub(crate) fn joined(clips: &[Vec<u8>], most: usize) -> Option<Vec<u8>> {
    let parts: Vec<Parts<'_>> = clips.iter().filter_map(|clip| Parts::of(clip)).collect();
    let first = parts.first()?;
    let pause = first.pause();
    let mut samples = Vec::new();
    for one in parts.iter().filter(|one| one.format == first.format) {
        if samples.len() + pause.len() + one.samples.len() > most {
            break;
        }
        if !samples.is_empty() {
            samples.extend(&pause);
        }
        samples.extend(one.samples);
    }
    if samples.is_empty() {
        return None;
    }
    let mut wav = b"RIFF\0\0\0\0WAVE".to_vec();
    for (kind, chunk) in [(b"fmt ", first.format), (b"data", samples.as_slice())] {
        wav.extend(kind);
        wav.extend(u32::try_from(chunk.len()).ok()?.to_le_bytes());
        wav.extend(chunk);
        wav.extend(vec![0; chunk.len() % 2]);
    }
    let length = u32::try_from(wav.len() - 8).ok()?;
    wav[4..8].copy_from_slice(&length.to_le_bytes());
    Some(wav)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 1 << 20;

    /// A clip of one channel with these samples.
    fn clip(rate: u32, bits: u16, samples: &[u8]) -> Vec<u8> {
        let frame = bits / 8;
        let mut wav = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
        wav.extend(rate.to_le_bytes());
        wav.extend((rate * u32::from(frame)).to_le_bytes());
        wav.extend(frame.to_le_bytes());
        wav.extend(bits.to_le_bytes());
        wav.extend(b"LIST\x03\0\0\0abc\0data");
        wav.extend(u32::try_from(samples.len()).unwrap().to_le_bytes());
        wav.extend(samples);
        wav
    }

    #[test]
    fn clips_of_one_format_are_heard_in_their_order() {
        let clips =
            [clip(1_000, 16, &[1, 2]), clip(1_000, 8, &[9]), b"no sound".to_vec(), clip(1_000, 16, &[3, 4])];
        let whole = joined(&clips, MOST).unwrap();
        let parts = Parts::of(&whole).unwrap();
        let mut heard = vec![1, 2];
        heard.extend(vec![0; 2 * PAUSE_MS]);
        heard.extend([3, 4]);
        assert_eq!(parts.samples, heard);
        assert_eq!(
            usize::try_from(u32::from_le_bytes(whole[4..8].try_into().unwrap())).unwrap(),
            whole.len() - 8
        );
        assert_eq!(joined(&[clip(1_000, 8, &[7]), clip(1_000, 8, &[7])], MOST).unwrap().len() % 2, 0);
    }

    #[test]
    fn what_is_joined_is_bounded_and_broken_clips_are_left_out() {
        let long = clip(1_000, 16, &[5; 1_000]);
        let all = [long.clone(), long.clone(), long.clone()];
        let two = 2 * 1_000 + 2 * PAUSE_MS;
        assert_eq!(Parts::of(&joined(&all, two + 2_000).unwrap()).unwrap().samples.len(), two);
        let cut = &long[..long.len() - 1];
        for broken in [cut, &long[..20], b"", b"RIFF"] {
            assert_eq!(joined(&[broken.to_vec()], MOST), None);
        }
    }
}
