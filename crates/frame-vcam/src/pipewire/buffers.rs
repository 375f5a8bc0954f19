//! The buffers of a stream, which its readers map: the one that is painted, and the one that was shown last.
//!
//! The crate `pipewire` has no safe way to keep a buffer from one call to the next, nor to set its time stamp. What makes it sound here:
//! libpipewire keeps a buffer, its memory and what describes it in place from the moment it is dequeued until it has announced its end
//! (`remove_buffer`), which it does on the thread that turns the main loop, while it turns it. That is the thread of [`Buffers`], which is
//! not `Send`; [`Watch`] hears the announcement and forgets the buffer. So a pointer in [`Watch`] is good whenever it is read.

#![expect(unsafe_code, reason = "buffers are reached through their addresses")]

use std::cell::{Cell, RefCell};
use std::ptr::NonNull;
use std::rc::Rc;

use pipewire::spa::sys::{self, spa_data, spa_meta_header};
use pipewire::stream::StreamRc;
use pipewire::sys::pw_buffer;

use crate::device::DeviceError;
use crate::format::Geometry;

/// A buffer of the library's, for as long as it lives.
type Raw = NonNull<pw_buffer>;

/// What is known of the stream's buffers, shared with the listener that hears when they go.
pub(super) struct Watch {
    /// Taken from the stream, not given back yet.
    filling: Cell<Option<Raw>>,
    /// Given back last, with a picture.
    sent: Cell<Option<Raw>>,
    /// The picture of `sent`, if that was taken away.
    rescued: RefCell<Vec<u8>>,
    has_rescued: Cell<bool>,
}

/// The buffers of a stream.
pub(super) struct Buffers {
    stream: StreamRc,
    watch: Rc<Watch>,
    geometry: Geometry,
    /// Pictures that were sent.
    sequence: u64,
}

impl Watch {
    pub(super) fn new(geometry: Geometry) -> Rc<Self> {
        let rescued = RefCell::new(vec![0; geometry.frame_bytes()]);
        Rc::new(Self {
            filling: Cell::new(None),
            sent: Cell::new(None),
            rescued,
            has_rescued: Cell::new(false),
        })
    }

    /// A buffer is about to go, which this thread learns while it turns the main loop. The picture of the last one is kept.
    pub(super) fn removed(&self, buffer: *mut pw_buffer) {
        let is_it = |cell: &Cell<Option<Raw>>| cell.get().is_some_and(|raw| raw.as_ptr() == buffer);
        if is_it(&self.filling) {
            self.filling.set(None);
        }
        if is_it(&self.sent)
            && let Some(raw) = self.sent.take()
        {
            let mut rescued = self.rescued.borrow_mut();
            if let Ok(picture) = memory(raw, rescued.len()) {
                // SAFETY: the buffer lives until this announcement is over, and `memory` found so many readable bytes. No reference into
                // it is alive: those that `Buffers::pixels` lends are bound to a `&mut` of the stream's owner, who turns the loop now.
                // Readers that write into it all the same spoil pixels, plain bytes of which each value is good.
                let picture = unsafe { core::slice::from_raw_parts(picture.as_ptr(), rescued.len()) };
                rescued.copy_from_slice(picture);
                self.has_rescued.set(true);
            }
        }
    }
}

impl Buffers {
    pub(super) fn new(stream: StreamRc, watch: Rc<Watch>, geometry: Geometry) -> Self {
        Self { stream, watch, geometry, sequence: 0 }
    }

    /// Takes a buffer to fill, if there is none yet. `false` if all of them are with readers.
    pub(super) fn take(&mut self) -> Result<bool, DeviceError> {
        if self.watch.filling.get().is_none() {
            // SAFETY: the answer may be null, which `NonNull` sorts out. The buffer goes back by `send`, or with the stream.
            let Some(raw) = NonNull::new(unsafe { self.stream.dequeue_raw_buffer() }) else {
                return Ok(false);
            };
            let asked = self.geometry.frame_bytes();
            memory(raw, asked).map_err(|bytes| DeviceError::Other {
                place: "PipeWire".to_owned(),
                why: format!(
                    "it gave a buffer of {bytes} bytes for {}, which needs {asked}; ask for a smaller picture",
                    self.geometry
                ),
            })?;
            self.watch.filling.set(Some(raw));
        }
        Ok(true)
    }

