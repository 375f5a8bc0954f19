//! The set of free reserve windows: a bitmap of atomic words, taken from and given back to without a lock.

use crate::sync::{AtomicU64, Ordering, order};

const BITS: u32 = 64;

/// Which of `len` things are free.
#[derive(Debug)]
pub(crate) struct FreeSet {
    words: Box<[AtomicU64]>,
    len: u32,
    /// What a control breaks on purpose.
    #[cfg(pool_loom)]
    pub(crate) fault: crate::model::Fault,
}

impl FreeSet {
    /// A set in which all `len` are free.
    pub(crate) fn all_free(len: u32) -> Self {
        let words = (0..len.div_ceil(BITS))
            .map(|w| {
                let here = (len - w * BITS).min(BITS);
                AtomicU64::new(if here == BITS { u64::MAX } else { (1 << here) - 1 })
            })
            .collect();
        Self {
            words,
            len,
            #[cfg(pool_loom)]
            fault: crate::model::Fault::None,
        }
    }

    /// Takes one, lowest first. What its last user did before giving it back is visible to the taker.
    pub(crate) fn take(&self) -> Option<u32> {
        for (w, word) in (0u32..).zip(self.words.iter()) {
            let mut seen = word.load(Ordering::Acquire);
            while seen != 0 {
                let bit = seen.trailing_zeros();
                match word.compare_exchange(seen, seen & !(1 << bit), Ordering::Acquire, Ordering::Acquire) {
                    Ok(_) => return Some(w * BITS + bit),
                    Err(now) => seen = now,
                }
            }
        }
        None
    }

    /// Gives one back. It may be taken by another thread before this returns.
    pub(crate) fn give(&self, which: u32) {
        if let Some(word) = self.words.get((which / BITS) as usize) {
            // Release: what the last user read is read before the next one writes.
            word.fetch_or(1 << (which % BITS), order!(self.fault, RelaxedGive, Release));
        }
    }

    /// How many are free: exact when nothing moves.
    pub(crate) fn free(&self) -> u32 {
        self.words.iter().map(|w| w.load(Ordering::Acquire).count_ones()).sum()
    }

    pub(crate) fn len(&self) -> u32 {
        self.len
    }
}

#[cfg(all(test, not(pool_loom)))]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::FreeSet;

    #[test]
    fn hands_out_each_once_and_takes_it_back() {
        let set = FreeSet::all_free(130);
        let mut got: Vec<u32> = std::iter::from_fn(|| set.take()).collect();
        assert_eq!(got.len(), 130);
        got.sort_unstable();
        got.dedup();
        assert_eq!(got.len(), 130, "none twice");
        assert_eq!(set.free(), 0);
        set.give(129);
        set.give(64);
        assert_eq!(set.take(), Some(64));
        assert_eq!(set.take(), Some(129));
        assert_eq!(set.take(), None);
    }

    proptest! {
        #[test]
        fn the_lowest_free_one_is_taken_whatever_came_before(
            len in 1..200_u32, steps in prop::collection::vec(prop::option::of(any::<prop::sample::Index>()), 1..400),
        ) {
            let (set, mut free, mut taken) = (FreeSet::all_free(len), (0..len).collect::<BTreeSet<_>>(), Vec::new());
            for step in steps {
                match step {
                    Some(which) if !taken.is_empty() => {
                        let back = taken.swap_remove(which.index(taken.len()));
                        set.give(back);
                        assert!(free.insert(back));
                    }
                    _ => {
                        let took = set.take();
                        assert_eq!(took, free.pop_first());
                        taken.extend(took);
                    }
                }
                assert_eq!((set.free() as usize, set.len()), (free.len(), len));
            }
        }
    }
}
