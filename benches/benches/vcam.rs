//! The price of showing a frame: 2048 x 2048 pixels into each video format, beside one memcpy of the frame.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]
#![allow(clippy::unwrap_used, reason = "a bench that cannot be set up has nothing to say")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use frame_pool::{Colour, Element, Layout, Picture};
use frame_vcam::{ColourMap, Converter, Debayer, Geometry, Level, Look, Orientation, PixelFormat, Scaling};

const SIDE: u32 = 2048;
const PIXELS: usize = (SIDE * SIDE) as usize;
/// Frames of the camera that are shown in turn.
const FRAMES: usize = 4;
/// Buffers of the device that are filled in turn.
const BUFFERS: usize = 2;

/// A dark picture of a 12-bit camera with something in it.
fn frame(number: usize) -> Vec<u16> {
    let pixel = |n: usize| {
        let noise = (n * 2_654_435_761 + number * 977) >> 9 & 63;
        let (x, y) = (n % SIDE as usize, n / SIDE as usize);
        (100 + noise + if (x / 64 + y / 64) % 7 == 0 { 1900 } else { 0 }) as u16
    };
    (0..PIXELS).map(pixel).collect()
}

/// The quickest of at least 20 rounds, as criterion wants it: what the work costs where nothing else runs in between.
fn quickest(rounds: u64, mut work: impl FnMut(usize)) -> Duration {
    let timed = |round| {
        let begun = Instant::now();
        work(round);
        begun.elapsed()
    };
    let quickest = (0..rounds.max(20) as usize).map(timed).min().unwrap_or_default();
    quickest * u32::try_from(rounds).unwrap_or(u32::MAX)
}

type Group<'a> = BenchmarkGroup<'a, WallTime>;

struct Bench<'a> {
    group: Group<'a>,
    frames: Vec<Vec<u16>>,
    buffers: Vec<Vec<u8>>,
}

impl<'a> Bench<'a> {
    fn new(mut group: Group<'a>) -> Self {
        group
            .sample_size(15)
            .sampling_mode(SamplingMode::Flat)
            .throughput(Throughput::Bytes(2 * PIXELS as u64));
        let frames = (0..FRAMES).map(frame).collect();
        Self { group, frames, buffers: vec![vec![1; 3 * PIXELS]; BUFFERS] }
    }

    fn memcpy(&mut self) {
        let (frames, buffers) = (&self.frames, &mut self.buffers);
        let mut copy = |round: usize| {
            let from: &[u8] = bytemuck::cast_slice(&frames[round % FRAMES]);
            black_box(&mut buffers[round % BUFFERS][..2 * PIXELS]).copy_from_slice(black_box(from));
        };
        let name = "yardstick: memcpy of the frame";
        self.group.bench_function(name, |b| b.iter_custom(|rounds| quickest(rounds, &mut copy)));
    }

    /// Into as large a picture as there is.
    fn whole(&mut self, name: &str, format: PixelFormat, look: &Look) {
        self.shown(name, Layout::mono(Element::U16, 12, SIDE, SIDE), None, format, look);
    }

    fn shown(
        &mut self,
        name: &str,
        layout: Layout,
        size: Option<(u32, u32)>,
        format: PixelFormat,
        look: &Look,
    ) {
        let target = match size {
            Some((width, height)) => Geometry::new(width, height, format).unwrap(),
            None => look.geometry(&layout, format).unwrap(),
        };
        let mut converter = Converter::new(&layout, target, look).unwrap();
        let (frames, buffers) = (&self.frames, &mut self.buffers);
        let mut convert = |round: usize| {
            let picture = Picture::new(bytemuck::cast_slice(black_box(&frames[round % FRAMES])), layout);
            let out = &mut buffers[round % BUFFERS][..target.frame_bytes()];
            converter.convert_picture(&picture, black_box(out)).unwrap();
        };
        self.group.bench_function(name, |b| b.iter_custom(|rounds| quickest(rounds, &mut convert)));
    }
}

/// The same window for all: that of the picture.
const MANUAL: Level = Level::Manual { black: 100, white: 2100 };

