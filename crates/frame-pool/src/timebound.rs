//! The keeper's side of a ring that overwrites: frames that are lent in place there have to be moved before their time is up.

use core::time::Duration;

use crate::copy;
use crate::keeper::{Memory, RepointError};
use crate::region::Region;
use crate::shared::Shared;
use crate::slot::{Slot, TORN};
use crate::stream::{Stream, StreamMode};
use crate::sync::{Ordering, fence};

/// The keeper looks so often in the time for which a frame is good.
const LOOKS: u32 = 8;

impl Stream {
    /// Sets the clock of a [`StreamMode::TimeBound`] or [`StreamMode::Raw`] stream: frames follow each other by `frame_time` at least.
    /// A frame is good for N - 1 times that. Before the first frame.
    pub fn set_clock(&self, frame_time: Duration) {
        self.pool.clock.set(frame_time.saturating_mul(self.pool.ring.blocks().saturating_sub(1)));
        // The service thread sleeps by this clock.
        self.pool.bell.ring();
    }

    /// How long the service thread may sleep; `None`: until it is rung.
    pub(crate) fn longest_sleep(&self) -> Option<Duration> {
        if self.mode != StreamMode::TimeBound || !self.rescues() {
            return None;
        }
        Some((self.pool.clock.good_for()? / LOOKS).max(Duration::from_millis(1)))
    }

    /// Moves frames that have been held for half of their time.
    pub(crate) fn keep_time_bound(&self, region: &Region) {
        let Some(good_for) = self.pool.clock.good_for() else { return };
        let blocks = self.pool.ring.blocks();
        let first = self.newest_block.load(Ordering::Relaxed) + 1;
        for block in (0..blocks).map(|n| (first + n) % blocks) {
            let since = self.pool.held_since(block);
            if since.is_some_and(|since| self.pool.clock.age(since) >= good_for / 2)
                && !self.move_out(&Guarded::new(&self.pool, region), region, block)
            {
                return;
            }
        }
    }
}

impl Shared {
    /// When the frame in ring block `block` was announced, if it is leased.
    fn held_since(&self, block: u32) -> Option<u64> {
        let slot = self.ring.slot(block)?;
        if !slot.try_retain() {
            return None;
        }
        // SAFETY: a lease on the slot was just taken.
        let since = unsafe { slot.record() }.arrived_ns;
        // SAFETY: the count taken above, given up once.
        unsafe { Self::release_slot(slot) };
        Some(since)
    }
}

/// Memory whose ring the device may be writing: what is moved out of it is marked as torn if the device was faster.
pub(crate) struct Guarded<'a> {
    shared: &'a Shared,
    region: &'a Region,
}

impl<'a> Guarded<'a> {
    pub(crate) fn new(shared: &'a Shared, region: &'a Region) -> Self {
        Self { shared, region }
    }

    /// Whether the frame that `window` shows still lay whole in ring block `block`, at the time of this call.
    fn is_whole(&self, block: u32, window: &Slot) -> bool {
        // SAFETY: the keeper holds a lease on the window that it moves.
        let record = unsafe { window.record() };
        let Some(tag) = record.tag else { return self.shared.clock.check(record.arrived_ns).is_ok() };
        let at = tag.offset as usize;
        if at.checked_add(4).is_none_or(|end| end > self.region.plan().block_bytes) {
            return false;
        }
        let mut found = [0; 4];
        // SAFETY: the four bytes lie inside the block (checked), which is mapped as long as the pool lives. Raw, because the device
        // may write them.
        unsafe { copy::read_raw(self.region.ring_block(block).add(at), &mut found) };
        u32::from_le_bytes(found) == tag.expected
    }
}

impl Memory for Guarded<'_> {
    fn can_repoint(&self) -> bool {
        self.region.can_repoint()
    }

    fn copy_out(&self, block: u32, reserve: u32, window: &Slot) {
        self.region.copy_out(block, reserve, window);
        // The bytes were read before the evidence is.
        fence(Ordering::Acquire);
        if !self.is_whole(block, window) {
            window.refs.fetch_or(TORN, Ordering::AcqRel);
        }
    }

    fn repoint_leased(&self, window: &Slot, reserve: u32) -> Result<(), RepointError> {
        self.region.repoint_leased(window, reserve)
    }

    fn confirm(&self, block: u32, window: &Slot) {
        // The readers saw the ring block until now, which may have been written since it was copied.
        fence(Ordering::SeqCst);
        if !self.is_whole(block, window) {
            window.refs.fetch_or(TORN, Ordering::AcqRel);
        }
    }

    fn repoint_idle(&self, window: &Slot, block: u32) -> Result<(), RepointError> {
        self.region.repoint_idle(window, block)
    }
}

