//! `cargo xtask test`: everything that must hold before a change goes in, as named lanes.

mod acceptance;
mod arrow;
mod clients;
mod lanes;
mod table;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;

use crate::error::Error;
use crate::workspace::Workspace;

/// What `cargo xtask test` is asked for.
#[derive(Args)]
#[command(
    after_help = "The closing table names each lane, its result and what it did. A lane that cannot run on this \
machine says what is missing and fails the run, unless it is marked optional."
)]
pub(crate) struct Options {
    /// Leave out the lanes that take minutes: hardware-test, loom, real clients, other people's Arrow, soaks, AddressSanitizer.
    #[arg(long)]
    fast: bool,
    /// Go on after a lane that failed.
    #[arg(long)]
    keep_going: bool,
    /// Only this lane; may be given more than once.
    #[arg(long, value_name = "LANE")]
    only: Vec<String>,
    /// Print the lanes and what each does, run nothing.
    #[arg(long)]
    list: bool,
}

/// How a lane does its work: one line about what was done, or why it failed.
type Work = Box<dyn Fn(&Workspace) -> Result<String, Error>>;

/// One thing that is checked, by name.
pub(crate) struct Lane {
    name: String,
    /// What it checks, for the list.
    about: String,
    /// Takes minutes: left out by `--fast`.
    slow: bool,
    /// May be absent on a machine that lacks what it needs.
    optional: bool,
    work: Work,
}

/// How a lane ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Passed,
    Failed,
    /// The machine lacks something; allowed for optional lanes only.
    DidNotRun,
    /// `--fast` leaves it out.
    LeftOut,
    /// A lane before it failed.
    NotReached,
}

/// A row of the closing table.
struct Row {
    name: String,
    verdict: Verdict,
    took: Duration,
    /// What it did, or why it did not.
    remark: String,
}

/// Runs the lanes and prints the table.
pub(crate) fn task(workspace: &Workspace, options: &Options) -> Result<ExitCode, Error> {
    let lanes = choose(lanes::all(workspace), &options.only)?;
    if options.list {
        for lane in &lanes {
            println!("{:<18} {}{}", lane.name, lane.about, if lane.optional { " (optional)" } else { "" });
        }
        return Ok(ExitCode::SUCCESS);
    }
    let rows = run_lanes(workspace, &lanes, options);
    print!("{}", table::render(&rows));
    let failed: Vec<String> =
        rows.iter().filter(|row| row.verdict == Verdict::Failed).map(|row| row.name.clone()).collect();
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The lanes of these names, or all where none is named.
fn choose(lanes: Vec<Lane>, names: &[String]) -> Result<Vec<Lane>, Error> {
    if let Some(name) = names.iter().find(|name| lanes.iter().all(|lane| lane.name != **name)) {
        let known = lanes.into_iter().map(|lane| lane.name).collect();
        return Err(Error::Unknown { kind: "lane", name: name.clone(), known });
    }
    Ok(lanes.into_iter().filter(|lane| names.is_empty() || names.contains(&lane.name)).collect())
}

fn run_lanes(workspace: &Workspace, lanes: &[Lane], options: &Options) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for lane in lanes {
        let stopped = !options.keep_going && rows.iter().any(|row| row.verdict == Verdict::Failed);
        rows.push(if stopped {
            skipped(lane, Verdict::NotReached, "a lane before it failed (--keep-going runs it all the same)")
        } else if options.fast && lane.slow {
            skipped(lane, Verdict::LeftOut, "--fast leaves it out")
        } else {
            run_lane(workspace, lane)
        });
    }
    rows
}

fn skipped(lane: &Lane, verdict: Verdict, remark: &str) -> Row {
    Row { name: lane.name.clone(), verdict, took: Duration::ZERO, remark: remark.to_owned() }
}

fn run_lane(workspace: &Workspace, lane: &Lane) -> Row {
    println!("\n=== {}: {}", lane.name, lane.about);
    let started = Instant::now();
    let (verdict, remark) = judge((lane.work)(workspace), lane.optional);
    let took = started.elapsed();
    println!("=== {}: {} after {:.1} s: {remark}", lane.name, verdict.word(), took.as_secs_f64());
    Row { name: lane.name.clone(), verdict, took, remark }
}

fn judge(result: Result<String, Error>, optional: bool) -> (Verdict, String) {
    match result {
        Ok(done) => (Verdict::Passed, done),
        Err(why) if why.is_lack() && optional => (Verdict::DidNotRun, why.chain()),
        Err(why) => (Verdict::Failed, why.chain()),
    }
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::Failed => "FAILED",
            Verdict::DidNotRun => "did not run",
            Verdict::LeftOut => "left out",
            Verdict::NotReached => "not reached",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn lane(name: &str, slow: bool, work: fn() -> Result<String, Error>) -> Lane {
        let work: Work = Box::new(move |_| work());
        Lane { name: name.to_owned(), about: String::new(), slow, optional: false, work }
    }

    fn verdicts(fast: bool, keep_going: bool) -> Vec<Verdict> {
        let lanes = [
            lane("a", false, || Ok("done".to_owned())),
            lane("b", false, || Err(Error::Untidy { count: 1 })),
            lane("c", true, || Ok("done".to_owned())),
        ];
        let workspace = Workspace { root: ".".into(), target: ".".into(), metadata: Value::Null };
        let options = Options { fast, keep_going, only: Vec::new(), list: false };
        run_lanes(&workspace, &lanes, &options).iter().map(|row| row.verdict).collect()
    }

    #[test]
    fn the_first_failure_stops_the_run_unless_told() {
        assert_eq!(verdicts(false, false), [Verdict::Passed, Verdict::Failed, Verdict::NotReached]);
        assert_eq!(verdicts(false, true), [Verdict::Passed, Verdict::Failed, Verdict::Passed]);
        assert_eq!(verdicts(true, true), [Verdict::Passed, Verdict::Failed, Verdict::LeftOut]);
    }

    #[test]
    fn what_a_machine_lacks_is_forgiven_to_optional_lanes_only() {
        let lack = || Err(Error::CannotRun { what: "it", why: "no nightly".to_owned() });
        assert_eq!(judge(lack(), true), (Verdict::DidNotRun, "it cannot run here: no nightly".to_owned()));
        assert_eq!(judge(lack(), false).0, Verdict::Failed);
        assert_eq!(judge(Err(Error::Untidy { count: 2 }), true).0, Verdict::Failed);
    }

    #[test]
    fn a_lane_that_does_not_exist_is_refused() {
        let lanes = || vec![lane("a", false, || Ok(String::new())), lane("b", false, || Ok(String::new()))];
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(choose(lanes(), &names(&["b"])).unwrap().len(), 1);
        assert_eq!(choose(lanes(), &[]).unwrap().len(), 2);
        let why = choose(lanes(), &names(&["a", "c"])).err().unwrap().to_string();
        assert_eq!(why, "there is no lane `c`; there is: a, b");
    }
}
