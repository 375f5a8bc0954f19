//! Loading real shared libraries: good ones made here by the C compiler from the header, and wrong ones.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tables::{compile, scratch, table, text};
use pvcam_sys::{Api, LoadError};

/// Builds `folder/libpvcam.so.2` in which every function but `without` returns 1 and ignores its arguments.
fn build_library(folder: &Path, without: &str) -> PathBuf {
    let mut source = String::from("#include \"master.h\"\n#include \"pvcam.h\"\n");
    for (name, function) in table("functions.toml")["function"].as_table().unwrap() {
        if function["exported_linux"].as_bool() == Some(true) && name != without {
            writeln!(source, "{} {{ return 1; }}", text(function, "c").trim_end_matches(';')).unwrap();
        }
    }
    let file = folder.join("stub.c");
    std::fs::write(&file, source).unwrap();
    let library = folder.join("libpvcam.so.2");
    let output =
        compile("cc", &["-shared", "-fPIC", "-w"], &file, &library).expect("a C compiler, `cc`, is needed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    library
}

#[test]
fn a_library_is_loaded_by_its_file_or_its_folder_and_called() {
    let folder = scratch("complete");
    let library = build_library(&folder, "");
    for path in [&library, &folder] {
        let (api, loaded) = Api::load_from(path).unwrap();
        assert_eq!(loaded, library.canonicalize().unwrap());
        assert!(api.pl_exp_trigger.is_some());
        // SAFETY: no arguments; the stub returns 1.
        assert_eq!(unsafe { (api.pl_pvcam_init)() }, 1);
        // SAFETY: the stub ignores its arguments.
        assert_eq!(unsafe { (api.pl_cam_close)(0) }, 1);
    }
}

#[test]
fn only_the_software_trigger_may_be_missing() {
    let folder = scratch("without-trigger");
    build_library(&folder, "pl_exp_trigger");
    assert!(Api::load_from(&folder).unwrap().0.pl_exp_trigger.is_none());

    let folder = scratch("without-abort");
    let library = build_library(&folder, "pl_exp_abort");
    let error = Api::load_from(&folder).unwrap_err();
    let expected = LoadError::MissingSymbol { symbol: c"pl_exp_abort", library: Some(library) };
    assert_eq!(error, expected);
}

#[test]
fn a_missing_file_is_named_with_the_reason_and_the_cure() {
    let path = Path::new("/nonexistent/libpvcam.so.2");
    let error = Api::load_from(path).unwrap_err();
    let text = error.to_string();
    assert!(matches!(&error, LoadError::NotLoadable { path: named, .. } if named == path), "{error:?}");
    assert!(text.contains("/nonexistent/libpvcam.so.2") && text.contains("No such file"), "{text}");
    assert!(text.contains("PVCAM_LIBRARY") && text.contains("cargo xtask sim --print"), "{text}");
}

#[test]
fn a_file_that_is_no_library_is_refused_with_the_loaders_reason() {
    let file = scratch("text").join("libpvcam.so.2");
    std::fs::write(&file, "not a library").unwrap();
    let error = Api::load_from(&file).unwrap_err();
    let LoadError::NotLoadable { reason, .. } = &error else { panic!("{error:?}") };
    assert!(reason.contains("file too short") || reason.contains("invalid ELF header"), "{reason}");
}

#[test]
fn another_library_is_refused_by_the_first_function_it_lacks() {
    let error = Api::load_from(Path::new("libm.so.6")).unwrap_err();
    let text = error.to_string();
    assert!(
        matches!(error, LoadError::MissingSymbol { symbol, .. } if symbol == c"pl_pvcam_get_ver"),
        "{text}"
    );
    assert!(text.contains("libm.so.6") && text.contains("pl_pvcam_get_ver"), "{text}");
}

/// Runs [`load_in_a_process_of_its_own`] with the given environment and returns what it printed.
fn load_with(variables: &[(&str, &Path)]) -> String {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    command.args(["--exact", "loader::load_in_a_process_of_its_own", "--ignored", "--nocapture"]);
    command.env_remove("PVCAM_LIBRARY").env_remove("LD_LIBRARY_PATH");
    command.envs(variables.iter().map(|(name, path)| (name, path)));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The environment of a process cannot be changed safely while tests run in threads.
#[test]
#[ignore = "started by the tests below, with an environment of their own"]
fn load_in_a_process_of_its_own() {
    match Api::load() {
        Ok((_, path)) => println!("loaded {}", path.display()),
        Err(why) => println!("refused {why}"),
    }
}

#[test]
fn the_variable_names_a_folder_or_a_file_and_ends_the_search() {
    let folder = scratch("variable");
    let library = build_library(&folder, "").canonicalize().unwrap();
    let loaded = format!("loaded {}", library.display());
    for path in [&folder, &library] {
        assert!(load_with(&[("PVCAM_LIBRARY", path)]).contains(&loaded));
    }
    // A wrong variable is not silently replaced by a library that would have been found.
    let wrong = Path::new("/nonexistent/libpvcam.so.2");
    let text = load_with(&[("PVCAM_LIBRARY", wrong), ("LD_LIBRARY_PATH", &folder)]);
    assert!(text.contains("refused /nonexistent/libpvcam.so.2 (PVCAM_LIBRARY) does not load"), "{text}");
}

#[test]
fn the_dynamic_loaders_path_is_searched_and_the_file_found_is_told() {
    let folder = scratch("search");
    let library = build_library(&folder, "").canonicalize().unwrap();
    for extra in [None, Some(("PVCAM_LIBRARY", Path::new("")))] {
        let mut variables = vec![("LD_LIBRARY_PATH", folder.as_path())];
        variables.extend(extra);
        let text = load_with(&variables);
        assert!(text.contains(&format!("loaded {}", library.display())), "{text}");
    }
}
