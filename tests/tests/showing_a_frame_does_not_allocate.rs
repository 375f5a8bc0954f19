//! Converting a frame asks for no memory, whatever it is to look like; nor does the virtual camera's thread from one frame to the next.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use counting_alloc::CountingAllocator;
use frame_pool::{Colour, Layout, Picture};
use frame_vcam::{
    ColourMap, Converter, Debayer, DeviceError, Geometry, Level, Look, Opener, Orientation, Output, Overlay,
    PaintError, Painter, PixelFormat, Scaling, VirtualCamera,
};
use pvcam::{Lease, Plan};
use pvcam_tests::{BusRig, Rig, Ring, SOON, next, small};

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
        let before = ALLOCATOR.allocations_of_this_thread();
        for _ in 0..3 {
            converter.convert_picture(&picture, &mut out).expect("it is of this layout");
            if layout == lease.layout() {
                converter.convert(lease, &mut out).expect("it is of this layout");
            }
            also();
        }
        asked += ALLOCATOR.allocations_of_this_thread() - before;
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

/// How many blocks the thread had asked for when each frame came, by its number.
type Readings = Arc<[AtomicU64; 32]>;

/// Takes the readings; as a control asks for a block itself.
struct Counting {
    converter: Option<Converter>,
    readings: Readings,
    asks: bool,
}

impl Painter for Counting {
    fn geometry(&self, source: &Layout, format: PixelFormat) -> Result<Geometry, PaintError> {
        Ok(Look::new().geometry(source, format)?)
    }

    fn prepare(&mut self, source: &Layout, target: Geometry) -> Result<(), PaintError> {
        self.converter = Some(Converter::new(source, target, &Look::new())?);
        Ok(())
    }

    fn paint(&mut self, frame: &Lease, out: &mut [u8]) -> Result<(), PaintError> {
        let asked = ALLOCATOR.allocations_of_this_thread();
        self.readings[frame.record().number as usize].store(asked, Ordering::Relaxed);
        if self.asks {
            drop(std::hint::black_box(Box::new(7_u8)));
        }
        Ok(self.converter.as_mut().ok_or("not prepared")?.convert(frame, out)?)
    }
}

/// Memory that nobody looks at.
struct Wall(Vec<u8>);

struct Walls;

impl Opener for Walls {
    fn open(&mut self, geometry: Geometry, _rate: u32) -> Result<Box<dyn Output>, DeviceError> {
        Ok(Box::new(Wall(vec![0; geometry.frame_bytes()])))
    }
}

impl Output for Wall {
    fn place(&self) -> String {
        "a wall".to_owned()
    }

    fn buffer(&mut self) -> Result<Option<&mut [u8]>, DeviceError> {
        Ok(Some(&mut self.0))
    }

    fn send(&mut self, _stamp_ns: u64) -> Result<bool, DeviceError> {
        Ok(true)
    }

    fn repeat(&mut self, _stamp_ns: u64) -> Result<bool, DeviceError> {
        Ok(true)
    }
}

/// Blocks that the thread asked for from one frame to the next, after the first two.
fn turns(asks: bool) -> Vec<u64> {
    const FRAMES: u64 = 20;
    let run = BusRig::start(&Ring::copied());
    let readings = Readings::default();
    let painter = Counting { converter: None, readings: Arc::clone(&readings), asks };
    let camera = VirtualCamera::builder().painter(painter).frames_per_second(200);
    let camera = camera.start_on(Walls).expect("a thread");
    camera.follow(&run.bus).expect("room");
    camera.publish();
    for number in 1..=FRAMES {
        run.step(1);
        camera.await_state(SOON, |_| camera.books().shown == number).expect("it is shown");
    }
    assert!(camera.close().balance());
    let asked = |number: u64| readings[number as usize].load(Ordering::Relaxed);
    (3..FRAMES).map(|number| asked(number + 1) - asked(number)).collect()
}

#[test]
fn from_one_frame_to_the_next_the_thread_asks_for_nothing() {
    assert_eq!(turns(false), [0; 17]);
    assert_eq!(turns(true), [1; 17], "the control: one block is seen");
}
