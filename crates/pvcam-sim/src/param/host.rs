//! Rotation, mirroring and summing by the library on the host: settings, answers, and what they make of regions.

use super::computed::View;
use super::facts::{Facts, Item};
use super::value::Kind;
use crate::abi::constants::*;
use crate::abi::types::Region;
use crate::model::{HostFeature, Model};
use crate::scene::{Element, Orientation};

/// Frames that can be added up, at most; the real limit is not known to us.
const MOST_SUMMED: u32 = 10_000;

/// What the host is to do with each frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HostSettings {
    /// `PL_FRAME_ROTATE_MODES` value.
    rotate: i32,
    /// `PL_FRAME_FLIP_MODES` value.
    flip: i32,
    summing: bool,
    count: u32,
    /// `PL_FRAME_SUMMING_FORMATS` value.
    format: i32,
}

impl Default for HostSettings {
    fn default() -> Self {
        Self {
            rotate: PL_FRAME_ROTATE_MODE_NONE,
            flip: PL_FRAME_FLIP_MODE_NONE,
            summing: false,
            count: 1,
            format: PL_FRAME_SUMMING_FORMAT_16_BIT,
        }
    }
}

impl HostSettings {
    /// Stores a value that is within its range; false if the parameter is none of these.
    pub(super) fn apply(&mut self, id: u32, number: i64) -> bool {
        let value = i32::try_from(number).unwrap_or(0);
        match id {
            PARAM_HOST_FRAME_ROTATE => self.rotate = value,
            PARAM_HOST_FRAME_FLIP => self.flip = value,
            PARAM_HOST_FRAME_SUMMING_ENABLED => self.summing = number != 0,
            PARAM_HOST_FRAME_SUMMING_COUNT => self.count = u32::try_from(number).unwrap_or(1),
            PARAM_HOST_FRAME_SUMMING_FORMAT => self.format = value,
            _ => return false,
        }
        true
    }

    /// True if frames are added up, be it one.
    pub(super) fn summing(&self) -> bool {
        self.summing
    }

    /// How many frames become one.
    pub(super) fn summed(&self) -> u32 {
        if self.summing { self.count } else { 1 }
    }

    /// How delivered pixels are stored, when the camera's are `camera`.
    pub(super) fn element(&self, camera: Element) -> Element {
        match self.format {
            _ if !self.summing => camera,
            PL_FRAME_SUMMING_FORMAT_24_BIT => Element::U24,
            PL_FRAME_SUMMING_FORMAT_32_BIT => Element::U32,
            _ => Element::U16,
        }
    }

    /// Rotation first, then mirroring; the vendor does not say which comes first.
    pub(super) fn orientation(&self) -> Orientation {
        Orientation {
            quarter_turns: u8::try_from(self.rotate).unwrap_or(0),
            mirror_columns: matches!(self.flip, PL_FRAME_FLIP_MODE_X | PL_FRAME_FLIP_MODE_XY),
            mirror_rows: matches!(self.flip, PL_FRAME_FLIP_MODE_Y | PL_FRAME_FLIP_MODE_XY),
        }
    }

    /// Columns and rows of the sensor as clients see it.
    pub(super) fn seen_size(&self, model: &Model) -> (u16, u16) {
        let (columns, rows) = (model.sensor.columns, model.sensor.rows);
        if self.orientation().swaps_axes() { (rows, columns) } else { (columns, rows) }
    }

    /// The part of the sensor that a client's region means; `None` if it is not on the sensor.
    pub(super) fn on_sensor(&self, model: &Model, region: &Region) -> Option<Region> {
        let orientation = self.orientation();
        if orientation == Orientation::default() {
            return Some(*region);
        }
        let (columns, rows) = self.seen_size(model);
        let within = |first: u16, last: u16, size: u16| first <= last && last < size;
        if !within(region.s1, region.s2, columns) || !within(region.p1, region.p2, rows) {
            return None;
        }
        let size = (u32::from(model.sensor.columns), u32::from(model.sensor.rows));
        let corner = |column: u16, row: u16| {
            let (column, row) = orientation.source(size, column.into(), row.into());
            // Both lie on the sensor, whose sizes are 16-bit.
            (u16::try_from(column).unwrap_or(0), u16::try_from(row).unwrap_or(0))
        };
        let (one, other) = (corner(region.s1, region.p1), corner(region.s2, region.p2));
        let swapped = orientation.swaps_axes();
        let (sbin, pbin) = if swapped { (region.pbin, region.sbin) } else { (region.sbin, region.pbin) };
        Some(Region {
            s1: one.0.min(other.0),
            s2: one.0.max(other.0),
            sbin,
            p1: one.1.min(other.1),
            p2: one.1.max(other.1),
            pbin,
        })
    }
}

impl View<'_> {
    /// The answers of a parameter of host processing. Decompression is on no camera: nothing here is compressed.
    pub(super) fn host(&self, id: u32) -> Option<Facts> {
        let (model, host) = (self.model, &self.settings.host);
        let offered = |feature| model.host_can(feature).then_some(());
        let choice = |items: &[(i32, &str)], value| {
            let items = items.iter().map(|&(value, text)| Item::new(value, text)).collect();
            Facts::enumeration(items, value).default_number(0).writable()
        };
        Some(match id {
            PARAM_HOST_FRAME_ROTATE => {
                offered(HostFeature::Rotate)?;
                choice(&ROTATIONS, host.rotate)
            }
            PARAM_HOST_FRAME_FLIP => {
                offered(HostFeature::Flip)?;
                choice(&MIRRORINGS, host.flip)
            }
            PARAM_HOST_FRAME_SUMMING_ENABLED => {
                offered(HostFeature::Summing)?;
                Facts::flag(host.summing).default_number(0).writable()
            }
            PARAM_HOST_FRAME_SUMMING_COUNT => {
                offered(HostFeature::Summing)?;
                let range = (1, i64::from(MOST_SUMMED));
                Facts::number(Kind::U32, host.count.into(), range, 1).default_number(1).writable()
            }
            PARAM_HOST_FRAME_SUMMING_FORMAT => {
                offered(HostFeature::Summing)?;
                choice(&FORMATS, host.format)
            }
            _ => return None,
        })
    }
}

const ROTATIONS: [(i32, &str); 4] = [
    (PL_FRAME_ROTATE_MODE_NONE, "None"),
    (PL_FRAME_ROTATE_MODE_90CW, "90 CW"),
    (PL_FRAME_ROTATE_MODE_180CW, "180 CW"),
    (PL_FRAME_ROTATE_MODE_270CW, "270 CW"),
];

const MIRRORINGS: [(i32, &str); 4] = [
    (PL_FRAME_FLIP_MODE_NONE, "None"),
    (PL_FRAME_FLIP_MODE_X, "X"),
    (PL_FRAME_FLIP_MODE_Y, "Y"),
    (PL_FRAME_FLIP_MODE_XY, "XY"),
];

const FORMATS: [(i32, &str); 3] = [
    (PL_FRAME_SUMMING_FORMAT_16_BIT, "16 bit"),
    (PL_FRAME_SUMMING_FORMAT_24_BIT, "24 bit"),
    (PL_FRAME_SUMMING_FORMAT_32_BIT, "32 bit"),
];
