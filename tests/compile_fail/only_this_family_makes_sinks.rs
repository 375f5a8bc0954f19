//! No code of a user runs on the SDK's thread: a sink of one's own does not come about by accident.

fn main() {}

pub struct Mine;

#[cfg(wrong = "sink")]
#[rustfmt::skip]
impl frame_pool::Sink for Mine { //~ sink: E0277
    fn deliver(&self, _lease: frame_pool::Lease) {}
    fn close(&self) {}
}
