//! Records a sequence as Arrow: a file that pyarrow, polars and others open, or a stream to standard output.
//!
//! ```text
//! cargo build -p pvcam-tests --example record_arrow
//! cargo xtask sim -- target/debug/examples/record_arrow frames.arrow
//! python3 -c 'import pyarrow as pa; print(pa.ipc.open_file("frames.arrow").get_batch(0).schema)'
//! cargo xtask sim -- target/debug/examples/record_arrow - | python3 -c 'import sys, pyarrow as pa; print(pa.ipc.open_stream(sys.stdin.buffer).read_next_batch())'
//! ```
//!
//! `--frames N`, `--region COLUMN,ROW,COLUMNS,ROWS` (once or more), `--lz4`; `--truth FOLDER` writes beside it what the driver delivered, plainly, for a program that
//! compares (`tests/arrow/compare.py`).

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use frame_arrow::{Codec, FrameWriter, Recorder, WriterOptions};
use frame_bus::{Bus, BusPlan, Event, Policy, Request, Subscriber};
use frame_pool::{Lease, RegionLayout};
use pvcam::metadata::lease_metadata;
use pvcam::{OpenPolicy, Opened, Plan, Region, Sdk};
use pvcam_tests::{schema_plan, source};

/// What is asked for.
struct Options {
    target: String,
    frames: u16,
    regions: Vec<Region>,
    lz4: bool,
    truth: Option<PathBuf>,
}

impl Options {
    fn from_arguments() -> Result<Self, Box<dyn Error>> {
        let mut options =
            Self { target: String::new(), frames: 100, regions: Vec::new(), lz4: false, truth: None };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} wants a value"));
            match argument.as_str() {
                "--frames" => options.frames = value()?.parse()?,
                "--region" => {
                    let numbers = value()?.split(',').map(str::parse).collect::<Result<Vec<u16>, _>>()?;
                    let [column, row, columns, rows] = numbers[..] else {
                        return Err("--region wants COLUMN,ROW,COLUMNS,ROWS".into());
                    };
                    options.regions.push(Region::new(column, row, columns, rows));
                }
                "--lz4" => options.lz4 = true,
                "--truth" => options.truth = Some(value()?.into()),
                _ => options.target = argument,
            }
        }
        if options.regions.is_empty() {
            options.regions.push(Region::new(0, 0, 512, 512));
        }
        if options.target.is_empty() {
            Err("which file? (- for standard output)".into())
        } else {
            Ok(options)
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::from_arguments()?;
    let sdk = Sdk::load()?;
    let cameras = sdk.cameras()?;
    let Opened { camera, .. } = sdk.open(&cameras.first().ok_or("no camera")?.name, OpenPolicy::Raw)?;
    let serial = camera.identity().serial.clone();
    let plan = Plan::sequence(options.frames).regions(options.regions).exposure(Duration::from_millis(2));
    let armed = camera.arm(plan)?;

    let schema = Arc::new(schema_plan(armed.settings(), armed.regions(), &serial).build()?);
    let how = if options.lz4 { WriterOptions::default().codec(Codec::Lz4) } else { WriterOptions::default() };
    let writer = match options.target.as_str() {
        "-" => FrameWriter::stream(std::io::stdout(), schema, how)?,
        file => FrameWriter::file(file, schema, how)?,
    };
    let bus = Bus::new(BusPlan::for_ring(armed.settings().ring_slots, armed.settings().reserve))?;
    // Each frame of a sequence has memory of its own, so as many may wait.
    let depth = bus.plan().frames.saturating_sub(2).max(1);
    let every = |name: &str| bus.subscribe(&Request::new(name, Policy::Every { depth }));
    let recorder = Recorder::start(writer, source(every("recorder")?))?;
    let truth = match &options.truth {
        Some(folder) => Some(tell_truth(every("truth")?, folder, armed.regions().to_vec(), serial)?),
        None => None,
    };

    let session = armed.start_into(bus.sink())?;
    while !session.is_complete() {
        std::thread::sleep(Duration::from_millis(10));
    }
    let books = session.stop()?.books;
    let recording = recorder.finish_within(Duration::from_secs(120), Some(books))?;
    eprintln!("{books}; {recording}");
    if let Some(truth) = truth {
        truth.join().map_err(|_| "the thread panicked")??;
    }
    Ok(())
}

/// Writes each frame's pixels and what is known of it, as the driver's own interface tells it.
fn tell_truth(
    mut reader: Subscriber,
    folder: &Path,
    regions: Vec<RegionLayout>,
    serial: String,
) -> std::io::Result<JoinHandle<std::io::Result<()>>> {
    let mut pixels = BufWriter::new(File::create(folder.join("pixels.raw"))?);
    let mut lines = BufWriter::new(File::create(folder.join("frames.jsonl"))?);
    Ok(std::thread::spawn(move || {
        loop {
            match reader.recv_within(Duration::from_secs(60)) {
                Ok(Event::Frame(frame)) => {
                    for region in frame.regions(&regions) {
                        pixels.write_all(region.bytes().map_err(std::io::Error::other)?)?;
                    }
                    writeln!(lines, "{}", line(&frame, &regions, &serial))?;
                }
                Ok(Event::Closed(_)) => return pixels.flush().and_then(|()| lines.flush()),
                other => return Err(std::io::Error::other(format!("no frame but {other:?}"))),
            }
        }
    }))
}

/// A frame's record and metadata as a line of JSON.
fn line(frame: &Lease, regions: &[RegionLayout], serial: &str) -> String {
    let record = frame.record();
    let number = |value: Option<u64>| value.map_or("null".to_owned(), |value| value.to_string());
    let header = lease_metadata(frame).map(|metadata| *metadata.header());
    let known = [
        ("number", record.number.to_string()),
        ("camera_number", number(record.camera_number)),
        ("arrived_ns", record.arrived_ns.to_string()),
        ("begin_ns", number(header.map(|header| header.begin_ns))),
        ("end_ns", number(header.map(|header| header.end_ns))),
        ("exposure_ns", number(header.map(|header| header.exposure_ns))),
        ("lost_before", record.lost_before.to_string()),
        ("epoch", record.epoch.to_string()),
        ("evidence", format!("\"{:?}\"", record.evidence).to_lowercase()),
        ("camera", format!("{serial:?}")),
        ("bit_depth", record.layout.bit_depth.to_string()),
        ("torn", "false".to_owned()),
    ];
    let known: Vec<String> = known.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
    let places: Vec<String> = regions.iter().map(place).collect();
    let shapes: Vec<String> =
        regions.iter().map(|region| format!("[{}, {}]", region.layout.rows, region.layout.columns)).collect();
    let (places, shapes) = (places.join(", "), shapes.join(", "));
    format!("{{{}, \"regions\": [{places}], \"shapes\": [{shapes}]}}", known.join(", "))
}

fn place(region: &RegionLayout) -> String {
    let RegionLayout { layout, column, row, bin_columns, bin_rows } = region;
    let (columns, rows) = (layout.columns * u32::from(*bin_columns), layout.rows * u32::from(*bin_rows));
    format!(
        "{{\"column\": {column}, \"row\": {row}, \"columns\": {columns}, \"rows\": {rows}, \
         \"bin_columns\": {bin_columns}, \"bin_rows\": {bin_rows}}}"
    )
}
