//! `cargo xtask loom`: every interleaving of the protocols of pool and bus, model by model.
//!
//! A lane must prove that it ran: the models that exist are compared with a committed list, each is run by name,
//! and one that does not end within its time fails (loom's own time limit would end it as passed).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::Value;

use crate::error::Error;
use crate::process::{capture, shown, spawn, wait_within};
use crate::workspace::{Workspace, make_folder, read};

/// The crates that have models, as `tests/loom_*.rs`, each with a list of them.
const CRATES: &[&str] = &["frame-pool", "frame-bus"];

/// Preemptions of the lane; with fewer, fewer interleavings are no failure.
const LANE: u32 = 3;

/// What `cargo xtask loom` is asked for.
#[derive(Args, Default)]
#[command(
    after_help = "Models are the tests in tests/loom_*.rs of frame-pool and frame-bus; their names stand in loom_models.txt \
beside them, so that none can be lost unseen. Those with `control_` in their name hold a mistake on purpose and must \
be caught."
)]
pub(crate) struct Options {
    /// Only models whose name contains this.
    model: Option<String>,
    /// 2 preemptions instead of 3: minutes become seconds, rare orders are missed.
    #[arg(long, conflicts_with = "preemptions")]
    quick: bool,
    /// How often a thread may be interrupted where it need not be, in one execution.
    #[arg(long, default_value_t = LANE)]
    preemptions: u32,
    /// How long one model may take; longer is a failure, in seconds.
    #[arg(long, default_value_t = 600)]
    seconds: u64,
}

impl Options {
    /// What `cargo xtask test` runs.
    pub(crate) fn for_lane() -> Options {
        Options { model: None, quick: false, preemptions: LANE, seconds: 600 }
    }

    fn bound(&self) -> u32 {
        if self.quick { 2 } else { self.preemptions }
    }
}

/// A model: one test in one test program.
struct Model {
    name: String,
    program: PathBuf,
    /// Fewer interleavings than these are too few: the model does not explore what it is for. 0: not asked.
    least: u64,
}

/// Builds and runs the models; returns what was done, in one line.
pub(crate) fn task(workspace: &Workspace, options: &Options) -> Result<String, Error> {
    let mut models = Vec::new();
    for package in CRATES {
        let mut found = models_of(workspace, package)?;
        let list = workspace.root.join(format!("crates/{package}/tests/loom_models.txt"));
        // Where there is no list yet, the comparison names all that belongs into it.
        let committed = if list.exists() { read(&list)? } else { String::new() };
        compare(&list, &committed, &found)?;
        for model in &mut found {
            model.least = least(&committed, &model.name);
        }
        models.extend(found);
    }
    let wanted =
        |model: &&Model| options.model.as_ref().is_none_or(|part| model.name.contains(part.as_str()));
    let chosen: Vec<&Model> = models.iter().filter(wanted).collect();
    if chosen.is_empty() {
        let known = models.iter().map(|model| model.name.clone()).collect();
        return Err(Error::Unknown { kind: "model", name: options.model.clone().unwrap_or_default(), known });
    }
    let scratch = workspace.target.join("loom/output");
    make_folder(&scratch)?;
    let failed = run_all(&chosen, options, &scratch);
    if failed.is_empty() {
        let controls = chosen.iter().filter(|model| model.name.contains("control_")).count();
        Ok(format!("{} models, {controls} of them controls, {} preemptions", chosen.len(), options.bound()))
    } else {
        Err(Error::Models { names: failed })
    }
}

/// Builds the test programs of a crate and asks each for its tests.
fn models_of(workspace: &Workspace, package: &str) -> Result<Vec<Model>, Error> {
    let mut command = workspace.cargo();
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    command
        .env("RUSTFLAGS", format!("{flags} --cfg pool_loom").trim_start())
        .env("CARGO_TARGET_DIR", workspace.target.join("loom"))
        .args(["test", "--no-run", "--package", package, "--profile", "loom", "--test", "loom_*"])
        .args(["--message-format", "json-render-diagnostics"]);
    let messages = capture(&mut command)?;
    let mut models = Vec::new();
    for program in programs_in(&messages) {
        let listed = capture(Command::new(&program).args(["--list", "--format", "terse"]))?;
        models.extend(tests_in(&listed).map(|name| Model { name, program: program.clone(), least: 0 }));
    }
    Ok(models)
}

