//! The calls into the kernel, each a safe function.

#![expect(unsafe_code, reason = "the kernel reads and writes our structures by the number of the call")]

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::ioctl::{Opcode, Setter, Updater, ioctl, opcode};

use super::abi::{Buffer, Capability, Format, RequestBuffers, StreamParameters};

const GROUP: u8 = b'V';
const QUERYCAP: Opcode = opcode::read::<Capability>(GROUP, 0);
const S_FMT: Opcode = opcode::read_write::<Format>(GROUP, 5);
const REQBUFS: Opcode = opcode::read_write::<RequestBuffers>(GROUP, 8);
const QUERYBUF: Opcode = opcode::read_write::<Buffer>(GROUP, 9);
const QBUF: Opcode = opcode::read_write::<Buffer>(GROUP, 15);
const DQBUF: Opcode = opcode::read_write::<Buffer>(GROUP, 17);
const STREAMON: Opcode = opcode::write::<i32>(GROUP, 18);
const STREAMOFF: Opcode = opcode::write::<i32>(GROUP, 19);
const S_PARM: Opcode = opcode::read_write::<StreamParameters>(GROUP, 22);

/// A file that was seen to be a video4linux device: only for such a one do the numbers mean what they mean here.
#[derive(Debug)]
pub(super) struct VideoFile(OwnedFd);

/// The major number of every `/dev/video*` (Documentation/admin-guide/devices.txt).
const VIDEO4LINUX: u32 = 81;

impl AsFd for VideoFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl VideoFile {
    /// The file, if it is a video4linux device.
    pub(super) fn new(file: OwnedFd) -> Result<Option<Self>, Errno> {
        use rustix::fs::{FileType, fstat, major};
        let status = fstat(&file)?;
        let is_video = FileType::from_raw_mode(status.st_mode) == FileType::CharacterDevice
            && major(status.st_rdev) == VIDEO4LINUX;
        Ok(is_video.then_some(Self(file)))
    }

    /// `VIDIOC_QUERYCAP`: what it is and can.
    pub(super) fn capability(&self) -> Result<Capability, Errno> {
        let mut value = Capability::default();
        self.update::<QUERYCAP, _>(&mut value)?;
        Ok(value)
    }

    /// `VIDIOC_S_FMT`: asks for a format; what came of it stands in the structure.
    pub(super) fn set_format(&self, value: &mut Format) -> Result<(), Errno> {
        self.update::<S_FMT, _>(value)
    }

    /// `VIDIOC_S_PARM`: asks for a frame rate.
    pub(super) fn set_parameters(&self, value: &mut StreamParameters) -> Result<(), Errno> {
        self.update::<S_PARM, _>(value)
    }

    /// `VIDIOC_REQBUFS`: asks for buffers; how many there are stands in the structure.
    pub(super) fn request_buffers(&self, value: &mut RequestBuffers) -> Result<(), Errno> {
        self.update::<REQBUFS, _>(value)
    }

    /// `VIDIOC_QUERYBUF`: where a buffer lies.
    pub(super) fn query_buffer(&self, value: &mut Buffer) -> Result<(), Errno> {
        self.update::<QUERYBUF, _>(value)
    }

    /// `VIDIOC_QBUF`: gives a buffer to the device. Only for buffers that the device itself owns (`MMAP`).
    pub(super) fn queue(&self, value: &mut Buffer) -> Result<(), Errno> {
        value.memory = super::abi::MMAP;
        self.update::<QBUF, _>(value)
    }

    /// `VIDIOC_DQBUF`: takes a buffer back; `EAGAIN` while the device has all of them.
    pub(super) fn dequeue(&self, value: &mut Buffer) -> Result<(), Errno> {
        value.memory = super::abi::MMAP;
        self.update::<DQBUF, _>(value)
    }

    /// `VIDIOC_STREAMON` of the output side.
    pub(super) fn stream_on(&self) -> Result<(), Errno> {
        self.set::<STREAMON>()
    }

    /// `VIDIOC_STREAMOFF` of the output side.
    pub(super) fn stream_off(&self) -> Result<(), Errno> {
        self.set::<STREAMOFF>()
    }

    /// Private to this file: each caller above pairs the number with the structure it was made of.
    fn update<const NUMBER: Opcode, T>(&self, value: &mut T) -> Result<(), Errno> {
        // SAFETY: the file is a video4linux device (`new`), and NUMBER is that of a call which takes a pointer to a `T`: each number
        // above was computed from the type that its only caller passes, and abi.rs compares the sizes and offsets of these types with
        // the kernel's. The kernel writes within the structure only. None of them holds an address that it follows: buffers are
        // always of the kind that the device owns (`queue`, `dequeue`), so that the union in them is an offset.
        let call = unsafe { Updater::<NUMBER, T>::new(value) };
        // SAFETY: as above.
        unsafe { ioctl(&self.0, call) }
    }

    fn set<const NUMBER: Opcode>(&self) -> Result<(), Errno> {
        let kind = super::abi::OUTPUT.cast_signed();
        // SAFETY: the file is a video4linux device (`new`); both numbers this is called with take a pointer to an `int`, which the kernel
        // only reads.
        let call = unsafe { Setter::<NUMBER, i32>::new(kind) };
        // SAFETY: as above.
        unsafe { ioctl(&self.0, call) }
    }
}
