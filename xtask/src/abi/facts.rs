//! The fact tables, read as what they say.

use std::path::Path;

use toml::{Table, Value};

use super::interface::{Interface, Kind, c_type, signature};
use super::layout::{field_text, struct_text};
use super::machine;
use super::simulator::{shared_structs, version_text};
use super::{Error, Result};

/// One table file.
struct File {
    name: &'static str,
    table: Table,
}

impl File {
    fn read(folder: &Path, name: &'static str) -> Result<Self> {
        let path = folder.join(name);
        let text =
            std::fs::read_to_string(&path).map_err(|e| Error::Read { path, problem: e.to_string() })?;
        let table = text.parse().map_err(|e| Self::wrong(name, &format!("{e}")))?;
        Ok(Self { name, table })
    }

    fn wrong(name: &str, problem: &str) -> Error {
        Error::Unreadable { file: format!("vendor/pvcam/{name}"), problem: problem.to_owned() }
    }

    /// The tables under a path of keys, with their names.
    fn tables(&self, path: &[&str]) -> Result<Vec<(&String, &Table)>> {
        let mut here = &self.table;
        for key in path {
            here = here.get(*key).and_then(Value::as_table).ok_or_else(|| self.lacks(key))?;
        }
        here.iter()
            .map(|(name, value)| value.as_table().map(|t| (name, t)).ok_or_else(|| self.lacks(name)))
            .collect()
    }

    fn lacks(&self, key: &str) -> Error {
        Self::wrong(self.name, &format!("`{key}` is missing or no table"))
    }

    fn number(&self, table: &Table, key: &str) -> Result<i64> {
        table.get(key).and_then(Value::as_integer).ok_or_else(|| self.lacks(key))
    }

    fn bytes(&self, table: &Table, key: &str) -> Result<u64> {
        u64::try_from(self.number(table, key)?).map_err(|_| self.lacks(key))
    }

    fn text<'t>(&self, table: &'t Table, key: &str) -> Result<&'t str> {
        table.get(key).and_then(Value::as_str).ok_or_else(|| self.lacks(key))
    }

    fn list<'t>(&self, table: &'t Table, key: &str) -> Result<Vec<&'t Table>> {
        let list = table.get(key).and_then(Value::as_array).ok_or_else(|| self.lacks(key))?;
        list.iter().map(|item| item.as_table().ok_or_else(|| self.lacks(key))).collect()
    }
}

fn flag(table: &Table, key: &str) -> bool {
    table.get(key).and_then(Value::as_bool) == Some(true)
}

/// Everything that the tables say.
pub(super) fn read(folder: &Path) -> Result<Interface> {
    let mut facts = Interface::default();
    constants(&File::read(folder, "constants.toml")?, &mut facts)?;
    let errors = File::read(folder, "errors.toml")?;
    for (name, error) in errors.tables(&["error"])? {
        facts.note(Kind::Error, name, errors.number(error, "code")?.to_string());
    }
    types(&File::read(folder, "structs.toml")?, &mut facts)?;
    let functions = File::read(folder, "functions.toml")?;
    for (name, function) in
        functions.tables(&["function"])?.into_iter().filter(|f| flag(f.1, "exported_linux"))
    {
        let arguments = functions.list(function, "args")?;
        let arguments = arguments.iter().map(|argument| Ok(c_type(functions.text(argument, "type")?)));
        let (arguments, result) =
            (arguments.collect::<Result<Vec<_>>>()?, c_type(functions.text(function, "returns")?));
        let export = machine::export(&facts, &result, &arguments);
        facts.note(Kind::Export, name, export);
        facts.note(Kind::Function, name, signature(&result, &arguments));
        facts.note(Kind::Version, name, functions.text(function, "elf_version")?);
    }
    versions(&functions, &mut facts)?;
    machine::note_memory(&mut facts, shared_structs());
    Ok(facts)
}

/// The chain of symbol versions.
fn versions(file: &File, facts: &mut Interface) -> Result<()> {
    let library = file.tables(&["library"])?.into_iter().find(|(name, _)| *name == "linux");
    let (_, library) = library.ok_or_else(|| file.lacks("linux"))?;
    let nodes = library.get("version_nodes").and_then(Value::as_array);
    let mut before = "";
    for node in nodes.ok_or_else(|| file.lacks("version_nodes"))? {
        let node = node.as_str().ok_or_else(|| file.lacks("version_nodes"))?;
        facts.note(Kind::Version, node, version_text(before));
        before = node;
    }
    Ok(())
}

