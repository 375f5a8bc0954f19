//! Frames into a device: through its own buffers, or where it has none by `write`.

use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::abi::{Buffer, IS_MAPPED, MMAP, OUTPUT, PROGRESSIVE, RequestBuffers, TIME_IS_COPIED};
use super::error::DeviceError;
use super::mapping::Mapping;
use super::node::Node;
use crate::format::Geometry;
use crate::output::Output;

/// Buffers asked for; the driver says how many there are (v4l2loopback: `max_buffers`, 2).
const BUFFERS: u32 = 4;

/// How long a device may keep all buffers before a frame is given up. Frames come on: the next one finds room, or the one after it.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// A buffer, and where the device said that it lies.
struct Slot {
    map: Mapping,
    offset: u32,
}

/// What the device says of a buffer.
fn queried(node: &Node, index: u32) -> Result<Buffer, DeviceError> {
    let mut buffer = Buffer { index, kind: OUTPUT, memory: MMAP, ..Buffer::default() };
    node.video.query_buffer(&mut buffer).map_err(|why| node.failed("VIDIOC_QUERYBUF", why))?;
    Ok(buffer)
}

/// How many of the first of these lie where no other one before them does. After a reader of v4l2loopback 0.12 asked for fewer buffers,
/// the module answers one and the same for several, until it is loaded anew.
fn of_their_own(offsets: &[u32]) -> usize {
    (0..offsets.len()).find(|&at| offsets[..at].contains(&offsets[at])).unwrap_or(offsets.len())
}

/// The bytes of a buffer, if a frame goes into it. Drivers that agreed to a size have such buffers; to write beyond one that has not would
/// be the end of this process.
fn large_enough(path: &Path, asked: Geometry, bytes: u32) -> Result<usize, DeviceError> {
    let bytes = bytes as usize;
    if bytes < asked.frame_bytes() {
        return Err(DeviceError::SmallBuffer { path: path.to_owned(), asked, bytes });
    }
    Ok(bytes)
}

fn request(count: u32) -> RequestBuffers {
    RequestBuffers { count, kind: OUTPUT, memory: MMAP, ..RequestBuffers::default() }
}

/// A device with its buffers mapped: pixels are written where readers find them.
pub(super) struct Mapped {
    // Unmapped before the device is closed: fields are dropped in this order.
    buffers: Vec<Slot>,
    /// Buffers that were not given to the device yet.
    unused: usize,
    /// The one that is being filled.
    filling: Option<usize>,
    /// The one that was sent last.
    sent: Option<usize>,
    frame_bytes: usize,
    node: Node,
}

impl Mapped {
    /// Maps the device's buffers and switches the stream on. Gives the device back where it has no such buffers.
    pub(super) fn start(node: Node, geometry: Geometry) -> Result<Self, (Node, DeviceError)> {
        match Self::map(&node, geometry) {
            Ok(buffers) => {
                let unused = buffers.len();
                let frame_bytes = geometry.frame_bytes();
                Ok(Self { buffers, unused, filling: None, sent: None, frame_bytes, node })
            }
            Err(why) => {
                // What was got so far goes back, or the driver refuses `write` as well. Where there is nothing, there is no harm.
                let _ = node.video.stream_off();
                let _ = node.video.request_buffers(&mut request(0));
                Err((node, why))
            }
        }
    }

    fn map(node: &Node, geometry: Geometry) -> Result<Vec<Slot>, DeviceError> {
        let video = &node.video;
        let mut request = request(BUFFERS);
        video.request_buffers(&mut request).map_err(|why| node.failed("VIDIOC_REQBUFS", why))?;
        let found = (0..request.count).map(|index| queried(node, index)).collect::<Result<Vec<_>, _>>()?;
        let own = of_their_own(&found.iter().map(|buffer| buffer.offset).collect::<Vec<_>>());
        let map = |buffer: &Buffer| {
            let bytes = large_enough(&node.path, geometry, buffer.length)?;
            let map =
                Mapping::new(&node.video, buffer.offset, bytes).map_err(|why| node.failed("mmap", why))?;
            Ok(Slot { map, offset: buffer.offset })
        };
        let buffers = found.iter().take(own).map(map).collect::<Result<Vec<_>, _>>()?;
        if buffers.is_empty() {
            return Err(node.failed("VIDIOC_REQBUFS", Errno::NOMEM));
        }
        video.stream_on().map_err(|why| node.failed("VIDIOC_STREAMON", why))?;
        Ok(buffers)
    }

