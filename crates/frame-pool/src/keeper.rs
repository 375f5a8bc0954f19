//! The keeper: moves a frame that is held too long out of the ring, under its readers, without moving their address.
//!
//! The frame's bytes are copied into a reserve block; the window through which its readers look is put onto that block, at
//! the same address with the same bytes; the window that belonged to the reserve block is put onto the ring block; and
//! the ring block, which nobody looks at any more, is unlocked in its turn. On the last drop window and reserve block are
//! simply the next free pair: nothing is copied or mapped back.
//!
//! Never in the callback: only the service thread, and the opener of a stream, rescue, one at a time.

use crate::shared::Shared;
use crate::slot::{IN_RESERVE, Slot};

/// What a rescue needs from the memory. The region is the real one; the models have one of cells.
pub(crate) trait Memory {
    /// Whether windows can be put onto other blocks at all.
    fn can_repoint(&self) -> bool;
    /// Copies ring block `block` to reserve block `reserve`, as window `window` will show it.
    fn copy_out(&self, block: u32, reserve: u32, window: &Slot);
    /// Puts the leased window onto reserve block `reserve`, atomically for its readers, at the same address.
    fn repoint_leased(&self, window: &Slot, reserve: u32) -> Result<(), RepointError>;
    /// Looks, after the leased window was put onto its copy, whether ring block `block` had been the frame's up to then. While the
    /// frame is moved, whoever asks for its evidence waits.
    fn confirm(&self, _block: u32, _window: &Slot) {}
    /// Puts a window that nobody looks through onto ring block `block`, and tells its slot the new address.
    fn repoint_idle(&self, window: &Slot, block: u32) -> Result<(), RepointError>;
}

/// A window could not be put onto another block; the old one still stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RepointError;

/// What became of a rescue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rescue {
    /// The frame lies in the reserve now; held since `since_ns`.
    Done { since_ns: u64 },
    /// Its last lease went meanwhile (or nobody ever held it).
    AlreadyVacant,
    /// A pin forbids it.
    Pinned,
    /// No reserve block is free.
    NoReserve,
    /// This pool cannot repoint.
    Impossible,
    /// The system refused; the readers' view is as it was.
    Failed,
}

impl Shared {
    /// Moves the frame in ring block `block` to the reserve. One at a time; never called by a callback or a reader.
    pub(crate) fn rescue(&self, memory: &dyn Memory, block: u32) -> Rescue {
        if !memory.can_repoint() {
            return Rescue::Impossible;
        }
        #[cfg(not(pool_loom))]
        let _the_keeper = self.keeper.lock();
        let Some(slot) = self.ring.slot(block) else {
            return Rescue::AlreadyVacant;
        };
        // A lease of our own: from here on nobody else makes the slot vacant.
        if !slot.try_retain() {
            return Rescue::AlreadyVacant;
        }
        let what = if slot.begin_rescue() {
            // The window was looked up before there was a lease of ours: by now it may look elsewhere.
            let still_there = self.ring.slot(block).is_some_and(|now| now.window == slot.window);
            let what =
                if still_there { self.rescue_held(memory, block, slot) } else { Rescue::AlreadyVacant };
            slot.end_rescue();
            what
        } else {
            Rescue::Pinned
        };
        // SAFETY: the count taken by `try_retain`, given up once.
        unsafe { Self::release_slot(slot) };
        what
    }

    /// As `rescue`, with a lease on the slot held and pins locked out.
    fn rescue_held(&self, memory: &dyn Memory, block: u32, slot: &Slot) -> Rescue {
        let Some(reserve) = self.free.take() else { return Rescue::NoReserve };
        let Some(spare) = self.window_at(reserve) else { return Rescue::NoReserve };
        memory.copy_out(block, reserve, slot);
        #[cfg(pool_loom)]
        if self.fault == crate::model::Fault::VacateBeforeRepoint {
            // SAFETY: both of this pool.
            unsafe { self.ring.set_slot(block, spare) };
        }
        if memory.repoint_leased(slot, reserve).is_err() {
            self.free.give(reserve);
            return Rescue::Failed;
        }
        memory.confirm(block, slot);
        // The readers look at the reserve now. Before the count says so, the slot must know which block to give back.
        slot.set_home(reserve);
        self.set_window_at(reserve, slot.window);
        // Held by the caller's lease, so this always finds it leased.
        let _ = self.mark(slot, IN_RESERVE);
        // SAFETY: this function's caller holds a lease on the slot.
        let since_ns = unsafe { slot.record() }.arrived_ns;
        if memory.repoint_idle(spare, block).is_err() {
            // The frame is safe, but nobody can look at the ring block: it has no window and is never used again.
            // SAFETY: null is allowed.
            unsafe { self.ring.set_slot(block, core::ptr::null()) };
            return Rescue::Failed;
        }
        // From here on the block is vacant: the window that looks at it has no lease.
        // SAFETY: ring and slot are parts of this pool.
        unsafe { self.ring.set_slot(block, spare) };
        Rescue::Done { since_ns }
    }
}