fn constants(file: &File, facts: &mut Interface) -> Result<()> {
    for (title, _) in file.tables(&["define"])? {
        if title == "language" {
            continue; // Text, not numbers.
        }
        for (name, define) in file.tables(&["define", title])? {
            facts.note(Kind::Constant, name, file.number(define, "value")?.to_string());
        }
    }
    for (name, parameter) in file.tables(&["param"])? {
        facts.note(Kind::Constant, name, file.number(parameter, "id")?.to_string());
    }
    for (name, enumeration) in file.tables(&["enum"])? {
        if !flag(enumeration, "anonymous") {
            facts.note(Kind::Scalar, name, "i32");
        }
        for member in file.list(enumeration, "members")? {
            facts.note(Kind::Constant, file.text(member, "name")?, file.number(member, "value")?.to_string());
        }
    }
    Ok(())
}

fn types(file: &File, facts: &mut Interface) -> Result<()> {
    for (name, scalar) in file.tables(&["typedef", "scalar"])? {
        let letter = match (name.starts_with("flt"), flag(scalar, "signed")) {
            (true, _) => 'f',
            (_, true) => 'i',
            _ => 'u',
        };
        facts.note(Kind::Scalar, name, format!("{letter}{}", 8 * file.bytes(scalar, "size")?));
    }
    let typedef = file.table.get("typedef").and_then(|typedef| typedef.get("legacy_pointer"));
    for (name, kind) in typedef.and_then(Value::as_table).into_iter().flatten() {
        facts.note(Kind::Pointer, name, c_type(kind.as_str().unwrap_or_default()));
    }
    for (name, function) in file.tables(&["typedef", "function"])? {
        facts.note(Kind::Callback, name, callback(file.text(function, "type")?));
    }
    let structures = file.tables(&["struct"])?;
    for (name, structure) in &structures {
        let (size, alignment) = (file.bytes(structure, "sizeof")?, file.bytes(structure, "alignof")?);
        facts.note(Kind::Struct, name.as_str(), struct_text(size, alignment));
        for field in file.list(structure, "fields")? {
            let mut kind = c_type(file.text(field, "type")?);
            // A struct that points at its own kind knows itself by its tag only.
            for (name, structure) in &structures {
                kind =
                    kind.replace(&format!("struct {}*", file.text(structure, "tag")?), &format!("{name}*"));
            }
            let text = field_text(&kind, file.bytes(field, "offset")?, file.bytes(field, "size")?);
            facts.note(Kind::Field, format!("{name}.{}", file.text(field, "name")?), text);
        }
    }
    Ok(())
}

/// A function type without its name and its calling convention.
pub(super) fn callback(text: &str) -> String {
    let text = text.replace("PV_DECL", "");
    let (result, rest) = text.split_once('(').unwrap_or((&text, ""));
    let arguments =
        rest.rsplit_once('(').map_or(rest, |(_, arguments)| arguments).trim_end_matches([')', ' ', ';']);
    let arguments: Vec<String> = match c_type(arguments).as_str() {
        "" | "void" => Vec::new(),
        list => list.split(',').map(argument_type).collect(),
    };
    signature(&c_type(result), &arguments)
}

/// The type of an argument that may have a name.
pub(super) fn argument_type(text: &str) -> String {
    let text = c_type(text);
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let bare = text.trim_end_matches(word).trim_end();
    let named = bare.ends_with('*') || (!bare.is_empty() && bare != "const" && bare != "struct");
    if named { bare.to_owned() } else { text }
}

/// What the tables say twice and in two ways: an id and its parts, a declaration and its list of arguments.
pub(super) fn contradictions(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let constants = File::read(folder, "constants.toml")?;
    for (name, parameter) in
        constants.tables(&["param"])?.into_iter().filter(|p| !p.0.contains("SMART_STREAM"))
    {
        let part = |key| constants.number(parameter, key);
        let parts = part("type_code")? << 24 | part("class")? << 16 | part("number")?;
        if parts != part("id")? {
            found.push(format!(
                "vendor/pvcam/constants.toml: {name}: {}; its parts make {parts}",
                part("id")?
            ));
        }
    }
    let functions = File::read(folder, "functions.toml")?;
    for (name, function) in
        functions.tables(&["function"])?.into_iter().filter(|f| flag(f.1, "exported_linux"))
    {
        let mut arguments = Vec::new();
        for argument in functions.list(function, "args")? {
            arguments.push(c_type(&format!(
                "{} {}",
                functions.text(argument, "type")?,
                functions.text(argument, "name")?
            )));
        }
        let result = functions.text(function, "returns")?;
        let list = if arguments.is_empty() { "void".to_owned() } else { arguments.join(", ") };
        let told = c_type(functions.text(function, "c")?).replace("* ", "*");
        let made = c_type(&format!("{result} PV_DECL {name}({list});")).replace("* ", "*");
        if told != made {
            found.push(format!("vendor/pvcam/functions.toml: {name}: {told}; its arguments make {made}"));
        }
    }
    Ok(found)
}
