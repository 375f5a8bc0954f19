//! A ring that overwrites, lent in place by consent: what is moved in time is whole, and what is not says so.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed step is a failed test")]

mod support;

use std::sync::Mutex;
use std::time::{Duration, Instant};

use frame_pool::{
    Evidence, Overrun, Pool, PublishError, RawFrame, Record, RegionPlan, Sink, StreamMode, StreamPlan, Torn,
};
use support::{Rig, byte, check, fill_block};

const BYTES: usize = 20_000;

fn rig(blocks: u32, reserve: u32, frame_time: Duration) -> Rig {
    let rig = Rig::new(StreamMode::TimeBound, BYTES, blocks, reserve);
    rig.stream.set_clock(frame_time);
    rig
}

/// One frame, whoever holds its slot.
fn frame(rig: &mut Rig, change: impl FnOnce(&mut Record)) -> Result<(), PublishError> {
    let (block, mut record) = rig.write();
    record.evidence = if record.tag.is_some() { Evidence::Tag } else { Evidence::TimeOnly };
    record.arrived_ns = frame_pool::monotonic_ns();
    change(&mut record);
    rig.publish(block, record)
}

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < until, "{what} does not happen");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_frame_that_is_held_for_half_its_time_is_moved_and_stays_whole() {
    let mut rig = rig(4, 2, Duration::from_millis(100));
    frame(&mut rig, |_| ()).unwrap();
    let lease = rig.tray.take().unwrap();
    let address = lease.slot_bytes().as_ptr();
    wait_for("the rescue", || rig.stream.books().rescued == 1);
    for _ in 0..8 {
        frame(&mut rig, |_| ()).unwrap();
        check(&rig.tray.take().unwrap());
    }
    check(&lease);
    assert_eq!(lease.slot_bytes().as_ptr(), address);
    assert_eq!(lease.verify(), Ok(Evidence::Tag));
}

#[test]
fn a_frame_that_nobody_moves_is_written_over_and_says_so() {
    let mut rig = rig(4, 2, Duration::from_secs(3600));
    rig.stream.set_keep_free(0);
    frame(&mut rig, |_| ()).unwrap();
    let lease = rig.tray.take().unwrap();
    assert_eq!(lease.verify(), Ok(Evidence::Tag));
    for n in 2..=4 {
        frame(&mut rig, |_| ()).unwrap();
        check(&rig.tray.take().unwrap());
        assert_eq!(lease.verify(), Ok(Evidence::Tag), "frame {n} lies elsewhere");
    }
    // The fifth is written into the held slot; that it cannot be published is told.
    assert_eq!(frame(&mut rig, |_| ()), Err(PublishError::NotFree { block: 0 }));
    assert_ne!(
        lease.slot_bytes()[4000],
        byte(1, 4000),
        "control: without verify() a wrong byte passes as the frame's"
    );
    assert_eq!(lease.verify(), Err(Torn::Overwritten { expected: 1, found: 5 }));
}

#[test]
fn a_frame_that_is_moved_too_late_is_torn_for_ever_and_the_ring_goes_on() {
    let mut rig = rig(3, 2, Duration::from_secs(3600));
    frame(&mut rig, |_| ()).unwrap();
    let lease = rig.tray.take().unwrap();
    for _ in 0..2 {
        frame(&mut rig, |_| ()).unwrap();
        drop(rig.tray.take());
    }
    assert!(frame(&mut rig, |_| ()).is_err(), "the slot is held");
    assert!(lease.verify().is_err());
    rig.stream.set_clock(Duration::from_nanos(1));
    rig.stream.nudge();
    wait_for("the late rescue", || rig.stream.books().rescued == 1);
    assert_eq!(lease.verify(), Err(Torn::MovedTooLate));
    rig.stream.set_clock(Duration::from_secs(3600));
    rig.written = 3;
    frame(&mut rig, |_| ()).expect("the slot is free again");
    check(&rig.tray.take().unwrap());
    assert_eq!(lease.verify(), Err(Torn::MovedTooLate));
}

