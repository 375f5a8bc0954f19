//! The session's own sink: a queue with room for every frame that can be held.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use crossbeam_queue::ArrayQueue;
use frame_pool::{Doorbell, Lease, RawFrame, Sink};

use crate::holders::{Unread, Watch};

/// Frames on their way from the callback to the reader.
pub(super) struct FrameQueue<T> {
    frames: ArrayQueue<T>,
    pub(super) gate: Arc<Gate>,
    /// Notes why the stream ended, if it ended by itself.
    watch: OnceLock<Weak<Watch>>,
}

/// What is not the frames themselves.
#[derive(Default)]
pub(super) struct Gate {
    pub(super) bell: Arc<Doorbell>,
    /// Frames that were put in.
    received: AtomicU64,
    /// Frames that gave way to newer ones before they were taken.
    displaced: AtomicU64,
    closed: AtomicBool,
    /// The reader is gone: what comes is dropped.
    abandoned: AtomicBool,
    cancelled: AtomicBool,
}

impl Gate {
    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Acquire)
    }

    pub(super) fn displaced(&self) -> u64 {
        self.displaced.load(Ordering::Acquire)
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
}

impl<T> FrameQueue<T> {
    /// A queue for `capacity` frames.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            frames: ArrayQueue::new(capacity.max(1)),
            gate: Arc::new(Gate::default()),
            watch: OnceLock::new(),
        }
    }

    pub(super) fn watched_by(&self, watch: &Arc<Watch>) {
        let _ = self.watch.set(Arc::downgrade(watch));
    }

    pub(super) fn pop(&self) -> Option<T> {
        self.frames.pop()
    }

    pub(super) fn len(&self) -> usize {
        self.frames.len()
    }

    /// The reader is gone: gives back what waits, and what still comes.
    pub(super) fn abandon(&self) {
        self.gate.abandoned.store(true, Ordering::SeqCst);
        while self.frames.pop().is_some() {}
    }

    /// Puts a frame in and wakes who waits; the oldest one gives way if there is no room.
    fn put(&self, frame: T) {
        if self.frames.force_push(frame).is_some() {
            self.gate.displaced.fetch_add(1, Ordering::Release);
        }
        self.gate.received.fetch_add(1, Ordering::Release);
        if self.gate.abandoned.load(Ordering::SeqCst) {
            while self.frames.pop().is_some() {}
        }
        self.gate.bell.ring();
    }

    fn shut(&self) {
        // A stream that ends by itself says so on the pool's service thread, where this may lock and allocate; in a callback
        // nothing has ended by itself, and this does neither.
        if let Some(watch) = self.watch.get().and_then(Weak::upgrade) {
            let _ = watch.ended();
        }
        self.gate.closed.store(true, Ordering::Release);
        self.gate.bell.ring();
    }
}

impl<T: Send> Unread for FrameQueue<T> {
    fn unread(&self) -> usize {
        self.len()
    }
}

impl<T> frame_pool::sealed::OfThisFamily for FrameQueue<T> {}

impl Sink for FrameQueue<RawFrame> {
    fn deliver(&self, _lease: Lease) {
        // A raw stream lends nothing.
    }

    fn announce(&self, frame: RawFrame) {
        self.put(frame);
    }

    fn close(&self) {
        self.shut();
    }
}

impl Sink for FrameQueue<Lease> {
    fn deliver(&self, lease: Lease) {
        // There is room for as many as there are windows, so none gives way.
        self.put(lease);
    }

    fn lost(&self) {
        self.gate.bell.ring();
    }

    fn close(&self) {
        self.shut();
    }
}
