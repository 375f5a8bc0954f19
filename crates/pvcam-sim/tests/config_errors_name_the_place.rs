//! A broken configuration is refused with file, line and key, and the library says so at init.
#![expect(clippy::unwrap_used, reason = "a test helper that fails is a failed test")]

mod support;

use std::ffi::CStr;
use std::path::PathBuf;
use std::sync::Mutex;

use pvcam_sim::Control;
use support::Functions;

/// Init and the environment are global.
static TURN: Mutex<()> = Mutex::new(());

fn refusal(toml: &str) -> String {
    Control::in_process().configure(toml).unwrap_err().to_string()
}

fn data(file: &str) -> String {
    format!("{}/../../tests/data/{file}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn each_mistake_names_its_line_and_key() {
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let camera = "[[camera]]\nmodel = \"prime-bsi-usb\"\n";
    for (toml, start, what) in [
        ("[[camera]]\nmodel = \"prime\"\n", "line 2, key `model`: ", "prime-bsi-usb, kinetix-pcie"),
        ("[[camera]]\nname = \"a\"\n", "line 1, key `camera`: ", "missing field `model`"),
        (&format!("{camera}speed = 0\n"), "line 3, key `speed`: ", "0.001"),
        (&format!("{camera}speed = \"fast\"\n"), "line 3, key `speed`: ", "fast"),
        (&format!("{camera}clock = \"atomic\"\n"), "line 3, key `clock`: ", "stepped"),
        (&format!("{camera}\ncolour = 3\n"), "line 4, key `colour`: ", "unknown field"),
        (&format!("{camera}[camera.faults]\ntorn = 3\n"), "line 4, key `torn`: ", "invalid type"),
        (
            &format!("{camera}[camera.faults]\nlate_burst = {{ at = -1, frames = 2 }}\n"),
            "line 4, key `at`: ",
            "u32",
        ),
        (&format!("{camera}scene = \"replay\"\n"), "line 3, key `scene`: ", "`replay`"),
        (
            &format!("{camera}scene = \"replay\"\nreplay = \"none.tif\"\n"),
            "line 4, key `replay`: ",
            "none.tif: ",
        ),
        (&format!("{camera}name = \"x\"\n{camera}name = \"x\"\n"), "line 6, key `name`: ", "two cameras"),
        (&format!("{camera}serial = \"{}\"\n", "9".repeat(32)), "line 3, key `serial`: ", "31 bytes"),
        ("[[camera]\n", "line 1, ", ""),
    ] {
        let text = refusal(toml);
        assert!(text.starts_with(start) && text.contains(what), "{toml}\ngave: {text}");
    }
}

#[test]
fn a_picture_of_the_wrong_kind_is_named() {
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let file = data("README.md");
    let text =
        refusal(&format!("[[camera]]\nmodel = \"prime-bsi-usb\"\nscene = \"replay\"\nreplay = \"{file}\"\n"));
    assert!(text.starts_with("line 4, key `replay`: ") && text.contains("README.md"), "{text}");
}

#[test]
fn a_broken_file_fails_init_with_151() {
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("broken.toml");
    std::fs::write(&file, "[[camera]]\nmodel = \"prime-bsi-usb\"\nseed = \"one\"\n").unwrap();
    let f = Functions::load();
    let mut text = [0_u8; 255];
    // SAFETY: no other test of this file reads the environment meanwhile; 255 bytes for the message.
    unsafe {
        // A configuration handed over would win over the file; an init and uninit leave it, so this test uses
        // a process in which nobody has handed one over successfully.
        std::env::set_var("PVCAM_SIM_CONFIG", &file);
        assert_eq!((f.pl_pvcam_init)(), 0);
        assert_eq!((f.pl_error_code)(), 151);
        (f.pl_error_message)(151, text.as_mut_ptr().cast());
    }
    let text = CStr::from_bytes_until_nul(&text).unwrap().to_str().unwrap();
    assert!(text.contains("broken.toml: line 3, key `seed`"), "{text}");
    assert!(text.contains("(PL_ERR_INSTALLATION_CORRUPTED)"), "{text}");

    std::fs::write(&file, "[[camera]]\nmodel = \"prime-bsi-usb\"\nname = \"mine\"\n").unwrap();
    let mut name = [0_u8; 32];
    // SAFETY: as above; 32 bytes for the name.
    unsafe {
        assert_eq!((f.pl_pvcam_init)(), 1, "it may simply be tried again");
        assert_eq!((f.pl_cam_get_name)(0, name.as_mut_ptr().cast()), 1);
        assert_eq!((f.pl_pvcam_uninit)(), 1);
    }
    assert_eq!(CStr::from_bytes_until_nul(&name).unwrap(), c"mine");
}

#[test]
fn configuring_is_refused_while_initialised() {
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let f = Functions::load();
    // SAFETY: no other test of this file reads the environment meanwhile.
    unsafe {
        std::env::remove_var("PVCAM_SIM_CONFIG");
        assert_eq!((f.pl_pvcam_init)(), 1);
    }
    let text = refusal("");
    // SAFETY: no arguments.
    assert_eq!(unsafe { (f.pl_pvcam_uninit)() }, 1);
    assert!(text.contains("pl_pvcam_uninit"), "{text}");
}