#[test]
fn without_a_number_in_the_frame_only_its_time_speaks_for_it() {
    let mut rig = rig(3, 1, Duration::from_millis(15));
    rig.stream.set_keep_free(0);
    frame(&mut rig, |record| (record.tag, record.evidence) = (None, Evidence::TimeOnly)).unwrap();
    let lease = rig.tray.take().unwrap();
    wait_for("the end of its time", || matches!(lease.verify(), Err(Torn::Overdue { .. })));
    // Within its time it is good: one that arrives later than now cannot be overdue.
    let later = frame_pool::monotonic_ns() + 3_600_000_000_000;
    frame(&mut rig, |record| {
        (record.tag, record.arrived_ns, record.evidence) = (None, later, Evidence::TimeOnly)
    })
    .unwrap();
    let young = rig.tray.take().unwrap();
    assert_eq!(young.verify(), Ok(Evidence::TimeOnly));
    rig.pool.close_stream(&rig.stream);
    assert!(lease.verify().is_err(), "the end of the run does not make it good again");
    assert_eq!(young.verify(), Ok(Evidence::TimeOnly));
}

/// Keeps what it is told of.
#[derive(Default)]
struct Ear(Mutex<Vec<RawFrame>>);

impl frame_pool::sealed::OfThisFamily for Ear {}
impl Sink for Ear {
    fn deliver(&self, lease: frame_pool::Lease) {
        unreachable!("a raw stream lends nothing: {lease:?}");
    }
    fn announce(&self, frame: RawFrame) {
        self.0.lock().unwrap().push(frame);
    }
    fn close(&self) {}
}

#[test]
fn a_raw_frame_is_copied_out_whole_or_not_at_all() {
    let pool = Pool::new(RegionPlan::new(BYTES, 3, 0), 1 << 30).unwrap();
    let ear = std::sync::Arc::new(Ear::default());
    let plan = || StreamPlan { mode: StreamMode::Raw, sink: ear.clone(), unlock: None, epoch: 1 };
    let stream = pool.open_stream(plan()).unwrap();
    stream.set_clock(Duration::from_secs(3600));
    let tell = |number: u64, tagged: bool| {
        let block = ((number - 1) % 3) as u32;
        fill_block(&pool, block, number);
        let mut record = support::record(&pool, number);
        record.arrived_ns = frame_pool::monotonic_ns();
        record.tag = record.tag.filter(|_| tagged);
        stream.announce(block, &record);
        ear.0.lock().unwrap().pop().unwrap()
    };
    let (first, second) = (tell(1, true), tell(2, false));
    let mut out = vec![0; BYTES];
    assert_eq!(first.copy_to(&mut out), Ok(Evidence::Tag));
    assert_eq!((out[9], out[BYTES - 1]), (byte(1, 9), byte(1, BYTES - 1)));
    assert_eq!(second.copy_to(&mut out[..100]), Ok(Evidence::TimeOnly));
    assert_eq!(out[99], byte(2, 99));
    assert_eq!(stream.books().delivered, 2);
    // Three more, and the slot of the first holds frame 4.
    let _third = tell(3, true);
    let fourth = tell(4, true);
    let expected = Torn::Overwritten { expected: 1, found: 4 };
    assert_eq!(first.copy_to(&mut out), Err(Overrun::Torn(expected)));
    stream.set_clock(Duration::from_nanos(1));
    assert!(matches!(second.copy_to(&mut out), Err(Overrun::Torn(Torn::Overdue { .. }))));
    pool.close_stream(&stream);
    assert_eq!(fourth.copy_to(&mut out), Ok(Evidence::Tag), "nobody writes after the end of the run");
    let _next = pool.open_stream(plan()).unwrap();
    fill_block(&pool, 0, 4);
    assert_eq!(fourth.copy_to(&mut out), Err(Overrun::OtherRun), "the same number, but another run's");
}
