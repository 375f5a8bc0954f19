//! `cargo xtask soak`: what takes longer than a test may, by name.
//!
//! A soak is a program of any crate here (`examples/soak_NAME.rs` or `src/bin/soak_NAME.rs`) that takes `--seconds N` and exits
//! with 0 when all went well. It is found by its file name: there is no list to keep.

use std::path::Path;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::Value;

use crate::error::Error;
use crate::process::run;
use crate::sim;
use crate::workspace::Workspace;

/// How long a soak runs when nobody says.
const SECONDS: u32 = 60;

/// What `cargo xtask soak` is asked for.
#[derive(Args)]
pub(crate) struct Options {
    /// Which one; without a name they are listed.
    name: Option<String>,
    /// How long it runs.
    #[arg(long, default_value_t = SECONDS)]
    seconds: u32,
}

/// How a soak is built.
#[derive(Clone, Copy)]
pub(crate) enum Build {
    /// As its users run it.
    Release,
    /// As the tests are, with their assertions: there already, so that a short run costs its time and no build.
    AsTests,
}

/// A soak: its name and how cargo selects its program.
pub(crate) struct Soak {
    /// What stands after `soak_`, written with hyphens.
    pub(crate) name: String,
    package: String,
    selector: &'static str,
    target: String,
    about: String,
}

/// Runs one soak, or lists them.
pub(crate) fn task(workspace: &Workspace, options: &Options) -> Result<(), Error> {
    let soaks = soaks(workspace);
    let Some(name) = &options.name else {
        if soaks.is_empty() {
            println!("No soaks yet: add examples/soak_NAME.rs to a crate, a program that takes --seconds N.");
        }
        for soak in soaks {
            println!("{:<24} {}", soak.name, soak.about);
        }
        return Ok(());
    };
    match soaks.iter().find(|soak| soak.name == *name) {
        Some(soak) => run_one(workspace, soak, options.seconds, Build::Release),
        None => {
            let known = soaks.into_iter().map(|soak| soak.name).collect();
            Err(Error::Unknown { kind: "soak", name: name.clone(), known })
        }
    }
}

/// Runs one soak on the simulator.
pub(crate) fn run_one(workspace: &Workspace, soak: &Soak, seconds: u32, build: Build) -> Result<(), Error> {
    let library = sim::build(workspace)?;
    let mut command = workspace.cargo();
    command.arg("run");
    if matches!(build, Build::Release) {
        command.arg("--release");
    }
    command.args(["--package", &soak.package, soak.selector, &soak.target]);
    command.args(["--", "--seconds", &seconds.to_string()]).env("PVCAM_SIM_LIB", library.file);
    let started = Instant::now();
    run(&mut command)?;
    long_enough(soak, started.elapsed(), seconds)
}

/// A soak that ends early has not soaked, whatever its exit code says.
fn long_enough(soak: &Soak, took: Duration, seconds: u32) -> Result<(), Error> {
    if took >= Duration::from_secs(seconds.into()) {
        Ok(())
    } else {
        let asked = format!("soak {} ended after {:.1} s of {seconds} s", soak.name, took.as_secs_f64());
        Err(Error::Nothing(asked))
    }
}

/// The soaks that there are, by name.
pub(crate) fn soaks(workspace: &Workspace) -> Vec<Soak> {
    let mut found = soaks_in(&workspace.metadata);
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn soaks_in(metadata: &Value) -> Vec<Soak> {
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    packages.iter().flat_map(soaks_of).collect()
}

fn soaks_of(package: &Value) -> impl Iterator<Item = Soak> {
    let targets = package["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
    targets.iter().filter_map(|target| {
        let program = target["name"].as_str()?;
        let name = program.strip_prefix("soak_")?.replace('_', "-");
        let selector = match target["kind"][0].as_str()? {
            "bin" => "--bin",
            "example" => "--example",
            _ => return None,
        };
        let about =
            target["src_path"].as_str().map(|path| first_doc_line(Path::new(path))).unwrap_or_default();
        let package = package["name"].as_str()?.to_owned();
        Some(Soak { name, package, selector, target: program.to_owned(), about })
    })
}

/// The first line of a file's `//!`, to tell what it is.
fn first_doc_line(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().find_map(|line| line.strip_prefix("//!")).unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn soaks_are_found_by_their_file_name() {
        let target =
            |name: &str, kind: &str| json!({ "name": name, "kind": [kind], "src_path": "no/such.rs" });
        let metadata = json!({ "packages": [
            { "name": "pvcam", "targets": [target("soak_two_words", "bin")] },
            { "name": "pvcam-tests", "targets": [
                target("soak_leases", "example"), target("other", "example"), target("soak_a_test", "test"),
            ]},
        ]});
        let found: Vec<_> = soaks_in(&metadata)
            .into_iter()
            .map(|soak| [soak.name.as_str(), &soak.package, soak.selector, &soak.target].join(" "))
            .collect();
        assert_eq!(
            found,
            ["two-words pvcam --bin soak_two_words", "leases pvcam-tests --example soak_leases"]
        );
        assert!(soaks_in(&json!({ "packages": [] })).is_empty());
    }

    #[test]
    fn a_soak_that_ends_early_fails() {
        let text = String::new;
        let soak = Soak {
            name: "leases".to_owned(),
            package: text(),
            selector: "--bin",
            target: text(),
            about: text(),
        };
        assert!(long_enough(&soak, Duration::from_secs(21), 20).is_ok());
        let why = long_enough(&soak, Duration::from_secs(3), 20).unwrap_err().to_string();
        assert_eq!(why, "proves nothing: soak leases ended after 3.0 s of 20 s");
    }
}
