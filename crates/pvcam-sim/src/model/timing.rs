//! How long a frame takes: exposure in whole lines, readout, cycle time.

use super::{Model, Speed};
use crate::abi::constants::{EXPOSE_OUT_FIRST_ROW, EXPOSE_OUT_ROLLING_SHUTTER};

/// The times of one acquisition, in nanoseconds; known once the acquisition is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timing {
    /// Line times that programmable scan waits between two lines.
    pub(crate) line_delay: u16,
    /// Time from one line to the next, rounded down; scan delay included.
    pub(crate) line_ns: u64,
    /// The same, exactly.
    pub(crate) line_ps: u64,
    /// The exposure that really happens: whole lines, at least one.
    pub(crate) exposure_ns: u64,
    /// From the first to the last row of the region.
    pub(crate) readout_ns: u64,
    /// From one frame to the next.
    pub(crate) period_ns: u64,
    /// From the start of a frame's first exposure to that of its last one; 0 for a frame of one exposure.
    pub(crate) lead_ns: u64,
    /// How many exposures make a frame.
    exposures: u32,
    readout_ps: u64,
    /// What the link takes for a frame.
    link_ps: u64,
    /// The next exposure begins only after the readout.
    in_turn: bool,
}

/// What the cycle time depends on besides the model.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cycle {
    pub(crate) exposure_ns: u64,
    pub(crate) pace: Pace,
    /// Rows on the sensor that are read out.
    pub(crate) rows: u32,
    pub(crate) frame_bytes: u32,
    /// `PL_EXPOSE_OUT_MODES` value.
    pub(crate) expose_out: i32,
    /// The next exposure may run while the last frame is read out.
    pub(crate) overlap: bool,
}

/// How fast the rolling shutter goes over the sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As fast as the sensor can.
    Auto,
    /// So many line times more per line.
    Delay(u16),
    /// So slowly that this many lines expose at once; the number is the largest delay.
    Width(u16, u16),
}

impl Pace {
    /// The delay per line, in line times.
    fn line_delay(self, exposure_ps: u128, line_ps: u128) -> u16 {
        match self {
            Self::Auto => 0,
            Self::Delay(lines) => lines,
            Self::Width(width, most) => {
                let per_line = exposure_ps / u128::from(width.max(1));
                let delay = ((per_line + line_ps / 2) / line_ps).saturating_sub(1);
                u16::try_from(delay).unwrap_or(u16::MAX).min(most)
            }
        }
    }
}

impl Timing {
    /// Readout = rows x line time / rows at once; with overlap the cycle is
    /// the longer of exposure and readout and one line more, else their sum; and never shorter than the link
    /// takes for the bytes.
    pub(crate) fn new(model: &Model, speed: &Speed, cycle: Cycle) -> Self {
        let asked_ps = u128::from(cycle.exposure_ns) * 1000;
        let line_delay = cycle.pace.line_delay(asked_ps, speed.line_time_ps.into());
        let line_ps = u128::from(speed.line_time_ps) * (1 + u128::from(line_delay));
        let readout_ps = u128::from(cycle.rows) * line_ps / u128::from(speed.rows_per_line);
        let rolling = matches!(cycle.expose_out, EXPOSE_OUT_FIRST_ROW | EXPOSE_OUT_ROLLING_SHUTTER);
        let link_ps = u128::from(cycle.frame_bytes) * 1_000_000 / u128::from(model.interface.megabytes_per_s);
        let picoseconds = |ps: u128| u64::try_from(ps).unwrap_or(u64::MAX);
        let idle = Self {
            line_delay,
            line_ns: picoseconds(line_ps) / 1000,
            line_ps: picoseconds(line_ps),
            exposure_ns: 0,
            readout_ns: picoseconds(readout_ps) / 1000,
            period_ns: 0,
            lead_ns: 0,
            exposures: 1,
            readout_ps: picoseconds(readout_ps),
            link_ps: picoseconds(link_ps),
            in_turn: !(rolling && cycle.overlap),
        };
        idle.exposing(cycle.exposure_ns)
    }

    /// The same camera with another exposure, which is rounded to whole lines.
    pub(crate) fn exposing(self, exposure_ns: u64) -> Self {
        let (line_ps, readout_ps) = (u128::from(self.line_ps), u128::from(self.readout_ps));
        let lines = ((u128::from(exposure_ns) * 1000 + line_ps / 2) / line_ps).max(1);
        let exposure_ps = lines * line_ps;
        let sensor_ps = if self.in_turn { exposure_ps + readout_ps } else { exposure_ps.max(readout_ps) };
        let period_ps = (sensor_ps + line_ps).max(self.link_ps.into());
        let nanoseconds = |ps: u128| u64::try_from(ps / 1000).unwrap_or(u64::MAX);
        let periods = |count: u32| nanoseconds(period_ps).saturating_mul(count.into());
        Self {
            exposure_ns: nanoseconds(exposure_ps),
            period_ns: periods(self.exposures),
            lead_ns: periods(self.exposures.saturating_sub(1)),
            ..self
        }
    }

    /// From the start of a frame's first exposure to its arrival.
    pub(crate) fn latency_ns(&self) -> u64 {
        let readout_ns = self.readout_ps.max(self.link_ps) / 1000;
        self.lead_ns.saturating_add(self.exposure_ns).saturating_add(readout_ns)
    }

    /// From the end of an exposure to where the next one can begin, for a camera that does not expose while it reads.
    pub(crate) fn post_trigger_ns(&self) -> u64 {
        if self.in_turn { self.line_ns + self.readout_ns } else { self.line_ns }
    }

    /// The times of a frame that is made of so many exposures of this kind.
    pub(crate) fn of_exposures(self, count: u32) -> Self {
        Self { exposures: count.max(1), ..self }.exposing(self.exposure_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(model: &str, port: usize, exposure_ns: u64) -> Timing {
        let model = Model::builtin(model).unwrap();
        let rows = u32::from(model.sensor.rows);
        let frame_bytes = rows * u32::from(model.sensor.columns) * 2;
        let cycle = Cycle { exposure_ns, pace: Pace::Auto, rows, frame_bytes, expose_out: 0, overlap: true };
        Timing::new(&model, &model.ports[port].speeds[0], cycle)
    }

    #[test]
    fn full_frame_rates_are_those_seen_on_real_cameras() {
        let bsi = timing("prime-bsi-usb", 0, 0);
        assert!((47.0..48.0).contains(&(1e9 / bsi.period_ns as f64)), "{bsi:?}");
        let kinetix = timing("kinetix-pcie", 0, 0);
        assert!((88.0..89.0).contains(&(1e9 / kinetix.period_ns as f64)), "{kinetix:?}");
    }

    #[test]
    fn exposure_is_a_whole_number_of_lines() {
        // A user's read-out of a real camera: 100 ms asked for, 14,159 lines of 7.0625 us given.
        assert_eq!(timing("kinetix-pcie", 0, 100_000_000).exposure_ns, 99_997_937);
        assert_eq!(timing("kinetix-pcie", 0, 0).exposure_ns, 7_062);
    }

    #[test]
    fn times_that_64_bits_do_not_hold_stay_at_their_end() {
        let day = timing("kinetix-pcie", 0, 24 * 3600 * 1_000_000_000);
        assert!(day.latency_ns() < u64::MAX, "the control");
        assert_eq!(day.of_exposures(u32::MAX).latency_ns(), u64::MAX);
    }
}
