//! How frames go on to other threads: a bounded queue and a doorbell for each reader.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crossbeam_queue::ArrayQueue;
use frame_pool::{Doorbell, Lease};

/// Frames on their way to one reader.
pub(super) struct Mailbox {
    leases: ArrayQueue<Lease>,
    bell: Doorbell,
    closed: AtomicBool,
    read: AtomicU64,
}

impl Mailbox {
    /// A mailbox for `room` frames. Nothing is allocated later.
    pub(super) fn new(room: usize) -> Self {
        Self {
            leases: ArrayQueue::new(room.max(1)),
            bell: Doorbell::new(),
            closed: AtomicBool::new(false),
            read: AtomicU64::new(0),
        }
    }

    /// Puts a frame in and wakes the reader. A mailbox that is full misses it, and [`Mailbox::read`] shows that.
    pub(super) fn put(&self, lease: Lease) {
        if self.leases.push(lease).is_ok() {
            self.bell.ring();
        }
    }

    /// No more frames will come.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.bell.ring();
    }

    /// Frames that the reader has read and dropped.
    pub(super) fn read(&self) -> u64 {
        self.read.load(Ordering::Acquire)
    }

    /// Reads with `look` until the mailbox is closed and empty.
    pub(super) fn read_all(&self, mut look: impl FnMut(&Lease)) {
        loop {
            let ticket = self.bell.listen();
            let closed = self.closed.load(Ordering::Acquire);
            if let Some(lease) = self.leases.pop() {
                look(&lease);
                drop(lease);
                self.read.fetch_add(1, Ordering::Release);
            } else if closed {
                return;
            } else {
                self.bell.wait(ticket, None);
            }
        }
    }
}
