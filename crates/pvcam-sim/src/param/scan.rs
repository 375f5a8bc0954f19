//! Programmable scan: the mode decides which of line delay and width a client sets; the other one follows.

use super::computed::View;
use super::facts::{Facts, Item};
use super::value::Kind;
use crate::abi::constants::*;

impl View<'_> {
    /// The answers of a scan parameter. There is one direction, down: nothing in a frame shows another one.
    pub(super) fn scan(&self, id: u32) -> Option<Facts> {
        let scan = self.model.scan.as_ref()?;
        let settings = self.settings;
        let timing = self.plan.map(|plan| plan.timing);
        Some(match id {
            PARAM_SCAN_MODE => {
                let items = vec![
                    Item::new(PL_SCAN_MODE_AUTO, "Auto"),
                    Item::new(PL_SCAN_MODE_PROGRAMMABLE_LINE_DELAY, "Line Delay"),
                    Item::new(PL_SCAN_MODE_PROGRAMMABLE_SCAN_WIDTH, "Scan Width"),
                ];
                Facts::enumeration(items, settings.scan_mode)
                    .default_number(PL_SCAN_MODE_AUTO.into())
                    .writable()
            }
            PARAM_SCAN_DIRECTION => Facts {
                access: super::facts::Access::Read,
                ..Facts::enumeration(vec![Item::new(PL_SCAN_DIRECTION_DOWN, "Down")], PL_SCAN_DIRECTION_DOWN)
            },
            PARAM_SCAN_LINE_DELAY if settings.scan_mode == PL_SCAN_MODE_PROGRAMMABLE_LINE_DELAY => {
                chosen(settings.line_delay, scan.max_line_delay)
            }
            PARAM_SCAN_LINE_DELAY => {
                follows(timing.map_or(0, |timing| timing.line_delay.into()), scan.max_line_delay)
            }
            PARAM_SCAN_WIDTH if settings.scan_mode == PL_SCAN_MODE_PROGRAMMABLE_SCAN_WIDTH => {
                chosen(settings.scan_width, scan.max_width)
            }
            PARAM_SCAN_WIDTH => {
                let lines = timing.map_or(0, |timing| timing.exposure_ns * 1000 / timing.line_ps.max(1));
                follows(lines, scan.max_width)
            }
            _ => return None,
        })
    }
}

/// What the client sets in this mode.
fn chosen(value: u16, most: u16) -> Facts {
    Facts::number(Kind::U16, value.into(), (1, most.into()), 1).default_number(1).writable()
}

/// What the camera works out in this mode.
fn follows(value: u64, most: u16) -> Facts {
    let value = i64::try_from(value).unwrap_or(i64::MAX).min(most.into());
    Facts::number(Kind::U16, value, (0, most.into()), 1).default_number(0)
}
