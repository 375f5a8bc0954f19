//! `api.rs` of `pvcam-sys`: the extern block as a struct of function pointers, filled at run time.

use std::collections::HashMap;
use std::ffi::CString;

use quote::{format_ident, quote};
use syn::{FnArg, ForeignItemFn, Pat, parse_quote};

use super::header::function_document;
use super::tables::{Function, Tables};
use super::{Error, Result};

/// Functions that an older library of the same major version does not have.
const OPTIONAL: [&str; 1] = ["pl_exp_trigger"];

/// The struct and the code that fills it. The order is that of the table.
pub(crate) fn generate(tables: &Tables, functions: &[ForeignItemFn]) -> Result<syn::File> {
    let by_name: HashMap<String, &ForeignItemFn> =
        functions.iter().map(|function| (function.sig.ident.to_string(), function)).collect();
    if by_name.len() != tables.functions.len() {
        let problem = format!("{} functions in the header, {} made", tables.functions.len(), by_name.len());
        return Err(Error::Tool { tool: "bindgen".into(), problem });
    }
    let (mut fields, mut fills) = (Vec::new(), Vec::new());
    for function in &tables.functions {
        let Some(item) = by_name.get(&function.name) else {
            let problem = format!("`{}` is in the header but was not made", function.name);
            return Err(Error::Tool { tool: "bindgen".into(), problem });
        };
        let name = format_ident!("{}", function.name);
        let symbol = CString::new(function.name.as_str())
            .map_err(|e| Error::Table { file: "functions.toml".into(), problem: e.to_string() })?;
        let symbol = syn::LitCStr::new(&symbol, name.span());
        let doc = format!(" {}", document(function));
        let pointer = pointer_type(item);
        if OPTIONAL.contains(&function.name.as_str()) {
            fields.push(quote!(#[doc = #doc] pub #name: Option<#pointer>));
            fills.push(quote!(#name: optional_symbol!(lookup, #symbol)));
        } else {
            fields.push(quote!(#[doc = #doc] pub #name: #pointer));
            fills.push(quote!(#name: required_symbol!(lookup, #symbol)));
        }
    }
    let count = format!(" The {} functions that the Linux library exports, as loaded.", fields.len());
    Ok(parse_quote! {
        use std::ffi::CStr;

        use super::types::*;
        use crate::lookup::{Lookup, optional_symbol, required_symbol};

        #[doc = #count]
        ///
        /// Every pointer is the C function of the same name. Calling one is unsafe as any C call is: the pointers
        /// passed must be valid for what the function's text says (`in` is read, `out` is written, `out later` is
        /// kept by the library and written after the call returned).
        #[derive(Debug, Clone, Copy)]
        pub struct Api { #(#fields),* }

        impl Api {
            /// Fills the table by asking `lookup` for each name; the error is the first name that it does not know.
            ///
            /// # Safety
            ///
            /// Each address that `lookup` returns is a function with the C prototype of that name in
            /// `vendor/pvcam/pvcam.h`, and stays one for the rest of the process.
            pub(crate) unsafe fn fill(lookup: &mut Lookup<'_>) -> Result<Self, &'static CStr> {
                Ok(Self { #(#fills),* })
            }
        }
    })
}

fn document(function: &Function) -> String {
    let text = function_document(function);
    if OPTIONAL.contains(&function.name.as_str()) {
        format!("{text} `None` when the library is older than that.")
    } else {
        text
    }
}

fn pointer_type(function: &ForeignItemFn) -> syn::Type {
    let arguments = function.sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(argument) => Some(argument),
        FnArg::Receiver(_) => None,
    });
    let arguments = arguments.map(|argument| {
        let kind = &argument.ty;
        match &*argument.pat {
            Pat::Ident(name) => quote!(#name: #kind),
            _ => quote!(#kind),
        }
    });
    let output = &function.sig.output;
    parse_quote!(unsafe extern "C" fn(#(#arguments),*) #output)
}
