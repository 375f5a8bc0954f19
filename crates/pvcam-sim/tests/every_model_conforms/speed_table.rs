//! Port, speed, gain: what each combination tells, and what a change of one resets.

use crate::Findings;
use crate::library::Model;
use crate::parameters::{AVAIL, COUNT, values};
use crate::support::{
    ATTR_CURRENT, ATTR_MAX, ATTR_MIN, PARAM_BIT_DEPTH, PARAM_GAIN_INDEX, PARAM_READOUT_PORT,
    PARAM_SPDTAB_INDEX, Sdk,
};

pub(crate) const PARAM_GAIN_NAME: u32 = 0x0D02_0202;
pub(crate) const PARAM_PIX_TIME: u32 = 0x0602_0204;
pub(crate) const PARAM_IMAGE_FORMAT: u32 = 0x0902_00F8;
pub(crate) const MONO16: i32 = 0;
pub(crate) const MONO8: i32 = 2;

pub(crate) fn text(sdk: &Sdk, hcam: i16, id: u32) -> String {
    let mut room = [0_u8; 1024];
    // SAFETY: more room than any text takes.
    sdk.ok(unsafe { (sdk.f.pl_get_param)(hcam, id, ATTR_CURRENT, room.as_mut_ptr().cast()) });
    String::from_utf8_lossy(room.split(|&byte| byte == 0).next().unwrap()).into_owned()
}

fn list<'a>(table: &'a toml::Value, key: &str) -> &'a [toml::Value] {
    table[key].as_array().unwrap()
}

/// Sets each port, speed and gain of the model's file in the order that the interface asks for.
pub(crate) fn walk(sdk: &Sdk, hcam: i16, model: &Model, findings: &mut Findings) {
    let ports = model.table["port"].as_array().unwrap();
    let wanted: Vec<i128> = ports.iter().map(|port| port["value"].as_integer().unwrap().into()).collect();
    findings.same(values(sdk, hcam, PARAM_READOUT_PORT), wanted, "ports");
    for port in ports {
        let value = i32::try_from(port["value"].as_integer().unwrap()).unwrap();
        sdk.set(hcam, PARAM_READOUT_PORT, value);
        let speeds = list(port, "speed");
        let now: i16 = sdk.get(hcam, PARAM_SPDTAB_INDEX, ATTR_CURRENT);
        findings.same(now, 0, "a port resets the speed");
        let count: u32 = sdk.get(hcam, PARAM_SPDTAB_INDEX, COUNT);
        findings.same(count as usize, speeds.len(), "speeds");
        let mut rates = Vec::new();
        for (index, speed) in (0_i16..).zip(speeds) {
            sdk.set(hcam, PARAM_SPDTAB_INDEX, index);
            findings.same(sdk.get(hcam, PARAM_GAIN_INDEX, ATTR_CURRENT), 1_i16, "a speed resets the gain");
            let pixel_time: u16 = sdk.get(hcam, PARAM_PIX_TIME, ATTR_CURRENT);
            findings.same(pixel_time.into(), speed["pixel_time_ns"].as_integer().unwrap(), "pixel time");
            // Clients tell the speeds of a port by these two.
            let rate = (pixel_time, sdk.get::<i16>(hcam, PARAM_BIT_DEPTH, ATTR_CURRENT));
            findings.check(!rates.contains(&rate), || format!("two speeds alike: {rate:?}"));
            rates.push(rate);
            gains(sdk, hcam, list(speed, "gains"), findings);
        }
    }
}

fn gains(sdk: &Sdk, hcam: i16, gains: &[toml::Value], findings: &mut Findings) {
    let bounds: [i16; 2] = [ATTR_MIN, ATTR_MAX].map(|attribute| sdk.get(hcam, PARAM_GAIN_INDEX, attribute));
    findings.same(bounds, [1, i16::try_from(gains.len()).unwrap()], "gains are numbered from 1");
    for (index, gain) in (1_i16..).zip(gains) {
        sdk.set(hcam, PARAM_GAIN_INDEX, index);
        let bits: i16 = sdk.get(hcam, PARAM_BIT_DEPTH, ATTR_CURRENT);
        findings.same(bits.into(), gain["bit_depth"].as_integer().unwrap(), "bit depth");
        findings.same(text(sdk, hcam, PARAM_GAIN_NAME), gain["name"].as_str().unwrap().to_owned(), "gain");
        if sdk.get::<u16>(hcam, PARAM_IMAGE_FORMAT, AVAIL) == 1 {
            let format: i32 = sdk.get(hcam, PARAM_IMAGE_FORMAT, ATTR_CURRENT);
            findings.same(format, if bits <= 8 { MONO8 } else { MONO16 }, "image format");
        }
    }
}
