//! An open output and what it shows.

use std::time::Duration;

use frame_pool::{Layout, Lease};

use super::placeholder;
use super::state::{Failure, State};
use crate::device::DeviceError;
use crate::format::Geometry;
use crate::output::{Opener, Output};
use crate::paint::{PaintError, Painter};

/// An open output, and the layout that the painter is prepared for.
pub(super) struct Screen {
    output: Box<dyn Output>,
    pub(super) geometry: Geometry,
    prepared: Option<Layout>,
    /// Time stamps only rise: readers sort by them.
    last_stamp_ns: u64,
}

impl Screen {
    pub(super) fn open(opener: &mut dyn Opener, geometry: Geometry, rate: u32) -> Result<Self, DeviceError> {
        let output = opener.open(geometry, rate)?;
        Ok(Self { output, geometry, prepared: None, last_stamp_ns: 0 })
    }

    /// Where it is shown, and in what.
    pub(super) fn state(&self) -> State {
        State::Showing { place: self.output.place(), geometry: self.geometry }
    }

    /// Lets the output do what it has to, and answers for how long it needs nothing more at most.
    pub(super) fn attend(&mut self) -> Result<Option<Duration>, DeviceError> {
        self.output.attend()
    }

    /// Shows a frame. `false` if the device has no room for it.
    pub(super) fn show(&mut self, frame: &Lease, painter: &mut dyn Painter) -> Result<bool, Failure> {
        // Headers of varying length may stand before the pixels.
        let layout = frame.layout().at_offset(0);
        if self.prepared != Some(layout) {
            self.prepared = None;
            painter.prepare(&layout, self.geometry).map_err(unpaintable)?;
            self.prepared = Some(layout);
        }
        let Some(out) = self.output.buffer()? else { return Ok(false) };
        painter.paint(frame, out).map_err(unpaintable)?;
        let stamp = self.stamp(frame.record().arrived_ns);
        Ok(self.output.send(stamp)?)
    }

    /// Shows the placeholder. `false` if the device has no room for it.
    pub(super) fn show_placeholder(&mut self, now: u64) -> Result<bool, Failure> {
        let Some(out) = self.output.buffer()? else { return Ok(false) };
        placeholder::paint(self.geometry, out);
        let stamp = self.stamp(now);
        Ok(self.output.send(stamp)?)
    }

    /// Shows the picture before once more. `false` if there is none, or no room.
    pub(super) fn repeat(&mut self, now: u64) -> Result<bool, Failure> {
        let stamp = self.stamp(now);
        Ok(self.output.repeat(stamp)?)
    }

    /// Rises by at least the kernel's unit, a microsecond.
    fn stamp(&mut self, wanted_ns: u64) -> u64 {
        self.last_stamp_ns = wanted_ns.max(self.last_stamp_ns.saturating_add(1000));
        self.last_stamp_ns
    }
}

pub(super) fn unpaintable(why: PaintError) -> Failure {
    Failure::Paint(why.to_string())
}
