//! Stopping, deregistering, closing: who waits for what.
//!
//! A stop waits for the writer, never for a callback: a client may hold a lock that its callback wants, or be
//! inside the callback. Deregistering and closing wait for a running callback, unless called from it, so that
//! the client may then destroy what the callback uses.

use std::time::{Duration, Instant};

use super::Engine;
use super::callbacks::{Handler, on_callback_thread};
use super::run::Phase;

impl Engine {
    /// Stops whatever runs. When it returns, nothing is written into the buffer any more.
    pub(crate) fn abort(&self) {
        let mut run = self.run.lock();
        let old = run.generation;
        if run.phase != Phase::Idle {
            run.generation += 1;
            run.end(Phase::Idle);
            run.clear_pending();
            run.job = None;
            run.latest = None;
            run.oldest = run.stored;
        }
        run.queue.truncate(self.core.config.post_stop_callbacks as usize);
        self.writer_wake.notify_all();
        self.callback_wake.notify_all();
        self.changed.notify_all();
        while run.writing.is_some_and(|generation| generation <= old) {
            self.changed.wait(&mut run);
        }
    }

    /// Installs or, with `None`, removes the callback of an event; removing waits for a running callback.
    pub(crate) fn set_handler(&self, event: usize, handler: Option<Handler>) {
        let mut run = self.run.lock();
        let removing = handler.is_none();
        run.handlers[event] = handler;
        if !removing || on_callback_thread(self.core.index) {
            return;
        }
        let running = run.callbacks_done;
        while run.in_callback && run.callbacks_done == running {
            self.changed.wait(&mut run);
        }
    }

    /// Stops, waits for a running callback, and ends the threads. Called from a callback, it leaves the end of
    /// that one thread to itself.
    pub(crate) fn close(&self) {
        self.abort();
        let inside = on_callback_thread(self.core.index);
        let mut run = self.run.lock();
        run.handlers.fill(None);
        run.queue.clear();
        run.exit = true;
        self.writer_wake.notify_all();
        self.callback_wake.notify_all();
        self.changed.notify_all();
        while run.in_callback && !inside {
            self.changed.wait(&mut run);
        }
        drop(run);
        let this = std::thread::current().id();
        for thread in self.threads.lock().drain(..) {
            if thread.thread().id() != this {
                // A thread of ours that panicked has nothing left to say.
                let _ = thread.join();
            }
        }
    }

    /// What the process does to the camera when it exits: stop, and give a running callback `patience`.
    pub(crate) fn leave(&self, patience: Duration) {
        self.abort();
        let deadline = Instant::now() + patience;
        let mut run = self.run.lock();
        run.handlers.fill(None);
        run.queue.clear();
        while run.in_callback && !on_callback_thread(self.core.index) {
            if self.changed.wait_until(&mut run, deadline).timed_out() {
                return;
            }
        }
    }
}
