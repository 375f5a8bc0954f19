//! From a wish (a path, a descriptor, standard output) to a stream that takes frames.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{FileType, Mode, OFlags, fstat, ftruncate, open};
use rustix::io::Errno;

use super::header::header;
use super::stream::{Drain, Y4mStream};
use crate::device::DeviceError;
use crate::format::Geometry;
use crate::output::{Opener, Output};

/// How long the reader of a pipe may take to make room for the first line.
const HEADER_PATIENCE_MS: u64 = 1000;

/// Frames as YUV4MPEG2, which ffmpeg, ffplay, mpv and GStreamer read: for where there is no virtual camera, or for a look through a pipe.
///
/// Give it to [`crate::VirtualCameraBuilder::start_on`]; then frames are drawn and paced as for a device, by the same thread. A stream
/// can carry [`crate::PixelFormat::I420`], [`crate::PixelFormat::Grey`] and [`crate::PixelFormat::Y16`]. It has no time stamps, only
/// a rate: it is as long as what it shows if frames come in time, or are repeated.
///
/// A stream has one size. Where it may change, ask for a fixed one ([`crate::VirtualCameraBuilder::size`]); else a change is an
/// error, except into a named pipe, whose next reader gets a stream of its own.
///
/// A reader that is slow or stands still is not waited for: frames are left out, whole ones, and counted. One that is gone is
/// [`DeviceError::ReaderGone`], and so a [`crate::State::Failed`]. That needs a process in which the signal SIGPIPE is ignored, as it is in each
/// Rust program; a library in a program of another language has to ignore it there.
///
/// ```
/// use frame_vcam::{Geometry, Opener, PixelFormat, Y4mSink};
///
/// let path = std::env::temp_dir().join(format!("two-grey-frames-{}.y4m", std::process::id()));
/// let mut stream = Y4mSink::file(&path).open(Geometry::new(64, 48, PixelFormat::Grey)?, 30)?;
/// if let Some(pixels) = stream.buffer()? {
///     pixels.fill(128); // or `converter.convert(&lease, pixels)`
///     stream.send(0)?;
/// }
/// stream.repeat(0)?;
/// drop(stream); // now `ffplay two-grey-frames.y4m`
/// let written = std::fs::read(&path)?;
/// assert!(written.starts_with(b"YUV4MPEG2 W64 H48 F30:1 "));
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A camera, seen through a pipe (`my-program | ffplay -`):
///
/// ```no_run
/// use frame_vcam::{PixelFormat, VirtualCamera, Y4mSink};
/// let camera = VirtualCamera::builder()
///     .format(PixelFormat::I420)
///     .size(1024, 1024)
///     .start_on(Y4mSink::stdout()?)?;
/// // camera.follow(&bus)?;
/// camera.publish();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Y4mSink {
    to: To,
    /// What the stream carries since it began.
    begun: Option<(Geometry, u32)>,
    cut: Arc<AtomicBool>,
}

#[derive(Debug)]
enum To {
    Path(PathBuf),
    Descriptor { to: Arc<OwnedFd>, name: String },
}

impl Y4mSink {
    fn new(to: To) -> Self {
        Self { to, begun: None, cut: Arc::default() }
    }

    /// Into a file, whose old content goes when the first frame comes; or into a named pipe.
    #[must_use]
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self::new(To::Path(path.as_ref().to_owned()))
    }

    /// Into a descriptor that is open for writing: a program's standard input, a pipe, a socket.
    ///
    /// ```
    /// # use frame_vcam::{Geometry, Opener, PixelFormat, Y4mSink};
    /// let (reader, writer) = std::io::pipe()?;
    /// let mut sink = Y4mSink::descriptor(writer);
    /// drop(reader);
    /// let why = sink.open(Geometry::new(64, 48, PixelFormat::I420)?, 30).err();
    /// assert!(matches!(why, Some(frame_vcam::DeviceError::ReaderGone { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn descriptor(to: impl Into<OwnedFd>) -> Self {
        Self::new(To::Descriptor { to: Arc::new(to.into()), name: "pipe".to_owned() })
    }

    /// Into standard output. Nothing else may be printed there.
    ///
    /// # Errors
    /// If there is no standard output.
    pub fn stdout() -> io::Result<Self> {
        let to = Arc::new(io::stdout().as_fd().try_clone_to_owned()?);
        Ok(Self::new(To::Descriptor { to, name: "standard output".to_owned() }))
    }

    /// Opens the place. What is found there may be a stream of ours that goes on.
    fn drain(&mut self) -> Result<Drain, DeviceError> {
        let (to, name) = match &self.to {
            To::Descriptor { to, name } => (Arc::clone(to), name.clone()),
            To::Path(path) => {
                let name = path.display().to_string();
                // A named pipe that nobody reads is to say so at once.
                let flags =
                    OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND | OFlags::NONBLOCK | OFlags::CLOEXEC;
                let opened = open(path, flags, Mode::from_raw_mode(0o666));
                (Arc::new(opened.map_err(|why| not_opened(&name, why))?), name)
            }
        };
        let about = fstat(&to).map_err(|why| not_opened(&name, why))?;
        let kind = FileType::from_raw_mode(about.st_mode);
        // Each reader of a named pipe gets a stream of its own, and a file that was taken away meanwhile is begun anew.
        let is_empty = kind == FileType::RegularFile && about.st_size == 0;
        if matches!(self.to, To::Path(_)) && (kind == FileType::Fifo || is_empty) {
            (self.begun, self.cut) = (None, Arc::default());
        }
        Ok(Drain { to, name, is_file: kind == FileType::RegularFile, cut: Arc::clone(&self.cut) })
    }
}

fn not_opened(name: &str, why: Errno) -> DeviceError {
    let place = name.to_owned();
    match why {
        Errno::NXIO => DeviceError::ReaderGone { place },
        why => DeviceError::Other { place, why: format!("it cannot be opened for writing: {why}") },
    }
}

impl Opener for Y4mSink {
    fn open(&mut self, geometry: Geometry, rate: u32) -> Result<Box<dyn Output>, DeviceError> {
        let drain = self.drain()?;
        let refused = |why: String| Err(DeviceError::Other { place: drain.name.clone(), why });
        let Some(header) = header(geometry, rate) else {
            return refused(format!(
                "a YUV4MPEG2 stream has no name for {}: ask for PixelFormat::I420, Grey or Y16",
                geometry.format
            ));
        };
        if self.cut.load(Ordering::Relaxed) {
            return refused(
                "the stream broke off within a frame, so nothing can follow: begin a new one".to_owned(),
            );
        }
        match self.begun {
            Some(begun) if begun == (geometry, rate) => {}
            Some((was, _)) => {
                return refused(format!(
                    "the stream began as {was} and cannot go on as {geometry}: ask for a fixed size, or begin a new one"
                ));
            }
            None => {
                if drain.is_file && matches!(self.to, To::Path(_)) {
                    ftruncate(&drain.to, 0).map_err(|why| not_opened(&drain.name, why))?;
                }
                let mut done = 0;
                let written = drain.write(header.as_bytes(), &mut done, HEADER_PATIENCE_MS);
                if done > 0 && done < header.len() {
                    self.cut.store(true, Ordering::Relaxed);
                }
                written?;
                if done < header.len() {
                    return refused("its reader takes nothing, not even the first line".to_owned());
                }
                self.begun = Some((geometry, rate));
            }
        }
        Ok(Box::new(Y4mStream::new(drain, geometry)))
    }
}
