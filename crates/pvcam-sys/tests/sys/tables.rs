//! The fact tables, and a C compiler, for the tests.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use toml::{Table, Value};

/// The folder of the fact tables and the header.
pub(crate) fn vendor() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vendor/pvcam")
}

/// One fact table.
pub(crate) fn table(name: &str) -> Table {
    let path = vendor().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())).parse().unwrap()
}

/// A text entry.
pub(crate) fn text<'a>(node: &'a Value, key: &str) -> &'a str {
    node[key].as_str().unwrap_or_else(|| panic!("`{key}` is no text in {node}"))
}

/// A number entry.
pub(crate) fn number(node: &Value, key: &str) -> i64 {
    node[key].as_integer().unwrap_or_else(|| panic!("`{key}` is no number in {node}"))
}

/// An empty folder of this test's own.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Compiles `source`, which may include the header; `None` when there is no such compiler.
pub(crate) fn compile(compiler: &str, arguments: &[&str], source: &Path, target: &Path) -> Option<Output> {
    let mut command = Command::new(compiler);
    command.args(arguments).arg("-I").arg(vendor()).arg("-o").arg(target).arg(source);
    match command.output() {
        Ok(output) => Some(output),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
        Err(e) => panic!("{compiler}: {e}"),
    }
}
