//! Every trigger mode with every expose-out mode and number of regions, in sequences and rings: the layout of a frame, each pixel of
//! each region, and the time from frame to frame, by figures that are worked out here from the model's file.

use std::time::Duration;

use crate::Findings;
use crate::library::Model;
use crate::parameters::{AVAIL, COUNT, values};
use crate::support::buffer::Buffer;
use crate::support::{
    ATTR_CURRENT, ATTR_MAX, FrameInfo, OVERWRITE, PARAM_BIT_DEPTH, PARAM_EXP_RES, PARAM_METADATA_ENABLED,
    PARAM_PP_INDEX, PARAM_PP_PARAM, PARAM_PP_PARAM_INDEX, PARAM_READOUT_PORT, Region, Sdk,
};

const PARAM_EXPOSURE_MODE: u32 = 0x0902_0217;
const PARAM_EXPOSE_OUT_MODE: u32 = 0x0902_0230;
const PARAM_READOUT_TIME: u32 = 0x0402_00B3;
const PARAM_POST_TRIGGER_DELAY: u32 = 0x1002_00B5;
const PARAM_PRE_TRIGGER_DELAY: u32 = 0x1002_00B6;
const PARAM_ROI_COUNT: u32 = 0x0603_00A9;
/// The first of the newer modes, which leave the low byte to the expose-out mode.
const EXTENDED: i16 = 1792;
const SOFTWARE: [i16; 2] = [2816, 3072];
const FIRST: [i16; 3] = [3, 2048, 2816];
const LEVEL: [i16; 3] = [2, 2560, 3328];
const LEVEL_OVERLAP: i16 = 3328;
const FREE: [i16; 3] = [0, 5, EXTENDED];
const FRAME_HEADER: u32 = 48;
const REGION_HEADER: u32 = 32;
/// Frames of a run, and slots of a ring: it goes round once.
const FRAMES: u16 = 4;
const SLOTS: u32 = 3;
/// How long a pulse is high, and the exposure that setups ask for, in ms.
const HIGH_MS: u64 = 2;
const ASKED_MS: u64 = 1;

/// One way to acquire.
#[derive(Clone, Copy, Debug)]
struct Way<'a> {
    trigger: i16,
    expose_out: i16,
    regions: &'a [Region],
    ring: bool,
}

/// What the suite expects of a model with a port, by its file.
pub(crate) struct Port {
    value: i32,
    line_ps: u64,
    rows_per_line: u64,
    bandwidth: u64,
    alignment: u64,
    metadata: Option<i64>,
}

impl Port {
    /// The ports of a model's file, each with its first speed.
    pub(crate) fn all(model: &Model) -> Vec<Self> {
        let number = |table: &str, key| u64::try_from(model.number(table, key)).unwrap();
        let of_port = |port: &toml::Value| {
            let speed = &port["speed"][0];
            let figure = |key: &str| u64::try_from(speed[key].as_integer().unwrap()).unwrap();
            Self {
                value: port["value"].as_integer().unwrap().try_into().unwrap(),
                line_ps: figure("line_time_ps"),
                rows_per_line: figure("rows_per_line"),
                bandwidth: number("interface", "megabytes_per_s"),
                alignment: number("interface", "frame_alignment_bytes"),
                metadata: model.table.get("metadata").map(|table| table["version"].as_integer().unwrap()),
            }
        };
        model.table["port"].as_array().unwrap().iter().map(of_port).collect()
    }

    /// The same with a line time that is wrong by a tenth, for the control.
    pub(crate) fn wrong(mut self) -> Self {
        self.line_ps += self.line_ps / 10;
        self
    }

    fn whole_lines(&self, milliseconds: u64) -> u64 {
        ((milliseconds * 1_000_000_000 + self.line_ps / 2) / self.line_ps).max(1) * self.line_ps
    }

