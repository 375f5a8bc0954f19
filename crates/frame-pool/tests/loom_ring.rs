//! Models of publish, clone, drop and retire. Covered: every interleaving of the named threads within the preemption bound.
//! Not covered: SeqCst (the pool uses none), address space, the SDK's own threads.
#![cfg(pool_loom)]

mod model;

use frame_pool::model::Fault;
use loom::thread;
use model::Rig;

/// Two frames dropped on two threads in any order, a third written meanwhile: nobody reads what is being written, and all
/// slots come back in the end.
fn any_order(fault: Fault) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(move || {
        let rig = Rig::new(2, fault);
        let (first, second) = (rig.eof(1).unwrap(), rig.eof(2).unwrap());
        let readers: Vec<_> = [second, first]
            .into_iter()
            .map(|lease| {
                let rig = rig.clone();
                thread::spawn(move || {
                    rig.read(&lease);
                    drop(lease);
                    rig.retire();
                })
            })
            .collect();
        let third = rig.eof(3);
        for reader in readers {
            reader.join().unwrap();
        }
        let written = if third.is_some() { 3 } else { 2 };
        drop(third);
        rig.retire();
        assert_eq!(rig.unlocked(), written, "an unlock was lost");
    });
}

#[test]
fn drops_in_any_order_while_the_camera_writes() {
    any_order(Fault::None);
}

#[test]
#[should_panic]
fn control_a_relaxed_last_drop_lets_the_camera_write_under_a_reader() {
    any_order(Fault::RelaxedDrop);
}

/// Ordering mutation: who marks the slot at which it stops finds that it is free, without acquiring its last read.
#[test]
#[should_panic(expected = "Causality violation")]
fn control_a_relaxed_mark_lets_the_camera_write_beside_a_last_read() {
    any_order(Fault::RelaxedMark);
}

/// Ordering mutation: the look at the count without acquire.
#[test]
#[should_panic(expected = "Causality violation")]
fn control_a_relaxed_look_lets_the_camera_write_beside_a_last_read() {
    any_order(Fault::RelaxedLook);
}

/// Clones on two threads: the slot stays until the last of them, whoever that is.
fn clones(fault: Fault) {
    loom::model(move || {
        let rig = Rig::new(1, fault);
        let lease = rig.eof(1).unwrap();
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let (rig, lease) = (rig.clone(), lease.clone());
                thread::spawn(move || {
                    rig.read(&lease);
                    let again = lease.clone();
                    drop(lease);
                    rig.read(&again);
                    drop(again);
                    rig.retire();
                })
            })
            .collect();
        drop(lease);
        rig.retire();
        let _ = rig.eof(2);
        for reader in readers {
            reader.join().unwrap();
        }
    });
}

#[test]
fn a_slot_stays_until_its_last_clone() {
    clones(Fault::None);
}

#[test]
#[should_panic]
fn control_relaxed_drops_of_clones_are_found() {
    clones(Fault::RelaxedDrop);
}

/// Two threads retire at once while a frame goes vacant: no unlock is lost, though nobody waits for the gate.
fn gate(fault: Fault) {
    loom::model(move || {
        let rig = Rig::new(2, fault);
        let (first, second) = (rig.eof(1).unwrap(), rig.eof(2).unwrap());
        let other = {
            let rig = rig.clone();
            thread::spawn(move || {
                drop(first);
                rig.retire();
            })
        };
        drop(second);
        rig.retire();
        other.join().unwrap();
        assert_eq!(rig.unlocked(), 2, "an unlock was lost at the gate");
    });
}

#[test]
fn the_gate_loses_no_unlock() {
    gate(Fault::None);
}

#[test]
#[should_panic(expected = "an unlock was lost at the gate")]
fn control_a_try_lock_gate_loses_an_unlock() {
    gate(Fault::TryLockGate);
}
