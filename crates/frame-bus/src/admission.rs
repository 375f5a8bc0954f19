//! Admission: who joins must leave the camera the slots it needs.

use core::time::Duration;

use crate::plan::{BusPlan, Pace, Policy, Request};

/// Why somebody could not subscribe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// Mailboxes and holds together would take more frames than there are.
    #[error(
        "{needed} frames would be needed (deepest mailbox and all holds), {available} can be had: ask for less depth, or arm a \
         larger ring or reserve"
    )]
    Frames {
        /// Frames that all subscribers together would keep.
        needed: u64,
        /// N - 2 + R; of a stream whose frames are copied, R.
        available: u64,
    },
    /// All seats are taken.
    #[error("all {seats} seats are taken: make the bus with more")]
    Seats {
        /// Seats of this bus.
        seats: u32,
    },
    /// The bus is closed.
    #[error("the bus is closed")]
    Closed,
    /// No thread could be had for a callback.
    #[error("the callback's thread could not be started: {0}")]
    Thread(String),
}

/// Whether all these requests fit: the deepest mailbox, in frames of the camera, and all that is held.
///
/// One camera's frames are shared by all mailboxes, so that only the deepest counts; with decimation it reaches back further.
pub(crate) fn admit<'a>(
    plan: &BusPlan,
    requests: impl Iterator<Item = &'a Request>,
) -> Result<(), SubscribeError> {
    let (mut deepest, mut holds) = (0, 0_u64);
    for request in requests {
        let depth = u64::from(request.policy.depth());
        // A viewer's one slot is no queue: its frame is a single one, however old.
        let reach =
            if request.policy == Policy::Latest { 1 } else { decimation(request.pace, plan.frame_time) };
        deepest = deepest.max(depth.saturating_mul(reach));
        holds += u64::from(request.holds);
    }
    let (needed, available) = (deepest.saturating_add(holds), u64::from(plan.frames));
    if needed > available { Err(SubscribeError::Frames { needed, available }) } else { Ok(()) }
}

/// How many frames of the camera pass for one that is accepted.
fn decimation(pace: Pace, frame_time: Option<Duration>) -> u64 {
    match (pace, frame_time) {
        (Pace::All, _) | (Pace::PerSecond(_), None) => 1,
        (Pace::Nth(n), _) => n.get().into(),
        (Pace::PerSecond(rate), Some(time)) => {
            let period = 1_000_000_000 / u128::from(rate.get());
            let frames = period.div_ceil(time.as_nanos().max(1)).max(1);
            u64::try_from(frames).unwrap_or(u64::MAX)
        }
    }
}

#[cfg(all(test, not(pool_loom)))]
mod tests {
    use super::*;

    fn needed(plan: BusPlan, requests: &[Request]) -> Option<(u64, u64)> {
        match admit(&plan, requests.iter()) {
            Err(SubscribeError::Frames { needed, available }) => Some((needed, available)),
            _ => None,
        }
    }

    #[test]
    fn the_deepest_mailbox_and_all_holds_must_fit() {
        let plan = BusPlan::for_ring(10, 2);
        let every = |depth| Request::new("a", Policy::Every { depth });
        assert_eq!(needed(plan, &[every(9)]), None);
        assert_eq!(needed(plan, &[every(10)]), Some((11, 10)));
        assert_eq!(needed(plan, &[every(8), every(7)]), None, "mailboxes share frames");
        assert_eq!(needed(plan, &[every(8), every(7).holds(3)]), Some((12, 10)), "holds do not");
    }

    #[test]
    fn decimation_reaches_back_further() {
        let plan = BusPlan::for_ring(10, 2);
        let oldest = Request::new("a", Policy::DropOldest { depth: 3 });
        assert_eq!(needed(plan, &[oldest.clone().each(3)]), None);
        assert_eq!(needed(plan, &[oldest.clone().each(4)]), Some((13, 10)));
        assert_eq!(
            needed(plan, &[oldest.clone().per_second(25)]),
            None,
            "a rate that nothing is known about"
        );
        let known = plan.frame_time(Duration::from_millis(10));
        assert_eq!(needed(known, &[oldest.per_second(25)]), Some((13, 10)));
        assert_eq!(needed(known, &[Request::new("viewer", Policy::Latest).per_second(1)]), None);
    }
}
