//! Where a job lies as seen from the hall: a sketch drawn from two positions, without map data, and the same in words.

use askama::filters::Safe;

use super::{Away, Frame, Words};

/// Direction and distance of a place from the hall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sketch {
    /// Direction from the hall in degrees, clockwise from north.
    pub(crate) bearing_deg: f64,
    /// Distance from the hall in metres.
    pub(crate) distance_m: u32,
}

/// Middle of the drawing, where the hall is, in its own units.
const MIDDLE: (f64, f64) = (420.0, 180.0);
/// Rings around the hall, and the radius of the innermost.
const RINGS: u32 = 3;
const RING: f64 = 52.0;
/// What one ring may stand for: minutes on foot, then kilometres.
const RING_MINUTES: [u32; 7] = [1, 2, 5, 10, 15, 20, 30];
const RING_KM: [u32; 7] = [3, 5, 10, 20, 50, 100, 1_000];
const METRES_PER_MINUTE: u32 = 80;

/// What the rings of one sketch stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    Minutes(u32),
    Kilometres(u32),
}

impl Scale {
    fn metres(self) -> u32 {
        match self {
            Self::Minutes(minutes) => minutes * METRES_PER_MINUTE,
            Self::Kilometres(km) => km * 1_000,
        }
    }
}

/// One ring with its label.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ring {
    /// Radius.
    pub(crate) r: String,
    /// Where its label stands, and to which side it runs from there.
    pub(crate) x: String,
    pub(crate) run: &'static str,
    /// What it stands for; the outermost names the unit.
    pub(crate) label: String,
}

impl Sketch {
    fn scale(&self) -> Scale {
        let reaches = |scale: &Scale| scale.metres() * RINGS >= self.distance_m;
        let walks = matches!(Away::of(self.distance_m), Away::Walk(_));
        let minutes = RING_MINUTES.into_iter().filter(|_| walks).map(Scale::Minutes);
        let mut scales = minutes.chain(RING_KM.into_iter().map(Scale::Kilometres));
        scales.find(reaches).unwrap_or(Scale::Kilometres(1_000))
    }

    fn east(&self) -> f64 {
        self.bearing_deg.to_radians().sin()
    }

    /// Where the place is drawn, to scale, but never on top of the hall.
    pub(super) fn spot(&self) -> (String, String) {
        const LEAST: f64 = 44.0;
        let reach = f64::from(self.distance_m) / f64::from(self.scale().metres()) * RING;
        let reach = reach.clamp(LEAST, RING * f64::from(RINGS));
        let north = self.bearing_deg.to_radians().cos();
        (format!("{:.0}", MIDDLE.0 + reach * self.east()), format!("{:.0}", MIDDLE.1 - reach * north))
    }

    /// The rings; their labels stand on the side where the place is not.
    pub(super) fn rings(&self, frame: &Frame) -> Vec<Ring> {
        const GAP: f64 = 12.0;
        let (side, outwards) = if self.east() >= 0.0 { (-1.0, "to-left") } else { (1.0, "to-right") };
        let scale = self.scale();
        (1..=RINGS)
            .map(|nth| {
                let r = RING * f64::from(nth);
                let label = match (scale, nth == RINGS) {
                    (Scale::Minutes(step), true) => frame.t_n("ring-minutes", step * nth).0,
                    (Scale::Kilometres(step), true) => frame.t_n("ring-km", step * nth).0,
                    (Scale::Minutes(step) | Scale::Kilometres(step), false) => (step * nth).to_string(),
                };
                let (x, run) = if nth == RINGS { (r + GAP, outwards) } else { (r, "") };
                Ring { r: format!("{r:.0}"), x: format!("{:.0}", MIDDLE.0 + side * x), run, label }
            })
            .collect()
    }

    fn direction(&self, words: Words) -> Safe<String> {
        let bearing = self.bearing_deg.rem_euclid(360.0);
        let edges = [22.5, 67.5, 112.5, 157.5, 202.5, 247.5, 292.5, 337.5];
        match edges.iter().filter(|edge| bearing >= **edge).count() {
            1 => words.t("dir-ne"),
            2 => words.t("dir-e"),
            3 => words.t("dir-se"),
            4 => words.t("dir-s"),
            5 => words.t("dir-sw"),
            6 => words.t("dir-w"),
            7 => words.t("dir-nw"),
            _ => words.t("dir-n"),
        }
    }

    fn distance(&self, words: Words) -> Safe<String> {
        let metres = self.distance_m;
        if metres < 1_000 {
            // Rounded: nobody paces out single metres, and the data does not know them.
            words.t_n("metres", metres.div_ceil(10) * 10)
        } else {
            words.t_a("kilometres", format!("{}.{}", metres / 1_000, metres % 1_000 / 100))
        }
    }

    /// Direction and distance in the words of one language.
    pub(super) fn said(&self, words: Words) -> Safe<String> {
        words.t_ab("job-map", self.direction(words).0, self.distance(words).0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketch(bearing_deg: f64, distance_m: u32) -> Sketch {
        Sketch { bearing_deg, distance_m }
    }

    #[test]
    fn the_rings_reach_as_far_as_the_place() {
        for (metres, scale) in [
            (0, Scale::Minutes(1)),
            (240, Scale::Minutes(1)),
            (241, Scale::Minutes(2)),
            (698, Scale::Minutes(5)),
            (7_200, Scale::Minutes(30)),
            (7_201, Scale::Kilometres(3)),
            (24_000, Scale::Kilometres(10)),
            (4_000_000, Scale::Kilometres(1_000)),
        ] {
            assert_eq!(sketch(0.0, metres).scale(), scale, "{metres} m");
        }
    }

    #[test]
    fn the_place_is_drawn_to_scale_in_its_direction() {
        for (bearing, metres, spot) in [
            (0.0, 1_200, ("420", "24")),
            (90.0, 1_200, ("576", "180")),
            (180.0, 400, ("420", "310")),
            (270.0, 800, ("316", "180")),
            (0.0, 0, ("420", "136")),
            (0.0, 4_000_000, ("420", "24")),
        ] {
            let (x, y) = sketch(bearing, metres).spot();
            assert_eq!((x.as_str(), y.as_str()), spot, "{bearing} {metres}");
        }
    }
}
