//! Whether a frame is the one it says it is.

use frame_pool::{Evidence, Lease};

/// Looks at the frames of one run, in the order in which they are read. Allocates only for the first thing that is wrong.
#[derive(Debug, Default)]
pub(super) struct Inspector {
    last: Option<(u64, u32)>,
    /// Frames that nothing proves to be good.
    pub(super) unproven: u64,
    /// The first thing that was wrong.
    pub(super) wrong: Option<String>,
}

impl Inspector {
    pub(super) fn look_at(&mut self, lease: &Lease, frame_bytes: u32) {
        let record = lease.record();
        match self.last {
            Some((number, _)) if record.number <= number => {
                self.note(|| format!("frame {} came after frame {number}", record.number));
            }
            Some((_, epoch)) if record.epoch != epoch => {
                self.note(|| format!("frame {} belongs to another start", record.number));
            }
            _ => {}
        }
        self.last = Some((record.number, record.epoch));
        if lease.slot_bytes().len() != frame_bytes as usize {
            self.note(|| {
                format!("frame {} has {} bytes, not {frame_bytes}", record.number, lease.slot_bytes().len())
            });
        }
        match lease.verify() {
            Ok(Evidence::Unproven) => self.unproven += 1,
            Ok(_) => {}
            Err(torn) => self.note(|| format!("frame {}: {torn}", record.number)),
        }
    }

    /// Keeps the first complaint.
    pub(super) fn note(&mut self, what: impl FnOnce() -> String) {
        if self.wrong.is_none() {
            self.wrong = Some(what());
        }
    }
}

/// A lease with its address and a fingerprint of all its bytes, so that it shows if they change while it is held.
pub(super) struct Held {
    lease: Lease,
    address: usize,
    fingerprint: u64,
}

impl Held {
    /// Reads the whole frame: a millisecond or so.
    pub(super) fn new(lease: Lease) -> Self {
        let bytes = lease.slot_bytes();
        let (address, fingerprint) = (bytes.as_ptr().addr(), fingerprint(bytes));
        Self { lease, address, fingerprint }
    }

    /// What is wrong with it, if its bytes or their address are not those that they were.
    pub(super) fn complaint(&self) -> Option<String> {
        let number = self.lease.record().number;
        if self.lease.slot_bytes().as_ptr().addr() != self.address {
            return Some(format!("frame {number}: its address changed while it was leased"));
        }
        match self.lease.verify() {
            Err(torn) => Some(format!("frame {number}: {torn}")),
            Ok(_) if fingerprint(self.lease.slot_bytes()) != self.fingerprint => {
                Some(format!("frame {number}: its pixels changed while it was leased"))
            }
            Ok(_) => None,
        }
    }
}

/// FNV-1a over words instead of bytes, which is as good here and eight times as fast. Each step is one to one, so that no
/// change of a single word can hide.
fn fingerprint(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    let all = words.chain(rest.iter().map(|byte| u64::from(*byte)));
    all.fold(0xcbf2_9ce4_8422_2325, |hash, word| (hash ^ word).wrapping_mul(0x0100_0000_01b3).rotate_left(29))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_any_byte_shows() {
        let mut bytes = vec![7_u8; 1003];
        let before = fingerprint(&bytes);
        for at in 0..bytes.len() {
            bytes[at] ^= 0x80;
            assert_ne!(fingerprint(&bytes), before, "byte {at}");
            bytes[at] ^= 0x80;
        }
        assert_eq!(fingerprint(&bytes), before);
        bytes.swap_with_slice(&mut (0..1003).map(|at| at as u8).collect::<Vec<_>>());
        let before = fingerprint(&bytes);
        bytes.rotate_left(8);
        assert_ne!(fingerprint(&bytes), before, "the same words in another order");
    }

    #[test]
    fn the_first_complaint_is_kept() {
        let mut inspector = Inspector::default();
        inspector.note(|| "first".to_owned());
        inspector.note(|| "second".to_owned());
        assert_eq!(inspector.wrong.as_deref(), Some("first"));
    }
}
