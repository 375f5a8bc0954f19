//! What counts as an allocation, and on which threads. One test, because the count is the whole process's.

use counting_alloc::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::new();

fn counted(work: impl FnOnce()) -> u64 {
    let before = ALLOCATOR.allocations();
    work();
    ALLOCATOR.allocations() - before
}

#[test]
fn blocks_are_counted_when_they_are_made_or_moved_on_every_thread() {
    assert_eq!(counted(|| drop(std::hint::black_box(Box::new(7_u64)))), 1);
    assert_eq!(counted(|| drop(std::hint::black_box(vec![0_u8; 100]))), 1, "zeroed");
    let mut grown: Vec<u8> = Vec::with_capacity(4);
    assert_eq!(counted(|| grown.reserve_exact(1000)), 1, "grown");
    assert_eq!(counted(|| drop(grown)), 0, "freed");
    let mut on_a_thread = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| on_a_thread = counted(|| drop(std::hint::black_box(Box::new(7_u64)))));
    });
    assert!(on_a_thread >= 1, "{on_a_thread}");
}
