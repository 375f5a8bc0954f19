//! Looking again, after use, whether a batch showed its frame.

use arrow_array::{Array, RecordBatch};
use frame_pool::{Evidence, Lease, Torn};

use crate::schema::FrameSchema;

/// Why what a batch showed may not be its frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotIntact {
    /// The slot was written over.
    #[error("the frame was written over while the batch was looked at")]
    Torn(#[from] Torn),
    /// The batch does not show this lease's memory: it was copied, or is another frame's.
    #[error(
        "column `{column}` does not lie in the memory of frame {number}: verify a batch with its own lease"
    )]
    OtherMemory {
        /// The column.
        column: String,
        /// The lease's frame number, as the host counts.
        number: u64,
    },
}

impl FrameSchema {
    /// Looks again whether the pixels that `batch` shows are the frame's ([`Lease::verify`]): on a ring that is overwritten in place,
    /// what was read of the batch before this call counts only if the answer is good. `lease` is the one that the batch was made of.
    ///
    /// # Errors
    /// [`NotIntact`].
    pub fn verify_batch(&self, batch: &RecordBatch, lease: &Lease) -> Result<Evidence, NotIntact> {
        let slot = lease.slot_bytes().as_ptr_range();
        for (column, field) in batch.columns().iter().zip(self.arrow().fields()).take(self.tensors.len()) {
            let data = column.to_data();
            let values = data.child_data().first().and_then(|child| child.buffers().first());
            if !values.is_some_and(|values| slot.contains(&values.as_ptr())) {
                let (column, number) = (field.name().clone(), lease.record().number);
                return Err(NotIntact::OtherMemory { column, number });
            }
        }
        Ok(lease.verify()?)
    }
}
