//! Which outputs of a camera may fire when it exposes.

use crate::camera::Camera;
use crate::param::{Link, ParamId};

use super::About;

const EXPOSE_OUT: ParamId = ParamId { id: pvcam_sys::PARAM_EXPOSE_OUT_MODE, name: "PARAM_EXPOSE_OUT_MODE" };
const TRIGGER_TABLE: ParamId = ParamId { id: pvcam_sys::PARAM_TRIGTAB_SIGNAL, name: "PARAM_TRIGTAB_SIGNAL" };
const MUXED: ParamId = ParamId { id: pvcam_sys::PARAM_LAST_MUXED_SIGNAL, name: "PARAM_LAST_MUXED_SIGNAL" };
const SHUTTER: ParamId = ParamId { id: pvcam_sys::PARAM_SHTR_OPEN_MODE, name: "PARAM_SHTR_OPEN_MODE" };

/// The outputs, one line each, as far as the camera tells of them.
pub(super) fn list(camera: &mut Camera) -> Vec<String> {
    let link = &camera.core_mut().device.link;
    let mut lines = Vec::new();
    if link.has(EXPOSE_OUT) {
        lines.push(format!("expose-out, with every frame{}", chosen(link, EXPOSE_OUT)));
    } else {
        lines.push("expose-out, if the camera has one: with every frame".to_owned());
    }
    if link.has(TRIGGER_TABLE) {
        let lines_used = link.optional::<i64>(MUXED).filter(|count| *count > 1);
        let spread = lines_used.map_or_else(String::new, |count| format!(", in turn on {count} lines"));
        lines.push(format!("the trigger outputs{}{spread}", chosen(link, TRIGGER_TABLE)));
    }
    if link.has(SHUTTER) {
        lines.push(format!("the shutter{}", chosen(link, SHUTTER)));
    }
    lines.push("read-out and trigger-ready, if the camera has them".to_owned());
    lines
}

/// What an enumerated parameter stands at, in the camera's words.
fn chosen(link: &Link, id: ParamId) -> String {
    let items = link.items(id).unwrap_or_default();
    let now = link.optional::<i32>(id).and_then(|value| items.into_iter().find(|item| item.value == value));
    now.map_or_else(String::new, |item| format!(" (now: {})", item.text))
}

impl About {
    pub(super) fn of(camera: &Camera) -> Self {
        let identity = camera.identity();
        let sensor = camera.sensor();
        let firmware = identity.firmware.map(|firmware| firmware.to_string());
        Self {
            name: identity.name.clone(),
            product: identity.product.clone(),
            serial: identity.serial.clone(),
            firmware: firmware.unwrap_or_default(),
            interface: identity
                .interface
                .as_ref()
                .map(|interface| interface.name.clone())
                .unwrap_or_default(),
            sensor: (sensor.columns, sensor.rows),
            ..Self::default()
        }
    }
}
