//! Models of publishing against taking: each frame is taken or told as lost, once, with its number; each lease is dropped once.
//!
//! Covered: one publisher, one reader or two, three frames, mailboxes of one and two. Not covered: deeper ones, whose entries are used in
//! the same way.
#![cfg(pool_loom)]

mod model;

use frame_bus::model::Fault;
use frame_bus::{Filter, Policy, Request};
use loom::thread;
use model::{Rig, Told, check, end, explore, keep};

fn publish_against_take(policy: Policy, frames: u64, fault: Fault) {
    publish_against_take_by(Request::new("reader", policy), frames, fault);
}

fn publish_against_take_by(request: Request, frames: u64, fault: Fault) {
    let policy = request.policy;
    check(move || {
        let rig = keep(Rig::for_mailboxes_of(policy.depth(), fault));
        let mut reader = keep(rig.bus.subscribe(&request.clone().holds(0)).unwrap());
        let camera = {
            let rig = keep(Rig::clone(&rig));
            thread::spawn(move || {
                (1..=frames).for_each(|number| rig.eof(number));
                drop(end(rig));
            })
        };
        let mut told = Told::default();
        told.wait_and_read(&mut reader);
        camera.join().unwrap();
        rig.bus.close();
        told.read(&mut reader);
        assert!(told.closed);
        told.is_whole(frames);
        let displaces = matches!(policy, Policy::DropOldest { .. });
        assert!(!displaces || told.taken.contains(&frames), "the newest frame is lost: {told:?}");
        let books = end(reader).leave();
        assert!(books.balance(), "{books}");
        assert_eq!((books.taken, books.lost()), (told.taken.len() as u64, told.lost.len() as u64));
        assert_eq!(rig.held(), 0, "a lease was not dropped");
        drop(end(rig));
    });
}

#[test]
fn a_displaced_frame_is_told_and_dropped_once() {
    publish_against_take(Policy::DropOldest { depth: 1 }, 3, Fault::None);
}

#[test]
fn two_cells_are_displaced_in_order() {
    publish_against_take(Policy::DropOldest { depth: 2 }, 3, Fault::None);
}

/// Who does not want every frame has a ring of its own.
#[test]
fn a_frame_displaced_in_a_ring_of_its_own_is_told_and_dropped_once() {
    let choosy = Request::new("reader", Policy::DropOldest { depth: 1 }).filter(Filter::numbers(1, 9));
    publish_against_take_by(choosy, 3, Fault::None);
}

/// One entry, two mailboxes: each takes its own count, or has it dropped.
#[test]
fn two_who_share_a_ring_take_each_frame_once_each() {
    // Three threads: two preemptions are what can be explored in time.
    explore(Some(2), || {
        let rig = keep(Rig::for_mailboxes_of(2, Fault::None));
        let mut first = keep(rig.join(Policy::DropOldest { depth: 1 }));
        let mut second = keep(rig.join(Policy::DropOldest { depth: 2 }));
        let camera = {
            let rig = keep(Rig::clone(&rig));
            thread::spawn(move || {
                (1..=2).for_each(|number| rig.eof(number));
                drop(end(rig));
            })
        };
        let other = thread::spawn(move || {
            let mut told = Told::default();
            thread::yield_now();
            told.read(&mut second);
            (told, second)
        });
        let mut told = Told::default();
        told.wait_and_read(&mut first);
        camera.join().unwrap();
        let (mut others, mut second) = other.join().unwrap();
        rig.bus.close();
        told.read(&mut first);
        others.read(&mut second);
        told.is_whole(2);
        others.is_whole(2);
        drop((end(first), end(second)));
        assert_eq!(rig.held(), 0, "a lease was not dropped");
        assert!(rig.bus.books().balance());
        drop(end(rig));
    });
}

/// With room for one, something is there from the first frame on: the new one comes before the old one goes.
fn mailbox_of_one(fault: Fault) {
    check(move || {
        let rig = keep(Rig::new(fault));
        let mut reader = keep(rig.join(Policy::DropOldest { depth: 1 }));
        rig.eof(1);
        let camera = {
            let rig = keep(Rig::clone(&rig));
            thread::spawn(move || {
                rig.eof(2);
                drop(end(rig));
            })
        };
        assert!(reader.unread() > 0, "it looked empty");
        // Without the pause loom would look at too few orders.
        thread::yield_now();
        let event = reader.try_recv();
        assert!(event.is_some(), "it was empty");
        camera.join().unwrap();
        drop((event, end(reader)));
        assert_eq!(rig.held(), 0, "a lease was not dropped");
        drop(end(rig));
    });
}

#[test]
fn a_mailbox_of_one_never_looks_empty() {
    mailbox_of_one(Fault::None);
}

#[test]
#[should_panic(expected = "empty")]
fn control_a_frame_that_goes_before_the_next_one_comes_leaves_it_empty() {
    mailbox_of_one(Fault::GivesUpFirst);
}

