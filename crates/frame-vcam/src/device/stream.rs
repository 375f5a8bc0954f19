//! Frames into a device: through its own buffers, or where it has none by `write`.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::abi::{Buffer, MMAP, OUTPUT, PROGRESSIVE, RequestBuffers, TIME_IS_COPIED};
use super::error::DeviceError;
use super::mapping::Mapping;
use super::node::Node;
use crate::format::Geometry;
use crate::output::Output;

/// Buffers asked for; the driver says how many there are (v4l2loopback: `max_buffers`, 2).
const BUFFERS: u32 = 4;

/// How long a device may keep all buffers before a frame is given up. Frames come on: the next one finds room, or the one after it.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// A device with its buffers mapped: pixels are written where readers find them.
pub(super) struct Mapped {
    // Unmapped before the device is closed: fields are dropped in this order.
    buffers: Vec<Mapping>,
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
            Err(why) => Err((node, why)),
        }
    }

    fn map(node: &Node, geometry: Geometry) -> Result<Vec<Mapping>, DeviceError> {
        let video = &node.video;
        let mut request =
            RequestBuffers { count: BUFFERS, kind: OUTPUT, memory: MMAP, ..RequestBuffers::default() };
        video.request_buffers(&mut request).map_err(|why| node.failed("VIDIOC_REQBUFS", why))?;
        let map = |index| {
            let mut buffer = Buffer { index, kind: OUTPUT, memory: MMAP, ..Buffer::default() };
            video.query_buffer(&mut buffer).map_err(|why| node.failed("VIDIOC_QUERYBUF", why))?;
            let bytes = buffer.length as usize;
            if bytes < geometry.frame_bytes() {
                return Err(DeviceError::SmallBuffer { path: node.path.clone(), asked: geometry, bytes });
            }
            Mapping::new(&node.video, buffer.offset, bytes).map_err(|why| node.failed("mmap", why))
        };
        let buffers = (0..request.count).map(map).collect::<Result<Vec<_>, _>>()?;
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
        Ok(index.and_then(|i| self.buffers.get_mut(i)).and_then(|map| map.bytes_mut().get_mut(..bytes)))
    }

    fn send(&mut self, stamp_ns: u64) -> Result<bool, DeviceError> {
        let Some(index) = self.filling else { return Ok(false) };
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
        if let Ok([from, to]) = self.buffers.get_disjoint_mut([sent, filling]) {
            let (from, to) =
                (from.bytes().get(..self.frame_bytes), to.bytes_mut().get_mut(..self.frame_bytes));
            if let (Some(from), Some(to)) = (from, to) {
                to.copy_from_slice(from);
            }
        }
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
    sent: bool,
}

impl Written {
    /// Switches the stream on: for an `exclusive_caps` device of v4l2loopback 0.12, which would be dead after us otherwise.
    pub(super) fn start(node: Node, geometry: Geometry) -> Result<Self, DeviceError> {
        // Where there is no streaming, `write` alone must do.
        let _ = node.video.stream_on();
        Ok(Self { node, frame: vec![0; geometry.frame_bytes()], sent: false })
    }

    /// One frame, exactly. `false` while the device does not take it.
    fn write(&self) -> Result<bool, DeviceError> {
        match rustix::io::write(&self.node.video, &self.frame) {
            Ok(count) if count == self.frame.len() => Ok(true),
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
        self.sent = true;
        self.write()
    }

    fn repeat(&mut self, _stamp_ns: u64) -> Result<bool, DeviceError> {
        if self.sent { self.write() } else { Ok(false) }
    }
}
