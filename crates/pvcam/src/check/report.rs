//! What the check found.

use core::time::Duration;

use frame_pool::Books;

use super::Step;
use super::histogram::Histogram;

/// What is told while the check runs. No event comes while frames are measured.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The camera is open: its name, product and serial number, and what opening changed.
    Opened(&'a About),
    /// A step begins.
    Started(Step),
    /// A step is repeated, because the simulator was starved by other programs.
    Repeated {
        /// The step.
        step: Step,
        /// The try that begins, from 2.
        attempt: u32,
        /// What was wrong with the one before.
        why: &'a str,
    },
    /// A step has ended.
    Ended(&'a Row),
    /// The camera's settings have been put back, or why not.
    Restored(Result<(), &'a str>),
}

/// The camera, as far as it matters to a reader of the report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct About {
    /// Name in the SDK's list.
    pub name: String,
    /// Product name.
    pub product: String,
    /// Serial number.
    pub serial: String,
    /// Firmware version, as the camera says it; empty if it does not.
    pub firmware: String,
    /// Interface, as the camera says it; empty if it does not.
    pub interface: String,
    /// Columns and rows of the sensor.
    pub sensor: (u16, u16),
    /// What opening changed, one line per setting.
    pub changes: Vec<String>,
    /// Outputs of the camera that may fire when it exposes.
    pub outputs: Vec<String>,
}

/// Everything that the check found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// The camera.
    pub about: About,
    /// What probing the ring gave; `None` if it was not probed.
    pub ring: Option<String>,
    /// One row per step asked for.
    pub rows: Vec<Row>,
    /// Why the camera's settings could not be put back; `None` if they were.
    pub not_restored: Option<String>,
}

impl Report {
    /// A report without rows.
    #[must_use]
    pub fn new(about: About) -> Self {
        Self { about, ring: None, rows: Vec::new(), not_restored: None }
    }

    /// Whether no step failed and the settings are back.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures().is_empty()
    }

    /// What failed, one line each: the step and its reason.
    #[must_use]
    pub fn failures(&self) -> Vec<String> {
        let steps = self.rows.iter().filter_map(|row| match &row.verdict {
            Verdict::Passed | Verdict::Skipped(_) => None,
            Verdict::Failed(why) => Some(format!("{}: {why}", row.step)),
            Verdict::NotRun(why) => Some(format!("{}: did not run: {why}", row.step)),
        });
        let restored = self.not_restored.iter().map(|why| format!("settings were not put back: {why}"));
        steps.chain(restored).collect()
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Row {
    /// Which.
    pub step: Step,
    /// How it ended.
    pub verdict: Verdict,
    /// What is worth knowing, pass or fail.
    pub remarks: Vec<String>,
    /// How often it ran; more than once only if the simulator was starved.
    pub tries: u32,
    /// How long it took, repetitions included.
    pub took: Duration,
    /// The figures; `None` for a step that moved no frames.
    pub figures: Option<Figures>,
}

impl Row {
    /// A step that ran once, passed, and moved no frames.
    #[must_use]
    pub fn new(step: Step) -> Self {
        Self {
            step,
            verdict: Verdict::Passed,
            remarks: Vec::new(),
            tries: 1,
            took: Duration::ZERO,
            figures: None,
        }
    }
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All was right.
    Passed,
    /// Something was not; the reason.
    Failed(String),
    /// It could not run; the reason. That counts as a failure.
    NotRun(String),
    /// It has no meaning on this camera; the reason. That is no failure.
    Skipped(String),
}

/// The figures of a step, all its runs together.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Figures {
    /// Where every frame went.
    pub books: Books,
    /// Whether the books of each run balanced.
    pub balanced: bool,
    /// Bytes of one frame, metadata included.
    pub frame_bytes: u64,
    /// Frames per second that the camera promises with these settings.
    pub fps_asked: f64,
    /// Frames per second seen, from the arrival of the first frame read to that of the last.
    pub fps_got: Option<f64>,
    /// Frames read while allocations and CPU time were counted: those after the warm-up.
    pub measured: u64,
    /// Allocations while they were read; `None` if nobody counted.
    pub allocations: Option<u64>,
    /// CPU time used while they were read, without the simulator's; `None` if the system does not tell.
    pub cpu: Option<Duration>,
    /// Time spent in our callback on the SDK's thread; `None` if it was not measured.
    pub callback: Option<Spread>,
    /// From the end-of-frame callback until a reader has the frame.
    pub latency: Option<Spread>,
}

impl Figures {
    /// Bytes copied per frame delivered.
    #[must_use]
    pub fn copied_per_frame(&self) -> f64 {
        per(self.books.copied_bytes as f64, self.books.delivered).unwrap_or(0.0)
    }

    /// Allocations per frame measured.
    #[must_use]
    pub fn allocations_per_frame(&self) -> Option<f64> {
        per(self.allocations? as f64, self.measured)
    }

    /// CPU time per frame measured.
    #[must_use]
    pub fn cpu_per_frame(&self) -> Option<Duration> {
        per(self.cpu?.as_secs_f64(), self.measured).map(Duration::from_secs_f64)
    }
}

fn per(amount: f64, frames: u64) -> Option<f64> {
    (frames > 0).then(|| amount / frames as f64)
}

/// A distribution of times in two figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// Half of all were no longer than this.
    pub p50: Duration,
    /// 99 of 100 were no longer than this.
    pub p99: Duration,
}

impl Spread {
    /// The two figures of a histogram; `None` of an empty one.
    pub(super) fn of(times: &Histogram) -> Option<Self> {
        Some(Self { p50: times.quantile(0.5)?, p99: times.quantile(0.99)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(step: Step, verdict: Verdict) -> Row {
        Row { verdict, ..Row::new(step) }
    }

    #[test]
    fn failures_name_the_step_and_its_reason() {
        let mut report = Report::new(About::default());
        report.rows = vec![
            row(Step::Open, Verdict::Passed),
            row(Step::Snap, Verdict::Failed("no frame".to_owned())),
            row(Step::Sequence, Verdict::NotRun("the camera is gone".to_owned())),
            row(Step::NoRescue, Verdict::Skipped("a real camera".to_owned())),
        ];
        assert_eq!(report.failures(), ["snap: no frame", "sequence: did not run: the camera is gone"]);
        report.rows.truncate(1);
        assert!(report.passed());
        report.not_restored = Some("refused".to_owned());
        assert_eq!(report.failures(), ["settings were not put back: refused"]);
    }

    #[test]
    fn per_frame_figures_need_frames() {
        let mut figures =
            Figures { allocations: Some(3), cpu: Some(Duration::from_millis(4)), ..Figures::default() };
        figures.books.copied_bytes = 30;
        assert_eq!((figures.allocations_per_frame(), figures.cpu_per_frame()), (None, None));
        figures.measured = 2;
        figures.books.delivered = 3;
        assert_eq!(figures.copied_per_frame(), 10.0);
        assert_eq!(figures.allocations_per_frame(), Some(1.5));
        assert_eq!(figures.cpu_per_frame(), Some(Duration::from_millis(2)));
    }
}
