//! The fact tables of `vendor/pvcam/`, read in the order in which they stand.
//!
//! Only what the generators need is kept. A table that lacks an expected key is an error that names the key: a
//! silently shorter header would be worse than none.

use std::path::Path;

use toml::{Table, Value};

use super::{Error, Result};

/// A named integer: a plain macro, an enum member or an error code.
#[derive(Debug, Clone)]
pub(crate) struct Constant {
    pub(crate) name: String,
    pub(crate) value: i64,
    pub(crate) meaning: String,
    pub(crate) deprecated: bool,
}

/// A group of plain integer macros (`limits`, `lengths`, `types`, ...).
#[derive(Debug)]
pub(crate) struct DefineGroup {
    pub(crate) title: String,
    pub(crate) constants: Vec<Constant>,
}

/// A C enumeration.
#[derive(Debug)]
pub(crate) struct Enumeration {
    pub(crate) name: String,
    pub(crate) meaning: String,
    pub(crate) used_with: String,
    pub(crate) anonymous: bool,
    pub(crate) in_master: bool,
    pub(crate) members: Vec<Constant>,
}

/// A camera parameter id.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) constant: Constant,
    /// What to know before the value is read: type, unit, access, quirks. Own words, one line.
    pub(crate) facts: String,
}

/// One member of a struct.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) c_type: String,
    pub(crate) meaning: String,
}

/// A C struct.
#[derive(Debug)]
pub(crate) struct Structure {
    pub(crate) name: String,
    pub(crate) tag: String,
    pub(crate) meaning: String,
    pub(crate) packed: bool,
    pub(crate) fields: Vec<Field>,
}

/// An exported function.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) declaration: String,
    pub(crate) meaning: String,
    pub(crate) arguments: String,
    pub(crate) deprecated: bool,
    /// The symbol version under which the Linux library exports it.
    pub(crate) elf_version: String,
}

/// A scalar typedef.
#[derive(Debug)]
pub(crate) struct Scalar {
    pub(crate) name: String,
    pub(crate) c_type: String,
    pub(crate) c_type_msvc: Option<String>,
}

/// A typedef whose right side is plain text: a legacy pointer or a function type.
#[derive(Debug)]
pub(crate) struct Alias {
    pub(crate) name: String,
    pub(crate) c_type: String,
    /// The function that uses a callback type, where there is one.
    pub(crate) used_by: Option<String>,
    pub(crate) callback: bool,
}

/// Everything the generators read.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) sdk_version: String,
    pub(crate) defines: Vec<DefineGroup>,
    pub(crate) enumerations: Vec<Enumeration>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) errors: Vec<Constant>,
    pub(crate) scalars: Vec<Scalar>,
    pub(crate) pointers: Vec<Alias>,
    pub(crate) function_types: Vec<Alias>,
    pub(crate) structures: Vec<Structure>,
    /// The functions that the Linux library exports, and no others.
    pub(crate) functions: Vec<Function>,
}

impl Tables {
    /// Reads `constants.toml`, `structs.toml`, `functions.toml` and `errors.toml` in `folder`.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let constants = File::read(folder, "constants.toml")?;
        let structs = File::read(folder, "structs.toml")?;
        let functions = File::read(folder, "functions.toml")?;
        let errors = File::read(folder, "errors.toml")?;
        Ok(Self {
            sdk_version: constants.root().table("meta")?.text("sdk_version")?,
            defines: defines(&constants)?,
            enumerations: constants.root().table("enum")?.children(enumeration)?,
            parameters: constants.root().table("param")?.children(parameter)?,
            errors: errors.root().table("error")?.children(|name, node| {
                Ok(Constant {
                    name: name.to_owned(),
                    value: node.integer("code")?,
                    meaning: node.text("meaning")?,
                    deprecated: false,
                })
            })?,
            scalars: structs.root().table("typedef")?.table("scalar")?.children(|name, node| {
                Ok(Scalar {
                    name: name.to_owned(),
                    c_type: node.text("c_type")?,
                    c_type_msvc: node.optional_text("c_type_msvc"),
                })
            })?,
            pointers: pointers(&structs)?,
            function_types: structs.root().table("typedef")?.table("function")?.children(|name, node| {
                Ok(Alias {
                    name: name.to_owned(),
                    c_type: node.text("type")?,
                    used_by: node.optional_text("used_by"),
                    callback: node.flag("inside_pv_embedded_guard"),
                })
            })?,
            structures: structs.root().table("struct")?.children(structure)?,
            functions: exported_functions(&functions)?,
        })
    }
}

