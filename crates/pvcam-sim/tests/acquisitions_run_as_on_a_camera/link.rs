//! A link that is slower than the sensor: frames come as fast as it carries their bytes, and no faster.

use std::time::Duration;

use crate::support::buffer::Buffer;
use crate::support::{OVERWRITE, PARAM_READOUT_PORT, Region, Sdk, eventually, loaded};

/// The port of a Kinetix that reads a frame in 2 ms.
const SPEED: i32 = 1;
static WHOLE: Region = Region::new(0, 0, 3200, 3200);
const SLOTS: u32 = 3;

/// Usable bandwidth by the model's file, in bytes for each microsecond.
fn bandwidth(model: &str) -> u64 {
    let file = format!("{}/models/{model}.toml", env!("CARGO_MANIFEST_DIR"));
    let table: toml::Table = std::fs::read_to_string(file).unwrap().parse().unwrap();
    table["interface"]["megabytes_per_s"].as_integer().unwrap().try_into().unwrap()
}

/// A running ring of whole frames, of which only stamps are written.
fn start(model: &str, name: &str, clock: &str) -> (Sdk, i16, Buffer) {
    let keys = format!("model = \"{model}\"\nclock = \"{clock}\"\nscene = \"stamp\"\n");
    let sdk = loaded::start(&format!("[[camera]]\n{keys}"));
    let hcam = sdk.open(name);
    sdk.set(hcam, PARAM_READOUT_PORT, SPEED);
    let bytes = sdk.setup_cont(hcam, WHOLE, OVERWRITE);
    let buffer = Buffer::new(SLOTS * bytes);
    // SAFETY: a buffer of whole frames, which each test stops before it goes.
    sdk.ok(unsafe { (sdk.f.pl_exp_start_cont)(hcam, buffer.pointer(), buffer.len()) });
    (sdk, hcam, buffer)
}

/// From frame to frame on the stepped clock, in us.
fn period_us(model: &str, name: &str) -> (u64, u64) {
    const FRAMES: u32 = 50;
    let (sdk, hcam, buffer) = start(model, name, "stepped");
    sdk.step(1);
    let first = sdk.latest(hcam).1.time_stamp;
    sdk.step(FRAMES);
    let last = sdk.latest(hcam).1.time_stamp;
    sdk.abort(hcam);
    let bytes = u64::from(buffer.len() / SLOTS);
    (u64::try_from(last - first).unwrap() * 100 / u64::from(FRAMES), bytes / bandwidth(model))
}

#[test]
fn frames_come_as_fast_as_the_link_carries_them() {
    let (capped, link) = period_us("kinetix-usb", "pvcamUSB_0");
    assert!(capped.abs_diff(link) <= 2, "{capped} us, the link takes {link}");
    let (free, link) = period_us("kinetix-pcie", "pvcamPCIE_0");
    // A readout of 2 ms and a line; the exposure is shorter.
    assert!(free.abs_diff(2_001) <= 3 && link < free, "the control: {free} us, the link takes {link}");
    assert!(capped > 2 * free);
}

#[test]
fn the_real_clock_keeps_to_it_on_average() {
    let (sdk, hcam, buffer) = start("kinetix-usb", "pvcamUSB_0", "real");
    eventually("frames come", || sdk.control.stats(hcam).unwrap().written >= 30);
    let (stamp, number) = {
        let info = sdk.latest(hcam).1;
        (u64::try_from(info.time_stamp).unwrap(), u64::try_from(info.frame_nr).unwrap())
    };
    std::thread::sleep(Duration::from_millis(300));
    let info = sdk.latest(hcam).1;
    sdk.abort(hcam);
    let frames = u64::try_from(info.frame_nr).unwrap() - number;
    let took_us = (u64::try_from(info.time_stamp).unwrap() - stamp) * 100;
    let link = u64::from(buffer.len() / SLOTS) / bandwidth("kinetix-usb");
    // Stamps are those of the schedule, so that a late machine changes nothing; periods that it left out are counted.
    let missed = sdk.control.stats(hcam).unwrap().missed_schedule;
    let (least, most) = (frames * link, (frames + missed) * link);
    assert!(frames > 0 && took_us + 200 >= least && took_us <= most + 300, "{took_us} us, {least} to {most}");
}
