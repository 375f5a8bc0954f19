//! Nobody writes what others may be reading.

fn main() {}

pub fn write(mut lease: pvcam::Lease) {
    lease = lease.clone();
    if let Ok(pixels) = lease.pixels::<u16>() {
        let _first = pixels[0];
        #[cfg(wrong = "pixels")]
        {
            pixels[0] = 1; //~ pixels: E0594
        }
    }
    let _first = lease.slot_bytes()[0];
    #[cfg(wrong = "bytes")]
    {
        lease.slot_bytes()[0] = 1; //~ bytes: E0594
    }
    let _bytes: &[u8] = lease.as_ref();
    #[cfg(wrong = "as_mut")]
    let _bytes: &mut [u8] = lease.as_mut(); //~ as_mut: E0599
    let _number = lease.record().number;
    #[cfg(wrong = "record")]
    {
        lease.record().number = 1; //~ record: E0594
    }
}
