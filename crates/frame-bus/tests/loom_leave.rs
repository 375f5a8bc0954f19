//! Models of publishing against leaving and joining: a lease that is put into the mailbox of one who leaves is dropped, by one of the
//! two; the next one in the seat never sees it.
#![cfg(pool_loom)]

mod model;

use frame_bus::model::Fault;
use frame_bus::{Filter, Policy, Request};
use loom::thread;
use model::{Rig, Told, check, end, keep};

fn publish_against_leave(policy: Policy, fault: Fault) {
    check(move || {
        let rig = keep(Rig::for_mailboxes_of(policy.depth(), fault));
        let reader = keep(rig.join(policy));
        let camera = {
            let rig = keep(Rig::clone(&rig));
            thread::spawn(move || {
                rig.eof(1);
                rig.eof(2);
                drop(end(rig));
            })
        };
        drop(end(reader));
        camera.join().unwrap();
        assert_eq!(rig.held(), 0, "a frame stayed with one who left");
        assert!(rig.bus.books().balance());
        drop(end(rig));
    });
}

#[test]
fn who_leaves_takes_no_frame_along() {
    publish_against_leave(Policy::DropOldest { depth: 1 }, Fault::None);
}

#[test]
fn who_refuses_and_leaves_takes_no_frame_along() {
    publish_against_leave(Policy::Every { depth: 2 }, Fault::None);
}

/// The second frame finds it full: it leaves while the publisher moves what waits into a ring of its own.
#[test]
fn who_parts_and_leaves_takes_no_frame_along() {
    publish_against_leave(Policy::DropNewest { depth: 1 }, Fault::None);
}

#[test]
#[should_panic(expected = "a frame stayed with one who left")]
fn control_a_publisher_that_forgets_who_left_leaves_a_frame_behind() {
    publish_against_leave(Policy::DropOldest { depth: 1 }, Fault::ForgetsLeavers);
}

#[test]
#[should_panic(expected = "a frame stayed with one who left")]
fn control_who_sweeps_in_the_middle_of_a_walk_misses_a_frame() {
    publish_against_leave(Policy::DropOldest { depth: 1 }, Fault::SweepsBeside);
}

/// One who leaves empties its mailbox while the publisher fills the shared ring for another one, round and round.
fn sweep_against_publish(fault: Fault) {
    check(move || {
        let rig = keep(Rig::new(fault));
        let leaver = keep(rig.join(Policy::DropOldest { depth: 1 }));
        let other = keep(rig.join(Policy::DropOldest { depth: 1 }));
        rig.eof(1);
        let camera = {
            let rig = keep(Rig::clone(&rig));
            thread::spawn(move || {
                // As many as the ring has entries, so that the leaver's is filled again.
                (2..=4).for_each(|number| rig.eof(number));
                drop(end(rig));
            })
        };
        drop(end(leaver));
        camera.join().unwrap();
        drop(end(other));
        assert_eq!(rig.held(), 0, "a frame stayed with one who left");
        assert!(rig.bus.books().balance());
        drop(end(rig));
    });
}

#[test]
fn who_leaves_a_shared_ring_takes_no_frame_of_another_round() {
    sweep_against_publish(Fault::None);
}

#[test]
#[should_panic(expected = "dropped twice")]
fn control_a_publisher_that_does_not_help_to_sweep_fills_over_a_frame() {
    sweep_against_publish(Fault::HelpsNot);
}

