//! The run: open, step after step, settings back.

use core::time::Duration;
use std::time::Instant;

use super::bench::Bench;
use super::steps;
use super::tally::Tally;
use super::{About, Event, Options, Report, Row, Step, Verdict, outputs};
use crate::camera::{CameraSettings, OpenPolicy, Opened};
use crate::error::{OpenError, ParamError, SdkError};
use crate::sdk::Sdk;

/// How often a step is tried whose simulator is starved.
const TRIES: u32 = 3;

/// How long to wait before the second try; twice that before the third.
const PAUSE: Duration = Duration::from_secs(1);

/// Why a check could not begin. Nothing was exposed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The camera could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The settings that the camera is to get back could not be read.
    #[error("the camera's settings could not be noted: {0}")]
    Settings(#[from] ParamError),
    /// The cameras could not be listed.
    #[error(transparent)]
    Sdk(#[from] SdkError),
}

/// Checks one camera. It is opened, taken through the steps, given back the settings in which it was found, and closed.
///
/// Blocks until all is done, seconds to minutes. What happens is told to `on_event`, on the calling thread, and never
/// while frames are measured.
///
/// # Errors
/// [`CheckError`] if the camera cannot be opened. A step that fails is no error but a [`Row`] of the report.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # pvcam_sim::Control::in_process().configure(
/// #     "[[camera]]\nmodel = 'prime-bsi-usb'\nno_overwrite = 'lossy'\nscene = 'stamp'\ncatch_up = 'burst'")?;
/// # // SAFETY: the simulator's own functions, linked into this program.
/// # let sdk = pvcam::Sdk::with_api(unsafe { pvcam_sys::Api::from_lookup(pvcam_sim::lookup) }?)?;
/// use pvcam::check::{self, Event, Options, Step};
/// let mut options = Options::new("pvcamUSB_0");
/// options.steps = vec![Step::Continuous];
/// options.frames = 16;
/// options.probe = true; // It may expose a little more.
/// let report = check::run(&sdk, &options, &mut |event| {
///     if let Event::Ended(row) = event {
///         println!("{}: {:?}", row.step, row.verdict);
///     }
/// })?;
/// println!("passed: {}, {:?}", report.passed(), report.failures());
/// let continuous = report.rows.last().and_then(|row| row.figures.as_ref()).ok_or("no figures")?;
/// assert!(continuous.balanced && continuous.books.delivered >= 16);
/// assert_eq!(continuous.copied_per_frame(), 0.0, "this camera's ring honours locks");
/// # Ok(())
/// # }
/// ```
pub fn run(
    sdk: &Sdk,
    options: &Options<'_>,
    on_event: &mut dyn FnMut(Event<'_>),
) -> Result<Report, CheckError> {
    let begun = Instant::now();
    let index = sdk.cameras()?.into_iter().find(|camera| camera.name == options.camera);
    // Untouched first, to note how it was found.
    let found = sdk.open(&options.camera, OpenPolicy::Keep)?.camera.settings()?;
    let Opened { mut camera, changes } = sdk.open(&options.camera, OpenPolicy::Raw)?;
    let mut about = About::of(&camera);
    about.changes = changes.iter().map(ToString::to_string).collect();
    about.outputs = outputs::list(&mut camera);
    on_event(Event::Opened(&about));
    let mut report = Report::new(about);
    let mut bench = Bench::new(options, index.map_or(-1, |camera| camera.index), camera);
    for step in Step::ALL {
        if step == Step::Open || options.steps.contains(&step) {
            on_event(Event::Started(step));
            let since = if step == Step::Open { begun } else { Instant::now() };
            let row = run_step(&mut bench, step, since, on_event, &mut report);
            on_event(Event::Ended(&row));
            report.rows.push(row);
        }
    }
    report.not_restored = restore(&mut bench, &found).err();
    on_event(Event::Restored(report.not_restored.as_deref().map_or(Ok(()), Err)));
    Ok(report)
}

/// Runs a step, again if the simulator was starved.
fn run_step(
    bench: &mut Bench<'_>,
    step: Step,
    since: Instant,
    on_event: &mut dyn FnMut(Event<'_>),
    report: &mut Report,
) -> Row {
    let mut row = Row::new(step);
    loop {
        if bench.camera().is_none() {
            row.verdict = Verdict::NotRun("the camera was given up, see above".to_owned());
            return row;
        }
        let mut tally = Tally::new();
        steps::run(bench, step, report, &mut tally);
        row.figures = tally.figures();
        row.remarks = tally.remarks;
        row.took = since.elapsed();
        if let Some(why) = tally.skipped {
            row.verdict = Verdict::Skipped(why);
            return row;
        }
        let Some(why) = tally.starved else {
            row.verdict = verdict(tally.wrong);
            return row;
        };
        if row.tries == TRIES {
            let rest =
                if tally.wrong.is_empty() { String::new() } else { format!("; {}", tally.wrong.join("; ")) };
            row.verdict = Verdict::Failed(format!(
                "{why}, in each of {TRIES} tries: this machine is too busy for a simulated camera{rest}"
            ));
            return row;
        }
        // What keeps this machine busy may be over soon.
        std::thread::sleep(PAUSE * row.tries);
        row.tries += 1;
        on_event(Event::Repeated { step, attempt: row.tries, why: &why });
    }
}

fn verdict(wrong: Vec<String>) -> Verdict {
    if wrong.is_empty() { Verdict::Passed } else { Verdict::Failed(wrong.join("; ")) }
}

/// Gives the camera the settings in which it was found.
fn restore(bench: &mut Bench<'_>, found: &CameraSettings) -> Result<(), String> {
    let camera = bench.camera().ok_or("the camera was given up because it did not stop")?;
    camera.restore(found).map_err(|why| why.to_string())?;
    let now = camera.settings().map_err(|why| why.to_string())?;
    let different: Vec<String> = found.changes_to(&now).iter().map(ToString::to_string).collect();
    if different.is_empty() { Ok(()) } else { Err(format!("still different: {}", different.join(", "))) }
}
