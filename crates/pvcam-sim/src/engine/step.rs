//! The stepped clock: frames come when a test asks for them, and not before.

use std::time::{Duration, Instant};

use parking_lot::MutexGuard;

use super::Engine;
use super::callbacks::on_callback_thread;
use super::run::{Phase, Run};

impl Engine {
    /// Lets the camera expose up to `frames` frames, one at a time: each is written and all due callbacks have
    /// returned before the next. Returns how many were exposed, fewer when the acquisition ends, waits for a
    /// trigger, or `timeout` passes first (a callback that does not return holds up the step, not the camera:
    /// the next step exposes on). With a `timeout` of zero the frames come back to back and callbacks are not
    /// waited for. `None` when nothing runs, the clock is real, or the caller is inside a callback.
    pub(crate) fn step(&self, frames: u32, timeout: Duration) -> Option<u32> {
        if !self.core.clock.is_stepped() || on_callback_thread(self.core.index) {
            return None;
        }
        let burst = timeout.is_zero();
        let deadline = Instant::now() + timeout;
        let _turn = if burst { Some(self.step_turn.lock()) } else { self.step_turn.try_lock_until(deadline) };
        if _turn.is_none() {
            return Some(0);
        }
        let mut run = self.run.lock();
        if run.phase != Phase::Running {
            return None;
        }
        let generation = run.generation;
        let before = run.exposed;
        let mut exposed = 0;
        let mut wanted = if burst { frames } else { 1 };
        while wanted <= frames && exposed < frames {
            self.expose(&mut run, generation, wanted - exposed, (!burst).then_some(deadline));
            if run.generation == generation {
                exposed = run.exposed.wrapping_sub(before);
            }
            let in_time = burst || self.settle(&mut run, generation, deadline);
            let over = run.generation != generation || run.phase != Phase::Running;
            if burst || over || !in_time || exposed < wanted {
                break;
            }
            wanted += 1;
        }
        Some(exposed)
    }

    /// Has the writer expose `frames` frames and waits until it has.
    fn expose(&self, run: &mut MutexGuard<'_, Run>, generation: u64, frames: u32, deadline: Option<Instant>) {
        run.tokens = frames;
        self.writer_wake.notify_all();
        while run.generation == generation
            && ((run.phase == Phase::Running && run.tokens > 0) || run.writing.is_some())
        {
            match deadline {
                Some(deadline) if self.changed.wait_until(run, deadline).timed_out() => {
                    run.tokens = 0;
                    return;
                }
                Some(_) => {}
                None => self.changed.wait(run),
            }
        }
    }

    /// Waits until all due callbacks have returned and a due tear is done; false at the deadline.
    fn settle(&self, run: &mut MutexGuard<'_, Run>, generation: u64, deadline: Instant) -> bool {
        while run.generation == generation {
            let callbacks = run.callbacks_idle();
            if callbacks && run.tear.is_none() {
                return true;
            }
            if callbacks && run.phase == Phase::Running {
                run.tear_now = true;
                self.writer_wake.notify_all();
            } else if callbacks {
                return true;
            }
            if self.changed.wait_until(run, deadline).timed_out() {
                return false;
            }
        }
        true
    }
}
