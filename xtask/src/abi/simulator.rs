//! The simulator as a library: what it exports, how its functions take their arguments, and the structs that it shares with
//! programs. It names types in its own way.

use std::collections::HashMap;
use std::path::Path;

use syn::{Fields, FnArg, Item, ReturnType, Type};

use super::interface::{Interface, Kind, signature};
use super::layout::Layouts;
use super::machine::note_memory;
use super::rust::{last_name, number, scalar};
use super::{Error, Result};

/// Where its exported functions stand, one file for each group; which are found by name; and under which version of the
/// interface the linker exports them.
pub(super) const FUNCTIONS: &str = "crates/pvcam-sim/src/api";
pub(super) const LOOKUP: &str = "crates/pvcam-sim/src/api/table.rs";
pub(super) const STRUCTS: &str = "crates/pvcam-sim/src/abi/types.rs";
pub(super) const VERSIONS: &str = "crates/pvcam-sim/libpvcam.map";

/// Its structs, and what programs call them.
const NAMES: [(&str, &str); 9] = [
    ("FrameInfoGuid", "PVCAM_FRAME_INFO_GUID"),
    ("FrameInfo", "FRAME_INFO"),
    ("Region", "rgn_type"),
    ("SmartStream", "smart_stream_type"),
    ("MdExtItemInfo", "md_ext_item_info"),
    ("MdExtItem", "md_ext_item"),
    ("MdExtItemCollection", "md_ext_item_collection"),
    ("MdFrameRoi", "md_frame_roi"),
    ("MdFrame", "md_frame"),
];

/// Functions of the simulator itself, which no other library has.
const OWN: &str = "pvcam_sim_";

/// The structs that it shares with programs, by the names of those.
pub(super) fn shared_structs() -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|(_, name)| *name)
}

fn wrong(file: &str, problem: impl Into<String>) -> Error {
    Error::Unreadable { file: file.to_owned(), problem: problem.into() }
}

fn text(root: &Path, file: &str) -> Result<String> {
    let path = root.join(file);
    std::fs::read_to_string(&path).map_err(|e| Error::Read { path, problem: e.to_string() })
}

/// Everything that it says of itself, and where it contradicts itself.
pub(super) fn read(root: &Path) -> Result<(Interface, Vec<String>)> {
    let mut found = Interface::default();
    let aliases = structs(&text(root, STRUCTS)?, &mut found)?;
    let folder = root.join(FUNCTIONS);
    let failed = |e: std::io::Error| Error::Read { path: folder.clone(), problem: e.to_string() };
    let mut own = Interface::default();
    for entry in std::fs::read_dir(&folder).map_err(failed)? {
        let file = format!("{FUNCTIONS}/{}", entry.map_err(failed)?.file_name().to_string_lossy());
        exports(&file, &text(root, &file)?, &aliases, &mut own)?;
    }
    versions(&text(root, VERSIONS)?, &mut own)?;
    let contradictions = contradictions(&text(root, LOOKUP)?, &own)?;
    for kind in [Kind::Export, Kind::Version] {
        for (name, fact) in own.of(kind).iter().filter(|(name, _)| !name.starts_with(OWN)) {
            found.note(kind, name, fact);
        }
    }
    Ok((found, contradictions))
}

/// What it must have as often as it exports a function: an entry for the lookup, and a version.
fn contradictions(lookup: &str, found: &Interface) -> Result<Vec<String>> {
    let list = lookup.rsplit_once("find!(").and_then(|(_, list)| list.split_once(';'));
    let list = list.and_then(|(_, list)| list.split_once(')'));
    let (list, _) = list.ok_or_else(|| wrong(LOOKUP, "there is no list of functions"))?;
    let listed: Vec<&str> = list.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let exported = found.of(Kind::Export);
    let unlisted = exported.keys().filter(|name| !listed.contains(&name.as_str()));
    let unknown = listed.iter().filter(|name| !exported.contains_key(**name));
    let unversioned = exported.keys().filter(|name| !found.of(Kind::Version).contains_key(*name));
    let told = unlisted.map(|name| format!("{LOOKUP}: {name}: missing"));
    let told = told.chain(unknown.map(|name| format!("{LOOKUP}: {name}: is not exported")));
    Ok(told.chain(unversioned.map(|name| format!("{VERSIONS}: {name}: has no version"))).collect())
}

/// The exported functions of a file.
fn exports(file: &str, text: &str, aliases: &HashMap<String, String>, found: &mut Interface) -> Result<()> {
    for item in syn::parse_file(text).map_err(|e| wrong(file, e.to_string()))?.items {
        let Item::Fn(function) = item else { continue };
        let Some(abi) = &function.sig.abi else { continue };
        let name = function.sig.ident.to_string();
        let mangled = !function.attrs.iter().any(|attribute| {
            attribute.path().is_ident("unsafe")
                && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string() == "no_mangle")
        });
        if mangled || abi.name.as_ref().map(syn::LitStr::value).as_deref() != Some("C") {
            return Err(wrong(file, format!("{name} is not exported as a function of C")));
        }
        let unknown = || wrong(file, format!("{name} has no types of C"));
        let arguments = function.sig.inputs.iter().map(|argument| match argument {
            FnArg::Typed(argument) => shape(&argument.ty, aliases),
            FnArg::Receiver(_) => None,
        });
        let arguments = arguments.collect::<Option<Vec<String>>>().ok_or_else(unknown)?;
        let result = match &function.sig.output {
            ReturnType::Default => "void".to_owned(),
            ReturnType::Type(_, kind) => shape(kind, aliases).ok_or_else(unknown)?,
        };
        found.note(Kind::Export, name, signature(&result, &arguments));
    }
    Ok(())
}