    /// A buffer to fill, if the device has not all of them.
    fn take(&mut self) -> Result<Option<usize>, DeviceError> {
        if self.filling.is_none() {
            self.filling = if self.node.is_loopback {
                Some(self.after_the_sent_one())
            } else if self.unused > 0 {
                self.unused -= 1;
                Some(self.unused)
            } else {
                self.dequeue()?
            };
        }
        Ok(self.filling)
    }

    /// v4l2loopback takes any buffer at any time, and 0.12 answers the one that was queued last when it is asked for a free one: the
    /// picture that readers look at just now. So they are taken in turn, which leaves each picture alone for as long as there are others.
    fn after_the_sent_one(&self) -> usize {
        self.sent.map_or(0, |sent| (sent + 1) % self.buffers.len())
    }

    /// The buffer that the device will show if it is given this one. Since a reader asked for fewer, v4l2loopback 0.12 takes one of the
    /// first for one of the last: the picture goes there, and the last ones are done with.
    fn where_it_counts(&mut self, index: usize) -> Result<usize, DeviceError> {
        let Buffer { offset: said, flags, .. } =
            queried(&self.node, u32::try_from(index).unwrap_or(u32::MAX))?;
        if flags & IS_MAPPED == 0 {
            self.remind_of_maps();
        }
        if index == 0 || self.buffers.get(index).is_some_and(|slot| slot.offset == said) {
            return Ok(index);
        }
        let first = self.buffers.iter().position(|slot| slot.offset == said).unwrap_or(0);
        self.copy(index, first);
        self.buffers.truncate(index);
        Ok(first)
    }

    fn copy(&mut self, from: usize, to: usize) {
        if let Ok([from, to]) = self.buffers.get_disjoint_mut([from, to]) {
            let (from, to) =
                (from.map.bytes().get(..self.frame_bytes), to.map.bytes_mut().get_mut(..self.frame_bytes));
            if let (Some(from), Some(to)) = (from, to) {
                to.copy_from_slice(from);
            }
        }
    }

    /// 0.12 forgets that its buffers are mapped when any program asks for buffers, or gives them back as it ends, and answers all other
    /// readers "invalid argument" from then on. To map them once more tells it.
    fn remind_of_maps(&self) {
        for slot in &self.buffers {
            // Where that cannot be done, readers fare as with any other writer.
            let _ = Mapping::new(&self.node.video, slot.offset, self.frame_bytes);
        }
    }

    fn dequeue(&self) -> Result<Option<usize>, DeviceError> {
        let failed = |call, why| self.node.failed(call, why);
        let mut buffer = Buffer { kind: OUTPUT, ..Buffer::default() };
        let mut asked = self.node.video.dequeue(&mut buffer);
        if asked == Err(Errno::AGAIN) {
            let mut file = [PollFd::new(&self.node.video, PollFlags::OUT)];
            match poll(&mut file, Some(&PATIENCE)) {
                Ok(0) | Err(Errno::INTR) => return Ok(None),
                Ok(_) => asked = self.node.video.dequeue(&mut buffer),
                Err(why) => return Err(failed("poll", why)),
            }
        }
        match asked {
            Ok(()) => Ok(Some(buffer.index as usize).filter(|index| *index < self.buffers.len())),
            Err(Errno::AGAIN) => Ok(None),
            Err(why) => Err(failed("VIDIOC_DQBUF", why)),
        }
    }
}

impl Output for Mapped {
    fn place(&self) -> String {
        self.node.path.display().to_string()
    }

    fn buffer(&mut self) -> Result<Option<&mut [u8]>, DeviceError> {
        let index = self.take()?;
        let bytes = self.frame_bytes;
        Ok(index.and_then(|i| self.buffers.get_mut(i)).and_then(|slot| slot.map.bytes_mut().get_mut(..bytes)))
    }

