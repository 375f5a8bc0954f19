//! A simulated microscope that shows the pages of a picture file, and what the virtual camera must make of them.

use std::cell::OnceCell;
use std::path::Path;
use std::time::{Duration, Instant};

use frame_bus::{Bus, BusPlan};
use frame_pool::{Layout, Picture};
use frame_vcam::{Converter, Geometry, Level, Look, PixelFormat, Scaling};
use pvcam::{Plan, Region, Session};

use crate::pictures::pages;
use crate::rig::Rig;

/// Patience with a guest that is emulated, on a machine that has other work.
const PATIENCE: Duration = Duration::from_secs(480);
const BLACK: u16 = 300;
const WHITE: u16 = 9000;

/// A file of pages to be shown, and their columns and rows.
pub type Pages = (&'static str, u16, u16);

/// A stepped camera that shows the file's pages, and its bus.
pub struct Microscope {
    pages: Pages,
    /// Its pages as they were read, which takes longer than all the rest.
    read: OnceCell<Vec<Vec<u16>>>,
    /// The run.
    pub session: Session,
    /// Where its frames go.
    pub bus: Bus,
    /// The simulator.
    pub rig: Rig,
    /// How frames lie in memory.
    pub layout: Layout,
}

impl Microscope {
    /// Three pages.
    pub const WORMS: Pages = ("worms-3page-696x520-u16.tif", 696, 520);
    /// One page, of another size.
    pub const NUCLEI: Pages = ("nuclei-hoechst-1200x1000-u16.tif", 1200, 1000);

    /// Shows the pages one after the other, and again.
    #[must_use]
    pub fn start(pages: Pages) -> Self {
        let (name, columns, rows) = pages;
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name);
        let rig = Rig::stepped(&format!(
            "scene = \"replay\"\nreplay = \"{}\"\nno_overwrite = \"flag_error\"",
            file.display()
        ));
        let camera = rig.open("pvcamUSB_0");
        let region = Region::centred(camera.sensor(), columns, rows);
        let plan = Plan::continuous().region(region).exposure(Duration::from_millis(1)).ring(8).reserve(8);
        let armed = camera.arm(plan).expect("the plan is good");
        let layout = armed.settings().layout.at_offset(0);
        let bus = Bus::new(BusPlan::for_ring(8, 8)).expect("a thread can be had");
        let session = armed.start_into(bus.sink()).expect("it starts");
        Self { pages, read: OnceCell::new(), session, bus, rig, layout }
    }

    /// Frames come, as long as `work` goes on.
    pub fn run_while(&self, mut work: impl FnMut() -> bool) {
        let begun = Instant::now();
        while work() {
            assert!(begun.elapsed() < PATIENCE, "what is waited for does not come");
            self.rig.step(0, 1);
            std::thread::sleep(Duration::from_millis(80));
        }
    }

    /// The look that [`Self::pictures`] knows the grey values of.
    #[must_use]
    pub fn look(scaling: Scaling) -> Look {
        Look::new().level(Level::Manual { black: BLACK, white: WHITE }).scaling(scaling)
    }

    /// Each page as the conversion makes it. In the camera's own size its grey values are compared with the formula.
    #[must_use]
    pub fn pictures(&self, geometry: Geometry, look: &Look) -> Vec<Vec<u8>> {
        let one = |page: &Vec<u16>| {
            let bytes: Vec<u8> = page.iter().flat_map(|value| value.to_ne_bytes()).collect();
            // A `Vec<u8>` may lie at an odd address, which no picture of 16 bits does.
            let mut aligned = vec![0_u64; bytes.len().div_ceil(8)];
            let slot: &mut [u8] = bytemuck::cast_slice_mut(&mut aligned);
            slot[..bytes.len()].copy_from_slice(&bytes);
            let mut out = vec![0; geometry.frame_bytes()];
            let mut converter = Converter::new(&self.layout, geometry, look).expect("they go together");
            converter.convert_picture(&Picture::new(slot, self.layout), &mut out).expect("it converts");
            if look.scaling == Scaling::Down(1) {
                assert_greys(page, geometry, &out);
            }
            out
        };
        self.read.get_or_init(|| pages(self.pages.0)).iter().map(one).collect()
    }
}

/// The brightness of each pixel by the formula, not by the converter.
fn assert_greys(page: &[u16], geometry: Geometry, out: &[u8]) {
    let (step, zero, range) = match geometry.format {
        PixelFormat::Yuyv => (2, 16.0, 219.0),
        PixelFormat::Rgb24 => (3, 0.0, 255.0),
        PixelFormat::Grey => (1, 0.0, 255.0),
        _ => (1, 16.0, 219.0),
    };
    for (value, shown) in page.iter().zip(out.iter().step_by(step)) {
        let share = f64::from(value.clamp(&BLACK, &WHITE) - BLACK) / f64::from(WHITE - BLACK);
        let exact = zero + range * share;
        assert!((f64::from(*shown) - exact).abs() < 0.51, "{value} was shown as {shown}, not {exact}");
    }
}
