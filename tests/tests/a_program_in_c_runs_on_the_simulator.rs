//! A PVCAM program in C compiles against our header, links with the simulator in the vendor's place, and gets from it what
//! it expects; and so it does as C++. What it looks at stands in `clients/tour.c`.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use std::io::Write;
use std::path::Path;
use std::process::Command;

use pvcam_tests::{scratch, shared_library};

/// Compiles the program with all warnings as errors and runs it.
fn tour(compiler: &str, language: &str) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = shared_library();
    let folder = scratch(language);
    let program = folder.join("tour");
    let mut compile = Command::new(compiler);
    compile.args(["-Wall", "-Wextra", "-Werror", "-Wno-deprecated-declarations", "-x", language]);
    compile.arg("-I").arg(here.join("../vendor/pvcam")).arg(here.join("clients/tour.c"));
    compile.args(["-x", "none"]).arg(library).arg("-o").arg(&program);
    let compiled = match compile.output() {
        Err(why) if why.kind() == std::io::ErrorKind::NotFound && language == "c++" => return say_not_run(),
        compiled => compiled.expect("there is a C compiler: on Debian and Ubuntu, apt-get install gcc"),
    };
    let errors = String::from_utf8_lossy(&compiled.stderr);
    assert!(compiled.status.success(), "{compiler} -x {language}:\n{errors}");

    let mut run = Command::new(&program);
    run.env("LD_LIBRARY_PATH", library.parent().expect("it lies in a folder"));
    run.env("PVCAM_SIM_CONFIG", here.join("clients/tour.toml")).env("PVCAM_VERSION", "3.10.2.5");
    let ran = run.output().expect("what was compiled runs");
    let (said, errors) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert_eq!((ran.status.code(), said.trim()), (Some(0), "toured"), "as {language}: {errors}");
    std::fs::remove_dir_all(folder).expect("the folder goes");
}

/// Rust needs a C compiler to link, not one for C++. Where there is none this is said past the harness, which would keep it
/// to itself.
fn say_not_run() {
    let text =
        "NOT RUN: the C program as C++, for want of `c++` (on Debian and Ubuntu: apt-get install g++)\n";
    std::io::stderr().write_all(text.as_bytes()).expect("errors can be told");
}

#[test]
fn as_c() {
    tour("cc", "c");
}

#[test]
fn as_cpp() {
    tour("c++", "c++");
}
