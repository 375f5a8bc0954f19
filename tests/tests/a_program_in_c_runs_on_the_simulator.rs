//! A PVCAM program in C compiles against our header, links with the simulator in the vendor's place, and gets from it what
//! it expects; and so it does as C++. What it looks at stands in `clients/tour.c`.
#![expect(clippy::expect_used, reason = "a helper of a test that fails is a failed test")]

use std::io::Write;

use pvcam_tests::{Compiler, on_simulator, scratch};

/// Compiles the program with all warnings as errors and runs it.
fn tour(compiler: Compiler, name: &str) {
    let folder = scratch(name);
    let program = compiler.program("tour.c", &folder);
    let ran = on_simulator(&program, "tour.toml").output().expect("what was compiled runs");
    let (said, errors) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert_eq!((ran.status.code(), said.trim()), (Some(0), "toured"), "{compiler:?}: {errors}");
    std::fs::remove_dir_all(folder).expect("the folder goes");
}

#[test]
fn as_c() {
    tour(Compiler::C, "c");
}

/// Rust needs a C compiler to link, not one for C++. Where there is none this is said past the harness, which would keep it
/// to itself.
#[test]
fn as_cpp() {
    if Compiler::CPP.is_there() {
        return tour(Compiler::CPP, "c++");
    }
    let text =
        "NOT RUN: the C program as C++, for want of `c++` (on Debian and Ubuntu: apt-get install g++)\n";
    std::io::stderr().write_all(text.as_bytes()).expect("errors can be told");
}
