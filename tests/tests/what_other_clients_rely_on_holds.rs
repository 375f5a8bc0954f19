//! What programs rely on that were written for the real library, rule by rule, from C: how stops, callbacks and buffers live
//! together (`clients/rules/threads.c`), and what single calls take, answer and leave alone (`clients/rules/values.c`).
//!
//! Each rule is tried on the simulator, and then on libraries that break it (`clients/rules/broken.c`, laid before the
//! simulator): the rule must notice each of them.
#![expect(clippy::unwrap_used, reason = "a helper of a test that fails is a failed test")]

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::OnceLock;

use pvcam_tests::{Compiler, on_simulator};

/// How a program notices.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Notices {
    /// By something that it sees.
    Wrong,
    /// By waiting in vain.
    Hangs,
}

impl Notices {
    /// How long a program waits: for long, but not for what a broken library surely never does.
    fn patience_ms(self) -> &'static str {
        match self {
            Self::Wrong => "60000",
            Self::Hangs => "2000",
        }
    }

    /// How it ends.
    fn code_and_word(self) -> (i32, &'static str) {
        match self {
            Self::Wrong => (1, "WRONG"),
            Self::Hangs => (3, "HANGS"),
        }
    }
}

use Notices::{Hangs, Wrong};

/// A rule, and the libraries that break it, by what is wrong with them.
type Rule = (&'static str, &'static [(&'static str, Notices)]);

const THREADS: &[Rule] = &[
    ("abort_inside_the_callback_of_a_ring", &[("waits for callbacks in a stop", Hangs)]),
    ("abort_inside_the_callback_of_a_sequence", &[("waits for callbacks in a stop", Hangs)]),
    ("abort_inside_the_last_callback_of_a_sequence", &[("waits for callbacks in a stop", Hangs)]),
    ("stop_while_holding_what_the_callback_wants", &[("waits for callbacks in a stop", Hangs)]),
    ("stop_again_and_again_while_holding_it", &[("waits for callbacks in a stop", Hangs)]),
    ("a_slow_callback_is_the_last_one_after_a_stop", &[("writes on after a stop", Wrong)]),
    ("the_buffer_may_go_right_after_a_stop", &[("writes on after a stop", Wrong)]),
    ("deregistering_waits_for_the_callback", &[("does not wait for callbacks", Wrong)]),
    ("closing_waits_for_the_callback", &[("does not wait for callbacks", Wrong)]),
    ("deregistering_inside_the_callback_returns", &[("waits for the callback that it is called in", Hangs)]),
    ("closing_inside_the_callback_returns", &[("waits for the callback that it is called in", Hangs)]),
    (
        "a_start_right_after_an_abort_has_its_own_frames",
        &[("calls back for old frames", Wrong), ("numbers frames on", Wrong), ("names no camera", Wrong)],
    ),
    ("the_latest_frame_in_a_callback_is_its_own", &[("gives callbacks the newest frame", Wrong)]),
    ("leaving_the_library_ends_everything", &[("leaves cameras open", Wrong)]),
    ("a_program_may_end_while_frames_stream", &[("does not stop at exit", Wrong)]),
];

const VALUES: &[Rule] = &[
    ("handles_are_indices", &[("counts handles from 1", Wrong)]),
    ("an_item_is_told_without_its_text", &[("wants room for text", Wrong)]),
    ("a_length_counts_the_null", &[("counts one byte more", Wrong)]),
    ("counts_are_32_bits_for_every_type", &[("has 64-bit counts", Wrong)]),
    ("booleans_are_16_bits", &[("has 32-bit booleans", Wrong)]),
    ("the_readout_time_has_four_bytes", &[("has the readout time of its id", Wrong)]),
    (
        "smart_lists_are_told_by_their_length",
        &[("tells whole lists", Wrong), ("tells no length of a list", Wrong)],
    ),
    ("a_smart_list_may_be_nearly_as_long_as_the_longest", &[("takes short lists only", Wrong)]),
    ("the_timestamp_is_reset_and_not_read", &[("reads what is written only", Wrong)]),
    ("what_is_not_there_leaves_outputs_alone", &[("clears outputs of refused calls", Wrong)]),
    ("legacy_modes_are_taken", &[("refuses old modes", Wrong)]),
    ("a_tiny_setup_sets_the_modes", &[("refuses no exposure", Wrong), ("keeps the old modes", Wrong)]),
    ("a_region_of_nonsense_is_refused", &[("takes any region", Wrong)]),
    (
        "frames_with_metadata_have_a_fixed_layout",
        &[("takes any region", Wrong), ("has larger headers", Wrong)],
    ),
    (
        "a_buffer_may_lie_anywhere",
        &[("takes aligned buffers only", Wrong), ("writes beside the buffer", Wrong)],
    ),
    ("unlocking_nothing_is_fine", &[("refuses to unlock nothing", Wrong)]),
    ("a_finished_sequence_stays_complete", &[("is complete once", Wrong), ("is complete for ever", Wrong)]),
    ("a_sequence_starts_again_without_finish_or_setup", &[("wants a finish before a start", Wrong)]),
    ("a_software_trigger_says_what_it_did", &[("does not say what a trigger did", Wrong)]),
    ("a_camera_can_be_described", &[("has an odd buffer", Wrong)]),
    ("the_unit_of_exposures_is_a_choice", &[("knows milliseconds only", Wrong)]),
];

/// Rules about stops, which must also hold where a stop takes its time.
const STOPS: std::ops::Range<usize> = 0..7;

struct Programs {
    threads: PathBuf,
    values: PathBuf,
    broken: PathBuf,
}

fn programs() -> &'static Programs {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rules");
        std::fs::create_dir_all(&folder).unwrap();
        Programs {
            threads: Compiler::C.program("rules/threads.c", &folder),
            values: Compiler::C.program("rules/values.c", &folder),
            broken: Compiler::C.preload("rules/broken.c", &folder),
        }
    })
}

