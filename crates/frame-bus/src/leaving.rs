//! Leaving: a seat is in nobody's sight, and empty, before it is given to another one.

use crate::fanout::Fanout;
use crate::fault::broken;
use crate::seat::{ACTIVE, BOTH, LEAVING, LEFT, SWEEPING, Seat};

impl Fanout {
    /// Empties the mailbox of who has left, if that is still this generation. Two may be at it: a reader that leaves, and a publisher
    /// that must not fill the shared ring again before it is empty. Neither waits for the other, and the seat is free after both.
    pub(crate) fn sweep(&self, seat: &Seat, generation: u64) {
        let first = seat.go(generation, LEAVING, SWEEPING);
        if first || self.helps(seat, generation) {
            seat.mailbox.close(seat.ring(&self.ring));
            // One fails if the other one came or went between the two; then the next round does not.
            while !seat.go(generation, BOTH, SWEEPING) && !seat.go(generation, SWEEPING, LEFT) {}
        }
    }

    /// The second one says that it is at it too.
    fn helps(&self, seat: &Seat, generation: u64) -> bool {
        if broken!(self, HelpsNot) {
            return false;
        }
        if broken!(self, HelpsUnannounced) {
            if seat.phase() == SWEEPING {
                seat.mailbox.close(seat.ring(&self.ring));
            }
            return false;
        }
        seat.go(generation, SWEEPING, BOTH)
    }

    /// A reader leaves: what it did not take is dropped, by it or by the publisher that is in the middle of a walk.
    pub(crate) fn leave(&self, seat: &Seat) {
        self.get_up(seat);
        seat.set_waker(None);
        if let Some(opened) = &seat.card.lock().account {
            opened.account().left();
        }
        let generation = seat.generation();
        seat.go(generation, ACTIVE, LEAVING);
        if !self.walk.0.change() || broken!(self, SweepsBeside) {
            // It may have been swept by now, and somebody else may sit here.
            self.sweep(seat, generation);
        }
    }
}
