//! Showing a frame in a PipeWire node asks for no memory: `cargo xtask pipewire-test`. One test, because the count is the whole process's.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use std::time::{Duration, Instant};

use counting_alloc::CountingAllocator;
use frame_pool::{Element, Layout, Picture};
use frame_vcam::{Converter, Geometry, Look, Opener, Output, PipeWireSource, PixelFormat};
use pvcam_tests::PipeWire;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::new();

/// One turn of a virtual camera: sees to the server, and shows the frame, or the last one again. `false` if readers have all buffers.
fn turn(node: &mut dyn Output, again: bool, mut paint: impl FnMut(&mut [u8])) -> bool {
    node.attend().expect("the node is good");
    if again {
        return node.repeat(1).expect("the node is good");
    }
    let Some(out) = node.buffer().expect("the node is good") else { return false };
    paint(out);
    node.send(1).expect("the node is good")
}

/// Entries of a folder.
fn count(folder: &str) -> usize {
    std::fs::read_dir(folder).expect("Linux tells").count()
}

#[test]
fn nothing_is_allocated_for_a_frame_whether_somebody_looks_or_not() {
    let server = PipeWire::start("allocations");
    let target = Geometry::new(320, 240, PixelFormat::Yuyv).expect("even sides");
    let source = Layout::mono(Element::U8, 8, 240, 320);
    let mut converter = Converter::new(&source, target, &Look::default()).expect("they go together");
    let pixels: Vec<u8> = (0..320 * 240).map(|at: u32| at as u8).collect();
    let mut paint =
        |out: &mut [u8]| converter.convert_picture(&Picture::new(&pixels, source), out).expect("it converts");
    let mut opener = PipeWireSource::new("allocations").server(&server.name());
    let mut node = opener.open(target, 100).expect("the node is made");
    let mut allocated = |frames: u32, node: &mut dyn Output, also: fn()| {
        let (mut shown, before) = (0, ALLOCATOR.allocations());
        let begun = Instant::now();
        while shown < frames {
            assert!(begun.elapsed() < Duration::from_secs(30), "readers give no buffer back");
            shown += u32::from(turn(node, shown % 3 == 2, &mut paint));
            also();
            std::thread::sleep(Duration::from_millis(5));
        }
        ALLOCATOR.allocations() - before
    };
    assert_eq!(allocated(50, &mut *node, || ()), 0, "while nobody looks");
    let mut command = server.command("gst-launch-1.0");
    command.args(["--quiet", "pipewiresrc", "target-object=allocations", "num-buffers=300", "!"]);
    command.args(["video/x-raw,format=YUY2,width=320,height=240", "!", "fakesink"]);
    let mut reader = command.spawn().expect("GStreamer starts");
    let mut by_fifty = Vec::new();
    let ended = loop {
        match reader.try_wait().expect("it is our child") {
            Some(ended) => break ended,
            None => by_fifty.push(allocated(50, &mut *node, || ())),
        }
    };
    assert!(ended.success(), "{ended}");
    // It took six times fifty: it was there in the four before the last, in which it may have left.
    let watched = by_fifty.iter().rev().skip(1).take(4);
    assert!(by_fifty.len() > 5 && watched.sum::<u64>() == 0, "while somebody looks: {by_fifty:?}");
    drop(node);
    // Nor does a node leave anything behind, or a server that is not there.
    let mut absent = PipeWireSource::new("absent").server("/nonexistent/pipewire-0");
    let before = (count("/proc/self/task"), count("/proc/self/fd"));
    for _ in 0..20 {
        drop(opener.open(target, 100).expect("the node is made"));
        assert!(absent.open(target, 100).is_err());
    }
    assert_eq!((count("/proc/self/task"), count("/proc/self/fd")), before, "threads and open files");
    let mut node = opener.open(target, 100).expect("the node is made");
    assert!((count("/proc/self/task"), count("/proc/self/fd")) > before, "the control: an open one is seen");
    // The control: who asks for a block is seen.
    assert!(allocated(10, &mut *node, || drop(std::hint::black_box(Box::new(7_u8)))) >= 10);
}