fn defines(file: &File) -> Result<Vec<DefineGroup>> {
    let mut groups = Vec::new();
    let define = file.root().table("define")?;
    for (title, _) in define.entries {
        if title == "language" {
            continue; // Calling convention and include guards: text, not numbers. The header writes them itself.
        }
        let constants = define.table(title)?.children(|name, node| {
            let mut meaning = match (node.optional_text("meaning"), node.optional_text("c_type")) {
                (Some(meaning), _) => meaning,
                (None, Some(c_type)) => {
                    let size = node.integer("size")?;
                    let bytes = match size {
                        0 => String::new(),
                        1 => ", 1 byte".to_owned(),
                        _ => format!(", {size} bytes"),
                    };
                    format!("parameter type code: value is {c_type}{bytes}")
                }
                (None, None) => return node.missing("meaning"),
            };
            if let Some(note) = node.optional_text("note") {
                meaning.push_str("; ");
                meaning.push_str(&note);
            }
            Ok(Constant { name: name.to_owned(), value: node.integer("value")?, meaning, deprecated: false })
        })?;
        groups.push(DefineGroup { title: title.clone(), constants });
    }
    Ok(groups)
}

fn enumeration(name: &str, node: &Node<'_>) -> Result<Enumeration> {
    let members = node.list("members")?.into_iter().map(|member| {
        Ok(Constant {
            name: member.text("name")?,
            value: member.integer("value")?,
            meaning: member.text("meaning")?,
            deprecated: member.flag("deprecated"),
        })
    });
    Ok(Enumeration {
        name: name.to_owned(),
        meaning: node.text("meaning")?,
        used_with: node.text("used_with")?,
        anonymous: node.flag("anonymous"),
        in_master: node.text("file")? == "master.h",
        members: members.collect::<Result<_>>()?,
    })
}

fn parameter(name: &str, node: &Node<'_>) -> Result<Parameter> {
    let mut facts = format!("value {}", node.text("value_c_type")?);
    if node.flag("type_mismatch") {
        facts.push_str(&format!(" although the id says {}", node.text("type")?));
    }
    for (key, lead) in [("enum", ""), ("unit", "unit "), ("max_len", "buffer "), ("access", "access ")] {
        if let Some(text) = node.optional_text(key) {
            facts.push_str(&format!(", {lead}{text}"));
        }
    }
    if node.flag("after_setup") {
        facts.push_str(", valid after setup only");
    }
    if let Some(quirk) = node.optional_text("quirk") {
        facts.push_str(&format!("; {quirk}"));
    }
    Ok(Parameter {
        constant: Constant {
            name: name.to_owned(),
            value: node.integer("id")?,
            meaning: node.text("meaning")?,
            deprecated: node.flag("deprecated"),
        },
        facts,
    })
}

fn pointers(file: &File) -> Result<Vec<Alias>> {
    let node = file.root().table("typedef")?.table("legacy_pointer")?;
    let alias = |(name, value): (&String, &Value)| match value.as_str() {
        Some(text) => {
            Ok(Alias { name: name.clone(), c_type: text.to_owned(), used_by: None, callback: false })
        }
        None => node.missing(name),
    };
    node.entries.iter().map(alias).collect()
}

