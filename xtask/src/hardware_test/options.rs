//! What `cargo xtask hardware-test` is asked for.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};

use super::{exposure, help};

/// The steps by name, in the order in which they run; `pvcam::check::Step` has them.
pub(super) const STEPS: [&str; 9] =
    ["open", "snap", "sequence", "continuous", "slow-reader", "no-rescue", "readers", "rearm", "leases-out"];

/// The step that is not the driver's, and runs only when it is asked for: it needs a virtual camera.
pub(super) const VCAM: &str = "vcam";

/// Fewest frames of a step: half of them are warm-up then.
const FEWEST_FRAMES: i64 = 16;

/// The command line.
#[derive(Args, Debug)]
#[command(after_help = help::SHORT, after_long_help = help::LONG)]
pub(crate) struct Options {
    /// The SDK's library, or the folder that holds it. Otherwise PVCAM_LIBRARY and the usual places are searched.
    #[arg(long, value_name = "PATH")]
    pub(super) sdk: Option<PathBuf>,
    /// Use simulated cameras, even if an SDK is installed.
    #[arg(long, conflicts_with = "sdk")]
    pub(super) simulator: bool,
    /// The camera to test. A real one must be named, because it will expose; of simulated ones all are tested.
    #[arg(long, value_name = "NAME")]
    pub(super) camera: Option<String>,
    /// Frames that each streaming step reads (slow-reader: 256 at least).
    #[arg(long, value_name = "N", default_value_t = 100,
          value_parser = clap::value_parser!(u32).range(FEWEST_FRAMES..=1_000_000))]
    pub(super) frames: u32,
    /// Exposure time of a frame, for example 800us, 10ms, 1.5s. Otherwise 1 ms, so that the camera runs at its full rate.
    #[arg(long, value_name = "TIME", value_parser = exposure::parse)]
    pub(super) exposure: Option<Duration>,
    /// Only these steps, separated by commas; `open` always runs.
    #[arg(long, value_name = "STEP", value_delimiter = ',', value_parser = PossibleValuesParser::new(STEPS.into_iter().chain([VCAM])))]
    pub(super) steps: Vec<String>,
    /// Fail unless continuous steps deliver frames in this way. Otherwise either is right.
    #[arg(long, value_enum, value_name = "WAY")]
    pub(super) expect: Option<Expect>,
    /// Blocks of the reserve in the step slow-reader; it fails if they are too few for the frames that are held. Otherwise enough.
    #[arg(long, value_name = "N")]
    pub(super) reserve: Option<u32>,
    /// Probe whether the ring of a real camera honours locks. It fills the ring on purpose and exposes all the while.
    #[arg(long)]
    pub(super) probe_ring: bool,
    /// Write everything that was found to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
    /// List the cameras and do nothing else.
    #[arg(long, conflicts_with = "doctor")]
    pub(super) list: bool,
    /// Look at what the SDK and the frame memory need of this machine, with the cure for what is missing; open no camera.
    #[arg(long, conflicts_with = "simulator")]
    pub(super) doctor: bool,
}

/// How frames of continuous steps are to be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Expect {
    /// Where the camera wrote them: no copy.
    InPlace,
    /// By one validated copy.
    Copied,
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn parsed(line: &str) -> Result<Options, clap::Error> {
        let words = ["hardware-test"].into_iter().chain(line.split_whitespace());
        Line::try_parse_from(words).map(|line| line.options)
    }

    #[test]
    fn a_full_command_line_is_understood() {
        let options =
            parsed("--camera c --frames 50 --exposure 2ms --steps snap,readers --expect in-place").unwrap();
        assert_eq!(options.exposure, Some(Duration::from_millis(2)));
        assert_eq!(options.steps, ["snap", "readers"]);
        assert_eq!(parsed("--steps vcam").unwrap().steps, [VCAM]);
        assert_eq!((options.frames, options.expect), (50, Some(Expect::InPlace)));
        assert_eq!(parsed("").unwrap().frames, 100);
    }

    #[test]
    fn wrong_input_is_refused_with_what_is_allowed() {
        for (line, told) in [
            ("--steps snap,snip", "leases-out"),
            ("--frames 3", "16"),
            ("--exposure 10", "10ms"),
            ("--expect maybe", "in-place"),
            ("--simulator --sdk x", "cannot be used with"),
        ] {
            let why = parsed(line).unwrap_err().to_string();
            assert!(why.contains(told), "{line}: {why}");
        }
    }

    #[cfg(feature = "hardware-test")]
    #[test]
    fn the_steps_are_those_of_the_driver() {
        assert_eq!(STEPS, pvcam::check::Step::ALL.map(pvcam::check::Step::name));
    }
}