/// A reader joins when the ring has gone on already, and looks while its place there is made.
fn joins_later(fault: Fault) {
    check(move || {
        let rig = keep(Rig::new(fault));
        let mut early = keep(rig.join(Policy::DropOldest { depth: 1 }));
        rig.eof(1);
        let mut reader = keep(rig.join(Policy::DropOldest { depth: 1 }));
        let camera = {
            let rig = keep(Rig::clone(&rig));
            thread::spawn(move || {
                rig.eof(2);
                drop(end(rig));
            })
        };
        // A thread of its own: the first one's loads loom would run before all else.
        let looking = thread::spawn(move || {
            let mut told = Told::default();
            told.read(&mut reader);
            thread::yield_now();
            told.read(&mut reader);
            (told, reader)
        });
        camera.join().unwrap();
        let (mut told, mut reader) = looking.join().unwrap();
        told.read(&mut reader);
        assert_eq!(told.taken, [2], "the reader did not hear the one frame that came");
        let mut others = Told::default();
        others.read(&mut early);
        others.is_whole(2);
        drop((end(early), end(reader)));
        assert_eq!(rig.held(), 0, "a lease was not dropped");
        drop(end(rig));
    });
}

#[test]
fn who_joins_later_hears_the_next_frame() {
    joins_later(Fault::None);
}

#[test]
#[should_panic(expected = "twice")]
fn control_who_is_placed_at_the_first_position_takes_a_foreign_frame() {
    joins_later(Fault::BeginsAtFirst);
}

#[test]
fn a_refused_frame_is_told_and_dropped_once() {
    publish_against_take(Policy::DropNewest { depth: 1 }, 3, Fault::None);
}

#[test]
#[should_panic(expected = "dropped twice")]
fn control_a_reader_that_looks_after_its_claim_takes_another_frame() {
    publish_against_take(Policy::DropOldest { depth: 1 }, 4, Fault::LooksAfterClaim);
}

#[test]
#[should_panic(expected = "dropped twice")]
fn control_a_claim_without_asking_counts_a_frame_twice() {
    publish_against_take(Policy::DropOldest { depth: 1 }, 3, Fault::ClaimsUnasked);
}

/// A reader that refuses falls behind and parts from the ring of all, where the others' frames soon lie in the places of its own.
fn parts_from_the_others(depth: u32, last: u64, fault: Fault) {
    check(move || {
        let rig = keep(Rig::for_mailboxes_of(depth, fault));
        let mut viewer = keep(rig.join(Policy::DropOldest { depth: 1 }));
        let mut reader = keep(rig.join(Policy::DropNewest { depth }));
        (1..=last - 2).for_each(|number| rig.eof(number));
        let camera = {
            let rig = keep(Rig::clone(&rig));
            thread::spawn(move || {
                (last - 1..=last).for_each(|number| rig.eof(number));
                drop(end(rig));
            })
        };
        let mut told = Told::default();
        told.wait_and_read(&mut reader);
        camera.join().unwrap();
        rig.bus.close();
        told.read(&mut reader);
        told.is_whole(last);
        let mut viewers = Told::default();
        viewers.read(&mut viewer);
        viewers.is_whole(last);
        drop((end(viewer), end(reader)));
        assert_eq!(rig.held(), 0, "a lease was not dropped");
        assert!(rig.bus.books().balance());
        drop(end(rig));
    });
}

#[test]
fn who_parts_from_the_ring_of_all_takes_each_frame_once() {
    parts_from_the_others(1, 3, Fault::None);
}

/// More than one frame goes along.
#[test]
fn who_parts_with_several_frames_takes_each_once() {
    parts_from_the_others(2, 4, Fault::None);
}

#[test]
#[should_panic(expected = "twice")]
fn control_who_does_not_ask_whether_it_parted_takes_a_foreign_frame() {
    parts_from_the_others(1, 3, Fault::PartingUnasked);
}

/// What a viewer takes is never older than what was published before it asked.
#[test]
fn a_viewer_gets_the_newest_that_was_published_before() {
    check(|| {
        let rig = keep(Rig::new(Fault::None));
        let mut viewer = keep(rig.join(Policy::Latest));
        rig.eof(1);
        rig.eof(2);
        let camera = {
            let rig = keep(Rig::clone(&rig));
            thread::spawn(move || {
                rig.eof(3);
                drop(end(rig));
            })
        };
        let mut told = Told::default();
        told.read(&mut viewer);
        assert!(told.taken.first().is_some_and(|first| *first >= 2), "{told:?}");
        camera.join().unwrap();
        told.read(&mut viewer);
        assert_eq!(told.taken.last(), Some(&3));
        drop(end(viewer));
        assert_eq!(rig.held(), 0, "a lease was not dropped");
        drop(end(rig));
    });
}
