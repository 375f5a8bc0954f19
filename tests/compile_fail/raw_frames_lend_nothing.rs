//! A raw frame is copied out or left alone: there is no way to a reference into memory that the camera writes.

fn main() {}

use frame_pool::{Evidence, Overrun, RawFrame};

pub fn look(mut frame: RawFrame, out: &mut [u8]) -> Result<Evidence, Overrun> {
    frame = frame.clone();
    #[cfg(wrong = "bytes")]
    let _first = frame.slot_bytes()[0]; //~ bytes: E0608
    #[cfg(wrong = "as_ref")]
    let _bytes: &[u8] = frame.as_ref(); //~ as_ref: E0599
    #[cfg(wrong = "pixels")]
    let _pixels = frame.pixels::<u16>(); //~ pixels: E0599
    #[cfg(wrong = "picture")]
    let _picture = frame.picture(); //~ picture: E0599
    #[cfg(wrong = "made")]
    let _made = RawFrame::new; //~ made: E0624
    #[cfg(wrong = "read only")]
    {
        frame.record().number = 7; //~ read only: E0594
    }
    frame.copy_to(out)
}