    fn send(&mut self, stamp_ns: u64) -> Result<bool, DeviceError> {
        let Some(mut index) = self.filling else { return Ok(false) };
        if self.node.is_loopback {
            index = self.where_it_counts(index)?;
            self.filling = Some(index);
        }
        let mut buffer = Buffer {
            index: u32::try_from(index).unwrap_or(u32::MAX),
            kind: OUTPUT,
            // Exactly a frame: readers refuse what is longer.
            bytes_used: u32::try_from(self.frame_bytes).unwrap_or(u32::MAX),
            flags: TIME_IS_COPIED,
            field: PROGRESSIVE,
            seconds: (stamp_ns / 1_000_000_000).cast_signed(),
            microseconds: (stamp_ns % 1_000_000_000 / 1000).cast_signed(),
            ..Buffer::default()
        };
        self.node.video.queue(&mut buffer).map_err(|why| self.node.failed("VIDIOC_QBUF", why))?;
        self.sent = self.filling.take();
        Ok(true)
    }

    fn repeat(&mut self, stamp_ns: u64) -> Result<bool, DeviceError> {
        let Some(sent) = self.sent else { return Ok(false) };
        let Some(filling) = self.take()? else { return Ok(false) };
        self.copy(sent, filling);
        // One buffer only: it is the one that was sent, and holds the frame.
        self.send(stamp_ns)
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // A device that is gone has nothing to switch off.
        let _ = self.node.video.stream_off();
    }
}

/// A device without buffers of its own: each frame is copied by the kernel.
pub(super) struct Written {
    node: Node,
    frame: Vec<u8>,
    /// What the device took last: not the same, where it did not take a frame. Empty before the first.
    sent: Vec<u8>,
}

impl Written {
    /// Switches the stream on: for an `exclusive_caps` device of v4l2loopback 0.12, which would be dead after us otherwise.
    pub(super) fn start(node: Node, geometry: Geometry) -> Result<Self, DeviceError> {
        // Where there is no streaming, `write` alone must do.
        let _ = node.video.stream_on();
        Ok(Self { node, frame: vec![0; geometry.frame_bytes()], sent: Vec::new() })
    }

    /// One frame, exactly. `false` while the device does not take it.
    fn write(&self, frame: &[u8]) -> Result<bool, DeviceError> {
        match rustix::io::write(&self.node.video, frame) {
            Ok(count) if count == frame.len() => Ok(true),
            Ok(_) => Err(self.node.failed("write, which took only a part of a frame,", Errno::IO)),
            Err(Errno::AGAIN | Errno::INTR) => Ok(false),
            Err(why) => Err(self.node.failed("write", why)),
        }
    }
}

impl Output for Written {
    fn place(&self) -> String {
        self.node.path.display().to_string()
    }

    fn buffer(&mut self) -> Result<Option<&mut [u8]>, DeviceError> {
        Ok(Some(&mut self.frame))
    }

    /// The kernel gives the frame the time at which it is written.
    fn send(&mut self, _stamp_ns: u64) -> Result<bool, DeviceError> {
        let taken = self.write(&self.frame)?;
        if taken {
            core::mem::swap(&mut self.frame, &mut self.sent);
            self.frame.resize(self.sent.len(), 0);
        }
        Ok(taken)
    }

    fn repeat(&mut self, _stamp_ns: u64) -> Result<bool, DeviceError> {
        if self.sent.is_empty() { Ok(false) } else { self.write(&self.sent) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::PixelFormat;

    /// No driver at hand has such buffers.
    #[test]
    fn a_buffer_that_is_too_small_is_refused_with_both_sizes() {
        let asked = Geometry::new(320, 240, PixelFormat::Yuyv).unwrap();
        let of = |bytes| large_enough(Path::new("/dev/video7"), asked, bytes);
        assert_eq!((of(153_600), of(155_648)), (Ok(153_600), Ok(155_648)));
        let why = of(153_599).unwrap_err().to_string();
        assert!(why.starts_with("/dev/video7 agreed to 320 x 240 YUYV, 153600 bytes a frame"), "{why}");
        assert!(why.contains("buffers of 153599 bytes") && why.contains("modprobe -r"), "{why}");
    }

    #[test]
    fn buffers_that_are_one_and_the_same_are_counted_once() {
        assert_eq!(of_their_own(&[0, 4096, 8192, 12_288]), 4);
        // A reader asked for one, for two, for three.
        assert_eq!(of_their_own(&[0, 0, 0, 0]), 1);
        assert_eq!(of_their_own(&[0, 4096, 0, 4096]), 2);
        assert_eq!(of_their_own(&[0, 4096, 8192, 0]), 3);
        assert_eq!(of_their_own(&[]), 0);
    }
}
