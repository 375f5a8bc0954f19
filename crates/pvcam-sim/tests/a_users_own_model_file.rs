//! A user adds a camera by a file of his own, and a mistake in it is told with file, line and key.
#![expect(clippy::unwrap_used, reason = "a test helper that fails is a failed test")]

mod support;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pvcam_sim::Control;
use support::{Region, Sdk};

/// The configuration is global.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

const EMBEDDED: &str = include_str!("../models/prime-bsi-usb.toml");

/// A model file with this text, and the configuration that names it.
fn written(name: &str, text: &str) -> (PathBuf, String) {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&file, text).unwrap();
    let toml = format!("[[camera]]\nmodel_file = \"{}\"\nclock = \"stepped\"\n", file.display());
    (file, toml)
}

#[test]
fn a_sensor_that_nobody_has_built_yet_takes_frames() {
    let _turn = turn();
    const PARAM_SER_SIZE: u32 = 0x0602_003A;
    let mine = EMBEDDED
        .replace("name = \"prime-bsi-usb\"", "name = \"mine\"")
        .replace("columns = 2048", "columns = 640")
        .replace("rows = 2048", "rows = 480");
    let (_, toml) = written("mine.toml", &mine);
    let sdk = Sdk::start(&toml);
    let hcam = sdk.open_first();
    assert_eq!(sdk.get::<u16>(hcam, PARAM_SER_SIZE, 0), 640);
    let bytes = sdk.setup_seq(hcam, 1, Region::new(0, 0, 640, 480));
    assert_eq!(bytes, 640 * 480 * 2);
    let mut pixels = vec![0_u8; bytes as usize];
    // SAFETY: the buffer has the bytes that the setup told, and lives until the sequence is over.
    sdk.ok(unsafe { (sdk.f.pl_exp_start_seq)(hcam, pixels.as_mut_ptr().cast()) });
    sdk.step(1);
    sdk.abort(hcam);
    assert!(pixels.iter().any(|&byte| byte != 0), "a picture arrived");
}

#[test]
fn each_mistake_names_file_line_and_key() {
    let _turn = turn();
    let mistakes: &[(&str, &str, &str, &str)] = &[
        ("columns = 2048", "columns = 0", "columns", "above 0"),
        ("columns = 2048", "columns = \"wide\"", "columns", "invalid type"),
        ("line_time_ps = 10270000", "line_time_ps = 0", "line_time_ps", "above 0"),
        ("kind = \"usb\"", "kind = \"serial\"", "kind", "pcie"),
        (
            "max_buffer_bytes = 4294967295",
            "max_buffer_bytes = 4294967296",
            "max_buffer_bytes",
            "1 to 4294967295",
        ),
        ("max_buffer_bytes = 4294967295", "max_buffer_bytes = 0", "max_buffer_bytes", "1 to 4294967295"),
        (
            "resolutions = [",
            "resolutions = [{ unit = \"s\", min = 0, max = 86401 },",
            "resolutions",
            "`One Second`: `max` is 86401, but at most 86400 (a day)",
        ),
        ("name = \"ENABLED\"", "name = \"A NAME THAT TAKES THIRTY-2 BYTES\"", "name", "1 to 31 bytes"),
        (
            "pixel_time_ns = 10 ",
            "name = \"A NAME THAT TAKES THIRTY-2 BYTES\"\npixel_time_ns = 10 ",
            "name",
            "1 to 31 bytes",
        ),
        ("version = 2", "version = 4", "version", "1, 2 or 3"),
        ("[2, 2], ", "[0, 2], ", "binning", "1 or more"),
        ("power_up = \"ms\"", "power_up = \"s\"", "power_up", "not among the resolutions"),
        ("setpoint_centi = -2000", "setpoint_centi = -9000", "setpoint_centi", "not within"),
        ("chip = \"GS2020\"", "chip = \"a chip name too long\"", "chip", "16 bytes"),
        ("id = 13\n", "id = 14\n", "id", "not simulated"),
        ("name = \"CLEAR_CYCLES\"", "name = \"CLEAR_CYCLE\"", "name", "no parameter PARAM_CLEAR_CYCLE"),
        ("name = \"CLEAR_CYCLES\"", "name = \"SHTR_OPEN_MODE\"", "name", "not simulated"),
        ("name = \"CLEAR_CYCLES\"", "name = \"SER_SIZE\"", "name", "worked out"),
        ("[metadata]", "unavailable = [\"SER_SIZE\"]\n[metadata]", "unavailable", "unknown field"),
        ("[identity]", "unavailable = [\"SER_SIZE\"]\n[identity]", "unavailable", "no camera is without"),
        (
            "[identity]",
            "unavailable = [\"NOTHING\"]\n[identity]",
            "unavailable",
            "no parameter PARAM_NOTHING",
        ),
        ("[identity]", "colour = 1\n[identity]", "colour", "unknown field"),
    ];
    let control = Control::in_process();
    for (index, (right, wrong, key, why)) in mistakes.iter().enumerate() {
        let at = EMBEDDED.find(right).unwrap_or_else(|| unreachable!("`{right}` is not in the file"));
        let line = EMBEDDED[..at].matches('\n').count() + 1;
        let (file, toml) = written(&format!("broken-{index}.toml"), &EMBEDDED.replacen(right, wrong, 1));
        let text = control.configure(&toml).unwrap_err().to_string();
        // A table put before the place moves the place by a line.
        let place = |line: usize| format!("{}: line {line}, key `{key}`: ", file.display());
        assert!(text.starts_with(&place(line)) && text.contains(why), "{wrong}\ngave: {text}");
    }
    let (_, sound) = written("sound.toml", EMBEDDED);
    control.configure(&sound).unwrap();
}