/// The test programs that cargo reports as built.
fn programs_in(messages: &str) -> Vec<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).collect()
}

/// The names in the output of `--list --format terse`.
fn tests_in(listed: &str) -> impl Iterator<Item = String> {
    listed.lines().filter_map(|line| line.strip_suffix(": test").map(str::to_owned))
}

/// The models of a list, each with what stands behind its name: the least number of interleavings, if any.
fn listed(list: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| {
        line.split_once(char::is_whitespace).map_or((line, ""), |(name, rest)| (name, rest.trim()))
    })
}

/// The least number of interleavings of a model, with the preemptions of the lane.
fn least(list: &str, name: &str) -> u64 {
    listed(list).find(|(other, _)| *other == name).and_then(|(_, least)| least.parse().ok()).unwrap_or(0)
}

/// Fails unless the models are exactly those of the list, each name once.
fn compare(path: &Path, list: &str, models: &[Model]) -> Result<(), Error> {
    let mut balance: BTreeMap<&str, i32> = BTreeMap::new();
    listed(list).for_each(|(name, _)| *balance.entry(name).or_default() += 1);
    models.iter().for_each(|model| *balance.entry(&model.name).or_default() -= 1);
    let pick = |sign: i32| -> Vec<String> {
        balance.iter().filter(|(_, n)| **n * sign > 0).map(|(name, _)| (*name).to_owned()).collect()
    };
    let (missing, unlisted) = (pick(1), pick(-1));
    if missing.is_empty() && unlisted.is_empty() && !models.is_empty() {
        Ok(())
    } else {
        Err(Error::ModelList { list: path.to_owned(), missing, unlisted })
    }
}

/// Runs the models, as many at a time as there are processors; returns the names of those that failed.
fn run_all(models: &[&Model], options: &Options, scratch: &Path) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..workers.min(models.len()) {
            scope.spawn(|| {
                while let Some(model) = models.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if !run_one(model, options, scratch)
                        && let Ok(mut failed) = failed.lock()
                    {
                        failed.push(model.name.clone());
                    }
                }
            });
        }
    });
    // A worker that panicked has not finished its list, so its models must not pass.
    failed.into_inner().unwrap_or_else(|_| models.iter().map(|model| model.name.clone()).collect())
}

/// Runs one model and prints one line about it, and what it said if it failed.
fn run_one(model: &Model, options: &Options, scratch: &Path) -> bool {
    let started = Instant::now();
    // Named after the program as well: two crates may have models of one name.
    let program = model.program.file_name().unwrap_or_default().to_string_lossy();
    let output = scratch.join(format!("{program}.{}.txt", model.name.replace("::", ".")));
    let result = run_into(model, options, &output);
    let said =
        std::fs::read(&output).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let seconds = started.elapsed().as_secs_f64();
    match result {
        Ok(()) if says_passed(&said) && options.bound() >= LANE && explored(&said) < model.least => {
            let (ran, least) = (explored(&said), model.least);
            println!(
                "  FAILED  {seconds:>7.1} s  {}: {ran} interleavings, {least} at least were expected",
                model.name
            );
            false
        }
        Ok(()) if says_passed(&said) => {
            println!("  ok      {seconds:>7.1} s  {}{}", model.name, iterations(&said));
            true
        }
        result => {
            let why =
                result.err().map_or_else(|| "it did not report a passed test".to_owned(), |why| why.chain());
            println!("{said}\n  FAILED  {seconds:>7.1} s  {}: {why}", model.name);
            false
        }
    }
}

