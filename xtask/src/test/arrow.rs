//! The lane of other people's Arrow: pyarrow and polars, from PyPI, on what `frame-arrow` writes and exports.

use std::process::Command;
use std::time::Duration;

use crate::error::Error;
use crate::process::{run, run_within};
use crate::workspace::{Workspace, make_folder, write};
use crate::{python, sim};

const PACKAGES: &[&str] = &[
    "pyarrow==26.0.1",
    "polars==2.1.0",
    "numpy==2.2.6; python_version < '3.14'",
    "numpy==2.3.4; python_version >= '3.14'",
];

/// Programs of the tests' package: one records, the other is a library for Python.
const EXAMPLES: &str = "build --package pvcam-tests --example record_arrow --example arrow_in_python";

/// How long one script may take.
const LIMIT: Duration = Duration::from_secs(300);

/// Compares files, streams and arrays in the same process with what the driver delivered.
pub(super) fn task(workspace: &Workspace) -> Result<String, Error> {
    let library = sim::build(workspace)?;
    run(workspace.cargo().args(EXAMPLES.split(' ')))?;
    let python = python::environment(workspace, "arrow", PACKAGES)?;
    let folder = workspace.target.join("arrow-lane");
    make_folder(&folder)?;
    let examples = workspace.target.join("debug/examples");

    let script = |name: &str| {
        let mut command = Command::new(&python);
        command.arg(workspace.root.join("tests/arrow").join(name));
        command.current_dir(&workspace.root).env("PYTHONUNBUFFERED", "1").env("PYTHONDONTWRITEBYTECODE", "1");
        command
    };
    let picture = workspace.root.join("tests/data/worms-3page-696x520-u16.tif").display().to_string();
    let scenes = [
        ("replay", format!("scene = \"replay\"\nreplay = {picture:?}")),
        ("two-regions", "scene = \"counter\"".into()),
    ];
    for (name, scene) in scenes {
        let config = folder.join(name).with_extension("toml");
        let camera = format!("[[camera]]\nmodel = \"prime-bsi-usb\"\nserial = \"SIM-ARROW\"\n{scene}\n");
        write(&config, &camera)?;
        let mut compare = script("compare.py");
        compare.arg(examples.join("record_arrow")).arg(folder.join("recordings")).arg(name);
        sim::environment(&mut compare, &library, Some(&config));
        run_within(&mut compare, LIMIT)?;
    }
    let mut in_process = script("in_process.py");
    in_process.arg(examples.join("libarrow_in_python.so")).env("PVCAM_SIM_LIB", &library.file);
    run_within(in_process.env_remove("PVCAM_SIM_CONFIG"), LIMIT)?;
    Ok(format!("{}, {}: files, streams, the C Data Interface", PACKAGES[0], PACKAGES[1]))
}
