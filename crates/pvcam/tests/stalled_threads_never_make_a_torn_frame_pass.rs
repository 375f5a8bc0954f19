//! Frames lent in a ring that overwrites, by consent, while callback, reader and keeper threads are stalled for longer than the ring
//! lasts, and while the whole process is: every lease verifies or says that it is torn, and not one wrong pixel passes as good. Who does
//! not ask sees wrong pixels. By copies (`Delivery::Auto`) nothing is ever torn, in the same stories.

#![expect(clippy::expect_used, reason = "what does not work here fails the test")]

mod support;

use std::collections::VecDeque;
use std::fmt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use pvcam::{Delivery, Frames, InPlaceConsent, Lease, OpenPolicy, StreamMode};
use support::*;

/// 64 slots of 4 ms each: the ring lasts 256 ms.
const SLOTS: u32 = 64;
const EXPOSURE: Duration = Duration::from_millis(4);
/// Longer than the ring lasts.
const STALL_MS: u64 = 400;
/// Every so manyth frame is held, for a ring and a half.
const EACH: u64 = 4;
const HELD: usize = (SLOTS * 3 / 2) as usize / EACH as usize;
/// The simulator's callback thread.
const CALLBACK: &str = "PVCAMSIM-c0";
/// Stories are told again until the control has shown what it must, so often at most.
const TRIES: u32 = 10;

/// What became of the frames that were looked at.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    /// Every pixel right, and `verify` says so.
    good: u64,
    /// `verify` says torn, and pixels are wrong: what somebody would have used who does not ask.
    torn_wrong: u64,
    /// `verify` says torn, but the pixels had been read before.
    torn_right: u64,
    /// Wrong pixels that passed as good. Never.
    passed: u64,
    rescued: u64,
}

impl Seen {
    fn add(&mut self, other: Self) {
        self.good += other.good;
        self.torn_wrong += other.torn_wrong;
        self.torn_right += other.torn_right;
        self.passed += other.passed;
        self.rescued += other.rescued;
    }

    /// Looks at every pixel first, and asks afterwards.
    fn look(&mut self, lease: &Lease) {
        let right = has_all_pixels_right(lease);
        match (right, lease.verify().is_ok()) {
            (true, true) => self.good += 1,
            (false, true) => self.passed += 1,
            (true, false) => self.torn_right += 1,
            (false, false) => self.torn_wrong += 1,
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { good, torn_wrong, torn_right, passed, rescued } = self;
        write!(f, "seen: {good} {torn_wrong} {torn_right} {passed} {rescued}")
    }
}

/// Whether every pixel is that of the frame whose number the record tells. The camera may write them meanwhile.
fn has_all_pixels_right(lease: &Lease) -> bool {
    // No frame is lost before the ring in these stories, so the host numbers them like the camera.
    let number = lease.record().camera_number.unwrap_or(lease.record().number);
    let layout = *lease.layout();
    let first = lease.slot_bytes().as_ptr();
    let pixel = |row: u32, column: u32| {
        let at =
            u64::from(layout.offset) + u64::from(row) * u64::from(layout.row_stride) + 2 * u64::from(column);
        // SAFETY: the layout lies inside the slot, which the lease keeps mapped. Volatile and byte by byte, because this test breaks its
        // consent on purpose: no reference to the pixels is made, and nothing is taken for granted about them.
        let byte = |at: u64| unsafe { first.add(at as usize).read_volatile() };
        u16::from_le_bytes([byte(at), byte(at + 1)])
    };
    let all = (0..layout.rows).flat_map(|row| (0..layout.columns).map(move |column| (row, column)));
    all.into_iter().all(|(row, column)| pixel(row, column) == counter(number, row, column, layout.bit_depth))
}

/// Reads until it is told to stop; holds some frames for longer than the ring lasts, and looks at each when it lets go of it.
fn read(frames: &Frames, over: &AtomicBool) -> Seen {
    let (mut seen, mut held, mut count) = (Seen::default(), VecDeque::new(), 0);
    while !over.load(Ordering::Relaxed) {
        let Ok(Some(lease)) = frames.next_within(Duration::from_millis(100)) else { continue };
        count += 1;
        if count % EACH == 0 {
            held.push_back(lease);
        } else {
            seen.look(&lease);
        }
        if held.len() > HELD {
            held.pop_front().iter().for_each(|lease| seen.look(lease));
        }
    }
    held.iter().for_each(|lease| seen.look(lease));
    seen
}

fn consent() -> Delivery {
    // SAFETY: not kept, on purpose: this test stalls the threads. It makes no reference to bytes that may change
    // (`has_all_pixels_right`), and neither does the driver.
    Delivery::InPlace(unsafe { InPlaceConsent::given() })
}

/// By what an overwriting ring's frames are held to be good.
#[derive(Debug, Clone, Copy, PartialEq)]
enum By {
    /// The camera's number in them.
    Number,
    /// The clock alone.
    Clock,
}

/// One run on the real clock, while `story` does something to the threads of this process. The reader's thread is its argument.
fn run(rig: &Rig, delivery: Delivery, by: By, story: impl FnOnce(i32)) -> Seen {
    let policy = if by == By::Number { OpenPolicy::Raw } else { OpenPolicy::Keep };
    let camera = rig.sdk.open(NAME, policy).expect("the camera opens").camera;
    let plan = continuous(&camera).exposure(EXPOSURE).ring(SLOTS).reserve(32).delivery(delivery);
    let armed = arm(camera, plan);
    let mode = if delivery == Delivery::Auto { StreamMode::Copied } else { StreamMode::TimeBound };
    assert_eq!((armed.settings().delivery, armed.settings().metadata), (mode, by == By::Number));
    assert!(armed.settings().ring_time() < Duration::from_millis(STALL_MS), "{:?}", armed.settings());
    let (session, frames) = start(armed);
    let (over, reader) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut seen = std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            reader.store(this_thread() as u64, Ordering::SeqCst);
            read(&frames, &over)
        });
        until(|| reader.load(Ordering::SeqCst) != 0);
        story(reader.load(Ordering::SeqCst) as i32);
        over.store(true, Ordering::Relaxed);
        reading.join().expect("the reader does not panic")
    });
    let stopped = session.stop().expect("it stops");
    rest(&frames).iter().for_each(|lease| seen.look(lease));
    assert_balanced(&stopped.books);
    seen.rescued = stopped.books.rescued;
    seen
}

