//! The comparison: the same seats as one number that merges by last write wins, which is what most
//! replicated databases do with a counter column. It is no part of the product; it shows what the taps would sell.

/// The merged column: when it was written, and how many seats it says are left.
type Column = (u64, u64);

/// A centre and two kiosks, each with its copy of the column.
#[derive(Debug, Clone)]
pub(crate) struct Lww {
    pub(crate) hub: Column,
    pub(crate) kiosks: [Column; 2],
    connected: [bool; 2],
    clock: u64,
}

impl Lww {
    /// Every copy says that `seats` are left.
    pub(crate) fn new(seats: u64) -> Self {
        Self { hub: (0, seats), kiosks: [(0, seats); 2], connected: [true; 2], clock: 0 }
    }

    /// Sells a seat when this kiosk's copy says that one is left.
    pub(crate) fn tap(&mut self, kiosk: usize) -> bool {
        let left = self.kiosks[kiosk].1;
        left > 0 && self.write(kiosk, left - 1)
    }

    /// Gives a seat back.
    pub(crate) fn cancel(&mut self, kiosk: usize) {
        self.write(kiosk, self.kiosks[kiosk].1 + 1);
    }

    /// Says whether a kiosk's line carries anything, and merges over the lines that do.
    pub(crate) fn connect(&mut self, kiosk: usize, connected: bool) {
        self.connected[kiosk] = connected;
        self.merge();
    }

    /// An older copy of a kiosk's disk: nothing was written to it yet.
    pub(crate) fn restore(&mut self, kiosk: usize, seats: u64) {
        self.kiosks[kiosk] = (0, seats);
        self.merge();
    }

    fn write(&mut self, kiosk: usize, left: u64) -> bool {
        self.clock += 1;
        self.kiosks[kiosk] = (self.clock, left);
        self.merge();
        true
    }

    /// The later write wins, in every copy that can be reached.
    fn merge(&mut self) {
        let reached = (0..2).filter(|kiosk| self.connected[*kiosk]).map(|kiosk| self.kiosks[kiosk]);
        self.hub = reached.chain([self.hub]).max().unwrap_or(self.hub);
        (0..2).filter(|kiosk| self.connected[*kiosk]).for_each(|kiosk| self.kiosks[kiosk] = self.hub);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_line_sells_twenty_of_ten() {
        let mut model = Lww::new(10);
        model.connect(0, false);
        let sold = (0..24).filter(|tap| model.tap(tap % 2)).count();
        assert_eq!(sold, 20);
        model.connect(0, true);
        assert_eq!((model.hub.1, model.kiosks[0].1, model.kiosks[1].1), (0, 0, 0));
    }

    #[test]
    fn with_every_line_up_it_sells_ten_of_ten() {
        let mut model = Lww::new(10);
        assert_eq!((0..24).filter(|tap| model.tap(tap % 2)).count(), 10);
        model.cancel(1);
        assert!(model.tap(0) && !model.tap(1));
    }
}