    /// Exposure, and time from frame to frame when triggers come as soon as they are of use, in ps.
    fn times(&self, way: Way<'_>, frame_bytes: u64) -> (u64, u64) {
        let exposure = self.whole_lines(if LEVEL.contains(&way.trigger) { HIGH_MS } else { ASKED_MS });
        let first = way.regions.iter().map(|region| region.p1).min().unwrap();
        let last = way.regions.iter().map(|region| region.p2).max().unwrap();
        let readout = u64::from(last - first + 1) * self.line_ps / self.rows_per_line;
        let link = frame_bytes * 1_000_000 / self.bandwidth;
        let free = FREE.contains(&way.trigger) || FIRST.contains(&way.trigger);
        let rolling = [0, 3].contains(&way.expose_out);
        let sensor = match way.trigger {
            // Pulses are sent when the frame before has arrived.
            LEVEL_OVERLAP => return (exposure, exposure + readout.max(link)),
            _ if free && rolling => exposure.max(readout) + self.line_ps,
            _ => exposure + readout + self.line_ps,
        };
        (exposure, sensor.max(link))
    }
}

fn available(sdk: &Sdk, hcam: i16, id: u32) -> bool {
    sdk.get::<u16>(hcam, id, AVAIL) == 1
}

/// `count` regions, not in the order of the sensor, of different sizes.
fn regions(count: u16) -> Vec<Region> {
    let region = |index: u16| {
        let place = count - 1 - index;
        Region::new(2 + place * 20, 4 + place * 6, 8 + 2 * (index % 3), 4 + index % 2)
    };
    (0..count).map(region).collect()
}

/// Walks through all of it.
pub(crate) fn walk(sdk: &Sdk, hcam: i16, ports: &[Port], findings: &mut Findings) {
    if available(sdk, hcam, PARAM_PP_INDEX) {
        for feature in 0..sdk.get::<u32>(hcam, PARAM_PP_INDEX, COUNT) {
            sdk.set(hcam, PARAM_PP_INDEX, i16::try_from(feature).unwrap());
            sdk.set(hcam, PARAM_PP_PARAM_INDEX, 0_i16);
            sdk.set(hcam, PARAM_PP_PARAM, 0_u32);
        }
    }
    if values(sdk, hcam, PARAM_EXP_RES).contains(&0) {
        sdk.set(hcam, PARAM_EXP_RES, 0_i32);
    }
    for port in ports {
        sdk.set(hcam, PARAM_READOUT_PORT, port.value);
        let several = if available(sdk, hcam, PARAM_ROI_COUNT) {
            sdk.get::<u16>(hcam, PARAM_ROI_COUNT, ATTR_MAX)
        } else {
            1
        };
        let mut counts = vec![1, 2, several];
        counts.retain(|&count| count <= several);
        counts.dedup();
        for count in counts {
            let regions = regions(count);
            of_port(sdk, hcam, port, &regions, findings);
            refused(sdk, hcam, &regions, several, findings);
        }
    }
}

fn of_port(sdk: &Sdk, hcam: i16, port: &Port, regions: &[Region], findings: &mut Findings) {
    if port.metadata.is_some() {
        sdk.set(hcam, PARAM_METADATA_ENABLED, 1_u16);
    }
    let has_out = available(sdk, hcam, PARAM_EXPOSE_OUT_MODE);
    let outs = if has_out { values(sdk, hcam, PARAM_EXPOSE_OUT_MODE) } else { vec![0] };
    for trigger in values(sdk, hcam, PARAM_EXPOSURE_MODE).into_iter().map(|mode| i16::try_from(mode).unwrap())
    {
        for expose_out in outs.iter().map(|&out| i16::try_from(out).unwrap()) {
            if trigger < EXTENDED && expose_out != 0 {
                continue;
            }
            for ring in [false, true] {
                acquire(sdk, hcam, port, Way { trigger, expose_out, regions, ring }, findings);
            }
        }
    }
}

/// Sets up and starts; the buffer and the bytes of a frame.
fn start(sdk: &Sdk, hcam: i16, way: Way<'_>) -> (Buffer, u32) {
    let (mut bytes, mode) = (0, way.trigger | way.expose_out);
    let count = u16::try_from(way.regions.len()).unwrap();
    let (regions, asked) = (way.regions.as_ptr(), u32::try_from(ASKED_MS).unwrap());
    let out = &raw mut bytes;
    // SAFETY: as many regions as are announced, and a place for the bytes; the buffer has as many bytes as is told, and each
    // acquisition is stopped before it goes.
    unsafe {
        if way.ring {
            sdk.ok((sdk.f.pl_exp_setup_cont)(hcam, count, regions, mode, asked, out, OVERWRITE));
            let buffer = Buffer::new(SLOTS * bytes);
            sdk.ok((sdk.f.pl_exp_start_cont)(hcam, buffer.pointer(), buffer.len()));
            (buffer, bytes)
        } else {
            sdk.ok((sdk.f.pl_exp_setup_seq)(hcam, FRAMES, count, regions, mode, asked, out));
            let buffer = Buffer::new(bytes);
            sdk.ok((sdk.f.pl_exp_start_seq)(hcam, buffer.pointer()));
            (buffer, bytes / u32::from(FRAMES))
        }
    }
}

