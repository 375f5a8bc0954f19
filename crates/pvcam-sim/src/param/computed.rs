//! What each parameter answers, worked out from model, settings and setup.

use super::facts::{Access, Facts, Item};
use super::known::Known;
use super::settings::Settings;
use super::value::{Kind, Value};
use crate::abi::constants::*;
use crate::abi::types::Region;
use crate::engine::{Mode, Plan};
use crate::model::{LineTimeUnit, Model, Parameter};
use crate::scene::Element;

/// Ring sizes are recommended up to this, as newer SDKs do.
const RECOMMENDED_LIMIT: u64 = 2_000_000_000;

/// What answers are worked out from.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) model: &'a Model,
    pub(crate) serial: &'a str,
    pub(crate) settings: &'a Settings,
    pub(crate) plan: Option<&'a Plan>,
    /// A parameter changed since the setup.
    pub(crate) stale: bool,
}

impl View<'_> {
    /// The answers of a known parameter; `None` when the camera does not offer it.
    pub(crate) fn facts(&self, known: &Known) -> Option<Facts> {
        if self.model.lacks(known.name) {
            return None;
        }
        self.identity(known.id)
            .or_else(|| self.readout(known.id))
            .or_else(|| self.exposure(known.id))
            .or_else(|| self.after_setup(known.id))
            .or_else(|| self.scan(known.id))
            .or_else(|| self.smart(known.id))
            .or_else(|| self.regions(known.id))
            .or_else(|| self.post_processing(known.id))
            .or_else(|| self.host(known.id))
            .or_else(|| self.centroids(known.id))
            .or_else(|| self.stored(known))
    }

    fn identity(&self, id: u32) -> Option<Facts> {
        let (model, sensor) = (self.model, &self.model.sensor);
        let number = |value: u16| Facts::constant(Kind::U16, value.into());
        let driver_text = format!("simulated driver of {}", model.name);
        Some(match id {
            PARAM_DD_VERSION => number(model.identity.driver_version),
            PARAM_DD_INFO_LENGTH => {
                Facts::constant(Kind::I16, i64::try_from(driver_text.len()).unwrap_or(0) + 1)
            }
            PARAM_DD_INFO => Facts::text(driver_text),
            PARAM_CAM_INTERFACE_TYPE => Facts::enumeration(
                vec![Item::new(model.interface.type_code, &model.interface.text)],
                model.interface.type_code,
            ),
            PARAM_CAM_INTERFACE_MODE => Facts::enumeration(
                vec![Item::new(PL_CAM_IFC_MODE_IMAGING, "Imaging")],
                PL_CAM_IFC_MODE_IMAGING,
            ),
            PARAM_CHIP_NAME => Facts::text(&model.identity.chip),
            PARAM_SYSTEM_NAME => Facts::text(&model.identity.system),
            PARAM_VENDOR_NAME => Facts::text(&model.identity.vendor),
            PARAM_PRODUCT_NAME => Facts::text(&model.identity.product),
            PARAM_CAMERA_PART_NUMBER => Facts::text(&model.identity.part_number),
            PARAM_HEAD_SER_NUM_ALPHA => Facts::text(self.serial),
            PARAM_CAM_FW_VERSION => number(model.identity.firmware),
            PARAM_SER_SIZE => number(self.settings.host.seen_size(model).0),
            PARAM_PAR_SIZE => number(self.settings.host.seen_size(model).1),
            PARAM_PIX_SER_SIZE | PARAM_PIX_PAR_SIZE | PARAM_PIX_SER_DIST | PARAM_PIX_PAR_DIST => {
                number(sensor.pixel_nm)
            }
            PARAM_FWELL_CAPACITY => Facts::constant(Kind::U32, sensor.full_well_electrons.into()),
            PARAM_TEMP => Facts::constant(Kind::I16, self.settings.temperature_centi(model).into()),
            PARAM_TEMP_SETPOINT => {
                let setpoint = self.settings.setpoint(model);
                let [low, high] = setpoint.range_centi.map(i64::from);
                Facts::number(Kind::I16, self.settings.setpoint_centi.into(), (low, high), 1)
                    .default_number(setpoint.centi.into())
                    .writable()
            }
            PARAM_CIRC_BUFFER => Facts { access: Access::Exist, ..Facts::flag(true) },
            _ => return None,
        })
    }

    fn readout(&self, id: u32) -> Option<Facts> {
        let (model, settings) = (self.model, self.settings);
        let (port, speed, gain) = (settings.port(model), settings.speed(model), settings.gain(model));
        let last = |count: usize| i64::try_from(count).unwrap_or(1) - 1;
        let format = |element: Element| {
            let (value, text) = element.format();
            Facts::enumeration(vec![Item::new(value, text)], value)
        };
        let (host_bits, host_element) = self.delivered();
        Some(match id {
            PARAM_READOUT_PORT => {
                let items = model.ports.iter().map(|port| Item::new(port.value, &port.name)).collect();
                Facts::enumeration(items, port.value).default_number(model.ports[0].value.into()).writable()
            }
            PARAM_SPDTAB_INDEX => Facts::number(
                Kind::I16,
                i64::try_from(settings.speed).unwrap_or(0),
                (0, last(port.speeds.len())),
                1,
            )
            .default_number(0)
            .writable(),
            PARAM_SPDTAB_NAME => Facts::text(speed.name.as_ref()?),
            PARAM_GAIN_INDEX => Facts::number(
                Kind::I16,
                i64::try_from(settings.gain).unwrap_or(0) + 1,
                (1, last(speed.gains.len()) + 1),
                1,
            )
            .default_number(1)
            .writable(),
            PARAM_GAIN_NAME => Facts::text(&gain.name),
            PARAM_ADC_OFFSET => Facts::constant(Kind::I16, gain.adc_offset?.into()),
            PARAM_PIX_TIME => Facts::constant(Kind::U16, speed.pixel_time_ns.into()),
            PARAM_BIT_DEPTH => Facts::constant(Kind::I16, gain.bit_depth.into()),
            PARAM_BIT_DEPTH_HOST => Facts::constant(Kind::I16, host_bits.into()),
            PARAM_IMAGE_FORMAT => format(Element::of_bits(gain.bit_depth)),
            PARAM_IMAGE_FORMAT_HOST => format(host_element),
            PARAM_IMAGE_COMPRESSION | PARAM_IMAGE_COMPRESSION_HOST => Facts::enumeration(
                vec![Item::new(PL_IMAGE_COMPRESSION_NONE, "None")],
                PL_IMAGE_COMPRESSION_NONE,
            ),
            PARAM_METADATA_ENABLED | PARAM_METADATA_RESET_TIMESTAMP if model.metadata.is_none() => {
                return None;
            }
            PARAM_METADATA_ENABLED => Facts::flag(settings.metadata).default_number(0).writable(),
            PARAM_METADATA_RESET_TIMESTAMP => {
                Facts { access: Access::Write, ..Facts::flag(false).failing(PL_ERR_ACCESS_DENIED) }
            }
            _ => return None,
        })
    }

    /// Bits and storage of delivered pixels: as the setup left them, or without one that holds, as the camera's.
    fn delivered(&self) -> (u8, Element) {
        match self.plan.filter(|_| !self.stale) {
            Some(plan) => (plan.painter.composition.delivered_bits, plan.painter.composition.delivered),
            None => {
                let bits = self.settings.gain(self.model).bit_depth;
                (bits, Element::of_bits(bits))
            }
        }
    }

    fn exposure(&self, id: u32) -> Option<Facts> {
        let (exposure, settings) = (&self.model.exposure, self.settings);
        let resolution = settings.resolution(self.model);
        let unit = |unit: crate::model::Unit| Item::new(unit.value(), unit.text());
        let items = || exposure.resolutions.iter().map(|resolution| unit(resolution.unit)).collect();
        Some(match id {
            PARAM_EXP_RES => Facts::enumeration(items(), resolution.unit.value())
                .default_number(exposure.power_up.value().into())
                .writable(),
            PARAM_EXP_RES_INDEX => {
                let last = i64::try_from(exposure.resolutions.len()).unwrap_or(1) - 1;
                let power_up = Settings::power_up(self.model).resolution;
                Facts::number(Kind::U16, i64::try_from(settings.resolution).unwrap_or(0), (0, last), 1)
                    .default_number(i64::try_from(power_up).unwrap_or(0))
                    .writable()
            }
            PARAM_EXPOSURE_TIME => {
                let (low, high) = settings.exposure_limits(self.model);
                let range = (i64::from(low), i64::from(high));
                // Whole units, rounded down, as a user's read-out of a real camera showed (99 for 99.998 ms).
                let timing = self.plan.map(|plan| settings.start_timing(self.model, plan));
                let now = timing.map_or(0, |timing| timing.exposure_ns) / resolution.unit.nanoseconds();
                Facts::number(Kind::U64, i64::try_from(now).unwrap_or(i64::MAX), range, 1)
                    .default_number(range.0)
            }
            PARAM_EXP_TIME => {
                exposure.triggers.iter().find(|item| item.value == VARIABLE_TIMED_MODE)?;
                let (low, high) = settings.exposure_limits(self.model);
                let range = (low.max(1).into(), high.min(u16::MAX.into()).into());
                Facts::number(Kind::U16, settings.variable_exposure.into(), range, 1)
                    .default_number(range.0)
                    .writable()
            }
            PARAM_EXPOSURE_MODE => Facts::enumeration(exposure.triggers.clone(), settings.exposure_mode)
                .default_number(Settings::power_up(self.model).exposure_mode.into()),
            PARAM_EXPOSE_OUT_MODE if exposure.expose_out.is_empty() => return None,
            PARAM_EXPOSE_OUT_MODE => Facts::enumeration(exposure.expose_out.clone(), settings.expose_out)
                .default_number(EXPOSE_OUT_FIRST_ROW.into()),
            _ => return None,
        })
    }

    /// Parameters that fail with 188 until an acquisition was set up.
    fn after_setup(&self, id: u32) -> Option<Facts> {
        let timing = self.plan.map(|plan| plan.timing);
        let nanoseconds = |value: Option<u64>| {
            let value = i64::try_from(value.unwrap_or(0)).unwrap_or(i64::MAX);
            Facts::number(Kind::I64, value, (0, i64::MAX), 0).default_number(0)
        };
        let facts = match id {
            PARAM_READOUT_TIME => {
                let microseconds = timing.map_or(0, |timing| timing.readout_ns / 1000);
                let value = i64::try_from(microseconds).unwrap_or(i64::MAX);
                Facts::number(Kind::U32, value, (0, u32::MAX.into()), 0).default_number(0)
            }
            PARAM_CLEARING_TIME | PARAM_PRE_TRIGGER_DELAY => nanoseconds(Some(0)),
            PARAM_POST_TRIGGER_DELAY => nanoseconds(timing.map(|timing| timing.post_trigger_ns())),
            PARAM_SCAN_LINE_TIME => {
                nanoseconds(timing.map(|timing| match self.model.sensor.line_time_unit {
                    LineTimeUnit::Nanoseconds => timing.line_ns,
                    LineTimeUnit::Picoseconds => timing.line_ps,
                }))
            }
            PARAM_FRAME_BUFFER_SIZE => self.buffer_size(),
            _ => return None,
        };
        Some(if self.plan.is_none() { facts.failing(PL_ERR_ACQUISITION_SETUP_REQUIRED) } else { facts })
    }

    /// Smallest, largest and recommended buffer; a sequence has only one size.
    fn buffer_size(&self) -> Facts {
        let Some(plan) = self.plan else { return Facts::number(Kind::U64, 0, (0, 0), 0) };
        let frame = u64::from(plan.frame_bytes);
        let bytes = |frames: u64| i64::try_from(frames * frame).unwrap_or(i64::MAX);
        if let Mode::Sequence(frames) = plan.mode {
            return Facts::constant(Kind::U64, bytes(frames.into()));
        }
        let most = self.model.interface.max_buffer_bytes / frame;
        let one_second = 1_000_000_000 / plan.timing.period_ns.max(1);
        let recommended = one_second.max(32).min(RECOMMENDED_LIMIT / frame).max(3).min(most);
        Facts::number(Kind::U64, bytes(recommended), (bytes(3.min(most)), bytes(most)), bytes(1))
    }

    fn regions(&self, id: u32) -> Option<Facts> {
        let model = self.model;
        let host = &self.settings.host;
        let (columns, rows) = host.seen_size(model);
        let swapped = host.orientation().swaps_axes();
        // Pairs of factors as clients see them.
        let list = self.settings.binning(model).iter();
        let list: Vec<[u16; 2]> = list.map(|&[s, p]| if swapped { [p, s] } else { [s, p] }).collect();
        let axis = |at: usize| {
            let text = |pair: &[u16; 2]| format!("{}x{}", pair[0], pair[1]);
            let items: Vec<Item> = list.iter().map(|pair| Item::new(pair[at].into(), text(pair))).collect();
            let first = self.plan.map(|plan| plan.regions[0]);
            let now = first.map_or(1, |region| if at == 0 { region.sbin } else { region.pbin });
            Facts::enumeration(items, now.into()).default_number(1)
        };
        let full = Region { s1: 0, s2: columns - 1, sbin: 1, p1: 0, p2: rows - 1, pbin: 1 };
        Some(match id {
            PARAM_BINNING_SER | PARAM_BINNING_PAR if list.is_empty() => return None,
            PARAM_BINNING_SER => axis(0),
            PARAM_BINNING_PAR => axis(1),
            PARAM_ROI_COUNT => {
                let most = self.settings.max_regions(model);
                let now = self.plan.map_or(1, |plan| plan.regions.len());
                let range = (1, i64::from(most));
                Facts::number(Kind::U16, i64::try_from(now).unwrap_or(1), range, 1).default_number(1)
            }
            PARAM_ROI => {
                let coarsest = list.iter().map(|pair| pair[0]).max().unwrap_or(columns.min(rows));
                let (least_columns, least_rows) = (model.regions.min_columns, model.regions.min_rows);
                let least = if swapped { (least_rows, least_columns) } else { (least_columns, least_rows) };
                let smallest = Region { s2: least.0 - 1, p2: least.1 - 1, ..full };
                Facts {
                    kind: Kind::Region,
                    access: if model.regions.live { Access::ReadWrite } else { Access::Read },
                    live: model.regions.live,
                    current: Ok(Value::Region(self.plan.map_or(full, |plan| plan.regions[0]))),
                    min: Value::Region(smallest),
                    max: Value::Region(Region { sbin: coarsest, pbin: coarsest, ..full }),
                    default: Value::Region(full),
                    increment: Value::Region(Region { s1: 1, s2: 1, sbin: 1, p1: 1, p2: 1, pbin: 1 }),
                    ..Facts::constant(Kind::Region, 0)
                }
            }
            _ => return None,
        })
    }

    fn post_processing(&self, id: u32) -> Option<Facts> {
        let settings = self.settings;
        let feature = self.model.features.get(settings.feature)?;
        let parameter = feature.parameters.get(settings.feature_parameter)?;
        let value = settings.features()[settings.feature][settings.feature_parameter];
        let index = |now: usize, count: usize| {
            let last = i64::try_from(count).unwrap_or(1) - 1;
            let now = i64::try_from(now).unwrap_or(0);
            Facts::number(Kind::I16, now, (0, last), 1).default_number(0).writable()
        };
        Some(match id {
            PARAM_PP_INDEX => index(settings.feature, self.model.features.len()),
            PARAM_PP_FEAT_NAME => Facts::text(&feature.name),
            PARAM_PP_FEAT_ID => Facts::constant(Kind::U32, feature.id.into()),
            PARAM_PP_PARAM_INDEX => index(settings.feature_parameter, feature.parameters.len()),
            PARAM_PP_PARAM_NAME => Facts::text(&parameter.name),
            PARAM_PP_PARAM_ID => Facts::constant(Kind::U32, parameter.id.into()),
            PARAM_PP_PARAM => {
                Facts::number(Kind::U32, value.into(), (parameter.min.into(), parameter.max.into()), 1)
                    .default_number(parameter.power_up.into())
                    .writable()
            }
            _ => return None,
        })
    }

    /// Parameters that the model file lists.
    fn stored(&self, known: &Known) -> Option<Facts> {
        let listed = |parameter: &&Parameter| parameter.name() == known.name;
        let parameter = self.model.parameters.iter().find(listed)?;
        let value = self.settings.stored.get(&known.id).copied().unwrap_or(parameter.value());
        let facts = match &parameter.text {
            Some(text) => Facts::text(text),
            None if known.kind == Kind::Enum => {
                Facts::enumeration(parameter.items.clone(), i32::try_from(value).unwrap_or(0))
                    .default_number(parameter.value())
            }
            None => Facts::number(known.kind, value, parameter.range(), i64::from(parameter.writable))
                .default_number(parameter.value()),
        };
        Some(Facts { access: parameter.access(known), ..facts })
    }
}