    /// The pixels of the buffer that was taken, to write. If it is the one that was sent last, that picture is given up.
    pub(super) fn pixels(&mut self) -> Option<&mut [u8]> {
        let bytes = self.geometry.frame_bytes();
        let filling = self.watch.filling.get()?;
        if self.watch.sent.get() == Some(filling) {
            self.watch.sent.set(None);
        }
        let address = memory(filling, bytes).ok()?;
        // SAFETY: the buffer is alive, because `Watch` has not forgotten it, and stays so while `self` is borrowed: only a turn of the
        // loop takes it away, and its owner has to borrow the buffers for that. `memory` found so many bytes, mapped for writing. In this
        // process nothing else refers to them: the library's own thread passes buffers on by number, those that were queued. Readers
        // in other processes may look, as at a device's buffers.
        Some(unsafe { core::slice::from_raw_parts_mut(address.as_ptr(), bytes) })
    }

    /// Puts the picture that was sent last into the buffer that was taken. `false` if one of them is not there.
    pub(super) fn copy_sent(&mut self) -> bool {
        let bytes = self.geometry.frame_bytes();
        let sent = self.watch.sent.get().and_then(|raw| memory(raw, bytes).ok());
        let filling = self.watch.filling.get().and_then(|raw| memory(raw, bytes).ok());
        let (Some(from), Some(to)) = (sent, filling) else { return false };
        // SAFETY: both buffers are alive (see `pixels`) and hold so many bytes, to which no reference exists while `self` is borrowed.
        // They may be the same buffer, which `copy` allows.
        unsafe { core::ptr::copy(from.as_ptr(), to.as_ptr(), bytes) };
        true
    }

    /// Gives the buffer that was taken back to the stream, for readers. `false` if there is none.
    pub(super) fn send(&mut self, stamp_ns: u64) -> bool {
        let Some(raw) = self.watch.filling.take() else { return false };
        self.describe(raw, stamp_ns);
        // SAFETY: the buffer is from this stream, by `take`, and goes back once: `filling` is empty now.
        unsafe { self.stream.queue_raw_buffer(raw.as_ptr()) };
        self.watch.sent.set(Some(raw));
        self.sequence += 1;
        true
    }

    /// Forgets the picture that was sent last: a newer one is elsewhere.
    pub(super) fn forget_sent(&mut self) {
        self.watch.sent.set(None);
    }

    /// Takes over the picture that was sent last, if its buffer was taken away since. `false` if it was not.
    pub(super) fn rescue(&mut self, into: &mut Vec<u8>) -> bool {
        let has = self.watch.has_rescued.take();
        if has {
            core::mem::swap(into, &mut *self.watch.rescued.borrow_mut());
        }
        has
    }

    /// Length, row length, number and time.
    fn describe(&self, raw: Raw, stamp_ns: u64) {
        // In range: a picture has at most 8192 x 8192 pixels of 3 bytes.
        let size = u32::try_from(self.geometry.frame_bytes()).unwrap_or(u32::MAX);
        let stride = i32::try_from(self.geometry.row_bytes()).unwrap_or(i32::MAX);
        let wanted = size_of::<spa_meta_header>();
        // SAFETY: the buffer is alive and ours until it is queued. Its description was made by the library: `data` finds the first block,
        // whose chunk is checked for null; the header, if there is one, has the size that was asked for.
        unsafe {
            if let Some(chunk) = data(raw).and_then(|data| NonNull::new((*data.as_ptr()).chunk)) {
                chunk.write(sys::spa_chunk { offset: 0, size, stride, flags: 0 });
            }
            let header = sys::spa_buffer_find_meta_data(raw.as_ref().buffer, sys::SPA_META_Header, wanted);
            if let Some(header) = NonNull::new(header.cast::<spa_meta_header>()) {
                let (pts, seq) = (stamp_ns.cast_signed(), self.sequence);
                header.write(spa_meta_header { flags: 0, offset: 0, pts, dts_offset: 0, seq });
            }
        }
    }
}

/// The description of the only block of a buffer that is alive.
fn data(raw: Raw) -> Option<NonNull<spa_data>> {
    // SAFETY: callers have a buffer that is alive. The library fills `buffer` and what it points to before it hands out the buffer, and
    // leaves it alone while it is out.
    unsafe {
        let buffer = NonNull::new(raw.as_ref().buffer)?;
        if buffer.as_ref().n_datas == 0 { None } else { NonNull::new(buffer.as_ref().datas) }
    }
}

/// Where a buffer that is alive has its bytes, if there are at least so many; else how many there are.
fn memory(raw: Raw, bytes: usize) -> Result<NonNull<u8>, usize> {
    let Some(data) = data(raw) else { return Err(0) };
    // SAFETY: as in `data`.
    let (address, size) = unsafe { (data.as_ref().data, data.as_ref().maxsize as usize) };
    NonNull::new(address.cast::<u8>()).filter(|_| size >= bytes).ok_or(if address.is_null() {
        0
    } else {
        size
    })
}
