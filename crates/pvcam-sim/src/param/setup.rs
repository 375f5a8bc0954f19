//! Checking what a client wants to acquire, and preparing it.

use super::control::Control;
use super::despeckle::{averaged, switched_on};
use super::settings::Settings;
use crate::abi::constants::*;
use crate::abi::error::{Failure, Outcome};
use crate::abi::types::Region;
use crate::config::{CameraConfig, SceneKind};
use crate::engine::{Mode, Plan, Trigger};
use crate::metadata::{FRAME_HEADER_BYTES, Headers, ROI_HEADER_BYTES};
use crate::model::{Cycle, Model, Timing};
use crate::scene::{Composition, Element, ImageSize, Painter, Pixels, Source, TiffStack};

/// The arguments of a setup call.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) mode: Mode,
    pub(crate) regions: Vec<Region>,
    /// Trigger mode, with the expose-out mode in the low byte for the extended ones.
    pub(crate) exposure_mode: i16,
    /// In the current exposure unit.
    pub(crate) exposure: u32,
}

impl Control {
    /// Checks the request in the order frames, regions, binning, mode, exposure, size, and prepares it.
    pub(crate) fn prepare(&mut self, config: &CameraConfig, request: Request) -> Outcome<Plan> {
        let model: &Model = &config.model;
        if request.mode == Mode::Sequence(0) {
            return Err(PL_ERR_ZERO_FRAMES.into());
        }
        let regions = self.on_sensor(model, &request.regions)?;
        check_regions(model, &self.settings, &regions)?;
        let (trigger_mode, expose_out) = split_mode(model, request.exposure_mode)?;
        let resolution = self.settings.resolution(model);
        let (shortest, longest) = self.settings.exposure_limits(model);
        if !(shortest..=longest).contains(&request.exposure) {
            return Err(PL_ERR_EXPOSURE_OUT_OF_RANGE.into());
        }
        if let Mode::Continuous(mode) = request.mode
            && ![CIRC_NONE, CIRC_OVERWRITE, CIRC_NO_OVERWRITE].contains(&mode.into())
        {
            return Err(PL_ERR_MODE_INVALID.into());
        }
        let painter = painter(config, &self.settings, &regions, &request.regions)?;
        let composition = painter.composition;
        let frame_bytes = frame_bytes(model, &painter, composition.delivered)?;
        let from_camera = self::frame_bytes(model, &painter, composition.camera)?;
        let frames = if let Mode::Sequence(frames) = request.mode { u64::from(frames) } else { 1 };
        if u64::from(frame_bytes) * frames > model.interface.max_buffer_bytes {
            return Err(PL_ERR_TOO_MANY_FRAMES.into());
        }
        let trigger = Trigger::from_mode(trigger_mode).ok_or(PL_ERR_MODE_INVALID)?;
        let variable = trigger_mode == VARIABLE_TIMED_MODE;
        self.check_exposures(&composition, trigger)?;
        let cycle = Cycle {
            exposure_ns: u64::from(request.exposure) * resolution.unit.nanoseconds(),
            pace: self.settings.pace(model),
            rows: rows_read(&regions),
            frame_bytes: from_camera / composition.averaged,
            expose_out,
            overlap: !trigger.per_frame() || trigger == Trigger::LevelOverlap,
        };
        let timing =
            Timing::new(model, self.settings.speed(model), cycle).of_exposures(composition.exposures());
        let turns = self.turns(model, request.exposure, cycle)?;
        if !turns.is_empty() && (variable || trigger.exposes_by_level()) {
            // Two masters of one exposure.
            return Err(PL_ERR_CONFIGURATION_INVALID.into());
        }
        self.settings.exposure_mode = trigger_mode;
        self.settings.expose_out = expose_out;
        let Request { mode, regions, .. } = request;
        Ok(Plan { mode, trigger, variable, regions, timing, turns, frame_bytes, painter })
    }
}

impl Control {
    /// The parts of the sensor that the client's regions mean.
    fn on_sensor(&self, model: &Model, regions: &[Region]) -> Outcome<Vec<Region>> {
        let on_sensor = |region| self.settings.host.on_sensor(model, region);
        let found: Option<Vec<Region>> = regions.iter().map(on_sensor).collect();
        Ok(found.ok_or(PL_ERR_REGION_INVALID)?)
    }

