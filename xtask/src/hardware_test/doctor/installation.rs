//! The SDK and what the system needs for its cameras.

use std::path::{Path, PathBuf};

use pvcam::Sdk;
use pvcam::error::SdkError;
use pvcam_sim::Control;
use pvcam_sys::{Installation, LoadError, Piece};

use super::finding::{Finding, State};

/// Where udev takes its rules from.
const RULES: [&str; 4] =
    ["/etc/udev/rules.d", "/run/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d"];

const LIBRARY: &str = "SDK library";
const VERSION: &str = "SDK version";

/// Looks at everything that comes with the SDK. Without an SDK, all of it is only advice: the simulator needs none of it.
pub(super) fn look(path: Option<&Path>) -> Vec<Finding> {
    let loaded = path.map_or_else(Sdk::load, Sdk::load_from);
    let mut findings = library(&loaded);
    // A library that does not load was at least found, unless it is none of the known places.
    let installed = !matches!(&loaded, Err(SdkError::NotLoaded(LoadError::NotFound { .. })));
    let simulated = loaded
        .as_ref()
        .ok()
        .and_then(Sdk::library_path)
        .is_some_and(|path| Control::of_loaded(path).is_some());
    for (piece, name) in Installation::inspect().pieces() {
        let needless = simulated && name != "PVCAM_VERSION";
        findings.push(if needless {
            Finding::good(name, "not needed by the simulator")
        } else {
            // A library that starts has what it needs; the version is asked by name.
            judge(piece, name, installed && loaded.is_err())
        });
    }
    findings.push(rules(&RULES.map(PathBuf::from)));
    findings.push(module(&std::fs::read_to_string("/proc/modules").unwrap_or_default()));
    findings
}

fn library(loaded: &Result<Sdk, SdkError>) -> Vec<Finding> {
    match loaded {
        Ok(sdk) => {
            let place = sdk.library_path().map_or_else(String::new, |path| path.display().to_string());
            let version = match sdk.version() {
                Ok(version) => Finding::good(VERSION, version.to_string()),
                Err(_) => Finding::new(
                    VERSION,
                    State::Advice,
                    "not told by the SDK",
                    "set PVCAM_VERSION to it, for example 3.10.2.5; what a probe of the ring finds counts for one version",
                ),
            };
            let cameras = match sdk.cameras() {
                Ok(cameras) => Finding::good("cameras", names(&cameras)),
                Err(why) => Finding::new("cameras", State::Missing, why.to_string(), "see the SDK's message"),
            };
            vec![Finding::good(LIBRARY, place), version, cameras]
        }
        Err(SdkError::NotLoaded(LoadError::NotFound { searched })) => {
            let places: Vec<String> = searched.iter().map(|(place, _)| place.display().to_string()).collect();
            let cure = "install the PVCAM SDK for a real camera, or set PVCAM_LIBRARY to its library; without one, simulated \
                        cameras are used";
            vec![Finding::new(LIBRARY, State::Advice, format!("none in {}", places.join(", ")), cure)]
        }
        Err(why) => {
            vec![Finding::new(
                LIBRARY,
                State::Missing,
                why.to_string(),
                "see what is missing below, or install the SDK again",
            )]
        }
    }
}

fn names(cameras: &[pvcam::CameraEntry]) -> String {
    match cameras {
        [] => "none: check cable and power".to_owned(),
        cameras => cameras.iter().map(|camera| camera.name.as_str()).collect::<Vec<_>>().join(", "),
    }
}

fn judge(piece: &Piece, name: &'static str, required: bool) -> Finding {
    let (found, cure) = split(piece.text());
    let state = match piece.is_present() {
        true => State::Good,
        false if required => State::Missing,
        false => State::Advice,
    };
    Finding::new(name, state, found, cure)
}

/// What is wrong, and after the semicolon the cure.
fn split(text: &str) -> (&str, &str) {
    text.split_once("; ").unwrap_or((text, "see the SDK's installation guide"))
}

/// Without a rule, USB cameras belong to root.
fn rules(folders: &[PathBuf]) -> Finding {
    let files = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
    let ours = |path: &PathBuf| {
        let named = |text: &str| ["pvcam", "photometrics", "qimaging"].iter().any(|word| text.contains(word));
        let rule = path.extension().is_some_and(|extension| extension == "rules");
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        rule && (named(&name) || std::fs::read_to_string(path).is_ok_and(|text| named(&text.to_lowercase())))
    };
    match files.map(|file| file.path()).find(ours) {
        Some(path) => Finding::good("udev rule", path.display().to_string()),
        None => Finding::new(
            "udev rule",
            State::Advice,
            "none names PVCAM cameras",
            "USB cameras are then for root only: install the SDK's rule, run `udevadm control --reload` as root, plug anew",
        ),
    }
}

/// PCIe cameras have a kernel module of their own.
fn module(modules: &str) -> Finding {
    let names = modules.lines().filter_map(|line| line.split_whitespace().next());
    match names.into_iter().find(|name| name.to_lowercase().contains("pvcam")) {
        Some(name) => Finding::good("kernel module", name),
        None => Finding::new(
            "kernel module",
            State::Advice,
            "no module of PVCAM is loaded",
            "only PCIe cameras need it: build and load the one that comes with the SDK (some installers do not build it)",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_found_by_its_name_or_its_text() {
        let folder = std::env::temp_dir().join(format!("xtask-doctor-rules-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let missing = folder.join("no-such");
        assert_eq!(rules(&[missing.clone(), folder.clone()]).state, State::Advice);
        std::fs::write(folder.join("10-pvcam.txt"), "").unwrap();
        assert_eq!(rules(std::slice::from_ref(&folder)).state, State::Advice, "no rule");
        std::fs::write(folder.join("10-cam.rules"), "# Photometrics\n").unwrap();
        assert!(rules(&[missing, folder.clone()]).found.ends_with("10-cam.rules"));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_module_is_found_by_its_name() {
        assert_eq!(module("snd 1 0 - Live\npvcam_pcie 16384 0 - Live 0x0\n").found, "pvcam_pcie");
        assert_eq!(module("snd 1 0 - Live\n").state, State::Advice);
    }

    #[test]
    fn a_piece_is_required_only_by_a_library_that_does_not_start() {
        let piece = Piece::Missing("not set; set it".to_owned());
        let found = judge(&piece, "PVCAM_UMD_PATH", true);
        assert_eq!(
            (found.state, found.found.as_str(), found.cure.as_str()),
            (State::Missing, "not set", "set it")
        );
        assert_eq!(judge(&piece, "PVCAM_UMD_PATH", false).state, State::Advice);
        assert_eq!(judge(&Piece::Present("/opt".to_owned()), "PVCAM_UMD_PATH", true).state, State::Good);
    }

    #[test]
    fn a_library_that_does_not_load_is_missing_and_none_at_all_is_not() {
        let wrong = Sdk::load_from(Path::new("/no/such/libpvcam.so.2"));
        assert_eq!(library(&wrong)[0].state, State::Missing);
        let none =
            Err(SdkError::NotLoaded(LoadError::NotFound { searched: vec![("/a".into(), "no".into())] }));
        assert_eq!(library(&none)[0].state, State::Advice);
        assert_eq!(library(&none)[0].found, "none in /a");
    }
}
