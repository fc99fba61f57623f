//! Positions, distances and the Z-order of cells that keeps neighbours together.
//!
//! Every bound of a quad is computed by the same monotone steps as the distance of a row, so a quad that is wholly inside
//! or outside a circle is so for each of its rows, to the last bit.

/// A point in millionths of a degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub lat_e6: i32,
    pub lon_e6: i32,
}

/// A circle in which to search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Near {
    pub position: Position,
    pub radius_m: u32,
}

impl Near {
    /// Whole metres from the centre, rounded down.
    pub(crate) fn distance_m(self, to: Position) -> u32 {
        Circle::of(self).distance_m(to.lat_e6, to.lon_e6)
    }
}

const LAT_MAX_E6: i32 = 90_000_000;
const LON_MAX_E6: i32 = 180_000_000;
const METRES_PER_E6: f64 = 0.111_319_490_793;
/// A cell is 2,048 millionths of a degree wide: about 200 m at the latitude of Hangzhou.
const CELL_SHIFT: u32 = 11;
const LEVELS: u32 = 18;
/// The cell of a job without a position; sorts behind every other.
pub(super) const NOWHERE: u64 = u64::MAX;
const FEW_ROWS: usize = 64;

impl Position {
    /// Says whether latitude and longitude are within their ranges.
    #[must_use]
    pub fn is_on_globe(self) -> bool {
        (-LAT_MAX_E6..=LAT_MAX_E6).contains(&self.lat_e6) && (-LON_MAX_E6..=LON_MAX_E6).contains(&self.lon_e6)
    }
}

/// The Z-order number of the cell around a position on the globe.
pub(super) fn cell(position: Position) -> u64 {
    let x = (position.lon_e6 + LON_MAX_E6).unsigned_abs() >> CELL_SHIFT;
    let y = (position.lat_e6 + LAT_MAX_E6).unsigned_abs() >> CELL_SHIFT;
    spread(x) | spread(y) << 1
}

fn spread(bits: u32) -> u64 {
    let mut v = u64::from(bits);
    v = (v | v << 16) & 0x0000_ffff_0000_ffff;
    v = (v | v << 8) & 0x00ff_00ff_00ff_00ff;
    v = (v | v << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    v = (v | v << 2) & 0x3333_3333_3333_3333;
    (v | v << 1) & 0x5555_5555_5555_5555
}

/// A circle prepared for many distances: plane geometry with the scale of its own latitude.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circle {
    centre: Position,
    metres_per_lon_e6: f64,
    pub(super) radius_m: u32,
    /// Jobs that say no position count as well, as if they lay at the edge.
    pub(super) placeless: bool,
}

impl Circle {
    pub(super) fn of(near: Near) -> Self {
        let latitude = f64::from(near.position.lat_e6) / 1e6;
        let metres_per_lon_e6 = METRES_PER_E6 * latitude.to_radians().cos().max(0.0);
        Self { centre: near.position, metres_per_lon_e6, radius_m: near.radius_m, placeless: false }
    }

    /// Whole metres from the centre, rounded down.
    #[inline]
    pub(super) fn distance_m(&self, lat_e6: i32, lon_e6: i32) -> u32 {
        self.metres(lat_e6.abs_diff(self.centre.lat_e6), around(lon_e6.abs_diff(self.centre.lon_e6)))
    }

    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "no distance on Earth reaches 2^32 m"
    )]
    fn metres(&self, lat_e6: u32, lon_e6: u32) -> u32 {
        let y = f64::from(lat_e6) * METRES_PER_E6;
        let x = f64::from(lon_e6) * self.metres_per_lon_e6;
        (x * x + y * y).sqrt() as u32
    }
}

/// The shorter way around the globe.
#[inline]
fn around(lon_e6: u32) -> u32 {
    lon_e6.min(360_000_000_u32.saturating_sub(lon_e6))
}

/// A run of rows in Z-order; `inside` when all of them are within the circle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) inside: bool,
}

/// Finds the runs of rows, ascending, that can be within the circle.
pub(super) fn cover(cells: &[u64], circle: &Circle) -> Vec<Span> {
    let placed = cells.partition_point(|&cell| cell != NOWHERE);
    let mut spans = Vec::new();
    Quad { prefix: 0, x: 0, y: 0, level: LEVELS }.descend(&cells[..placed], 0, circle, &mut spans);
    if circle.placeless && placed < cells.len() {
        push(&mut spans, Span { from: placed, to: cells.len(), inside: false });
    }
    spans
}

#[derive(Clone, Copy)]
struct Quad {
    prefix: u64,
    x: u32,
    y: u32,
    level: u32,
}

impl Quad {
    fn descend(self, cells: &[u64], offset: usize, circle: &Circle, spans: &mut Vec<Span>) {
        if cells.is_empty() {
            return;
        }
        let (least, most) = self.bounds(circle);
        if least > circle.radius_m {
            return;
        }
        let inside = most <= circle.radius_m;
        if inside || self.level == 0 || cells.len() <= FEW_ROWS {
            return push(spans, Span { from: offset, to: offset + cells.len(), inside });
        }
        let level = self.level - 1;
        let (side, area) = (1_u32 << level, 1_u64 << (2 * level));
        let mut from = 0;
        for (child, (dx, dy)) in (0_u64..).zip([(0, 0), (side, 0), (0, side), (side, side)]) {
            let prefix = self.prefix + child * area;
            let to = from + cells[from..].partition_point(|&cell| cell < prefix + area);
            let quad = Self { prefix, x: self.x + dx, y: self.y + dy, level };
            quad.descend(&cells[from..to], offset + from, circle, spans);
            from = to;
        }
    }

    /// The least distance of any point in the quad, and a distance that none exceeds.
    fn bounds(self, circle: &Circle) -> (u32, u32) {
        let (south, north) = edges(self.y, self.level, LAT_MAX_E6);
        let (west, east) = edges(self.x, self.level, LON_MAX_E6);
        let Position { lat_e6, lon_e6 } = circle.centre;
        let (to_south, to_north) = (south.abs_diff(lat_e6), north.abs_diff(lat_e6));
        let (to_west, to_east) = (west.abs_diff(lon_e6), east.abs_diff(lon_e6));
        let lat_least = if (south..=north).contains(&lat_e6) { 0 } else { to_south.min(to_north) };
        let lon_least =
            if (west..=east).contains(&lon_e6) { 0 } else { around(to_west).min(around(to_east)) };
        let least = circle.metres(lat_least, lon_least);
        let most = circle.metres(to_south.max(to_north), to_west.max(to_east));
        (least, most)
    }
}

/// The first and last coordinate of a quad along one axis, kept on the globe.
fn edges(cell: u32, level: u32, max_e6: i32) -> (i32, i32) {
    let low = i64::from(cell) << CELL_SHIFT;
    let high = (i64::from(cell + (1 << level)) << CELL_SHIFT) - 1;
    let on_globe = |shifted: i64| {
        let e6 = shifted.min(2 * i64::from(max_e6)) - i64::from(max_e6);
        i32::try_from(e6).unwrap_or(max_e6)
    };
    (on_globe(low), on_globe(high))
}

fn push(spans: &mut Vec<Span>, span: Span) {
    if let Some(last) = spans.last_mut()
        && last.to == span.from
        && last.inside == span.inside
    {
        last.to = span.to;
        return;
    }
    spans.push(span);
}
