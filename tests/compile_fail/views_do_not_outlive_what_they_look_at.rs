//! Every view is borrowed: from the lease, from the guard around it, or from the owned frame.

fn main() {}

use frame_pool::{Held, Lease, OwnedFrame, Pinned, RegionLayout};

pub fn bytes(lease: Lease) -> usize {
    let Ok(bytes) = lease.bytes() else { return 0 };
    #[cfg(wrong = "bytes")]
    drop(lease); //~ bytes: E0505
    bytes.len()
}

pub fn slot(lease: Lease) -> usize {
    let slot: &[u8] = lease.as_ref();
    #[cfg(wrong = "slot")]
    drop(lease); //~ slot: E0505
    slot.len()
}

pub fn row(lease: Lease) -> usize {
    let Ok(row) = lease.row::<u8>(0) else { return 0 };
    #[cfg(wrong = "row")]
    drop(lease); //~ row: E0505
    row.len()
}

pub fn rows(lease: Lease) -> usize {
    let Ok(rows) = lease.rows::<u32>() else { return 0 };
    #[cfg(wrong = "rows")]
    drop(lease); //~ rows: E0505
    rows.len()
}

pub fn one_of_the_rows(lease: Lease) -> usize {
    let last = match lease.rows::<u16>() {
        Ok(rows) => rows.last().unwrap_or(&[]),
        Err(_) => return 0,
    };
    #[cfg(wrong = "one row")]
    drop(lease); //~ one row: E0505
    last.len()
}

pub fn record(lease: Lease) -> u64 {
    let record = lease.record();
    #[cfg(wrong = "record")]
    drop(lease); //~ record: E0505
    record.number
}

pub fn picture(lease: Lease) -> usize {
    let picture = lease.picture();
    #[cfg(wrong = "picture")]
    drop(lease); //~ picture: E0505
    picture.slot_bytes().len()
}

/// A region's pixels are the lease's; its layout is a copy, and the table may go.
pub fn region(lease: Lease, table: Vec<RegionLayout>) -> usize {
    let Some(region) = lease.regions(&table).next() else { return 0 };
    drop(table);
    #[cfg(wrong = "region")]
    drop(lease); //~ region: E0505
    region.bytes().map_or(0, <[u8]>::len)
}

pub fn pixels_of_a_region(lease: Lease, layout: RegionLayout) -> usize {
    let pixels = lease.regions([layout]).next().and_then(|region| region.pixels::<u16>().ok());
    #[cfg(wrong = "pixels of a region")]
    drop(lease); //~ pixels of a region: E0505
    pixels.map_or(0, <[u16]>::len)
}

pub fn owned(frame: OwnedFrame) -> usize {
    let Ok(pixels) = frame.pixels::<u16>() else { return 0 };
    #[cfg(wrong = "owned")]
    drop(frame); //~ owned: E0505
    pixels.len()
}

pub fn pinned(pin: Pinned) -> usize {
    let slot = pin.lease().slot_bytes();
    #[cfg(wrong = "pinned")]
    drop(pin); //~ pinned: E0505
    slot.len()
}

pub fn held(held: Held) -> usize {
    let lease = held.lease();
    #[cfg(wrong = "held")]
    drop(held); //~ held: E0505
    lease.slot_bytes().len()
}

pub fn through_held(held: Held) -> usize {
    let Ok(pixels) = held.pixels::<u16>() else { return 0 };
    #[cfg(wrong = "through held")]
    drop(held); //~ through held: E0505
    pixels.len()
}

/// A clone is a hold of its own, and a pin does not need the lease that it was asked of.
pub fn what_may_go(held: Held) -> Option<Pinned> {
    let lease = held.lease().clone();
    drop(held);
    let pin = lease.pin().ok();
    drop(lease);
    pin
}
