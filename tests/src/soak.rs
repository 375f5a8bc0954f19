//! What every soak here has in common: its command line and its end.

use std::process::ExitCode;
use std::time::Duration;

/// Runs the soak `name` for the time that `--seconds N` asks for, a minute if nothing does; says why it failed.
pub fn soak_main(name: &str, soak: impl FnOnce(Duration) -> Result<(), String>) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seconds = match arguments.as_slice() {
        [] => Some(60),
        [option, value] if option == "--seconds" => value.parse().ok(),
        _ => None,
    };
    let Some(seconds) = seconds else {
        eprintln!("usage: {name} [--seconds N]");
        return ExitCode::FAILURE;
    };
    match soak(Duration::from_secs(seconds)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