    /// Frames of several exposures want a camera that exposes them alike and by itself.
    fn check_exposures(&self, composition: &Composition, trigger: Trigger) -> Outcome {
        if composition.exposures() == 1 || !(trigger.per_frame() || self.settings.smart) {
            return Ok(());
        }
        let detail =
            "averaging and summing are simulated without SMART streaming and without a trigger per frame";
        Err(Failure::with_detail(PL_ERR_CONFIGURATION_INVALID, detail))
    }

    /// The timings of the SMART streaming list, if that is on; it wants an exposure argument that is not 0.
    fn turns(&self, model: &Model, exposure: u32, cycle: Cycle) -> Outcome<Box<[Timing]>> {
        let (settings, resolution) = (&self.settings, self.settings.resolution(model));
        if !settings.smart || settings.smart_exposures.is_empty() {
            return Ok(Box::default());
        }
        let (shortest, longest) = settings.exposure_limits(model);
        let allowed = |exposure: &u32| (shortest..=longest).contains(exposure);
        if exposure == 0 || !settings.smart_exposures.iter().all(allowed) {
            return Err(PL_ERR_EXPOSURE_OUT_OF_RANGE.into());
        }
        let timing = |exposure: &u32| {
            let exposure_ns = u64::from(*exposure) * resolution.unit.nanoseconds();
            Timing::new(model, settings.speed(model), Cycle { exposure_ns, ..cycle })
        };
        Ok(settings.smart_exposures.iter().map(timing).collect())
    }
}

fn check_regions(model: &Model, settings: &Settings, regions: &[Region]) -> Outcome {
    let several = regions.len() > 1;
    if regions.is_empty()
        || regions.len() > settings.max_regions(model).into()
        || (several && !settings.metadata)
    {
        return Err(PL_ERR_REGION_INVALID.into());
    }
    for region in regions {
        let sensible = region.s1 <= region.s2 && region.p1 <= region.p2;
        let on_sensor = region.s2 < model.sensor.columns && region.p2 < model.sensor.rows;
        if !sensible || !on_sensor {
            return Err(PL_ERR_REGION_INVALID.into());
        }
        let factors = [region.sbin, region.pbin];
        let list = settings.binning(model);
        let listed = list.is_empty() || list.contains(&factors);
        if !listed || factors.contains(&0) {
            return Err(PL_ERR_BINNING_INVALID.into());
        }
        let image = image_size(region);
        let large_enough = region.s2 - region.s1 + 1 >= model.regions.min_columns
            && region.p2 - region.p1 + 1 >= model.regions.min_rows;
        if !large_enough || image.columns == 0 || image.rows == 0 {
            return Err(PL_ERR_REGION_INVALID.into());
        }
    }
    let overlap = |a: &Region, b: &Region| a.s1 <= b.s2 && b.s1 <= a.s2 && a.p1 <= b.p2 && b.p1 <= a.p2;
    for (index, region) in regions.iter().enumerate() {
        if regions[..index].iter().any(|earlier| overlap(earlier, region)) {
            return Err(PL_ERR_REGION_INVALID.into());
        }
    }
    Ok(())
}

/// Trigger mode and expose-out mode of a setup's mode argument.
fn split_mode(model: &Model, mode: i16) -> Outcome<(i32, i32)> {
    let mode = i32::from(mode);
    let listed = |items: &[super::facts::Item], value: i32| items.iter().any(|item| item.value == value);
    // The old modes fill the low byte, so there is no room for an expose-out mode beside them.
    let old = mode < EXT_TRIG_INTERNAL && listed(&model.exposure.triggers, mode);
    if old || model.exposure.legacy_triggers.contains(&mode) {
        return Ok((mode, EXPOSE_OUT_FIRST_ROW));
    }
    let (trigger, expose_out) = (mode & !0xFF, mode & 0xFF);
    if listed(&model.exposure.triggers, trigger) && listed(&model.exposure.expose_out, expose_out) {
        return Ok((trigger, expose_out));
    }
    Err(PL_ERR_MODE_INVALID.into())
}

/// The delivered image of a region; pixels that fill no bin are dropped.
fn image_size(region: &Region) -> ImageSize {
    ImageSize {
        columns: u32::from((region.s2 - region.s1 + 1) / region.sbin),
        rows: u32::from((region.p2 - region.p1 + 1) / region.pbin),
        origin: (region.s1.into(), region.p1.into()),
    }
}

/// Sensor rows from the first to the last that any region needs.
fn rows_read(regions: &[Region]) -> u32 {
    let first = regions.iter().map(|region| region.p1).min().unwrap_or(0);
    let last = regions.iter().map(|region| region.p2).max().unwrap_or(0);
    u32::from(last - first) + 1
}

