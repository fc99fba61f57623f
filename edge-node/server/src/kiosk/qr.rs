//! QR codes as one SVG path of whole modules, crisp on screens and thermal paper alike.

use std::fmt::Write;

use fast_qr::{ECL, QRBuilder};

/// A drawn QR code: how many modules a side has, and the dark ones as SVG path data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Qr {
    /// Modules on a side, without the quiet zone.
    pub(crate) side: usize,
    /// Path data in module units: through the middle of each row a line that is drawn one module wide. Outlines would be
    /// two and a half times as long, and a crew's page has ten codes.
    pub(crate) path: String,
}

impl Qr {
    /// Draws `text`, or returns `None` if it is longer than a QR code can hold.
    pub(crate) fn draw(text: &str) -> Option<Self> {
        let code = QRBuilder::new(text.to_owned()).ecl(ECL::M).build().ok()?;
        let side = code.size;
        let mut path = String::new();
        for y in 0..side {
            let row = &code[y][..side];
            let (mut x, mut drawn) = (0, None);
            while x < side {
                let run = row[x..].iter().take_while(|module| module.value()).count();
                if run > 0 {
                    // Writing to a String cannot fail.
                    let _ = match drawn {
                        None => write!(path, "M{x} {y}.5h{run}"),
                        Some(end) => write!(path, "m{} 0h{run}", x - end),
                    };
                    drawn = Some(x + run);
                }
                x += run.max(1);
            }
        }
        Some(Self { side, path })
    }

    /// Returns the `viewBox` with the quiet zone of four modules that scanners need.
    pub(crate) fn view_box(&self) -> String {
        format!("-4 -4 {0} {0}", self.side + 8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_starts_with_the_finder_row() {
        let qr = Qr::draw("DS1 482916").unwrap();
        assert!(qr.path.starts_with("M0 0.5h7m"));
        assert_eq!(qr.view_box(), format!("-4 -4 {0} {0}", qr.side + 8));
        assert!(Qr::draw(&"x".repeat(5000)).is_none());
    }
}