fn acquire(sdk: &Sdk, hcam: i16, port: &Port, way: Way<'_>, findings: &mut Findings) {
    let (buffer, bytes) = start(sdk, hcam, way);
    let named = |what: &str| format!("{what} with {} regions in {way:?}", way.regions.len());
    let now: i32 = sdk.get(hcam, PARAM_EXPOSURE_MODE, ATTR_CURRENT);
    findings.same(now, way.trigger.into(), &named("trigger mode"));
    let step = || sdk.control.step(0, 1, Duration::from_secs(30));
    let mut stamps = Vec::new();
    for frame in 1..=u32::from(FRAMES) {
        if !FREE.contains(&way.trigger) && (frame == 1 || !FIRST.contains(&way.trigger)) {
            findings.same(step(), Some(0), &named("frames without a trigger"));
            trigger(sdk, hcam, way.trigger, findings);
        }
        findings.same(step(), Some(1), &named("frames"));
        let slot = if way.ring { (frame - 1) % SLOTS } else { frame - 1 };
        let at = (slot * bytes) as usize;
        look_at(sdk, hcam, port, way, (&buffer, at, frame), findings);
        stamps.push(stamp(sdk, hcam, port, &buffer, at));
    }
    let (exposure, period) = port.times(way, bytes.into());
    if let Some(told) = told_period(sdk, hcam, exposure).filter(|_| way.trigger != LEVEL_OVERLAP) {
        // Whether the line after a readout counts is not told.
        let right = period + grain(port) >= told && period <= told + port.line_ps + grain(port);
        findings.check(right, || named(&format!("{told} ps from frame to frame are told, not {period},")));
    }
    let near = |found: u64, wanted: u64| found.abs_diff(wanted) <= grain(port);
    for pair in stamps.windows(2) {
        let found = pair[1].0.wrapping_sub(pair[0].0);
        findings.check(near(found, period), || named(&format!("{found} ps apart, not {period},")));
    }
    for exposed in stamps.iter().filter_map(|stamp| stamp.1) {
        findings.check(near(exposed, exposure), || named(&format!("exposed {exposed} ps, not {exposure},")));
    }
    sdk.abort(hcam);
}

/// From one frame to the next by what the camera tells after the setup, in ps: exposure and delays, or the readout if that is longer.
fn told_period(sdk: &Sdk, hcam: i16, exposure: u64) -> Option<u64> {
    let delays = [PARAM_PRE_TRIGGER_DELAY, PARAM_POST_TRIGGER_DELAY];
    if !delays.iter().all(|&id| available(sdk, hcam, id)) {
        return None;
    }
    // A camera that acquires is not asked.
    sdk.abort(hcam);
    let delay: i64 = delays.iter().map(|&id| sdk.get::<i64>(hcam, id, ATTR_CURRENT)).sum();
    let readout = u64::from(sdk.get::<u32>(hcam, PARAM_READOUT_TIME, ATTR_CURRENT)) * 1_000_000;
    Some(readout.max(exposure + u64::try_from(delay).unwrap() * 1000))
}

fn trigger(sdk: &Sdk, hcam: i16, mode: i16, findings: &mut Findings) {
    let mut flags = 9;
    // SAFETY: a place for the flags.
    let result = unsafe { (sdk.f.pl_exp_trigger)(hcam, &raw mut flags, 0) };
    if SOFTWARE.contains(&mode) {
        findings.same((result, flags), (1, 0), "a software trigger");
    } else {
        findings.same((result, sdk.code()), (0, 185), "a software trigger where the input counts");
        let pulse = sdk.control.pulse(0, 1, Duration::from_millis(HIGH_MS));
        findings.check(pulse.is_ok(), || format!("a pulse in mode {mode}"));
    }
}

