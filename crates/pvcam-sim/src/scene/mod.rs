//! What the pixels show, and how they get into a slot.
//!
//! A scene lends rows; nothing is computed per pixel while a frame is written, unless post-processing wants it. The
//! counter scene is a window that slides over one precomputed ramp, the replay scene is the page itself.

mod compose;
mod cutouts;
mod despeckle;
mod orient;
mod paint;
mod pixels;
mod prefill;
mod tiff_stack;

pub(crate) use compose::{Composition, RowBuffer};
pub(crate) use cutouts::Cutouts;
pub(crate) use despeckle::Despeckle;
pub(crate) use orient::{Element, Orientation};
pub(crate) use paint::{FrameFacts, ImageSize, Painter, SlotWriter, Source};
pub(crate) use pixels::Pixels;
pub(crate) use prefill::prefill;
pub(crate) use tiff_stack::TiffStack;
