//! Whether a camera, its SDK and this machine are fit for the job: the steps of `cargo xtask hardware-test` as a library.
//!
//! [`run`] opens one camera, takes it through the steps of [`Step`], each a way in which programs use a camera, and
//! gives it its settings back. It prints nothing: what happens is told to a callback, what was found is in the [`Report`].
//!
//! What each step demands:
//!
//! * the books balance: every frame seen stands in exactly one column;
//! * each frame read is the one it says it is (the camera's own number stands in its memory), and numbers rise;
//! * nothing is lost for a reason that lies with us or with this machine;
//! * nothing is allocated between the SDK's callback and the reader, once frames flow;
//! * nothing is copied where frames are lent in place, and exactly one frame per frame elsewhere;
//! * leases that are held for long, or outlive their run, keep their address and their bytes.

mod bench;
mod cpu;
mod histogram;
mod inspect;
mod judge;
mod mailbox;
mod meter;
mod options;
mod outputs;
mod report;
mod run;
mod step;
mod steps;
mod stream;
mod tally;

pub use options::{AllocationCounter, Expectation, FRAMES, Options, Simulator, SimulatorStats};
pub use report::{About, Event, Figures, Report, Row, Spread, Verdict};
pub use run::{CheckError, run};
pub use step::{Step, UnknownStep};
