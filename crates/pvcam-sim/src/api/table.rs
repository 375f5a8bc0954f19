//! All exported functions by name, for loading without a dynamic loader.

use std::ffi::{CStr, c_void};
use std::ptr::NonNull;

use super::callback::*;
use super::camera::*;
use super::control::*;
use super::exposure::*;
use super::frames::*;
use super::library::*;
use super::metadata::*;
use super::param::*;
use super::structs::*;

macro_rules! find {
    ($wanted:expr; $($name:ident),+ $(,)?) => {
        match $wanted {
            $(wanted if wanted == stringify!($name).as_bytes() => NonNull::new($name as *mut c_void),)+
            _ => None,
        }
    };
}

/// The address of an exported function: the 47 `pl_*` of the vendor's Linux library, and `pvcam_sim_*`.
///
/// The addresses stay valid for the life of the process. Cast them to the C signatures of the interface.
///
/// ```
/// let version = pvcam_sim::lookup(c"pl_pvcam_get_ver");
/// assert!(version.is_some());
/// assert!(pvcam_sim::lookup(c"pl_ccd_set_readout_port").is_none());
/// ```
#[must_use]
pub fn lookup(name: &CStr) -> Option<NonNull<c_void>> {
    find!(name.to_bytes();
        pl_pvcam_get_ver, pl_pvcam_init, pl_pvcam_uninit,
        pl_cam_close, pl_cam_get_name, pl_cam_get_total, pl_cam_open,
        pl_cam_register_callback, pl_cam_register_callback_ex, pl_cam_register_callback_ex2,
        pl_cam_register_callback_ex3, pl_cam_deregister_callback,
        pl_error_code, pl_error_message,
        pl_get_param, pl_set_param, pl_get_enum_param, pl_enum_str_length, pl_pp_reset,
        pl_create_smart_stream_struct, pl_release_smart_stream_struct,
        pl_create_frame_info_struct, pl_release_frame_info_struct,
        pl_exp_setup_seq, pl_exp_start_seq, pl_exp_setup_cont, pl_exp_start_cont, pl_exp_trigger,
        pl_exp_check_status, pl_exp_check_cont_status, pl_exp_check_cont_status_ex,
        pl_exp_get_latest_frame, pl_exp_get_latest_frame_ex,
        pl_exp_get_oldest_frame, pl_exp_get_oldest_frame_ex, pl_exp_unlock_oldest_frame,
        pl_exp_stop_cont, pl_exp_abort, pl_exp_finish_seq,
        pl_io_script_control, pl_io_clear_script_control,
        pl_md_frame_decode, pl_md_frame_recompose,
        pl_md_create_frame_struct_cont, pl_md_create_frame_struct, pl_md_release_frame_struct,
        pl_md_read_extended,
        pvcam_sim_configure, pvcam_sim_step, pvcam_sim_trigger, pvcam_sim_stats, pvcam_sim_fault,
        pvcam_sim_story, pvcam_sim_clock, pvcam_sim_pulse, pvcam_sim_trigger_script,
    )
}
