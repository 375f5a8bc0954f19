//! SMART streaming: frame after frame takes the next exposure of the list, and its header and its time say so.
#![expect(clippy::unwrap_used, reason = "a test helper that fails is a failed test")]

mod support;

use support::{PARAM_METADATA_ENABLED, Region, Sdk, SmartStream};

const ENABLED: u32 = 0x0B02_02BC;
const EXPOSURES: u32 = 0x0E02_02BE;
const AVAIL: i16 = 8;
const FRAMES: u16 = 7;
/// Line time of the first port, which exposures are whole numbers of.
const LINE_PS: u64 = 7_062_500;

fn kinetix22() -> (Sdk, i16) {
    let sdk = Sdk::start("[[camera]]\nmodel = \"kinetix22-pcie\"\nclock = \"stepped\"\n");
    let hcam = sdk.open("pvcamPCIE_0");
    sdk.set(hcam, PARAM_METADATA_ENABLED, 1_u16);
    (sdk, hcam)
}

fn put(sdk: &Sdk, hcam: i16, exposures: &mut [u32]) {
    let entries = u16::try_from(exposures.len()).unwrap();
    sdk.set(hcam, EXPOSURES, SmartStream { entries, params: exposures.as_mut_ptr() });
}

/// Exposures in ps and times from the end of one frame to the end of the next in ns, as the headers tell them.
fn acquire(sdk: &Sdk, hcam: i16) -> (Vec<u64>, Vec<u64>) {
    let bytes = sdk.setup_seq(hcam, FRAMES, Region::new(0, 0, 16, 16)) as usize;
    let mut buffer = vec![0_u8; bytes];
    // SAFETY: the buffer has the bytes that the setup told, and outlives the acquisition.
    sdk.ok(unsafe { (sdk.f.pl_exp_start_seq)(hcam, buffer.as_mut_ptr().cast()) });
    sdk.step(FRAMES.into());
    sdk.abort(hcam);
    let number = |frame: &[u8], at: usize| u64::from_le_bytes(frame[at..at + 8].try_into().unwrap());
    let frames = || buffer.chunks(bytes / usize::from(FRAMES));
    let ends: Vec<u64> = frames().map(|frame| number(frame, 19) / 1000).collect();
    (
        frames().map(|frame| number(frame, 27)).collect(),
        ends.windows(2).map(|pair| pair[1] - pair[0]).collect(),
    )
}

/// The nearest number of whole lines, in ps; headers keep whole nanoseconds.
fn whole_lines(milliseconds: u64) -> u64 {
    let lines = (milliseconds * 1_000_000_000 + LINE_PS / 2) / LINE_PS;
    lines * LINE_PS / 1000 * 1000
}

#[test]
fn seven_frames_of_three_exposures() {
    let (sdk, hcam) = kinetix22();
    put(&sdk, hcam, &mut [5, 20, 1]);
    let (argument, _) = acquire(&sdk, hcam);
    assert_eq!(argument, [whole_lines(1); 7], "a list that is not switched on is not taken");
    sdk.set(hcam, ENABLED, 1_u16);
    let (exposures, gaps) = acquire(&sdk, hcam);
    assert_eq!(exposures, [5, 20, 1, 5, 20, 1, 5].map(whole_lines));
    // With so few rows the exposure alone makes the time from frame to frame, and one line more.
    let near = |(gap, milliseconds): (u64, u64)| gap.abs_diff(milliseconds * 1_000_000) < 20_000;
    assert!(gaps.iter().copied().zip([20, 1, 5, 20, 1, 5]).all(near), "{gaps:?}");
}

#[test]
fn a_changed_list_wants_a_new_setup_and_an_exposure_argument() {
    let (sdk, hcam) = kinetix22();
    sdk.set(hcam, ENABLED, 1_u16);
    put(&sdk, hcam, &mut [5, 20]);
    let bytes = sdk.setup_seq(hcam, 1, Region::new(0, 0, 16, 16));
    put(&sdk, hcam, &mut [5, 21]);
    let mut buffer = vec![0_u8; bytes as usize];
    // SAFETY: the buffer has the bytes that the setup told.
    sdk.fails(188, unsafe { (sdk.f.pl_exp_start_seq)(hcam, buffer.as_mut_ptr().cast()) });
    let (region, mut bytes) = (Region::new(0, 0, 16, 16), 0);
    // SAFETY: one region and a place for the bytes.
    let result = unsafe {
        (sdk.f.pl_exp_setup_seq)(hcam, 1, 1, &raw const region, support::INTERNAL, 0, &raw mut bytes)
    };
    sdk.fails(187, result);
    put(&sdk, hcam, &mut [5, u32::MAX]);
    // SAFETY: as above.
    let result = unsafe {
        (sdk.f.pl_exp_setup_seq)(hcam, 1, 1, &raw const region, support::INTERNAL, 1, &raw mut bytes)
    };
    sdk.fails(187, result);
}

#[test]
fn a_smaller_room_gets_as_much_as_it_holds_and_none_gets_the_number() {
    let (sdk, hcam) = kinetix22();
    put(&sdk, hcam, &mut [5, 20, 1]);
    let mut room = [0_u32, 0, 77];
    for (entries, params) in [(2, room.as_mut_ptr()), (0, std::ptr::null_mut()), (9, std::ptr::null_mut())] {
        let mut list = SmartStream { entries, params };
        // SAFETY: a structure with room for as many values as it says, or with none.
        sdk.ok(unsafe { (sdk.f.pl_get_param)(hcam, EXPOSURES, 0, (&raw mut list).cast()) });
        assert_eq!(list.entries, 3);
    }
    assert_eq!(room, [5, 20, 77]);
}

#[test]
fn a_camera_without_it_says_so() {
    let sdk = Sdk::stepped("");
    let hcam = sdk.open_first();
    assert_eq!([ENABLED, EXPOSURES].map(|id| sdk.get::<u16>(hcam, id, AVAIL)), [0, 0]);
}