#[cfg(all(test, not(pool_loom)))]
#[expect(clippy::unwrap_used, reason = "a failed step is a failed test")]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::layout::{Element, Layout};
    use crate::record::{Evidence, Record, Tag};
    use crate::{Lease, Pool, RegionPlan, Sink, StreamPlan, Torn};

    const BYTES: usize = 4096;

    /// The SDK's side: writes number `number` into the ring's first block.
    fn write(pool: &Pool, number: u32) {
        // SAFETY: the ring is mapped and has a whole block there; tests play the SDK, one write at a time.
        unsafe { pool.ring().ptr.cast::<u32>().as_ptr().write_volatile(number) };
    }

    /// The region, on which something happens right after a frame was copied out of the ring.
    struct Slow<'a> {
        guarded: Guarded<'a>,
        then: &'a dyn Fn(),
    }

    impl Memory for Slow<'_> {
        fn can_repoint(&self) -> bool {
            self.guarded.can_repoint()
        }

        fn copy_out(&self, block: u32, reserve: u32, window: &Slot) {
            self.guarded.copy_out(block, reserve, window);
            (self.then)();
        }

        fn repoint_leased(&self, window: &Slot, reserve: u32) -> Result<(), RepointError> {
            self.guarded.repoint_leased(window, reserve)
        }

        fn confirm(&self, block: u32, window: &Slot) {
            self.guarded.confirm(block, window);
        }

        fn repoint_idle(&self, window: &Slot, block: u32) -> Result<(), RepointError> {
            self.guarded.repoint_idle(window, block)
        }
    }

    #[derive(Default)]
    struct Tray(Mutex<Vec<Lease>>);

    impl crate::sealed::OfThisFamily for Tray {}

    impl Sink for Tray {
        fn deliver(&self, lease: Lease) {
            self.0.lock().unwrap().push(lease);
        }

        fn close(&self) {}
    }

    /// A frame that lies in the first block of an overwriting ring, and is moved while `then` happens.
    fn moved_while(then: impl Fn(&Pool, &Lease)) -> Lease {
        let pool = Pool::new(RegionPlan::new(BYTES, 3, 1), 1 << 20).unwrap();
        let tray = Arc::new(Tray::default());
        let sink: Arc<dyn Sink> = Arc::<Tray>::clone(&tray);
        let plan = StreamPlan { mode: StreamMode::TimeBound, sink, unlock: None, epoch: 1 };
        let stream = pool.open_stream(plan).unwrap();
        stream.set_clock(Duration::from_secs(3600));
        write(&pool, 1);
        let mut record = Record::new(1, Layout::mono(Element::U8, 8, 1, 1), Evidence::Tag);
        record.arrived_ns = crate::monotonic_ns();
        record.tag = Some(Tag { offset: 0, expected: 1 });
        // SAFETY: one thread, and the test believes nothing that it has not verified.
        unsafe { stream.publish(0, &record) }.unwrap();
        let lease = tray.0.lock().unwrap().pop().unwrap();
        let shared = lease.shared();
        let Some(region) = &shared.region else { unreachable!("a pool has memory") };
        let memory = Slow { guarded: Guarded::new(shared, region), then: &|| then(&pool, &lease) };
        if memory.can_repoint() {
            stream.move_out(&memory, region, 0);
            assert_eq!(stream.books().rescued, 1);
        }
        lease
    }

    #[test]
    fn a_frame_that_is_moved_in_time_is_good() {
        assert_eq!(moved_while(|_, _| ()).verify(), Ok(Evidence::Tag));
    }

    /// The copy is whole, but until the readers see it they see the block, which is another frame's by then.
    #[test]
    fn a_block_that_is_written_between_copy_and_repoint_makes_the_frame_torn() {
        let lease = moved_while(|pool, lease| {
            write(pool, 4);
            // What a reader would take for pixels now is not the frame's.
            assert_eq!(lease.slot_bytes()[0], 4);
        });
        assert!(lease.verify().is_err(), "it carries its own number again, but readers have seen another");
    }

    /// Who asks while the frame is moved gets the answer that holds afterwards.
    #[test]
    fn the_answer_waits_for_the_end_of_a_move() {
        let (tell, told): (Sender<Result<Evidence, Torn>>, Receiver<_>) = channel();
        let asking: Mutex<Option<std::thread::JoinHandle<()>>> = Mutex::new(None);
        let lease = moved_while(|pool, lease| {
            write(pool, 4);
            let (lease, tell) = (lease.clone(), tell.clone());
            *asking.lock().unwrap() = Some(std::thread::spawn(move || tell.send(lease.verify()).unwrap()));
            assert!(told.recv_timeout(Duration::from_millis(50)).is_err(), "no answer before it is certain");
        });
        if let Some(asking) = asking.lock().unwrap().take() {
            asking.join().unwrap();
            assert!(told.recv().unwrap().is_err());
        }
        drop(lease);
    }
}
