//! The clean-room header as C and C++ compilers read it, against every number of the tables.

use std::fmt::Write;
use std::process::Output;

use crate::tables::{compile, number, scratch, table, text};

const STRICT: [&str; 6] = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-Wno-deprecated-declarations", "-c"];

/// C source that compiles only if each number and each prototype of the header is the table's.
fn source() -> String {
    let mut checks = Vec::new();
    let constants = table("constants.toml");
    for (_, group) in constants["define"].as_table().unwrap().iter().filter(|(title, _)| *title != "language")
    {
        for (name, define) in group.as_table().unwrap() {
            checks.push(format!("{name} == {}", number(define, "value")));
        }
    }
    for (name, parameter) in constants["param"].as_table().unwrap() {
        checks.push(format!("{name} == {}", number(parameter, "id")));
        if !name.contains("SMART_STREAM") {
            let parts = ["type_code", "class", "number"].map(|key| number(parameter, key));
            checks.push(format!("{name} == (({} << 24) | ({} << 16) | {})", parts[0], parts[1], parts[2]));
        }
    }
    for (name, enumeration) in constants["enum"].as_table().unwrap() {
        for member in enumeration["members"].as_array().unwrap() {
            checks.push(format!("(int){} == {}", text(member, "name"), number(member, "value")));
        }
        if name != "PV_RESULT" {
            checks.push(format!("sizeof({name}) == 4"));
        }
    }
    layout_checks(&mut checks);
    checks.extend(
        [
            "MS16_BYTE(0x1234) == 0x12 && LS16_BYTE(0x1234) == 0x34",
            "MS32_BYTE(0x12345678) == 0x12 && MH32_BYTE(0x12345678) == 0x34",
            "ML32_BYTE(0x12345678) == 0x56 && LS32_BYTE(0x12345678) == 0x78",
            "VAL_UNS16(0x12, 0xF34) == 0x1234",
            "VAL_UNS32(0xF2, 0x34, 0x56, 0x78) == 0xF2345678u",
            "VAL_INT64(0x12, 0x34, 0x56, 0x78, 0x9A, 0xBC, 0xDE, 0xF0) == 0x123456789ABCDEF0",
            "VAL_INT64(255, 255, 255, 255, 255, 255, 255, 254) == -2",
        ]
        .map(str::to_owned),
    );
    let mut out = String::from("#include <stddef.h>\n#include \"master.h\"\n#include \"pvcam.h\"\n");
    for (number, check) in checks.iter().enumerate() {
        // An array of negative size: an error in every C and C++, with the line that says which check.
        writeln!(out, "typedef char check_{number}[({check}) ? 1 : -1];").unwrap();
    }
    prototypes(&mut out);
    out
}

fn layout_checks(checks: &mut Vec<String>) {
    let structs = table("structs.toml");
    for (name, fact) in structs["struct"].as_table().unwrap() {
        checks.push(format!("sizeof({name}) == {}", number(fact, "sizeof")));
        checks.push(format!("sizeof(struct {}) == {}", text(fact, "tag"), number(fact, "sizeof")));
        for field in fact["fields"].as_array().unwrap() {
            let member = text(field, "name");
            checks.push(format!("offsetof({name}, {member}) == {}", number(field, "offset")));
            checks.push(format!("sizeof((({name} *)0)->{member}) == {}", number(field, "size")));
        }
    }
    let typedef = &structs["typedef"];
    for (name, fact) in typedef["scalar"].as_table().unwrap() {
        checks.push(format!("sizeof({name}) == {}", number(fact, "size")));
        if !name.starts_with("flt") {
            // Integers only: comparing floats is no integer constant expression.
            let sign = if fact["signed"].as_bool() == Some(true) { "<" } else { ">" };
            checks.push(format!("({name})-1 {sign} ({name})0"));
        }
    }
    for (name, _) in typedef["legacy_pointer"].as_table().unwrap() {
        checks.push(format!("sizeof({name}) == sizeof(void *)"));
    }
    for (name, fact) in typedef["function"].as_table().unwrap() {
        let star = if text(fact, "type").contains("*)") { "" } else { " *" };
        checks.push(format!("sizeof({name}{star}) == sizeof(void *)"));
    }
}

/// A pointer of the table's type to each exported function: any other prototype does not convert.
fn prototypes(out: &mut String) {
    let functions = table("functions.toml");
    let mut count = 0;
    for (name, function) in functions["function"].as_table().unwrap() {
        if function["exported_linux"].as_bool() != Some(true) {
            continue;
        }
        count += 1;
        let arguments: Vec<_> =
            function["args"].as_array().unwrap().iter().map(|arg| text(arg, "type")).collect();
        let arguments = if arguments.is_empty() { "void".to_owned() } else { arguments.join(", ") };
        writeln!(out, "{} (PV_DECL *p_{name})({arguments}) = {name};", text(function, "returns")).unwrap();
    }
    assert_eq!(count, 47);
}

fn try_source(test: &str, compiler: &str, language: &[&str], source: &str) -> Option<Output> {
    let folder = scratch(test);
    let file = folder.join("check.c");
    std::fs::write(&file, source).unwrap();
    let arguments: Vec<_> = language.iter().chain(&STRICT).copied().collect();
    let output = compile(compiler, &arguments, &file, &folder.join("check.o"));
    std::fs::remove_dir_all(folder).unwrap();
    output
}

fn accepted(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_c99_compiler_agrees_with_every_number_and_prototype() {
    accepted(&try_source("c99", "cc", &["-std=c99"], &source()).expect("a C compiler, `cc`, is needed"));
}

#[test]
fn a_cpp11_compiler_agrees_with_every_number_and_prototype() {
    // A C++ compiler is no requirement of this project.
    if let Some(output) = try_source("cpp11", "c++", &["-std=c++11", "-x", "c++"], &source()) {
        accepted(&output);
    }
}

#[test]
fn a_wrong_size_or_prototype_does_not_compile() {
    for (right, wrong) in [
        ("sizeof(FRAME_INFO) == 48", "sizeof(FRAME_INFO) == 44"),
        ("(PV_DECL *p_pl_exp_abort)(int16, int16)", "(PV_DECL *p_pl_exp_abort)(int16, uns16)"),
    ] {
        let broken = source().replace(right, wrong);
        assert_ne!(broken, source(), "{right} is checked");
        let output =
            try_source("control", "cc", &["-std=c99"], &broken).expect("a C compiler, `cc`, is needed");
        assert!(!output.status.success(), "{wrong} must not compile");
    }
}

#[test]
fn pvcam_h_alone_says_what_to_include_first() {
    let output = try_source("alone", "cc", &["-std=c99"], "#include \"pvcam.h\"\n")
        .expect("a C compiler, `cc`, is needed");
    assert!(String::from_utf8_lossy(&output.stderr).contains("include master.h before pvcam.h"));
}
