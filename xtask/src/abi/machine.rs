//! Types as the machine passes them: the form in which C and the simulator's Rust can be compared, which name them differently.

use super::interface::{Interface, Kind, c_type, signature};

/// A type of C: numbers by width and sign, pointers by what they point at. Constness is not passed.
fn shape(facts: &Interface, kind: &str) -> String {
    let kind = c_type(kind);
    let kind = kind.strip_prefix("const ").unwrap_or(&kind);
    if let Some((target, extent)) = kind.find(['*', '[']).map(|at| kind.split_at(at)) {
        return shape(facts, target) + extent;
    }
    if let Some(target) = facts.of(Kind::Pointer).get(kind) {
        return shape(facts, target);
    }
    facts.of(Kind::Scalar).get(kind).map_or(kind, String::as_str).to_owned()
}

/// A member of a struct. Of a pointer only that it is one: who does not look behind it may call that anything.
pub(super) fn member(shape: &str) -> String {
    match shape.find('*') {
        Some(at) => format!("pointer{}", shape[at..].trim_start_matches('*')),
        None => shape.to_owned(),
    }
}

/// A signature of C.
pub(super) fn export(facts: &Interface, result: &str, arguments: &[String]) -> String {
    let arguments: Vec<String> = arguments.iter().map(|kind| shape(facts, kind)).collect();
    signature(&shape(facts, result), &arguments)
}

/// Notes these structs as lists of their members, without names.
pub(super) fn note_memory<'n>(facts: &mut Interface, names: impl Iterator<Item = &'n str>) {
    for name in names {
        let Some(size) = facts.of(Kind::Struct).get(name).cloned() else { continue };
        let prefix = format!("{name}.");
        let fields = facts.of(Kind::Field).iter().filter(|(field, _)| field.starts_with(&prefix));
        // Each is told as `TYPE at OFFSET, SIZE bytes`.
        let mut members: Vec<(u64, String)> = fields
            .filter_map(|(_, text)| {
                let (kind, place) = text.rsplit_once(" at ")?;
                let offset = place.split(',').next()?.parse().ok()?;
                Some((offset, member(&shape(facts, kind))))
            })
            .collect();
        members.sort();
        let text = memory_text(&members, &size);
        facts.note(Kind::Memory, name, text);
    }
}

/// How a struct without names is told.
pub(super) fn memory_text(members: &[(u64, String)], size: &str) -> String {
    let members: Vec<String> = members.iter().map(|(offset, kind)| format!("{kind} at {offset}")).collect();
    format!("{}; {size}", members.join(", "))
}
