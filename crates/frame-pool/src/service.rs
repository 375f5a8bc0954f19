//! The service thread: asleep unless a copy waits or the ring is nearly full.

use std::sync::{Arc, Barrier};
use std::thread::JoinHandle;
use std::time::Instant;

use parking_lot::Mutex;

use crate::doorbell::Doorbell;
use crate::stream::Stream;
use crate::sync::{AtomicBool, Ordering};

/// State shared by the pool's handle and its thread.
struct Desk {
    bell: Arc<Doorbell>,
    /// The stream at work. Held while a pass runs, so that who takes it away knows that no pass is running any more. The
    /// callback never takes this lock.
    stream: Mutex<Option<Arc<Stream>>>,
    quit: AtomicBool,
}

/// The thread and its desk; ends and joins the thread when dropped.
pub(crate) struct Service {
    desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    pub(crate) fn start(bell: Arc<Doorbell>) -> std::io::Result<Self> {
        let desk = Arc::new(Desk { bell, stream: Mutex::new(None), quit: AtomicBool::new(false) });
        let for_thread = Arc::clone(&desk);
        // A new thread allocates before it runs our code, at a time of its own; waited for, that is part of making the pool.
        let begun = Arc::new(Barrier::new(2));
        let there = Arc::clone(&begun);
        let thread = std::thread::Builder::new().name("frame-pool".into()).spawn(move || {
            there.wait();
            drop(there);
            serve(&for_thread);
        })?;
        begun.wait();
        Ok(Self { desk, thread: Some(thread) })
    }

    /// Lets `open` make a stream and serves it, unless another one is being served (`None`). Nothing else opens, closes or serves
    /// meanwhile.
    pub(crate) fn attach<E>(
        &self,
        open: impl FnOnce() -> Result<Arc<Stream>, E>,
    ) -> Option<Result<Arc<Stream>, E>> {
        let mut current = self.desk.stream.lock();
        if current.is_some() {
            return None;
        }
        let opened = open();
        if let Ok(stream) = &opened {
            *current = Some(Arc::clone(stream));
        }
        Some(opened)
    }

    /// Ends service for `stream`: what waits is done here and now (bounded by the queue's depth), then nothing more.
    pub(crate) fn detach(&self, stream: &Arc<Stream>) {
        let mut current = self.desk.stream.lock();
        if current.as_ref().is_some_and(|s| Arc::ptr_eq(s, stream)) {
            stream.service_pass();
            *current = None;
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.desk.quit.store(true, Ordering::Release);
        self.desk.bell.ring();
        if let Some(thread) = self.thread.take() {
            // The thread cannot panic by itself; if it did, there is nobody left to tell.
            let _ = thread.join();
        }
    }
}

fn serve(desk: &Desk) {
    loop {
        let ticket = desk.bell.listen();
        if desk.quit.load(Ordering::Acquire) {
            return;
        }
        let mut longest = None;
        {
            let current = desk.stream.lock();
            if let Some(stream) = &*current {
                stream.service_pass();
                longest = stream.longest_sleep();
            }
        }
        desk.bell.wait(ticket, longest.map(|sleep| Instant::now() + sleep));
    }
}
