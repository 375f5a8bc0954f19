//! The run: find the SDK, choose the cameras, check each, show what was found.

use std::process::ExitCode;

use pvcam::CameraEntry;
use pvcam::check::{self, Expectation, Report, Step};

use super::alloc::WholeProgram;
use super::options::{Expect, VCAM};
use super::progress::Progress;
use super::refusal::Refusal;
use super::sdk::{self, Loaded};
use super::{Options, doctor, json, plan, table, vcam};
use crate::error::Error;
use crate::workspace::{Workspace, write};

/// The test could not start.
const REFUSED: u8 = 2;

/// Does what `cargo xtask hardware-test` is asked for.
pub(crate) fn task(workspace: &Workspace, options: &Options) -> Result<ExitCode, Error> {
    if options.doctor {
        return Ok(doctor::task(options.sdk.as_deref()));
    }
    let found = match sdk::find(options) {
        Ok(Some(found)) => found,
        Ok(None) => return sdk::become_simulated(workspace, options),
        Err(why) => return Ok(refused(&why.into())),
    };
    let simulated = if found.simulator.is_some() { "the simulator, " } else { "" };
    println!("PVCAM {} ({simulated}{})", sdk::version(&found.sdk), sdk::place(&found.sdk));
    if options.list {
        return Ok(list(&found).map_or_else(|why| refused(&why), |()| ExitCode::SUCCESS));
    }
    let mut reports = Vec::new();
    let done = check_all(&found, workspace, options, &mut reports);
    if !reports.is_empty() {
        show(&found, options, &reports)?;
    }
    Ok(match done {
        Err(why) => refused(&why),
        Ok(()) if virtual_camera(&found, options, &reports) && reports.iter().all(Report::passed) => {
            ExitCode::SUCCESS
        }
        Ok(()) => ExitCode::FAILURE,
    })
}

/// The step `vcam`, if it is asked for, on the first camera that was checked.
fn virtual_camera(found: &Loaded, options: &Options, reports: &[Report]) -> bool {
    if !options.steps.iter().any(|step| step == VCAM) {
        return true;
    }
    let outcome = match reports.first() {
        Some(first) if reports.iter().all(Report::passed) => {
            vcam::run(&found.sdk, &first.about.name, options.frames)
        }
        _ => vcam::Outcome::Skipped("a step before it failed".to_owned()),
    };
    println!("{outcome}");
    outcome.passed()
}

fn refused(why: &Refusal) -> ExitCode {
    eprintln!("error: {why}");
    ExitCode::from(REFUSED)
}

fn list(found: &Loaded) -> Result<(), Refusal> {
    let cameras = found.sdk.cameras()?;
    for CameraEntry { name, index, .. } in &cameras {
        println!("{index}: {name}");
    }
    println!("{} camera(s)", cameras.len());
    Ok(())
}

/// Checks the cameras that are to be checked, one after the other.
fn check_all(
    found: &Loaded,
    workspace: &Workspace,
    options: &Options,
    reports: &mut Vec<Report>,
) -> Result<(), Refusal> {
    let listed = found.sdk.cameras()?.into_iter().map(|camera| camera.name).collect();
    for name in choose(listed, options.camera.as_deref(), found.simulator.is_some())? {
        let config = found.simulator.as_ref().and_then(|simulator| simulator.config.as_deref());
        let expected = plan::expectation(workspace, config, &name);
        let asked = check_options(found, options, &name, expected);
        let mut progress = Progress::new(found.simulator.is_some());
        reports.push(check::run(&found.sdk, &asked, &mut |event| progress.tell(&event))?);
    }
    Ok(())
}

/// The cameras to check: the one that is named; of simulated ones all.
fn choose(listed: Vec<String>, named: Option<&str>, simulated: bool) -> Result<Vec<String>, Refusal> {
    match named {
        // Whether it is there, opening tells better than a list.
        Some(name) => Ok(vec![name.to_owned()]),
        None if listed.is_empty() => Err(Refusal::NoCamera),
        None if simulated => Ok(listed),
        None => Err(Refusal::NotNamed { names: listed }),
    }
}

fn check_options<'a>(
    found: &'a Loaded,
    options: &Options,
    camera: &str,
    expected: Option<Expectation>,
) -> check::Options<'a> {
    let mut asked = check::Options::new(camera);
    if !options.steps.is_empty() {
        asked.steps = options.steps.iter().filter_map(|name| name.parse::<Step>().ok()).collect();
    }
    asked.frames = options.frames;
    asked.exposure = options.exposure;
    asked.reserve = options.reserve;
    asked.probe = options.probe_ring || found.simulator.is_some();
    asked.expect = options.expect.map_or(expected, |expect| match expect {
        Expect::InPlace => Some(Expectation::InPlace),
        Expect::Copied => Some(Expectation::Copied),
    });
    asked.allocations = Some(&WholeProgram);
    asked.simulator = found.simulator.as_ref().map(|simulator| simulator as &dyn check::Simulator);
    asked
}

/// Prints the table and writes the JSON.
fn show(found: &Loaded, options: &Options, reports: &[Report]) -> Result<(), Error> {
    print!("\n{}", table::render(reports));
    if let Some(file) = &options.json {
        let run = json::Run {
            library: sdk::place(&found.sdk),
            version: found.sdk.version().ok().map(|version| version.to_string()),
            simulated: found.simulator.is_some(),
        };
        write(file, &json::render(&run, reports))?;
        println!("Written to {}.", file.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_camera_must_be_named_and_simulated_ones_need_not() {
        let listed = || vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(choose(listed(), Some("b"), false).unwrap(), ["b"]);
        assert_eq!(choose(listed(), None, true).unwrap(), ["a", "b"]);
        assert!(matches!(choose(Vec::new(), None, true), Err(Refusal::NoCamera)));
        let why = choose(listed(), None, false).unwrap_err().to_string();
        assert!(why.contains("--camera") && why.ends_with("there are: a, b"), "{why}");
    }
}
