//! The first camera as a webcam: open any video program beside it.
//!
//! `cargo run --release -p pvcam-tests --example microscope_webcam` with a camera, or without one
//! `cargo xtask sim -- cargo run --release -p pvcam-tests --example microscope_webcam`.
//! Arguments: the label of the device (else the first that is free is taken), and for how many seconds (else an hour).
//! docs/virtual-camera.md says how to make a device. Without one, with `--features pipewire` before `--example`, the label `pipewire` makes a
//! PipeWire node "Microscope" instead.

use std::error::Error;
use std::time::{Duration, Instant};

use frame_bus::{Bus, BusPlan};
#[cfg(feature = "pipewire")]
use frame_vcam::PipeWireSource;
use frame_vcam::{ColourMap, Look, VirtualCamera, video_devices};
use pvcam::{OpenPolicy, Plan, Sdk};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (label, seconds) = (arguments.next(), arguments.next());
    let time = Duration::from_secs(seconds.as_deref().unwrap_or("3600").parse()?);
    for device in video_devices() {
        println!("{device}");
    }

    // 1280 x 720 is what video conferences expect; the picture is fitted in. Saturated pixels are red.
    let camera = VirtualCamera::builder().size(1280, 720).look(Look::new().colours(ColourMap::Saturation));
    let camera = match label.as_deref() {
        #[cfg(feature = "pipewire")]
        Some("pipewire") => camera.start_on(PipeWireSource::new("Microscope"))?,
        Some(label) => camera.label(label).start()?,
        None => camera.start()?,
    };
    camera.publish();

    let sdk = Sdk::load()?;
    let name = sdk.cameras()?.first().ok_or("no camera: is it switched on?")?.name.clone();
    let opened = sdk.open(&name, OpenPolicy::Raw)?;
    let armed = opened.camera.arm(Plan::continuous().exposure(Duration::from_millis(20)))?;
    let bus = Bus::new(BusPlan::for_ring(armed.settings().ring_slots, armed.settings().reserve))?;
    camera.follow(&bus)?;
    let session = armed.start_into(bus.sink())?;

    let (begun, mut last) = (Instant::now(), None);
    while begun.elapsed() < time {
        let state = camera.state();
        if last.as_ref() != Some(&state) {
            println!("{state}");
            last = Some(state);
        }
        std::thread::sleep(Duration::from_millis(200).min(time));
    }
    println!("{}", session.stop()?.books);
    println!("{}", camera.close());
    Ok(())
}
