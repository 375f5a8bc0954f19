//! A thin typed layer over the SDK's parameters.

mod id;
mod link;
mod value;

pub(crate) use id::*;
pub(crate) use link::Link;