/// A type as [`super::machine`] tells it.
fn shape(kind: &Type, aliases: &HashMap<String, String>) -> Option<String> {
    match kind {
        Type::Ptr(pointer) => Some(shape(&pointer.elem, aliases)? + "*"),
        Type::Array(array) => Some(format!("{}[{}]", shape(&array.elem, aliases)?, number(&array.len)?)),
        _ => match last_name(kind)?.as_str() {
            "c_void" => Some("void".to_owned()),
            "c_char" => Some("char".to_owned()),
            own @ ("usize" | "PvcamSimStats") => Some(own.to_owned()),
            name => scalar(kind).map(str::to_owned).or_else(|| aliases.get(name).cloned()),
        },
    }
}

/// Notes the structs of a file; returns the names of types in it as programs call them.
fn structs(text: &str, found: &mut Interface) -> Result<HashMap<String, String>> {
    let mut aliases: HashMap<String, String> =
        NAMES.iter().map(|(own, name)| ((*own).to_owned(), (*name).to_owned())).collect();
    let mut layouts = Layouts::new();
    for item in syn::parse_file(text).map_err(|e| wrong(STRUCTS, e.to_string()))?.items {
        match item {
            Item::Type(alias) => {
                let number = scalar(&alias.ty).ok_or_else(|| wrong(STRUCTS, "an alias of no number"))?;
                aliases.insert(alias.ident.to_string(), number.to_owned());
            }
            Item::Struct(item) => structure(&item, &aliases, &mut layouts, found)?,
            _ => {}
        }
    }
    Ok(aliases)
}

fn structure(
    item: &syn::ItemStruct,
    aliases: &HashMap<String, String>,
    layouts: &mut Layouts,
    found: &mut Interface,
) -> Result<()> {
    let own = item.ident.to_string();
    let name = NAMES.iter().find(|(known, _)| *known == own);
    let (_, name) = name.ok_or_else(|| wrong(STRUCTS, format!("programs know no {own}")))?;
    let as_in_c = item.attrs.iter().any(|attribute| {
        attribute.path().is_ident("repr")
            && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string() == "C")
    });
    let Fields::Named(fields) = &item.fields else {
        return Err(wrong(STRUCTS, format!("{own} has no named members")));
    };
    if !as_in_c {
        return Err(wrong(STRUCTS, format!("{own} is not laid out as C")));
    }
    let mut list = Vec::new();
    for (place, field) in fields.named.iter().enumerate() {
        let kind = shape(&field.ty, aliases);
        let kind = kind.ok_or_else(|| wrong(STRUCTS, format!("{own} has a member of no type of C")))?;
        list.push((place.to_string(), kind));
    }
    // Laid out for itself; what is noted is without the names.
    let mut alone = Interface::default();
    layouts.lay_out(name, false, &list, &mut alone).map_err(|e| wrong(STRUCTS, e))?;
    note_memory(&mut alone, std::iter::once(*name));
    for (name, text) in alone.of(Kind::Memory) {
        found.note(Kind::Memory, name, text);
    }
    Ok(())
}

/// Notes which version each function has, and which version comes after which.
fn versions(text: &str, found: &mut Interface) -> Result<()> {
    let text: String = text.lines().map(|line| line.split('#').next().unwrap_or_default()).collect();
    let exported: Vec<String> = found.of(Kind::Export).keys().cloned().collect();
    let unclosed = || wrong(VERSIONS, "a version has no end");
    let mut rest = text.as_str();
    while let Some((version, behind)) = rest.split_once('{') {
        let (names, behind) = behind.split_once('}').ok_or_else(unclosed)?;
        let (parent, behind) = behind.split_once(';').ok_or_else(unclosed)?;
        rest = behind;
        let (version, parent) = (version.trim(), parent.trim());
        if !version.starts_with("PVCAM_SIM") {
            found.note(Kind::Version, version, version_text(parent));
        }
        let names = names.split_once("global:").map_or("", |(_, names)| names);
        for pattern in names.split(';').map(str::trim).filter(|pattern| !pattern.is_empty()) {
            let meant = |name: &str| match pattern.strip_suffix('*') {
                Some(start) => name.starts_with(start),
                None => name == pattern,
            };
            for name in exported.iter().filter(|name| meant(name)) {
                found.note(Kind::Version, name, version);
            }
        }
    }
    Ok(())
}

/// How the place of a version is told.
pub(super) fn version_text(parent: &str) -> String {
    if parent.is_empty() { "the first version".to_owned() } else { format!("the version after {parent}") }
}
