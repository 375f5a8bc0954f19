//! The types for 64-bit Windows. They are laid out as on Linux, so the assertions in that file are checked here, by compiling it.

#[expect(dead_code, reason = "its assertions are what is wanted")]
#[expect(non_camel_case_types, non_snake_case, reason = "the SDK's own names")]
#[expect(unreachable_pub, reason = "a file of the crate, compiled once more")]
#[path = "../../src/bindings/x86_64_pc_windows_msvc.rs"]
mod types;

use std::mem::{offset_of, size_of};

#[test]
fn a_frame_information_is_the_same_on_windows() {
    assert_eq!(size_of::<types::FRAME_INFO>(), size_of::<pvcam_sys::FRAME_INFO>());
    assert_eq!(offset_of!(types::FRAME_INFO, TimeStampBOF), offset_of!(pvcam_sys::FRAME_INFO, TimeStampBOF));
    assert_eq!(types::PARAM_FRAME_BUFFER_SIZE, pvcam_sys::PARAM_FRAME_BUFFER_SIZE);
}