/// How frames become pictures: `regions` on the sensor, `seen` as the client gave them.
fn painter(
    config: &CameraConfig,
    settings: &Settings,
    regions: &[Region],
    seen: &[Region],
) -> Outcome<Painter> {
    let model = &config.model;
    let bit_depth = settings.gain(model).bit_depth;
    let composition = composition(model, settings);
    let cutouts = settings.cutouts(regions, &composition)?;
    let images: Vec<ImageSize> = regions.iter().map(image_size).collect();
    let widest = images.iter().map(|image| image.columns).max().unwrap_or(0);
    let source = match (&config.replay, config.scene) {
        (Some(stack), SceneKind::Replay) => {
            let whole = matches!(images[..], [one] if (one.columns, one.rows) == (stack.columns, stack.rows));
            let cut = !whole && can_be_cut(model, stack, regions);
            if !(whole || cut) || stack.pages[0].element_bytes() != composition.camera.bytes() {
                return Err(other_size(stack, &images, bit_depth));
            }
            Source::Replay { stack: std::sync::Arc::clone(stack), cut }
        }
        (_, SceneKind::Stamp) => Source::Stamp,
        _ => Source::Counter { ramp: Pixels::ramp(bit_depth, widest), bit_depth },
    };
    let delivered = composition.delivered;
    let bytes = |image: &ImageSize| image.columns * image.rows * delivered.bytes();
    let headers = model.metadata.as_ref().filter(|_| settings.metadata).map(|metadata| Headers {
        version: metadata.version,
        bit_depth: composition.delivered_bits,
        image_format: u8::try_from(delivered.format().0).unwrap_or(0),
        regions: seen.to_vec(),
        count: cutouts.map_or(u16::try_from(seen.len()).unwrap_or(u16::MAX), |cutouts| cutouts.count),
        data_bytes: images.iter().map(bytes).collect(),
    });
    let despeckle = switched_on(model, settings);
    Ok(Painter { source, images, composition, despeckle, cutouts, headers })
}

/// True if the pages are pictures of the whole sensor, out of which these regions can be cut.
fn can_be_cut(model: &Model, stack: &TiffStack, regions: &[Region]) -> bool {
    let sensor = (model.sensor.columns.into(), model.sensor.rows.into());
    (stack.columns, stack.rows) == sensor && regions.iter().all(|region| (region.sbin, region.pbin) == (1, 1))
}

/// Why pages cannot be replayed in these images.
fn other_size(stack: &TiffStack, images: &[ImageSize], bit_depth: u8) -> Failure {
    let sizes: Vec<String> =
        images.iter().map(|image| format!("{} x {}", image.columns, image.rows)).collect();
    let detail = format!(
        "{} replays {} x {} pixels of {} bits; the region is {} of {bit_depth} bits (pages of the sensor's size are cut for \
         unbinned regions)",
        stack.file.display(),
        stack.columns,
        stack.rows,
        stack.bits,
        sizes.join(" and ")
    );
    Failure::with_detail(PL_ERR_REGION_INVALID, detail)
}

fn composition(model: &Model, settings: &Settings) -> Composition {
    let bit_depth = settings.gain(model).bit_depth;
    let camera = Element::of_bits(bit_depth);
    let delivered = settings.host.element(camera);
    // A sum may fill the whole pixel.
    let delivered_bits = if settings.host.summing() { delivered.bits() } else { bit_depth };
    Composition {
        averaged: averaged(model, settings),
        summed: settings.host.summed(),
        orientation: settings.host.orientation(),
        camera,
        delivered,
        delivered_bits,
    }
}

/// Bytes from one frame to the next, with pixels stored as `element`.
fn frame_bytes(model: &Model, painter: &Painter, element: Element) -> Outcome<u32> {
    let pixels: u64 = match painter.cutouts {
        Some(cutouts) => u64::from(cutouts.pixels()) * u64::from(cutouts.count),
        None => painter.images.iter().map(|image| image.pixels() as u64).sum(),
    };
    let headers = match &painter.headers {
        Some(headers) => FRAME_HEADER_BYTES + ROI_HEADER_BYTES * usize::from(headers.count),
        None => 0,
    };
    let pixels = pixels * u64::from(element.bytes());
    let bytes = (pixels + headers as u64).next_multiple_of(model.interface.frame_alignment_bytes.into());
    Ok(u32::try_from(bytes).map_err(|_| PL_ERR_TOO_MANY_FRAMES)?)
}
