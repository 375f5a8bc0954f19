//! The C header, as a compiler would read it, in so far as such headers are written: one declaration for one name.

use std::collections::HashMap;

use super::facts::{argument_type, callback};
use super::interface::{Interface, Kind, c_type, signature};
use super::layout::Layouts;
use super::{Error, Result};

/// Everything that the header declares.
pub(super) fn read(file: &str, text: &str) -> Result<Interface> {
    let wrong = |problem: String| Error::Unreadable { file: file.to_owned(), problem };
    let mut found = Interface::default();
    let mut reader = Reader { layouts: Layouts::new(), tags: HashMap::new(), packed: false };
    let text = without_comments(text).replace("\\\n", " ");
    let mut statement = String::new();
    let mut depth = 0_usize;
    for line in text.lines() {
        let line = line.trim();
        if let Some(directive) = line.strip_prefix('#') {
            reader.directive(directive, &mut found).map_err(wrong)?;
            continue;
        }
        if line.starts_with("extern \"C\"") || (line == "}" && depth == 0) {
            continue;
        }
        statement.push_str(line);
        statement.push(' ');
        depth += line.matches('{').count();
        depth = depth.saturating_sub(line.matches('}').count());
        if depth == 0 && line.ends_with(';') {
            reader.statement(statement.trim().trim_end_matches(';'), &mut found).map_err(wrong)?;
            statement.clear();
        }
    }
    Ok(found)
}

fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("/*") {
        out.push_str(&rest[..start]);
        rest = rest[start..].find("*/").map_or("", |end| &rest[start + end + 2..]);
    }
    out + rest
}

struct Reader {
    layouts: Layouts,
    /// Struct tags, and the names that programs use.
    tags: HashMap<String, String>,
    packed: bool,
}

impl Reader {
    /// `#define NAME number`, and packing.
    fn directive(&mut self, line: &str, found: &mut Interface) -> Result<(), String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["pragma", "pack(1)"] => self.packed = true,
            ["pragma", "pack(pop)"] => self.packed = false,
            ["define", name, value] if value.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
                found.note(Kind::Constant, *name, number(value)?.to_string());
            }
            _ => {}
        }
        Ok(())
    }

    fn statement(&mut self, text: &str, found: &mut Interface) -> Result<(), String> {
        if let Some((head, body)) = text.split_once('{') {
            let (body, name) = body.rsplit_once('}').ok_or_else(|| format!("`{text}` has no end"))?;
            return if head.contains("enum") {
                self.enumeration(body, name.trim(), found)
            } else {
                self.structure(head, body, name.trim(), found)
            };
        }
        match text.strip_prefix("typedef ") {
            Some(alias) if alias.contains('(') => {
                let name =
                    alias.split(['(', ')', '*', ' ']).filter(|word| !word.is_empty() && *word != "PV_DECL");
                let name = name.clone().nth(1).ok_or_else(|| format!("`{text}` names nothing"))?;
                found.note(Kind::Callback, name, callback(&alias.replacen(name, "", 1)));
            }
            Some(alias) => self.alias(alias, found)?,
            None => function(text, found)?,
        }
        Ok(())
    }

    fn enumeration(&mut self, body: &str, name: &str, found: &mut Interface) -> Result<(), String> {
        for member in body.split(',').map(str::trim).filter(|member| !member.is_empty()) {
            let (name, value) = member.split_once('=').ok_or_else(|| format!("`{member}` has no value"))?;
            found.note(Kind::Constant, name.trim(), number(value.trim())?.to_string());
        }
        if !name.is_empty() {
            found.note(Kind::Scalar, name, "i32");
            self.layouts.alias(name, "i32");
        }
        Ok(())
    }

    fn structure(&mut self, head: &str, body: &str, name: &str, found: &mut Interface) -> Result<(), String> {
        let tag = head.split_whitespace().last().unwrap_or_default();
        self.tags.insert(tag.to_owned(), name.to_owned());
        let mut fields = Vec::new();
        for field in body.split(';').map(c_type).filter(|field| !field.is_empty()) {
            let (field, extent) = field.find('[').map_or((field.as_str(), ""), |at| field.split_at(at));
            let at = field.rfind([' ', '*']).map_or(0, |at| at + 1);
            let (kind, name) = field.split_at(at);
            fields.push((name.to_owned(), self.untagged(&c_type(&format!("{kind}{extent}")))));
        }
        self.layouts.lay_out(name, self.packed, &fields, found)
    }

    /// `struct tag*` by the name that programs use.
    fn untagged(&self, kind: &str) -> String {
        let Some(rest) = kind.strip_prefix("struct ") else { return kind.to_owned() };
        let at = rest.find(['*', '[', ' ']).unwrap_or(rest.len());
        let (tag, behind) = rest.split_at(at);
        format!("{}{behind}", self.tags.get(tag).map_or(tag, String::as_str))
    }

    fn alias(&mut self, text: &str, found: &mut Interface) -> Result<(), String> {
        let text = c_type(text);
        let at = text.rfind([' ', '*']).map_or(0, |at| at + 1);
        let (kind, name) = text.split_at(at);
        let kind = kind.trim();
        if kind.ends_with('*') {
            found.note(Kind::Pointer, name, kind);
            return Ok(());
        }
        let number = match kind {
            "signed char" => "i8",
            "unsigned char" => "u8",
            "short" => "i16",
            "unsigned short" => "u16",
            "int" => "i32",
            "unsigned int" => "u32",
            "long long" | "signed __int64" => "i64",
            "unsigned long long" | "unsigned __int64" => "u64",
            "float" => "f32",
            "double" => "f64",
            other => return Err(format!("{name} is the unknown type `{other}`")),
        };
        found.note(Kind::Scalar, name, number);
        self.layouts.alias(name, number);
        Ok(())
    }
}

fn function(text: &str, found: &mut Interface) -> Result<(), String> {
    let unknown = || format!("`{text}` is no declaration");
    let text = text.strip_prefix("DEPRECATED ").unwrap_or(text);
    let (result, rest) = text.split_once(" PV_DECL ").ok_or_else(unknown)?;
    let (name, arguments) = rest.split_once('(').ok_or_else(unknown)?;
    let arguments = arguments.trim_end().strip_suffix(')').ok_or_else(unknown)?;
    let arguments: Vec<String> = match arguments.trim() {
        "void" => Vec::new(),
        list => list.split(',').map(argument_type).collect(),
    };
    found.note(Kind::Function, name.trim(), signature(&c_type(result), &arguments));
    Ok(())
}

fn number(text: &str) -> Result<i64, String> {
    let digits = text.trim_end_matches(['u', 'U', 'l', 'L']);
    let value = match digits.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    value.map_err(|_| format!("`{text}` is no number"))
}
