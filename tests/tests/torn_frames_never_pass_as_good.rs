//! A slot that is written over while it is in use is found out: a copy of it is not delivered, and a lease on it says so.

use pvcam::{Evidence, LossCause};
use pvcam_tests::{Ring, scene_of};

const TORN: u64 = 7;
const FRAMES: u64 = 12;

fn faults(key: &str) -> String {
    format!("[camera.faults]\n{key} = [{TORN}]")
}

/// The camera breaks its promise on one slot, after the frame was lent. Nothing could have prevented that; asking tells.
#[test]
fn a_lease_in_place_tells_that_it_is_torn() {
    for ring in Ring::all().into_iter().filter(|ring| ring.trust.is_some()) {
        let rig = ring.rig(&faults("torn"));
        let (session, mut taker) = ring.start(rig.open("pvcamUSB_0"));
        let mut torn = 0;
        for number in 1..=FRAMES {
            rig.step(0, 1);
            let leases = taker.settled(&session);
            let [lease] = &leases[..] else { unreachable!("one frame a step, not {leases:?}") };
            let whole = lease.pixels::<u16>().expect("16 bits a pixel") == scene_of(number, lease.layout());
            assert_eq!(whole, number != TORN, "the fault hits frame {TORN} and no other");
            match lease.verify() {
                Ok(evidence) => assert_eq!((evidence, whole), (Evidence::Locked, true), "frame {number}"),
                Err(why) => {
                    let found = TORN as u32 + Ring::SLOTS;
                    assert_eq!(
                        (why.expected, why.found, whole),
                        (TORN as u32, found, false),
                        "frame {number}"
                    );
                    torn += 1;
                }
            }
        }
        assert_eq!(torn, 1, "{} ring", ring.story);
        let books = session.stop().expect("it stops").books;
        assert!(books.balanced() && books.highest == FRAMES, "{books}");
    }
}

/// The slot is written over after the callback, while the copier may be at work: it was quicker, or the frame is lost.
#[test]
fn a_copy_is_whole_or_counted_as_torn() {
    let ring = Ring::copied();
    // The copier wins or loses a race: several times, so that both are likely to be seen.
    for _ in 0..8 {
        let rig = ring.rig(&faults("torn"));
        let (session, mut taker) = ring.start(rig.open("pvcamUSB_0"));
        let mut arrived = Vec::new();
        for _ in 0..FRAMES {
            rig.step(0, 1);
            for lease in taker.settled(&session) {
                let number = lease.record().number;
                let whole =
                    lease.pixels::<u16>().expect("16 bits a pixel") == scene_of(number, lease.layout());
                assert!(whole && lease.verify() == Ok(Evidence::Tag), "frame {number} was delivered");
                arrived.push(number);
            }
        }
        let losses: Vec<_> = std::iter::from_fn(|| session.next_loss()).collect();
        let books = session.stop().expect("it stops").books;
        let torn = u64::from(!arrived.contains(&TORN));
        assert_eq!((books.torn, books.lost(), books.delivered), (torn, torn, FRAMES - torn), "{books}");
        assert_eq!(losses.len() as u64, torn);
        assert!(
            losses.iter().all(|l| (l.cause, l.first, l.count) == (LossCause::Torn, TORN, 1)),
            "{losses:?}"
        );
        assert!(books.balanced(), "{books}");
    }
}
