//! The driver's path: header to Rust by bindgen, then reshaped.
//!
//! Reshaped means: enumerations become open `i32` integers (their width in the C interface), the extern block becomes
//! a struct of function pointers ([`super::api`]), layout checks become compile-time assertions with a message, and
//! every item gets its documentation from the tables.

use std::collections::HashMap;

use quote::quote;
use syn::{Expr, Item, ItemConst, Type, parse_quote};

use super::tables::Tables;
use super::{Error, Result, constants, header, sentence};

/// The targets whose layouts are generated: the one that the crate builds for first.
pub(crate) const TARGETS: [&str; 2] = ["x86_64-unknown-linux-gnu", "x86_64-pc-windows-msvc"];

/// What bindgen made of the header.
pub(crate) struct Bindings {
    /// Types and constants.
    pub(crate) items: Vec<Item>,
    /// The extern functions, taken out of their block.
    pub(crate) functions: Vec<syn::ForeignItemFn>,
}

/// Runs bindgen on the generated header text and reshapes the result.
pub(crate) fn generate(tables: &Tables, target: &str) -> Result<Bindings> {
    let source = run_bindgen(tables, target)?;
    let file = syn::parse_file(&source).map_err(|e| failed(format!("unreadable output: {e}")))?;
    let docs = documentation(tables);
    let legacy: Vec<&str> = tables.pointers.iter().map(|alias| alias.name.as_str()).collect();
    let (mut items, mut functions) = (Vec::new(), Vec::new());
    for item in file.items {
        match item {
            Item::ForeignMod(block) => {
                functions.extend(block.items.into_iter().filter_map(|item| match item {
                    syn::ForeignItem::Fn(function) => Some(function),
                    _ => None,
                }))
            }
            // Default impls are made by hand for structs that hold pointers; nobody needs a null one.
            Item::Impl(_) => {}
            Item::Type(alias) if legacy.contains(&alias.ident.to_string().as_str()) => {}
            Item::Type(alias) => items.extend(alias_item(alias, tables, &docs)?),
            Item::Const(constant) if constant.ident == "_" => items.push(layout_check(constant)?),
            Item::Const(constant) => items.push(constant_item(constant, &docs)?),
            Item::Struct(structure) => items.push(struct_item(structure, &docs)?),
            other => return Err(failed(format!("unexpected item: {}", quote!(#other)))),
        }
    }
    Ok(Bindings { items, functions })
}

fn run_bindgen(tables: &Tables, target: &str) -> Result<String> {
    let text = header::master(tables) + &header::pvcam(tables);
    let rust = bindgen::RustTarget::stable(88, 0).map_err(|e| failed(e.to_string()))?;
    let renames = tables.structures.iter().map(|s| (s.tag.clone(), s.name.clone())).collect();
    let bindings = bindgen::Builder::default()
        .header_contents("pvcam_all.h", &text)
        .clang_args(["-x", "c", "-std=c99", "-nostdinc", "-Wno-everything"])
        .clang_arg(format!("--target={target}"))
        .rust_target(rust)
        .rust_edition(bindgen::RustEdition::Edition2024)
        .use_core()
        .ctypes_prefix("core::ffi")
        .default_enum_style(bindgen::EnumVariation::Consts)
        .prepend_enum_name(false)
        .derive_default(true)
        .derive_partialeq(true)
        .derive_eq(true)
        .generate_comments(false)
        .layout_tests(true)
        .disable_header_comment()
        .parse_callbacks(Box::new(Names { renames }))
        .generate()
        .map_err(|e| failed(e.to_string()))?;
    Ok(bindings.to_string())
}

/// Struct tags become the names that programs use.
#[derive(Debug)]
struct Names {
    renames: HashMap<String, String>,
}

impl bindgen::callbacks::ParseCallbacks for Names {
    fn item_name(&self, item: bindgen::callbacks::ItemInfo<'_>) -> Option<String> {
        self.renames.get(item.name).cloned()
    }
}

/// Documentation by name; members of structs as `struct.member`.
type Docs = HashMap<String, String>;

fn documentation(tables: &Tables) -> Docs {
    let mut docs = Docs::new();
    let defines = tables.defines.iter().flat_map(|group| &group.constants);
    let members = tables.enumerations.iter().flat_map(|enumeration| &enumeration.members);
    for constant in defines.chain(members) {
        docs.insert(constant.name.clone(), constants::document(constant, ""));
    }
    for parameter in &tables.parameters {
        let text = constants::document(&parameter.constant, &parameter.facts);
        docs.insert(parameter.constant.name.clone(), text);
    }
    for e in &tables.enumerations {
        let text = format!("{} Used with {}", sentence(&e.meaning), sentence(&e.used_with));
        docs.insert(e.name.clone(), text);
    }
    for scalar in &tables.scalars {
        docs.insert(scalar.name.clone(), format!("C `{}`.", scalar.c_type));
    }
    for alias in &tables.function_types {
        let text = match &alias.used_by {
            Some(function) => format!("Callback of `{function}`; it runs on a thread of the library."),
            None => "Hook of old scripted acquisitions; no exported function takes it.".to_owned(),
        };
        docs.insert(alias.name.clone(), text);
    }
    for structure in &tables.structures {
        docs.insert(structure.name.clone(), sentence(&structure.meaning));
        for field in &structure.fields {
            docs.insert(format!("{}.{}", structure.name, field.name), sentence(&field.meaning));
        }
    }
    docs
}

fn document(docs: &Docs, name: &str) -> Result<syn::Attribute> {
    let text = docs.get(name).ok_or_else(|| failed(format!("the tables say nothing about `{name}`")))?;
    let text = format!(" {text}");
    Ok(parse_quote!(#[doc = #text]))
}

fn alias_item(mut alias: syn::ItemType, tables: &Tables, docs: &Docs) -> Result<Option<Item>> {
    let name = alias.ident.to_string();
    // A struct that took its typedef's name, and the enum without a name, whose constants become plain i32.
    let same = matches!(&*alias.ty, Type::Path(path) if path.path.is_ident(&name));
    if same || name.starts_with("_bindgen_ty") {
        return Ok(None);
    }
    if tables.enumerations.iter().any(|enumeration| enumeration.name == name) {
        *alias.ty = parse_quote!(i32);
    }
    alias.attrs.insert(0, document(docs, &name)?);
    Ok(Some(Item::Type(alias)))
}

fn constant_item(mut constant: ItemConst, docs: &Docs) -> Result<Item> {
    let kind = &constant.ty;
    if quote!(#kind).to_string().starts_with("_bindgen_ty") {
        *constant.ty = parse_quote!(i32);
    }
    let doc = document(docs, &constant.ident.to_string())?;
    constant.attrs.insert(0, doc);
    Ok(Item::Const(constant))
}

fn struct_item(mut structure: syn::ItemStruct, docs: &Docs) -> Result<Item> {
    let name = structure.ident.to_string();
    structure.attrs.insert(0, document(docs, &name)?);
    for field in &mut structure.fields {
        let Some(ident) = &field.ident else { continue };
        let ident = ident.to_string();
        // bindgen appends an underscore to a member that is a Rust keyword.
        let member = if ident == "type_" { "type" } else { &ident };
        field.attrs.insert(0, document(docs, &format!("{name}.{member}"))?);
    }
    Ok(Item::Struct(structure))
}

/// `["what"][actual - expected]` becomes `assert!(actual == expected, "what")`, which says what it means.
fn layout_check(constant: ItemConst) -> Result<Item> {
    let Expr::Block(block) = *constant.expr else {
        return Err(failed("a layout check has an unknown shape".into()));
    };
    let mut checks = Vec::new();
    for statement in &block.block.stmts {
        let syn::Stmt::Expr(Expr::Index(index), _) = statement else {
            return Err(failed(format!("unknown layout check: {}", quote!(#statement))));
        };
        let (Expr::Array(what), Expr::Binary(difference)) = (&*index.expr, &*index.index) else {
            return Err(failed(format!("unknown layout check: {}", quote!(#statement))));
        };
        let (what, actual, expected) = (&what.elems, &difference.left, &difference.right);
        checks.push(quote!(assert!(#actual == #expected, #what);));
    }
    Ok(parse_quote!(const _: () = { #(#checks)* };))
}

fn failed(problem: String) -> Error {
    Error::Tool { tool: "bindgen".into(), problem }
}
