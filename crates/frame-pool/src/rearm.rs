//! Between two runs: the ring is made ready for the next one, whatever readers still hold of the last.

use crate::keeper::Memory;
use crate::shared::Shared;

impl Shared {
    /// Moves frames that are still leased out of the ring, as far as the reserve goes, and lets the ring start over. The caller saw
    /// that no stream is served: nobody else rescues, retires or publishes. Readers may clone and drop meanwhile.
    ///
    /// Nothing is allocated.
    ///
    /// # Errors
    /// How many blocks are still held; then the ring is as it was, but for what could be moved.
    pub(crate) fn rearm(&self, memory: Option<&dyn Memory>) -> Result<(), u32> {
        for block in 0..self.ring.blocks() {
            if let Some(memory) = memory.filter(|_| self.is_block_held(block)) {
                // What cannot be moved stays held, and is counted below.
                let _ = self.rescue(memory, block);
            }
        }
        #[cfg(pool_loom)]
        if self.fault == crate::model::Fault::RearmUnasked {
            self.ring.reset();
            return Ok(());
        }
        match self.held_blocks() {
            0 => {
                self.ring.reset();
                Ok(())
            }
            held => Err(held),
        }
    }

    /// Ring blocks that somebody holds. Exact when nothing moves; what is counted as free was acquired from its last reader.
    pub(crate) fn held_blocks(&self) -> u32 {
        (0..self.ring.blocks()).map(|block| u32::from(self.is_block_held(block))).sum()
    }

    fn is_block_held(&self, block: u32) -> bool {
        self.ring.free_slot(block).is_err()
    }
}