fn run_into(model: &Model, options: &Options, output: &Path) -> Result<(), Error> {
    let broken = |source| Error::File { action: "write", path: output.to_owned(), source };
    let file = std::fs::File::create(output).map_err(broken)?;
    let errors = file.try_clone().map_err(broken)?;
    let mut command = Command::new(&model.program);
    command
        .args(["--exact", &model.name, "--nocapture"])
        .env("LOOM_MAX_PREEMPTIONS", options.bound().to_string())
        .env_remove("LOOM_MAX_DURATION")
        .env_remove("LOOM_MAX_PERMUTATIONS")
        .env("LOOM_LOG", "loom::model=info")
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(errors);
    let mut child = spawn(&mut command)?;
    let status = wait_within(&mut child, &command, Duration::from_secs(options.seconds))?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::Failed { command: shown(&command), status: status.to_string() })
    }
}

/// Whether the test program says that it ran one test and that it passed.
fn says_passed(said: &str) -> bool {
    said.lines().any(|line| line.starts_with("test result: ok. 1 passed; 0 failed; 0 ignored"))
}

/// How many interleavings were run, as far as the model says.
fn explored(said: &str) -> u64 {
    let counts = said.lines().filter_map(|line| line.split_once("Completed in "));
    counts.filter_map(|(_, rest)| rest.split_once(' ')?.0.parse::<u64>().ok()).sum()
}

/// What loom says about how much it looked at; a control that is caught at once says nothing.
fn iterations(said: &str) -> String {
    let counts =
        said.lines().filter_map(|line| line.split_once("Completed in ").map(|(_, rest)| rest.trim()));
    counts.map(|count| format!("  ({count})")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn models(names: &[&str]) -> Vec<Model> {
        names
            .iter()
            .map(|name| Model { name: (*name).to_owned(), program: PathBuf::new(), least: 0 })
            .collect()
    }

    fn comparison(list: &str, names: &[&str]) -> Result<(), Error> {
        compare(Path::new("loom_models.txt"), list, &models(names))
    }

    #[test]
    fn the_models_must_be_those_of_the_list() {
        assert!(comparison("# models\na\n\nb\n", &["b", "a"]).is_ok());
        let why = comparison("a\nb\n", &["a"]).unwrap_err().to_string();
        assert!(why.contains("in the list, not in the tests: b"), "{why}");
        let why = comparison("a\n", &["a", "c"]).unwrap_err().to_string();
        assert!(why.contains("in the tests, not in the list: c"), "{why}");
    }

    #[test]
    fn the_list_says_how_much_is_to_be_explored() {
        let list = "# models\na 120\nb\n";
        assert_eq!((least(list, "a"), least(list, "b"), least(list, "c")), (120, 0, 0));
        assert!(comparison(list, &["a", "b"]).is_ok());
        assert_eq!(
            explored("INFO loom::model: Completed in 487 iterations\nx\nCompleted in 13 iterations\n"),
            500
        );
        assert_eq!(explored("nothing"), 0);
    }

    #[test]
    fn no_models_and_no_list_do_not_pass() {
        assert!(comparison("", &[]).is_err());
        assert!(comparison("a\n", &["a", "a"]).is_err());
    }

    #[test]
    fn only_a_reported_pass_is_one() {
        assert!(says_passed(
            "x\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out\n"
        ));
        assert!(!says_passed("test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 4 filtered out\n"));
        assert!(!says_passed("test result: ok. 0 passed; 0 failed; 1 ignored; 0 measured; 4 filtered out\n"));
    }

    #[test]
    fn names_and_counts_are_read() {
        let listed = "ring_full: test\nm::control_lost_wake: test\n\n2 tests, 0 benchmarks\n";
        assert_eq!(tests_in(listed).collect::<Vec<_>>(), ["ring_full", "m::control_lost_wake"]);
        assert_eq!(iterations(" INFO loom::model: Completed in 487 iterations\n"), "  (487 iterations)");
        let messages = "{\"executable\":null}\n{\"executable\":\"/t/loom_a-1\"}\n";
        assert_eq!(programs_in(messages), [PathBuf::from("/t/loom_a-1")]);
    }
}
