//! A pin, a name, an owned frame and a stream come from whom they are counted with, and from nowhere else.

fn main() {}

use frame_pool::{Held, Holder, Lease, OwnedFrame, Pinned, Pool, Record, Stream, StreamPlan, Ticket};

pub fn pin(lease: Lease) -> Option<Pinned> {
    #[cfg(wrong = "pin")]
    let _made = Pinned { lease: lease.clone() }; //~ pin: E0451
    let pin = lease.pin().ok()?;
    #[cfg(wrong = "second pin")]
    let _second = pin.clone(); //~ second pin: E0599
    #[cfg(wrong = "pin taken apart")]
    let _lease = pin.lease; //~ pin taken apart: E0616
    Some(pin)
}

pub fn hold(lease: Lease, holder: &Holder) -> Held {
    let held = holder.hold(lease);
    #[cfg(wrong = "second hold")]
    let _second = held.clone().note; //~ second hold: E0609
    #[cfg(wrong = "held taken apart")]
    let _lease: Lease = *held; //~ held taken apart: E0507
    held
}

pub fn own(lease: &Lease, record: Record) -> Option<OwnedFrame> {
    #[cfg(wrong = "own")]
    let _made = OwnedFrame::new(record, lease.slot_bytes()); //~ own: E0624
    let mut frame = lease.to_owned_frame().ok()?;
    frame = frame.clone();
    let _numbers = (frame.record().number, record.number, frame.slot_bytes()[0]);
    #[cfg(wrong = "own record")]
    {
        frame.record().number = 2; //~ own record: E0594
    }
    #[cfg(wrong = "own bytes")]
    {
        frame.slot_bytes()[0] = 2; //~ own bytes: E0594
    }
    Some(frame)
}

pub fn stream(pool: &Pool, plan: StreamPlan, record: Record) {
    #[cfg(wrong = "made")]
    let _made = Stream::new; //~ made: E0624
    let Ok(stream) = pool.open_stream(plan) else { return };
    #[cfg(wrong = "publish")]
    let _ = stream.publish(0, &record); //~ publish: E0133
    #[cfg(wrong = "vacant")]
    stream.vacant(1); //~ vacant: E0133
    #[cfg(wrong = "copy")]
    stream.copy(0, record); //~ copy: E0133
    let _ = (pool.close_stream(&stream), record);
}

pub fn ticket() {
    #[cfg(wrong = "ticket")]
    let _ticket = Ticket(4); //~ ticket: E0423
    let _taken: Ticket = frame_pool::Doorbell::new().listen();
}
