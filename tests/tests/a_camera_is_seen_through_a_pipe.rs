//! A simulated camera through bus, virtual camera and pipe: the reader gets each pixel, and one that goes away becomes a state that the
//! caller reads, while the camera goes on.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use std::io::{PipeReader, Read};

use frame_vcam::{DeviceError, Failure, Level, Look, PixelFormat, State, VirtualCamera, Y4mSink};
use pvcam_tests::{BusRig, Ring, SOON, scene_of};

const LAYOUT: &frame_pool::Layout = &frame_pool::Layout::mono(frame_pool::Element::U16, 11, 48, 64);

/// Reads frames, of which some are repeated, until it is number `number` of the counter scene.
fn await_frame(reader: &mut PipeReader, number: u64) {
    let expected: Vec<u8> = scene_of(number, LAYOUT).iter().flat_map(|value| value.to_le_bytes()).collect();
    let earlier: Vec<u8> =
        scene_of(number - 1, LAYOUT).iter().flat_map(|value| value.to_le_bytes()).collect();
    let mut frame = vec![0; 6 + expected.len()];
    loop {
        reader.read_exact(&mut frame).expect("the stream goes on");
        assert_eq!(&frame[..6], b"FRAME\n");
        if frame[6..] == expected {
            return;
        }
        assert!(frame[6..] == earlier, "neither frame {number} nor the one before");
    }
}

#[test]
fn each_pixel_arrives_and_a_reader_that_leaves_is_noticed() {
    let run = BusRig::start(&Ring::copied());
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    // A window that changes nothing: the camera's own values in 16 bits.
    let look = Look::new().level(Level::Manual { black: 0, white: u16::MAX });
    let builder = VirtualCamera::builder().format(PixelFormat::Y16).look(look).frames_per_second(1000);
    let camera = builder.start_on(Y4mSink::descriptor(writer)).expect("a thread");
    camera.follow(&run.bus).expect("room");
    camera.publish();
    run.step(1);
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        let mut byte = [0];
        reader.read_exact(&mut byte).expect("a first line");
        line.extend(byte);
    }
    assert!(line.starts_with(b"YUV4MPEG2 W64 H48 F1000:1 "), "{}", String::from_utf8_lossy(&line));
    await_frame(&mut reader, 1);
    for number in 2..=10 {
        run.step(1);
        await_frame(&mut reader, number);
    }
    drop(reader);
    run.step(1);
    let gone =
        |state: &State| matches!(state, State::Failed(Failure::Device(DeviceError::ReaderGone { .. })));
    let state = camera.await_state(SOON, gone).expect("it is noticed");
    assert!(state.to_string().contains("nobody reads pipe"), "{state}");
    // The camera does not mind.
    run.step(3);
    assert_eq!(run.bus.books().published, 14);
    assert!(camera.close().balance() && run.bus.books().balance());
}
