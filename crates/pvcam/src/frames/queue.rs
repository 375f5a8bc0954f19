//! The session's own sink: a queue with room for every lease there can be.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use std::sync::{Arc, OnceLock, Weak};

use crossbeam_queue::ArrayQueue;
use frame_pool::{Doorbell, Lease, Sink};

use crate::holders::{Unread, Watch};

/// Leases on their way from the callback to the reader.
pub(super) struct FrameQueue {
    leases: ArrayQueue<Lease>,
    pub(super) bell: Arc<Doorbell>,
    /// Leases that were put in.
    received: AtomicU64,
    closed: AtomicBool,
    /// The reader is gone: what comes is dropped.
    abandoned: AtomicBool,
    cancelled: AtomicBool,
    /// Notes why the stream ended, if it ended by itself.
    watch: OnceLock<Weak<Watch>>,
}

impl FrameQueue {
    /// A queue for `capacity` leases: as many as there are windows, so it never overflows.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            leases: ArrayQueue::new(capacity.max(1)),
            bell: Arc::new(Doorbell::new()),
            received: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
            cancelled: AtomicBool::new(false),
            watch: OnceLock::new(),
        }
    }

    pub(super) fn watched_by(&self, watch: &Arc<Watch>) {
        let _ = self.watch.set(Arc::downgrade(watch));
    }

    pub(super) fn pop(&self) -> Option<Lease> {
        self.leases.pop()
    }

    pub(super) fn len(&self) -> usize {
        self.leases.len()
    }

    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Acquire)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
        self.bell.ring();
    }

    /// Whether a cancellation is due; it ends one wait.
    pub(super) fn take_cancellation(&self) -> bool {
        self.cancelled.swap(false, Ordering::AcqRel)
    }

    /// The reader is gone: gives back what waits, and what still comes.
    pub(super) fn abandon(&self) {
        self.abandoned.store(true, Ordering::SeqCst);
        while self.leases.pop().is_some() {}
    }
}

impl Unread for FrameQueue {
    fn unread(&self) -> usize {
        self.len()
    }
}

impl frame_pool::sealed::OfThisFamily for FrameQueue {}

impl Sink for FrameQueue {
    fn deliver(&self, lease: Lease) {
        // The queue has room for every window; were it full all the same, dropping the lease gives the slot back.
        drop(self.leases.push(lease));
        self.received.fetch_add(1, Ordering::Release);
        if self.abandoned.load(Ordering::SeqCst) {
            while self.leases.pop().is_some() {}
        }
        self.bell.ring();
    }

    fn lost(&self) {
        self.bell.ring();
    }

    fn close(&self) {
        // A stream that ends by itself says so on the pool's service thread, where this may lock and allocate; in a callback
        // nothing has ended by itself, and this does neither.
        if let Some(watch) = self.watch.get().and_then(Weak::upgrade) {
            let _ = watch.ended();
        }
        self.closed.store(true, Ordering::Release);
        self.bell.ring();
    }
}
