//! Frames that are only told of: nothing is held and nothing copied unless somebody asks.

use crate::clock::Expired;
use crate::copy;
use crate::record::{Evidence, Record};
use crate::shared::Owner;
use crate::sync::{Ordering, fence};
use crate::verify::Torn;

/// A frame in a ring that is overwritten, without any hold on it: the camera may write over it at any time.
///
/// There is no way to a `&[u8]` of its bytes, because nothing could keep them from changing. They can be copied out
/// ([`RawFrame::copy_to`]), which says afterwards whether all of them were the frame's. Keeps the memory, not the frame.
#[derive(Debug, Clone)]
pub struct RawFrame {
    pool: Owner,
    block: u32,
    run: u64,
    record: Record,
}

/// The camera wrote over the frame before or while it was copied: what was copied is not the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Overrun {
    /// The bytes are not the frame's, or nothing says that they are.
    #[error(transparent)]
    Torn(#[from] Torn),
    /// The memory serves another run of the camera by now.
    #[error("the ring has been given to another run since this frame was announced")]
    OtherRun,
}

impl RawFrame {
    /// Frame in ring block `block` of the pool's present run.
    pub(crate) fn new(pool: &Owner, block: u32, record: &Record) -> Self {
        Self { pool: pool.clone(), block, run: pool.run.load(Ordering::Acquire), record: *record }
    }

    /// What is known of the frame. Its evidence is what the frame had when it was announced.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Bytes of its slot: metadata, pixels, padding.
    #[must_use]
    pub fn slot_bytes(&self) -> usize {
        self.pool.region.as_ref().map_or(0, |region| region.plan().block_bytes)
    }

    /// Copies the first `out.len()` bytes of the slot (where the slot is shorter the rest becomes 0), and says by what they are
    /// held to be the frame's. Any thread may call it, any number of times.
    ///
    /// # Errors
    /// [`Overrun`]: the camera was faster. What stands in `out` then is of no use.
    pub fn copy_to(&self, out: &mut [u8]) -> Result<Evidence, Overrun> {
        self.check()?;
        self.read(0, out);
        // The bytes were read before the evidence is.
        fence(Ordering::Acquire);
        self.check()
    }

    fn read(&self, offset: usize, out: &mut [u8]) {
        out.fill(0);
        let Some(region) = &self.pool.region else { return };
        let n = out.len().min(region.plan().block_bytes.saturating_sub(offset));
        if self.block < region.plan().blocks && n > 0 {
            // SAFETY: block and offset + n lie inside the ring's map (checked), which lives as long as the pool. Raw reads, because the
            // device may write meanwhile.
            unsafe { copy::read_raw(region.ring_block(self.block).add(offset), &mut out[..n]) };
        }
    }

    fn check(&self) -> Result<Evidence, Overrun> {
        if self.pool.run.load(Ordering::Acquire) != self.run {
            return Err(Overrun::OtherRun);
        }
        let Some(tag) = self.record.tag else {
            self.pool.clock.check(self.record.arrived_ns).map_err(|why: Expired| Torn::from(why))?;
            return Ok(Evidence::TimeOnly);
        };
        let mut found = [0; 4];
        self.read(tag.offset as usize, &mut found);
        let found = u32::from_le_bytes(found);
        if found != tag.expected {
            return Err(Torn::Overwritten { expected: tag.expected, found }.into());
        }
        Ok(Evidence::Tag)
    }
}