fn this_thread() -> i32 {
    // SAFETY: takes no argument and cannot fail.
    unsafe { libc::gettid() }
}

/// The thread of this process with that name.
fn thread_named(name: &str) -> i32 {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux tells its threads");
    let named = tasks.flatten().find(|task| {
        std::fs::read_to_string(task.path().join("comm")).is_ok_and(|comm| comm.trim_end() == name)
    });
    let id = named.and_then(|task| task.file_name().into_string().ok()).expect("there is such a thread");
    id.parse().expect("a number")
}

/// Sleeps for longer than the ring lasts, in the thread that got the signal.
extern "C" fn stall(_signal: i32) {
    let span = libc::timespec { tv_sec: 0, tv_nsec: STALL_MS as i64 * 1_000_000 };
    // SAFETY: allowed in a signal handler; the span is a live value, and the rest is not asked for.
    unsafe { libc::nanosleep(&span, core::ptr::null_mut()) };
}

/// Makes the signal stall who gets it.
fn arm_signal() {
    // SAFETY: a zeroed `sigaction` is a valid one, whose fields are set below; the handler only sleeps, which a handler may.
    unsafe {
        let mut action: libc::sigaction = core::mem::zeroed();
        action.sa_sigaction = stall as *const () as usize;
        action.sa_flags = libc::SA_RESTART;
        assert_eq!(libc::sigaction(libc::SIGUSR1, &action, core::ptr::null_mut()), 0);
    }
}

/// Stalls a thread of this process.
fn hit(thread: i32) {
    // SAFETY: plain numbers; the signal has a handler.
    let sent = unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, libc::SIGUSR1) };
    assert_eq!(sent, 0, "the thread is there");
}

/// Stalls callback, keeper and reader, each alone and all together.
fn stall_threads(reader: i32) {
    arm_signal();
    let (callback, keeper) = (thread_named(CALLBACK), thread_named("frame-pool"));
    for threads in [&[keeper][..], &[callback], &[reader], &[callback, keeper], &[callback, keeper, reader]] {
        std::thread::sleep(Duration::from_millis(STALL_MS / 2));
        threads.iter().for_each(|&thread| hit(thread));
        std::thread::sleep(Duration::from_millis(STALL_MS));
    }
    std::thread::sleep(Duration::from_millis(STALL_MS / 2));
}