/// Headers and pixels of a frame.
fn look_at(
    sdk: &Sdk,
    hcam: i16,
    port: &Port,
    way: Way<'_>,
    (buffer, start, frame): (&Buffer, usize, u32),
    findings: &mut Findings,
) {
    let bits: i16 = sdk.get(hcam, PARAM_BIT_DEPTH, ATTR_CURRENT);
    let wide = if bits <= 8 { 1 } else { 2 };
    let mask = u32::try_from((1_u64 << bits) - 1).unwrap();
    let mut at = start;
    if port.metadata.is_some() {
        findings.same((buffer.u32(at), buffer.u32(at + 5)), (0x0051_4D50, frame), "signature and number");
        findings.same(usize::from(buffer.u16(at + 9)), way.regions.len(), "regions in the header");
        at += FRAME_HEADER as usize;
    }
    for (number, region) in (1_u16..).zip(way.regions) {
        let (columns, rows) = (u32::from(region.s2 - region.s1 + 1), u32::from(region.p2 - region.p1 + 1));
        if port.metadata.is_some() {
            let told: Vec<u16> = (0..6).map(|word| buffer.u16(at + 10 + 2 * word)).collect();
            let wanted = [region.s1, region.s2, 1, region.p1, region.p2, 1];
            findings.same((buffer.u16(at), &told[..]), (number, &wanted[..]), "region header");
            at += REGION_HEADER as usize;
        }
        let mut wrong = 0;
        for index in 0..columns * rows {
            let place = at + (index * wide) as usize;
            let found = if wide == 1 { u32::from(buffer.u8(place)) } else { buffer.u16(place).into() };
            wrong += u32::from(found != (frame * 31 + index / columns * 7 + index % columns) & mask);
        }
        findings.same(wrong, 0, "wrong pixels of a region");
        at += (columns * rows * wide) as usize;
    }
    let told = (at - start).next_multiple_of(usize::try_from(port.alignment).unwrap());
    let slots = if way.ring { SLOTS } else { FRAMES.into() };
    findings.same(buffer.len() as usize, told * slots as usize, "bytes of all frames");
}

/// End of the newest frame, and its exposure where metadata tells it, in ps.
fn stamp(sdk: &Sdk, hcam: i16, port: &Port, buffer: &Buffer, at: usize) -> (u64, Option<u64>) {
    match port.metadata {
        Some(3) => (buffer.u64(at + 19), Some(buffer.u64(at + 27))),
        Some(_) => {
            let in_ps = |ticks: u32| u64::from(ticks) * 1_000_000;
            (in_ps(buffer.u32(at + 15)), Some(in_ps(buffer.u32(at + 23))))
        }
        None => {
            let info: FrameInfo = sdk.latest(hcam).1;
            (u64::try_from(info.time_stamp).unwrap() * 100_000_000, None)
        }
    }
}

/// Largest rounding of a difference of two stamps.
fn grain(port: &Port) -> u64 {
    match port.metadata {
        Some(3) => 4_000,
        Some(_) => 1_004_000,
        None => 100_004_000,
    }
}

/// Regions that no camera takes, beside the good ones.
fn refused(sdk: &Sdk, hcam: i16, good: &[Region], several: u16, findings: &mut Findings) {
    let mode = values(sdk, hcam, PARAM_EXPOSURE_MODE)[0].try_into().unwrap();
    let set_up = |regions: &[Region]| {
        let (mut bytes, count) = (0, u16::try_from(regions.len()).unwrap());
        // SAFETY: as many regions as are announced, and a place for the bytes.
        let result =
            unsafe { (sdk.f.pl_exp_setup_seq)(hcam, 1, count, regions.as_ptr(), mode, 1, &raw mut bytes) };
        if result == 1 { 0 } else { sdk.code() }
    };
    findings.same(set_up(good), 0, "the control: good regions");
    let mut wrong = good.to_vec();
    wrong.push(Region::new(good[0].s1, good[0].p1, 4, 4));
    findings.same(set_up(&wrong), 181, "a region on top of another");
    findings.same(set_up(&regions(several + 1)), 181, "a region too many");
    findings.same(set_up(&[]), 181, "no region");
    if good.len() > 1 {
        sdk.set(hcam, PARAM_METADATA_ENABLED, 0_u16);
        findings.same(set_up(good), 181, "several regions without metadata");
        sdk.set(hcam, PARAM_METADATA_ENABLED, 1_u16);
        let mut outside = good.to_vec();
        outside[1].s2 = u16::MAX;
        findings.same(set_up(&outside), 181, "one of the regions beside the sensor");
    }
}
