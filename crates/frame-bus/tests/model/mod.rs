//! A camera and a bus in the models: a pool whose frames are counted back.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "test support: each file uses its own part, and a failed step is a failed test"
)]

use std::future::Future;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use frame_bus::model::{Fault, ModelBus};
use frame_bus::{BusPlan, Event, Policy, Request, Subscriber};
use frame_pool::Doorbell;
use frame_pool::model::ModelPool;

/// A pool whose ring is never full, and a bus.
#[derive(Clone)]
pub struct Rig {
    pub pool: ModelPool,
    pub bus: ModelBus,
}

struct Locks;
impl frame_pool::Unlock for Locks {
    fn unlock_oldest(&self) -> bool {
        true
    }
}

impl Rig {
    /// For mailboxes of one: the ring of all has two entries, so that the second frame after one takes its place.
    pub fn new(fault: Fault) -> Self {
        Self::for_mailboxes_of(1, fault)
    }

    pub fn for_mailboxes_of(depth: u32, fault: Fault) -> Self {
        Self::with(2, depth, fault)
    }

    pub fn with_seats(seats: u32, fault: Fault) -> Self {
        Self::with(seats, 2, fault)
    }

    fn with(seats: u32, depth: u32, fault: Fault) -> Self {
        let plan = BusPlan::for_ring(2 + depth, 0).seats(seats);
        Self { pool: ModelPool::new(4, 1), bus: ModelBus::broken(plan, fault) }
    }

    pub fn join(&self, policy: Policy) -> Subscriber {
        self.bus.subscribe(&Request::new("reader", policy).holds(0)).expect("room")
    }

    /// The camera's callback.
    pub fn eof(&self, number: u64) {
        self.bus.publish(self.pool.publish(number).expect("a free block"));
    }

    /// How many frames somebody holds: each clone was dropped exactly once if none is.
    pub fn held(&self) -> u64 {
        self.pool.retire(&Locks);
        self.pool.occupied()
    }
}

/// Explores `model`; `LOOM_MAX_PREEMPTIONS` sets the bound.
pub fn check(model: impl Fn() + Sync + Send + 'static) {
    explore(None, model);
}

/// Explores `model` with no more than `most` preemptions, and says in how many interleavings it was run: what `cargo xtask loom`
/// compares with the least number in `loom_models.txt`.
pub fn explore(most: Option<usize>, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    // Two readers and their ends take more steps than loom thinks a program that makes progress would.
    builder.max_branches = 4_000;
    builder.preemption_bound = most.or(builder.preemption_bound).or(Some(3));
    // Not loom's: it counts executions, and is no part of them.
    let executions = std::sync::Arc::new(std::sync::Mutex::new(0_u64));
    let counted = std::sync::Arc::clone(&executions);
    builder.check(move || {
        *counted.lock().unwrap() += 1;
        model();
    });
    println!("Completed in {} iterations", executions.lock().unwrap());
}

/// By hand: a model that fails must not touch loom again while it unwinds.
pub fn keep<T>(value: T) -> ManuallyDrop<T> {
    ManuallyDrop::new(value)
}

pub fn end<T>(value: ManuallyDrop<T>) -> T {
    ManuallyDrop::into_inner(value)
}

/// Wakes a model's thread that waits as a task.
pub struct Alarm(Doorbell);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.ring();
    }
}

/// Polls a subscriber's `recv`, by a new alarm each time in the first `restless` polls, then whenever the last alarm goes.
pub fn wait_as_task(reader: &mut Subscriber, restless: u32) -> Result<Event, frame_bus::WaitError> {
    let mut receiving = keep(reader.recv());
    let mut polls = 0;
    let mut alarm = keep(Arc::new(Alarm(Doorbell::new())));
    loop {
        let ticket = alarm.0.listen();
        let waker = keep(Waker::from(Arc::clone(&alarm)));
        let polled = std::pin::Pin::new(&mut *receiving).poll(&mut Context::from_waker(&waker));
        drop(end(waker));
        if let Poll::Ready(event) = polled {
            drop((end(receiving), end(alarm)));
            return event;
        }
        polls += 1;
        if polls < restless {
            drop(end(std::mem::replace(&mut alarm, keep(Arc::new(Alarm(Doorbell::new()))))));
        } else {
            alarm.0.wait_for_ring(ticket);
        }
        // It may have rung itself.
        loom::thread::yield_now();
    }
}

/// What a reader was told, in order: numbers taken, numbers said to be lost.
#[derive(Debug, Default)]
pub struct Told {
    pub taken: Vec<u64>,
    pub lost: Vec<u64>,
    pub closed: bool,
}

impl Told {
    /// Takes all that is there now.
    pub fn read(&mut self, reader: &mut Subscriber) {
        while !self.closed
            && let Some(event) = reader.try_recv()
        {
            self.note(&event);
        }
    }

    /// Waits for something, and takes all that is there. (Without the wait loom would look at too few orders.)
    pub fn wait_and_read(&mut self, reader: &mut Subscriber) {
        while reader.unread() == 0 {
            loom::thread::yield_now();
        }
        self.read(reader);
    }

    pub fn note(&mut self, event: &Event) {
        match event {
            Event::Frame(frame) => self.taken.push(frame.record().number),
            Event::Lagged(lag) => self.lost.extend(lag.first..lag.first + lag.count),
            _ => self.closed = true,
        }
    }

    /// Each of the frames 1 to `last` is either taken or told to be lost, once, and in order.
    pub fn is_whole(&self, last: u64) {
        let mut all: Vec<u64> = self.taken.iter().chain(&self.lost).copied().collect();
        all.sort_unstable();
        assert_eq!(all, (1..=last).collect::<Vec<_>>(), "each frame once: {self:?}");
        assert!(self.taken.is_sorted() && self.lost.is_sorted(), "in order: {self:?}");
    }
}