/// Tells a story again until somebody who does not verify would have been fooled; nobody who does ever is.
fn fooled_unless_verified(tell: impl Fn() -> Seen) {
    let mut all = Seen::default();
    for _ in 0..TRIES {
        all.add(tell());
        println!("{all}");
        assert_eq!(all.passed, 0, "wrong pixels passed as good: {all}");
        if all.torn_wrong > 0 && all.good > 0 {
            return;
        }
    }
    unreachable!("the control has not shown one wrong pixel, or nothing was good: {all}");
}

/// A camera that overwrites, on the real clock.
fn overwriting(lines: &str) -> Rig {
    rig(&format!("no_overwrite = \"flag_error\"\n{lines}"))
}

#[test]
fn stalled_threads_in_place_by_consent() {
    for by in [By::Number, By::Clock] {
        fooled_unless_verified(|| run(&overwriting(""), consent(), by, stall_threads));
    }
}

#[test]
fn stalled_threads_by_copies() {
    let seen = run(&overwriting(""), Delivery::Auto, By::Number, stall_threads);
    assert_eq!((seen.passed, seen.torn_right, seen.torn_wrong), (0, 0, 0), "{seen}");
    assert!(seen.good > 0, "{seen}");
}

/// Set in a child process that is to be stopped again and again, to what tells it that frames are good.
const CHILD: &str = "PVCAM_TESTS_STOPPED";
/// What the child says when its first frame has come.
const READY: &str = "reading";

/// What the child does: reads for a while, and says what it saw.
fn child(delivery: Delivery) {
    let by = if std::env::var(CHILD).is_ok_and(|by| by == "clock") { By::Clock } else { By::Number };
    let seen = run(&overwriting("catch_up = \"burst\""), delivery, by, |_| {
        println!("{READY}");
        // The parent ends this by closing the pipe.
        let _ = std::io::stdin().read_line(&mut String::new());
    });
    println!("{seen}");
}

fn signal(child: &Child, signal: i32) {
    // SAFETY: plain numbers; the child was started by this process and not waited for yet.
    assert_eq!(unsafe { libc::kill(child.id() as i32, signal) }, 0);
}

/// Runs this test again in a child process that is stopped for longer than the ring lasts, several times.
fn while_stopped(test: &str, by: By) -> Seen {
    use std::io::{BufRead, BufReader};
    // Not beside the other tests of this file, which stall this process.
    let _turn = turn();
    let mut command = Command::new(std::env::current_exe().expect("this program has a name"));
    command
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD, if by == By::Clock { "clock" } else { "number" });
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the child starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains(READY)), "the child reads frames");
    for _ in 0..4 {
        std::thread::sleep(Duration::from_millis(STALL_MS));
        signal(&child, libc::SIGSTOP);
        std::thread::sleep(Duration::from_millis(2 * STALL_MS));
        signal(&child, libc::SIGCONT);
    }
    std::thread::sleep(Duration::from_millis(STALL_MS));
    drop(child.stdin.take());
    let told = lines.find_map(|line| line.split_once("seen: ").map(|(_, numbers)| numbers.to_owned()));
    let ended = child.wait().expect("it ends");
    assert!(ended.success(), "the child was not content: {told:?}");
    let numbers: Vec<u64> =
        told.iter().flat_map(|told| told.split_whitespace()).filter_map(|n| n.parse().ok()).collect();
    let [good, torn_wrong, torn_right, passed, rescued] = numbers[..] else { unreachable!("{told:?}") };
    Seen { good, torn_wrong, torn_right, passed, rescued }
}

#[test]
fn a_process_that_is_stopped_in_place_by_consent() {
    if std::env::var(CHILD).is_ok() {
        return child(consent());
    }
    for by in [By::Number, By::Clock] {
        fooled_unless_verified(|| while_stopped("a_process_that_is_stopped_in_place_by_consent", by));
    }
}

#[test]
fn a_process_that_is_stopped_by_copies() {
    if std::env::var(CHILD).is_ok() {
        return child(Delivery::Auto);
    }
    let seen = while_stopped("a_process_that_is_stopped_by_copies", By::Number);
    assert_eq!((seen.passed, seen.torn_right, seen.torn_wrong), (0, 0, 0), "{seen}");
    assert!(seen.good > 0, "{seen}");
}
