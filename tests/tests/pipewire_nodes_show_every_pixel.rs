//! PipeWire nodes show what is painted, byte by byte: `cargo xtask pipewire-test`.
#![expect(clippy::expect_used, clippy::panic, reason = "a helper of a test that fails is a failed test")]

use std::time::{Duration, Instant};

use frame_vcam::{Geometry, Opener, Output, PipeWireSource, PixelFormat};
use pvcam_tests::{NodeReader, PipeWire, Seen, VideoReader};

/// Patience with what needs several messages between three processes.
const PATIENCE: Duration = Duration::from_secs(30);

fn opened(server: &PipeWire, name: &str, geometry: Geometry) -> Box<dyn Output> {
    let mut source = PipeWireSource::new(name).server(&server.name());
    source.open(geometry, 25).unwrap_or_else(|why| panic!("{geometry}: {why}"))
}

/// A picture of which each byte depends on the number and on where it is; the first four bytes are the number.
fn picture(number: u32, bytes: usize) -> Vec<u8> {
    let byte = |at: u32| at.wrapping_mul(7).wrapping_add(number.wrapping_mul(13)).wrapping_add(at >> 8) as u8;
    let mut out: Vec<u8> = (0..).map(byte).take(bytes).collect();
    out[..4].copy_from_slice(&number.to_le_bytes());
    out
}

/// The time stamp of a picture, which only its number decides.
fn stamp(number: u32) -> u64 {
    5_000_000_000 + u64::from(number) * 40_000_123
}

/// Shows a picture. `false` if readers have all buffers.
fn send(node: &mut dyn Output, number: u32) -> bool {
    let Some(out) = node.buffer().expect("the node is good") else { return false };
    let pixels = picture(number, out.len());
    out.copy_from_slice(&pixels);
    node.send(stamp(number)).expect("the node is good")
}

/// The number of a picture that is good in every byte.
fn number_of(pixels: &[u8], geometry: Geometry) -> u32 {
    assert_eq!(pixels.len(), geometry.frame_bytes(), "{geometry}");
    let number = u32::from_le_bytes([pixels[0], pixels[1], pixels[2], pixels[3]]);
    assert!(pixels == picture(number, pixels.len()), "{geometry}, picture {number}: bytes differ");
    number
}

/// The number of a picture that is good in every byte, and in all that is said of it.
fn checked(seen: &Seen, geometry: Geometry) -> u32 {
    let number = number_of(&seen.pixels, geometry);
    assert_eq!(seen.stride.cast_unsigned(), geometry.row_bytes(), "{geometry}");
    assert_eq!(seen.stamp_ns.cast_unsigned(), stamp(number), "{geometry}, picture {number}");
    number
}

#[test]
fn each_format_arrives_byte_by_byte_at_two_sizes() {
    let server = PipeWire::start("formats");
    for (width, height) in [(480, 360), (322, 242)] {
        for format in PixelFormat::ALL {
            let geometry = Geometry::new(width, height, format).expect("a good size");
            let mut node = opened(&server, "formats", geometry);
            let reader = NodeReader::start(&server, "formats", geometry);
            let (begun, mut number, mut numbers) = (Instant::now(), 0, Vec::new());
            while numbers.len() < 6 {
                assert!(begun.elapsed() < PATIENCE, "{geometry}: {numbers:?}");
                number += u32::from(send(&mut *node, number));
                std::thread::sleep(Duration::from_millis(5));
                numbers.extend(reader.all().iter().map(|seen| checked(seen, geometry)));
            }
            assert!(numbers.is_sorted_by(|a, b| a < b), "{geometry}: {numbers:?}");
        }
    }
}

#[test]
fn a_byte_that_differs_is_found() {
    let server = PipeWire::start("control");
    let geometry = Geometry::new(64, 48, PixelFormat::Grey).expect("a good size");
    let mut node = opened(&server, "control", geometry);
    let reader = NodeReader::start(&server, "control", geometry);
    let mut spoil = |at: usize| {
        if let Some(out) = node.buffer().expect("the node is good") {
            let mut pixels = picture(7, out.len());
            pixels[at] ^= 1;
            out.copy_from_slice(&pixels);
            node.send(stamp(7)).expect("the node is good");
        }
        std::thread::sleep(Duration::from_millis(5));
        reader.all().pop()
    };
    for at in [4, 1000, 64 * 48 - 1] {
        let begun = Instant::now();
        let seen = loop {
            assert!(begun.elapsed() < PATIENCE, "no picture comes");
            match spoil(at) {
                Some(seen) if seen.pixels[at] != picture(7, 64 * 48)[at] => break seen,
                _ => {}
            }
        };
        let refused = std::panic::catch_unwind(|| checked(&seen, geometry));
        assert!(refused.is_err(), "byte {at} was changed, and nobody noticed");
    }
}

