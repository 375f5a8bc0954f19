//! `master.h` and `pvcam.h` from the tables: the C side of the same facts.
//!
//! No system header is included. The fixed-width types come from plain C types whose sizes the tables give, so that a
//! libclang without its builtin headers can read the file, and a C program pays for nothing.

use std::fmt::Write;

use super::sentence;
use super::tables::{Alias, Constant, Enumeration, Function, Structure, Tables};

const MASTER_HEAD: &str = r#"#ifndef _MASTER_H
#define _MASTER_H

/* Calling convention of every function and callback, and the mark of what is kept for old programs only. */
#if defined(_WIN32)
#define PV_DECL __stdcall
#define DEPRECATED __declspec(deprecated)
#else
#define PV_DECL
#define DEPRECATED __attribute__((deprecated))
#endif

#define PV_PTR_DECL *

/* Set for C++, where the functions need C linkage. */
#ifdef __cplusplus
#define PV_C_PLUS_PLUS
#endif
"#;

const MACRO_FUNCTIONS: &str = r#"
/* Single bytes of 16-bit and 32-bit values, most significant byte first. */
#define MS16_BYTE(v) ((uns8)((uns16)(v) >> 8))
#define LS16_BYTE(v) ((uns8)((uns16)(v) & 0xFFu))
#define MS32_BYTE(v) ((uns8)((uns32)(v) >> 24))
#define MH32_BYTE(v) ((uns8)(((uns32)(v) >> 16) & 0xFFu))
#define ML32_BYTE(v) ((uns8)(((uns32)(v) >> 8) & 0xFFu))
#define LS32_BYTE(v) ((uns8)((uns32)(v) & 0xFFu))

/* Values put together from bytes, most significant byte first. */
#define VAL_UNS16(b1, b0) (((uns16)(uns8)(b1) << 8) | (uns16)(uns8)(b0))
#define VAL_UNS32(b3, b2, b1, b0) \
    (((uns32)(uns8)(b3) << 24) | ((uns32)(uns8)(b2) << 16) | ((uns32)(uns8)(b1) << 8) | (uns32)(uns8)(b0))
#define VAL_INT64(b7, b6, b5, b4, b3, b2, b1, b0) \
    ((long64)(((ulong64)VAL_UNS32(b7, b6, b5, b4) << 32) | (ulong64)VAL_UNS32(b3, b2, b1, b0)))
"#;

/// `master.h`: platform switches, scalar types, results, byte macros.
pub(crate) fn master(tables: &Tables) -> String {
    let mut out = banner(tables, "master.h: types and switches; include it before pvcam.h.");
    out.push_str(MASTER_HEAD);
    out.push_str("\n/* Fixed-width types. */\n");
    for scalar in &tables.scalars {
        let line = |c_type: &str| format!("typedef {c_type} {};\n", scalar.name);
        match &scalar.c_type_msvc {
            Some(msvc) => {
                let _ = write!(out, "#if defined(_MSC_VER)\n{}#else\n", line(msvc));
                let _ = writeln!(out, "{}#endif", line(&scalar.c_type));
            }
            None => out.push_str(&line(&scalar.c_type)),
        }
    }
    out.push_str("\n/* Pointer names of old programs. */\n");
    pointers(&mut out, tables, false);
    for enumeration in tables.enumerations.iter().filter(|e| e.in_master) {
        enumeration_text(&mut out, enumeration);
    }
    for group in tables.defines.iter().filter(|group| group.title == "booleans") {
        for constant in &group.constants {
            let _ =
                write!(out, "\n{}#ifndef {1}\n", comment(&sentence(&constant.meaning), ""), constant.name);
            let _ = write!(out, "#define {} {}\n#endif\n", constant.name, constant.value);
        }
    }
    out.push_str(MACRO_FUNCTIONS);
    out.push_str("\n#endif /* _MASTER_H */\n");
    out
}

/// `pvcam.h`: constants, structs, callback types and the functions that the Linux library exports.
pub(crate) fn pvcam(tables: &Tables) -> String {
    let mut out = banner(tables, "pvcam.h: constants, structs and functions; needs master.h before it.");
    out.push_str("#ifndef _PVCAM_H\n#define _PVCAM_H\n\n#ifndef _MASTER_H\n");
    out.push_str("#error \"include master.h before pvcam.h\"\n#endif\n");
    for group in tables.defines.iter().filter(|group| group.title != "booleans") {
        let _ = write!(out, "\n/* ---- {} ---- */\n\n", group.title);
        for constant in &group.constants {
            define(&mut out, constant, "", &constant.value.to_string());
        }
    }
    out.push_str("\n/* ---- enumerations ---- */\n");
    for enumeration in tables.enumerations.iter().filter(|e| !e.in_master) {
        enumeration_text(&mut out, enumeration);
    }
    out.push_str("\n/* ---- parameter ids: type code << 24 | class << 16 | number ---- */\n\n");
    for parameter in &tables.parameters {
        define(
            &mut out,
            &parameter.constant,
            &parameter.facts,
            &format!("0x{:08X}", parameter.constant.value),
        );
    }
    out.push_str("\n/* ---- structs ---- */\n");
    structures(&mut out, &tables.structures);
    out.push_str("\n/* Pointer names of old programs. */\n");
    pointers(&mut out, tables, true);
    for alias in tables.function_types.iter().filter(|alias| !alias.callback) {
        function_type(&mut out, alias);
    }
    out.push_str("\n#ifndef PV_EMBEDDED\n\n/* ---- callbacks ---- */\n");
    for alias in tables.function_types.iter().filter(|alias| alias.callback) {
        function_type(&mut out, alias);
    }
    out.push_str("\n/* ---- functions: what the Linux library exports ---- */\n");
    out.push_str("\n#ifdef PV_C_PLUS_PLUS\nextern \"C\" {\n#endif\n");
    for function in &tables.functions {
        declaration(&mut out, function);
    }
    out.push_str("\n#ifdef PV_C_PLUS_PLUS\n}\n#endif\n\n#endif /* PV_EMBEDDED */\n\n#endif /* _PVCAM_H */\n");
    out
}

