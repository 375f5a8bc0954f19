//! From publishing a frame to its last drop there is no system call, but the one that wakes a reader who sleeps.
#![cfg(not(pool_loom))]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    reason = "a failed step is a failed test; and tests count for themselves, outside the models"
)]

#[path = "support/calls.rs"]
mod calls;
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use calls::{Calls, supervised};
use crossbeam_queue::ArrayQueue;
use frame_pool::{Doorbell, Lease, Pool, RegionPlan, Sink, Stream, StreamMode, StreamPlan, Unlock};
use support::{Locks, record};

const BLOCKS: u32 = 32;

/// A queue with a bell, as a driver's reader has it.
struct Queue {
    leases: ArrayQueue<Lease>,
    bell: Doorbell,
}

impl frame_pool::sealed::OfThisFamily for Queue {}
impl Sink for Queue {
    fn deliver(&self, lease: Lease) {
        drop(self.leases.push(lease));
        self.bell.ring();
    }
    fn close(&self) {}
}

struct Rig {
    pool: Pool,
    stream: Arc<Stream>,
    queue: Arc<Queue>,
}

impl Rig {
    fn new() -> Self {
        let pool = Pool::new(RegionPlan::new(8192, BLOCKS, 4), 1 << 30).unwrap();
        let queue = Arc::new(Queue { leases: ArrayQueue::new(BLOCKS as usize), bell: Doorbell::new() });
        let sink = Arc::clone(&queue) as Arc<dyn Sink>;
        let unlock = Some(Arc::new(Locks::default()) as Arc<dyn Unlock>);
        let stream = pool.open_stream(StreamPlan { mode: StreamMode::Locked, sink, unlock, epoch: 1 });
        Self { stream: stream.unwrap(), pool, queue }
    }

    /// One callback: the camera has written frame `number`.
    fn callback(&self, number: u64) {
        let block = ((number - 1) % u64::from(BLOCKS)) as u32;
        // SAFETY: the test's one producing thread; the ring goes round only as readers let go, which `publish` checks.
        unsafe { self.stream.publish(block, &record(&self.pool, number)) }.unwrap();
        self.stream.retire_when_due();
    }

    /// A reader clones, looks and drops.
    fn read(&self, lease: &Lease) {
        let other = lease.clone();
        assert_eq!(other.slot_bytes().len(), 8192);
        assert!(std::hint::black_box(other.slot_bytes()[17]) == 0);
    }
}

/// Whether this system lets a thread's calls be counted. If not, that is printed: nothing is shown then.
fn can_count() -> bool {
    let able = supervised(&Calls::default(), || ());
    able.inspect_err(|why| eprintln!("NOT RUN: {why}")).is_ok()
}

#[test]
fn with_nobody_asleep_there_is_none() {
    if !can_count() {
        return;
    }
    let (rig, calls) = (Rig::new(), Calls::default());
    let ran = supervised(&calls, || {
        calls.begin();
        for number in 1..=10_000 {
            rig.callback(number);
            let lease = rig.queue.leases.pop().unwrap();
            rig.read(&lease);
        }
        calls.end();
    });
    ran.unwrap();
    assert_eq!((calls.wakes(), calls.waits(), calls.others()), (0, 0, (0, 0)));
    assert_eq!(rig.stream.books().delivered, 10_000);
}

#[test]
fn a_reader_who_sleeps_is_woken_by_one_call_and_nothing_else_is_called() {
    const FRAMES: u64 = 1000;
    if !can_count() {
        return;
    }
    let (rig, callback, reader) = (Rig::new(), Calls::default(), Calls::default());
    // How many frames were read, and how often the reader had lain down by then.
    let (read, lain_down) = (AtomicU64::new(0), AtomicU64::new(0));
    let until = Instant::now() + Duration::from_secs(60);
    let most = std::thread::scope(|scope| {
        let reads = scope.spawn(|| {
            supervised(&reader, || {
                reader.begin();
                while read.load(Ordering::SeqCst) < FRAMES {
                    let ticket = rig.queue.bell.listen();
                    if let Some(lease) = rig.queue.leases.pop() {
                        rig.read(&lease);
                        drop(lease);
                        lain_down.store(reader.waits(), Ordering::SeqCst);
                        read.fetch_add(1, Ordering::SeqCst);
                    } else if !rig.queue.bell.wait(ticket, Some(until)) {
                        break;
                    }
                }
                reader.end();
            })
        });
        let most = supervised(&callback, || {
            let mut most = 0;
            callback.begin();
            for number in 1..=FRAMES {
                // It sleeps, or is about to: before it calls the kernel it has told the bell.
                let awake = || {
                    read.load(Ordering::SeqCst) < number - 1
                        || reader.waits() <= lain_down.load(Ordering::SeqCst)
                };
                while awake() && Instant::now() < until {
                    std::hint::spin_loop();
                }
                let before = callback.wakes();
                rig.callback(number);
                most = most.max(callback.wakes() - before);
            }
            callback.end();
            most
        });
        reads.join().unwrap().unwrap();
        most.unwrap()
    });
    assert_eq!(
        (read.into_inner(), most),
        (FRAMES, 1),
        "read all, and woken by no more than one call each time"
    );
    // A ring that comes while the reader lies down wakes it for nothing: then it lies down twice, and may be up when the next frame
    // comes, which costs no call at all.
    assert!((1..=FRAMES).contains(&callback.wakes()), "{callback:?}");
    assert!((FRAMES..=2 * FRAMES).contains(&reader.waits()), "{reader:?}");
    assert_eq!((callback.waits(), callback.others()), (0, (0, 0)));
    assert_eq!((reader.wakes(), reader.others()), (0, (0, 0)));
    println!("{FRAMES} frames: {} wakes, {} waits, nothing else", callback.wakes(), reader.waits());
}

#[test]
fn control_a_call_that_does_not_belong_there_is_seen() {
    if !can_count() {
        return;
    }
    let calls = Calls::default();
    let ran = supervised(&calls, || {
        calls.begin();
        // SAFETY: it changes nothing and cannot fail.
        let parent = unsafe { libc::getppid() };
        calls.end();
        parent
    });
    assert_eq!(ran.unwrap(), std::os::unix::process::parent_id() as i32, "it went on to the kernel");
    assert_eq!((calls.wakes(), calls.waits()), (0, 0));
    assert_eq!(calls.others(), (1, libc::SYS_getppid as i32));
}