/// Joins beside deliveries: from the first frame it gets on, it gets each, and none twice.
#[test]
fn who_takes_a_seat_that_was_left_sees_nothing_of_before() {
    check(|| {
        let rig = keep(Rig::for_mailboxes_of(2, Fault::None));
        let first = keep(rig.join(Policy::DropOldest { depth: 2 }));
        let camera = {
            let rig = keep(Rig::clone(&rig));
            thread::spawn(move || {
                rig.eof(1);
                rig.eof(2);
                drop(end(rig));
            })
        };
        let books = end(first).leave();
        assert!(books.balance(), "{books}");
        let request = Request::new("next", Policy::DropOldest { depth: 2 }).holds(0);
        let mut next = keep(rig.bus.subscribe(&request).unwrap());
        camera.join().unwrap();
        let mut told = Told::default();
        told.read(&mut next);
        assert!(told.lost.is_empty() && [vec![], vec![2], vec![1, 2]].contains(&told.taken), "{told:?}");
        let books = end(next).leave();
        assert!(books.balance() && books.offered == told.taken.len() as u64, "{books}");
        assert_eq!(rig.held(), 0);
        drop(end(rig));
    });
}

/// One seat: who left and the publisher sweep it, and the next one sits down only after both.
fn seat_given_anew(fault: Fault) {
    check(move || {
        let rig = keep(Rig::with_seats(1, fault));
        // With a filter: in a ring of its own, where a reader has its place as soon as it has sat down.
        let choosy =
            Request::new("reader", Policy::Every { depth: 2 }).holds(0).filter(Filter::numbers(1, 9));
        let first = keep(rig.bus.subscribe(&choosy).unwrap());
        let camera = {
            let rig = keep(Rig::clone(&rig));
            thread::spawn(move || {
                rig.eof(1);
                drop(end(rig));
            })
        };
        let books = end(first).leave();
        assert!(books.balance(), "{books}");
        let mut next = keep(rig.bus.subscribe(&choosy).unwrap());
        camera.join().unwrap();
        rig.eof(2);
        assert!(next.unread() > 0, "the next one is deaf");
        let mut told = Told::default();
        told.read(&mut next);
        assert_eq!(told.taken.last(), Some(&2));
        let books = end(next).leave();
        assert!(books.balance() && books.offered == told.taken.len() as u64, "{books}");
        assert_eq!(rig.held(), 0, "a frame stayed with one who left");
        drop(end(rig));
    });
}

#[test]
fn a_seat_is_given_anew_after_all_who_sweep_it() {
    seat_given_anew(Fault::None);
}

#[test]
#[should_panic(expected = "deaf")]
fn control_a_seat_given_anew_while_it_is_swept_is_deaf() {
    seat_given_anew(Fault::HelpsUnannounced);
}

/// Without another thread: it looks which way frames go, which nobody sees from outside. Who wants frames of its own choice is sent them
/// by the long way, and so is who was full once; when they have left, the way is short again.
#[test]
fn the_way_is_short_again_when_who_has_a_ring_of_its_own_has_left() {
    check(|| {
        let rig = keep(Rig::for_mailboxes_of(2, Fault::None));
        let mut reader = keep(rig.join(Policy::Every { depth: 2 }));
        let mut numbers = 1..;
        let mut is_easy_after_one = || {
            let (number, mut told) = (numbers.next().unwrap(), Told::default());
            rig.eof(number);
            told.read(&mut reader);
            assert_eq!((told.taken, told.lost), (vec![number], vec![]));
            // What nobody holds any more goes back to the camera.
            rig.held();
            rig.bus.is_easy()
        };
        assert!(is_easy_after_one());
        let choosy = Request::new("choosy", Policy::Latest).holds(0).filter(Filter::numbers(1, 9));
        for other in [choosy, Request::new("full", Policy::DropNewest { depth: 1 }).holds(0)] {
            let other = keep(rig.bus.subscribe(&other).unwrap());
            assert!((0..3).all(|_| !is_easy_after_one()), "the other one is forgotten");
            drop(end(other));
            // With room for two the publisher looks where the reader is at each second frame.
            assert!((0..2).any(|_| is_easy_after_one()), "the way stays long");
        }
        drop(end(reader));
        assert_eq!(rig.held(), 0, "a frame stayed with one who left");
        drop(end(rig));
    });
}