/// Tries a rule on the simulator, or on a library that is broken in this way.
fn tried(program: &Path, rule: &str, broken: Option<&str>, how: Notices) -> Output {
    let mut command = on_simulator(program, "rules/rules.toml");
    command.arg(rule).env("RULES_PATIENCE_MS", how.patience_ms());
    if let Some(broken) = broken {
        command.env("LD_PRELOAD", &programs().broken).env("BREAK", broken);
    }
    command.output().unwrap()
}

fn kept(program: &Path, rule: &str, broken: Option<&str>) {
    let output = tried(program, rule, broken, Wrong);
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!((output.status.code(), said.trim()), (Some(0), "kept"), "{rule}: {errors}");
}

fn noticed(program: &Path, rule: &str, broken: &str, how: Notices) {
    let output = tried(program, rule, Some(broken), how);
    let errors = String::from_utf8_lossy(&output.stderr);
    let (code, word) = how.code_and_word();
    assert_eq!(output.status.code(), Some(code), "{rule} on a library that {broken}: {errors}");
    assert!(errors.starts_with(word), "{rule} on a library that {broken}: {errors}");
}

/// All of these are kept by the simulator, and by no library that breaks them; none of the program's is left out.
fn all_kept(program: &Path, rules: &[Rule]) {
    let listed = on_simulator(program, "rules/rules.toml").output().unwrap();
    let names: Vec<&str> = rules.iter().map(|(name, _)| *name).collect();
    assert_eq!(String::from_utf8_lossy(&listed.stdout).lines().collect::<Vec<_>>(), names);
    std::thread::scope(|scope| {
        for (rule, controls) in rules {
            assert!(!controls.is_empty(), "{rule} has no control");
            kept(program, rule, None);
            for (broken, how) in *controls {
                match how {
                    Wrong => noticed(program, rule, broken, *how),
                    // These sleep nearly all the time; so they may as well do it together.
                    Hangs => drop(scope.spawn(|| noticed(program, rule, broken, *how))),
                }
            }
        }
    });
}

#[test]
fn stops_callbacks_and_buffers() {
    all_kept(&programs().threads, THREADS);
}

#[test]
fn answers_of_single_calls() {
    all_kept(&programs().values, VALUES);
}

/// A library on which a stop takes 5 ms is as right as one on which it takes none.
#[test]
fn stops_that_take_their_time() {
    for (rule, _) in &THREADS[STOPS] {
        kept(&programs().threads, rule, Some("nothing, but stops slowly"));
    }
}

/// What is not broken at all is not noticed: it is the break that makes the controls fail, not the layer before the library.
#[test]
fn a_layer_that_breaks_nothing_goes_unnoticed() {
    for (program, rules) in [(&programs().threads, THREADS), (&programs().values, VALUES)] {
        for (rule, _) in rules {
            kept(program, rule, Some("nothing"));
        }
    }
}
