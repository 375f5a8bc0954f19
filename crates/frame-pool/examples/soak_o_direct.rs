//! Direct writes of frames while they are moved: none is torn with a pin, and the control without one shows torn files.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed soak")]

#[path = "../tests/support/direct.rs"]
mod direct;
#[path = "../tests/support/mod.rs"]
mod support;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use direct::DirectRig;

/// Files that are written at least with a pin, however slow the disk is, and at most without one.
const PINNED: u32 = 500;
const CONTROL: u32 = 2000;
/// A disk that takes longer for them is none.
const LONGEST: Duration = Duration::from_secs(600);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seconds = match arguments.as_slice() {
        [] => Some(60),
        [option, value] if option == "--seconds" => value.parse().ok(),
        _ => None,
    };
    let Some(time) = seconds.map(Duration::from_secs) else {
        eprintln!("usage: soak_o_direct [--seconds N]");
        return ExitCode::FAILURE;
    };
    // Beside the program, because the folder for temporary files may lie in memory.
    let program = std::env::current_exe().unwrap();
    let begun = Instant::now();
    let mut rig = match DirectRig::new(program.parent().unwrap()) {
        Ok(rig) => rig,
        Err(why) => {
            eprintln!("NOT RUN: {why}");
            return ExitCode::FAILURE;
        }
    };
    let control = rig.rounds(false, CONTROL, u32::MAX, time / 3).unwrap();
    if control.torn == 0 {
        println!(
            "control NOT SHOWN: none of {} files was torn without a pin: the disk was too quick",
            control.files
        );
    } else {
        println!("control: {} of {} files torn without a pin", control.torn, control.files);
    }
    let mut pinned = rig.rounds(true, PINNED, 1, LONGEST).unwrap();
    while begun.elapsed() < time && pinned.torn == 0 {
        let more = rig.rounds(true, PINNED, 1, time.saturating_sub(begun.elapsed())).unwrap();
        pinned.files += more.files;
        pinned.torn += more.torn;
    }
    println!("with a pin: {} of {} files torn", pinned.torn, pinned.files);
    if pinned.torn == 0 && pinned.files >= PINNED { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
