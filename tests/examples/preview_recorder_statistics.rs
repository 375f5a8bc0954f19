//! One simulated camera, three readers: a recorder that must have every frame, a preview that wants the newest, and statistics of
//! each fifth frame in a callback.
//!
//! `cargo run -p pvcam-tests --example preview_recorder_statistics`

use std::error::Error;
use std::io::Write;
use std::time::Duration;

use frame_bus::{Bus, BusPlan, Closing, Event, Frame, Policy, Request, Subscriber};
use pvcam::{Plan, Region};
use pvcam_tests::Rig;

/// Writes each frame's slot; says where there is a hole. A real one would write a file.
fn record(mut recorder: Subscriber) -> Result<(), std::io::Error> {
    let mut file = std::io::sink();
    loop {
        match recorder.recv_within(Duration::from_secs(10)) {
            Ok(Event::Frame(frame)) => file.write_all(frame.slot_bytes())?,
            Ok(Event::Lagged(lag)) => {
                println!("recorder: {} frames from {} on are missing", lag.count, lag.first)
            }
            Ok(Event::Closed(closed)) => {
                println!("{}: {}", closed.why, closed.books);
                return Ok(());
            }
            Ok(_) => {}
            Err(why) => println!("recorder: {why}"),
        }
    }
}

fn mean(frame: &Frame) -> Option<f64> {
    let pixels = frame.pixels::<u16>().ok()?;
    Some(pixels.iter().map(|&pixel| f64::from(pixel)).sum::<f64>() / pixels.len() as f64)
}

fn main() -> Result<(), Box<dyn Error>> {
    let rig = Rig::configured("[[camera]]\nmodel = \"prime-bsi-usb\"\n");
    let camera = rig.open("pvcamUSB_0");
    let region = Region::centred(camera.sensor(), 256, 256);
    let plan = Plan::continuous().region(region).exposure(Duration::from_millis(10)).ring(32).reserve(20);
    let armed = camera.arm(plan)?;

    // Who joins before the start misses nothing.
    let bus = Bus::new(BusPlan::for_ring(armed.settings().ring_slots, armed.settings().reserve))?;
    let recorder = bus.subscribe(&Request::new("recorder", Policy::Every { depth: 16 }).ends_on_overrun())?;
    let mut preview = bus.subscribe(&Request::new("preview", Policy::Latest).per_second(30))?;
    let statistics = Request::new("statistics", Policy::DropOldest { depth: 2 }).each(5);
    let statistics = bus.subscribe_callback(&statistics, |event| {
        if let Some(frame) = event.into_frame() {
            println!("frame {}: mean {:.1}", frame.record().number, mean(&frame).unwrap_or(f64::NAN));
        }
    })?;

    let session = armed.start_into(bus.sink())?;
    let recording = std::thread::spawn(move || record(recorder));
    for _ in 0..20 {
        match preview.recv_within(Duration::from_secs(5)) {
            Ok(Event::Frame(frame)) => println!("preview shows frame {}", frame.record().number),
            Ok(Event::Closed(closed)) => return Err(closed.why.to_string().into()),
            Ok(_) => {}
            // A bus knows no camera; the session says what is the matter with it.
            Err(_) => println!("no frame: {}", session.why_silent()),
        }
    }
    for holding in bus.holdings() {
        println!("{holding}");
    }
    let stopped = session.stop()?;
    if let Some(why) = &stopped.ended {
        println!("it had ended by itself: {why}");
    }
    println!("{}", stopped.books);
    recording.join().map_err(|_| "the recorder panicked")??;
    println!("{}", statistics.wait()?);
    drop(preview);
    println!("all: {}", bus.books().total());
    assert_eq!(bus.closing(), Some(Closing::Stopped));
    Ok(())
}