#[test]
fn sums_of_an_average_fit_into_their_32_bits() {
    let _turn = turn();
    let control = Control::in_process();
    let averaging = |most: u32| {
        let kinetix = include_str!("../models/kinetix-pcie.toml");
        let text = kinetix.replace("min = 1, max = 64 }", &format!("min = 1, max = {most} }}"));
        assert_ne!(text, kinetix);
        written("averaging.toml", &text)
    };
    let (file, toml) = averaging(65_537);
    let text = control.configure(&toml).unwrap_err().to_string();
    let why = "key `parameters`: parameter 191: `max` is 65537, but at most 65536 exposures are averaged";
    assert!(text.starts_with(&format!("{}: line ", file.display())) && text.contains(why), "{text}");
    control.configure(&averaging(65_536).1).unwrap();
}

#[test]
fn values_that_do_not_fit_the_parameter_are_refused() {
    let _turn = turn();
    let control = Control::in_process();
    for (lines, why) in [
        ("name = \"ADC_OFFSET\"\nvalue = 40000", "PARAM_ADC_OFFSET holds -32768 to 32767"),
        ("name = \"ADC_OFFSET\"\nvalue = 100\nwritable = true", "no effect"),
        ("name = \"ADC_OFFSET\"\ntext = \"much\"", "is a number"),
        ("name = \"CAM_SYSTEMS_INFO\"\nvalue = 1", "is a text"),
        ("name = \"COLOR_MODE\"\nvalue = 0", "wants items"),
        ("name = \"COLOR_MODE\"\nvalue = 0\nitems = [{ value = 1, text = \"RGGB\" }]", "none of the items"),
        ("name = \"CLEAR_CYCLES\"\nvalue = 5\nmin = 6\nmax = 7", "not within 6 to 7"),
    ] {
        let (file, toml) = written("value.toml", &format!("{EMBEDDED}\n[[parameter]]\n{lines}\n"));
        let text = control.configure(&toml).unwrap_err().to_string();
        let line = EMBEDDED.lines().count() + 3;
        assert!(
            text.starts_with(&format!("{}: line {line}, key `name`: ", file.display())),
            "{lines}\ngave: {text}"
        );
        assert!(text.contains(why), "{lines}\ngave: {text}");
    }
}

#[test]
fn a_missing_file_and_two_models_at_once_are_told() {
    let _turn = turn();
    let control = Control::in_process();
    let text = control.configure("[[camera]]\nmodel_file = \"no/such.toml\"\n").unwrap_err().to_string();
    assert!(text.starts_with("no/such.toml: "), "{text}");
    let both = "[[camera]]\nmodel = \"prime-bsi-usb\"\nmodel_file = \"x.toml\"\n";
    let text = control.configure(both).unwrap_err().to_string();
    assert!(text.starts_with("line 3, key `model_file`: ") && text.contains("exclude"), "{text}");
}
