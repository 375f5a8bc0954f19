//! The end of a bus: the first reason stands, and no reader is told of it while a delivery is under way.

use std::sync::Arc;

use frame_pool::{Books, StreamEnd};

use crate::event::Closing;
use crate::fanout::Fanout;
use crate::fault::broken;
use crate::seat::Seat;
use crate::sync::Ordering;

/// Codes in `closed`.
pub(crate) const OPEN: u32 = 0;
pub(crate) const STOPPED: u32 = 1;
pub(crate) const FAILED: u32 = 2;
pub(crate) const CAMERA_GONE: u32 = 3;
pub(crate) const OVERRUN: u32 = 4;
pub(crate) const DROPPED: u32 = 5;
pub(crate) const ENDED: u32 = 6;

impl Fanout {
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire) != OPEN
    }

    /// Closed, and no delivery is under way that does not know it.
    #[inline]
    pub(crate) fn is_over(&self) -> bool {
        if broken!(self, EndUnasked) {
            return self.is_closed();
        }
        // In this order: a walk that begins after the question sees what was seen here.
        self.is_closed() && !self.walk.0.is_under_way()
    }

    /// Nothing is handed out any more. The first reason stands.
    pub(crate) fn close(&self, why: u32) {
        let _ = self.closed.compare_exchange(OPEN, why, Ordering::AcqRel, Ordering::Relaxed);
        self.meet();
        if !broken!(self, NotRung) {
            self.bell.ring();
        }
    }

    /// An overrun that ended the bus ends the stream as well. Called by the dispatcher, which is rung at the end, and before anybody is
    /// told of the overrun: who knows of it finds the stream ended.
    #[cfg(not(pool_loom))]
    pub(crate) fn end_stream(&self) {
        if self.closed.load(Ordering::Acquire) == OVERRUN {
            // Not taken out: of two who come at once, neither goes on before the stream has ended.
            let stream = self.stream.lock().clone();
            if let Some(stream) = stream {
                stream.end();
            }
        }
    }

    /// The stream ended by itself.
    pub(crate) fn end(&self, why: StreamEnd, books: &Books) {
        // A stream ends once; of two on one bus the first counts, as for all reasons.
        let _ = self.ended.set((why, *books));
        self.close(ENDED);
    }

    /// Why it is closed, if it is.
    pub(crate) fn closing(&self) -> Option<Closing> {
        match self.closed.load(Ordering::Acquire) {
            OPEN => None,
            STOPPED => Some(Closing::Stopped),
            FAILED => Some(Closing::Failed),
            CAMERA_GONE => Some(Closing::CameraGone),
            DROPPED => Some(Closing::BusDropped),
            ENDED => {
                self.ended.get().map(|(why, books)| Closing::Ended { why: *why, books: Box::new(*books) })
            }
            _ => {
                #[cfg(not(pool_loom))]
                self.end_stream();
                let desk = &self.desk.0;
                let seat = self.seats.get(desk.overrun_seat.load(Ordering::Relaxed) as usize);
                let name = |seat: &Arc<Seat>| Some(seat.card.lock().account.as_ref()?.account().name());
                let subscriber = seat.and_then(name).unwrap_or_default();
                Some(Closing::Overrun { subscriber, frame: desk.overrun_frame.load(Ordering::Relaxed) })
            }
        }
    }

    #[cold]
    pub(crate) fn overrun(&self, index: usize, number: u64) {
        if !self.is_closed() {
            let desk = &self.desk.0;
            desk.overrun_seat.store(index as u64, Ordering::Relaxed);
            desk.overrun_frame.store(number, Ordering::Relaxed);
            self.close(OVERRUN);
        }
    }
}
