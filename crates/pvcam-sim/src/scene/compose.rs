//! Pictures that are made of several exposures, or delivered turned, mirrored or with wider pixels.

use std::sync::atomic::{AtomicBool, Ordering};

use super::cutouts::{Cutouts, SpotBuffer};
use super::despeckle::Correction;
use super::orient::{Element, Orientation};
use super::paint::{ImageSize, SlotWriter};
use super::pixels::Row;

/// How exposures become a delivered picture: the camera averages, the host adds up, turns and mirrors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Composition {
    /// Exposures that the camera averages to one frame; 1 when it does not.
    pub(crate) averaged: u32,
    /// Frames of the camera that the host adds up to one; 1 when it does not.
    pub(crate) summed: u32,
    pub(crate) orientation: Orientation,
    /// How the camera stores pixels.
    pub(crate) camera: Element,
    /// How the client gets them.
    pub(crate) delivered: Element,
    /// Bits of a delivered pixel.
    pub(crate) delivered_bits: u8,
}

impl Composition {
    /// Exposures that a delivered frame is made of.
    pub(crate) fn exposures(&self) -> u32 {
        self.averaged.saturating_mul(self.summed)
    }

    /// True if the camera's rows are delivered as they are.
    pub(crate) fn is_plain(&self) -> bool {
        self.exposures() == 1 && self.orientation == Orientation::default() && self.camera == self.delivered
    }
}

/// Room that painting needs, allocated when the acquisition starts.
#[derive(Debug)]
pub(crate) struct RowBuffer {
    pub(super) correction: Correction,
    /// Where only cut-outs are delivered.
    pub(super) spots: Option<SpotBuffer>,
    /// Whole pictures; empty when rows are delivered as they are.
    mean: Vec<u32>,
    total: Vec<u32>,
    /// The bytes of one delivered row.
    row: Vec<u8>,
}

impl RowBuffer {
    /// Room for any of the images.
    pub(super) fn new(images: &[ImageSize], composition: &Composition, cutouts: Option<Cutouts>) -> Self {
        let widest = images.iter().map(|image| image.columns).max().unwrap_or(0);
        let longest = images.iter().map(|image| image.columns.max(image.rows)).max().unwrap_or(0);
        let largest = images.iter().map(ImageSize::pixels).max().unwrap_or(0);
        let pixels = if composition.is_plain() { 0 } else { largest };
        Self {
            correction: Correction::new(widest),
            spots: cutouts.zip(images.first()).map(|(cutouts, &image)| SpotBuffer::new(image, cutouts)),
            mean: vec![0; pixels],
            total: vec![0; pixels],
            row: Vec::with_capacity(if pixels == 0 { 0 } else { longest as usize * size_of::<u32>() }),
        }
    }
}

/// Paints a picture whose exposures `exposure` gives row by row: the number of the exposure counts from 0.
///
/// A picture can be made of more exposures than a stop should wait for, so `stopped` is looked at before each one; once it is
/// set, the picture is given up and nothing of it is delivered.
pub(super) fn paint(
    composition: &Composition,
    slot: &mut SlotWriter,
    image: ImageSize,
    buffer: &mut RowBuffer,
    stopped: &AtomicBool,
    exposure: impl Fn(u32, u32, &mut Correction, &mut dyn FnMut(Row<'_>)),
) {
    let pixels = image.pixels();
    buffer.total[..pixels].fill(0);
    for frame in 0..composition.summed {
        let mean = &mut buffer.mean[..pixels];
        mean.fill(0);
        for index in 0..composition.averaged {
            if stopped.load(Ordering::Relaxed) {
                return;
            }
            for (r, sums) in (0..image.rows).zip(mean.chunks_exact_mut(image.columns as usize)) {
                let number = frame.wrapping_mul(composition.averaged).wrapping_add(index);
                exposure(number, r, &mut buffer.correction, &mut |row| add(sums, row));
            }
        }
        for (total, mean) in buffer.total[..pixels].iter_mut().zip(&*mean) {
            *total = total.saturating_add(mean / composition.averaged);
        }
    }
    deliver(composition, slot, image, &buffer.total[..pixels], &mut buffer.row);
}

fn add(sums: &mut [u32], row: Row<'_>) {
    match row {
        Row::U8(pixels) => sums.iter_mut().zip(pixels).for_each(|(sum, &pixel)| *sum += u32::from(pixel)),
        Row::U16(pixels) => sums.iter_mut().zip(pixels).for_each(|(sum, &pixel)| *sum += u32::from(pixel)),
    }
}

/// Writes the picture as the client wants it. What is too large for a pixel becomes the largest value.
fn deliver(
    composition: &Composition,
    slot: &mut SlotWriter,
    image: ImageSize,
    picture: &[u32],
    bytes: &mut Vec<u8>,
) {
    let Composition { orientation, delivered, .. } = *composition;
    let size = (image.columns, image.rows);
    let (columns, rows) = if orientation.swaps_axes() { (size.1, size.0) } else { size };
    for row in 0..rows {
        if slot.is_full() {
            return;
        }
        bytes.clear();
        for column in 0..columns {
            let (from_column, from_row) = orientation.source(size, column, row);
            let pixel = picture[from_row as usize * image.columns as usize + from_column as usize];
            let stored = pixel.min(delivered.most()).to_le_bytes();
            bytes.extend_from_slice(&stored[..delivered.bytes() as usize]);
        }
        slot.put(bytes);
    }
}
