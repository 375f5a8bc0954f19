//! What a run must fulfil.

use frame_pool::{Books, StreamMode};

/// What is known of a run when it is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    pub(super) books: Books,
    /// Bytes of a frame.
    pub(super) frame_bytes: u32,
    /// How frames were to be delivered, and how they were at the end.
    pub(super) armed_for: StreamMode,
    pub(super) ended_as: StreamMode,
    /// Frames that the reader wanted, and got.
    pub(super) wanted: u64,
    pub(super) read: u64,
    /// Frames for which allocations were counted, and how many there were.
    pub(super) measured: u64,
    pub(super) allocations: Option<u64>,
}

/// Everything that is wrong with a run; empty if nothing is.
pub(super) fn judge(facts: &Facts) -> Vec<String> {
    let books = &facts.books;
    let mut wrong = judge_always(facts);
    if facts.read < facts.wanted {
        wrong.push(format!("only {} of {} frames came", facts.read, facts.wanted));
    }
    let ours = [
        (books.lost_ring_full, "lost because readers held the whole ring"),
        (books.lost_copier_queue, "lost because copying did not keep up"),
        (books.lost_reserve, "lost because readers held the whole reserve"),
        (books.torn, "overwritten before they could be used"),
    ];
    wrong.extend(
        ours.iter().filter(|(count, _)| *count > 0).map(|(count, why)| format!("{count} frames {why}")),
    );
    wrong
}

/// Everything that is wrong with a run that was denied the room for what its readers hold, and must lose frames for that.
pub(super) fn judge_control(facts: &Facts) -> Vec<String> {
    let books = &facts.books;
    let mut wrong = judge_always(facts);
    for (count, what) in [
        (books.rescued, "moved out of the ring, though that was switched off"),
        (books.lost_copier_queue, "lost because copying did not keep up"),
        (books.torn, "overwritten before they could be used"),
    ] {
        if count > 0 {
            wrong.push(format!("{count} frames were {what}"));
        }
    }
    if facts.read >= facts.wanted {
        wrong.push("nothing was lost, so that the step before this one proves nothing".to_owned());
    }
    wrong
}

/// What must be so in every run.
fn judge_always(facts: &Facts) -> Vec<String> {
    let mut wrong = Vec::new();
    let books = &facts.books;
    if !books.balanced() {
        wrong.push(format!("the books do not balance: {books}"));
    }
    if books.in_flight > 0 {
        wrong.push(format!("{} frames are still on their way after the stop", books.in_flight));
    }
    wrong.extend(wrong_delivery(facts));
    if let Some(count) = facts.allocations.filter(|count| *count > 0) {
        wrong.push(format!("{count} allocations on the way of {} frames", facts.measured));
    }
    wrong
}

fn wrong_delivery(facts: &Facts) -> Option<String> {
    let Facts { books, frame_bytes, armed_for, ended_as, .. } = facts;
    if armed_for != ended_as {
        return Some("the ring did not keep its locks, so frames were copied from some moment on".to_owned());
    }
    let copied = *armed_for == StreamMode::Copied;
    let expected = if copied { books.delivered * u64::from(*frame_bytes) } else { 0 };
    (books.copied_bytes != expected).then(|| {
        format!(
            "{} bytes were copied for {} frames, it should be {expected}",
            books.copied_bytes, books.delivered
        )
    })
}

/// What was lost elsewhere: in the camera, on the cable, in the SDK. Reported, no failure of ours.
pub(super) fn lost_elsewhere(books: &Books) -> Vec<String> {
    let theirs = [
        (books.lost_in_camera, "lost inside the camera"),
        (books.lost_before_host, "lost between camera and memory: look at cable, port and hub"),
        (
            books.lost_notification,
            "written, but not announced by the SDK: the callback thread was kept from running",
        ),
    ];
    theirs
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, why)| format!("{count} frames {why}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(armed_for: StreamMode) -> Facts {
        let mut books = Books::default();
        (books.highest, books.delivered) = (101, 100);
        books.discarded_at_stop = 1;
        books.copied_bytes = if armed_for == StreamMode::Copied { 100 * 64 } else { 0 };
        Facts {
            books,
            frame_bytes: 64,
            armed_for,
            ended_as: armed_for,
            wanted: 100,
            read: 100,
            measured: 92,
            allocations: Some(0),
        }
    }

    #[test]
    fn good_runs_pass() {
        for mode in [StreamMode::Frozen, StreamMode::Locked, StreamMode::Copied] {
            assert_eq!(judge(&good(mode)), [""; 0], "{mode:?}");
        }
        assert_eq!(judge(&Facts { allocations: None, ..good(StreamMode::Locked) }), [""; 0]);
    }

    /// The complaint about a run that was good until `spoil` came.
    fn complaint(mode: StreamMode, spoil: impl FnOnce(&mut Facts)) -> String {
        let mut facts = good(mode);
        spoil(&mut facts);
        judge(&facts).join("; ")
    }

    #[test]
    fn each_fault_is_named() {
        use StreamMode::{Copied, Locked};
        assert!(complaint(Locked, |f| f.books.highest = 102).contains("do not balance"));
        assert!(complaint(Locked, |f| f.read = 99).contains("only 99 of 100"));
        assert!(complaint(Locked, |f| f.allocations = Some(1)).contains("1 allocations on the way of 92"));
        assert!(complaint(Locked, |f| f.books.copied_bytes = 64).contains("should be 0"));
        assert!(complaint(Copied, |f| f.books.copied_bytes += 64).contains("should be 6400"));
        assert!(complaint(Locked, |f| f.ended_as = Copied).contains("did not keep its locks"));
    }

    #[test]
    fn a_control_passes_only_if_it_loses() {
        let mut facts = good(StreamMode::Locked);
        assert!(judge_control(&facts)[0].contains("proves nothing"));
        facts.read = 60;
        assert_eq!(judge_control(&facts), [""; 0], "the stream ended");
        facts.books.lost_ring_full = 40;
        assert!(judge_control(&facts)[0].contains("do not balance"));
        facts.books.highest += 40;
        assert_eq!(judge_control(&facts), [""; 0]);
        facts.books.rescued = 1;
        assert!(judge_control(&facts)[0].contains("1 frames were moved"));
        (facts.books.rescued, facts.books.torn, facts.books.highest) = (0, 2, facts.books.highest + 2);
        assert!(judge_control(&facts)[0].contains("2 frames were overwritten"));
    }

    #[test]
    fn losses_of_ours_fail_and_those_of_others_are_reported() {
        let ours: [fn(&mut Books) -> &mut u64; 4] = [
            |b| &mut b.lost_ring_full,
            |b| &mut b.lost_copier_queue,
            |b| &mut b.lost_reserve,
            |b| &mut b.torn,
        ];
        for column in ours {
            let text = complaint(StreamMode::Locked, |f| {
                *column(&mut f.books) = 2;
                f.books.highest += 2;
            });
            assert!(text.starts_with("2 frames "), "{text}");
        }
        let theirs: [fn(&mut Books) -> &mut u64; 3] =
            [|b| &mut b.lost_in_camera, |b| &mut b.lost_before_host, |b| &mut b.lost_notification];
        for column in theirs {
            let mut facts = good(StreamMode::Locked);
            *column(&mut facts.books) = 2;
            facts.books.highest += 2;
            assert_eq!(judge(&facts), [""; 0]);
            assert_eq!(lost_elsewhere(&facts.books).len(), 1);
        }
    }
}
