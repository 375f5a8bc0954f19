//! Once an acquisition runs, frames and callbacks allocate nothing.
mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

use support::buffer::Buffer;
use support::{FrameInfo, NO_OVERWRITE, PARAM_METADATA_ENABLED, Region, Sdk, SmartStream, eventually};

/// Counts what the simulator's threads allocate.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: hands everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Client {
    sdk: *const Sdk,
    hcam: i16,
    frames: AtomicU64,
}

/// What a client does per frame: fetch the oldest, unlock it, ask for the status.
unsafe extern "C" fn fetch(_info: *mut FrameInfo, client: *mut Client) {
    // SAFETY: our context; the test keeps the library while callbacks run; places for the results.
    unsafe {
        let client = &*client;
        let f = &(*client.sdk).f;
        let (mut frame, mut info) = (std::ptr::null_mut(), FrameInfo::default());
        (f.pl_exp_get_oldest_frame_ex)(client.hcam, &raw mut frame, &raw mut info);
        (f.pl_exp_unlock_oldest_frame)(client.hcam);
        let (mut status, mut bytes, mut passes) = (0, 0, 0);
        (f.pl_exp_check_cont_status)(client.hcam, &raw mut status, &raw mut bytes, &raw mut passes);
        client.frames.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_thousand_frames() {
    const SMART_ENABLED: u32 = 0x0B02_02BC;
    const SMART_EXPOSURES: u32 = 0x0E02_02BE;
    let sdk = Sdk::start("[[camera]]\nmodel = \"prime-bsi-usb\"\nspeed = 20.0\n");
    let hcam = sdk.open_first();
    allocates_nothing(&sdk, hcam);
    drop(sdk);
    let sdk = Sdk::start("[[camera]]\nmodel = \"kinetix22-pcie\"\nspeed = 20.0\n");
    let hcam = sdk.open("pvcamPCIE_0");
    sdk.set(hcam, SMART_EXPOSURES, SmartStream { entries: 3, params: [1_u32, 2, 3].as_mut_ptr() });
    sdk.set(hcam, SMART_ENABLED, 1_u16);
    allocates_nothing(&sdk, hcam);
    drop(sdk);
    turned_and_added_up();
    searched_for_spots();
}

// Not tests of their own: those would run at the same time, and allocate.
fn turned_and_added_up() {
    const ROTATE: u32 = 0x0902_0100;
    const SUMMING: u32 = 0x0B02_0102;
    const SUMMING_COUNT: u32 = 0x0702_0103;
    let sdk = Sdk::start("[[camera]]\nmodel = \"prime-bsi-usb\"\nspeed = 40.0\n");
    let hcam = sdk.open_first();
    sdk.set(hcam, ROTATE, 1_i32);
    sdk.set(hcam, SUMMING, 1_u16);
    sdk.set(hcam, SUMMING_COUNT, 2_u32);
    allocates_nothing(&sdk, hcam);
}

fn searched_for_spots() {
    const CENTROIDS: u32 = 0x0B03_00AA;
    let sdk = Sdk::start("[[camera]]\nmodel = \"prime-bsi-usb\"\nspeed = 20.0\n");
    let hcam = sdk.open_first();
    sdk.set(hcam, PARAM_METADATA_ENABLED, 1_u16);
    sdk.set(hcam, CENTROIDS, 1_u16);
    allocates_nothing(&sdk, hcam);
}

fn allocates_nothing(sdk: &Sdk, hcam: i16) {
    sdk.set(hcam, PARAM_METADATA_ENABLED, 1_u16);
    let client = Client { sdk, hcam, frames: AtomicU64::new(0) };
    sdk.on_eof(hcam, fetch, &client);
    let bytes = sdk.setup_cont(hcam, Region::new(0, 0, 32, 32), NO_OVERWRITE);
    let buffer = Buffer::new(16 * bytes);
    // SAFETY: a buffer of whole frames, stopped before it goes.
    sdk.ok(unsafe { (sdk.f.pl_exp_start_cont)(hcam, buffer.pointer(), buffer.len()) });
    let frames = || client.frames.load(Ordering::Relaxed);
    eventually("it runs", || frames() >= 20);
    let (before, from) = (ALLOCATIONS.load(Ordering::Relaxed), frames());
    eventually("a thousand frames pass", || frames() >= from + 1000);
    let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
    sdk.abort(hcam);
    assert_eq!(allocations, 0);
    assert!(before > 0, "allocations are counted");
}
