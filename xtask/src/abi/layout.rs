//! Sizes and offsets as the C compilers of x86_64 Linux and x86_64 Windows lay structs out; the two agree.

use std::collections::HashMap;

use super::interface::{Interface, Kind};

/// Size and alignment of every named type.
pub(super) struct Layouts {
    known: HashMap<String, (u64, u64)>,
}

impl Layouts {
    /// The numbers of the language.
    pub(super) fn new() -> Self {
        let known = [("char", 1), ("i8", 1), ("u8", 1), ("i16", 2), ("u16", 2), ("i32", 4), ("u32", 4)];
        let wide = [("f32", 4), ("f64", 8), ("i64", 8), ("u64", 8)];
        let entry = |(name, size): (&str, u64)| (name.to_owned(), (size, size));
        Self { known: known.into_iter().chain(wide).map(entry).collect() }
    }

    /// A name for a number.
    pub(super) fn alias(&mut self, name: &str, number: &str) {
        if let Some(&layout) = self.known.get(number) {
            self.known.insert(name.to_owned(), layout);
        }
    }

    /// Lays a struct out, and notes it with all of its members; the first type that is not known is the error.
    pub(super) fn lay_out(
        &mut self,
        name: &str,
        packed: bool,
        fields: &[(String, String)],
        into: &mut Interface,
    ) -> Result<(), String> {
        let (mut end, mut widest) = (0_u64, 1_u64);
        for (field, kind) in fields {
            let (size, alignment) =
                self.of(kind).ok_or_else(|| format!("{name}.{field} has the unknown type `{kind}`"))?;
            let alignment = if packed { 1 } else { alignment };
            widest = widest.max(alignment);
            let offset = end.next_multiple_of(alignment);
            into.note(Kind::Field, format!("{name}.{field}"), field_text(kind, offset, size));
            end = offset + size;
        }
        let size = end.next_multiple_of(widest);
        into.note(Kind::Struct, name, struct_text(size, widest));
        self.known.insert(name.to_owned(), (size, widest));
        Ok(())
    }

    fn of(&self, kind: &str) -> Option<(u64, u64)> {
        if let Some((element, length)) = kind.strip_suffix(']').and_then(|kind| kind.rsplit_once('[')) {
            let (size, alignment) = self.of(element)?;
            return Some((size * length.parse::<u64>().ok()?, alignment));
        }
        if kind.ends_with('*') {
            return Some((8, 8));
        }
        self.known.get(kind).copied()
    }
}

/// How a member is told.
pub(super) fn field_text(kind: &str, offset: u64, size: u64) -> String {
    format!("{kind} at {offset}, {size} bytes")
}

/// How a struct is told.
pub(super) fn struct_text(size: u64, alignment: u64) -> String {
    format!("{size} bytes, aligned to {alignment}")
}
