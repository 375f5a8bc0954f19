//! The allocator of this program: it counts.

use counting_alloc::CountingAllocator;
use pvcam::check::AllocationCounter;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::new();

/// Allocations of the whole program. The SDK's library allocates by its own means and is not counted.
pub(super) struct WholeProgram;

impl AllocationCounter for WholeProgram {
    fn allocations(&self) -> u64 {
        ALLOCATOR.allocations()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_program_counts() {
        let before = WholeProgram.allocations();
        drop(std::hint::black_box(Box::new(1_u8)));
        assert!(WholeProgram.allocations() > before);
    }
}