#[test]
fn who_comes_later_sees_the_newest_picture_first() {
    let server = PipeWire::start("later");
    let geometry = Geometry::new(64, 48, PixelFormat::Grey).expect("a good size");
    let mut node = opened(&server, "later", geometry);
    let mut number = 0;
    for round in 1..=10 {
        let reader = NodeReader::start(&server, "later", geometry);
        let begun = Instant::now();
        let first = loop {
            assert!(begun.elapsed() < PATIENCE, "round {round}: no picture comes");
            if number > 0 {
                node.repeat(stamp(number - 1)).expect("the node is good");
            } else {
                number += u32::from(send(&mut *node, number));
            }
            std::thread::sleep(Duration::from_millis(1));
            if let Some(seen) = reader.all().first() {
                break checked(seen, geometry);
            }
        };
        assert_eq!(first, number - 1, "round {round}");
        // Pictures for the reader, as many as there is room for, while it leaves and when it has left.
        let leaves = std::thread::spawn(move || drop(reader));
        let mut kept = 0;
        while kept < 30 {
            assert!(begun.elapsed() < PATIENCE, "round {round}: there is no room, and nobody looks");
            let shown = send(&mut *node, number);
            number += u32::from(shown);
            kept = if shown && leaves.is_finished() { kept + 1 } else { 0 };
            std::thread::sleep(Duration::from_millis(1));
        }
        leaves.join().expect("the reader was content");
    }
}

/// Has the server take back all buffers of a node, as the session manager does when nobody has looked for a while.
fn suspend(server: &PipeWire, node: &dyn Output) {
    let place = node.place();
    let id = place.split_whitespace().nth(2).expect("\"PipeWire node 36 ...\"");
    let mut command = server.command("pw-cli");
    assert!(command.args(["send-command", id, "Suspend", "{}"]).output().expect("it runs").status.success());
}

#[test]
fn no_picture_is_lost_with_the_buffers_that_the_server_takes_back() {
    let server = PipeWire::start("suspended");
    let geometry = Geometry::new(64, 48, PixelFormat::Grey).expect("a good size");
    let mut node = opened(&server, "suspended", geometry);
    let reader = NodeReader::start(&server, "suspended", geometry);
    let (begun, mut number, mut taken) = (Instant::now(), 0, 0);
    // Once between two pictures, and three times while one is painted, whose buffer goes.
    for painting in [false, true, true, true] {
        let mut seen = Vec::new();
        while seen.len() < 10 {
            assert!(begun.elapsed() < PATIENCE, "no picture comes");
            number += u32::from(send(&mut *node, number));
            std::thread::sleep(Duration::from_millis(1));
            seen.extend(reader.all().iter().map(|seen| checked(seen, geometry)));
        }
        if painting && let Some(out) = node.buffer().expect("the node is good") {
            let pixels = picture(number, out.len());
            out.copy_from_slice(&pixels);
        }
        suspend(&server, &*node);
        for _ in 0..100 {
            node.attend().expect("the node is good");
            std::thread::sleep(Duration::from_millis(1));
        }
        if painting {
            let sent = node.send(stamp(number)).expect("the node is good");
            (number, taken) = (number + u32::from(sent), taken + u32::from(!sent));
        }
        seen.clear();
        reader.all().iter().for_each(|before| assert!(checked(before, geometry) < number));
        // Nothing new comes: what is shown again is the newest that was sent.
        while seen.last() != Some(&(number - 1)) {
            assert!(begun.elapsed() < PATIENCE, "picture {} is lost, there is {:?}", number - 1, seen.last());
            node.repeat(stamp(number - 1)).expect("the node is good");
            std::thread::sleep(Duration::from_millis(1));
            seen.extend(reader.all().iter().map(|seen| checked(seen, geometry)));
        }
        assert!(seen.is_sorted(), "{seen:?}");
    }
    assert!(taken > 0, "no buffer was taken away while it was painted");
}

/// GStreamer, which writes three pictures to its standard output.
fn gstreamer(server: &PipeWire, node: &str, geometry: Geometry) -> VideoReader {
    let format = match geometry.format {
        PixelFormat::Yuyv => "YUY2",
        PixelFormat::Nv12 => "NV12",
        PixelFormat::I420 => "I420",
        PixelFormat::Grey => "GRAY8",
        PixelFormat::Rgb24 => "RGB",
        _ => "GRAY16_LE",
    };
    let caps = format!("video/x-raw,format={format},width={},height={}", geometry.width, geometry.height);
    let source = format!("target-object={node}");
    let mut command = server.command("gst-launch-1.0");
    command.args(["--quiet", "pipewiresrc", &source, "num-buffers=3", "!", &caps, "!", "fdsink", "fd=1"]);
    VideoReader::run(command, geometry)
}

#[test]
fn another_program_reads_the_same_bytes() {
    let server = PipeWire::start("gstreamer");
    for (width, height) in [(480, 360), (328, 242)] {
        for format in PixelFormat::ALL {
            let geometry = Geometry::new(width, height, format).expect("a good size");
            let mut node = opened(&server, "gstreamer", geometry);
            let mut reader = gstreamer(&server, "gstreamer", geometry);
            let mut number = 0;
            while reader.reads() {
                number += u32::from(send(&mut *node, number));
                std::thread::sleep(Duration::from_millis(20));
            }
            let numbers: Vec<u32> = reader.frames().iter().map(|frame| number_of(frame, geometry)).collect();
            assert!(numbers.len() == 3 && numbers.is_sorted_by(|a, b| a < b), "{geometry}: {numbers:?}");
        }
    }
}