fn structure(name: &str, node: &Node<'_>) -> Result<Structure> {
    let fields = node.list("fields")?.into_iter().map(|field| {
        Ok(Field { name: field.text("name")?, c_type: field.text("type")?, meaning: field.text("meaning")? })
    });
    Ok(Structure {
        name: name.to_owned(),
        tag: node.text("tag")?,
        meaning: node.text("meaning")?,
        packed: node.flag("packed"),
        fields: fields.collect::<Result<_>>()?,
    })
}

fn exported_functions(file: &File) -> Result<Vec<Function>> {
    let all = file.root().table("function")?.children(|name, node| {
        if !node.flag("exported_linux") {
            return Ok(None);
        }
        let arguments = node.list("args")?.into_iter().map(|argument| {
            let capacity = argument.optional_text("capacity").map_or(String::new(), |c| format!(" (`{c}`)"));
            Ok(format!("`{}` {}{capacity}", argument.text("name")?, argument.text("dir")?.replace('_', " ")))
        });
        Ok(Some(Function {
            name: name.to_owned(),
            declaration: node.text("c")?,
            meaning: node.text("meaning")?,
            arguments: arguments.collect::<Result<Vec<_>>>()?.join(", "),
            deprecated: node.flag("deprecated"),
            elf_version: node.text("elf_version")?,
        }))
    })?;
    Ok(all.into_iter().flatten().collect())
}

/// A table file in memory.
struct File {
    name: &'static str,
    table: Table,
}

impl File {
    fn read(folder: &Path, name: &'static str) -> Result<Self> {
        let path = folder.join(name);
        let text = std::fs::read_to_string(&path).map_err(|e| Error::io("read", &path, &e))?;
        let table = text.parse().map_err(|e| Error::Table { file: name.into(), problem: format!("{e}") })?;
        Ok(Self { name, table })
    }

    fn root(&self) -> Node<'_> {
        Node { file: self.name, place: String::new(), entries: &self.table }
    }
}

/// A table inside a file, with its place for error messages.
struct Node<'a> {
    file: &'static str,
    place: String,
    entries: &'a Table,
}

impl<'a> Node<'a> {
    fn missing<T>(&self, key: &str) -> Result<T> {
        let problem = format!("[{}] lacks `{key}`, or it has another type than expected", self.place);
        Err(Error::Table { file: self.file.into(), problem })
    }

    fn child(&self, key: &str, entries: &'a Table) -> Node<'a> {
        let place = if self.place.is_empty() { key.to_owned() } else { format!("{}.{key}", self.place) };
        Node { file: self.file, place, entries }
    }

    fn table(&self, key: &str) -> Result<Node<'a>> {
        match self.entries.get(key).and_then(Value::as_table) {
            Some(entries) => Ok(self.child(key, entries)),
            None => self.missing(key),
        }
    }

    fn children<T>(&self, mut read: impl FnMut(&str, &Node<'a>) -> Result<T>) -> Result<Vec<T>> {
        self.entries.keys().map(|key| read(key, &self.table(key)?)).collect()
    }

    fn list(&self, key: &str) -> Result<Vec<Node<'a>>> {
        let Some(items) = self.entries.get(key).and_then(Value::as_array) else {
            return self.missing(key);
        };
        let node = |item: &'a Value| item.as_table().map(|entries| self.child(key, entries));
        items.iter().map(node).collect::<Option<_>>().map_or_else(|| self.missing(key), Ok)
    }

    fn optional_text(&self, key: &str) -> Option<String> {
        self.entries.get(key).and_then(Value::as_str).map(str::to_owned)
    }

    fn text(&self, key: &str) -> Result<String> {
        self.optional_text(key).map_or_else(|| self.missing(key), Ok)
    }

    fn integer(&self, key: &str) -> Result<i64> {
        self.entries.get(key).and_then(Value::as_integer).map_or_else(|| self.missing(key), Ok)
    }

    fn flag(&self, key: &str) -> bool {
        self.entries.get(key).and_then(Value::as_bool).unwrap_or(false)
    }
}
