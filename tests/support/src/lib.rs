//! A global allocator that counts, to prove that a path does not allocate.
//!
//! For programs of this workspace only (tests, benches, hardware-test); no library of ours links it.
//!
//! ```
//! use counting_alloc::CountingAllocator;
//!
//! #[global_allocator]
//! static ALLOCATOR: CountingAllocator = CountingAllocator::new();
//!
//! let before = ALLOCATOR.allocations();
//! let text = String::from("allocated");
//! assert_eq!(ALLOCATOR.allocations(), before + 1);
//! drop(text);
//! assert_eq!(ALLOCATOR.allocations(), before + 1, "freeing is not counted");
//! ```

mod allocator;

pub use allocator::CountingAllocator;
