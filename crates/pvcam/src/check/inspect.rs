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

/// A lease with a fingerprint of its bytes, so that it shows if they change while it is held.
pub(super) struct Held {
    lease: Lease,
    fingerprint: u64,
}

/// One byte in so many is looked at; prime, so that no row pitch hides a change.
const STRIDE: usize = 509;

impl Held {
    pub(super) fn new(lease: Lease) -> Self {
        let fingerprint = fingerprint(lease.slot_bytes());
        Self { lease, fingerprint }
    }

    /// What is wrong with it, if its bytes are not those that they were.
    pub(super) fn complaint(&self) -> Option<String> {
        let number = self.lease.record().number;
        match self.lease.verify() {
            Err(torn) => Some(format!("frame {number}: {torn}")),
            Ok(_) if fingerprint(self.lease.slot_bytes()) != self.fingerprint => {
                Some(format!("frame {number}: its pixels changed while it was leased"))
            }
            Ok(_) => None,
        }
    }
}

/// FNV-1a of the first bytes, where headers are, and of a sample of the rest.
fn fingerprint(bytes: &[u8]) -> u64 {
    let (head, _) = bytes.split_at(bytes.len().min(128));
    let sample = head.iter().chain(bytes.iter().step_by(STRIDE));
    sample.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_in_header_or_sample_shows() {
        let mut bytes = vec![7_u8; 100_000];
        let before = fingerprint(&bytes);
        bytes[5] = 8;
        assert_ne!(fingerprint(&bytes), before);
        bytes[5] = 7;
        assert_eq!(fingerprint(&bytes), before);
        bytes[50_000..50_600].fill(9);
        assert_ne!(fingerprint(&bytes), before);
        assert_eq!(fingerprint(&[]), fingerprint(&[]));
    }

    #[test]
    fn the_first_complaint_is_kept() {
        let mut inspector = Inspector::default();
        inspector.note(|| "first".to_owned());
        inspector.note(|| "second".to_owned());
        assert_eq!(inspector.wrong.as_deref(), Some("first"));
    }
}
