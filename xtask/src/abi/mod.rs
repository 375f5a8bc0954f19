//! `cargo xtask abi`: every number and every signature of the C interface, in all the places where it is written down.
//!
//! The fact tables are what was measured; header, Rust bindings and the simulator's numbers are made from them, and committed.
//! `cargo xtask bindings --check` compares texts that one generator wrote. This task believes no generator: it reads
//! what each file says to a compiler, computes sizes and offsets itself, and compares meanings. So a mistake of the
//! generator is seen as well as a change made by hand, and each difference is told by its name. The simulator's functions,
//! structs and symbol versions are written by hand; they are compared as the machine sees them.

mod facts;
mod header;
mod interface;
mod layout;
mod machine;
mod rust;
mod simulator;

use std::path::{Path, PathBuf};

use interface::{Interface, Kind};

/// The files that are compared, relative to the workspace root.
const TABLES: &str = "vendor/pvcam";
const HEADERS: [&str; 2] = ["vendor/pvcam/master.h", "vendor/pvcam/pvcam.h"];
const TYPES: [&str; 2] = [
    "crates/pvcam-sys/src/bindings/x86_64_unknown_linux_gnu.rs",
    "crates/pvcam-sys/src/bindings/x86_64_pc_windows_msvc.rs",
];
const FUNCTIONS: &str = "crates/pvcam-sys/src/bindings/api.rs";
const ERRORS: &str = "crates/pvcam-sys/src/bindings/errors.rs";
const SIMULATOR: &str = "crates/pvcam-sim/src/abi/constants.rs";

/// Why the interface could not be compared, or is not the same everywhere.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// A file could not be read.
    #[error("cannot read {}: {problem}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        problem: String,
    },
    /// A file says something that this task does not understand.
    #[error("{file}: {problem}")]
    Unreadable {
        /// Which file.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// The places disagree.
    #[error("{} difference(s) in the C interface:\n{}", differences.len(), differences.join("\n"))]
    Different {
        /// One line each: file, name, what both sides say.
        differences: Vec<String>,
    },
}

type Result<T, E = Error> = std::result::Result<T, E>;

/// Compares everything under `root`; returns a line with the counts.
pub(crate) fn run(root: &Path) -> Result<String> {
    let facts = facts::read(&root.join(TABLES))?;
    let mut differences = facts::contradictions(&root.join(TABLES))?;
    differences.extend(of_simulator(root, &facts)?);
    for (file, found, kinds) in places(root)? {
        for kind in kinds {
            differences.extend(compare(&file, kind, &facts, &found));
        }
    }
    if differences.is_empty() {
        let counts: Vec<String> =
            Kind::ALL.iter().map(|kind| format!("{} {}", facts.of(*kind).len(), kind.plural())).collect();
        return Ok(counts.join(", "));
    }
    differences.sort();
    Err(Error::Different { differences })
}

/// Where the simulator is not the library that the tables describe, or contradicts itself.
fn of_simulator(root: &Path, facts: &Interface) -> Result<Vec<String>> {
    let (found, mut differences) = simulator::read(root)?;
    for (file, kind) in [
        (simulator::FUNCTIONS, Kind::Export),
        (simulator::VERSIONS, Kind::Version),
        (simulator::STRUCTS, Kind::Memory),
    ] {
        differences.extend(compare(file, kind, facts, &found));
    }
    Ok(differences)
}

type Place = (String, Interface, Vec<Kind>);

/// What each file says, and which kinds of facts it must know.
fn places(root: &Path) -> Result<Vec<Place>> {
    use Kind::{Callback, Constant, Error as Code, Field, Function, Pointer, Scalar, Struct};
    let read = |file: &str| {
        let path = root.join(file);
        std::fs::read_to_string(&path).map_err(|e| Error::Read { path, problem: e.to_string() })
    };
    let [master, pvcam] = HEADERS;
    let text = read(master)? + &read(pvcam)?;
    let of_header = vec![Constant, Scalar, Pointer, Struct, Field, Function, Callback];
    let mut all = vec![("vendor/pvcam/*.h".to_owned(), header::read(pvcam, &text)?, of_header)];
    for file in TYPES {
        let kinds = vec![Constant, Scalar, Struct, Field, Callback];
        all.push((file.to_owned(), rust::types(file, &read(file)?)?, kinds));
    }
    all.push((FUNCTIONS.to_owned(), rust::functions(FUNCTIONS, &read(FUNCTIONS)?)?, vec![Function]));
    all.push((ERRORS.to_owned(), rust::constants(ERRORS, &read(ERRORS)?)?, vec![Code]));
    let simulator = rust::constants(SIMULATOR, &read(SIMULATOR)?)?;
    all.push((SIMULATOR.to_owned(), simulator, vec![Constant, Code]));
    Ok(all)
}

/// One line for each fact that the place lacks, has besides, or tells otherwise.
fn compare(file: &str, kind: Kind, facts: &Interface, found: &Interface) -> Vec<String> {
    let (wanted, found) = (facts.of(kind), found.of(kind));
    let told = |name: &String| match (wanted.get(name), found.get(name)) {
        (Some(fact), Some(here)) if fact == here => None,
        (Some(fact), Some(here)) => Some(format!("{file}: {name}: {here}; the tables say {fact}")),
        (Some(_), None) => Some(format!("{file}: {name}: missing")),
        (None, here) => here.map(|here| format!("{file}: {name}: {here}; the tables know no such {kind}")),
    };
    // The simulator's constants and error codes stand in one file; what belongs to the other kind is no surplus.
    let both = file == SIMULATOR;
    let surplus = found.keys().filter(|name| !wanted.contains_key(*name) && !both);
    wanted.keys().chain(surplus).filter_map(told).collect()
}

#[cfg(test)]
mod tests;
