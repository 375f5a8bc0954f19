//! Model of the books: the callback enters deliveries, a gap and a loss while somebody reads.
//!
//! Covered: every interleaving, within the preemption bound, of one writer with one reader who looks twice: he sees
//! what the books said at some moment, and no number goes back. Not covered: the service thread's ledger, which is of the
//! same kind, and which books are read first.
#![cfg(pool_loom)]

use std::mem::ManuallyDrop;
use std::sync::Arc;

use frame_pool::model::{Fault, ModelBooks};
use loom::thread;

fn kept_while_read(fault: Fault) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(move || {
        let books = Arc::new(ModelBooks::broken(fault));
        let theirs = Arc::clone(&books);
        // By hand: a model that fails must not touch loom again while it unwinds.
        let writer = ManuallyDrop::new(thread::spawn(move || {
            theirs.delivered(1);
            theirs.lost(2, 1);
            theirs.delivered(3);
        }));
        // A thread of its own: loom runs the loads of a thread that only loads before all else if it is the first one.
        let ours = Arc::clone(&books);
        let reader = ManuallyDrop::new(thread::spawn(move || (ours.read(), ours.read())));
        let (first, second) = ManuallyDrop::into_inner(reader).join().unwrap();
        for seen in [first, second] {
            let seen = (seen.highest, seen.delivered, seen.lost_in_camera);
            assert!([(0, 0, 0), (1, 1, 0), (2, 1, 1), (3, 2, 1)].contains(&seen), "{seen:?} never was");
        }
        assert!(first.highest <= second.highest && first.delivered <= second.delivered);
        ManuallyDrop::into_inner(writer).join().unwrap();
        let end = books.read();
        assert_eq!((end.highest, end.delivered, end.lost_in_camera), (3, 2, 1));
        assert_eq!(books.last_delivered(), 3);
    });
}

#[test]
fn books_balance_at_every_moment() {
    kept_while_read(Fault::None);
}

#[test]
#[should_panic(expected = "never was")]
fn control_an_entry_without_its_fence_is_seen_half_made() {
    kept_while_read(Fault::UnfencedEntry);
}

#[test]
#[should_panic(expected = "never was")]
fn control_entries_beside_the_sequence_are_seen_half_made() {
    kept_while_read(Fault::EntryWithoutSequence);
}
