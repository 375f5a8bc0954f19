//! Writing a frame: headers in place, then pixels, in ascending addresses.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::compose::{self, Composition, RowBuffer};
use super::cutouts::Cutouts;
use super::despeckle::{self, Correction, Despeckle, Neighbourhood};
use super::pixels::{Pixels, Row, mask};
use super::tiff_stack::TiffStack;
use crate::metadata::Headers;

/// Size of the image of one region, as it lies on the sensor, and where that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ImageSize {
    pub(crate) columns: u32,
    pub(crate) rows: u32,
    /// Column and row of its first pixel on the sensor, unbinned.
    pub(crate) origin: (u32, u32),
}

impl ImageSize {
    /// Number of pixels.
    pub(crate) fn pixels(&self) -> usize {
        self.columns as usize * self.rows as usize
    }
}

/// Where the pixels come from.
#[derive(Debug)]
pub(crate) enum Source {
    /// `(f * 31 + r * 7 + c)` modulo 2^bits.
    Counter { ramp: Pixels, bit_depth: u8 },
    /// No pixels: headers, or the frame number in the first 8 bytes.
    Stamp,
    Replay {
        stack: Arc<TiffStack>,
        /// The pages are pictures of the whole sensor, and regions are cut out of them.
        cut: bool,
    },
}

/// Paints the frames of one acquisition.
#[derive(Debug)]
pub(crate) struct Painter {
    pub(crate) source: Source,
    /// The images, one per region.
    pub(crate) images: Vec<ImageSize>,
    pub(crate) composition: Composition,
    /// What post-processing is on.
    pub(crate) despeckle: Vec<Despeckle>,
    /// Cut-outs around bright spots are delivered instead of the image.
    pub(crate) cutouts: Option<Cutouts>,
    /// Headers, if the frames carry metadata.
    pub(crate) headers: Option<Headers>,
}

impl Painter {
    /// Room that painting needs; one per writer.
    pub(crate) fn row_buffer(&self) -> RowBuffer {
        RowBuffer::new(&self.images, &self.composition, self.cutouts)
    }

    /// True if the ring is to be filled before the first frame.
    pub(crate) fn wants_prefill(&self) -> bool {
        matches!(self.source, Source::Stamp)
    }

    /// Writes frame `camera_number`, as far as `slot` takes bytes; given up between two exposures of it once `stopped` is set.
    pub(crate) fn paint(
        &self,
        slot: &mut SlotWriter,
        frame: &FrameFacts,
        buffer: &mut RowBuffer,
        stopped: &AtomicBool,
    ) {
        if let Some(headers) = &self.headers {
            slot.put(&headers.frame(frame));
            if let Some(cutouts) = self.cutouts {
                self.paint_cutouts(slot, cutouts, headers, frame, buffer);
                return;
            }
        }
        for (index, image) in self.images.iter().enumerate() {
            if let Some(headers) = &self.headers {
                slot.put(&headers.region(index, frame));
            }
            match &self.source {
                Source::Stamp if self.headers.is_none() && index == 0 => {
                    slot.put(&u64::from(frame.camera_number).to_le_bytes());
                    return;
                }
                Source::Stamp => slot.skip(self.image_bytes(*image)),
                Source::Counter { .. } | Source::Replay { .. } => {
                    self.paint_image(slot, *image, frame.camera_number, buffer, stopped);
                }
            }
        }
    }

    /// As many regions as there are to be, first those of the spots that were found.
    fn paint_cutouts(
        &self,
        slot: &mut SlotWriter,
        cutouts: Cutouts,
        headers: &Headers,
        frame: &FrameFacts,
        buffer: &mut RowBuffer,
    ) {
        let RowBuffer { correction, spots: Some(spots), .. } = buffer else { return };
        if !matches!(self.source, Source::Stamp) {
            let image = self.images[0];
            for r in 0..image.rows {
                spots.take(r, self.corrected(frame.camera_number, image, r, correction));
            }
            spots.find();
        }
        let wide = self.composition.delivered.bytes();
        let bytes = cutouts.pixels() * wide;
        for index in 0..usize::from(cutouts.count) {
            if let Some(corner) = spots.corner(index) {
                slot.put(&headers.cutout(index, corner, (cutouts.side(), bytes), frame));
                spots.pixels(corner).for_each(|pixel| slot.put(&pixel.to_le_bytes()[..wide as usize]));
            } else {
                slot.put(&Headers::nothing(index));
                slot.skip(bytes as usize);
            }
        }
    }

