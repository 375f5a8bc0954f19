//! The Rust bindings, read as source: constants, types, and the table of functions.

use syn::{Expr, Fields, Item, Lit, ReturnType, Type, UnOp};

use super::interface::{Interface, Kind, signature};
use super::layout::Layouts;
use super::{Error, Result};

fn parse(file: &str, text: &str) -> Result<syn::File> {
    syn::parse_file(text).map_err(|e| wrong(file, &e.to_string()))
}

fn wrong(file: &str, problem: &str) -> Error {
    Error::Unreadable { file: file.to_owned(), problem: problem.to_owned() }
}

/// A file of constants; error codes are among them by their names.
pub(super) fn constants(file: &str, text: &str) -> Result<Interface> {
    let mut found = Interface::default();
    for item in parse(file, text)?.items {
        if let Item::Const(constant) = item
            && let Some(value) = number(&constant.expr)
        {
            let name = constant.ident.to_string();
            let kind = if name.starts_with("PL_ERR_") { Kind::Error } else { Kind::Constant };
            found.note(kind, name, value.to_string());
        }
    }
    Ok(found)
}

/// A file of types, with the constants that stand there too.
pub(super) fn types(file: &str, text: &str) -> Result<Interface> {
    let mut found = constants(file, text)?;
    let mut layouts = Layouts::new();
    for item in parse(file, text)?.items {
        match item {
            Item::Type(alias) => {
                let name = alias.ident.to_string();
                if let Some(callback) = callback(&alias.ty) {
                    found.note(Kind::Callback, name, callback);
                } else if let Some(number) = scalar(&alias.ty) {
                    layouts.alias(&name, number);
                    found.note(Kind::Scalar, name, number);
                } else {
                    return Err(wrong(file, &format!("`{name}` is neither a number nor a function")));
                }
            }
            Item::Struct(item) => structure(&item, &mut layouts, &mut found).map_err(|e| wrong(file, &e))?,
            _ => {}
        }
    }
    Ok(found)
}

fn structure(item: &syn::ItemStruct, layouts: &mut Layouts, found: &mut Interface) -> Result<(), String> {
    let name = item.ident.to_string();
    let represented = item.attrs.iter().find(|attribute| attribute.path().is_ident("repr"));
    let represented = represented.and_then(|attribute| attribute.meta.require_list().ok());
    let represented = represented.map(|list| list.tokens.to_string()).unwrap_or_default();
    let packed = match represented.replace(' ', "").as_str() {
        "C" => false,
        "C,packed" | "C,packed(1)" => true,
        other => return Err(format!("{name} is laid out as `{other}`, not as C")),
    };
    let Fields::Named(fields) = &item.fields else { return Err(format!("{name} has no named members")) };
    let mut list = Vec::new();
    for field in &fields.named {
        let member = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
        // An underscore is put behind a member that is a Rust keyword.
        let member = if member == "type_" { "type".to_owned() } else { member };
        let kind = c_name(&field.ty).ok_or_else(|| format!("{name}.{member} has no type of C"))?;
        list.push((member, kind));
    }
    layouts.lay_out(&name, packed, &list, found)
}

/// The struct of function pointers.
pub(super) fn functions(file: &str, text: &str) -> Result<Interface> {
    let mut found = Interface::default();
    for item in parse(file, text)?.items {
        let Item::Struct(item) = item else { continue };
        for field in &item.fields {
            let name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
            let kind = inside(&field.ty, "Option").unwrap_or(&field.ty);
            let Type::BareFn(function) = kind else {
                return Err(wrong(file, &format!("`{name}` is no function")));
            };
            let text =
                function_text(function).ok_or_else(|| wrong(file, &format!("`{name}` has no types of C")))?;
            found.note(Kind::Function, name, text);
        }
    }
    Ok(found)
}

fn function_text(function: &syn::TypeBareFn) -> Option<String> {
    let abi = function.abi.as_ref().and_then(|abi| abi.name.as_ref()).map(syn::LitStr::value);
    if !matches!(abi.as_deref(), Some("C" | "system")) || function.unsafety.is_none() {
        return None;
    }
    let arguments: Option<Vec<String>> =
        function.inputs.iter().map(|argument| c_name(&argument.ty)).collect();
    let result = match &function.output {
        ReturnType::Default => "void".to_owned(),
        ReturnType::Type(_, kind) => c_name(kind)?,
    };
    Some(signature(&result, &arguments?))
}

fn callback(kind: &Type) -> Option<String> {
    match inside(kind, "Option").unwrap_or(kind) {
        Type::BareFn(function) => function_text(function),
        _ => None,
    }
}

/// The argument of a generic type of this name.
fn inside<'t>(kind: &'t Type, name: &str) -> Option<&'t Type> {
    let Type::Path(path) = kind else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == name)?;
    let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        syn::GenericArgument::Type(kind) => Some(kind),
        _ => None,
    })
}

pub(super) fn last_name(kind: &Type) -> Option<String> {
    let Type::Path(path) = kind else { return None };
    path.path.segments.last().map(|last| last.ident.to_string())
}

/// Width and sign.
pub(super) fn scalar(kind: &Type) -> Option<&'static str> {
    Some(match last_name(kind)?.as_str() {
        "c_schar" | "i8" => "i8",
        "c_uchar" | "u8" => "u8",
        "c_short" | "i16" => "i16",
        "c_ushort" | "u16" => "u16",
        "c_int" | "i32" => "i32",
        "c_uint" | "u32" => "u32",
        "c_longlong" | "i64" => "i64",
        "c_ulonglong" | "u64" => "u64",
        "f32" | "c_float" => "f32",
        "f64" | "c_double" => "f64",
        _ => return None,
    })
}

/// A type as C writes it.
fn c_name(kind: &Type) -> Option<String> {
    match kind {
        Type::Path(_) => last_name(kind).map(|name| match name.as_str() {
            "c_void" => "void".to_owned(),
            "c_char" => "char".to_owned(),
            _ => name,
        }),
        Type::Ptr(pointer) => {
            let target = c_name(&pointer.elem)?;
            let constant = if pointer.const_token.is_some() { "const " } else { "" };
            Some(format!("{constant}{target}*"))
        }
        Type::Array(array) => Some(format!("{}[{}]", c_name(&array.elem)?, number(&array.len)?)),
        _ => None,
    }
}

pub(super) fn number(expression: &Expr) -> Option<i64> {
    match expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => number.base10_parse().ok(),
            _ => None,
        },
        Expr::Unary(negative) if matches!(negative.op, UnOp::Neg(_)) => number(&negative.expr).map(|n| -n),
        _ => None,
    }
}