fn banner(tables: &Tables, title: &str) -> String {
    let text = format!(
        "{title} @generated by `cargo xtask bindings` from the fact tables in this folder (SDK {}); do not edit. \
         Own words throughout, no vendor text: see PROVENANCE.md. MIT OR Apache-2.0.",
        tables.sdk_version
    );
    format!("{}\n", comment(&text, ""))
}

fn define(out: &mut String, constant: &Constant, facts: &str, value: &str) {
    let text = super::constants::document(constant, facts);
    let _ = writeln!(out, "{}#define {} {value}", comment(&text, ""), constant.name);
}

fn enumeration_text(out: &mut String, enumeration: &Enumeration) {
    let text = format!("{} Used with {}", sentence(&enumeration.meaning), sentence(&enumeration.used_with));
    let name = if enumeration.anonymous { "" } else { &enumeration.name };
    let (open, close) = match name {
        "" => ("enum".to_owned(), ";".to_owned()),
        name => (format!("typedef enum {name}"), format!(" {name};")),
    };
    let _ = write!(out, "\n{}{open}\n{{\n", comment(&text, ""));
    let last = enumeration.members.len().saturating_sub(1);
    for (position, member) in enumeration.members.iter().enumerate() {
        let comma = if position == last { "" } else { "," };
        let text = super::constants::document(member, "");
        let _ = writeln!(out, "{}    {} = {}{comma}", comment(&text, "    "), member.name, member.value);
    }
    let _ = writeln!(out, "}}{close}");
}

/// Structs in table order; packed ones, which stand together, inside one pack region.
fn structures(out: &mut String, all: &[Structure]) {
    let mut packed = false;
    for structure in all {
        if structure.packed != packed {
            packed = structure.packed;
            let pragma = if packed { "#pragma pack(push)\n#pragma pack(1)\n" } else { "#pragma pack(pop)\n" };
            let _ = write!(out, "\n{pragma}");
        }
        let text = sentence(&structure.meaning);
        let _ = write!(out, "\n{}typedef struct {}\n{{\n", comment(&text, ""), structure.tag);
        for field in &structure.fields {
            let (base, extent) = match field.c_type.split_once('[') {
                Some((base, extent)) => (base.trim_end(), format!("[{extent}")),
                None => (field.c_type.as_str(), String::new()),
            };
            let space = if base.ends_with('*') { "" } else { " " };
            let text = comment(&sentence(&field.meaning), "    ");
            let _ = writeln!(out, "{text}    {base}{space}{}{extent};", field.name);
        }
        let _ = writeln!(out, "}} {};", structure.name);
    }
    if packed {
        out.push_str("\n#pragma pack(pop)\n");
    }
}

/// Legacy pointer names; those of structs stand in `pvcam.h`, all others in `master.h`.
fn pointers(out: &mut String, tables: &Tables, of_structs: bool) {
    for alias in &tables.pointers {
        let base = alias.c_type.trim_start_matches("const ").trim_end_matches([' ', '*']);
        if tables.structures.iter().any(|structure| structure.name == base) == of_structs {
            let _ = writeln!(out, "typedef {}{};", alias.c_type, alias.name);
        }
    }
}

fn function_type(out: &mut String, alias: &Alias) {
    let text = match &alias.used_by {
        Some(function) => format!("Callback of {function}."),
        None => "Hook of old scripted acquisitions; no exported function takes it.".to_owned(),
    };
    // "void (PV_DECL *)(...)" names a pointer, "int16 (...)" a function: the new name goes to a different place.
    let declarator = match alias.c_type.split_once("*)") {
        Some((head, tail)) => format!("{head}*{}){tail}", alias.name),
        None => alias.c_type.replacen(" (", &format!(" {}(", alias.name), 1),
    };
    let _ = write!(out, "\n{}typedef {declarator};\n", comment(&text, ""));
}

fn declaration(out: &mut String, function: &Function) {
    let text = function_document(function);
    let mark = if function.deprecated { "DEPRECATED " } else { "" };
    let _ = write!(out, "\n{}{mark}{}\n", comment(&text, ""), function.declaration);
}

/// What a function's documentation says, in C and in Rust.
pub(crate) fn function_document(function: &Function) -> String {
    let mut text = sentence(&function.meaning);
    if !function.arguments.is_empty() {
        let _ = write!(text, " Arguments: {}.", function.arguments);
    }
    let _ = write!(text, " Symbol version `{}`.", function.elf_version);
    if function.deprecated {
        text.push_str(" Kept for old programs.");
    }
    text
}

/// A C comment of at most 110 columns, without the back quotes that the Rust documentation wants.
fn comment(text: &str, indent: &str) -> String {
    let text = text.replace('`', "");
    let single = format!("{indent}/* {text} */\n");
    if single.len() <= 111 {
        return single;
    }
    let mut out = format!("{indent}/*");
    let mut column = out.len();
    for word in text.split(' ') {
        if column + 1 + word.len() > 107 {
            let _ = write!(out, "\n{indent} *");
            column = indent.len() + 2;
        }
        out.push(' ');
        out.push_str(word);
        column += 1 + word.len();
    }
    out.push_str(" */\n");
    out
}