    fn paint_image(
        &self,
        slot: &mut SlotWriter,
        image: ImageSize,
        number: u32,
        buffer: &mut RowBuffer,
        stopped: &AtomicBool,
    ) {
        if !self.composition.is_plain() {
            let first = number.wrapping_sub(1).wrapping_mul(self.composition.exposures());
            compose::paint(&self.composition, slot, image, buffer, stopped, |index, r, correction, take| {
                let number = first.wrapping_add(index).wrapping_add(1);
                take(self.corrected(number, image, r, correction));
            });
            return;
        }
        for r in 0..image.rows {
            if slot.is_full() {
                return;
            }
            slot.put(self.corrected(number, image, r, &mut buffer.correction).bytes());
        }
    }

    /// A row of an exposure, without its speckles.
    fn corrected<'a>(
        &'a self,
        number: u32,
        image: ImageSize,
        r: u32,
        correction: &'a mut Correction,
    ) -> Row<'a> {
        let here = self.row(number, image, r);
        if self.despeckle.is_empty() {
            return here;
        }
        let rows = Neighbourhood {
            above: r.checked_sub(1).map(|above| self.row(number, image, above)),
            here,
            below: (r + 1 < image.rows).then(|| self.row(number, image, r + 1)),
        };
        despeckle::row(&self.despeckle, &rows, correction)
    }

    fn image_bytes(&self, image: ImageSize) -> usize {
        image.pixels() * self.composition.delivered.bytes() as usize
    }

    fn row(&self, number: u32, image: ImageSize, r: u32) -> Row<'_> {
        match &self.source {
            Source::Counter { ramp, bit_depth } => {
                let start = number.wrapping_mul(31).wrapping_add(r.wrapping_mul(7)) & mask(*bit_depth);
                ramp.row(start as usize, image.columns as usize)
            }
            Source::Replay { stack, cut } => {
                let page = (number.saturating_sub(1) as usize) % stack.pages.len();
                let (column, row) = if *cut { image.origin } else { (0, 0) };
                let start = (row + r) as usize * stack.columns as usize + column as usize;
                stack.pages[page].row(start, image.columns as usize)
            }
            Source::Stamp => Row::U8(&[]),
        }
    }
}

/// What the headers say about one frame.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FrameFacts {
    /// The camera's own 1-based counter.
    pub(crate) camera_number: u32,
    /// Nanoseconds on the camera's clock.
    pub(crate) bof_ns: u64,
    /// Nanoseconds on the camera's clock.
    pub(crate) eof_ns: u64,
    pub(crate) exposure_ns: u64,
}

/// Writes ascending bytes into a client's memory, and stops at a limit.
pub(crate) struct SlotWriter {
    next: *mut u8,
    left: usize,
}

impl SlotWriter {
    /// A writer over `bytes` bytes from `start`.
    ///
    /// # Safety
    ///
    /// That memory is valid for writing as long as the writer lives. Other threads may read it meanwhile: what
    /// they see then is undefined contents, exactly as with a camera's DMA, which is why every access here goes
    /// through raw pointers.
    pub(crate) unsafe fn new(start: *mut u8, bytes: usize) -> Self {
        Self { next: start, left: bytes }
    }

    /// True when the limit is reached.
    pub(crate) fn is_full(&self) -> bool {
        self.left == 0
    }

    /// Writes as much of `bytes` as there is room.
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        let count = bytes.len().min(self.left);
        // SAFETY: `new` was promised `left` writable bytes from `next` on, and `count` is no more than that.
        // `bytes` is memory of ours, the slot is a client's, so they do not overlap.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.next, count) };
        self.skip(count);
    }

    /// Leaves `count` bytes as they are.
    pub(crate) fn skip(&mut self, count: usize) {
        let count = count.min(self.left);
        // SAFETY: stays within, or one past the end of, the memory promised to `new`.
        self.next = unsafe { self.next.add(count) };
        self.left -= count;
    }
}