fn formats(c: &mut Criterion) {
    let mut bench = Bench::new(c.benchmark_group("vcam formats"));
    bench.memcpy();
    for format in PixelFormat::ALL {
        bench.whole(&format!("window/level to {format}"), format, &Look::new().level(MANUAL));
    }
}

fn levels(c: &mut Criterion) {
    let mut bench = Bench::new(c.benchmark_group("vcam levels"));
    bench.memcpy();
    for (name, level) in [("manual", MANUAL), ("percentile", Level::default()), ("min-max", Level::MinMax)] {
        bench.whole(&format!("{name} to YUYV"), PixelFormat::Yuyv, &Look::new().level(level));
    }
}

fn looks(c: &mut Criterion) {
    let mut bench = Bench::new(c.benchmark_group("vcam looks"));
    bench.memcpy();
    let look = || Look::new().level(MANUAL);
    bench.whole("gamma", PixelFormat::Yuyv, &look().gamma(2.0));
    bench.whole("fire", PixelFormat::Yuyv, &look().colours(ColourMap::Fire));
    bench.whole("fire to I420", PixelFormat::I420, &look().colours(ColourMap::Fire));
    bench.whole("left-right", PixelFormat::Yuyv, &look().orientation(Orientation::LeftRight));
    bench.whole("clockwise", PixelFormat::Yuyv, &look().orientation(Orientation::Clockwise));
    bench.whole("down by 2", PixelFormat::Yuyv, &look().scaling(Scaling::Down(2)));
    let mono = Layout::mono(Element::U16, 12, SIDE, SIDE);
    bench.shown("fitted into 1280 x 720", mono, Some((1280, 720)), PixelFormat::Yuyv, &look());
    let mosaic = Layout { colour: Colour::BayerRggb, ..mono };
    bench.shown("Bayer, bilinear", mosaic, None, PixelFormat::Yuyv, &look());
    bench.shown("Bayer, superpixel", mosaic, None, PixelFormat::Yuyv, &look().debayer(Debayer::Superpixel));
}

/// Rounds in which the yardstick and what is measured by it take turns.
const TURNS: usize = 300;

/// What is promised, and the yardstick in turns with it: the machine's memory is as fast for the one as for the other, which it is not
/// from one second to the next. Prints the median of the ratios of neighbours.
fn in_turns(_: &mut Criterion) {
    let layout = Layout::mono(Element::U16, 12, SIDE, SIDE);
    let frames: Vec<_> = (0..FRAMES).map(frame).collect();
    let mut buffers = vec![vec![1; 2 * PIXELS]; BUFFERS];
    let converter = |level| {
        let look = Look::new().level(level);
        let target = look.geometry(&layout, PixelFormat::Yuyv).unwrap();
        Converter::new(&layout, target, &look).unwrap()
    };
    let (mut manual, mut percentile) = (converter(MANUAL), converter(Level::default()));
    let mut ratios = [Vec::new(), Vec::new()];
    for turn in 0..TURNS {
        // Each step with the frame and the buffer that were not touched for longest.
        let mut timed = |step: usize, work: &mut dyn FnMut(&[u8], &mut [u8])| {
            let at = 3 * turn + step;
            let begun = Instant::now();
            work(
                bytemuck::cast_slice(black_box(&frames[at % FRAMES])),
                black_box(&mut buffers[at % BUFFERS]),
            );
            begun.elapsed().as_secs_f64()
        };
        let copied = timed(0, &mut |from, to| to.copy_from_slice(from));
        let mut convert = |step: usize, converter: &mut Converter| {
            timed(step, &mut |from, to| {
                converter.convert_picture(&Picture::new(from, layout), to).unwrap();
            })
        };
        ratios[0].push(convert(1, &mut manual) / copied);
        ratios[1].push(convert(2, &mut percentile) / copied);
    }
    for (name, ratios) in ["window/level", "percentile"].into_iter().zip(&mut ratios) {
        ratios.sort_by(f64::total_cmp);
        let (low, median, high) = (ratios[TURNS / 10], ratios[TURNS / 2], ratios[TURNS * 9 / 10]);
        println!("in turns: {name} to YUYV {median:.2} of memcpy (tenth {low:.2}, nine tenths {high:.2})");
    }
}

criterion_group!(benches, in_turns, formats, levels, looks);
criterion_main!(benches);
