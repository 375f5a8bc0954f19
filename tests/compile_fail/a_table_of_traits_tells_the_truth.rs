//! What the table of auto traits says is held against the types: neither a yes nor a no can be said wrongly.

#[macro_use]
#[path = "../tests/says/mod.rs"]
mod says;

fn main() {}

yes!(u8: Send + Copy);
#[cfg(wrong = "yes")]
yes!(std::rc::Rc<u8>: Send); //~ yes: E0277
#[cfg(wrong = "yes to one of two")]
yes!(String: Send + Copy); //~ yes to one of two: E0277

no!(std::rc::Rc<u8>: Send, Copy);
#[cfg(wrong = "no")]
no!(u8: Copy); //~ no: E0283
#[cfg(wrong = "no to one of two")]
no!(std::rc::Rc<u8>: Send, Clone); //~ no to one of two: E0283
#[cfg(wrong = "a lease")]
no!(pvcam::Lease: Send); //~ a lease: E0283
