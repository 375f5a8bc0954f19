//! Video devices of a real kernel show what is written into them: `cargo xtask guest-test`.
//!
//! The devices are those that xtask/guest/ makes: v4l2loopback "plain" and "exclusive" (`exclusive_caps=1`), and vivid's output, whose pictures
//! come back on its input.
#![expect(clippy::expect_used, clippy::panic, reason = "a helper of a test that fails is a failed test")]

use std::path::Path;
use std::time::Duration;

use frame_vcam::{DeviceOpener, Geometry, Opener, Output, PixelFormat, Place, Transfer};
use pvcam_tests::{Program, VideoReader, video_device};

/// Long enough that a reader has copied a frame before its buffer is written again: a loopback device has two.
const PAUSE: Duration = Duration::from_millis(40);

fn opened(path: &Path, geometry: Geometry, transfer: Transfer) -> Box<dyn Output> {
    let mut opener = DeviceOpener::new(Place::Path(path.to_owned()), transfer);
    opener.open(geometry, 25).unwrap_or_else(|why| panic!("{geometry} by {transfer:?}: {why}"))
}

/// A picture of which each byte depends on the number and on where it is; the first four bytes are the number.
fn picture(number: u32, out: &mut [u8]) {
    for (at, byte) in out.iter_mut().enumerate() {
        *byte = (at as u32).wrapping_mul(7).wrapping_add(number.wrapping_mul(13)).wrapping_add(at as u32 >> 8)
            as u8;
    }
    out[..4].copy_from_slice(&number.to_le_bytes());
}

fn send(device: &mut dyn Output, number: u32) {
    if let Some(out) = device.buffer().expect("the device is good") {
        // Made before: a slow test would write for longer than a reader leaves it in peace.
        let mut pixels = vec![0; out.len()];
        picture(number, &mut pixels);
        out.copy_from_slice(&pixels);
        device.send(frame_pool::monotonic_ns()).expect("the device takes it");
    }
}

/// Sends until the reader has enough, and answers the numbers that it got, each of which was good in every byte.
fn read_back(device: &mut dyn Output, mut reader: VideoReader) -> Vec<u32> {
    let mut number = 1;
    while reader.reads() {
        send(device, number);
        number += 1;
        std::thread::sleep(PAUSE);
    }
    let frames = reader.frames();
    let check = |frame: &Vec<u8>| {
        let number = u32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]]);
        let mut wanted = vec![0; frame.len()];
        picture(number, &mut wanted);
        let wrong = frame.iter().zip(&wanted).filter(|(got, sent)| got != sent).count();
        let first = frame.iter().zip(&wanted).position(|(got, sent)| got != sent);
        assert_eq!(wrong, 0, "frame {number}: so many bytes are not what was sent, the first at {first:?}");
        number
    };
    frames.iter().map(check).collect()
}

#[test]
#[ignore = "needs video devices: cargo xtask guest-test"]
fn each_format_arrives_byte_by_byte_on_both_kinds_of_device() {
    for label in ["plain", "exclusive"] {
        let path = video_device(label);
        // A size whose frames are no whole pages, which v4l2loopback 0.12 rounds up to.
        for format in PixelFormat::ALL {
            let geometry = Geometry::new(322, 242, format).expect("a good size");
            eprintln!("{label} {geometry}");
            for (transfer, program) in
                [(Transfer::Buffers, Program::Ffmpeg), (Transfer::Write, Program::V4l2Ctl)]
            {
                let mut device = opened(&path, geometry, transfer);
                send(&mut *device, 0);
                let numbers = read_back(&mut *device, VideoReader::start(program, &path, geometry, 3));
                assert_eq!(numbers.len(), 3, "{label} {geometry} {transfer:?}");
                assert!(numbers.is_sorted(), "{label} {geometry} {transfer:?}: {numbers:?}");
            }
        }
    }
}
