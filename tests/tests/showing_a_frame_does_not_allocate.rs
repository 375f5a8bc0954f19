//! Converting a frame asks for no memory, whatever it is to look like. One test, because the count is the whole process's.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use counting_alloc::CountingAllocator;
use frame_pool::{Colour, Layout, Picture};
use frame_vcam::{
    ColourMap, Converter, Debayer, Geometry, Level, Look, Orientation, Overlay, PixelFormat, Scaling,
};
use pvcam::{Lease, Plan};
use pvcam_tests::{Rig, next, small};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::new();

/// Looks that between them take each way through the conversion.
fn looks() -> Vec<Look> {
    let mut looks: Vec<Look> = Orientation::ALL.map(|way| Look::new().orientation(way)).to_vec();
    looks.extend([Level::Full, Level::MinMax, Level::default()].map(|level| Look::new().level(level)));
    let maps = [ColourMap::Inverted, ColourMap::Fire, ColourMap::Viridis, ColourMap::Saturation];
    looks.extend(maps.map(|map| Look::new().colours(map)));
    looks.extend([Scaling::Down(1), Scaling::Down(3)].map(|scaling| Look::new().scaling(scaling)));
    looks.push(Look::new().overlay(Overlay::new().number().time().scale_bar(0.1)));
    looks.extend([Look::new().gamma(2.0), Look::new().debayer(Debayer::Superpixel)]);
    looks
}

/// Blocks asked for while the frame is converted in each look that goes with the format, and how many did.
fn blocks_asked_for(
    lease: &Lease,
    layout: &Layout,
    format: PixelFormat,
    mut also: impl FnMut(),
) -> (u64, u32) {
    let target = Geometry::new(80, 66, format).expect("even sides");
    let mut out = vec![0; target.frame_bytes()];
    let (mut asked, mut converted) = (0, 0);
    for look in looks() {
        // False colours do not go with every format, and not with a mosaic.
        let Ok(mut converter) = Converter::new(layout, target, &look) else { continue };
        let picture = Picture::new(lease.slot_bytes(), *layout);
        let before = ALLOCATOR.allocations();
        for _ in 0..3 {
            converter.convert_picture(&picture, &mut out).expect("it is of this layout");
            if layout == lease.layout() {
                converter.convert(lease, &mut out).expect("it is of this layout");
            }
            also();
        }
        asked += ALLOCATOR.allocations() - before;
        converted += 1;
    }
    (asked, converted)
}

#[test]
fn nothing_is_allocated_for_a_frame_that_is_shown() {
    let rig = Rig::stepped("");
    let camera = rig.open("pvcamUSB_0");
    let plan = Plan::sequence(1).region(small(&camera));
    let (session, frames) = camera.arm(plan).expect("the plan is good").start().expect("it starts");
    rig.step(0, 1);
    let lease = next(&frames);
    let stopped = session.stop().expect("it stops");
    let mosaic = Layout { colour: Colour::BayerGbrg, ..*lease.layout() };
    for format in PixelFormat::ALL {
        for layout in [lease.layout(), &mosaic] {
            let (asked, converted) = blocks_asked_for(&lease, layout, format, || ());
            assert_eq!(asked, 0, "{format} of {:?}", layout.colour);
            assert!(converted >= 16, "{converted} looks of {format} were converted");
        }
    }
    // The control: who asks for a block is seen.
    let (asked, converted) = blocks_asked_for(&lease, lease.layout(), PixelFormat::Yuyv, || {
        drop(std::hint::black_box(Box::new(7_u8)))
    });
    assert_eq!(asked, 3 * u64::from(converted));
    drop(stopped);
}
